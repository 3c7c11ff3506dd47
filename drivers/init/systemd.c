#include "config.h"

#include "drivers/init/systemd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/log.h"
#include "common/base/run.h"
#include "common/base/str.h"
#include "drivers/init/instance.h"

static const char token[] = "systemd";

enum {
	WORDS_MAX = 16,
	PATIENCE_MS = 120 * 1000, /* systemctl waits for units to start or to stop */
	OUTPUT_MAX = 8 * 1024 * 1024
};

bool systemd_is_here(void)
{
	const char *said = getenv("SERVICE_FRAMEWORK");

	if (said && *said)
		return str_equal(said, "systemd");
	return access("/run/systemd/system", F_OK) == 0;
}

const char *systemd_generator_dir(void)
{
	const char *said = getenv("NUT_GENERATOR_DIR");

	return said && *said ? said : "/run/systemd/generator";
}

/* ------------------------------------------------------------------------------ systemctl */

static int run_systemctl(const char *const *words, bool with_errors, struct buffer *said)
{
	const char *argv[WORDS_MAX + 2] = {"systemctl"};
	struct run r = {.argv = argv,
			.limit_ms = PATIENCE_MS,
			.max = OUTPUT_MAX,
			.with_errors = with_errors};
	int status = -1;

	for (size_t i = 0; i < WORDS_MAX && words[i]; i++)
		argv[i + 1] = words[i];
	switch (run_program(&r, said, &status)) {
	case RUN_ENDED:
		return status;
	case RUN_LATE:
		log_error(token, "systemctl takes too long: it was killed");
		return -1;
	case RUN_MISSING:
		log_error(token, "systemctl is not there");
		return -1;
	case RUN_FAILED:
		log_errno(token, errno, "cannot run systemctl");
		return -1;
	}
	return -1;
}

int systemd_ctl(const char *word, ...)
{
	const char *words[WORDS_MAX + 1] = {word};
	struct buffer said = {.max = OUTPUT_MAX};
	int status;
	va_list ap;

	va_start(ap, word);
	for (size_t i = 1; words[i - 1] && i < WORDS_MAX; i++)
		words[i] = va_arg(ap, const char *);
	va_end(ap);
	status = run_systemctl(words, true, &said);
	if (status != 0 && said.len > 0)
		log_error(token, "systemctl %s: %s", word, buffer_string(&said));
	buffer_free(&said);
	return status;
}

/* ---------------------------------------------------------------------------------- units */

static bool is_driver_unit(const char *name)
{
	size_t len = strlen(name), end = strlen(INSTANCE_SUFFIX);

	return str_starts(name, INSTANCE_PREFIX) && len > strlen(INSTANCE_PREFIX) + end &&
	       str_equal(name + len - end, INSTANCE_SUFFIX);
}

static struct driver_unit *add_unit(struct driver_units *units, const char *name)
{
	struct driver_unit *grown = realloc(units->list, (units->count + 1) * sizeof(*units->list));

	if (!grown)
		return NULL;
	units->list = grown;
	grown += units->count;
	*grown = (struct driver_unit){.name = str_dup(name), .state = DRIVER_UNIT_STOPPED};
	if (!grown->name)
		return NULL;
	units->count++;
	return grown;
}

static enum driver_unit_state state_of(const char *word)
{
	static const struct {
		const char *word;
		enum driver_unit_state state;
	} rows[] = {
		{"active", DRIVER_UNIT_RUNNING},
		{"reloading", DRIVER_UNIT_RUNNING},
		{"activating", DRIVER_UNIT_ON_ITS_WAY},
		{"failed", DRIVER_UNIT_FAILED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (str_equal(word, rows[i].word))
			return rows[i].state;
	}
	return DRIVER_UNIT_STOPPED;
}

/* What is known of one unit while its properties are read. */
struct block {
	const char *id;
	enum driver_unit_state state;
	long pid;
};

static void take_property(struct block *b, const char *line)
{
	const char *value = strchr(line, '=');

	if (str_starts(line, "Id="))
		b->id = value + 1;
	else if (str_starts(line, "ActiveState="))
		b->state = state_of(value + 1);
	else if (str_starts(line, "MainPID="))
		str_to_long(value + 1, 0, 0x7fffffff, &b->pid);
}

static bool take_block(struct driver_units *units, const struct block *b)
{
	struct driver_unit *unit;

	if (!b->id || !is_driver_unit(b->id))
		return true;
	unit = add_unit(units, b->id);
	if (!unit)
		return false;
	unit->state = b->state;
	unit->pid = (pid_t)b->pid;
	return true;
}

/* Properties come in any order; an empty line ends those of a unit. */
static bool take_all(struct driver_units *units, char *text)
{
	static const struct block nothing = {.state = DRIVER_UNIT_STOPPED};
	struct block b = nothing;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (*line) {
			take_property(&b, line);
			continue;
		}
		if (!take_block(units, &b))
			return false;
		b = nothing;
	}
	return take_block(units, &b);
}

bool systemd_driver_units(struct driver_units *units)
{
	/* --all: a pattern would leave out what is stopped. */
	static const char *const words[] = {"show", "--all", "--property=Id,MainPID,ActiveState",
					    INSTANCE_PREFIX "*" INSTANCE_SUFFIX, NULL};
	struct buffer said = {.max = OUTPUT_MAX};
	bool done;

	*units = (struct driver_units){0};
	done = run_systemctl(words, false, &said) == 0;
	if (!done)
		log_error(token, "systemd does not tell which drivers run; are you root?");
	else if (buffer_append_char(&said, '\0') && !(done = take_all(units, said.data)))
		log_error(token, "out of memory");
	buffer_free(&said);
	if (!done)
		systemd_driver_units_free(units);
	return done;
}

void systemd_driver_units_free(struct driver_units *units)
{
	for (size_t i = 0; i < units->count; i++)
		free(units->list[i].name);
	free(units->list);
	*units = (struct driver_units){0};
}

const struct driver_unit *systemd_driver_unit(const struct driver_units *units, const char *name)
{
	for (size_t i = 0; i < units->count; i++) {
		if (str_equal(units->list[i].name, name))
			return &units->list[i];
	}
	return NULL;
}
