#include "config.h"

#include "drivers/virtual/election.h"

#include <stdint.h>
#include <string.h>

#include "common/base/str.h"
#include "common/ups/status.h"

enum { ALARM_MS = 6 * 1000 }; /* longer than clients wait between two looks */

/* ------------------------------------------------------------------------------- filters */

static bool has_word(const char *status, const char *word, size_t len)
{
	while (*status) {
		size_t n = strcspn(status, " ");

		if (n == len && str_ncasecmp(status, word, len) == 0)
			return true;
		status += n + strspn(status + n, " ");
	}
	return false;
}

/* How many of the words there are, and how many of them the status has. */
static size_t count_words(const char *status, const char *words, size_t *has)
{
	static const char between[] = ", ";
	size_t count = 0;

	*has = 0;
	for (words += strspn(words, between); *words; words += strspn(words, between)) {
		size_t len = strcspn(words, between);

		count++;
		*has += has_word(status, words, len);
		words += len;
	}
	return count;
}

static bool is_set(const char *words)
{
	return words && *words;
}

static bool passes_filters(const struct election_rules *r, const char *status)
{
	size_t has;

	if (!is_set(r->nothave_any) && !is_set(r->have_all) && !is_set(r->nothave_all) &&
	    !is_set(r->have_any))
		return false;
	if (is_set(r->nothave_any) && count_words(status, r->nothave_any, &has) > 0 && has > 0)
		return false;
	if (is_set(r->have_all) && count_words(status, r->have_all, &has) > has)
		return false;
	if (is_set(r->nothave_all) && count_words(status, r->nothave_all, &has) == has)
		return false;
	return !is_set(r->have_any) || (count_words(status, r->have_any, &has) > 0 && has > 0);
}

/* ---------------------------------------------------------------------------------- ranks */

static uint32_t bits(const struct election_member *m)
{
	return m->status ? status_parse(m->status, NULL) : 0;
}

enum election_rank election_rank(const struct election_rules *r, const struct election_member *m)
{
	if (!m->complete || m->ignored)
		return ELECTION_OUT;
	if (m->preferred)
		return ELECTION_PREFERRED;
	/* Words that may not hold any more pass nothing. */
	if (m->fresh && m->status && passes_filters(r, m->status))
		return ELECTION_FILTERED;
	if (r->strict)
		return ELECTION_OUT;
	if (!m->fresh)
		return ELECTION_ALIVE;
	return bits(m) & STATUS_OL ? ELECTION_ONLINE : ELECTION_FRESH;
}

/* Between two that are not on line: whose battery lasts longer. */
static bool lasts_longer(int check, const struct election_member *a,
			 const struct election_member *b)
{
	bool runtime = a->has_runtime && b->has_runtime && a->runtime > b->runtime;
	bool low = a->has_runtime_low && b->has_runtime_low && a->runtime_low > b->runtime_low;

	if ((bits(a) | bits(b)) & STATUS_OL)
		return false;
	switch (check) {
	case 1:
		return runtime;
	case 2:
		return low;
	case 3:
		return runtime && low;
	default:
		return false;
	}
}

static size_t best(const struct election_rules *r, const struct election_member *members,
		   size_t count)
{
	size_t chosen = ELECTION_NOBODY;
	enum election_rank of_chosen = ELECTION_OUT;

	for (size_t i = 0; i < count; i++) {
		enum election_rank rank = election_rank(r, &members[i]);

		if (rank > of_chosen || rank == ELECTION_OUT)
			continue;
		if (rank == of_chosen &&
		    (rank < ELECTION_FRESH ||
		     !lasts_longer(r->check_runtime, &members[i], &members[chosen])))
			continue;
		chosen = i;
		of_chosen = rank;
	}
	return chosen;
}

/* --------------------------------------------------------------------------------- patience */

static bool is_critical(const struct election_member *m)
{
	uint32_t b = bits(m);

	return (b & STATUS_FSD) || ((b & STATUS_OB) && (b & STATUS_LB));
}

static bool all_are_heard(const struct election_member *members, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!members[i].fresh && !members[i].ignored)
			return false;
	}
	return true;
}

static void watch_losses(struct election *e, const struct election_member *members, size_t count,
			 long long now_ms)
{
	for (size_t i = 0; i < count; i++) {
		const struct election_member *m = &members[i];

		if (e->was_online[i] && !m->fresh && i == e->primary) {
			e->patience_ms = now_ms + e->rules.no_primary_s * 1000LL;
			e->lost = true;
			e->substitute = false;
		}
		e->was_online[i] = m->fresh && (bits(m) & STATUS_OL) && !is_critical(m);
	}
}

static bool is_to_wait(const struct election *e, const struct election_member *members,
		       size_t count, size_t chosen, long long now_ms)
{
	const struct election_member *m = &members[chosen];

	return now_ms < e->patience_ms && (chosen != e->primary || e->substitute) &&
	       !m->preferred && is_critical(m) && !all_are_heard(members, count);
}

/* ----------------------------------------------------------------------------------- duties */

static enum election_duty without_primary(struct election *e, const struct election_member *members,
					  long long now_ms)
{
	long long alarm_ms;

	if (e->none_ms == 0)
		e->none_ms = now_ms;
	alarm_ms = e->none_ms + e->rules.no_primary_s * 1000LL;
	if (alarm_ms < e->start_ms + e->rules.init_s * 1000LL)
		alarm_ms = e->start_ms + e->rules.init_s * 1000LL;
	/* Until then the last one serves on, if it can: with a strict filter it may well. */
	if (now_ms < alarm_ms)
		return e->primary != ELECTION_NOBODY && members[e->primary].complete
			       ? ELECTION_SERVE
			       : ELECTION_STALE;
	if (e->rules.fallback == 0)
		return ELECTION_STALE;
	if (e->rules.fallback == 2)
		return ELECTION_FSD;
	return now_ms < alarm_ms + ALARM_MS ? ELECTION_ALARM : ELECTION_ALARM_STALE;
}

static void start(struct election *e, long long now_ms)
{
	e->started = true;
	e->primary = ELECTION_NOBODY;
	e->start_ms = now_ms;
	e->patience_ms = now_ms + e->rules.init_s * 1000LL;
}

enum election_duty election_step(struct election *e, const struct election_member *members,
				 size_t count, long long now_ms)
{
	size_t chosen = best(&e->rules, members, count);

	if (!e->started)
		start(e, now_ms);
	watch_losses(e, members, count, now_ms);
	if (chosen != ELECTION_NOBODY && is_to_wait(e, members, count, chosen, now_ms)) {
		/* The waiting is no failure to find one. */
		e->none_ms = 0;
		return ELECTION_STALE;
	}
	if (chosen == ELECTION_NOBODY)
		return without_primary(e, members, now_ms);
	if (chosen != e->primary)
		e->substitute = e->lost && now_ms < e->patience_ms;
	e->primary = chosen;
	e->none_ms = 0;
	return ELECTION_SERVE;
}
