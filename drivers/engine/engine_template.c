/*
 * Templates: a row of the map that is many of the device, one for each number of its
 * indexes and each device of a chain, as soon as it is known how many there are.
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
	GUESSED_MAX = 128,  /* that are counted, where nothing tells how many there are */
	ROWS_MAX = 32768,   /* of one device */
};

struct numbers {
	long list[NUMBERS_MAX];
	size_t count;
	long shift; /* from the number in names to the one in wheres */
};

/* One choice of numbers; has: which of them are chosen. */
struct choice {
	struct index {
		long name, where;
		bool has;
	} i, j;
	long device; /* of a chain, from 1; 0: there is none, names are plain */
	long d;      /* its number in wheres */
	bool has_d;
};

enum fill { IN_NAMES, IN_WHERES };

/* ------------------------------------------------------------------------------- texts */

/* The number at `%i`, `%i+1`, `%j` or `%d`; *len of it.  False: it is something else. */
static bool number_at(const struct choice *c, const char *p, enum fill in, long *number,
		      size_t *len)
{
	const struct index *x = p[1] == 'i' ? &c->i : p[1] == 'j' ? &c->j : NULL;

	*len = 2;
	if (p[0] != '%')
		return false;
	if (p[1] == 'd' && c->has_d) {
		*number = in == IN_WHERES ? c->d : c->device;
		return true;
	}
	if (!x || !x->has)
		return false;
	*number = in == IN_WHERES ? x->where : x->name;
	if (in == IN_WHERES && p[2] == '+' && p[3] == '1') {
		*len = 4;
		(*number)++;
	}
	return true;
}

static bool fill(const struct choice *c, const char *text, enum fill in, char *dst, size_t size)
{
	size_t used = 0;

	for (const char *p = text; *p;) {
		char part[24] = {*p, '\0'};
		size_t len = 1;
		long number;

		if (number_at(c, p, in, &number, &len))
			snprintf(part, sizeof(part), "%ld", number);
		else
			len = 1;
		if (!str_copy(dst + used, size - used, part))
			return false;
		used += strlen(part);
		p += len;
	}
	dst[used] = '\0';
	return true;
}

/* A variable's name as it is in a chain: device.2.outlet.count. */
static bool name_of(const struct choice *c, const char *name, char *dst, size_t size)
{
	char plain[TEXT_MAX];

	if (!fill(c, name, IN_NAMES, plain, sizeof(plain)))
		return false;
	if (c->device == 0)
		return str_copy(dst, size, plain);
	return str_format(dst, size, "device.%ld.%s", c->device,
			  str_casestarts(plain, "device.") ? plain + 7 : plain);
}

static const void *place_of(const struct engine *e, const struct choice *c, const char *where)
{
	char text[TEXT_MAX];

	if (!where || str_equal(where, "-") || !fill(c, where, IN_WHERES, text, sizeof(text)))
		return NULL;
	return e->device.place(e->device.arg, text);
}

/* ---------------------------------------------------------------------- how many of it */

static bool exists(const struct engine *e, const void *place)
{
	return place && (!e->device.exists || e->device.exists(e->device.arg, place));
}

/* Asks for the places that `which` (i or d) from 0 to `count` - 1 makes; how many there are without
 * a gap from *base on, which is 0 or 1. */
static size_t count_places(struct engine *e, const struct choice *c, const char *where, char which,
			   size_t count, long *base)
{
	struct device_want *wants = calloc(count, sizeof(*wants));
	size_t here = 0, used = 0;

	*base = 1;
	for (size_t k = 0; wants && k < count; k++) {
		struct choice one = *c;

		if (which == 'i')
			one.i = (struct index){(long)k, (long)k, true};
		else {
			one.d = (long)k;
			one.has_d = true;
		}
		wants[used++].place = place_of(e, &one, where);
		if (!wants[used - 1].place)
			break;
	}
	if (wants && used == count && e->device.prepare &&
	    e->device.prepare(e->device.arg, wants, used) == DEVICE_OK) {
		*base = exists(e, wants[0].place) ? 0 : 1;
		while (*base + (long)here < (long)count &&
		       exists(e, wants[*base + (long)here].place))
			here++;
	}
	free(wants);
	return here;
}

