/*
 * Full polls, quick polls, and what comes between them.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/engine/engine_private.h"

static const char token[] = "map";

enum {
	MOST_FAILURES =
		3, /* transfers of one poll; a device that hangs is not asked for the rest */
	ALARM_TEXT_MAX = 1024,
	MOST_PASSES = 6, /* of the first poll */
	MOST_MISSES = 3, /* full polls without a value until it is taken back */
};

/* A status that decides over shutdowns. */
static bool is_vital(const struct engine_row *r)
{
	const struct map_row *row = r->row;

	return row->kind == MAP_STATUS &&
	       (row->word == MAPWORD_ONLINE || row->word == MAPWORD_DISCHRG ||
		row->word == MAPWORD_LOWBATT || row->word == MAPWORD_NONE);
}

/* It is not to be guessed from what was read before: without it there is no reading.  What the device
 * never gave is not missed. */
static bool misses(const struct engine *e, const struct engine_row *r, enum device_result result)
{
	if (!is_vital(r) || e->options.passive)
		return false;
	return result == DEVICE_NONE || (result == DEVICE_REFUSED && r->given);
}

static bool hangs(const struct engine *e)
{
	struct device_counts now;

	e->device.counts(e->device.arg, &now);
	return now.failed - e->counts.failed >= MOST_FAILURES;
}

/* As old as a row may be at a full poll. */
static unsigned long age_of(const struct engine *e, const struct map_row *row)
{
	if (e->options.passive || (row->flags & MAP_STATIC))
		return 0;
	if (row->flags & MAP_SLOW)
		return e->slow_since;
	return e->poll;
}

/* Tells the host that the device lives, while a poll of many transfers goes on.  Not on the word of
 * values that decide nothing: after a poll that failed only a whole one counts. */
static void note_transfers(struct engine *e)
{
	struct device_counts now;

	e->device.counts(e->device.arg, &now);
	if (now.good != e->good && e->decided && !e->troubled)
		e->host.alive(e->host.arg);
	e->good = now.good;
}

static bool name_taken(struct engine *e, const struct engine_row *r)
{
	const struct engine_row *other = engine_find_variable(e, r->name);

	return other && other != r && other->in_use;
}

/* A value that the device does not give any more is taken back after a while. */
static void count_miss(struct engine *e, struct engine_row *r)
{
	if (++r->misses < MOST_MISSES || !r->published || r->otherwise)
		return;
	log_debug(1, token, "%s is not given any more", r->name);
	state_delete(e->host.state, r->name);
	r->published = false;
}

static enum device_result full_row(struct engine *e, struct engine_row *r)
{
	enum device_result result;

	/* What did not count at first, when(), may do so now. */
	if (!r->in_use && e->decided && r->row->when && !r->given && !name_taken(e, r))
		r->in_use = true;
	if (!r->in_use && (e->decided || name_taken(e, r)))
		return DEVICE_OK;
	result = engine_take_row(e, r, age_of(e, r->row));
	if (result == DEVICE_OK && (r->made || r->row->kind != MAP_VAR))
		r->misses = 0;
	else if (r->in_use)
		count_miss(e, r);
	/* A place that the device refuses, or of which nothing is made, leaves its variable to the
	 * next row. */
	if (!e->decided && r->row->kind == MAP_VAR &&
	    (result == DEVICE_NONE || (result == DEVICE_OK && (r->made || r->otherwise))))
		r->in_use = true;
	return result;
}

static bool to_read(const struct engine *e, const struct engine_row *r)
{
	return r->here && r->row->kind != MAP_CMD && !r->constant && !r->own &&
	       engine_row_counts(e, r);
}

/* A timer that does not run can wait for the next full poll. */
static bool rests(const struct engine *e, const struct engine_row *r)
{
	const char *text = NULL;

	if (r->row->kind == MAP_VAR && str_starts(r->name, "ups.timer."))
		text = state_get(e->host.state, r->name);
	return text && text[0] == '-';
}

