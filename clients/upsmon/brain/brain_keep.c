/*
 * brain_keep: what has to outlive the process that watches, as lines of words:
 * how each UPS was, since when, what people were told of it, and how long the
 * timers have still to run.  Times are kept as ages, so that no clock has to
 * be the same.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "clients/upsmon/brain/brain_impl.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/base/words.h"
#include "common/ups/status.h"

static const char token[] = "upsmon";

static const struct words_limits limits = {.max_words = 40, .max_line = 16384};

/* The times of a monitor, in the order of the line. */
static long long *time_at(struct monitor *m, size_t i)
{
	long long *const times[] = {
		&m->heard_ms, &m->lost_ms,    &m->off_ms,     &m->over_ms,   &m->ob_ms,
		&m->low_ms,   &m->noncrit_ms, &m->replace_ms, &m->nocomm_ms,
	};

	return i < sizeof(times) / sizeof(times[0]) ? times[i] : NULL;
}

enum { TIMES = 9, FIXED_WORDS = 10, WORDS_OF_UPS = FIXED_WORDS + TIMES + 2 };

static void save_ups(const struct brain_ups *u, struct buffer *out, long long now_ms)
{
	struct monitor m = u->monitor;

	buffer_append_str(out, "UPS ");
	words_append_word(out, m.system);
	buffer_appendf(out, " %d %d %u %d %d %u %.3f %.3f", (int)m.comm, m.contacted, m.flags,
		       m.low_assumed, m.fsd_told, u->facts, m.charge, m.runtime);
	for (size_t i = 0; i < TIMES; i++) {
		long long ms = *time_at(&m, i);

		buffer_appendf(out, " %lld", ms == MONITOR_NEVER ? -1 : now_ms - ms);
	}
	buffer_append_char(out, ' ');
	words_append_quoted(out, m.alarm ? m.alarm : "");
	buffer_append_char(out, ' ');
	words_append_quoted(out, buffer_string(&m.others));
	buffer_append_char(out, '\n');
}

bool brain_wants_keeping(const struct brain *b)
{
	for (size_t i = 0; i < b->count && !b->changed; i++)
		if (b->ups[i].monitor.flags & STATUS_OB)
			return true;
	return b->changed;
}

void brain_save(struct brain *b, struct buffer *out, long long now_ms)
{
	b->changed = false;
	for (size_t i = 0; i < b->count; i++) {
		struct brain_ups *u = &b->ups[i];

		save_ups(u, out, now_ms);
		for (size_t k = 0; k < u->fired_count; k++) {
			buffer_append_str(out, "LEVEL ");
			words_append_word(out, u->monitor.system);
			buffer_appendf(out, " %d %ld\n", (int)u->fired[k].trigger,
				       u->fired[k].limit);
		}
	}
	for (size_t i = 0; i < b->timers.count; i++) {
		const struct timer *t = &b->timers.list[i];

		buffer_append_str(out, "TIMER ");
		words_append_word(out, t->owner);
		buffer_append_char(out, ' ');
		words_append_word(out, t->name);
		buffer_appendf(out, " %lld\n", t->due_ms - now_ms);
	}
	buffer_appendf(out, "WAKE %d %zu %lld\n", b->wake_due, b->wake_next,
		       now_ms - b->wake_first_ms);
}

/* ------------------------------------------------------------------ the way back */

static struct brain_ups *find(struct brain *b, const char *system)
{
	for (size_t i = 0; i < b->count; i++)
		if (str_equal(b->ups[i].monitor.system, system))
			return &b->ups[i];
	return NULL;
}

static bool number_at(const struct words *w, size_t i, long max, long *out)
{
	return str_to_long(words_at(w, i), -1, max, out);
}

static bool restore_times(struct monitor *m, const struct words *w, long long passed_ms,
			  long long now_ms)
{
	for (size_t i = 0; i < TIMES; i++) {
		long age;

		if (!number_at(w, FIXED_WORDS + i, 1L << 50, &age))
			return false;
		*time_at(m, i) = age < 0 ? MONITOR_NEVER : now_ms - age - passed_ms;
	}
	return true;
}

