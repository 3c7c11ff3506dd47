/*
 * The report descriptor: a list of items, each of them one byte of what it is
 * and up to four of data.  Global items stay until changed, local items until
 * the next main item.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/usbhid/hiddesc.h"

enum {
	MAX_PUSHED = 8,
	MAX_LEVELS = 32,     /* of collections; an indexed one makes two parts of a path */
	INDEXED_TYPE = 0x80, /* the collection types of vendors: an index in the other bits */
	INDEXED_PAGE = 0x00ff,
	MAX_RANGES = 64,   /* of usages, before one main item */
	MAX_REPEATED = 64, /* fields that share the last usage of a main item */
	REPORT_BITS = HID_MAX_REPORT * 8,
	LONG_ITEM = 0xfe,
};

enum item_kind { MAIN, GLOBAL, LOCAL };

struct item {
	enum item_kind kind;
	unsigned tag;
	size_t size;
	uint32_t value; /* as it stands */
	int64_t as_signed;
};

/* A bound is meant as signed or unsigned; which one shows at the main item. */
struct bound {
	int64_t as_signed;
	uint32_t as_unsigned;
};

struct globals {
	uint16_t page;
	struct bound logical_min, logical_max, physical_min, physical_max;
	int exponent;
	uint32_t unit;
	uint32_t bits, count;
	uint8_t report;
};

struct usage_range {
	uint32_t first, last;
	bool whole; /* has its page with it */
};

struct locals {
	struct usage_range ranges[MAX_RANGES];
	size_t count;
	struct usage_range open; /* a minimum that waits for its maximum */
	bool is_open;
	bool in_set, set_taken; /* delimiters: of alternatives the first counts */
};

struct parser {
	struct hid_desc *d;
	size_t capacity;
	struct globals g;
	struct globals pushed[MAX_PUSHED];
	unsigned push_depth; /* may exceed MAX_PUSHED, so that pops match */
	struct locals l;
	uint32_t path[HID_MAX_PATH];
	unsigned depth;            /* of the path; may exceed HID_MAX_PATH */
	unsigned levels;           /* open collections; may exceed MAX_LEVELS, so that ends match */
	uint8_t parts[MAX_LEVELS]; /* of the path, by each of them */
	bool no_memory;
};

/* ------------------------------------------------------------------------------ items */

/* Takes one short item.  False at the end, or when it is cut off. */
static bool next_item(const uint8_t **p, const uint8_t *end, struct item *item)
{
	static const size_t sizes[] = {0, 1, 2, 4};
	const uint8_t *b = *p;

	item->size = sizes[b[0] & 3];
	item->kind = (enum item_kind)((b[0] >> 2) & 3);
	item->tag = b[0] >> 4;
	if ((size_t)(end - b) < 1 + item->size)
		return false;
	item->value = 0;
	for (size_t i = 0; i < item->size; i++)
		item->value |= (uint32_t)b[1 + i] << (8 * i);
	item->as_signed = item->value;
	if (item->size > 0 && item->value >> (8 * item->size - 1))
		item->as_signed -= (int64_t)1 << (8 * item->size);
	*p = b + 1 + item->size;
	return true;
}

static struct bound bound_of(const struct item *item)
{
	return (struct bound){item->as_signed, item->value};
}

/* ------------------------------------------------------------------------------ local */

static void clear_locals(struct parser *p)
{
	p->l.count = 0;
	p->l.is_open = p->l.in_set = p->l.set_taken = false;
}

static void add_usages(struct parser *p, struct usage_range r)
{
	if (p->l.in_set && p->l.set_taken)
		return;
	if (r.last < r.first || p->l.count >= MAX_RANGES) {
		p->d->left_out++;
		return;
	}
	p->l.set_taken = p->l.in_set;
	p->l.ranges[p->l.count++] = r;
}

/* The page that stands now is the usage's; devices give it before the usage, if at all. */
static uint32_t usage_of(const struct parser *p, const struct item *item)
{
	return item->size == 4 ? item->value : (uint32_t)p->g.page << 16 | item->value;
}

static void local_item(struct parser *p, const struct item *item)
{
	struct locals *l = &p->l;
	uint32_t usage = usage_of(p, item);
	bool whole = item->size == 4 || p->g.page != 0;

	switch (item->tag) {
	case 0x0:
		add_usages(p, (struct usage_range){usage, usage, whole});
		break;
	case 0x1:
		l->open = (struct usage_range){usage, usage, whole};
		l->is_open = true;
		break;
	case 0x2:
		l->open.last = usage;
		if (l->is_open)
			add_usages(p, l->open);
		else
			p->d->left_out++;
		l->is_open = false;
		break;
	case 0xa:
		l->in_set = item->value == 1;
		l->set_taken = false;
		break;
	case 0x3: /* designators and strings: said again by the values themselves */
	case 0x4:
	case 0x5:
	case 0x7:
	case 0x8:
	case 0x9:
		break;
	default:
		p->d->left_out++;
	}
}

