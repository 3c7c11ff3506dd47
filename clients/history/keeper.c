#include "config.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clients/history/answer.h"
#include "clients/history/history_private.h"
#include "common/base/clock.h"
#include "common/base/helper.h"
#include "common/base/sandbox.h"
#include "common/base/str.h"
#include "common/base/words.h"
#include "common/net/lineconn.h"

enum {
	TIDY_S = 60,
	EVENTS_WAITING = 1000,
	SERIES_MAX = 100000,
	BUCKETS = 4096,
	CHUNK = 8192,
	WHY_SIZE = 200,
};

/* A variable, and what it was since the last tick. */
struct series {
	struct series *next;
	char *id, *var;
	double value, low, high, sum; /* sum: value times ms */
	long long since_ms, known_ms; /* since when it has `value`; how long it had one */
	bool has_value;
};

struct waiting {
	struct waiting *next;
	struct history_event e;
};

struct keeper {
	struct loop *loop;
	struct lineconn *parent;
	struct loop_timer *tick;
	const char *path;
	struct history_store *store;
	struct series *series[BUCKETS];
	struct waiting *first, **last;
	size_t series_count, waiting_count;
	bool in_trouble;
	long long tidied; /* Unix time, s */
};

/* -------------------------------------------------------------------- trouble */

static void say(struct keeper *k, const char *what, const char *text)
{
	struct buffer *out = lineconn_out(k->parent);

	buffer_appendf(out, "%s ", what);
	words_append_quoted(out, text);
	buffer_append_char(out, '\n');
}

static void trouble(struct keeper *k, const char *why)
{
	if (!k->in_trouble)
		say(k, "TROUBLE", why);
	k->in_trouble = true;
}

static bool open_store(struct keeper *k)
{
	char why[WHY_SIZE];
	bool aside;

	if (k->store)
		return true;
	if (history_store_open(&k->store, k->path, &aside, why, sizeof(why)) != HISTORY_OK)
		trouble(k, why);
	if (aside)
		say(k, "ASIDE", k->path);
	return k->store;
}

/* True if it went well. A broken file is opened anew, which puts it aside. */
static bool fine(struct keeper *k, enum history_result r)
{
	if (r == HISTORY_OK)
		return true;
	trouble(k, history_store_why(k->store));
	if (r != HISTORY_NO_ROOM) {
		history_store_close(k->store);
		k->store = NULL;
	}
	return false;
}

/* --------------------------------------------------------------------- values */

static void account(struct series *s, long long now_ms)
{
	long long span = now_ms - s->since_ms;

	if (s->has_value && span > 0) {
		s->sum += s->value * (double)span;
		s->known_ms += span;
	}
	s->since_ms = now_ms;
}

static void begin_span(struct series *s)
{
	s->low = s->high = s->value;
	s->sum = 0;
	s->known_ms = 0;
}

static struct series **bucket(struct keeper *k, const char *id, const char *var)
{
	uint32_t hash = 2166136261u;

