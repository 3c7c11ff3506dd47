#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/str.h"
#include "drivers/core/core.h"

char *core_clean(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		unsigned char byte = (unsigned char)*from;

		if (byte > 0x20 && byte < 0x7f)
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
	return text;
}

enum state_result core_set_text(struct core *c, const char *name, const char *text)
{
	char copy[STATE_MAX_VALUE + 1];

	str_copy(copy, sizeof(copy), text);
	return state_set(c->state, name, core_clean(copy));
}

void core_status_begin(struct core *c)
{
	compose_status_begin(&c->compose);
}

void core_status_add(struct core *c, const char *words)
{
	compose_status_add(&c->compose, words);
}

void core_alarm_begin(struct core *c)
{
	compose_alarm_begin(&c->compose);
}

void core_alarm_add(struct core *c, const char *text)
{
	compose_alarm_add(&c->compose, text);
}

struct state *core_state(struct core *c)
{
	return c->state;
}

/* ------------------------------------------------------------------------- driver.* */

void publish_driver_state(struct core *c, const char *text)
{
	state_set(c->state, "driver.state", text);
}

/* An umlaut in a file costs some clients the whole list (aionut): as in NUT it is left out. */
static const char *as_told(char *dst, size_t size, const char *text)
{
	str_copy(dst, size, text);
	return str_drop_high(dst);
}

static void publish_item(struct core *c, const struct settings_item *i)
{
	char name[STATE_MAX_NAME], value[STATE_MAX_VALUE + 1];

	if (i->kind == SETTINGS_COMMON && !str_equal(i->key, "ignorelb") &&
	    !str_equal(i->key, "port") && !str_equal(i->key, "nolock"))
		return;
	if (i->secret)
		return;
	if (str_format(name, sizeof(name), "driver.%s.%s", i->value ? "parameter" : "flag", i->key))
		state_set(c->state, name,
			  i->value ? as_told(value, sizeof(value), i->value) : "enabled");
}

void publish_settings(struct core *c)
{
	const char *synchronous = settings_get(c->settings, "synchronous");

	for (size_t i = 0; i < settings_count(c->settings); i++) {
		struct settings_item item = settings_at(c->settings, i);

		publish_item(c, &item);
	}
	state_setf(c->state, "driver.parameter.pollinterval", "%ld",
		   settings_long(c->settings, "pollinterval", 2));
	state_set(c->state, "driver.parameter.synchronous", synchronous ? synchronous : "auto");
}

void publish_unset(struct core *c, const char *key)
{
	char name[STATE_MAX_NAME];

	if (str_format(name, sizeof(name), "driver.parameter.%s", key))
		state_delete(c->state, name);
	if (str_format(name, sizeof(name), "driver.flag.%s", key))
		state_delete(c->state, name);
}

/* A client's word goes over everything; else the higher of the command line's and debug_min. */
void publish_debug(struct core *c)
{
	long level = settings_long(c->settings, "debug_min", 0);

	if (level < c->cli->debug)
		level = c->cli->debug;
	if (c->debug_by_client >= 0)
		level = c->debug_by_client;
	log_set_debug((int)level);
	state_setf(c->state, "driver.debug", "%ld", level);
}

void publish_allow_killpower(struct core *c, bool allow)
{
	c->allow_killpower = allow;
	state_set(c->state, "driver.flag.allow_killpower", allow ? "1" : "0");
}

static void publish_given_values(struct core *c)
{
	char value[STATE_MAX_VALUE + 1];

	for (size_t i = 0; i < settings_count(c->settings); i++) {
		struct settings_item item = settings_at(c->settings, i);

		if (item.kind == SETTINGS_DEFAULT)
			state_set(c->state, item.name, as_told(value, sizeof(value), item.value));
		else if (item.kind == SETTINGS_OVERRIDE)
			state_override(c->state, item.name,
				       as_told(value, sizeof(value), item.value));
	}
}

/* Those of every driver. */
static void publish_commands(struct core *c)
{
	static const char *const commands[] = {
		"shutdown.default",       "driver.killpower",      "driver.reload",
		"driver.reload-or-error", "driver.reload-or-exit",
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		state_add_command(c->state, commands[i]);
}

void publish_start(struct core *c)
{
	state_set(c->state, "driver.name", c->driver->name);
	state_set(c->state, "driver.version", NUT_VERSION);
	state_set(c->state, "driver.version.internal", c->driver->version);
	state_set(c->state, "device.type", "ups");
	publish_settings(c);
	publish_debug(c);
	state_set_flags(c->state, "driver.debug", STATE_RW | STATE_NUMBER);
	publish_allow_killpower(c, settings_flag(c->settings, "allow_killpower"));
	state_set_flags(c->state, "driver.flag.allow_killpower", STATE_RW | STATE_NUMBER);
	publish_commands(c);
	publish_given_values(c);
}

/* What an override has set stays: it cannot be deleted. */
static void forget_variables(struct core *c)
{
	static const char own[] = "driver.";

	for (size_t i = state_count(c->state); i-- > 0;) {
		const char *name = state_var_name(state_at(c->state, i));

		if (strncmp(name, own, sizeof(own) - 1) != 0)
			state_delete(c->state, name);
	}
}

void core_forget(struct core *c)
{
	forget_variables(c);
	for (size_t i = state_command_count(c->state); i-- > 0;)
		state_delete_command(c->state, state_command(c->state, i));
	for (size_t i = 0; i < sizeof(c->mirrored) / sizeof(c->mirrored[0]); i++) {
		free(c->mirrored[i]);
		c->mirrored[i] = NULL;
	}
	compose_forget(&c->compose);
	state_set(c->state, "device.type", "ups");
	publish_commands(c);
	publish_given_values(c);
}

/* -------------------------------------------------------------------- after a reading */

/* device.mfr and its kin stand beside ups.mfr; a driver which knows better sets them itself. */
static void publish_device(struct core *c)
{
	static const struct {
		const char *device, *ups;
	} pairs[] = {
		{"device.mfr", "ups.mfr"},
		{"device.model", "ups.model"},
		{"device.serial", "ups.serial"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const char *value = state_get(c->state, pairs[i].ups);
		const char *present = state_get(c->state, pairs[i].device);

		if (value && (!present || str_equal(present, c->mirrored[i])) &&
		    str_replace(&c->mirrored[i], value))
			state_set(c->state, pairs[i].device, value);
	}
}

void publish_reading(struct core *c)
{
	struct compose_rules rules = {
		.ignorelb =
			settings_flag(c->settings, "ignorelb") && compose_can_judge_lb(c->state),
		.verbatim = c->driver->status_verbatim,
	};

	publish_device(c);
	compose_commit(&c->compose, c->state, &rules, clock_ms());
	publish_driver_state(c, "quiet");
}

void core_status_publish(struct core *c)
{
	publish_reading(c);
}

/* ------------------------------------------------------------------------------- dump */

void publish_print(struct core *c)
{
	for (size_t i = 0; i < state_count(c->state); i++) {
		const struct state_var *v = state_at(c->state, i);

		printf("%s: %s\n", state_var_name(v), state_var_value(v));
	}
	fflush(stdout);
}