static bool is_list(const struct engine *e, const struct engine_row *r)
{
	return r->place && e->device.is_list && e->device.is_list(e->device.arg, r->place);
}

static bool to_read_quickly(const struct engine *e, const struct engine_row *r)
{
	bool quick = (r->row->flags & MAP_QUICK) || r == e->pulse ||
		     (e->options.quick_status && r->row->kind == MAP_STATUS && !is_list(e, r));

	return quick && r->in_use && to_read(e, r) && !rests(e, r);
}

/* Where no row is quick one of them is: a quick poll that asks nothing would call a dead device
 * alive. */
static void find_pulse(struct engine *e)
{
	const struct engine_row *any = NULL;

	for (size_t i = 0; i < e->count; i++) {
		const struct engine_row *r = e->rows[i];

		if (to_read_quickly(e, r) && r->place)
			return;
		if (!any && !(r->row->flags & (MAP_STATIC | MAP_SLOW)) && r->place && r->given &&
		    r->in_use && to_read(e, r) && !is_list(e, r))
			any = r;
	}
	e->pulse = any;
}

/* Where no row made something the first one that was given may do so later. */
static void decide(struct engine *e)
{
	for (size_t i = 0; i < e->count; i++) {
		struct engine_row *r = e->rows[i];

		if (r->row->kind == MAP_VAR && r->given && !r->in_use && !name_taken(e, r))
			r->in_use = true;
	}
	e->decided = true;
	engine_publish_known(e);
	/* What a HID device sends by itself is newer than what it is asked for: it has quick rows. */
	if (e->device.prepare)
		find_pulse(e);
}

/* ------------------------------------------------------------------------ many at once */

struct wants {
	struct device_want *list;
	size_t count;
};

static void want(struct wants *w, const void *place, unsigned long since)
{
	if (place)
		w->list[w->count++] = (struct device_want){place, since};
}

/* At first everything that a row names, since only then it is known what there is. */
static void want_row(const struct engine *e, struct wants *w, const struct engine_row *r,
		     bool quick)
{
	bool first = !e->decided && e->device.exists;

	if (first && r->seen)
		return;
	/* The device remembers how long it is of no use to ask again. */
	first = first || (!quick && !r->here && e->device.exists);
	if (first) {
		want(w, r->only_if, 0);
		want(w, r->unless, 0);
	}
	if (!quick && (first || to_read(e, r)))
		want(w, r->asked_if, e->poll);
	/* A list is walked when its row is read. */
	if (is_list(e, r))
		return;
	if (first || (quick ? to_read_quickly(e, r) : to_read(e, r) && (r->in_use || !e->decided)))
		want(w, r->place, age_of(e, r->row));
}

static enum device_result prepare(struct engine *e, bool quick)
{
	struct wants w = {NULL, 0};
	enum device_result result;

	if (!e->device.prepare)
		return DEVICE_OK;
	w.list = calloc(4 * e->count + 1, sizeof(*w.list));
	if (!w.list)
		return DEVICE_NONE;
	for (size_t i = 0; i < e->count; i++)
		want_row(e, &w, e->rows[i], quick);
	result = e->device.prepare(e->device.arg, w.list, w.count);
	free(w.list);
	return result;
}

/* ------------------------------------------------------------------------------ polls */

static void begin(struct engine *e)
{
	e->poll = e->device.begin(e->device.arg);
	e->device.counts(e->device.arg, &e->counts);
}

static enum engine_result engine_failure(enum device_result r)
{
	return r == DEVICE_GONE ? ENGINE_GONE : ENGINE_FAILED;
}

/* What a full poll came to. */
struct outcome {
	bool good, vital_missing;
	size_t seen; /* rows, in the first poll */
};

/*
 * Rows in the order of the map, which may rely on it; in the first poll those that were not
 * seen yet.  Without a status that decides the rest is of no use: a device that hangs there
 * is soon known for it.
 */