static bool number_of(const struct engine *e, const char *name, long *value)
{
	const char *given = state_get(e->host.state, name);
	double number;

	if (!str_to_double(given ? given : name, &number) || number < -1e6 || number > 1e6)
		return false;
	*value = (long)number;
	return true;
}

/* A number, or a variable that is one.  False: it is not known. */
static bool bound(const struct engine *e, const struct choice *c, const char *text, long *value)
{
	char name[TEXT_MAX];

	return (number_of(e, text, value) && c->device == 0) ||
	       (name_of(c, text, name, sizeof(name)) && number_of(e, name, value)) ||
	       number_of(e, text, value);
}

/* Where no row gives the variable, the places are counted; none may mean: not yet. */
static bool guess(struct engine *e, const struct choice *c, const struct map_count *how,
		  const char *variable, long *count)
{
	char name[TEXT_MAX];
	long base;

	if (!name_of(c, variable, name, sizeof(name)) || engine_find_variable(e, name))
		return false;
	*count = (long)count_places(e, c, how->where, 'i', GUESSED_MAX, &base);
	return *count > 0 && state_setf(e->host.state, name, "%ld", *count) != STATE_REFUSED;
}

/* False: it is not known, not yet. */
static bool numbers_of(struct engine *e, const struct map_row *row, const struct map_loop *loop,
		       const struct choice *c, struct numbers *n)
{
	const struct map_count *how = loop->to ? map_count_find(e->map, loop->to) : NULL;
	char where[TEXT_MAX];
	long from, to, base = 1;

	n->count = 0;
	n->shift = 0;
	if (!loop->to) {
		if (!e->device.walk || !fill(c, row->where, IN_WHERES, where, sizeof(where)))
			return false;
		n->count = e->device.walk(e->device.arg, where, n->list, NUMBERS_MAX);
		return true;
	}
	if (!bound(e, c, loop->from, &from))
		return false;
	if (!bound(e, c, loop->to, &to) && (!how || !guess(e, c, how, loop->to, &to)))
		return false;
	if (how && to >= from)
		count_places(e, c, how->where, 'i', 2, &base);
	n->shift = base - 1;
	for (; from <= to && n->count < NUMBERS_MAX; from++)
		n->list[n->count++] = from;
	return true;
}

static void choose(struct choice *c, char index, const struct numbers *n, size_t at)
{
	struct index x = {n->list[at], n->list[at] + n->shift, true};

	if (index == 'i')
		c->i = x;
	else
		c->j = x;
}

/* ------------------------------------------------------------------------------- rows */

/* Texts of a row, in one block. */
static bool make_texts(struct engine_row *r, const struct choice *c)
{
	const char *given[] = {r->row->name, r->row->where, r->row->constant, r->row->own,
			       r->row->otherwise};
	const char **made[] = {&r->name, &r->where, &r->constant, &r->own, &r->otherwise};
	char text[5][TEXT_MAX];
	size_t size = 0, at = 0;

	for (size_t k = 0; k < 5; k++) {
		if (!given[k])
			continue;
		if (k == 0 && r->row->kind != MAP_ALARM
			    ? !name_of(c, given[k], text[k], TEXT_MAX)
			    : !fill(c, given[k], k == 1 ? IN_WHERES : IN_NAMES, text[k], TEXT_MAX))
			return false;
		size += strlen(text[k]) + 1;
	}
	r->texts = malloc(size);
	for (size_t k = 0; r->texts && k < 5; k++) {
		if (!given[k])
			continue;
		memcpy(r->texts + at, text[k], strlen(text[k]) + 1);
		*made[k] = r->texts + at;
		at += strlen(text[k]) + 1;
	}
	return r->texts != NULL;
}

