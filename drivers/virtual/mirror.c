#include "config.h"

#include "drivers/virtual/mirror.h"

#include "common/base/str.h"

/* --------------------------------------------------------------------------- one variable */

static bool same_enums(const struct state_var *a, const struct state_var *b)
{
	if (state_var_enum_count(a) != state_var_enum_count(b))
		return false;
	for (size_t i = 0; i < state_var_enum_count(a); i++) {
		if (!str_equal(state_var_enum(a, i), state_var_enum(b, i)))
			return false;
	}
	return true;
}

static void copy_enums(struct state *to, const char *name, const struct state_var *v)
{
	const struct state_var *ours = state_find(to, name);

	if (!ours || same_enums(ours, v))
		return;
	while (ours && state_var_enum_count(ours) > 0) {
		if (state_delete_enum(to, name, state_var_enum(ours, 0)) != STATE_CHANGED)
			break;
		ours = state_find(to, name);
	}
	for (size_t i = 0; i < state_var_enum_count(v); i++)
		state_add_enum(to, name, state_var_enum(v, i));
}

static bool same_ranges(const struct state_var *a, const struct state_var *b)
{
	if (state_var_range_count(a) != state_var_range_count(b))
		return false;
	for (size_t i = 0; i < state_var_range_count(a); i++) {
		struct state_range of_a = state_var_range(a, i), of_b = state_var_range(b, i);

		if (of_a.min != of_b.min || of_a.max != of_b.max)
			return false;
	}
	return true;
}

static void copy_ranges(struct state *to, const char *name, const struct state_var *v)
{
	const struct state_var *ours = state_find(to, name);

	if (!ours || same_ranges(ours, v))
		return;
	while (ours && state_var_range_count(ours) > 0) {
		struct state_range r = state_var_range(ours, 0);

		if (state_delete_range(to, name, r.min, r.max) != STATE_CHANGED)
			break;
		ours = state_find(to, name);
	}
	for (size_t i = 0; i < state_var_range_count(v); i++) {
		struct state_range r = state_var_range(v, i);

		state_add_range(to, name, r.min, r.max);
	}
}

/* The whole variable, its description included. */
static void copy_variable(struct state *to, const char *name, const struct state_var *v,
			  unsigned flags)
{
	if (state_set(to, name, state_var_value(v)) == STATE_REFUSED)
		return;
	copy_enums(to, name, v);
	copy_ranges(to, name, v);
	state_set_aux(to, name, state_var_aux(v));
	/* Last: a range makes it a number. */
	state_set_flags(to, name, state_var_flags(v) & flags);
}

/* ---------------------------------------------------------------------------------- names */

static bool variable_name(const struct mirror *m, const char *theirs, char *ours, size_t size)
{
	return !str_caseequal(theirs, "ups.status") &&
	       m->rules->variable(m->arg, theirs, ours, size);
}

static bool command_name(const struct mirror *m, const char *theirs, char *ours, size_t size)
{
	return m->rules->command && m->rules->command(m->arg, theirs, ours, size);
}

/* -------------------------------------------------------------------------------- the tree */

static void take_variable(struct mirror *m, const struct state_var *v)
{
	unsigned flags = STATE_STRING | STATE_NUMBER | (m->rules->read_only ? 0 : STATE_RW);
	char name[STATE_MAX_NAME + 1];

	if (!variable_name(m, state_var_name(v), name, sizeof(name)))
		return;
	copy_variable(m->to, name, v, flags);
	state_set(m->copied, name, "");
}

static void drop_variable(struct mirror *m, const char *theirs)
{
	char name[STATE_MAX_NAME + 1];

	/* Only what came from there: the owner has variables of its own. */
	if (variable_name(m, theirs, name, sizeof(name)) && state_find(m->copied, name)) {
		state_delete(m->to, name);
		state_delete(m->copied, name);
	}
}

static void take_command(struct mirror *m, const char *theirs)
{
	char name[STATE_MAX_NAME + 1];

	if (command_name(m, theirs, name, sizeof(name)) &&
	    state_add_command(m->to, name) == STATE_CHANGED)
		state_add_command(m->copied, name);
}

static void drop_command(struct mirror *m, const char *theirs)
{
	char name[STATE_MAX_NAME + 1];

	if (command_name(m, theirs, name, sizeof(name)) && state_find_command(m->copied, name)) {
		state_delete_command(m->to, name);
		state_delete_command(m->copied, name);
	}
}

static void on_change(void *arg, const struct state_change *change)
{
	switch (change->kind) {
	case STATE_VAR_DELETED:
		drop_variable(arg, change->name);
		break;
	case STATE_COMMAND_ADDED:
		take_command(arg, change->name);
		break;
	case STATE_COMMAND_DELETED:
		drop_command(arg, change->name);
		break;
	case STATE_FRESHNESS:
		break;
	default:
		/* A value of an enumeration may have gone, and its variable after it. */
		if (change->var)
			take_variable(arg, change->var);
		break;
	}
}

/* The names, in the copy, of all that a tree has. */
static void list_names(const struct mirror *m, const struct state *from, struct state *names)
{
	char name[STATE_MAX_NAME + 1];

	for (size_t i = 0; i < state_count(from); i++) {
		if (variable_name(m, state_var_name(state_at(from, i)), name, sizeof(name)))
			state_set(names, name, "");
	}
	for (size_t i = 0; i < state_command_count(from); i++) {
		if (command_name(m, state_command(from, i), name, sizeof(name)))
			state_add_command(names, name);
	}
}

static void drop_others(struct mirror *m, const struct state *names)
{
	for (size_t i = state_count(m->copied); i-- > 0;) {
		const char *name = state_var_name(state_at(m->copied, i));

		if (state_find(names, name))
			continue;
		state_delete(m->to, name);
		state_delete(m->copied, name);
	}
	for (size_t i = state_command_count(m->copied); i-- > 0;) {
		const char *name = state_command(m->copied, i);

		if (state_find_command(names, name))
			continue;
		state_delete_command(m->to, name);
		state_delete_command(m->copied, name);
	}
}

bool mirror_init(struct mirror *m, struct state *to, const struct mirror_rules *rules, void *arg)
{
	*m = (struct mirror){.to = to, .rules = rules, .arg = arg, .copied = state_new()};
	return m->copied != NULL;
}

/* The owner asks for changes when it suits it. */
static void on_notify(struct state_observer *o, void *arg)
{
	(void)o;
	(void)arg;
}

void mirror_follow(struct mirror *m, struct state *from)
{
	struct state *names = state_new();

	mirror_detach(m);
	m->from = from;
	if (names) {
		list_names(m, from, names);
		drop_others(m, names);
		state_free(names);
	}
	for (size_t i = 0; i < state_count(from); i++)
		take_variable(m, state_at(from, i));
	for (size_t i = 0; i < state_command_count(from); i++)
		take_command(m, state_command(from, i));
	m->observer = (struct state_observer){.notify = on_notify, .arg = m};
	state_observe(from, &m->observer, false);
}

void mirror_update(struct mirror *m)
{
	if (m->from)
		state_changes(m->from, &m->observer, on_change, m);
}

void mirror_detach(struct mirror *m)
{
	if (m->from)
		state_unobserve(m->from, &m->observer);
	m->from = NULL;
}

void mirror_free(struct mirror *m)
{
	mirror_detach(m);
	if (m->copied)
		state_free(m->copied);
	m->copied = NULL;
}