/* The usage of the n-th field of a main item; the last one serves for all that follow.  `*extra`:
 * how many fields before had the same one for that reason. */
static bool usage_at(const struct parser *p, uint32_t n, uint32_t *usage, uint32_t *extra)
{
	const struct usage_range *r = NULL;
	uint32_t before = 0;

	for (size_t i = 0; i < p->l.count; i++) {
		r = &p->l.ranges[i];
		if (n - before <= r->last - r->first)
			break;
		if (i + 1 < p->l.count)
			before += r->last - r->first + 1;
	}
	if (!r)
		return false;
	*extra = n - before <= r->last - r->first ? 0 : n - before - (r->last - r->first);
	*usage = *extra ? r->last : r->first + (n - before);
	if (!r->whole)
		*usage |= (uint32_t)p->g.page << 16;
	return true;
}

/* ----------------------------------------------------------------------------- global */

/* Four bits with a sign, by the book; some devices write it as a whole byte. */
static int exponent_of(const struct item *item)
{
	int64_t e = item->value <= 15 ? (int64_t)item->value : item->as_signed;

	if (e >= 8 && e <= 15)
		e -= 16;
	return e >= -8 && e <= 7 ? (int)e : 0;
}

static void push(struct parser *p)
{
	if (p->push_depth < MAX_PUSHED)
		p->pushed[p->push_depth] = p->g;
	else
		p->d->left_out++;
	p->push_depth++;
}

static void pop(struct parser *p)
{
	if (p->push_depth == 0) {
		p->d->left_out++;
		return;
	}
	p->push_depth--;
	if (p->push_depth < MAX_PUSHED)
		p->g = p->pushed[p->push_depth];
}

static void report_number(struct parser *p, const struct item *item)
{
	if (item->value == 0 || item->value > 255) {
		p->d->left_out++;
		return;
	}
	p->g.report = (uint8_t)item->value;
	p->d->numbered = true;
}

static void global_item(struct parser *p, const struct item *item)
{
	struct globals *g = &p->g;

	switch (item->tag) {
	case 0x0:
		g->page = (uint16_t)item->value;
		break;
	case 0x1:
		g->logical_min = bound_of(item);
		break;
	case 0x2:
		g->logical_max = bound_of(item);
		break;
	case 0x3:
		g->physical_min = bound_of(item);
		break;
	case 0x4:
		g->physical_max = bound_of(item);
		break;
	case 0x5:
		g->exponent = exponent_of(item);
		break;
	case 0x6:
		g->unit = item->value;
		break;
	case 0x7:
		g->bits = item->value;
		break;
	case 0x8:
		report_number(p, item);
		break;
	case 0x9:
		g->count = item->value;
		break;
	case 0xa:
		push(p);
		break;
	case 0xb:
		pop(p);
		break;
	default:
		p->d->left_out++;
	}
}

/* ------------------------------------------------------------------------------- main */

static struct hid_field *new_field(struct parser *p)
{
	struct hid_desc *d = p->d;

	if (d->count == HID_MAX_FIELDS)
		return NULL;
	if (d->count == p->capacity) {
		size_t capacity = p->capacity ? p->capacity * 2 : 64;
		struct hid_field *fields = realloc(d->fields, capacity * sizeof(*fields));

		if (!fields) {
			p->no_memory = true;
			return NULL;
		}
		d->fields = fields;
		p->capacity = capacity;
	}
	return &d->fields[d->count++];
}

/* A maximum below the minimum was meant as unsigned: 25 ff is 255, not -1. */
static int64_t maximum(int64_t min, struct bound max, bool *mended)
{
	*mended = min >= 0 && max.as_signed < min && max.as_unsigned >= min;
	return *mended ? (int64_t)max.as_unsigned : max.as_signed;
}

static void fill_ranges(struct hid_field *f, const struct globals *g)
{
	bool mended;

	f->logical_min = g->logical_min.as_signed;
	f->logical_max = maximum(f->logical_min, g->logical_max, &f->mended);
	f->physical_min = g->physical_min.as_signed;
	f->physical_max = maximum(f->physical_min, g->physical_max, &mended);
}

static void add_field(struct parser *p, enum hid_type type, uint32_t usage, uint32_t bit,
		      uint32_t flags)
{
	struct hid_field *f = p->depth < HID_MAX_PATH ? new_field(p) : NULL;

	if (!f) {
		p->d->left_out++;
		return;
	}
	memset(f, 0, sizeof(*f));
	memcpy(f->path, p->path, p->depth * sizeof(f->path[0]));
	f->path[p->depth] = usage;
	f->depth = p->depth + 1;
	f->type = type;
	f->report = p->g.report;
	f->bit = bit;
	f->bits = p->g.bits;
	f->unit = p->g.unit;
	f->exponent = p->g.exponent;
	f->flags = flags;
	fill_ranges(f, &p->g);
}

