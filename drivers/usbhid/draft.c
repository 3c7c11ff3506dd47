#include "config.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/core/driver.h"
#include "drivers/usbhid/draft.h"

enum {
	CANDIDATES_MAX = 64, /* rows that say something of one path */
	FAMILIES = 3,        /* what fewer say of a command, or of a like path, is their own way */
	TAIL_PARTS = 2,      /* of a like path that have to be the same */
	SCALE_MAX = 9,       /* powers of ten that descriptors err by */
};

/* A row, and how many maps say the same. */
struct candidate {
	const struct map_row *row;
	unsigned count;
};

struct draft {
	FILE *out;
	const struct draft_source *from;
	/* Names that were given are not given again: the first place is what counts anyway. */
	const char **names;
	size_t name_count;
	double nominal; /* volts of the battery; 0: not known yet */

	/* The field at hand. */
	const struct hid_field *field;
	char path[HID_MAX_PATH_TEXT];
	enum hid_result result;
	double value;
	struct candidate list[CANDIDATES_MAX];
	size_t count;
};

/* ------------------------------------------------------------------------ what maps say */

/* A row that says the same in any map: no tables but those of common.map, nothing that other rows
 * or this family's functions are needed for. */
static bool stands_alone(const struct map_row *row)
{
	if (row->kind == MAP_ALARM || row->only_if || row->unless || row->when || row->to ||
	    row->loop_count || row->low_name || row->high_name || (row->flags & MAP_HIDDEN) ||
	    str_equal(row->name, "*") ||
	    (row->values && !str_ends(row->values->file, "common.map")))
		return false;
	for (size_t i = 0; i < row->step_count; i++) {
		const struct mapconv_step *s = &row->steps[i];

		if (s->fun || (s->lookup && !str_ends(s->lookup->file, "common.map")) ||
		    (s->conv->args == MAPCONV_FACTOR && s->name))
			return false;
	}
	return true;
}

/* The last parts of a path; NULL where it has no more than those. */
static const char *tail_of(const char *path)
{
	const char *p = path + strlen(path);

	for (int parts = 0; p > path; p--) {
		if (p[-1] == '.' && ++parts == TAIL_PARTS)
			return p;
	}
	return NULL;
}

/* `tail`: of a path like this one; else of this one. */
static bool is_of(const struct map_row *row, const char *path, bool tail)
{
	const char *a, *b;

	if (!tail)
		return str_caseequal(row->where, path);
	a = tail_of(row->where);
	b = tail_of(path);
	return a && b && str_caseequal(a, b);
}

static bool same_line(const struct map_row *a, const struct map_row *b)
{
	return a->kind == b->kind && (a->flags & MAP_NEGATED) == (b->flags & MAP_NEGATED) &&
	       str_equal(a->name, b->name) && str_equal(a->items, b->items);
}

/* Each map counts once; they come one after another. */
static void count_row(struct draft *w, const struct map_row *row, size_t map, size_t *last)
{
	size_t at = 0;

	while (at < w->count && !same_line(w->list[at].row, row))
		at++;
	if (at == CANDIDATES_MAX)
		return;
	if (at == w->count) {
		w->list[w->count++] = (struct candidate){row, 0};
		last[at] = SIZE_MAX;
	}
	if (last[at] != map)
		w->list[at].count++;
	last[at] = map;
}

/* What most say comes first; among equals the one that was read first. */
static void sort(struct draft *w)
{
	for (size_t i = 1; i < w->count; i++) {
		struct candidate moved = w->list[i];
		size_t at = i;

		for (; at > 0 && w->list[at - 1].count < moved.count; at--)
			w->list[at] = w->list[at - 1];
		w->list[at] = moved;
	}
}

static void collect(struct draft *w, bool tail)
{
	size_t last[CANDIDATES_MAX];

	w->count = 0;
	for (size_t i = 0; i < w->from->map_count; i++) {
		const struct map *m = w->from->maps[i];

		for (size_t k = 0; k < m->row_count; k++) {
			const struct map_row *row = &m->rows[k];

			if (is_of(row, w->path, tail) && stands_alone(row) &&
			    (!tail || row->kind != MAP_CMD))
				count_row(w, row, i, last);
		}
	}
	sort(w);
	while (tail && w->count > 0 && w->list[w->count - 1].count < FAMILIES)
		w->count--;
}

