#include "config.h"

#include "server/subscription.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "server/reply.h"

/* Gathers one batch of changes: what must come first goes straight to the
 * client, the rest waits behind it. */
struct batch {
	struct subscription *s;
	struct buffer *out;
	bool all; /* the present state: deletions are no news */
	bool status_sent;
	struct buffer *rest;
};

static bool matches(const struct subscription *s, const char *name)
{
	if (!s->pattern_count)
		return true;
	for (size_t i = 0; i < s->pattern_count; i++)
		if (str_glob(s->patterns[i], name))
			return true;
	return false;
}

static bool is_status(const char *name)
{
	return str_caseequal(name, "ups.status");
}

static void append_var(const struct subscription *s, const struct state_var *var,
		       struct buffer *out)
{
	reply_begin(out, "EVENT VAR", s->spelling, state_var_name(var));
	buffer_append_char(out, ' ');
	ups_append_value(s->ups, var, out);
	reply_end(out);
}

static void append_state(struct subscription *s, struct buffer *out)
{
	s->availability = s->ups->availability;
	reply_begin(out, "EVENT STATE", s->spelling, netwire_availability_word(s->availability));
	reply_end(out);
}

static void take_change(void *arg, const struct state_change *c)
{
	struct batch *b = arg;

	switch (c->kind) {
	case STATE_VAR_VALUE:
		if (!matches(b->s, c->name))
			break;
		if (is_status(c->name) && !b->all) {
			append_var(b->s, c->var, b->out);
			b->status_sent = true;
		} else {
			append_var(b->s, c->var, b->rest);
		}
		break;
	case STATE_VAR_DELETED:
		if (b->all || !matches(b->s, c->name))
			break;
		reply_begin(b->rest, "EVENT DELVAR", b->s->spelling, c->name);
		reply_end(b->rest);
		break;
	default: /* flags, ranges and commands are no part of the events */
		break;
	}
}

/* The latch changes what ups.status shows without any change of the tree. */
static void append_latched_status(struct batch *b)
{
	const struct state_var *status = state_find(b->s->ups->state, "ups.status");

	if (b->s->fsd == b->s->ups->fsd)
		return;
	b->s->fsd = b->s->ups->fsd;
	if (status && !b->status_sent && matches(b->s, "ups.status"))
		append_var(b->s, status, b->out);
}

static void send_present(struct subscription *s)
{
	struct buffer *out = lineconn_out(s->conn);
	struct batch b = {.s = s, .out = out, .rest = out, .all = true};

	state_changes(s->ups->state, &s->observer, take_change, &b);
	s->fsd = s->ups->fsd;
	append_state(s, out);
	reply_begin(out, "EVENT SYNC", s->spelling, NULL);
	reply_end(out);
}

void subscription_send(struct subscription *s)
{
	struct buffer rest = {0};
	struct batch b = {.s = s, .rest = &rest};

	if (lineconn_backlog(s->conn) > SUBSCRIPTION_MAX_BACKLOG)
		return;
	b.out = lineconn_out(s->conn);
	state_changes(s->ups->state, &s->observer, take_change, &b);
	append_latched_status(&b);
	if (s->availability != s->ups->availability)
		append_state(s, b.out);
	if (rest.failed)
		b.out->failed = true; /* an event is missing: better no connection than that */
	buffer_append(b.out, rest.data, rest.len);
	buffer_free(&rest);
}

static void notified(struct state_observer *o, void *arg)
{
	(void)o;
	subscription_send(arg);
}

bool subscription_pattern_ok(const char *pattern)
{
	if (!*pattern || strlen(pattern) > STATE_MAX_NAME)
		return false;
	for (const char *p = pattern; *p; p++)
		if (!isgraph((unsigned char)*p) || strchr("\"\\#=", *p))
			return false;
	return true;
}

static void free_text(struct subscription *s)
{
	for (size_t i = 0; s->patterns && i < s->pattern_count; i++)
		free(s->patterns[i]);
	free(s->patterns);
	free(s->spelling);
	free(s);
}

static bool copy_text(struct subscription *s, const char *spelling, char *const *patterns)
{
	s->spelling = str_dup(spelling);
	if (!s->spelling)
		return false;
	if (!s->pattern_count)
		return true;
	s->patterns = calloc(s->pattern_count, sizeof(*s->patterns));
	for (size_t i = 0; s->patterns && i < s->pattern_count; i++) {
		s->patterns[i] = str_dup(patterns[i]);
		if (!s->patterns[i])
			return false;
	}
	return s->patterns != NULL;
}

struct subscription *subscription_new(struct ups *ups, struct lineconn *conn,
				      struct subscription_list *list, const char *spelling,
				      size_t pattern_count, char *const *patterns)
{
	struct subscription *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->ups = ups;
	s->conn = conn;
	s->pattern_count = pattern_count;
	s->observer.notify = notified;
	s->observer.arg = s;
	if (!copy_text(s, spelling, patterns)) {
		free_text(s);
		return NULL;
	}
	state_observe(ups->state, &s->observer, true);
	LIST_INSERT_HEAD(&ups->subscriptions, s, of_ups);
	LIST_INSERT_HEAD(list, s, of_client);
	send_present(s);
	return s;
}

void subscription_free(struct subscription *s)
{
	state_unobserve(s->ups->state, &s->observer);
	LIST_REMOVE(s, of_ups);
	LIST_REMOVE(s, of_client);
	free_text(s);
}

struct subscription *subscription_find(struct subscription_list *list, const struct ups *ups)
{
	struct subscription *s;

	LIST_FOREACH(s, list, of_client)
	if (s->ups == ups)
		return s;
	return NULL;
}

void subscription_gone(struct subscription *s)
{
	struct buffer *out = lineconn_out(s->conn);

	reply_begin(out, "EVENT GONE", s->spelling, NULL);
	reply_end(out);
	subscription_free(s);
}