/*
 * All is as it was, the contact included: of a server that is there again nobody
 * is told, and one that is not counts DEADTIME from its last sign of life.
 */
static void restore_ups(struct brain *b, const struct words *w, long long passed_ms,
			long long now_ms)
{
	struct brain_ups *u = find(b, words_at(w, 1));
	long comm, contacted, flags, low, fsd, facts;
	struct monitor m;

	if (!u || words_count(w) != WORDS_OF_UPS)
		return;
	m = u->monitor;
	if (!number_at(w, 2, MONITOR_LOST, &comm) || !number_at(w, 3, 1, &contacted) ||
	    !number_at(w, 4, 0xffffffffL, &flags) || !number_at(w, 5, 1, &low) ||
	    !number_at(w, 6, 1, &fsd) || !number_at(w, 7, 0xffffffffL, &facts) ||
	    !str_to_double(words_at(w, 8), &m.charge) ||
	    !str_to_double(words_at(w, 9), &m.runtime) || !restore_times(&m, w, passed_ms, now_ms))
		return;
	m.comm = (enum monitor_comm)(comm < 0 ? 0 : comm);
	m.contacted = contacted > 0;
	m.flags = (uint32_t)flags;
	m.low_assumed = low > 0;
	m.fsd_told = fsd > 0;
	str_replace(&m.alarm, *words_at(w, 19) ? words_at(w, 19) : NULL);
	buffer_clear(&m.others);
	buffer_append_str(&m.others, words_at(w, 20));
	u->monitor = m;
	u->facts = (uint32_t)facts;
}

static void restore_level(struct brain *b, const struct words *w)
{
	struct brain_ups *u = find(b, words_at(w, 1));
	long trigger, limit;

	if (u && number_at(w, 2, TRIGGER_NOTICE, &trigger) && trigger >= 0 &&
	    number_at(w, 3, 1000000000, &limit))
		brain_note_level(u, (enum trigger)trigger, limit);
}

static void restore_timer(struct brain *b, const struct words *w, long long passed_ms,
			  long long now_ms)
{
	long left;

	if (!find(b, words_at(w, 1)) || !str_to_long(words_at(w, 3), -1000000000, 1L << 50, &left))
		return;
	/* One that is due waits for the first readings: power may be back meanwhile. */
	if (!timers_start(&b->timers, words_at(w, 1), words_at(w, 2), now_ms,
			  left > passed_ms ? left - passed_ms : 0, NULL))
		log_error(token, "out of memory: timer %s is lost", words_at(w, 2));
}

static void restore_line(struct brain *b, const struct words *w, long long passed_ms,
			 long long now_ms)
{
	const char *what = words_at(w, 0);
	long due, next, age;

	if (str_equal(what, "UPS"))
		restore_ups(b, w, passed_ms, now_ms);
	else if (str_equal(what, "LEVEL"))
		restore_level(b, w);
	else if (str_equal(what, "TIMER"))
		restore_timer(b, w, passed_ms, now_ms);
	else if (str_equal(what, "WAKE") && number_at(w, 1, 1, &due) &&
		 number_at(w, 2, 1000000, &next) && next >= 0 && number_at(w, 3, 1L << 50, &age)) {
		b->wake_due = due > 0;
		b->wake_next = (size_t)next < b->conf->wake_count ? (size_t)next : 0;
		b->wake_first_ms = now_ms - age - passed_ms;
	}
}

void brain_restore(struct brain *b, const char *text, long long passed_ms, long long now_ms)
{
	struct words *w = words_new(WORDS_WIRE, &limits);
	size_t len = strlen(text);

	if (!w)
		return;
	while (len > 0)
		if (words_feed(w, &text, &len) == WORDS_LINE)
			restore_line(b, w, passed_ms, now_ms);
	words_free(w);
	b->now_ms = now_ms;
	b->hold_ms = now_ms + BRAIN_HOLD_MS;
	for (size_t i = 0; i < b->count; i++)
		b->ups[i].stale = true;
}
