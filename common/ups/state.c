/*
 * The tree: variables and commands in sorted arrays.  Drivers send their dump
 * in order, so the place is mostly known before it is searched: after the
 * variable that was changed last, or at the end.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/ups/state_private.h"

struct state *state_new(void)
{
	struct state *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->generation = 1;
	s->fresh_generation = 1;
	return s;
}

void state_var_clear(struct state *s, struct state_var *v)
{
	if (v->on_heap)
		free(v->value.heap);
	state_meta_swap(s, &v->meta, NULL);
	state_name_put(v->name);
}

void state_free(struct state *s)
{
	if (!s)
		return;
	state_resync_abort(s);
	while (s->observers)
		state_unobserve(s, s->observers);
	state_prune_tombstones(s);
	for (uint32_t i = 0; i < s->var_count; i++)
		state_var_clear(s, &s->vars[i]);
	for (uint32_t i = 0; i < s->command_count; i++)
		state_name_put(s->commands[i].name);
	free(s->vars);
	free(s->commands);
	free(s->tombstones);
	free(s);
}

bool state_grow(void **array, uint32_t *size, uint32_t count, size_t item, uint32_t first)
{
	uint32_t bigger = *size + *size / 2;
	void *p;

	if (count < *size)
		return true;
	if (bigger < first)
		bigger = first;
	p = reallocarray(*array, bigger, item);
	if (!p)
		return false;
	*array = p;
	*size = bigger;
	return true;
}

uint64_t state_touch(struct state *s)
{
	s->generation++;
	if (!s->dirty) {
		s->dirty = true;
		if (s->on_dirty)
			s->on_dirty(s->on_dirty_arg);
	}
	return s->generation;
}

uint64_t state_generation(const struct state *s)
{
	return s->generation;
}

void state_on_dirty(struct state *s, void (*fn)(void *arg), void *arg)
{
	s->on_dirty = fn;
	s->on_dirty_arg = arg;
}

/* Names go over both wires as bare words. */
static bool good_name(const char *name)
{
	size_t len = 0;

	for (; name[len]; len++) {
		unsigned char c = (unsigned char)name[len];

		if (c <= ' ' || c >= 0x7f || strchr("\"\\#=", c) || len >= STATE_MAX_NAME)
			return false;
	}
	return len > 0;
}

/* Variables */

/* The index of `name`, or where it would have to go. */
static uint32_t var_search(const struct state *s, const char *name, bool *found)
{
	uint32_t low = 0, high = s->var_count;

	*found = false;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = str_casecmp(s->vars[middle].name->text, name);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The same with guesses: the variable changed last, its successor, the end. */
static uint32_t var_locate(struct state *s, const char *name, bool *found)
{
	uint32_t at;

	*found = true;
	for (at = s->hint; at < s->var_count && at <= s->hint + 1; at++) {
		if (str_casecmp(s->vars[at].name->text, name) == 0)
			return s->hint = at;
	}
	*found = false;
	if (s->var_count == 0 || str_casecmp(s->vars[s->var_count - 1].name->text, name) < 0)
		return s->var_count;
	at = var_search(s, name, found);
	if (*found)
		s->hint = at;
	return at;
}

struct state_var *state_lookup(struct state *s, const char *name)
{
	bool found;
	uint32_t at = var_locate(s, name, &found);

	return found ? &s->vars[at] : NULL;
}

const struct state_var *state_find(const struct state *s, const char *name)
{
	bool found;
	uint32_t at = var_search(s, name, &found);

	return found ? &s->vars[at] : NULL;
}

size_t state_count(const struct state *s)
{
	return s->var_count;
}

const struct state_var *state_at(const struct state *s, size_t i)
{
	return i < s->var_count ? &s->vars[i] : NULL;
}

const char *state_get(const struct state *s, const char *name)
{
	const struct state_var *v = state_find(s, name);

	return v ? state_var_value(v) : NULL;
}

const char *state_var_name(const struct state_var *v)
{
	return v->name->text;
}

const char *state_var_value(const struct state_var *v)
{
	return v->on_heap ? v->value.heap : v->value.here;
}

/* Takes care of a value that is part of the old one. */
static bool store_value(struct state_var *v, const char *value)
{
	size_t size = strlen(value) + 1;
	char *old = v->on_heap ? v->value.heap : NULL, *copy = NULL;

	if (size > STATE_INLINE_VALUE) {
		copy = str_dup(value);
		if (!copy)
			return false;
		v->value.heap = copy;
	} else {
		memmove(v->value.here, value, size);
	}
	v->on_heap = copy != NULL;
	free(old);
	return true;
}

static struct state_var *var_insert(struct state *s, uint32_t at, const char *name,
				    const char *value)
{
	struct state_var v = {.resync = s->resyncing ? STATE_CREATED : STATE_UNNAMED};

	if (!good_name(name) || s->var_count >= STATE_MAX_VARS || !state_has_room(s))
		return NULL;
	v.name = state_name_get(name);
	/* The value first: it may stand in the array that is about to move. */
	if (!v.name || !store_value(&v, value) ||
	    !state_grow((void **)&s->vars, &s->var_size, s->var_count, sizeof(v), 8)) {
		if (v.on_heap)
			free(v.value.heap);
		state_name_put(v.name);
		return NULL;
	}
	memmove(&s->vars[at + 1], &s->vars[at], (s->var_count - at) * sizeof(v));
	s->vars[at] = v;
	s->var_count++;
	s->hint = at;
	return &s->vars[at];
}

static enum state_result var_update(struct state *s, struct state_var *v, const char *value)
{
	if (s->resyncing && !state_resync_name(s, v))
		return STATE_REFUSED;
	if (strcmp(state_var_value(v), value) == 0)
		return STATE_UNCHANGED;
	if (!store_value(v, value))
		return STATE_REFUSED;
	v->value_generation = state_touch(s);
	return STATE_CHANGED;
}

enum state_result state_set(struct state *s, const char *name, const char *value)
{
	bool found;
	uint32_t at = var_locate(s, name, &found);
	struct state_var *v;

	if (strlen(value) > STATE_MAX_VALUE)
		return STATE_REFUSED;
	if (found) {
		v = &s->vars[at];
		return state_var_flags(v) & STATE_IMMUTABLE ? STATE_REFUSED
							    : var_update(s, v, value);
	}
	v = var_insert(s, at, name, value);
	if (!v)
		return STATE_REFUSED;
	v->value_generation = state_touch(s);
	return STATE_CHANGED;
}

enum state_result state_setf(struct state *s, const char *name, const char *fmt, ...)
{
	char value[STATE_MAX_VALUE + 1];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(value))
		return STATE_REFUSED;
	return state_set(s, name, value);
}