static enum engine_result read_rows(struct engine *e, bool of_phases, struct outcome *o)
{
	for (size_t i = 0; i < e->count && !(e->decided && o->vital_missing); i++) {
		struct engine_row *r = e->rows[i];
		enum device_result result;

		if ((r->row->phases_of != NULL) != of_phases || !to_read(e, r) ||
		    (!e->decided && r->seen))
			continue;
		result = full_row(e, r);
		r->seen = true;
		o->seen++;
		if (result == DEVICE_GONE || hangs(e))
			return engine_failure(result);
		o->good = o->good || result == DEVICE_OK;
		o->vital_missing = o->vital_missing || misses(e, r, result);
		if (!o->vital_missing)
			note_transfers(e);
	}
	return ENGINE_OK;
}

/*
 * What the device did not have when it was found, and has now: a card may answer before it has
 * heard of its UPS.
 */
static enum engine_result look_again(struct engine *e)
{
	bool any = false, more;

	for (size_t i = 0; i < e->count; i++) {
		struct engine_row *r = e->rows[i];

		if (r->here || !engine_row_is_there(e, r))
			continue;
		r->here = any = true;
		if (r->place)
			e->rows_here++;
		if (r->row->kind == MAP_VAR && !name_taken(e, r))
			r->in_use = true;
	}
	/* A number that was found is read only after this: templates by it come with the next poll. */
	if ((any || e->grown) && !engine_templates_expand(e, &more))
		return ENGINE_FAILED;
	if (any)
		engine_publish_known(e);
	e->grown = any;
	return ENGINE_OK;
}

/* Rows of some phases come last: how many there are may be told by a row behind them. */
static enum engine_result full_pass(struct engine *e, struct outcome *o)
{
	enum device_result prepared = prepare(e, false);
	enum engine_result result;

	if (prepared != DEVICE_OK)
		return engine_failure(prepared);
	if (!e->decided)
		engine_rows_settle(e);
	else if (e->device.exists && (result = look_again(e)) != ENGINE_OK)
		return result;
	result = read_rows(e, false, o);
	return result == ENGINE_OK ? read_rows(e, true, o) : result;
}

/* How many there are of something, and of how many phases, is known once it was read: then come
 * its rows. */
static enum engine_result first_passes(struct engine *e, struct outcome *o)
{
	enum engine_result result;
	bool more = true;
	size_t seen;

	for (size_t i = 0; i < e->count; i++)
		e->rows[i]->seen = false;
	for (int pass = 0; more && pass < MOST_PASSES; pass++) {
		seen = o->seen;
		result = full_pass(e, o);
		if (result != ENGINE_OK)
			return result;
		if (!engine_templates_expand(e, &more))
			return ENGINE_FAILED;
		more = more || o->seen != seen;
	}
	return ENGINE_OK;
}

static enum engine_result full_poll(struct engine *e)
{
	struct outcome o = {false, false, 0};
	enum engine_result result = e->decided ? full_pass(e, &o) : first_passes(e, &o);

	if (result != ENGINE_OK)
		return result;
	if (!o.good || o.vital_missing)
		return ENGINE_FAILED;
	if (!e->decided)
		decide(e);
	return ENGINE_OK;
}

static enum engine_result quick_poll(struct engine *e)
{
	enum device_result result = prepare(e, true);
	struct mapvalue unused;

	if (result != DEVICE_OK)
		return engine_failure(result);
	for (size_t i = 0; i < e->count; i++) {
		struct engine_row *r = e->rows[i];

		if (!r->place || !to_read_quickly(e, r))
			continue;
		result = e->device.read(e->device.arg, r->place, age_of(e, r->row), &unused);
		if (result == DEVICE_GONE || misses(e, r, result) || hangs(e))
			return engine_failure(result);
	}
	return ENGINE_OK;
}