/* Fields without a usage are padding. */
static void data_item(struct parser *p, enum hid_type type, const struct item *item)
{
	uint32_t *used = &p->d->bits[type][p->g.report];
	uint32_t usage, extra;

	if (p->g.bits == 0 || p->g.count == 0)
		return;
	/* A report that long has no room for anything behind it, either. */
	if (p->g.bits > REPORT_BITS || p->g.count > (REPORT_BITS - *used) / p->g.bits) {
		*used = REPORT_BITS;
		p->d->left_out++;
		return;
	}
	for (uint32_t i = 0; i < p->g.count && !p->no_memory; i++) {
		if (!usage_at(p, i, &usage, &extra) || extra > MAX_REPEATED)
			break;
		add_field(p, type, usage, *used + i * p->g.bits, item->value);
	}
	*used += p->g.count * p->g.bits;
}

static void add_part(struct parser *p, uint32_t usage)
{
	if (p->depth < HID_MAX_PATH)
		p->path[p->depth] = usage;
	else
		p->d->left_out++;
	p->depth++;
	p->parts[p->levels]++;
}

/* Eaton's and others' type of a collection tells which of several it is: Flow.[4]. */
static void open_collection(struct parser *p, const struct item *item)
{
	uint32_t usage = 0, extra;

	if (p->levels < MAX_LEVELS) {
		usage_at(p, 0, &usage, &extra);
		p->parts[p->levels] = 0;
		add_part(p, usage);
		if (item->value >= INDEXED_TYPE && item->value <= 0xff)
			add_part(p, (uint32_t)INDEXED_PAGE << 16 | (item->value & 0x7f));
	} else {
		p->d->left_out++;
	}
	p->levels++;
}

static void close_collection(struct parser *p)
{
	if (p->levels == 0) {
		p->d->left_out++;
		return;
	}
	p->levels--;
	if (p->levels < MAX_LEVELS)
		p->depth -= p->parts[p->levels];
}

static void main_item(struct parser *p, const struct item *item)
{
	switch (item->tag) {
	case 0x8:
		data_item(p, HID_INPUT, item);
		break;
	case 0x9:
		data_item(p, HID_OUTPUT, item);
		break;
	case 0xb:
		data_item(p, HID_FEATURE, item);
		break;
	case 0xa:
		open_collection(p, item);
		break;
	case 0xc:
		close_collection(p);
		break;
	default:
		p->d->left_out++;
	}
	clear_locals(p);
}

static void take_item(struct parser *p, const struct item *item)
{
	switch (item->kind) {
	case MAIN:
		main_item(p, item);
		break;
	case GLOBAL:
		global_item(p, item);
		break;
	case LOCAL:
		local_item(p, item);
		break;
	default:
		p->d->left_out++;
	}
}

/* Long items have no meaning yet.  False: cut off. */
static bool skip_long_item(const uint8_t **b, const uint8_t *end)
{
	if (end - *b < 3 || end - *b < 3 + (*b)[1])
		return false;
	*b += 3 + (*b)[1];
	return true;
}

bool hid_desc_parse(struct hid_desc *d, const void *bytes, size_t len)
{
	struct parser *p = calloc(1, sizeof(*p));
	const uint8_t *b = bytes, *end = len ? b + len : b;
	struct item item;
	bool no_memory;

	memset(d, 0, sizeof(*d));
	if (!p)
		return false;
	p->d = d;
	while (b < end && !p->no_memory) {
		bool is_long = *b == LONG_ITEM;

		if (is_long ? !skip_long_item(&b, end) : !next_item(&b, end, &item)) {
			d->left_out++;
			break;
		}
		if (is_long)
			d->left_out++;
		else
			take_item(p, &item);
	}
	no_memory = p->no_memory;
	if (no_memory)
		hid_desc_free(d);
	free(p);
	return !no_memory;
}

void hid_desc_free(struct hid_desc *d)
{
	free(d->fields);
	memset(d, 0, sizeof(*d));
}

/* ---------------------------------------------------------------------------- look-ups */

const struct hid_field *hid_desc_find(const struct hid_desc *d, enum hid_type type,
				      const uint32_t *path, unsigned depth)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct hid_field *f = &d->fields[i];

		if (f->type == type && f->depth == depth &&
		    memcmp(f->path, path, depth * sizeof(*path)) == 0)
			return f;
	}
	return NULL;
}

size_t hid_desc_data_offset(const struct hid_desc *d)
{
	return d->numbered ? 1 : 0;
}

size_t hid_desc_report_size(const struct hid_desc *d, enum hid_type type, uint8_t report)
{
	uint32_t bits = d->bits[type][report];

	return bits ? (bits + 7) / 8 + hid_desc_data_offset(d) : 0;
}
