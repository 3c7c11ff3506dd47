#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/apcupsd/nisdevice.h"
#include "drivers/maps/mapnumbers.h"
#include "drivers/maps/mapwhere.h"

struct place {
	struct place *next;
	char *where;
	struct mapwhere_nis at;
	bool missed, seen; /* answers had it not, or had it */
};

struct nisdevice {
	nisdevice_fetch *fetch;
	void *arg;
	struct place *places;
	struct nisreply reply;
	unsigned long poll, fetched; /* when the reply came; 0: never */
	bool looked;                 /* it is for the next poll */
	bool grew;
	struct device_counts counts;
};

/* ------------------------------------------------------------------------------ places */

/* Looks for a place in the answer that came. */
static void note(struct nisdevice *d, struct place *p)
{
	if (!nisreply_value(&d->reply, p->at.key)) {
		p->missed = true;
		return;
	}
	d->grew = d->grew || (p->missed && !p->seen);
	p->seen = true;
}

static const void *device_place(void *arg, const char *where)
{
	struct nisdevice *d = arg;
	struct place *p = d->places;

	while (p && !str_equal(p->where, where))
		p = p->next;
	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p || !mapwhere_nis(where, &p->at)) {
		free(p);
		return NULL;
	}
	p->where = str_dup(where);
	if (!p->where) {
		free(p);
		return NULL;
	}
	p->next = d->places;
	d->places = p;
	if (d->fetched)
		note(d, p);
	return p;
}

static bool cut(const char *text, size_t from, size_t to, char *dst, size_t size)
{
	while (from < to && text[from] == ' ')
		from++;
	while (from < to && text[to - 1] == ' ')
		to--;
	return from < to && str_format(dst, size, "%.*s", (int)(to - from), text + from);
}

/* The part of that number of those that `mark` divides; marks in a row count as one if it is a
 * blank. */
static bool cut_part(const char *text, char mark, size_t number, char *dst, size_t size)
{
	size_t at = 0, end;

	for (;; at = end + 1) {
		if (mark == ' ')
			at += strspn(text + at, " ");
		end = at + strcspn(text + at, (const char[]){mark, '\0'});
		if (number-- == 0)
			return cut(text, at, end, dst, size);
		if (text[end] == '\0')
			return false;
	}
}

static bool take_part(const struct mapwhere_nis *at, const char *value, char *dst, size_t size)
{
	size_t len = strlen(value);

	switch (at->part) {
	case MAPWHERE_NIS_WORD:
		return cut_part(value, ' ', at->from, dst, size);
	case MAPWHERE_NIS_SLASH:
		return cut_part(value, '/', at->from, dst, size);
	case MAPWHERE_NIS_COLUMNS:
		return at->from < len &&
		       cut(value, at->from, at->to < len ? at->to : len, dst, size);
	default:
		return str_copy(dst, size, value);
	}
}

/* Numbers in apcupsd's hexadecimal are numbers; all else is text. */
static bool take_value(const struct mapwhere_nis *at, const char *value, struct mapvalue *v)
{
	char text[NISREPLY_VALUE_MAX];
	double number;

	if (!take_part(at, value, text, sizeof(text)) || !text[0])
		return false;
	if (str_casestarts(text, "0x") && mapnumber_parse(text, &number))
		return mapvalue_set_number(v, number);
	return mapvalue_set_text(v, text);
}

/* ------------------------------------------------------------------------------ answers */

static bool fetch(struct nisdevice *d)
{
	if (!d->fetch(d->arg, &d->reply)) {
		d->fetched = 0;
		d->counts.failed++;
		return false;
	}
	d->counts.good++;
	d->fetched = d->poll;
	for (struct place *p = d->places; p; p = p->next)
		note(d, p);
	return true;
}

static enum device_result device_prepare(void *arg, const struct device_want *wants, size_t count)
{
	struct nisdevice *d = arg;

	(void)wants, (void)count;
	if (d->looked) {
		d->looked = false;
		d->fetched = d->poll;
	}
	return d->fetched == d->poll || fetch(d) ? DEVICE_OK : DEVICE_NONE;
}

/* What never was there the device does not know; what was is missed. */
static enum device_result device_read(void *arg, const void *place, unsigned long since,
				      struct mapvalue *v)
{
	const struct nisdevice *d = arg;
	const struct place *p = place;
	const char *value = d->fetched ? nisreply_value(&d->reply, p->at.key) : NULL;

	(void)since;
	if (value && take_value(&p->at, value, v))
		return DEVICE_OK;
	return value || !p->seen ? DEVICE_REFUSED : DEVICE_NONE;
}

static bool device_here(void *arg, const void *place, unsigned long since)
{
	const struct nisdevice *d = arg;
	const struct place *p = place;

	return d->fetched > 0 && d->fetched >= since && nisreply_value(&d->reply, p->at.key);
}

/* apcupsd takes no orders. */
static enum device_result device_write(void *arg, const void *place, const struct mapvalue *v,
				       enum map_type type, bool command)
{
	(void)arg, (void)place, (void)v, (void)type, (void)command;
	return DEVICE_REFUSED;
}

static unsigned long device_begin(void *arg)
{
	struct nisdevice *d = arg;

	return ++d->poll;
}

static void device_forget(void *arg)
{
	(void)arg; /* every poll asks for all */
}

static void device_counts(void *arg, struct device_counts *counts)
{
	const struct nisdevice *d = arg;

	*counts = d->counts;
}

bool nisdevice_look(struct nisdevice *d)
{
	device_begin(d);
	d->looked = fetch(d);
	return d->looked;
}

enum device_result nisdevice_probe(struct nisdevice *d, const char *where, struct mapvalue *v)
{
	const void *place = device_place(d, where);

	return place ? device_read(d, place, 0, v) : DEVICE_REFUSED;
}

const struct nisreply *nisdevice_reply(const struct nisdevice *d)
{
	return &d->reply;
}

bool nisdevice_grew(struct nisdevice *d)
{
	bool grew = d->grew;

	d->grew = false;
	if (grew)
		d->looked = true; /* the engine that comes begins with the same answer */
	return grew;
}

/* --------------------------------------------------------------------------------- life */

struct nisdevice *nisdevice_new(nisdevice_fetch *fetch_fn, void *arg)
{
	struct nisdevice *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->fetch = fetch_fn;
	d->arg = arg;
	return d;
}

void nisdevice_free(struct nisdevice *d)
{
	if (!d)
		return;
	while (d->places) {
		struct place *p = d->places;

		d->places = p->next;
		free(p->where);
		free(p);
	}
	free(d);
}

struct engine_device nisdevice_ops(struct nisdevice *d)
{
	return (struct engine_device){
		.place = device_place,
		.begin = device_begin,
		.prepare = device_prepare,
		.read = device_read,
		.here = device_here,
		.write = device_write,
		.forget = device_forget,
		.counts = device_counts,
		.arg = d,
	};
}
