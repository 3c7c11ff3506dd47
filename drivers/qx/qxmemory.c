#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "drivers/qx/qxmemory.h"

static const char token[] = "qx";

enum {
	ENTRIES_MAX = 64,
	QUERY_MAX = 64, /* longer ones are not kept */
};

struct entry {
	char text[QUERY_MAX];
	size_t length;
	int end, timeout_ms;
	enum carrier_result result;
	char answer[CARRIER_ANSWER_MAX];
	size_t got;
	unsigned times; /* it was really asked */
	bool doubtful;  /* somebody had no use for the answer */
};

struct qx_memory {
	struct carrier carrier;
	struct entry *entries[ENTRIES_MAX];
	size_t count;
	const struct entry *last;  /* asked last, from the memory or not */
	const struct entry *known; /* what the line is tried by; NULL: nothing was answered yet */
};

struct qx_memory *qx_memory_new(const struct carrier *carrier)
{
	struct qx_memory *m = calloc(1, sizeof(*m));

	if (m)
		m->carrier = *carrier;
	return m;
}

void qx_memory_free(struct qx_memory *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->count; i++)
		free(m->entries[i]);
	free(m);
}

static struct entry *find(const struct qx_memory *m, const struct carrier_query *q)
{
	for (size_t i = 0; i < m->count; i++) {
		struct entry *e = m->entries[i];

		if (e->length == q->length && e->end == q->end &&
		    memcmp(e->text, q->text, q->length) == 0)
			return e;
	}
	return NULL;
}

static struct entry *add(struct qx_memory *m, const struct carrier_query *q)
{
	struct entry *e;

	if (m->count == ENTRIES_MAX || q->length > QUERY_MAX)
		return NULL;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	memcpy(e->text, q->text, q->length);
	e->length = q->length;
	e->end = q->end;
	e->timeout_ms = q->timeout_ms;
	m->entries[m->count++] = e;
	return e;
}

static enum carrier_result ask_really(struct qx_memory *m, struct entry *e,
				      const struct carrier_query *q)
{
	e->times++;
	e->got = 0;
	e->result = m->carrier.ask(m->carrier.arg, q, e->answer, sizeof(e->answer), &e->got);
	if (e->result == CARRIER_OK && !m->known)
		m->known = e;
	return e->result;
}

/* The known query has an answer of the same kind as before: it is no late one to another. */
static bool is_awake(struct qx_memory *m)
{
	const struct entry *k = m->known;
	struct carrier_query q;
	char answer[CARRIER_ANSWER_MAX];
	size_t got = 0;

	if (!k)
		return false;
	q = (struct carrier_query){k->text, k->length, k->end, k->timeout_ms};
	return m->carrier.ask(m->carrier.arg, &q, answer, sizeof(answer), &got) == CARRIER_OK &&
	       got == k->got && got > 0 && answer[0] == k->answer[0];
}

/* Whether what is remembered will do. */
static bool will_do(struct qx_memory *m, struct entry *e)
{
	bool again = m->last == e; /* and nothing in between: the answer was of no use */

	switch (e->result) {
	case CARRIER_OK:
		e->doubtful = e->doubtful || again;
		return !e->doubtful;
	case CARRIER_REFUSED:
		return true;
	case CARRIER_SILENCE:
		if (e->times == 1 && is_awake(m))
			e->times++;
		return e->times > 1;
	default:
		return false;
	}
}

static enum carrier_result memory_ask(void *arg, const struct carrier_query *q, char *answer,
				      size_t size, size_t *got)
{
	struct qx_memory *m = arg;
	struct entry *e = find(m, q);

	*got = 0;
	if (!e) {
		e = add(m, q);
		if (!e)
			return m->carrier.ask(m->carrier.arg, q, answer, size, got);
		ask_really(m, e, q);
	} else if (!will_do(m, e)) {
		ask_really(m, e, q);
	} else {
		log_debug(3, token, "%.*s: asked before", (int)e->length - 1, e->text);
	}
	m->last = e;
	*got = e->got < size ? e->got : size;
	memcpy(answer, e->answer, *got);
	return e->result;
}

/* Where the line can be tried, an answer that comes late is found out by that. */
static void memory_settle(void *arg)
{
	struct qx_memory *m = arg;

	if (!m->known && m->carrier.settle)
		m->carrier.settle(m->carrier.arg);
}

void qx_memory_greet(struct qx_memory *m, const struct carrier_query *q)
{
	char answer[CARRIER_ANSWER_MAX];
	size_t got;

	/* The first query after a long silence is often lost. */
	if (memory_ask(m, q, answer, sizeof(answer), &got) == CARRIER_SILENCE)
		memory_ask(m, q, answer, sizeof(answer), &got);
	m->last = NULL;
}

struct carrier qx_memory_carrier(struct qx_memory *m)
{
	return (struct carrier){.ask = memory_ask, .settle = memory_settle, .arg = m};
}
