/*
 * dummy-ups: a UPS that is played from a file, or repeated from another upsd.
 */
#include "config.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/virtual/dummy.h"

static const struct driver_option options[] = {
	{.name = "mode",
	 .argument = "mode",
	 .help = "dummy-once, dummy-loop (or dummy), repeater; else the port's name decides"},
	{.name = "authconf",
	 .argument = "none",
	 .help = "the account for the upsd repeated; reading needs none"},
	{.name = "repeater_disable_strict_start",
	 .help = "do not wait at the start for the upsd repeated"},
	{.name = NULL},
};

static const struct {
	const char *word, *published;
	enum dummy_mode mode;
} modes[] = {
	{"dummy-once", "dummy-once", DUMMY_ONCE},
	{"dummy-loop", "dummy-loop", DUMMY_LOOP},
	{"dummy", "dummy-loop", DUMMY_LOOP},
	{"repeater", "repeater", DUMMY_REPEATER},
};

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), end_len = strlen(end);

	return len >= end_len && str_caseequal(s + len - end_len, end);
}

static enum dummy_mode mode_of_port(const char *port, const char **published)
{
	*published = "repeater";
	if (strchr(port, '@'))
		return DUMMY_REPEATER;
	*published = "dummy-loop";
	if (ends_with(port, ".seq"))
		return DUMMY_LOOP;
	*published = "dummy-once";
	if (ends_with(port, ".dev"))
		return DUMMY_ONCE;
	*published = "dummy";
	return DUMMY_LOOP;
}

static enum dummy_mode decide_mode(struct core *c)
{
	const char *word = core_option(c, "mode");
	enum dummy_mode mode = DUMMY_UNDECIDED;
	const char *published = "";

	if (!word)
		mode = mode_of_port(core_port(c), &published);
	for (size_t i = 0; word && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (str_caseequal(word, modes[i].word)) {
			mode = modes[i].mode;
			published = modes[i].published;
		}
	}
	if (mode == DUMMY_UNDECIDED)
		log_error("dummy", "mode \"%s\": there are dummy-once, dummy-loop and repeater",
			  word);
	else
		state_set(core_state(c), "driver.parameter.mode", published);
	return mode;
}

static enum driver_result dummy_open(struct core *c)
{
	struct dummy *d = core_data(c);

	d->mode = decide_mode(c);
	if (d->mode == DUMMY_UNDECIDED)
		return DRIVER_FATAL;
	return d->mode == DUMMY_REPEATER ? repeater_open(c) : player_open(c);
}

static enum driver_result dummy_poll(struct core *c)
{
	struct dummy *d = core_data(c);

	return d->mode == DUMMY_REPEATER ? repeater_poll(c) : player_poll(c);
}

static enum driverwire_result dummy_setvar(struct core *c, const char *name, const char *value)
{
	struct dummy *d = core_data(c);

	return d->mode == DUMMY_REPEATER ? DRIVERWIRE_R_UNKNOWN : player_setvar(c, name, value);
}

static enum driverwire_result dummy_instcmd(struct core *c, const char *name, const char *value)
{
	(void)c;
	(void)value;
	log_notice("dummy", "%s: a UPS that is only played cannot do that", name);
	return DRIVERWIRE_R_UNKNOWN;
}

static enum driverwire_result dummy_shutdown(struct core *c)
{
	(void)c;
	log_error("dummy", "there is no power to cut behind dummy-ups");
	return DRIVERWIRE_R_FAILED;
}

static void dummy_close(struct core *c)
{
	struct dummy *d = core_data(c);

	if (d->mode == DUMMY_REPEATER)
		repeater_close(c);
	else
		player_close(c);
}

static const struct driver dummy_driver = {
	.name = "dummy-ups",
	.description = "Device simulation and repeater",
	.version = "0.1",
	.options = options,
	.data_size = sizeof(struct dummy),
	.status_verbatim = true,
	.open = dummy_open,
	.poll = dummy_poll,
	.instcmd = dummy_instcmd,
	.setvar = dummy_setvar,
	.shutdown = dummy_shutdown,
	.close = dummy_close,
};

int main(int argc, char **argv)
{
	return core_main(&dummy_driver, argc, argv);
}