	for (const char *c = id; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	for (const char *c = var; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return &k->series[hash % BUCKETS];
}

static struct series *find_series(struct keeper *k, const char *id, const char *var)
{
	for (struct series *s = *bucket(k, id, var); s; s = s->next)
		if (str_equal(s->id, id) && str_equal(s->var, var))
			return s;
	return NULL;
}

static struct series *make_series(struct keeper *k, const char *id, const char *var)
{
	struct series *s = k->series_count < SERIES_MAX ? calloc(1, sizeof(*s)) : NULL;
	struct series **at = bucket(k, id, var);

	if (!s)
		return NULL;
	s->id = str_dup(id);
	s->var = str_dup(var);
	if (!s->id || !s->var) {
		free(s->id);
		free(s->var);
		free(s);
		return NULL;
	}
	s->next = *at;
	*at = s;
	k->series_count++;
	return s;
}

static void take_value(struct keeper *k, const char *id, const char *var, const char *text)
{
	struct series *s = find_series(k, id, var);
	double value;

	if (!str_to_double(text, &value) || (!s && !(s = make_series(k, id, var))))
		return;
	account(s, clock_ms());
	s->value = value;
	if (!s->has_value && s->known_ms == 0)
		begin_span(s);
	s->has_value = true;
	s->low = fmin(s->low, value);
	s->high = fmax(s->high, value);
}

static void lose_value(struct series *s)
{
	account(s, clock_ms());
	s->has_value = false;
}

static void take_gone(struct keeper *k, const char *id, const char *var)
{
	struct series *one = *var ? find_series(k, id, var) : NULL;

	if (one)
		lose_value(one);
	for (size_t i = 0; !*var && i < BUCKETS; i++)
		for (struct series *s = k->series[i]; s; s = s->next)
			if (str_equal(s->id, id))
				lose_value(s);
}

static enum history_result write_series(struct keeper *k, struct series *s, long long at)
{
	struct history_point p = {.time = at};
	enum history_result r = HISTORY_OK;

	account(s, clock_ms());
	if (s->known_ms > 0 || s->has_value) {
		p.min = s->low;
		p.max = s->high;
		p.avg = s->known_ms > 0 ? s->sum / (double)s->known_ms : s->value;
		p.avg = fmin(fmax(p.avg, p.min), p.max);
		r = history_store_sample(k->store, s->id, s->var, &p);
	}
	begin_span(s);
	return r;
}

static enum history_result write_values(struct keeper *k, long long at)
{
	enum history_result r = HISTORY_OK;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct series *s = k->series[i]; s && r == HISTORY_OK; s = s->next)
			r = write_series(k, s, at);
	return r;
}

/* --------------------------------------------------------------------- events */

static void free_waiting(struct waiting *w)
{
	free((void *)w->e.id);
	free((void *)w->e.kind);
	free((void *)w->e.text);
	free((void *)w->e.from);
	free((void *)w->e.to);
	free((void *)w->e.cause);
	free(w);
}

static void drop_first(struct keeper *k)
{
	struct waiting *w = k->first;

	k->first = w->next;
	if (!k->first)
		k->last = &k->first;
	k->waiting_count--;
	free_waiting(w);
}

static enum history_result write_events(struct keeper *k)
{
	enum history_result r = HISTORY_OK;

	for (struct waiting *w = k->first; w && r == HISTORY_OK; w = w->next)
		r = history_store_event(k->store, &w->e);
	return r;
}

/*
 * Events, and with `at` the values of the last span, as one whole.  What could
 * not be written: events are tried again with the next ones, values are lost.
 */
static void write_all(struct keeper *k, long long at)
{
	enum history_result r;

	if (!open_store(k) || !fine(k, history_store_begin(k->store)))
		return;
	r = write_events(k);
	if (r == HISTORY_OK && at)
		r = write_values(k, at);
	if (r == HISTORY_OK)
		r = history_store_commit(k->store);
	else
		history_store_rollback(k->store);
	if (!fine(k, r))
		return;
	while (k->first)
		drop_first(k);
	if (k->in_trouble)
		buffer_append_str(lineconn_out(k->parent), "WELL\n");
	k->in_trouble = false;
}

static void take_event(struct keeper *k, const struct words *line)
{
	struct waiting *w = calloc(1, sizeof(*w));

	if (!w || !str_to_double(words_at(line, 1), &w->e.time)) {
		free(w);
		return;
	}
	w->e.id = str_dup(words_at(line, 2));
	w->e.kind = str_dup(words_at(line, 3));
	w->e.text = str_dup(words_at(line, 4));
	w->e.from = str_dup(words_at(line, 5));
	w->e.to = str_dup(words_at(line, 6));
	w->e.cause = str_dup(words_at(line, 7));
	if (k->waiting_count == EVENTS_WAITING)
		drop_first(k);
	*k->last = w;
	k->last = &w->next;
	k->waiting_count++;
	/* At once: it may be the last that this machine lives to see. */
	write_all(k, 0);
}

static void on_tick(void *arg)
{
	struct keeper *k = arg;
	struct timespec now;
	long long ms;

	clock_gettime(CLOCK_REALTIME, &now);
	write_all(k, now.tv_sec - HISTORY_STEP_S / 2);
	if (k->store && (now.tv_sec - k->tidied >= TIDY_S || now.tv_sec < k->tidied)) {
		fine(k, history_store_tidy(k->store, now.tv_sec));
		k->tidied = now.tv_sec;
	}
	/* The spans of all levels begin at whole multiples. */
	ms = now.tv_sec % HISTORY_STEP_S * 1000 + now.tv_nsec / 1000000;
	loop_timer_set(k->tick, HISTORY_STEP_S * 1000 - ms);
}

/* ------------------------------------------------------------------ questions */

static bool read_number(const struct words *w, size_t at, long long *n)
{
	long v;

	if (!str_to_long(words_at(w, at), LONG_MIN, LONG_MAX, &v))
		return false;
	*n = v;
	return true;
}

static enum history_result answer_log(struct keeper *k, const struct words *w, struct buffer *body)
{
	long long before, limit;