enum state_result state_override(struct state *s, const char *name, const char *value)
{
	struct state_var *v = state_lookup(s, name);
	enum state_result result;

	if (v && (state_var_flags(v) & STATE_IMMUTABLE))
		return strlen(value) > STATE_MAX_VALUE ? STATE_REFUSED : var_update(s, v, value);
	result = state_set(s, name, value);
	if (result == STATE_REFUSED || !state_meta_fix(s, state_lookup(s, name)))
		return STATE_REFUSED;
	return STATE_CHANGED;
}

enum state_result state_delete(struct state *s, const char *name)
{
	bool found;
	uint32_t at = var_locate(s, name, &found);
	struct state_var v;

	if (!found)
		return STATE_UNCHANGED;
	v = s->vars[at];
	if (state_var_flags(&v) & STATE_IMMUTABLE)
		return STATE_REFUSED;
	s->var_count--;
	memmove(&s->vars[at], &s->vars[at + 1], (s->var_count - at) * sizeof(v));
	state_bury(s, &(struct state_tombstone){.generation = state_touch(s),
						.kind = STATE_VAR_DELETED,
						.name = v.name});
	state_var_clear(s, &v);
	return STATE_CHANGED;
}

/* Commands */

static uint32_t command_search(const struct state *s, const char *name, bool *found)
{
	uint32_t low = 0, high = s->command_count;

	*found = false;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = str_casecmp(s->commands[middle].name->text, name);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t state_command_count(const struct state *s)
{
	return s->command_count;
}

const char *state_command(const struct state *s, size_t i)
{
	return i < s->command_count ? s->commands[i].name->text : NULL;
}

const char *state_find_command(const struct state *s, const char *name)
{
	bool found;
	uint32_t at = command_search(s, name, &found);

	return found ? s->commands[at].name->text : NULL;
}

enum state_result state_add_command(struct state *s, const char *name)
{
	bool found;
	uint32_t at = command_search(s, name, &found);
	struct state_command c = {.named = s->resyncing};

	if (found) {
		s->commands[at].named = s->resyncing;
		return STATE_UNCHANGED;
	}
	if (!good_name(name) || s->command_count >= STATE_MAX_COMMANDS || !state_has_room(s) ||
	    !state_grow((void **)&s->commands, &s->command_size, s->command_count, sizeof(c), 8))
		return STATE_REFUSED;
	c.name = state_name_get(name);
	if (!c.name)
		return STATE_REFUSED;
	c.generation = state_touch(s);
	memmove(&s->commands[at + 1], &s->commands[at], (s->command_count - at) * sizeof(c));
	s->commands[at] = c;
	s->command_count++;
	return STATE_CHANGED;
}

enum state_result state_delete_command(struct state *s, const char *name)
{
	bool found;
	uint32_t at = command_search(s, name, &found);
	struct state_name *gone;

	if (!found)
		return STATE_UNCHANGED;
	gone = s->commands[at].name;
	s->command_count--;
	memmove(&s->commands[at], &s->commands[at + 1],
		(s->command_count - at) * sizeof(s->commands[0]));
	state_bury(s, &(struct state_tombstone){.generation = state_touch(s),
						.kind = STATE_COMMAND_DELETED,
						.name = gone});
	state_name_put(gone);
	return STATE_CHANGED;
}

/* Freshness */

bool state_fresh(const struct state *s)
{
	return s->fresh;
}

enum state_result state_set_fresh(struct state *s, bool fresh)
{
	if (s->fresh == fresh)
		return STATE_UNCHANGED;
	s->fresh = fresh;
	s->fresh_generation = state_touch(s);
	return STATE_CHANGED;
}