/* Whatever came along in a transfer of this poll is news as well. */
static void take_what_is_here(struct engine *e)
{
	for (size_t i = 0; i < e->count; i++) {
		struct engine_row *r = e->rows[i];

		if (to_read(e, r) && r->in_use && r->place &&
		    e->device.here(e->device.arg, r->place, e->poll))
			engine_take_row(e, r, e->poll);
	}
}

static double battery_charge(const struct engine *e)
{
	const char *text = state_get(e->host.state, "battery.charge");
	double charge;

	return text && str_to_double(text, &charge) ? charge : -1;
}

static void say_alarms(struct engine *e, const char *texts)
{
	char text[ALARM_TEXT_MAX];

	while (texts && *texts) {
		size_t len = strcspn(texts, "\n");

		str_format(text, sizeof(text), "%.*s", (int)len, texts);
		e->host.alarm(e->host.arg, text);
		texts += len + (texts[len] ? 1 : 0);
	}
}

static void publish_alarms(struct engine *e)
{
	for (size_t i = 0; i < e->count; i++) {
		if (engine_row_counts(e, e->rows[i]))
			say_alarms(e, e->rows[i]->alarm);
	}
}

/* What is no UPS has no status, but alarms. */
static void publish_alarms_alone(struct engine *e)
{
	if (!e->host.alarm_begin)
		return;
	e->host.alarm_begin(e->host.arg);
	publish_alarms(e);
}

static void publish_status(struct engine *e, long long now_ms)
{
	const struct engine_status_sink sink = {e->host.status, e->host.alarm, e->host.arg};
	const char *reason = engine_status_transfer_reason(&e->status);

	e->host.status_begin(e->host.arg);
	engine_status_compose(&e->status, &e->options.rules, battery_charge(e), now_ms, &sink);
	publish_alarms(e);
	if (reason)
		e->host.set_text(e->host.arg, "input.transfer.reason", reason);
	else if (!engine_find_variable(e, "input.transfer.reason"))
		state_delete(e->host.state, "input.transfer.reason");
}

static enum engine_result read_full(struct engine *e, long long now_ms)
{
	enum engine_result result;

	begin(e);
	if (e->fulls % e->options.slow_fulls == 0)
		e->slow_since = e->poll;
	result = full_poll(e);
	if (result != ENGINE_OK)
		return result;
	e->fulls++;
	e->full_due_ms = now_ms + e->options.full_s * 1000;
	e->quick_due_ms = now_ms + e->options.quick_s * 1000;
	return ENGINE_OK;
}

static enum engine_result read_quick(struct engine *e, long long now_ms)
{
	enum engine_result result;

	begin(e);
	result = quick_poll(e);
	if (result != ENGINE_OK)
		return result;
	take_what_is_here(e);
	e->quick_due_ms = now_ms + e->options.quick_s * 1000;
	return ENGINE_OK;
}

static enum engine_result read_due(struct engine *e, long long now_ms)
{
	bool news = e->news;

	/* What comes from here on is for the next poll. */
	e->news = false;
	if (!e->decided || now_ms >= e->full_due_ms)
		return read_full(e, now_ms);
	/* It is all here, and is of the poll that was: the next one would find it old. */
	if (news)
		take_what_is_here(e);
	return news && now_ms < e->quick_due_ms ? ENGINE_OK : read_quick(e, now_ms);
}

enum engine_result engine_poll(struct engine *e, long long now_ms)
{
	enum engine_result result = read_due(e, now_ms);

	e->troubled = result != ENGINE_OK;
	if (result != ENGINE_OK)
		return result;
	engine_status_forget(&e->status);
	for (size_t i = 0; i < e->count; i++)
		engine_count_votes(e, e->rows[i]);
	if (!e->tells_status) {
		publish_alarms_alone(e);
		return ENGINE_OK;
	}
	if (!engine_status_known(&e->status))
		return ENGINE_UNKNOWN;
	publish_status(e, now_ms);
	return ENGINE_OK;
}
