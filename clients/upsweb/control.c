#include "config.h"

#include "clients/upsweb/control.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/str.h"
#include "common/ups/asyncclient.h"

enum {
	PATIENCE_MS = 15000,
	TRACK_MS = 200, /* between looks whether it is done */
	TRACK_PATIENCE_MS = 60000,
	LISTED_MAX = 512,
};

struct setting {
	char *name, *value;
};

struct control {
	struct asyncclient *client;
	const struct names *names;
	enum control_kind kind;
	char *ups, *name, *value;
	char tracking[64];
	struct setting *settings;
	size_t count, at;
	struct loop_timer *patience, *track;
	struct buffer json;
	bool started;
	control_done_fn *done;
	void *arg;
};

/* ------------------------------------------------------------------------ ends */

void control_cancel(struct control *c)
{
	if (!c)
		return;
	asyncclient_free(c->client);
	loop_timer_free(c->patience);
	loop_timer_free(c->track);
	for (size_t i = 0; i < c->count; i++) {
		free(c->settings[i].name);
		free(c->settings[i].value);
	}
	free(c->settings);
	free(c->ups);
	free(c->name);
	free(c->value);
	buffer_free(&c->json);
	free(c);
}

static void end(struct control *c, const char *why, bool refused)
{
	control_done_fn *done = c->done;
	void *arg = c->arg;
	struct buffer json = c->json;

	c->json = (struct buffer){0};
	control_cancel(c);
	done(arg, why, refused, &json);
	buffer_free(&json);
}

static const char *words_for(enum netwire_error e)
{
	switch (e) {
	case NETWIRE_ACCESS_DENIED:
		return "the server does not permit it to this user";
	case NETWIRE_CMD_NOT_SUPPORTED:
		return "the UPS has no such command";
	case NETWIRE_VAR_NOT_SUPPORTED:
		return "the UPS has no such setting";
	case NETWIRE_READONLY:
		return "the UPS does not let it be changed";
	case NETWIRE_INVALID_VALUE:
	case NETWIRE_TOO_LONG:
		return "the UPS does not take that value";
	case NETWIRE_DATA_STALE:
		return "the UPS does not answer its driver";
	case NETWIRE_DRIVER_NOT_CONNECTED:
		return "the driver does not run";
	case NETWIRE_UNKNOWN_ERROR:
		return "the server did not answer";
	default:
		return netwire_error_name(e);
	}
}

static void end_error(struct control *c, enum netwire_error e)
{
	end(c, words_for(e), e == NETWIRE_ACCESS_DENIED);
}

static void on_patience(void *arg)
{
	end(arg, "the server did not answer in time", false);
}

static bool ask(struct control *c, size_t count, const char *const *words, asyncclient_reply_fn *fn)
{
	if (asyncclient_request(c->client, count, words, fn, c))
		return true;
	end(c, "the server hung up", false);
	return false;
}

static void result_ok(struct control *c)
{
	buffer_append_str(&c->json, "{\"result\":\"ok\"}");
	end(c, NULL, false);
}

/* -------------------------------------------------------------------- tracking */

static void on_tracked(void *arg, enum netwire_error e, const struct words *w)
{
	struct control *c = arg;

	if (e || !w)
		end(c, "the UPS did not do it", false);
	else if (str_equal(words_at(w, 0), "SUCCESS"))
		result_ok(c);
	else
		loop_timer_set(c->track, TRACK_MS);
}

static void on_track(void *arg)
{
	struct control *c = arg;
	const char *const words[] = {"GET", "TRACKING", c->tracking};

	ask(c, 3, words, on_tracked);
}

/* OK, or OK TRACKING id */
static void on_ordered(void *arg, enum netwire_error e, const struct words *w)
{
	struct control *c = arg;

	if (e || !w) {
		end_error(c, e ? e : NETWIRE_UNKNOWN_ERROR);
	} else if (str_equal(words_at(w, 1), "TRACKING")) {
		str_copy(c->tracking, sizeof(c->tracking), words_at(w, 2));
		loop_timer_set(c->patience, TRACK_PATIENCE_MS);
		loop_timer_set(c->track, TRACK_MS);
	} else {
		result_ok(c);
	}
}