	if (!read_number(w, 4, &before) || !read_number(w, 5, &limit))
		return HISTORY_FAILED;
	return history_answer_log(k->store, words_at(w, 3), before, (long)limit, body);
}

static enum history_result answer_values(struct keeper *k, const struct words *w,
					 struct buffer *body)
{
	struct history_question q = {.id = words_at(w, 3)};
	long long points;

	if (!read_number(w, 4, &q.from) || !read_number(w, 5, &q.to) || !read_number(w, 6, &points))
		return HISTORY_FAILED;
	q.points = (long)points;
	q.vars = (const char *const *)words_all(w) + 7;
	q.var_count = words_count(w) > 7 ? words_count(w) - 7 : 0;
	if (str_equal(words_at(w, 2), "csv"))
		return history_answer_csv(k->store, &q, body);
	return history_answer_points(k->store, &q, body);
}

/* A part of the text that has no end of line, which a word cannot carry. */
static size_t send_part(struct keeper *k, const char *n, const char *text, size_t len)
{
	struct buffer *out = lineconn_out(k->parent);
	const char *end = memchr(text, '\n', len);
	size_t part = end ? (size_t)(end - text) : len;
	bool whole = end && part <= CHUNK;
	char word[CHUNK + 1];

	part = part > CHUNK ? CHUNK : part;
	memcpy(word, text, part);
	word[part] = '\0';
	buffer_appendf(out, "%s %s ", whole ? "LINE" : "BODY", n);
	words_append_quoted(out, word);
	buffer_append_char(out, '\n');
	return part + whole;
}

static void answer(struct keeper *k, const struct words *w)
{
	struct buffer body = {.max = HISTORY_BACKLOG * 4}, *out = lineconn_out(k->parent);
	const char *n = words_at(w, 1), *why = "";
	enum history_result r;

	if (!open_store(k)) {
		why = "the history cannot be opened";
	} else {
		r = str_equal(words_at(w, 2), "log") ? answer_log(k, w, &body)
						     : answer_values(k, w, &body);
		if (!fine(k, r))
			why = "the history cannot be read";
		else if (body.failed)
			why = "the answer is too large: ask for less";
	}
	for (size_t at = 0; !*why && at < body.len;)
		at += send_part(k, n, body.data + at, body.len - at);
	buffer_appendf(out, "DONE %s \"%s\"\n", n, why);
	buffer_free(&body);
}

/* ----------------------------------------------------------------------- life */

static void on_line(struct lineconn *c, void *arg, const struct words *w)
{
	struct keeper *k = arg;
	const char *what = words_at(w, 0);

	(void)c;
	if (str_equal(what, "VALUE"))
		take_value(k, words_at(w, 1), words_at(w, 2), words_at(w, 3));
	else if (str_equal(what, "GONE"))
		take_gone(k, words_at(w, 1), words_at(w, 2));
	else if (str_equal(what, "EVENT"))
		take_event(k, w);
	else if (str_equal(what, "ASK"))
		answer(k, w);
}

static void on_closed(struct lineconn *c, void *arg, enum lineconn_end why, int err)
{
	struct keeper *k = arg;

	(void)c;
	(void)why;
	(void)err;
	loop_stop(k->loop);
}

static void fence(const char *path)
{
	char folder[PATH_MAX];
	char *slash;

	if (!str_copy(folder, sizeof(folder), path) || !(slash = strrchr(folder, '/')))
		return;
	*(slash == folder ? slash + 1 : slash) = '\0';
	sandbox_enter(SANDBOX_NO_PROGRAMS,
		      &(struct sandbox_path){.path = folder, .access = SANDBOX_WRITE}, 1);
}

void history_keeper(const char *path)
{
	static const struct lineconn_ops ops = {.line = on_line, .closed = on_closed};
	static const struct lineconn_limits limits = {.words = {HISTORY_WORDS, HISTORY_LINE},
						      .max_backlog = HISTORY_BACKLOG * 8};
	struct keeper k = {.path = path, .loop = loop_new(), .last = &k.first};

	if (sandbox_wanted(true))
		fence(path);
	k.parent = k.loop ? lineconn_new(k.loop, HELPER_FD, &ops, &limits, &k) : NULL;
	k.tick = k.loop ? loop_timer_new(k.loop, on_tick, &k) : NULL;
	if (!k.parent || !k.tick)
		_exit(1);
	open_store(&k);
	on_tick(&k);
	loop_run(k.loop);
	write_all(&k, time(NULL));
	history_store_close(k.store);
	_exit(0);
}
