/*
 * Metadata of variables.  A change makes a draft from what was, and looks
 * whether the process has the same already: devices of one model share theirs.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/ups/state_private.h"

static struct intern_table metas;

static struct state_name **enums_of(struct state_meta *m)
{
	return (struct state_name **)(void *)(m->ranges + m->range_count);
}

struct state_name *const *state_meta_enums(const struct state_meta *m)
{
	return (struct state_name *const *)(const void *)(m->ranges + m->range_count);
}

static void meta_destroy(struct state_meta *m)
{
	for (size_t i = 0; i < m->enum_count; i++)
		state_name_put(enums_of(m)[i]);
	free(m);
}

void state_meta_put(struct state_meta *m)
{
	if (m && intern_release(&metas, &m->node))
		meta_destroy(m);
}

/* A copy of `old` (or of nothing) with so many ranges and values: the first ones kept, new ones
 * empty. */
static struct state_meta *meta_draft(const struct state_meta *old, size_t ranges, size_t enums)
{
	struct state_meta *m = calloc(1, sizeof(*m) + ranges * sizeof(struct state_range) +
						 enums * sizeof(struct state_name *));

	if (!m)
		return NULL;
	m->range_count = (uint16_t)ranges;
	m->enum_count = (uint16_t)enums;
	if (!old)
		return m;
	m->flags = old->flags;
	m->aux = old->aux;
	for (size_t i = 0; i < ranges && i < old->range_count; i++)
		m->ranges[i] = old->ranges[i];
	for (size_t i = 0; i < enums && i < old->enum_count; i++)
		enums_of(m)[i] = state_name_ref(state_meta_enums(old)[i]);
	return m;
}

static size_t list_size(const struct state_meta *m)
{
	return m->range_count * sizeof(struct state_range) +
	       m->enum_count * sizeof(struct state_name *);
}

static bool same_meta(const struct intern_node *node, const void *key)
{
	const struct state_meta *a = (const struct state_meta *)node, *b = key;

	return a->flags == b->flags && a->aux == b->aux && a->range_count == b->range_count &&
	       a->enum_count == b->enum_count && memcmp(a->ranges, b->ranges, list_size(a)) == 0;
}

/* Turns a draft (consumed) into its shared form. NULL with *ok: none at all; without: no memory. */
static struct state_meta *meta_share(struct state_meta *draft, bool *ok)
{
	*ok = draft != NULL;
	if (!draft)
		return NULL;
	if (draft->flags == 0 && draft->aux == 0 && !draft->range_count && !draft->enum_count) {
		meta_destroy(draft);
		return NULL;
	}

	uint32_t hash = intern_hash(INTERN_HASH, &draft->aux, sizeof(draft->aux));

	hash = intern_hash(hash, &draft->flags, sizeof(draft->flags));
	hash = intern_hash(hash, draft->ranges, list_size(draft));

	struct state_meta *m = (struct state_meta *)intern_find(&metas, hash, same_meta, draft);

	if (m) {
		m->node.refs++;
		meta_destroy(draft);
		return m;
	}
	draft->bytes = list_size(draft);
	for (size_t i = 0; i < draft->enum_count; i++)
		draft->bytes += strlen(enums_of(draft)[i]->text);
	*ok = intern_insert(&metas, &draft->node, hash);
	if (*ok)
		return draft;
	meta_destroy(draft);
	return NULL;
}

void state_meta_swap(struct state *s, struct state_meta **slot, struct state_meta *m)
{
	struct state_meta *old = *slot;

	s->list_bytes += m ? m->bytes : 0;
	s->list_bytes -= old ? old->bytes : 0;
	*slot = m;
	state_meta_put(old);
}

/* Gives v what a draft (consumed) says; `gone`, if any, is what an observer must be told of first.
 */
static enum state_result meta_apply(struct state *s, struct state_var *v, struct state_meta *draft,
				    struct state_tombstone *gone)
{
	bool ok;
	struct state_meta *m = meta_share(draft, &ok);
	struct state_meta **slot = state_meta_slot(s, v);

	if (!ok)
		return STATE_REFUSED;
	if (*slot == m) {
		state_meta_put(m);
		return STATE_UNCHANGED;
	}
	if (slot == &v->meta) {
		v->meta_generation = state_touch(s);
		if (gone) {
			gone->generation = v->meta_generation;
			gone->name = v->name;
			state_bury(s, gone);
		}
	}
	state_meta_swap(s, slot, m);
	return STATE_CHANGED;
}