static bool add(struct engine *e, size_t index, const struct choice *c)
{
	const struct map_row *row = &e->map->rows[index];
	struct engine_row *r = e->count < ROWS_MAX ? engine_rows_add(e, index) : NULL;

	if (!r || !make_texts(r, c))
		return false;
	r->device = c->device;
	r->number[0] = c->device;
	r->number[1] = c->i.name;
	r->number[2] = c->j.name;
	r->place = place_of(e, c, row->where);
	r->only_if = place_of(e, c, row->only_if);
	r->unless = place_of(e, c, row->unless);
	r->asked_if = place_of(e, c, row->asked_if);
	r->to = row->to ? place_of(e, c, row->to) : r->place;
	return true;
}

/* For one device, all numbers of the loops.  False: there is no room. */
static bool expand_loops(struct engine *e, size_t index, struct choice c, bool *known)
{
	const struct map_row *row = &e->map->rows[index];
	struct numbers *outer, *inner;
	bool ok = true;

	*known = true;
	if (row->loop_count == 0)
		return add(e, index, &c);
	outer = calloc(2, sizeof(*outer));
	if (!outer)
		return false;
	inner = outer + 1;
	*known = numbers_of(e, row, &row->loops[0], &c, outer);
	for (size_t i = 0; ok && *known && i < outer->count; i++) {
		choose(&c, row->loops[0].index, outer, i);
		if (row->loop_count == 1) {
			ok = add(e, index, &c);
			continue;
		}
		/* A part that says nothing of its number has none. */
		if (!numbers_of(e, row, &row->loops[1], &c, inner))
			continue;
		for (size_t k = 0; ok && k < inner->count; k++) {
			choose(&c, row->loops[1].index, inner, k);
			ok = add(e, index, &c);
		}
	}
	free(outer);
	return ok;
}

static bool names_device(const char *text)
{
	return text && strstr(text, "%d");
}

/* A row without a place is of what each device has of its own number. */
static bool counts_of_device(const struct engine *e, const struct map_row *row)
{
	const struct map_count *how = NULL;

	if (row->loop_count > 0 && row->loops[0].to && str_equal(row->where, "-"))
		how = map_count_find(e->map, row->loops[0].to);
	return how && names_device(how->where);
}

static bool is_of_chain(const struct engine *e, const struct map_row *row)
{
	return e->map->chain.count &&
	       (names_device(row->where) || names_device(row->only_if) ||
		names_device(row->unless) || names_device(row->to) ||
		names_device(row->asked_if) || counts_of_device(e, row));
}

bool engine_is_template(const struct engine *e, const struct map_row *row)
{
	return row->loop_count > 0 || is_of_chain(e, row) ||
	       (e->map->chain.count && (row->flags & MAP_FIRST));
}

/* How many devices there are; 1 where the agent says nothing of it. */
static long chain_length(struct engine *e)
{
	long count = 1;

	if (e->chain > 0)
		return e->chain;
	if (e->map->chain.count && number_of(e, e->map->chain.count, &count) && count > 1)
		e->chain = count < NUMBERS_MAX ? count : NUMBERS_MAX;
	else
		e->chain = 1;
	e->chain_base = 1;
	if (e->map->chain.count)
		count_places(e, &(struct choice){0}, e->map->chain.where, 'd', 2, &e->chain_base);
	return e->chain;
}

/* For all devices, or nothing while a number is not known.  False: there is no room. */
static bool expand(struct engine *e, size_t index, bool *known)
{
	const struct map_row *row = &e->map->rows[index];
	bool many = is_of_chain(e, row), named = many || (row->flags & MAP_FIRST);
	long devices = e->map->chain.count ? chain_length(e) : 1;
	bool any = false, ok = true;

	for (long k = 0; ok && k < (many ? devices : 1); k++) {
		struct choice c = {.d = e->chain_base + k, .has_d = e->map->chain.count != NULL};
		bool one;

		c.device = named && devices > 1 ? k + 1 : 0;
		ok = expand_loops(e, index, c, &one);
		any = any || one;
	}
	*known = any;
	return ok;
}

bool engine_templates_expand(struct engine *e, bool *more)
{
	size_t before = e->count;

	for (size_t i = 0; i < e->map->row_count; i++) {
		bool known;

		if (!engine_is_template(e, &e->map->rows[i]) || e->expanded[i])
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