/* --------------------------------------------------------------------- what cannot be right */

/* Descriptors err by powers of ten.  Outside of low..high a value is wrong; scaled, it has to come
 * between usual_low and usual_high. */
static const struct range {
	const char *names;
	double low, high, usual_low, usual_high;
	bool zero; /* is a value, too */
} ranges[] = {
	{"battery.charge*", 0, 100, 0, 0, true},
	{"battery.runtime*", 0, 1000000, 0, 0, true},
	{"battery.voltage*", 1, 1000, 0, 0, false},
	{"*.temperature", -30, 120, 0, 0, true},
	{"*.frequency", 30, 80, 45, 65, true},
	{"*.frequency.nominal", 30, 80, 45, 65, false},
	{"input.transfer.low", 3, 600, 60, 300, false},
	{"input.transfer.high", 3, 600, 80, 320, false},
	{"*.voltage.nominal", 3, 600, 80, 300, false},
	{"*.voltage", 3, 600, 80, 300, true},
	{"ups.load", 0, 250, 0, 0, true},
	{"ups.*power.nominal", 10, 1000000, 0, 0, false},
};

/* False: nothing is known of such values. */
static bool find_range(const struct draft *w, const char *name, struct range *range)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (!str_glob(ranges[i].names, name))
			continue;
		*range = ranges[i];
		if (w->nominal > 0 && str_equal(name, "battery.voltage")) {
			range->usual_low = w->nominal * 0.7;
			range->usual_high = w->nominal * 1.5;
		}
		return true;
	}
	return false;
}

static bool has_digit(const char *text)
{
	while (*text && !isdigit((unsigned char)*text))
		text++;
	return *text != '\0';
}

/* The power of ten that mends it; 0: none does. */
static int mend(const struct draft *w, const char *name, double number)
{
	struct range range;

	if (!find_range(w, name, &range) || range.usual_high == 0)
		return 0;
	for (int power = -SCALE_MAX; power <= SCALE_MAX; power++) {
		double scaled = number * pow(10, power);

		if (scaled >= range.usual_low && scaled <= range.usual_high)
			return power;
	}
	return 0;
}

/* Of the nominal voltage a battery has less than half, or more than twice as much. */
static bool is_unusual(const struct draft *w, const char *name, double number)
{
	return w->nominal > 0 && str_equal(name, "battery.voltage") &&
	       (number < w->nominal * 0.4 || number > w->nominal * 2.5);
}

static bool can_be(const struct draft *w, const char *name, struct mapvalue *v)
{
	struct range range;
	double number;

	if (str_glob("*.date", name))
		return has_digit(mapvalue_text(v));
	/* Without a unit it is percent. */
	if (str_glob("battery.capacity*", name))
		return w->field->unit != 0;
	if (!find_range(w, name, &range) || !mapvalue_number(v, &number))
		return true;
	if (number == 0)
		return range.zero && w->value == 0;
	if (number < range.low || number > range.high)
		return false;
	return !is_unusual(w, name, number) || mend(w, name, w->value) == 0;
}

/* ------------------------------------------------------------------------------- its value */

static bool give_string(void *arg, unsigned index, char *dst, size_t size)
{
	const struct draft *w = arg;
	const char *text = hid_reports_string(w->from->reports, index);

	return text && str_copy(dst, size, text);
}

/* What the row would publish now.  False: nothing. */
static bool evaluate(struct draft *w, const struct map_row *row, struct mapvalue *v)
{
	const struct mapconv_context context = {.arg = w, .string = give_string};
	const char *fixed = row->constant ? row->constant : row->own;

	*v = (struct mapvalue){.kind = MAPVALUE_NUMBER};
	if (fixed)
		return mapvalue_set_text(v, fixed);
	return w->result == HID_OK && mapvalue_set_number(v, w->value) &&
	       mapconv_read(row->steps, row->step_count, v, &context);
}

/* ---------------------------------------------------------------------------------- printing */

static bool take_name(struct draft *w, const char *name)
{
	for (size_t i = 0; i < w->name_count; i++) {
		if (str_equal(w->names[i], name))
			return false;
	}
	if (w->name_count < HID_MAX_FIELDS)
		w->names[w->name_count++] = name;
	return true;
}

