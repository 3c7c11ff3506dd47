#include "config.h"

#include "clients/upsweb/api.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "clients/upsweb/metrics.h"
#include "clients/upsweb/page.h"
#include "common/base/json.h"
#include "common/base/str.h"

enum {
	EVENTS_KEPT = 500,
	POINTS = 300,
	LOG_PAGE = 100,
};

struct device *api_device(struct upsweb *u, struct http_call *c, const char *id)
{
	struct fleet_device *f = id ? fleet_find(u->fleet, id) : NULL;
	struct device *d = f ? fleet_device_mark(f) : NULL;

	if (!d)
		http_reply_error(c->req, HTTP_NOTFOUND, "there is no UPS %s here",
				 id ? id : "without id");
	return d;
}

/* A whole number of the query; `otherwise` if it is not there. False: answered with 400. */
static bool query_number(struct http_call *c, const char *name, long otherwise, long *n)
{
	const char *text = http_query(c, name);

	*n = otherwise;
	if (!text || str_to_long(text, 0, LONG_MAX / 1000, n))
		return true;
	http_reply_error(c->req, HTTP_BADREQUEST, "%s is no whole number", name);
	return false;
}

/* ------------------------------------------------------------------------ UPSes */

static void append_values(struct upsweb *u, struct device *d, struct buffer *b)
{
	const struct state *s = fleet_device_values(d->fleet);

	buffer_append_str(b, ",\"vars\":{");
	for (size_t i = 0; i < state_count(s); i++) {
		buffer_append_str(b, i ? "," : "");
		json_append_string(b, state_var_name(state_at(s, i)));
		buffer_append_char(b, ':');
		json_append_string(b, state_var_value(state_at(s, i)));
	}
	buffer_append_str(b, "},\"meta\":{");
	for (size_t i = 0; i < state_count(s); i++) {
		const char *name = state_var_name(state_at(s, i)), *unit = wording_unit(name);
		const char *desc = names_variable(u->names, name);

		buffer_append_str(b, i ? "," : "");
		json_append_string(b, name);
		buffer_append_str(b, ":{\"desc\":");
		json_append_string(b, desc ? desc : "");
		if (unit) {
			buffer_append_str(b, ",\"unit\":");
			json_append_string(b, unit);
		}
		buffer_append_char(b, '}');
	}
	buffer_append_char(b, '}');
}

/* With `whole`: variables, too. */
static void append_device(struct upsweb *u, struct device *d, bool whole, struct buffer *b)
{
	const struct buffer *json = device_json(d);

	buffer_append(b, json->data, json->len - 1);
	if (whole)
		append_values(u, d, b);
	buffer_append_char(b, '}');
}

static void get_list(struct upsweb *u, struct http_call *c)
{
	bool whole = http_query(c, "vars") && !str_equal(http_query(c, "vars"), "0");
	struct buffer b = {0};

	buffer_append_str(&b, "{\"ups\":[");
	for (size_t i = 0; i < fleet_count(u->fleet); i++) {
		struct device *d = fleet_device_mark(fleet_at(u->fleet, i));

		if (!d)
			continue;
		if (b.data[b.len - 1] != '[')
			buffer_append_char(&b, ',');
		append_device(u, d, whole, &b);
	}
	buffer_append_str(&b, "]}");
	http_reply_json(c->req, HTTP_OK, &b);
}

static void get_one(struct upsweb *u, struct http_call *c, const char *id)
{
	struct device *d = api_device(u, c, id);
	struct buffer b = {0};

	if (!d)
		return;
	append_device(u, d, true, &b);
	http_reply_json(c->req, HTTP_OK, &b);
}

static void get_events(struct upsweb *u, struct http_call *c)
{
	const char *id = http_query(c, "id");
	struct device *d = id ? api_device(u, c, id) : NULL;

	if (!id || d)
		streams_open(u->streams, u->http, c, d);
}

/* ---------------------------------------------------------------------- history */

/* A question on its way to the history, until the answer or the browser's end. */
struct question {
	struct evhttp_request *req;
	struct http_hold *hold;
	struct history_ask *ask;
	const char *type, *file;
};

static void on_lost(void *arg)
{
	struct question *q = arg;

	history_ask_cancel(q->ask);
	free(q);
}

static void on_answer(void *arg, const char *why, struct buffer *body)
{
	struct question *q = arg;
	struct evhttp_request *req = q->req;
	const char *type = q->type, *file = q->file;

	http_hold_end(q->hold);
	free(q);
	if (why) {
		http_reply_error(req, HTTP_SERVUNAVAIL, "%s", why);
		return;
	}
	if (file)
		evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Disposition",
				  file);
	http_reply(req, HTTP_OK, type, body);
}