/* The variable if its metadata may be changed, and what they are now (NULL: none). */
static struct state_var *changeable(struct state *s, const char *name, const struct state_meta **m)
{
	struct state_var *v = state_lookup(s, name);

	if (!v || (state_var_flags(v) & STATE_IMMUTABLE))
		return NULL;
	*m = *state_meta_slot(s, v);
	return v;
}

static size_t range_count(const struct state_meta *m)
{
	return m ? m->range_count : 0;
}

static size_t enum_count(const struct state_meta *m)
{
	return m ? m->enum_count : 0;
}

static struct state_meta *draft_with(const struct state_meta *old, unsigned flags, long aux)
{
	struct state_meta *draft = meta_draft(old, range_count(old), enum_count(old));

	if (draft) {
		draft->flags = flags;
		draft->aux = aux;
	}
	return draft;
}

enum state_result state_set_flags(struct state *s, const char *name, unsigned flags)
{
	const struct state_meta *old;
	struct state_var *v = changeable(s, name, &old);

	flags &= STATE_RW | STATE_STRING | STATE_NUMBER;
	if (!v)
		return STATE_REFUSED;
	if (flags == (old ? old->flags : 0))
		return STATE_UNCHANGED;
	return meta_apply(s, v, draft_with(old, flags, old ? old->aux : 0), NULL);
}

enum state_result state_set_aux(struct state *s, const char *name, long aux)
{
	const struct state_meta *old;
	struct state_var *v = changeable(s, name, &old);

	if (!v || aux < 0)
		return STATE_REFUSED;
	if (aux == (old ? old->aux : 0))
		return STATE_UNCHANGED;
	return meta_apply(s, v, draft_with(old, old ? old->flags : 0, aux), NULL);
}

bool state_meta_fix(struct state *s, struct state_var *v)
{
	unsigned flags = state_var_flags(v) | STATE_IMMUTABLE;

	return meta_apply(s, v, draft_with(v->meta, flags, state_var_aux(v)), NULL) !=
	       STATE_REFUSED;
}

/* The index of a value in the list, or its count: the exact spelling first, then any letter case.
 */
static size_t enum_index(const struct state_meta *m, const char *value, bool any_case)
{
	size_t count = enum_count(m);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(state_meta_enums(m)[i]->text, value) == 0)
			return i;
	}
	for (size_t i = 0; any_case && i < count; i++) {
		if (str_caseequal(state_meta_enums(m)[i]->text, value))
			return i;
	}
	return count;
}

enum state_result state_add_enum(struct state *s, const char *name, const char *value)
{
	const struct state_meta *old;
	struct state_var *v = changeable(s, name, &old);
	size_t count = v ? enum_count(old) : 0;

	if (!v)
		return STATE_REFUSED;
	if (enum_index(old, value, false) < count)
		return STATE_UNCHANGED;
	if (count >= STATE_MAX_ENUMS || strlen(value) > STATE_MAX_VALUE || !state_has_room(s) ||
	    s->list_bytes > STATE_MAX_LIST_BYTES)
		return STATE_REFUSED;

	struct state_meta *draft = meta_draft(old, range_count(old), count + 1);

	if (draft && !(enums_of(draft)[count] = state_name_get(value))) {
		meta_destroy(draft);
		draft = NULL;
	}
	return meta_apply(s, v, draft, NULL);
}

enum state_result state_delete_enum(struct state *s, const char *name, const char *value)
{
	const struct state_meta *old;
	struct state_var *v = changeable(s, name, &old);
	size_t count = v ? enum_count(old) : 0, at = v ? enum_index(old, value, true) : 0;

	if (!v)
		return STATE_REFUSED;
	if (at == count)
		return STATE_UNCHANGED;

	struct state_meta *draft = meta_draft(old, range_count(old), count - 1);
	struct state_tombstone gone = {
		.kind = STATE_ENUM_DELETED,
		.text = state_name_ref(state_meta_enums(old)[at]),
	};

	for (size_t i = at; draft && i + 1 < count; i++) {
		state_name_put(enums_of(draft)[i]);
		enums_of(draft)[i] = state_name_ref(state_meta_enums(old)[i + 1]);
	}

	enum state_result result = meta_apply(s, v, draft, &gone);

	state_name_put(gone.text);
	return result;
}

/* Drivers and upsd have always compared ranges so (spec/driver-socket.md 2): one bound is enough.
 */
static size_t range_index(const struct state_meta *m, long min, long max)
{
	size_t count = range_count(m);

	for (size_t i = 0; i < count; i++) {
		if (m->ranges[i].min == min || m->ranges[i].max == max)
			return i;
	}
	return count;
}

