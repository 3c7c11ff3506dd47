#include "config.h"

#include "clients/upsweb/streams.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>

#include "common/base/json.h"

enum {
	BATCH = 256 * 1024,     /* bytes in one writing */
	EVENTS_WAITING = 65536, /* bytes of events for one stream; beyond, they are left out */
	BEAT_MS = 15000,
	STUCK_S = 60, /* a browser that takes nothing for so long has gone */
};

struct stream {
	struct stream *next, **prev;
	struct streams *all;
	struct evhttp_request *req;
	struct evhttp_connection *connection;
	struct http_hold *hold;
	struct device *device; /* NULL: of all UPSes */
	struct state_observer observer;
	uint64_t seen;
	bool ready;   /* it has been told of all once */
	bool writing; /* until the last part has left */
	struct buffer events;
};

struct streams {
	struct loop *loop;
	struct devices *devices;
	struct stream *first;
	struct loop_deferred wake;
	struct loop_timer *beat;
	size_t count;
};

/* ------------------------------------------------------------------ one stream */

static void free_stream(struct stream *st)
{
	if (st->device && st->device->fleet)
		state_unobserve(fleet_device_values(st->device->fleet), &st->observer);
	if (st->next)
		st->next->prev = st->prev;
	*st->prev = st->next;
	st->all->count--;
	buffer_free(&st->events);
	free(st);
}

static void on_lost(void *arg)
{
	free_stream(arg);
}

static void end_stream(struct stream *st)
{
	struct evhttp_request *req = st->req;

	http_hold_end(st->hold);
	free_stream(st);
	evhttp_send_reply_end(req);
}

static void flush_stream(struct stream *st);

static void on_written(struct evhttp_connection *c, void *arg)
{
	struct streams *s = arg;

	/* By its connection: the stream itself may have ended meanwhile. */
	for (struct stream *st = s->first; st; st = st->next)
		if (st->connection == c) {
			st->writing = false;
			flush_stream(st);
			return;
		}
}

static void send_text(struct stream *st, struct buffer *b)
{
	struct evbuffer *out = evbuffer_new();

	if (out && !b->failed && evbuffer_add(out, b->data, b->len) == 0) {
		st->writing = true;
		evhttp_send_reply_chunk_with_cb(st->req, out, on_written, st->all);
	}
	if (out)
		evbuffer_free(out);
	buffer_free(b);
}

/* -------------------------------------------------------------------- contents */

static void append_event(struct buffer *b, const char *name, const struct buffer *json)
{
	buffer_appendf(b, "event: %s\ndata: ", name);
	buffer_append(b, json->data, json->len);
	buffer_append_str(b, "\n\n");
}

static void append_gone(struct buffer *b, const struct device *d)
{
	buffer_append_str(b, "event: gone\ndata: {\"id\":");
	json_append_string(b, d->id);
	buffer_append_str(b, "}\n\n");
}

/* What has changed of all UPSes, as much as goes into one batch. */
static void append_devices(struct stream *st, struct buffer *b)
{
	for (struct device *d = devices_after(st->all->devices, st->seen); d && b->len < BATCH;
	     d = d->newer) {
		if (d->fleet)
			append_event(b, "ups", device_json(d));
		else if (st->ready)
			append_gone(b, d);
		st->seen = d->changed;
	}
	if (!st->ready && st->seen == devices_last_change(st->all->devices)) {
		st->ready = true;
		buffer_append_str(b, "event: ready\ndata: {}\n\n");
	}
}

struct change {
	struct buffer set, unset;
};

static void note_change(void *arg, const struct state_change *c)
{
	struct change *all = arg;

	if (c->kind == STATE_VAR_VALUE) {
		buffer_append_str(&all->set, all->set.len ? "," : "");
		json_append_string(&all->set, c->name);
		buffer_append_char(&all->set, ':');
		json_append_string(&all->set, state_var_value(c->var));
	} else if (c->kind == STATE_VAR_DELETED) {
		buffer_append_str(&all->unset, all->unset.len ? "," : "");
		json_append_string(&all->unset, c->name);
	}
}

static void append_variables(struct stream *st, struct buffer *b)
{
	struct change all = {0};

	st->seen = devices_last_change(st->all->devices);
	state_changes(fleet_device_values(st->device->fleet), &st->observer, note_change, &all);
	if (all.set.len || all.unset.len) {
		buffer_append_str(b, "event: vars\ndata: {\"id\":");
		json_append_string(b, st->device->id);
		buffer_appendf(b, ",\"set\":{%s},", buffer_string(&all.set));
		buffer_appendf(b, "\"unset\":[%s]}\n\n", buffer_string(&all.unset));
	}
	buffer_free(&all.set);
	buffer_free(&all.unset);
}

