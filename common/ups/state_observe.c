/*
 * Observers.  An observer is a generation, nothing more: what is newer than it
 * is found in the tree, and what is no longer there in the tombstones, which
 * are kept only while somebody has not passed them, and each deletion once.
 */
#include "config.h"

#include <stdlib.h>

#include "common/ups/state_private.h"

void state_observe(struct state *s, struct state_observer *o, bool from_start)
{
	o->seen = from_start ? 0 : s->generation;
	o->next = s->observers;
	o->prev = &s->observers;
	if (o->next)
		o->next->prev = &o->next;
	s->observers = o;
}

void state_unobserve(struct state *s, struct state_observer *o)
{
	if (s->flush_next == o)
		s->flush_next = o->next;
	*o->prev = o->next;
	if (o->next)
		o->next->prev = o->prev;
	o->next = NULL;
	o->prev = NULL;
	state_prune_tombstones(s);
}

bool state_has_room(const struct state *s)
{
	return s->tombstone_count < STATE_MAX_TOMBSTONES;
}

static bool same_grave(const struct state_tombstone *a, const struct state_tombstone *b)
{
	return a->kind == b->kind && a->name == b->name && a->text == b->text &&
	       a->range.min == b->range.min && a->range.max == b->range.max;
}

static void remove_tombstones(struct state *s, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++) {
		state_name_put(s->tombstones[i].name);
		state_name_put(s->tombstones[i].text);
	}
	for (uint32_t i = first; i + count < s->tombstone_count; i++)
		s->tombstones[i] = s->tombstones[i + count];
	s->tombstone_count -= count;
}

void state_bury(struct state *s, const struct state_tombstone *t)
{
	struct state_tombstone copy = *t;

	if (!s->observers)
		return;
	state_name_ref(copy.name);
	if (copy.text)
		state_name_ref(copy.text);
	for (uint32_t i = 0; i < s->tombstone_count; i++) {
		if (same_grave(&s->tombstones[i], t)) {
			remove_tombstones(s, i, 1);
			break;
		}
	}
	if (!state_grow((void **)&s->tombstones, &s->tombstone_size, s->tombstone_count,
			sizeof(copy), 16)) {
		/* Without memory the news of this deletion is lost; the tree itself is right. */
		state_name_put(copy.name);
		state_name_put(copy.text);
		return;
	}
	s->tombstones[s->tombstone_count++] = copy;
}

void state_prune_tombstones(struct state *s)
{
	uint64_t oldest = UINT64_MAX;
	uint32_t passed = 0;

	if (s->tombstone_count == 0)
		return;
	for (const struct state_observer *o = s->observers; o; o = o->next) {
		if (o->seen != 0 && o->seen < oldest)
			oldest = o->seen;
	}
	while (passed < s->tombstone_count && s->tombstones[passed].generation <= oldest)
		passed++;
	if (passed > 0)
		remove_tombstones(s, 0, passed);
	if (s->tombstone_count == 0) {
		free(s->tombstones);
		s->tombstones = NULL;
		s->tombstone_size = 0;
	}
}

void state_flush(struct state *s)
{
	if (!s->dirty)
		return;
	s->dirty = false;

	for (struct state_observer *o = s->observers; o; o = s->flush_next) {
		s->flush_next = o->next;
		if (o->seen < s->generation && o->notify)
			o->notify(o, o->arg);
	}
	s->flush_next = NULL;
}

/* What state_changes() hands to the functions below. */
struct teller {
	const struct state *s;
	uint64_t seen;
	void (*fn)(void *arg, const struct state_change *c);
	void *arg;
};

/* Who starts from nothing misses nothing. */
static void tell_deletions(const struct teller *t)
{
	if (t->seen == 0)
		return;
	for (uint32_t i = 0; i < t->s->tombstone_count; i++) {
		const struct state_tombstone *gone = &t->s->tombstones[i];
		struct state_change c = {.kind = gone->kind,
					 .name = gone->name->text,
					 .text = gone->text ? gone->text->text : NULL,
					 .range = gone->range};

		if (gone->generation <= t->seen)
			continue;
		if (gone->kind == STATE_ENUM_DELETED || gone->kind == STATE_RANGE_DELETED)
			c.var = state_find(t->s, c.name);
		t->fn(t->arg, &c);
	}
}

/* All of a variable's metadata: what an observer has already does not harm it. */
static void tell_meta(const struct teller *t, const struct state_var *v)
{
	struct state_change c = {.name = v->name->text, .var = v};
	const struct state_meta *m = v->meta;

	c.kind = STATE_ENUM_ADDED;
	for (size_t i = 0; m && i < m->enum_count; i++) {
		c.text = state_meta_enums(m)[i]->text;
		t->fn(t->arg, &c);
	}
	c.kind = STATE_RANGE_ADDED;
	c.text = NULL;
	for (size_t i = 0; m && i < m->range_count; i++) {
		c.range = m->ranges[i];
		t->fn(t->arg, &c);
	}
	c.range = (struct state_range){0, 0};
	c.kind = STATE_VAR_AUX;
	t->fn(t->arg, &c);
	c.kind = STATE_VAR_FLAGS;
	t->fn(t->arg, &c);
}

static void tell_vars(const struct teller *t)
{
	for (uint32_t i = 0; i < t->s->var_count; i++) {
		const struct state_var *v = &t->s->vars[i];

		if (v->value_generation > t->seen)
			t->fn(t->arg, &(struct state_change){.kind = STATE_VAR_VALUE,
							     .name = v->name->text,
							     .var = v});
		if (v->meta_generation > t->seen)
			tell_meta(t, v);
	}
}

static void tell_commands(const struct teller *t)
{
	for (uint32_t i = 0; i < t->s->command_count; i++) {
		const struct state_command *c = &t->s->commands[i];

		if (c->generation > t->seen)
			t->fn(t->arg, &(struct state_change){.kind = STATE_COMMAND_ADDED,
							     .name = c->name->text});
	}
}

void state_changes(struct state *s, struct state_observer *o,
		   void (*fn)(void *arg, const struct state_change *c), void *arg)
{
	const struct teller t = {.s = s, .seen = o->seen, .fn = fn, .arg = arg};

	if (o->seen >= s->generation)
		return;
	tell_deletions(&t);
	tell_vars(&t);
	tell_commands(&t);
	if (s->fresh_generation > t.seen)
		fn(arg, &(struct state_change){.kind = STATE_FRESHNESS, .fresh = s->fresh});
	o->seen = s->generation;
	state_prune_tombstones(s);
}