enum state_result state_add_range(struct state *s, const char *name, long min, long max)
{
	const struct state_meta *old;
	struct state_var *v = changeable(s, name, &old);
	size_t count = v ? range_count(old) : 0;

	if (!v || min > max)
		return STATE_REFUSED;
	if (range_index(old, min, max) < count)
		return STATE_UNCHANGED;
	if (count >= STATE_MAX_RANGES || !state_has_room(s) || s->list_bytes > STATE_MAX_LIST_BYTES)
		return STATE_REFUSED;

	struct state_meta *draft = meta_draft(old, count + 1, enum_count(old));

	if (draft) {
		draft->ranges[count] = (struct state_range){.min = min, .max = max};
		draft->flags |= STATE_NUMBER;
	}
	return meta_apply(s, v, draft, NULL);
}

enum state_result state_delete_range(struct state *s, const char *name, long min, long max)
{
	const struct state_meta *old;
	struct state_var *v = changeable(s, name, &old);
	size_t count = v ? range_count(old) : 0, at = v ? range_index(old, min, max) : 0;

	if (!v)
		return STATE_REFUSED;
	if (at == count)
		return STATE_UNCHANGED;

	struct state_meta *draft = meta_draft(old, count - 1, enum_count(old));
	struct state_tombstone gone = {.kind = STATE_RANGE_DELETED, .range = old->ranges[at]};

	for (size_t i = at; draft && i + 1 < count; i++)
		draft->ranges[i] = old->ranges[i + 1];
	return meta_apply(s, v, draft, &gone);
}

/* True when taking what is not in `b` out of `a` leaves the beginning of `b`: then adding suffices.
 */
static bool enums_lead_to(const struct state_meta *a, const struct state_meta *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < enum_count(a); i++) {
		const char *text = state_meta_enums(a)[i]->text;

		if (enum_index(b, text, false) == enum_count(b))
			continue;
		if (strcmp(state_meta_enums(b)[kept]->text, text) != 0)
			return false;
		kept++;
	}
	return true;
}

static bool has_range(const struct state_meta *m, const struct state_range *r)
{
	for (size_t i = 0; i < range_count(m); i++) {
		if (m->ranges[i].min == r->min && m->ranges[i].max == r->max)
			return true;
	}
	return false;
}

static bool ranges_lead_to(const struct state_meta *a, const struct state_meta *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < range_count(a); i++) {
		if (!has_range(b, &a->ranges[i]))
			continue;
		if (b->ranges[kept].min != a->ranges[i].min ||
		    b->ranges[kept].max != a->ranges[i].max)
			return false;
		kept++;
	}
	return true;
}

void state_meta_replace(struct state *s, struct state_var *v, struct state_meta *m)
{
	struct state_meta *old = v->meta;

	if (old == m) {
		state_meta_put(m);
		return;
	}
	v->meta_generation = state_touch(s);

	bool all_enums = !enums_lead_to(old, m), all_ranges = !ranges_lead_to(old, m);
	struct state_tombstone gone = {.generation = v->meta_generation, .name = v->name};

	gone.kind = STATE_ENUM_DELETED;
	for (size_t i = 0; i < enum_count(old); i++) {
		gone.text = state_meta_enums(old)[i];
		if (all_enums || enum_index(m, gone.text->text, false) == enum_count(m))
			state_bury(s, &gone);
	}
	gone.kind = STATE_RANGE_DELETED;
	gone.text = NULL;
	for (size_t i = 0; i < range_count(old); i++) {
		gone.range = old->ranges[i];
		if (all_ranges || !has_range(m, &gone.range))
			state_bury(s, &gone);
	}
	state_meta_swap(s, &v->meta, m);
}

unsigned state_var_flags(const struct state_var *v)
{
	return v->meta ? v->meta->flags : 0;
}

long state_var_aux(const struct state_var *v)
{
	return v->meta ? v->meta->aux : 0;
}

size_t state_var_enum_count(const struct state_var *v)
{
	return enum_count(v->meta);
}

const char *state_var_enum(const struct state_var *v, size_t i)
{
	return i < enum_count(v->meta) ? state_meta_enums(v->meta)[i]->text : NULL;
}

size_t state_var_range_count(const struct state_var *v)
{
	return range_count(v->meta);
}

struct state_range state_var_range(const struct state_var *v, size_t i)
{
	return i < range_count(v->meta) ? v->meta->ranges[i] : (struct state_range){0, 0};
}
