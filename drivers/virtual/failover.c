/*
 * failover: several drivers as one UPS.  The best of them speaks for it, and
 * another one takes over when it cannot.
 */
#include "config.h"

#include "drivers/virtual/failover.h"

#include <limits.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/str.h"

enum {
	TICK_MS = 1000,
	LONGEST_S = INT_MAX / 1000,
	SHUTDOWN_MS = 5 * 1000, /* for the drivers to be reached, when the power is to be cut */
	SHUTDOWN_LOOK_MS = 100,
};

static const struct driver_option options[] = {
	{.name = "inittime",
	 .argument = "secs",
	 .help = "for the drivers to start, before the lack of a primary counts (30)",
	 .max = LONGEST_S},
	{.name = "deadtime",
	 .argument = "secs",
	 .help = "silence after which a driver is dead (30)",
	 .min = 1,
	 .max = LONGEST_S},
	{.name = "relogtime",
	 .argument = "secs",
	 .help = "between two lines in the log that a driver is not reached (5)",
	 .min = 1,
	 .max = LONGEST_S},
	{.name = "noprimarytime",
	 .argument = "secs",
	 .help = "without a primary, until fsdmode says what is done (15)",
	 .max = LONGEST_S},
	{.name = "maxconnfails",
	 .argument = "count",
	 .help = "attempts to reach a driver, until a rest (5)",
	 .min = 1,
	 .max = INT_MAX},
	{.name = "coolofftime",
	 .argument = "secs",
	 .help = "how long that rest is (15)",
	 .max = LONGEST_S},
	{.name = "fsdmode",
	 .argument = "0|1|2",
	 .help = "without a primary: 0 stale data, 1 an alarm, then stale, 2 an alarm and FSD (0)",
	 .max = 2},
	{.name = "checkruntime",
	 .argument = "0..3",
	 .help = "between equals on battery: 0 the order of the port, 1 battery.runtime, "
		 "2 battery.runtime.low, 3 both (1)",
	 .max = 3},
	{.name = "strictfiltering",
	 .argument = "0|1",
	 .help = "1: who passes no status filter cannot be primary (0)",
	 .max = 1},
	{.name = "status_have_any", .argument = "words", .help = "one of them passes"},
	{.name = "status_have_all", .argument = "words", .help = "all of them pass"},
	{.name = "status_nothave_any", .argument = "words", .help = "none of them passes"},
	{.name = "status_nothave_all", .argument = "words", .help = "not all of them passes"},
	{.name = NULL},
};

static void on_changed(void *arg)
{
	struct failover *f = arg;

	core_poll_now(f->core);
}

static void on_tick(void *arg)
{
	struct failover *f = arg;

	loop_timer_set(f->tick, TICK_MS);
	for (size_t i = 0; i < f->count; i++)
		source_tick(f->members[i].source);
	core_poll_now(f->core);
}

/* --------------------------------------------------------------------------------- opening */

static bool add_commands(struct core *c, const char *name)
{
	static const char *const words[] = {"force.ignore", "force.primary"};
	char command[STATE_MAX_NAME];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_format(command, sizeof(command), "%s.%s", name, words[i]) ||
		    state_add_command(core_state(c), command) == STATE_REFUSED)
			return false;
	}
	return true;
}

static bool is_new(const struct failover *f, const struct source *s)
{
	for (size_t i = 0; i < f->count; i++) {
		if (str_equal(source_name(f->members[i].source), source_name(s)))
			return false;
	}
	return true;
}

static bool add_member(struct failover *f, const char *name)
{
	struct core *c = f->core;
	struct source_config cfg = {
		.name = name,
		.maxage_s = core_option_long(c, "deadtime", 30) - 1, /* the link grants one more */
		.complaint_s = (unsigned)core_option_long(c, "relogtime", 5),
		.max_failures = (unsigned)core_option_long(c, "maxconnfails", 5),
		.rest_s = core_option_long(c, "coolofftime", 15),
		.changed = on_changed,
		.arg = f,
	};
	struct source *s = f->count < ELECTION_MAX ? source_new(c, &cfg) : NULL;
	const char *problem = NULL;

	if (!s && f->count >= ELECTION_MAX)
		log_error("failover", "port: more than %d drivers", ELECTION_MAX);
	if (!s)
		return false;
	if (source_is_self(s))
		problem = "is the socket of this driver itself";
	else if (!is_new(f, s))
		problem = "is named twice";
	else if (!add_commands(c, source_name(s)))
		problem = "is no name that a command could have";
	if (problem) {
		log_error("failover", "port: %s %s", name, problem);
		source_free(s);
		return false;
	}
	f->members[f->count++] = (struct failover_member){.source = s};
	return true;
}

static bool add_members(struct failover *f)
{
	static const char between[] = ", ";
	const char *port = core_port(f->core);
	char name[4096];

	for (port += strspn(port, between); *port; port += strspn(port, between)) {
		size_t len = strcspn(port, between);

		if (len >= sizeof(name))
			return false;
		memcpy(name, port, len);
		name[len] = '\0';
		if (!add_member(f, name))
			return false;
		port += len;
	}
	if (f->count == 0)
		log_error("failover", "port: name the drivers' sockets, as DRIVER-UPS,DRIVER-UPS");
	return f->count > 0;
}

static void failover_close(struct core *c)
{
	struct failover *f = core_data(c);

	loop_timer_free(f->tick);
	f->tick = NULL;
	mirror_free(&f->mirror);
	while (f->count > 0)
		source_free(f->members[--f->count].source);
	str_replace(&f->status, NULL);
}

static enum driver_result failover_open(struct core *c)
{
	struct failover *f = core_data(c);

