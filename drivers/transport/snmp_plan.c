#include "config.h"

#include "drivers/transport/snmp_plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	GROWTH = 2,
	CLOSE_ENOUGH = 4, /* to the ceiling: no more trying */
	CEILING_CLEAN =
		200, /* fetches after which the ceiling is forgotten: it may have been a loss */
	TRIES_TOGETHER = 2, /* of a batch, before it is halved */
	TRIES_ALONE = 2,    /* of one variable, while others are answered */
	DROPS_MAX = 2,      /* then GETNEXT */
	CHANCES = 2,        /* answers and errors that may leave a variable out */
};

struct want {
	uint32_t bytes;
	uint8_t fate; /* enum snmp_fate */
	uint8_t left_out;
};

struct snmp_plan {
	struct snmp_learned *learned;
	struct snmp_batch *queue; /* to be sent before fresh ones */
	unsigned out;
	unsigned long answers;
	bool by_next;
	bool refused; /* a size was too much in this fetch */
	size_t fresh; /* wants[fresh..] were never asked for */
	size_t count;
	struct want wants[];
};

struct snmp_plan *snmp_plan_new(const size_t *bytes, size_t count, bool by_next,
				struct snmp_learned *learned)
{
	struct snmp_plan *p = calloc(1, sizeof(*p) + count * sizeof(p->wants[0]));

	if (!p)
		return NULL;
	p->learned = learned;
	p->by_next = by_next;
	p->count = count;
	for (size_t i = 0; i < count; i++)
		p->wants[i].bytes =
			bytes[i] < SNMP_BATCH_BYTES ? (uint32_t)bytes[i] : SNMP_BATCH_BYTES;
	if (!learned->size)
		learned->size = SNMP_BATCH_FIRST;
	return p;
}

/* A fetch that ran through without trouble makes the ceiling less sure. */
static void forget_ceiling(const struct snmp_plan *p)
{
	struct snmp_learned *l = p->learned;

	if (p->refused || !l->ceiling || !p->answers)
		return;
	if (++l->clean >= CEILING_CLEAN)
		l->ceiling = 0;
}

void snmp_plan_free(struct snmp_plan *p)
{
	if (!p)
		return;
	forget_ceiling(p);
	while (p->queue) {
		struct snmp_batch *b = p->queue;

		p->queue = b->next;
		free(b);
	}
	free(p);
}

bool snmp_plan_is_done(const struct snmp_plan *p)
{
	return !p->queue && !p->out && p->fresh == p->count;
}

enum snmp_fate snmp_plan_fate(const struct snmp_plan *p, size_t want)
{
	return (enum snmp_fate)p->wants[want].fate;
}

static void settle(struct snmp_plan *p, size_t want, enum snmp_fate fate)
{
	p->wants[want].fate = (uint8_t)fate;
}

/* ------------------------------------------------------------------------------- learning */

static void learn_limit(struct snmp_plan *p, size_t refused)
{
	struct snmp_learned *l = p->learned;

	p->refused = true;
	l->clean = 0;
	if (!l->ceiling || refused < l->ceiling)
		l->ceiling = refused;
	if (l->size >= l->ceiling)
		l->size = l->ceiling / 2 ? l->ceiling / 2 : 1;
}

/* Silence twice at a size at which a part is answered: once may have been a loss on the way. */
static void learn_silence(struct snmp_plan *p, size_t silent)
{
	struct snmp_learned *l = p->learned;

	if (l->suspect && silent <= l->suspect)
		learn_limit(p, silent);
	l->suspect = silent;
}

static void learn_success(struct snmp_plan *p, size_t taken)
{
	struct snmp_learned *l = p->learned;

	if (taken >= l->suspect)
		l->suspect = 0;
	if (taken < l->size)
		return;
	l->size = taken * GROWTH;
	if (l->ceiling && l->size >= l->ceiling)
		l->size = l->ceiling - taken > CLOSE_ENOUGH ? (taken + l->ceiling) / 2 : taken;
	if (l->size > SNMP_BATCH_MAX)
		l->size = SNMP_BATCH_MAX;
}

/* -------------------------------------------------------------------------------- batches */

/* Puts a batch in front of the rest; one without variables is over. */
static void requeue(struct snmp_plan *p, struct snmp_batch *b)
{
	if (b->count == 0) {
		free(b);
		return;
	}
	b->next = p->queue;
	p->queue = b;
}

static struct snmp_batch *fresh_batch(struct snmp_plan *p)
{
	struct snmp_batch *b = calloc(1, sizeof(*b));
	size_t bytes = p->learned->head ? p->learned->head : SNMP_BATCH_BYTES_HEAD;

	while (b && p->fresh < p->count && b->count < p->learned->size) {
		bytes += p->wants[p->fresh].bytes;
		if (b->count && bytes > SNMP_BATCH_BYTES)
			break;
		b->want[b->count++] = p->fresh++;
	}
	return b;
}

struct snmp_batch *snmp_plan_next(struct snmp_plan *p)
{
	struct snmp_batch *b = p->queue;

	if (b)
		p->queue = b->next;
	else if (p->fresh < p->count)
		b = fresh_batch(p);
	if (!b)
		return NULL;
	b->next = NULL;
	if (b->tries == 0)
		b->since = p->answers;
	p->out++;
	return b;
}