static struct question *new_question(struct upsweb *u, struct http_call *c, const char *type,
				     const char *file)
{
	struct question *q = NULL;

	if (!u->history)
		http_reply_error(c->req, HTTP_NOTFOUND, "no history is kept");
	else if (!(q = calloc(1, sizeof(*q))))
		http_reply_error(c->req, HTTP_INTERNAL, "out of memory");
	if (q)
		*q = (struct question){.req = c->req, .type = type, .file = file};
	return q;
}

static void await(struct upsweb *u, struct question *q, struct history_ask *ask)
{
	q->ask = ask;
	if (ask && (q->hold = http_hold(u->http, q->req, on_lost, q)))
		return;
	history_ask_cancel(ask);
	http_reply_error(q->req, HTTP_SERVUNAVAIL, "the history cannot be asked now");
	free(q);
}

/* The variables of the query, or those that are kept. */
static size_t wanted_vars(struct http_call *c, const char **vars)
{
	size_t count = 0;

	for (struct evkeyval *at = c->query->tqh_first; at; at = at->next.tqe_next)
		if (str_equal(at->key, "var") && count < HISTORY_VARS_MAX)
			vars[count++] = at->value;
	return count;
}

static bool read_question(struct upsweb *u, struct http_call *c, const char **vars,
			  struct history_question *h)
{
	struct device *d = api_device(u, c, http_query(c, "id"));
	long now = (long)devices_now(), from, to;

	if (!d || !query_number(c, "from", now - 86400, &from) ||
	    !query_number(c, "to", now, &to) || !query_number(c, "points", POINTS, &h->points))
		return false;
	h->id = d->id;
	h->from = from;
	h->to = to;
	h->vars = vars;
	h->var_count = wanted_vars(c, vars);
	if (to <= from) {
		http_reply_error(c->req, HTTP_BADREQUEST, "to is not after from");
		return false;
	}
	return true;
}

static void get_history(struct upsweb *u, struct http_call *c)
{
	const char *vars[HISTORY_VARS_MAX];
	struct history_question h;
	struct question *q;

	if (!read_question(u, c, vars, &h))
		return;
	q = new_question(u, c, "application/json", NULL);
	if (q)
		await(u, q, history_ask_points(u->history, &h, on_answer, q));
}

static void get_export(struct upsweb *u, struct http_call *c)
{
	static const char as_csv[] = "attachment; filename=\"ups.csv\"";
	static const char as_json[] = "attachment; filename=\"ups.json\"";
	bool csv = !str_equal(http_query(c, "format"), "json");
	const char *vars[HISTORY_VARS_MAX];
	struct history_question h;
	struct question *q;

	if (!read_question(u, c, vars, &h))
		return;
	if (h.var_count == 0)
		h.var_count = upsweb_kept_vars(vars);
	h.points = HISTORY_EXPORT_MAX;
	q = new_question(u, c, csv ? "text/csv; charset=utf-8" : "application/json",
			 csv ? as_csv : as_json);
	if (q)
		await(u, q,
		      csv ? history_ask_csv(u->history, &h, on_answer, q)
			  : history_ask_points(u->history, &h, on_answer, q));
}

void api_keep_event(struct upsweb *u, const struct history_event *e)
{
	struct history_event numbered = *e;
	struct buffer *b;

	if (!u->events)
		u->events = calloc(EVENTS_KEPT, sizeof(*u->events));
	if (!u->events)
		return;
	numbered.n = ++u->event_number;
	b = &u->events[(u->event_number - 1) % EVENTS_KEPT];
	buffer_free(b);
	history_event_json(b, &numbered);
	u->event_count += u->event_count < EVENTS_KEPT;
}

void api_free_events(struct upsweb *u)
{
	for (size_t i = 0; u->events && i < EVENTS_KEPT; i++)
		buffer_free(&u->events[i]);
	free(u->events);
}

/* Those in memory, newest first. */
static void send_kept_events(struct upsweb *u, struct http_call *c, const char *id, long before,
			     long limit)
{
	struct buffer b = {0}, wanted = {0};

	if (id) {
		buffer_append_str(&wanted, "\"id\":");
		json_append_string(&wanted, id);
		buffer_append_char(&wanted, ',');
	}
	buffer_append_str(&b, "{\"events\":[");
	for (long long n = u->event_number; n > u->event_number - (long long)u->event_count; n--) {
		struct buffer *json = &u->events[(n - 1) % EVENTS_KEPT];

		if ((before > 0 && n >= before) ||
		    (id && !strstr(buffer_string(json), buffer_string(&wanted))))
			continue;
		if (limit-- <= 0)
			break;
		buffer_append_str(&b, b.data[b.len - 1] == '[' ? "" : ",");
		buffer_append(&b, json->data, json->len);
	}
	buffer_append_str(&b, "]}");
	buffer_free(&wanted);
	http_reply_json(c->req, HTTP_OK, &b);
}

