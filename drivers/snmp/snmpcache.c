#include "config.h"

#include "drivers/snmp/snmpcache.h"

#include <stdlib.h>
#include <string.h>

enum {
	GROWTH = 64,
	PAUSE_FIRST = 4,   /* cycles until a variable that never was there is asked for again */
	PAUSE_LAST = 1024, /* pauses double up to this */
	BUCKETS = 1024,    /* a power of two */
};

struct entry {
	struct snmp_oid oid;
	struct agent_value value;
	unsigned long read;  /* the cycle of `value`, 0 = never */
	unsigned long again; /* missing: the cycle from which it is asked for again */
	unsigned pause;      /* missing: the last pause, in cycles; 0 = it is not missing */
	bool wanted;
	int next; /* of the same bucket, -1 = none */
};

struct snmpcache {
	snmpcache_ask_fn *ask;
	void *arg;
	struct entry **entries;
	size_t count, room;
	unsigned long cycle;
	int buckets[BUCKETS];
};

/* ---------------------------------------------------------------------------- registering */

struct snmpcache *snmpcache_new(snmpcache_ask_fn *ask, void *arg)
{
	struct snmpcache *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->ask = ask;
	c->arg = arg;
	for (size_t i = 0; i < BUCKETS; i++)
		c->buckets[i] = -1;
	return c;
}

static enum agent_result ask_agent(void *arg, const struct agent_want *wants, size_t count)
{
	return agent_fetch(arg, wants, count);
}

struct snmpcache *snmpcache_new_of(struct agent *a)
{
	return snmpcache_new(ask_agent, a);
}

void snmpcache_free(struct snmpcache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		free(c->entries[i]);
	free(c->entries);
	free(c);
}

static size_t bucket_of(const struct snmp_oid *o)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < o->count; i++)
		h = (h ^ o->arc[i]) * 16777619U;
	return (h ^ h >> 16) & (BUCKETS - 1);
}

static bool make_room(struct snmpcache *c)
{
	struct entry **more;

	if (c->count < c->room)
		return true;
	more = realloc(c->entries, (c->room + GROWTH) * sizeof(struct entry *));
	if (!more)
		return false;
	c->entries = more;
	c->room += GROWTH;
	return true;
}

int snmpcache_add(struct snmpcache *c, const struct snmp_oid *oid)
{
	int *bucket = &c->buckets[bucket_of(oid)];
	struct entry *e;

	for (int i = *bucket; i >= 0; i = c->entries[i]->next)
		if (snmp_oid_same(&c->entries[i]->oid, oid))
			return i;
	if (c->count == SNMPCACHE_MAX || !make_room(c))
		return -1;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -1;
	e->oid = *oid;
	e->next = *bucket;
	*bucket = (int)c->count;
	c->entries[c->count++] = e;
	return *bucket;
}

static struct entry *at(const struct snmpcache *c, int place)
{
	return place >= 0 && (size_t)place < c->count ? c->entries[place] : NULL;
}

const struct snmp_oid *snmpcache_oid(const struct snmpcache *c, int place)
{
	const struct entry *e = at(c, place);

	return e ? &e->oid : NULL;
}

/* -------------------------------------------------------------------------------- cycles */

unsigned long snmpcache_begin(struct snmpcache *c)
{
	return ++c->cycle;
}

static bool is_fresh(const struct snmpcache *c, const struct entry *e, unsigned long cycles)
{
	return e->read && c->cycle - e->read <= cycles;
}

void snmpcache_want(struct snmpcache *c, int place, unsigned long cycles)
{
	struct entry *e = at(c, place);

	if (!e)
		return;
	if (e->pause)
		e->wanted = e->wanted || c->cycle >= e->again;
	else
		e->wanted = e->wanted || !is_fresh(c, e, cycles);
}

static void take(struct snmpcache *c, struct entry *e, const struct agent_value *v)
{
	bool was_there = e->read && agent_value_is_there(&e->value);

	if (v->type == AGENT_NOTHING)
		return;
	e->value = *v;
	e->read = c->cycle;
	if (agent_value_is_there(v)) {
		e->pause = 0;
		return;
	}
	if (e->pause)
		e->pause *= 2;
	else
		e->pause = was_there ? 1 : PAUSE_FIRST;
	if (e->pause > PAUSE_LAST)
		e->pause = PAUSE_LAST;
	e->again = c->cycle + e->pause;
}

static enum agent_result fetch(struct snmpcache *c, struct entry *const *list, size_t count)
{
	struct agent_want *wants = calloc(count, sizeof(*wants));
	struct agent_value *values = calloc(count, sizeof(*values));
	enum agent_result r = AGENT_FAILED;

	if (wants && values) {
		for (size_t i = 0; i < count; i++)
			wants[i] = (struct agent_want){&list[i]->oid, &values[i],
						       agent_value_bytes(&list[i]->value)};
		r = c->ask(c->arg, wants, count);
		for (size_t i = 0; i < count; i++)
			take(c, list[i], &values[i]);
	}
	free(wants);
	free(values);
	return r;
}

enum agent_result snmpcache_fetch(struct snmpcache *c)
{
	struct entry **list = calloc(c->count ? c->count : 1, sizeof(struct entry *));
	enum agent_result r = AGENT_OK;
	size_t n = 0;

	if (!list)
		return AGENT_FAILED;
	for (size_t i = 0; i < c->count; i++) {
		if (c->entries[i]->wanted)
			list[n++] = c->entries[i];
		c->entries[i]->wanted = false;
	}
	if (n)
		r = fetch(c, list, n);
	free(list);
	return r;
}

enum agent_result snmpcache_read(struct snmpcache *c, int place, const struct agent_value **value)
{
	struct entry *e = at(c, place);
	enum agent_result r;

	*value = NULL;
	if (!e)
		return AGENT_FAILED;
	r = fetch(c, &e, 1);
	if (r != AGENT_OK)
		return r;
	if (e->value.type == AGENT_NONE)
		return AGENT_MISSING;
	if (!agent_value_is_there(&e->value))
		return AGENT_FAILED;
	*value = &e->value;
	return AGENT_OK;
}

/* --------------------------------------------------------------------------------- values */

const struct agent_value *snmpcache_value(const struct snmpcache *c, int place,
					  unsigned long cycles)
{
	const struct entry *e = at(c, place);

	if (!e || !is_fresh(c, e, cycles) || !agent_value_is_there(&e->value))
		return NULL;
	return &e->value;
}

bool snmpcache_is_missing(const struct snmpcache *c, int place)
{
	const struct entry *e = at(c, place);

	return e && e->pause;
}

void snmpcache_forget(struct snmpcache *c, int place)
{
	struct entry *e = at(c, place);

	if (!e)
		return;
	e->read = 0;
	e->pause = 0;
}

void snmpcache_forget_all(struct snmpcache *c)
{
	for (size_t i = 0; i < c->count; i++)
		snmpcache_forget(c, (int)i);
}
