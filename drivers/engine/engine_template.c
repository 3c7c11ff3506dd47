/*
 * Templates: a row of the map that is many of the device, one for each number of its
 * indexes, as soon as it is known how many there are.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/engine/engine_private.h"

static const char token[] = "map";

enum {
	TEXT_MAX = 512,
	NUMBERS_MAX = 1024, /* of one index */
	ROWS_MAX = 32768,   /* of one device */
};

struct numbers {
	long list[NUMBERS_MAX];
	size_t count;
};

/* One choice of numbers: `has` tells which of i and j are given. */
struct choice {
	long i, j;
	bool has_i, has_j;
};

static bool fill(const struct choice *c, const char *text, char *dst, size_t size)
{
	size_t used = 0;

	for (const char *p = text; *p; p++) {
		char number[24] = {*p, '\0'};
		bool is_i = p[0] == '%' && p[1] == 'i' && c->has_i;
		bool is_j = p[0] == '%' && p[1] == 'j' && c->has_j;

		if (is_i || is_j) {
			snprintf(number, sizeof(number), "%ld", is_i ? c->i : c->j);
			p++;
		}
		if (!str_copy(dst + used, size - used, number))
			return false;
		used += strlen(number);
	}
	dst[used] = '\0';
	return true;
}

/* ---------------------------------------------------------------------- how many of it */

/* A number, or a variable that is one.  False: it is not known. */
static bool bound(const struct engine *e, const struct choice *c, const char *text, long *value)
{
	char name[TEXT_MAX];
	const char *given;
	double number;

	if (!fill(c, text, name, sizeof(name)))
		return false;
	given = state_get(e->host.state, name);
	if (!str_to_double(given ? given : name, &number) || number < -1e6 || number > 1e6)
		return false;
	*value = (long)number;
	return true;
}

/* False: it is not known, not yet. */
static bool numbers_of(struct engine *e, const struct map_row *row, const struct map_loop *loop,
		       const struct choice *c, struct numbers *n)
{
	char where[TEXT_MAX];
	long from, to;

	n->count = 0;
	if (!loop->to) {
		if (!e->device.walk || !fill(c, row->where, where, sizeof(where)))
			return false;
		n->count = e->device.walk(e->device.arg, where, n->list, NUMBERS_MAX);
		return true;
	}
	if (!bound(e, c, loop->from, &from) || !bound(e, c, loop->to, &to))
		return false;
	for (; from <= to && n->count < NUMBERS_MAX; from++)
		n->list[n->count++] = from;
	return true;
}

static void choose(struct choice *c, char index, long number)
{
	if (index == 'i') {
		c->i = number;
		c->has_i = true;
	} else {
		c->j = number;
		c->has_j = true;
	}
}

/* ------------------------------------------------------------------------------- rows */

static const void *place_of(const struct engine *e, const struct choice *c, const char *where)
{
	char text[TEXT_MAX];

	if (!where || str_equal(where, "-") || !fill(c, where, text, sizeof(text)))
		return NULL;
	return e->device.place(e->device.arg, text);
}

static bool add(struct engine *e, size_t index, const struct choice *c)
{
	const struct map_row *row = &e->map->rows[index];
	char name[TEXT_MAX], where[TEXT_MAX];
	struct engine_row *r;

	if (e->count >= ROWS_MAX || !fill(c, row->name, name, sizeof(name)) ||
	    !fill(c, row->where, where, sizeof(where)))
		return false;
	r = engine_rows_add(e, index);
	if (!r)
		return false;
	r->texts = malloc(strlen(name) + strlen(where) + 2);
	if (!r->texts)
		return false;
	r->number[0] = c->i;
	r->number[1] = c->j;
	memcpy(r->texts, name, strlen(name) + 1);
	memcpy(r->texts + strlen(name) + 1, where, strlen(where) + 1);
	r->name = r->texts;
	r->where = r->texts + strlen(name) + 1;
	r->place = place_of(e, c, row->where);
	r->only_if = place_of(e, c, row->only_if);
	r->unless = place_of(e, c, row->unless);
	r->to = row->to ? place_of(e, c, row->to) : r->place;
	return true;
}

/* All of a template, or nothing while a number is not known.  False: there is no room. */
static bool expand(struct engine *e, size_t index, bool *known)
{
	const struct map_row *row = &e->map->rows[index];
	struct numbers *outer = calloc(2, sizeof(*outer));
	struct numbers *inner = outer ? outer + 1 : NULL;
	bool ok = outer != NULL;

	*known = ok && numbers_of(e, row, &row->loops[0], &(struct choice){0}, outer);
	for (size_t i = 0; ok && *known && i < outer->count; i++) {
		struct choice c = {0};

		choose(&c, row->loops[0].index, outer->list[i]);
		if (row->loop_count == 1) {
			ok = add(e, index, &c);
			continue;
		}
		/* A part that says nothing of its number has none. */
		if (!numbers_of(e, row, &row->loops[1], &c, inner))
			continue;
		for (size_t k = 0; ok && k < inner->count; k++) {
			choose(&c, row->loops[1].index, inner->list[k]);
			ok = add(e, index, &c);
		}
	}
	free(outer);
	return ok;
}

bool engine_templates_expand(struct engine *e, bool *more)
{
	size_t before = e->count;

	for (size_t i = 0; i < e->map->row_count; i++) {
		bool known;

		if (e->map->rows[i].loop_count == 0 || e->expanded[i])
			continue;
		if (!expand(e, i, &known)) {
			log_error(token, "%s:%u: the device has more of it than there is room for",
				  e->map->rows[i].file, e->map->rows[i].line);
			return false;
		}
		e->expanded[i] = known;
	}
	*more = e->count != before;
	return !*more || engine_rows_index(e);
}