static void flush_stream(struct stream *st)
{
	struct buffer b = {0};

	if (st->writing)
		return;
	/* It has missed that one has gone: the browser asks anew, and is told of all. */
	if (!st->device && st->ready && st->seen < devices_forgotten(st->all->devices)) {
		end_stream(st);
		return;
	}
	if (st->device)
		append_variables(st, &b);
	else
		append_devices(st, &b);
	if (st->events.len)
		buffer_append(&b, st->events.data, st->events.len);
	buffer_free(&st->events);
	if (b.len)
		send_text(st, &b);
}

/* ------------------------------------------------------------------------- all */

static void on_wake(void *arg)
{
	struct streams *s = arg;

	for (struct stream *st = s->first, *next; st; st = next) {
		next = st->next;
		flush_stream(st);
	}
}

void streams_wake(struct streams *s)
{
	if (s->first)
		loop_defer(s->loop, &s->wake, on_wake, s);
}

/* So that a proxy keeps the connection, and a dead one is noticed. */
static void on_beat(void *arg)
{
	struct streams *s = arg;

	for (struct stream *st = s->first, *next; st; st = next) {
		struct buffer b = {0};

		next = st->next;
		if (st->writing)
			continue;
		buffer_append_str(&b, ": alive\n\n");
		send_text(st, &b);
	}
	loop_timer_set(s->beat, BEAT_MS);
}

/* Nothing more is to come from the browser, however long it takes, until it leaves; and what it
 * does send is not kept. It only has to take what we send. */
static void watch_peer(struct stream *st)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(st->connection);
	const struct timeval stuck = {.tv_sec = STUCK_S};

	bufferevent_set_timeouts(bev, NULL, &stuck);
	bufferevent_enable(bev, EV_READ);
}

void streams_open(struct streams *s, struct http *h, struct http_call *c, struct device *d)
{
	struct stream *st = s->count < STREAMS_MAX ? calloc(1, sizeof(*st)) : NULL;
	struct buffer hello = {0};

	if (!st || !(st->hold = http_hold(h, c->req, on_lost, st))) {
		free(st);
		http_reply_error(c->req, HTTP_SERVUNAVAIL, "too many pages are open");
		return;
	}
	st->all = s;
	st->req = c->req;
	st->connection = evhttp_request_get_connection(c->req);
	st->device = d;
	st->next = s->first;
	st->prev = &s->first;
	if (st->next)
		st->next->prev = &st->next;
	s->first = st;
	s->count++;
	if (d)
		state_observe(fleet_device_values(d->fleet), &st->observer, false);
	http_head(c->req, "text/event-stream");
	/* nginx: do not collect it. */
	evhttp_add_header(evhttp_request_get_output_headers(c->req), "X-Accel-Buffering", "no");
	evhttp_send_reply_start(c->req, HTTP_OK, NULL);
	watch_peer(st);
	buffer_append_str(&hello, "retry: 2000\n\n");
	send_text(st, &hello);
}

void streams_gone(struct streams *s, const struct device *d)
{
	for (struct stream *st = s->first, *next; st; st = next) {
		next = st->next;
		if (st->device == d)
			end_stream(st);
	}
}

void streams_event(struct streams *s, const struct history_event *e)
{
	struct buffer json = {0}, whole = {0};

	history_event_json(&json, e);
	append_event(&whole, "log", &json);
	for (struct stream *st = s->first; st; st = st->next)
		/* In one piece: where there is no room it is left out whole. */
		if (!st->device && !whole.failed && whole.len <= EVENTS_WAITING - st->events.len)
			buffer_append(&st->events, whole.data, whole.len);
	buffer_free(&json);
	buffer_free(&whole);
	streams_wake(s);
}

size_t streams_count(const struct streams *s)
{
	return s->count;
}

struct streams *streams_new(struct loop *l, struct devices *devices)
{
	struct streams *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->loop = l;
	s->devices = devices;
	s->beat = loop_timer_new(l, on_beat, s);
	if (!s->beat) {
		free(s);
		return NULL;
	}
	loop_timer_set(s->beat, BEAT_MS);
	return s;
}

void streams_free(struct streams *s)
{
	if (!s)
		return;
	while (s->first)
		end_stream(s->first);
	loop_defer_cancel(&s->wake);
	loop_timer_free(s->beat);
	free(s);
}