	*f = (struct failover){
		.core = c,
		.shown = ELECTION_NOBODY,
		.duty = ELECTION_STALE,
		.election.primary = ELECTION_NOBODY,
		.election.rules =
			{
				.nothave_any = core_option(c, "status_nothave_any"),
				.have_all = core_option(c, "status_have_all"),
				.nothave_all = core_option(c, "status_nothave_all"),
				.have_any = core_option(c, "status_have_any"),
				.strict = core_option_long(c, "strictfiltering", 0) != 0,
				.check_runtime = (int)core_option_long(c, "checkruntime", 1),
				.init_s = core_option_long(c, "inittime", 30),
				.no_primary_s = core_option_long(c, "noprimarytime", 15),
				.fallback = (int)core_option_long(c, "fsdmode", 0),
			},
	};
	if (!add_members(f)) {
		failover_close(c);
		return DRIVER_FATAL;
	}
	f->tick = loop_timer_new(core_loop(c), on_tick, f);
	if (!f->tick || !mirror_init(&f->mirror, core_state(c), &failover_rules, f)) {
		failover_close(c);
		return DRIVER_FAILED;
	}
	loop_timer_set(f->tick, 0);
	return DRIVER_OK;
}

static enum driver_result failover_poll(struct core *c)
{
	return failover_serve(core_data(c));
}

/* -------------------------------------------------------------------------------- commands */

/* Seconds as `force.*` takes them: none and 0 take it back, negative ones are for ever. */
static bool read_until(const char *value, long long *until_ms)
{
	long seconds = 0;

	if (value && *value && !str_to_long(value, LONG_MIN, LONGEST_S, &seconds))
		return false;
	if (seconds < 0)
		*until_ms = FAILOVER_FOR_EVER;
	else
		*until_ms = seconds > 0 ? clock_ms() + seconds * 1000LL : 0;
	return true;
}

/* `NAME.force.ignore` and `NAME.force.primary`; NULL: it is no such command. */
static long long *find_word(struct failover *f, const char *command)
{
	for (size_t i = 0; i < f->count; i++) {
		const char *name = source_name(f->members[i].source);
		const char *rest = command + strlen(name);

		if (!str_casestarts(command, name))
			continue;
		if (str_caseequal(rest, ".force.ignore"))
			return &f->members[i].ignore_ms;
		if (str_caseequal(rest, ".force.primary"))
			return &f->members[i].prefer_ms;
	}
	return NULL;
}

static enum driverwire_result failover_instcmd(struct core *c, const char *name, const char *value)
{
	struct failover *f = core_data(c);
	long long *word = find_word(f, name);
	struct source *primary = failover_primary(f);

	if (word) {
		if (!read_until(value, word))
			return DRIVERWIRE_R_INVALID;
		log_notice("failover", "%s: %s", name, value ? value : "0");
		core_poll_now(c);
		return DRIVERWIRE_HANDLED;
	}
	if (!primary)
		return DRIVERWIRE_R_FAILED;
	name = failover_their_name(name);
	if (!state_find_command(source_state(primary), name))
		return DRIVERWIRE_R_UNKNOWN;
	return source_hand_on(primary, false, name, value, NULL, NULL);
}

static enum driverwire_result failover_setvar(struct core *c, const char *name, const char *value)
{
	struct failover *f = core_data(c);
	struct source *primary = failover_primary(f);
	const struct state_var *v;

	if (!primary)
		return DRIVERWIRE_R_FAILED;
	name = failover_their_name(name);
	v = state_find(source_state(primary), name);
	if (!v)
		return DRIVERWIRE_R_UNKNOWN;
	if (!(state_var_flags(v) & STATE_RW))
		return DRIVERWIRE_R_INVALID;
	return source_hand_on(primary, true, name, value, NULL, NULL);
}

/* Whoever can be told, when nobody is primary. */
static struct source *any_source(const struct failover *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (source_complete(f->members[i].source) && f->members[i].ignore_ms == 0)
			return f->members[i].source;
	}
	return NULL;
}

/* With -k nothing is connected yet, and nobody polls. */
static struct source *wait_for_source(struct failover *f)
{
	long long end = clock_ms() + SHUTDOWN_MS;
	struct source *primary;

	failover_elect(f);
	while (!(primary = failover_primary(f)) && clock_ms() < end &&
	       core_wait(f->core, SHUTDOWN_LOOK_MS))
		failover_elect(f);
	return primary ? primary : any_source(f);
}

static enum driverwire_result failover_shutdown(struct core *c)
{
	static const char *const commands[] = {"shutdown.default", "shutdown.return"};
	struct failover *f = core_data(c);
	struct source *s = wait_for_source(f);

	if (!s) {
		log_error("failover", "none of the drivers of %s is reached: its power stays on",
			  core_ups(c));
		return DRIVERWIRE_R_FAILED;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (state_find_command(source_state(s), commands[i]))
			return source_hand_on(s, false, commands[i], NULL, NULL, NULL);
	}
	log_error("failover", "%s has no command to cut the power of %s", source_name(s),
		  core_ups(c));
	return DRIVERWIRE_R_FAILED;
}

static const struct driver failover_driver = {
	.name = "failover",
	.description = "Several drivers as one UPS",
	.version = "0.1",
	.options = options,
	.data_size = sizeof(struct failover),
	.status_verbatim = true,
	.open = failover_open,
	.poll = failover_poll,
	.instcmd = failover_instcmd,
	.setvar = failover_setvar,
	.shutdown = failover_shutdown,
	.close = failover_close,
};

int main(int argc, char **argv)
{
	return core_main(&failover_driver, argc, argv);
}
