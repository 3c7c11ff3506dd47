/*
 * INSTCMD and SET (spec/driver-socket.md 3.1): what concerns the process is
 * done at once, what concerns the device waits until its code is between polls.
 */
#include "config.h"

#include <limits.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/core/core.h"

enum { KILLPOWER_OPEN_S = 15 };

/* ---------------------------------------------------------------------- at once: driver.* */

static enum driverwire_result do_exit(struct core *c)
{
	log_info("command", "ending: asked to on the socket");
	core_end(c, 0);
	return DRIVERWIRE_HANDLED;
}

static enum driverwire_result do_reload(struct core *c)
{
	reload(c);
	return DRIVERWIRE_HANDLED;
}

static enum driverwire_result do_reload_or_error(struct core *c)
{
	return reload(c) == RELOAD_DONE ? DRIVERWIRE_HANDLED : DRIVERWIRE_R_INVALID;
}

static enum driverwire_result do_reload_or_exit(struct core *c)
{
	reload_or_exit(c);
	return DRIVERWIRE_HANDLED;
}

static const struct {
	const char *name;
	enum driverwire_result (*run)(struct core *c);
} process_commands[] = {
	{"driver.exit", do_exit},
	{"driver.reload", do_reload},
	{"driver.reload-or-error", do_reload_or_error},
	{"driver.reload-or-exit", do_reload_or_exit},
	{"driver.reload-or-restart", do_reload},
};

static bool run_process_command(struct core *c, const char *name, enum driverwire_result *result)
{
	for (size_t i = 0; i < sizeof(process_commands) / sizeof(process_commands[0]); i++) {
		if (!str_equal(name, process_commands[i].name))
			continue;
		*result = process_commands[i].run(c);
		return true;
	}
	return false;
}

static enum driverwire_result set_debug(struct core *c, const char *value)
{
	long level;

	if (!str_to_long(value, INT_MIN, INT_MAX, &level))
		return DRIVERWIRE_R_INVALID;
	c->debug_by_client = level < 0 ? -1 : level;
	publish_debug(c);
	return DRIVERWIRE_HANDLED;
}

static enum driverwire_result set_allow_killpower(struct core *c, const char *value)
{
	bool yes = false;
	long number;

	if (str_to_long(value, LONG_MIN, LONG_MAX, &number))
		yes = number > 0;
	else if (!str_to_bool(value, &yes))
		yes = str_casestarts(value, "enable");
	publish_allow_killpower(c, yes);
	return DRIVERWIRE_HANDLED;
}

static bool set_process_variable(struct core *c, const char *name, const char *value,
				 enum driverwire_result *result)
{
	if (str_equal(name, "driver.debug"))
		*result = set_debug(c, value);
	else if (str_equal(name, "driver.flag.allow_killpower"))
		*result = set_allow_killpower(c, value);
	else
		return false;
	return true;
}

static const char *result_text(enum driverwire_result r)
{
	switch (r) {
	case DRIVERWIRE_HANDLED:
		return "done";
	case DRIVERWIRE_R_UNKNOWN:
		return "unknown";
	case DRIVERWIRE_R_INVALID:
		return "invalid";
	case DRIVERWIRE_R_CONVERSION:
		return "the value cannot be converted";
	default:
		return "failed";
	}
}

static void answer(struct core *c, unsigned long client, const char *id,
		   enum driverwire_result result)
{
	if (id && c->service)
		service_result(c->service, client, id, result);
}

static void on_command(void *arg, unsigned long client, const struct driverwire_message *m)
{
	struct core *c = arg;
	bool is_set = m->word == DRIVERWIRE_SET;
	enum driverwire_result result;

	if (is_set ? set_process_variable(c, m->name, m->value, &result)
		   : run_process_command(c, m->name, &result)) {
		answer(c, client, m->id, result);
	} else if (!queue_push(&c->queue, is_set, m->name, m->value, m->id, client)) {
		log_warn("command", "%s refused: too many commands wait", m->name);
		answer(c, client, m->id, DRIVERWIRE_R_FAILED);
	}
}