static void print_row(const struct draft *w, const char *before, const struct map_row *row)
{
	fprintf(w->out, "%s%s %s %s%s%s%s", before, map_row_names[row->kind], w->path,
		row->flags & MAP_NEGATED ? "!" : "", row->name, row->items[0] ? " " : "",
		row->items);
}

/* People send drafts to others: the serial number stays at home. */
static void print_now(const struct draft *w, const char *name, struct mapvalue *v)
{
	if (!str_glob("*.serial*", name)) {
		mapvalue_text(v);
		fprintf(w->out, " # %s", core_clean(v->text));
	}
	fputc('\n', w->out);
}

/* A line for people: nobody knows it, or its value cannot be right. */
static void print_unknown(const struct draft *w, const char *name)
{
	const struct hid_field *f = w->field;

	fprintf(w->out, "# VAR %s %s format(%%.0f) #", w->path, name);
	if (w->result == HID_OK)
		fprintf(w->out, " %.10g;", w->value);
	else
		fputs(w->result == HID_REFUSED ? " refused;" : " not given;", w->out);
	fprintf(w->out, " %" PRId64 "..%" PRId64, f->logical_min, f->logical_max);
	if (f->unit)
		fprintf(w->out, ", unit %08" PRIx32 " exponent %d", f->unit, f->exponent);
	fputc('\n', w->out);
}

/* True if the path is done with. */
static bool print_scaled(struct draft *w, const struct map_row *row)
{
	int power = w->result == HID_OK ? mend(w, row->name, w->value) : 0;
	double factor = pow(10, power);

	if (power == 0 || !take_name(w, row->name))
		return false;
	fprintf(w->out, "VAR %s %s scale(%.12g) format(%%.1f) # %.1f\n", w->path, row->name, factor,
		w->value * factor);
	return true;
}

/* Families differ in how often they read it. */
static bool is_said(const struct draft *w, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (w->list[i].row->kind == MAP_STATUS &&
		    str_equal(w->list[i].row->name, w->list[at].row->name))
			return true;
	}
	return false;
}

static bool same_end(const char *a, const char *b)
{
	const char *x = strrchr(a, '.'), *y = strrchr(b, '.');

	return x && y && str_caseequal(x, y);
}

static bool says_same(const struct map *m, const struct map_row *row)
{
	for (size_t i = 0; i < m->row_count; i++) {
		const struct map_row *r = &m->rows[i];

		if (r->kind == MAP_STATUS && str_equal(r->name, row->name) &&
		    (r->flags & MAP_NEGATED) == (row->flags & MAP_NEGATED) &&
		    same_end(r->where, row->where))
			return true;
	}
	return false;
}

/* One family alone may mean something else by it; wherever the last usage is found in a path, its
 * word is the same in many maps. */
static bool is_usual(const struct draft *w, const struct map_row *row)
{
	unsigned count = 0;

	for (size_t i = 0; i < w->from->map_count; i++)
		count += says_same(w->from->maps[i], row) ? 1 : 0;
	return count >= FAMILIES;
}

static bool take_status(const struct draft *w, size_t at)
{
	return !is_said(w, at) && (w->list[at].count > 1 || is_usual(w, w->list[at].row));
}

/* `silent`: a row, too, that has nothing to say at present. */
static bool print_candidate(struct draft *w, size_t at, bool silent)
{
	const struct map_row *row = w->list[at].row;
	struct mapvalue v;
	bool speaks = evaluate(w, row, &v);

	if (speaks == silent || (row->kind == MAP_VAR && speaks && !can_be(w, row->name, &v)))
		return false;
	if (row->kind == MAP_VAR ? !take_name(w, row->name) : !take_status(w, at))
		return false;
	if (speaks && str_equal(row->name, "battery.voltage.nominal"))
		mapvalue_number(&v, &w->nominal);
	print_row(w, "", row);
	if (speaks)
		print_now(w, row->name, &v);
	else
		fputs(" # nothing now\n", w->out);
	return true;
}

static const struct map_row *first_that_reads(const struct draft *w)
{
	for (size_t i = 0; i < w->count; i++) {
		if (w->list[i].row->kind != MAP_CMD)
			return w->list[i].row;
	}
	return NULL;
}

/* What most say, or else another way to the same; and what else many say of this path, as both
 * a delay and its timer. */
