/*
 * A dump taken anew.  Values go into the tree as they come; metadata of
 * variables that were there before are gathered beside it, and compared once
 * the dump is complete, so that what is the same as before is no change.
 */
#include "config.h"

#include <stdlib.h>

#include "common/ups/state_private.h"

/* Ends the resync: marks are taken off, what was gathered and not used is given back. */
static void resync_close(struct state *s)
{
	for (uint32_t i = 0; i < s->pending_count; i++)
		state_meta_swap(s, &s->pending[i], NULL);
	free(s->pending);
	s->pending = NULL;
	s->pending_count = s->pending_size = 0;
	for (uint32_t i = 0; i < s->var_count; i++)
		s->vars[i].resync = STATE_UNNAMED;
	for (uint32_t i = 0; i < s->command_count; i++)
		s->commands[i].named = 0;
	s->resyncing = false;
}

void state_resync_abort(struct state *s)
{
	if (s->resyncing)
		resync_close(s);
}

void state_resync_begin(struct state *s)
{
	state_resync_abort(s);
	s->resyncing = true;
}

bool state_resync_name(struct state *s, struct state_var *v)
{
	if (v->resync != STATE_UNNAMED)
		return true;
	if (!state_grow((void **)&s->pending, &s->pending_size, s->pending_count,
			sizeof(s->pending[0]), 64))
		return false;
	s->pending[s->pending_count++] = NULL;
	v->resync = (uint16_t)s->pending_count;
	return true;
}

struct state_meta **state_meta_slot(struct state *s, struct state_var *v)
{
	if (v->resync == STATE_UNNAMED || v->resync == STATE_CREATED)
		return &v->meta;
	return &s->pending[v->resync - 1];
}

/* Takes over the metadata gathered for a variable of before. */
static void take_pending(struct state *s, struct state_var *v)
{
	struct state_meta *m = s->pending[v->resync - 1];

	s->pending[v->resync - 1] = NULL;
	s->list_bytes -= m ? m->bytes : 0; /* state_meta_replace() counts it again */
	state_meta_replace(s, v, m);
}

static void sweep_vars(struct state *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->var_count; i++) {
		struct state_var *v = &s->vars[i];

		if (v->resync == STATE_UNNAMED && !(state_var_flags(v) & STATE_IMMUTABLE)) {
			state_bury(s, &(struct state_tombstone){.generation = state_touch(s),
								.kind = STATE_VAR_DELETED,
								.name = v->name});
			state_var_clear(s, v);
			continue;
		}
		if (v->resync != STATE_UNNAMED && v->resync != STATE_CREATED)
			take_pending(s, v);
		if (kept != i)
			s->vars[kept] = *v;
		kept++;
	}
	s->var_count = kept;
}

static void sweep_commands(struct state *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->command_count; i++) {
		struct state_command *c = &s->commands[i];

		if (!c->named) {
			state_bury(s, &(struct state_tombstone){.generation = state_touch(s),
								.kind = STATE_COMMAND_DELETED,
								.name = c->name});
			state_name_put(c->name);
			continue;
		}
		if (kept != i)
			s->commands[kept] = *c;
		kept++;
	}
	s->command_count = kept;
}

/* A tree stays as its dump made it: give the room for growth back. */
static void shrink(void **array, uint32_t *size, uint32_t count, size_t item)
{
	void *p = count > 0 && count < *size ? reallocarray(*array, count, item) : NULL;

	if (p) {
		*array = p;
		*size = count;
	}
}

void state_resync_end(struct state *s)
{
	if (!s->resyncing)
		return;
	sweep_vars(s);
	sweep_commands(s);
	resync_close(s);
	shrink((void **)&s->vars, &s->var_size, s->var_count, sizeof(s->vars[0]));
	shrink((void **)&s->commands, &s->command_size, s->command_count, sizeof(s->commands[0]));
}