const struct service_ops core_service_ops = {.command = on_command};

/* ----------------------------------------------------------------- in turn: the device */

static enum driverwire_result run_one(struct core *c, const char *name, const char *value)
{
	if (str_equal(name, "shutdown.default"))
		return c->driver->shutdown ? c->driver->shutdown(c) : DRIVERWIRE_R_UNKNOWN;
	return c->driver->instcmd ? c->driver->instcmd(c, name, value) : DRIVERWIRE_R_UNKNOWN;
}

enum driverwire_result commands_shutdown(struct core *c)
{
	const char *list = settings_get(c->settings, "sdcommands");
	enum driverwire_result r = DRIVERWIRE_R_FAILED;
	char name[STATE_MAX_NAME];

	if (!list || !*list)
		list = "shutdown.default";
	while (*list && r != DRIVERWIRE_HANDLED) {
		size_t len = strcspn(list, ",");

		if (len < sizeof(name)) {
			memcpy(name, list, len);
			name[len] = '\0';
			core_clean(name);
			r = *name ? run_one(c, name, NULL) : r;
			log_notice("command", "cutting the power of %s by %s: %s", c->cli->ups,
				   name, result_text(r));
		}
		list += len + (list[len] == ',');
	}
	return r;
}

static enum driverwire_result killpower(struct core *c)
{
	enum driverwire_result r;

	if (!c->allow_killpower) {
		log_warn("command", "driver.killpower refused: driver.flag.allow_killpower is 0");
		return DRIVERWIRE_R_INVALID;
	}
	if (!machine_open(c, KILLPOWER_OPEN_S))
		return DRIVERWIRE_R_FAILED;
	publish_driver_state(c, "fsd.killpower");
	r = commands_shutdown(c);
	if (r == DRIVERWIRE_HANDLED)
		core_end(c, 0);
	return r;
}

static enum driverwire_result run_device_command(struct core *c, const struct queue_command *cmd)
{
	if (!cmd->is_set && str_equal(cmd->name, "driver.killpower"))
		return killpower(c);
	if (!c->open)
		return DRIVERWIRE_R_FAILED;
	if (!cmd->is_set)
		return run_one(c, cmd->name, cmd->value);
	if (str_casestarts(cmd->name, "driver.") || !c->driver->setvar)
		return DRIVERWIRE_R_UNKNOWN;
	return c->driver->setvar(c, cmd->name, cmd->value);
}

static void finish_command(struct core *c, struct queue_command *cmd, enum driverwire_result r)
{
	log_info("command", "%s %s: %s", cmd->is_set ? "SET" : "INSTCMD", cmd->name,
		 result_text(r));
	answer(c, cmd->client, cmd->id, r);
	queue_command_free(cmd);
}

unsigned long core_answer_later(struct core *c)
{
	if (!c->running || c->unanswered.count >= QUEUE_MAX)
		return 0;
	if (++c->last_number == 0)
		c->last_number = 1;
	return c->last_number;
}

void core_answer(struct core *c, unsigned long number, enum driverwire_result result)
{
	struct queue_command *cmd = queue_take(&c->unanswered, number);

	if (cmd)
		finish_command(c, cmd, result);
}

void commands_run_next(struct core *c)
{
	struct queue_command *cmd = queue_pop(&c->queue);
	enum driverwire_result r;

	if (!cmd)
		return;
	/* Who cuts the power needs to know at once whether that worked. */
	c->running = str_equal(cmd->name, "driver.killpower") ? NULL : cmd;
	r = run_device_command(c, cmd);
	c->running = NULL;
	cmd->number = c->last_number;
	/* What it changed may be part of the status. */
	if (c->had_reading && c->open && !c->ending)
		publish_reading(c);
	if (r != DRIVERWIRE_PENDING || !queue_append(&c->unanswered, cmd))
		finish_command(c, cmd, r == DRIVERWIRE_PENDING ? DRIVERWIRE_R_FAILED : r);
}