static bool print_values(struct draft *w, bool silent)
{
	const struct map_row *first = first_that_reads(w);
	bool any = false;

	for (size_t i = 0; i < w->count && w->result == HID_OK; i++) {
		const struct candidate *c = &w->list[i];
		bool same = c->row->kind == first->kind && str_equal(c->row->name, first->name);

		if (c->row->kind == MAP_CMD || str_glob("experimental.*", c->row->name) ||
		    (any || !same ? c->count < FAMILIES : false))
			continue;
		any = print_candidate(w, i, silent) || any;
	}
	return any;
}

static void print_commands(struct draft *w)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct map_row *row = w->list[i].row;

		if (row->kind != MAP_CMD || w->list[i].count < FAMILIES || !take_name(w, row->name))
			continue;
		print_row(w, "", row);
		fputc('\n', w->out);
	}
}

/* A line for people: nobody can tell, or only one. */
static void print_guess(const struct draft *w, const struct map_row *row)
{
	if (!row || row->kind != MAP_STATUS) {
		print_unknown(w, row ? row->name : "unknown.name");
		return;
	}
	print_row(w, "# ", row);
	fprintf(w->out, " # perhaps; %s\n",
		w->result != HID_OK ? "not given"
		: w->value != 0     ? "1"
				    : "0");
}

static void print_path(struct draft *w)
{
	const struct map_row *row;

	collect(w, false);
	if (!first_that_reads(w)) {
		print_commands(w);
		collect(w, true);
	}
	row = first_that_reads(w);
	if (!print_values(w, false) && (!row || row->kind != MAP_VAR || !print_scaled(w, row)) &&
	    !print_values(w, true))
		print_guess(w, row);
	print_commands(w);
}

/* ------------------------------------------------------------------------------- the whole */

bool draft_reads(const struct hid_desc *d, const struct hid_field *f)
{
	if (hid_desc_find(d, f->type, f->path, f->depth) != f)
		return false;
	return f->type == HID_FEATURE ||
	       (f->type == HID_INPUT && !hid_desc_find(d, HID_FEATURE, f->path, f->depth));
}

static bool is_used(const struct hid_desc *d, uint32_t usage)
{
	for (size_t i = 0; i < d->count; i++) {
		for (unsigned k = 0; k < d->fields[i].depth; k++) {
			if (d->fields[i].path[k] == usage)
				return true;
		}
	}
	return false;
}

/* Names that only this family has. */
static void print_usages(const struct draft *w)
{
	const struct map *names = w->from->names;

	for (size_t i = 0; i < names->usage_count; i++) {
		const struct map_usage *u = &names->usages[i];

		if (!str_ends(u->file, "usages.map") && is_used(w->from->desc, u->number))
			fprintf(w->out, "USAGE %s %08" PRIx32 "\n", u->name, u->number);
	}
}

static void print_head(const struct draft *w)
{
	uint16_t vendor = w->from->vendor, product = w->from->product;

	fprintf(w->out,
		"\nMAP device-%04x-%04x \"Draft for %04x:%04x\"\nDRIVER usbhid-ups\n"
		"MATCH usb %04x:%04x\n",
		vendor, product, vendor, product, vendor, product);
	print_usages(w);
	fputs("INCLUDE usages.map\nINCLUDE common.map\n"
	      "# Behind # is what the device says now; a line that begins with it is not used.\n",
	      w->out);
}

static enum hid_result print_fields(struct draft *w)
{
	const struct hid_desc *d = w->from->desc;

	for (size_t i = 0; i < d->count; i++) {
		if (!draft_reads(d, &d->fields[i]))
			continue;
		w->field = &d->fields[i];
		hid_path_format(w->from->usages, w->field->path, w->field->depth, w->path,
				sizeof(w->path));
		w->result = hid_reports_value(w->from->reports, w->field, 0, &w->value);
		if (w->result == HID_GONE)
			return HID_GONE;
		print_path(w);
	}
	return HID_OK;
}

enum hid_result draft_print(FILE *out, const struct draft_source *from)
{
	struct draft *w = calloc(1, sizeof(*w));
	enum hid_result r = HID_NONE;

	if (w)
		w->names = calloc(HID_MAX_FIELDS, sizeof(*w->names));
	if (w && w->names) {
		w->out = out;
		w->from = from;
		print_head(w);
		r = print_fields(w);
	}
	if (w)
		free(w->names);
	free(w);
	return r;
}
