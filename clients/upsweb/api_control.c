#include "config.h"

#include <event2/buffer.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "clients/upsweb/api.h"
#include "clients/upsweb/control.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/str.h"

enum { FORBIDDEN = 403, UNAUTHORIZED = 401, TOO_MANY = 429, BAD_GATEWAY = 502, TEXT_MAX = 512 };

static const char token[] = "web";

/* An order on its way to a server, until the answer or the browser's end. */
struct pending {
	struct pending *next, **prev;
	struct upsweb *web;
	struct http_call call; /* of it only req, secure, tls and address are used */
	struct http_hold *hold;
	struct control *control;
	enum control_kind kind;
	char *user, *password;      /* of a login */
	struct history_event event; /* what is noted when it went well; strings owned */
};

/* ------------------------------------------------------------------------- body */

/* The members of the body's object; the caller lets go of it. NULL: answered with 400. */
static json_t *read_body(struct http_call *c)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(c->req);
	size_t len = evbuffer_get_length(in);
	const char *type = http_header(c, "Content-Type");
	const char *data = len ? (const char *)evbuffer_pullup(in, -1) : "";
	json_t *body = NULL;

	/* A form of another site can send no JSON without asking us first. */
	if (type && str_casestarts(type, "application/json"))
		body = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	if (body && json_is_object(body))
		return body;
	json_decref(body);
	http_reply_error(c->req, HTTP_BADREQUEST, "the body is to be an object in JSON");
	return NULL;
}

static const char *member(const json_t *body, const char *name)
{
	return json_string_value(json_object_get(body, name));
}

/* ----------------------------------------------------------------------- orders */

static void free_pending(struct pending *p)
{
	*p->prev = p->next;
	if (p->next)
		p->next->prev = p->prev;
	free(p->user);
	secret_free(&p->password);
	free((void *)p->event.id);
	free((void *)p->event.text);
	free((void *)p->event.to);
	free((void *)p->event.cause);
	free(p);
}

static void on_lost(void *arg)
{
	struct pending *p = arg;

	control_cancel(p->control);
	free_pending(p);
}

static void send_session(struct upsweb *u, struct http_call *c, const struct session *one)
{
	struct buffer b = {0};

	buffer_append_str(&b, "{\"user\":");
	if (one)
		json_append_string(&b, one->user);
	else
		buffer_append_str(&b, "null");
	buffer_appendf(&b, ",\"csrf\":\"%s\",\"readonly\":%s,\"history\":%s,\"version\":\"%s\"}",
		       one ? one->csrf : "", u->conf->control ? "false" : "true",
		       u->history ? "true" : "false", PACKAGE_VERSION);
	http_reply_json(c->req, HTTP_OK, &b);
}

static void finish_login(struct pending *p, const char *why, bool refused)
{
	struct sessions *all = p->web->sessions;
	struct session *one = why ? NULL : sessions_open(all, p->user, p->password);

	if (refused) {
		log_warn(token, "%s: login refused", p->call.address);
		http_reply_error(p->call.req, UNAUTHORIZED,
				 "the server does not know this user, or not "
				 "with this password, or does not let him set");
	} else if (!one) {
		sessions_forgive(all, p->call.address);
		http_reply_error(p->call.req, BAD_GATEWAY, "%s", why ? why : "out of memory");
	} else {
		sessions_went_well(all, p->call.address);
		log_notice(token, "%s: user %s has logged in", p->call.address, p->user);
		sessions_set_cookie(&p->call, one);
		send_session(p->web, &p->call, one);
	}
}

static void finish_order(struct pending *p, const char *why, struct buffer *json)
{
	struct buffer b = {0};

	if (p->event.id) {
		p->event.time = devices_now();
		log_notice(token, "%s: %s %s %s: %s", p->event.cause, p->event.id, p->event.text,
			   p->event.to, why ? why : "done");
		if (!why)
			upsweb_happened(p->web, &p->event);
	}
	if (!why) {
		http_reply_json(p->call.req, HTTP_OK, json);
		return;
	}
	if (!p->event.id) {
		http_reply_error(p->call.req, BAD_GATEWAY, "%s", why);
		return;
	}
	buffer_append_str(&b, "{\"result\":\"failed\",\"error\":");
	json_append_string(&b, why);
	buffer_append_char(&b, '}');
	http_reply_json(p->call.req, HTTP_OK, &b);
}

static void on_done(void *arg, const char *why, bool refused, struct buffer *json)
{
	struct pending *p = arg;

	http_hold_end(p->hold);
	if (p->kind == CONTROL_CHECK)
		finish_login(p, why, refused);
	else
		finish_order(p, why, json);
	free_pending(p);
}

void api_cancel_orders(struct upsweb *u)
{
	while (u->orders) {
		struct pending *p = u->orders;

		control_cancel(p->control);
		http_hold_end(p->hold);
		http_reply_error(p->call.req, HTTP_SERVUNAVAIL,
				 "the configuration was read anew; look whether it was done");
		free_pending(p);
	}
}

/* Answers by itself what cannot be sent. `user` and `password` of `o` are the session's. */
static void send_order(struct upsweb *u, struct http_call *c, struct device *d,
		       struct control_order *o)
{
	struct pending *p = calloc(1, sizeof(*p));
	bool acts = o->kind == CONTROL_COMMAND || o->kind == CONTROL_SETTING;

