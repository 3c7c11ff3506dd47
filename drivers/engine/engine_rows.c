#include "config.h"

#include <stdlib.h>

#include "common/base/str.h"
#include "drivers/engine/engine_private.h"

/* ------------------------------------------------------------------------------ names */

static int by_name(const void *a, const void *b)
{
	const struct engine_row *const *x = a, *const *y = b;
	int order = str_casecmp((*x)->name, (*y)->name);

	return order ? order : ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

static int by_place_in_map(const void *a, const void *b)
{
	const struct engine_row *x = *(const struct engine_row *const *)a;
	const struct engine_row *y = *(const struct engine_row *const *)b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	for (size_t i = 0; i < 3; i++) {
		if (x->number[i] != y->number[i])
			return x->number[i] < y->number[i] ? -1 : 1;
	}
	return 0;
}

bool engine_rows_index(struct engine *e)
{
	size_t named = 0, firsts = 0;

	free(e->names);
	e->name_count = 0;
	e->names = calloc(e->count + 1, sizeof(struct engine_row *));
	if (!e->names)
		return false;
	if (e->count == 0)
		return true; /* a map without rows: there is nothing to sort */
	qsort(e->rows, e->count, sizeof(struct engine_row *), by_place_in_map);
	for (size_t i = 0; i < e->count; i++) {
		e->rows[i]->order = i;
		e->rows[i]->next_same = NULL;
		if (e->rows[i]->row->kind == MAP_VAR || e->rows[i]->row->kind == MAP_CMD)
			e->names[named++] = e->rows[i];
	}
	qsort(e->names, named, sizeof(struct engine_row *), by_name);
	for (size_t i = named; i-- > 1;) {
		if (str_caseequal(e->names[i - 1]->name, e->names[i]->name))
			e->names[i - 1]->next_same = e->names[i];
	}
	for (size_t i = 0; i < named; i++) {
		if (firsts == 0 || !str_caseequal(e->names[firsts - 1]->name, e->names[i]->name))
			e->names[firsts++] = e->names[i];
	}
	e->name_count = firsts;
	return true;
}

struct engine_row *engine_rows_first(const struct engine *e, const char *name)
{
	size_t low = 0, high = e->name_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_casecmp(name, e->names[middle]->name);

		if (order == 0)
			return e->names[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Of one phase are those that do not tell. */
static bool has_phases(const struct engine *e, const struct engine_row *r)
{
	char name[64];
	const char *text;
	double phases;

	if (!r->row->phases_of)
		return true;
	if (r->device > 0)
		str_format(name, sizeof(name), "device.%ld.%s", r->device, r->row->phases_of);
	else
		str_copy(name, sizeof(name), r->row->phases_of);
	text = state_get(e->host.state, name);
	if (!text || !str_to_double(text, &phases))
		phases = 1;
	return (phases > 1) == (r->row->phases > 1);
}

bool engine_row_counts(const struct engine *e, const struct engine_row *r)
{
	return mapnumbers_allow(e->numbers, r->row->when) && has_phases(e, r);
}

struct engine_row *engine_find_variable(const struct engine *e, const char *name)
{
	struct engine_row *first = NULL;

	for (struct engine_row *r = engine_rows_first(e, name); r; r = r->next_same) {
		if (r->row->kind != MAP_VAR || !r->here || (r->row->flags & MAP_HIDDEN) ||
		    !engine_row_counts(e, r))
			continue;
		if (r->in_use)
			return r;
		if (!first)
			first = r;
	}
	return first;
}

struct engine_row *engine_find_command(const struct engine *e, const char *name)
{
	for (struct engine_row *r = engine_rows_first(e, name); r; r = r->next_same) {
		if (r->row->kind == MAP_CMD && r->here && r->place && engine_row_counts(e, r))
			return r;
	}
	return NULL;
}

/* --------------------------------------------------------------------------- the rows */

static const void *place_of(const struct engine *e, const char *where)
{
	return where && !str_equal(where, "-") ? e->device.place(e->device.arg, where) : NULL;
}

struct engine_row *engine_rows_add(struct engine *e, size_t index)
{
	const struct map_row *row = &e->map->rows[index];
	struct engine_row *r;

	if (e->count == e->room) {
		size_t room = e->room ? 2 * e->room : 64;
		struct engine_row **rows = realloc(e->rows, room * sizeof(struct engine_row *));

		if (!rows)
			return NULL;
		e->rows = rows;
		e->room = room;
	}
	r = calloc(1, sizeof(*r));
	if (r && row->kind == MAP_STATUS)
		r->last = calloc(1, sizeof(*r->last));
	if (!r || (row->kind == MAP_STATUS && !r->last)) {
		free(r);
		return NULL;
	}
	r->row = row;
	r->index = index;
	r->name = row->name;
	r->where = row->where;
	r->constant = row->constant;
	r->own = row->own;
	r->otherwise = row->otherwise;
	r->in_use = row->kind != MAP_VAR || (row->flags & MAP_HIDDEN);
	e->rows[e->count++] = r;
	return r;
}

static bool is_left_out(const struct engine *e, const struct map_row *row)
{
	for (const char *const *p = e->options.leave_out; p && *p; p++) {
		if (row->name && str_casestarts(row->name, *p))
			return true;
	}
	return false;
}

bool engine_rows_make(struct engine *e)
{
	e->expanded = calloc(e->map->row_count + 1, sizeof(bool));
	if (!e->expanded)
		return false;
	for (size_t i = 0; i < e->map->row_count; i++) {
		const struct map_row *row = &e->map->rows[i];
		struct engine_row *r;

		e->tells_status = e->tells_status || row->kind == MAP_STATUS;
		if (engine_is_template(e, row) || is_left_out(e, row))
			continue;
		r = engine_rows_add(e, i);
		if (!r)
			return false;
		r->asked_if = place_of(e, row->asked_if);
		r->place = place_of(e, r->where);
		r->only_if = place_of(e, row->only_if);
		r->unless = place_of(e, row->unless);
		r->to = row->to ? place_of(e, row->to) : r->place;
	}
	return engine_rows_index(e);
}

void engine_rows_free(struct engine *e)
{
	for (size_t i = 0; i < e->count; i++) {
		free(e->rows[i]->alarm);
		free(e->rows[i]->unknown);
		free(e->rows[i]->last);
		free(e->rows[i]->texts);
		free(e->rows[i]);
	}
	free(e->rows);
	free(e->names);
	free(e->expanded);
}

static bool exists(const struct engine *e, const void *place)
{
	return place && (!e->device.exists || e->device.exists(e->device.arg, place));
}

bool engine_row_is_there(const struct engine *e, const struct engine_row *r)
{
	if (!str_equal(r->where, "-") && !exists(e, r->place))
		return false;
	return (!r->row->only_if || exists(e, r->only_if)) &&
	       (!r->row->unless || !exists(e, r->unless));
}

void engine_rows_settle(struct engine *e)
{
	e->rows_here = 0;
	for (size_t i = 0; i < e->count; i++) {
		struct engine_row *r = e->rows[i];

		r->here = engine_row_is_there(e, r);
		if (r->here && r->place)
			e->rows_here++;
	}
}