/* The variable at `place` on its own, behind the rest of its batch. */
static void isolate(struct snmp_plan *p, struct snmp_batch *b, size_t place)
{
	struct snmp_batch *alone = calloc(1, sizeof(*alone));
	size_t want = b->want[place];

	memmove(&b->want[place], &b->want[place + 1], (b->count - place - 1) * sizeof(b->want[0]));
	b->count--;
	if (!alone) {
		settle(p, want, SNMP_FATE_UNREAD);
		return;
	}
	alone->count = 1;
	alone->want[0] = want;
	requeue(p, alone);
}

static void halve(struct snmp_plan *p, struct snmp_batch *b, bool silent)
{
	struct snmp_batch *half = calloc(1, sizeof(*half));
	size_t keep = b->count / 2;

	if (!half) {
		for (size_t i = 0; i < b->count; i++)
			settle(p, b->want[i], SNMP_FATE_UNREAD);
		free(b);
		return;
	}
	half->by_next = b->by_next;
	half->get_only = b->get_only;
	half->count = b->count - keep;
	half->silent_at = b->silent_at = silent ? b->count : 0;
	memcpy(half->want, &b->want[keep], half->count * sizeof(half->want[0]));
	b->count = keep;
	b->tries = 0;
	requeue(p, half);
	requeue(p, b);
}

/* ------------------------------------------------------------------------------- outcomes */

void snmp_plan_alive(struct snmp_plan *p)
{
	p->answers++;
}

/* Every packet of the agent comes through here. */
static void heard(struct snmp_plan *p, struct snmp_batch *b)
{
	p->out--;
	p->answers++;
	b->tries = 0;
	/* It was the size, after all, that the agent was silent at. */
	if (b->silent_at)
		learn_silence(p, b->silent_at);
	b->silent_at = 0;
}

void snmp_plan_take(struct snmp_plan *p, size_t want)
{
	settle(p, want, SNMP_FATE_TAKEN);
}

void snmp_plan_miss(struct snmp_plan *p, size_t want)
{
	settle(p, want, SNMP_FATE_NONE);
}

/* Keeps what is still to be asked for.  Being left out counts where nothing else came. */
static void keep_open(struct snmp_plan *p, struct snmp_batch *b)
{
	size_t open = 0, kept = 0;

	for (size_t i = 0; i < b->count; i++)
		open += p->wants[b->want[i]].fate == SNMP_FATE_ASK;
	for (size_t i = 0; i < b->count; i++) {
		struct want *w = &p->wants[b->want[i]];

		if (w->fate != SNMP_FATE_ASK)
			continue;
		if (open == b->count && ++w->left_out > CHANCES)
			settle(p, b->want[i], SNMP_FATE_UNREAD);
		else
			b->want[kept++] = b->want[i];
	}
	b->count = kept;
}

/* The answer ended early: so many are what this agent gives at a time.  0: it did not. */
static size_t prefix_of(const struct snmp_plan *p, const struct snmp_batch *b)
{
	size_t n = 0;

	while (n < b->count && p->wants[b->want[n]].fate != SNMP_FATE_ASK)
		n++;
	for (size_t i = n; i < b->count; i++)
		if (p->wants[b->want[i]].fate != SNMP_FATE_ASK)
			return 0;
	return n < b->count ? n : 0;
}

void snmp_plan_answered(struct snmp_plan *p, struct snmp_batch *b)
{
	size_t asked = b->count, prefix = b->by_next ? 0 : prefix_of(p, b);

	heard(p, b);
	keep_open(p, b);
	if (prefix) {
		learn_limit(p, prefix + 1);
		p->learned->size = prefix;
	}
	if (b->count == 0 && !b->dropped)
		learn_success(p, asked);
	/* What GETNEXT did not tell is for GET. */
	b->get_only = b->get_only || b->by_next;
	b->by_next = false;
	if (b->count == asked && asked > 1)
		halve(p, b, false);
	else
		requeue(p, b);
}

static void drop(struct snmp_plan *p, struct snmp_batch *b, size_t place)
{
	settle(p, b->want[place], SNMP_FATE_NONE);
	memmove(&b->want[place], &b->want[place + 1], (b->count - place - 1) * sizeof(b->want[0]));
	b->count--;
	b->dropped++;
	if (p->by_next && !b->get_only && b->dropped >= DROPS_MAX)
		b->by_next = true;
	requeue(p, b);
}

void snmp_plan_refused(struct snmp_plan *p, struct snmp_batch *b, enum snmp_error e, long index)
{
	bool named = index >= 1 && (size_t)index <= b->count;

	heard(p, b);
	if (e == SNMP_ERROR_TOO_BIG && b->count > 1) {
		learn_limit(p, b->count);
		halve(p, b, false);
	} else if (e == SNMP_ERROR_NO_SUCH && (named || b->count == 1)) {
		drop(p, b, named ? (size_t)index - 1 : 0);
	} else if (b->count == 1) {
		settle(p, b->want[0], SNMP_FATE_UNREAD);
		free(b);
	} else if (named) {
		isolate(p, b, (size_t)index - 1);
		requeue(p, b);
	} else {
		halve(p, b, false);
	}
}

void snmp_plan_unanswered(struct snmp_plan *p, struct snmp_batch *b)
{
	p->out--;
	b->tries++;
	/* While nothing at all is heard, it is not for the plan to say whose fault it is. */
	if (p->answers == b->since) {
		requeue(p, b);
	} else if (b->count > 1 && b->tries >= TRIES_TOGETHER) {
		halve(p, b, true);
	} else if (b->count == 1 && b->tries >= TRIES_ALONE) {
		settle(p, b->want[0], SNMP_FATE_UNREAD);
		free(b);
	} else {
		requeue(p, b);
	}
}