	if (!p) {
		http_reply_error(c->req, HTTP_INTERNAL, "out of memory");
		return;
	}
	p->next = u->orders;
	p->prev = &u->orders;
	if (p->next)
		p->next->prev = &p->next;
	u->orders = p;
	p->web = u;
	p->call = *c;
	p->kind = o->kind;
	if (o->kind == CONTROL_CHECK) {
		p->user = str_dup(o->user);
		p->password = str_dup(o->password);
	}
	if (acts) {
		p->event.id = str_dup(d->id);
		p->event.kind = o->kind == CONTROL_COMMAND ? "command" : "setting";
		p->event.text = str_dup(o->name);
		p->event.to = str_dup(o->value ? o->value : "");
		p->event.cause = str_dup(o->user);
	}
	o->device = d->fleet;
	p->control = control_start(u->loop, u->resolver, u->names, o, on_done, p);
	if (p->control && (p->hold = http_hold(u->http, c->req, on_lost, p)))
		return;
	control_cancel(p->control);
	free_pending(p);
	http_reply_error(c->req, HTTP_INTERNAL, "out of memory");
}

/* -------------------------------------------------------------------- log in, out */

/* Whose server is asked: that of the UPS, or the first that answers. */
static struct device *login_device(struct upsweb *u, struct http_call *c, const char *id)
{
	if (id)
		return api_device(u, c, id);
	for (size_t i = 0; i < fleet_count(u->fleet); i++) {
		struct fleet_device *f = fleet_at(u->fleet, i);

		if (fleet_device_condition(f) != FLEET_UNREACHABLE && fleet_device_mark(f))
			return fleet_device_mark(f);
	}
	http_reply_error(c->req, BAD_GATEWAY, "no server can be asked who you are");
	return NULL;
}

static bool may_log_in(struct upsweb *u, struct http_call *c)
{
	long wait = sessions_wait(u->sessions, c->address);
	char text[24];

	if (!u->conf->control) {
		http_reply_error(c->req, FORBIDDEN, "it only shows: see CONTROL in upsweb.conf");
		return false;
	}
	if (!c->secure) {
		http_reply_error(c->req, FORBIDDEN,
				 "a password is not sent in the clear: use https");
		return false;
	}
	if (wait == 0)
		return true;
	str_format(text, sizeof(text), "%ld", wait);
	evhttp_add_header(evhttp_request_get_output_headers(c->req), "Retry-After", text);
	http_reply_error(c->req, TOO_MANY, "too many tries: wait %ld seconds", wait);
	return false;
}

void api_login(struct upsweb *u, struct http_call *c)
{
	struct control_order o = {.kind = CONTROL_CHECK};
	struct device *d;
	json_t *body;

	if (!may_log_in(u, c) || !(body = read_body(c)))
		return;
	o.user = member(body, "user");
	o.password = member(body, "password");
	if (!o.user || !*o.user || !o.password || strlen(o.user) > TEXT_MAX ||
	    strlen(o.password) > TEXT_MAX)
		http_reply_error(c->req, HTTP_BADREQUEST, "user and password are needed");
	else if ((d = login_device(u, c, member(body, "id")))) {
		/* Counted at once, as many could come before the first answer. */
		sessions_failed(u->sessions, c->address);
		send_order(u, c, d, &o);
	}
	if (o.password)
		secret_wipe((void *)o.password, strlen(o.password));
	json_decref(body);
}

void api_logout(struct upsweb *u, struct http_call *c)
{
	struct session *one = sessions_find_sure(u->sessions, c);

	if (one)
		sessions_close(u->sessions, one);
	sessions_set_cookie(c, NULL);
	send_session(u, c, NULL);
}

void api_session(struct upsweb *u, struct http_call *c)
{
	send_session(u, c, sessions_find(u->sessions, c));
}

/* ----------------------------------------------------------------------- control */

static struct session *who(struct upsweb *u, struct http_call *c, bool sure)
{
	struct session *one =
		sure ? sessions_find_sure(u->sessions, c) : sessions_find(u->sessions, c);

	if (!u->conf->control)
		http_reply_error(c->req, FORBIDDEN, "it only shows: see CONTROL in upsweb.conf");
	else if (!one)
		http_reply_error(c->req, UNAUTHORIZED, "log in first");
	return u->conf->control ? one : NULL;
}

static void act(struct upsweb *u, struct http_call *c, enum control_kind kind, const char *name,
		bool needs_value)
{
	struct session *one = who(u, c, true);
	json_t *body = one ? read_body(c) : NULL;
	struct control_order o = {.kind = kind};
	struct device *d;

	if (!body)
		return;
	o.name = member(body, name);
	o.value = member(body, "value");
	o.user = one->user;
	o.password = one->password;
	if (!o.name || !*o.name || strlen(o.name) > TEXT_MAX || (needs_value && !o.value) ||
	    (o.value && strlen(o.value) > TEXT_MAX))
		http_reply_error(c->req, HTTP_BADREQUEST, "id, %s%s are needed", name,
				 needs_value ? " and value" : "");
	else if ((d = api_device(u, c, member(body, "id"))))
		send_order(u, c, d, &o);
	json_decref(body);
}

void api_command(struct upsweb *u, struct http_call *c)
{
	act(u, c, CONTROL_COMMAND, "command", false);
}

void api_setting(struct upsweb *u, struct http_call *c)
{
	act(u, c, CONTROL_SETTING, "name", true);
}

static void list(struct upsweb *u, struct http_call *c, enum control_kind kind)
{
	struct session *one = who(u, c, false);
	struct device *d = one ? api_device(u, c, http_query(c, "id")) : NULL;
	struct control_order o = {.kind = kind};

	if (!d)
		return;
	o.user = one->user;
	o.password = one->password;
	send_order(u, c, d, &o);
}

void api_commands(struct upsweb *u, struct http_call *c)
{
	list(u, c, CONTROL_COMMANDS);
}

void api_settings(struct upsweb *u, struct http_call *c)
{
	list(u, c, CONTROL_SETTINGS);
}