/* A server without tracking says so, and does it all the same. */
static void on_tracking_set(void *arg, enum netwire_error e, const struct words *w)
{
	struct control *c = arg;
	const char *const command[] = {"INSTCMD", c->ups, c->name, c->value};
	const char *const setting[] = {"SET", "VAR", c->ups, c->name, c->value};

	(void)e;
	(void)w;
	if (c->kind == CONTROL_COMMAND)
		ask(c, c->value ? 4 : 3, command, on_ordered);
	else
		ask(c, 5, setting, on_ordered);
}

/* ----------------------------------------------------------------------- check */

/* Only who may set is told that there is no such variable. */
static void on_checked(void *arg, enum netwire_error e, const struct words *w)
{
	struct control *c = arg;

	(void)w;
	if (e != NETWIRE_VAR_NOT_SUPPORTED && e != NETWIRE_READONLY) {
		end_error(c, e ? e : NETWIRE_UNKNOWN_ERROR);
		return;
	}
	buffer_append_str(&c->json, "{}");
	end(c, NULL, false);
}

/* -------------------------------------------------------------------- commands */

static void append_named(struct control *c, const char *name, const char *desc)
{
	buffer_append_str(&c->json,
			  c->json.data[c->json.len - 1] == '[' ? "{\"name\":" : ",{\"name\":");
	json_append_string(&c->json, name);
	buffer_append_str(&c->json, ",\"desc\":");
	json_append_string(&c->json, desc ? desc : "");
}

static void on_command_listed(void *arg, enum netwire_error e, const struct words *w)
{
	struct control *c = arg;

	if (e || !w) {
		end_error(c, e ? e : NETWIRE_UNKNOWN_ERROR);
	} else if (str_equal(words_at(w, 0), "BEGIN")) {
		buffer_append_str(&c->json, "{\"commands\":[");
	} else if (str_equal(words_at(w, 0), "END")) {
		buffer_append_str(&c->json, "]}");
		end(c, NULL, false);
	} else if (str_equal(words_at(w, 0), "CMD") && c->at++ < LISTED_MAX && c->json.len) {
		append_named(c, words_at(w, 2), names_command(c->names, words_at(w, 2)));
		buffer_append_char(&c->json, '}');
	}
}

/* -------------------------------------------------------------------- settings */

static void next_setting(struct control *c);

/* ENUM ups var "value", RANGE ups var "low" "high" */
static void on_limit_listed(void *arg, enum netwire_error e, const struct words *w)
{
	struct control *c = arg;
	const char *what = w ? words_at(w, 0) : "";
	bool first = c->json.data[c->json.len - 1] == '[';
	double low, high;

	if (e || !w || str_equal(what, "END")) {
		buffer_append_str(&c->json, "]}");
		c->at++;
		next_setting(c);
	} else if (str_equal(what, "ENUM")) {
		buffer_append_str(&c->json, first ? "" : ",");
		json_append_string(&c->json, words_at(w, 3));
	} else if (str_equal(what, "RANGE") && str_to_double(words_at(w, 3), &low) &&
		   str_to_double(words_at(w, 4), &high)) {
		buffer_appendf(&c->json, "%s[%.10g,%.10g]", first ? "" : ",", low, high);
	}
}

/* TYPE ups var RW ENUM|RANGE|STRING:n|NUMBER */
static void on_type(void *arg, enum netwire_error e, const struct words *w)
{
	struct control *c = arg;
	const struct setting *s = &c->settings[c->at];
	const char *type = "string", *list = NULL;
	const char *words[] = {"LIST", NULL, c->ups, s->name};
	long max = 0;

	for (size_t i = 3; !e && w && i < words_count(w); i++) {
		const char *word = words_at(w, i);

		if (str_equal(word, "ENUM"))
			list = type = "enum";
		else if (str_equal(word, "RANGE"))
			list = type = "range";
		else if (str_equal(word, "NUMBER") && !list)
			type = "number";
		else if (str_starts(word, "STRING:"))
			str_to_long(word + strlen("STRING:"), 0, 65536, &max);
	}
	append_named(c, s->name, names_variable(c->names, s->name));
	buffer_append_str(&c->json, ",\"value\":");
	json_append_string(&c->json, s->value);
	buffer_appendf(&c->json, ",\"type\":\"%s\",\"max\":%ld,", type, max);
	if (!list) {
		buffer_append_str(&c->json, "\"enum\":[],\"ranges\":[]}");
		c->at++;
		next_setting(c);
		return;
	}
	buffer_append_str(&c->json, str_equal(list, "enum") ? "\"ranges\":[],\"enum\":["
							    : "\"enum\":[],\"ranges\":[");
	words[1] = str_equal(list, "enum") ? "ENUM" : "RANGE";
	if (!asyncclient_request_list(c->client, 4, words, on_limit_listed, c))
		end(c, "the server hung up", false);
}