static void get_log(struct upsweb *u, struct http_call *c)
{
	const char *id = http_query(c, "id");
	long before, limit;
	struct question *q;

	if (!query_number(c, "before", 0, &before) || !query_number(c, "limit", LOG_PAGE, &limit))
		return;
	if (!u->history) {
		send_kept_events(u, c, id, before, limit);
		return;
	}
	q = new_question(u, c, "application/json", NULL);
	if (q)
		await(u, q, history_ask_log(u->history, id, before, limit, on_answer, q));
}

/* ----------------------------------------------------------------------- health */

/* Strict: everything that is watched is there and fresh. */
static void get_health(struct upsweb *u, struct http_call *c)
{
	struct buffer b = {0};
	size_t bad = 0;

	if (http_query(c, "strict")) {
		for (size_t i = 0; i < fleet_count(u->fleet); i++) {
			const struct fleet_device *d = fleet_at(u->fleet, i);

			if (fleet_device_condition(d) == FLEET_OK)
				continue;
			bad++;
			buffer_appendf(&b, "%s: %s\n", fleet_device_id(d),
				       fleet_condition_word(fleet_device_condition(d)));
		}
		for (size_t i = 0; i < fleet_site_count(u->fleet); i++) {
			const char *why = fleet_site_why(u->fleet, i);

			if (!*why)
				continue;
			bad++;
			buffer_appendf(&b, "%s: %s\n", fleet_site_at(u->fleet, i)->host, why);
		}
		if (fleet_count(u->fleet) == 0 && ++bad)
			buffer_append_str(&b, "no UPS is known\n");
	}
	if (!bad)
		buffer_append_str(&b, "ok\n");
	http_reply(c->req, bad ? HTTP_SERVUNAVAIL : HTTP_OK, "text/plain; charset=utf-8", &b);
}

static void get_metrics(struct upsweb *u, struct http_call *c)
{
	enum metrics_form form = metrics_form(http_header(c, "Accept"));
	struct buffer b = {0};

	metrics_write(u->fleet, u->names, http_query(c, "ups"), form, &b);
	http_reply(c->req, HTTP_OK, metrics_type(form), &b);
}

static void get_page(struct upsweb *u, struct http_call *c)
{
	page_send(c, u->fleet);
}

/* ----------------------------------------------------------------------- routes */

static const struct route {
	const char *path;
	enum evhttp_cmd_type method;
	void (*answer)(struct upsweb *u, struct http_call *c);
} routes[] = {
	{"/", EVHTTP_REQ_GET, get_page},
	{"/healthz", EVHTTP_REQ_GET, get_health},
	{"/metrics", EVHTTP_REQ_GET, get_metrics},
	/* The address that the exporter has for it. */
	{"/ups_metrics", EVHTTP_REQ_GET, get_metrics},
	{"/api/v1/ups", EVHTTP_REQ_GET, get_list},
	{"/api/v1/events", EVHTTP_REQ_GET, get_events},
	{"/api/v1/log", EVHTTP_REQ_GET, get_log},
	{"/api/v1/history", EVHTTP_REQ_GET, get_history},
	{"/api/v1/export", EVHTTP_REQ_GET, get_export},
	{"/api/v1/session", EVHTTP_REQ_GET, api_session},
	{"/api/v1/commands", EVHTTP_REQ_GET, api_commands},
	{"/api/v1/settings", EVHTTP_REQ_GET, api_settings},
	{"/api/v1/login", EVHTTP_REQ_POST, api_login},
	{"/api/v1/logout", EVHTTP_REQ_POST, api_logout},
	{"/api/v1/command", EVHTTP_REQ_POST, api_command},
	{"/api/v1/setting", EVHTTP_REQ_POST, api_setting},
};

void api_call(void *arg, struct http_call *c)
{
	static const char one[] = "/api/v1/ups/";
	struct upsweb *u = arg;
	enum evhttp_cmd_type method = c->method == EVHTTP_REQ_HEAD ? EVHTTP_REQ_GET : c->method;

	if (method == EVHTTP_REQ_GET && str_starts(c->path, one)) {
		get_one(u, c, c->path + sizeof(one) - 1);
		return;
	}
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!str_equal(c->path, routes[i].path))
			continue;
		if (method == routes[i].method &&
		    !(routes[i].answer == get_events && c->method != method))
			routes[i].answer(u, c);
		else
			http_reply_error(c->req, HTTP_BADMETHOD, "not by this method");
		return;
	}
	http_reply_error(c->req, HTTP_NOTFOUND, "there is nothing at that address");
}