static void next_setting(struct control *c)
{
	const char *words[] = {"GET", "TYPE", c->ups, NULL};

	if (c->at == c->count) {
		buffer_append_str(&c->json, "]}");
		end(c, NULL, false);
		return;
	}
	words[3] = c->settings[c->at].name;
	ask(c, 4, words, on_type);
}

static void keep_setting(struct control *c, const char *name, const char *value)
{
	struct setting *s;

	if (!c->settings)
		c->settings = calloc(LISTED_MAX, sizeof(*c->settings));
	if (!c->settings || c->count == LISTED_MAX)
		return;
	s = &c->settings[c->count];
	s->name = str_dup(name);
	s->value = str_dup(value);
	if (s->name && s->value) {
		c->count++;
		return;
	}
	free(s->name);
	free(s->value);
}

static void on_setting_listed(void *arg, enum netwire_error e, const struct words *w)
{
	struct control *c = arg;

	if (e || !w) {
		end_error(c, e ? e : NETWIRE_UNKNOWN_ERROR);
	} else if (str_equal(words_at(w, 0), "RW")) {
		keep_setting(c, words_at(w, 2), words_at(w, 3));
	} else if (str_equal(words_at(w, 0), "END")) {
		buffer_append_str(&c->json, "{\"settings\":[");
		next_setting(c);
	}
}

/* ----------------------------------------------------------------------- start */

static void begin(struct control *c)
{
	const char *const check[] = {"SET", "VAR", c->ups, "upsweb.login.check", "0"};
	const char *const track[] = {"SET", "TRACKING", "ON"};
	const char *const commands[] = {"LIST", "CMD", c->ups};
	const char *const settings[] = {"LIST", "RW", c->ups};
	bool ok = true;

	switch (c->kind) {
	case CONTROL_CHECK:
		ask(c, 5, check, on_checked);
		return;
	case CONTROL_COMMAND:
	case CONTROL_SETTING:
		ask(c, 3, track, on_tracking_set);
		return;
	case CONTROL_COMMANDS:
		ok = asyncclient_request_list(c->client, 3, commands, on_command_listed, c);
		break;
	case CONTROL_SETTINGS:
		ok = asyncclient_request_list(c->client, 3, settings, on_setting_listed, c);
		break;
	}
	if (!ok)
		end(c, "the server hung up", false);
}

static void on_link(void *arg, enum asyncclient_state state, const char *why)
{
	struct control *c = arg;

	if (state == ASYNCCLIENT_UP && !c->started) {
		c->started = true;
		begin(c);
	} else if (state == ASYNCCLIENT_IDLE) {
		end(c, why ? why : "the server cannot be reached", false);
	}
}

/* The user's name and password may be refused before anything is asked. */
static void on_refused(void *arg, const char *what, enum netwire_error e)
{
	if (str_equal(what, "USERNAME") || str_equal(what, "PASSWORD"))
		end_error(arg, e);
}

static bool copy_texts(struct control *c, const struct control_order *o)
{
	return str_replace(&c->ups, fleet_device_ups(o->device)) &&
	       str_replace(&c->name, o->name) && str_replace(&c->value, o->value);
}

struct control *control_start(struct loop *l, struct resolver *r, const struct names *names,
			      const struct control_order *o, control_done_fn *done, void *arg)
{
	static const struct asyncclient_ops ops = {.link = on_link, .refused = on_refused};
	const struct asyncclient_config cfg = {
		.host = fleet_device_host(o->device),
		.port = fleet_device_port(o->device),
		.ups = fleet_device_ups(o->device),
		.user = o->user,
		.password = o->password,
		.variables = "ups.status",
		.no_push = true,
		.tls = fleet_device_site(o->device)->tls,
	};
	struct control *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->names = names;
	c->kind = o->kind;
	c->done = done;
	c->arg = arg;
	c->patience = loop_timer_new(l, on_patience, c);
	c->track = loop_timer_new(l, on_track, c);
	if (copy_texts(c, o) && c->patience && c->track &&
	    (c->client = asyncclient_new(l, r, &cfg, &ops, c))) {
		loop_timer_set(c->patience, PATIENCE_MS);
		return c;
	}
	control_cancel(c);
	return NULL;
}
