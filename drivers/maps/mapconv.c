#include "config.h"

#include "drivers/maps/mapconv.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/mapconv_private.h"
#include "drivers/maps/mapdate.h"
#include "drivers/maps/mapfun.h"

bool mapvalue_number(const struct mapvalue *v, double *number)
{
	if (v->kind == MAPVALUE_TEXT)
		return str_to_double(v->text, number);
	*number = v->number;
	return true;
}

bool mapvalue_set_number(struct mapvalue *v, double number)
{
	v->kind = MAPVALUE_NUMBER;
	v->number = number;
	return isfinite(number);
}

bool mapvalue_set_text(struct mapvalue *v, const char *text)
{
	v->kind = MAPVALUE_TEXT;
	return str_copy(v->text, sizeof(v->text), text);
}

const char *mapvalue_text(struct mapvalue *v)
{
	if (v->kind == MAPVALUE_NUMBER)
		str_format(v->text, sizeof(v->text), "%.10g", v->number);
	return v->text;
}

/* The value as the bits of a 32-bit field, two's complement if it is negative. */
static bool to_bits(const struct mapvalue *v, uint32_t *bits)
{
	double number;

	if (!mapvalue_number(v, &number) ||
	    !(number >= (double)INT32_MIN && number <= (double)UINT32_MAX))
		return false;
	*bits = (uint32_t)(int64_t)number;
	return true;
}

static bool factor(const struct mapconv_step *s, const struct mapconv_context *c, double *x)
{
	if (!s->name) {
		*x = s->x;
		return true;
	}
	return c->numbers && mapnumbers_get(c->numbers, s->name, x);
}

static bool read_scale(const struct mapconv_step *s, struct mapvalue *v,
		       const struct mapconv_context *c)
{
	double x, number;

	return factor(s, c, &x) && mapvalue_number(v, &number) &&
	       mapvalue_set_number(v, number * x);
}

static bool read_divide(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c)
{
	double x, number;

	return factor(s, c, &x) && x != 0 && mapvalue_number(v, &number) &&
	       mapvalue_set_number(v, number / x);
}

static bool read_offset(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c)
{
	double x, number;

	return factor(s, c, &x) && mapvalue_number(v, &number) &&
	       mapvalue_set_number(v, number + x);
}

static bool write_offset(const struct mapconv_step *s, struct mapvalue *v,
			 const struct mapconv_context *c)
{
	double x, number;

	return factor(s, c, &x) && mapvalue_number(v, &number) &&
	       mapvalue_set_number(v, number - x);
}

static bool read_min(const struct mapconv_step *s, struct mapvalue *v,
		     const struct mapconv_context *c)
{
	double x, number;

	return factor(s, c, &x) && mapvalue_number(v, &number) &&
	       mapvalue_set_number(v, number < x ? x : number);
}

static bool read_max(const struct mapconv_step *s, struct mapvalue *v,
		     const struct mapconv_context *c)
{
	double x, number;

	return factor(s, c, &x) && mapvalue_number(v, &number) &&
	       mapvalue_set_number(v, number > x ? x : number);
}

static bool read_range(const struct mapconv_step *s, struct mapvalue *v,
		       const struct mapconv_context *c)
{
	double number;

	(void)c;
	return mapvalue_number(v, &number) && number >= s->x && number <= s->y &&
	       mapvalue_set_number(v, number);
}

static bool read_equal(const struct mapconv_step *s, struct mapvalue *v,
		       const struct mapconv_context *c)
{
	double x, number;

	return factor(s, c, &x) && mapvalue_number(v, &number) &&
	       mapvalue_set_number(v, number == x ? 1 : 0);
}

static bool read_integer(const struct mapconv_step *s, struct mapvalue *v,
			 const struct mapconv_context *c)
{
	double number;

	(void)s, (void)c;
	return mapvalue_number(v, &number) && mapvalue_set_number(v, round(number));
}

static bool read_signed(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c)
{
	unsigned spare = 32 - (unsigned)s->x;
	uint32_t bits;

	(void)c;
	if (!to_bits(v, &bits))
		return false;
	bits <<= spare;
	/* Dividing by a power of two, exactly, in place of a shift of a negative number. */
	return mapvalue_set_number(v, (double)(int32_t)bits / (double)((uint64_t)1 << spare));
}

static bool write_signed(const struct mapconv_step *s, struct mapvalue *v,
			 const struct mapconv_context *c)
{
	double number, half = (double)((uint64_t)1 << ((unsigned)s->x - 1));

	(void)c;
	if (!mapvalue_number(v, &number) || !(number >= -half && number < half))
		return false;
	return mapvalue_set_number(v, number < 0 ? number + 2 * half : number);
}

static bool read_bits(const struct mapconv_step *s, struct mapvalue *v,
		      const struct mapconv_context *c)
{
	uint32_t bits;

	(void)c;
	return to_bits(v, &bits) &&
	       mapvalue_set_number(v, (bits & (uint32_t)s->x) >> (unsigned)s->y);
}

static bool read_bit(const struct mapconv_step *s, struct mapvalue *v,
		     const struct mapconv_context *c)
{
	uint32_t bits, mask = (uint32_t)s->x;

	(void)c;
	return to_bits(v, &bits) && mapvalue_set_number(v, (bits & mask) == mask ? 1 : 0);
}

static bool read_nobit(const struct mapconv_step *s, struct mapvalue *v,
		       const struct mapconv_context *c)
{
	uint32_t bits;

	(void)c;
	return to_bits(v, &bits) && mapvalue_set_number(v, (bits & (uint32_t)s->x) == 0 ? 1 : 0);
}

static bool read_swap16(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c)
{
	uint32_t bits;

	(void)s, (void)c;
	return to_bits(v, &bits) &&
	       mapvalue_set_number(v, ((bits & 0xff) << 8) | ((bits >> 8) & 0xff));
}

/* From 0 to 100 degrees in kelvin; there is no telling outside. */
static bool read_kelvin(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c)
{
	double number;

	(void)s, (void)c;
	if (!mapvalue_number(v, &number))
		return false;
	return mapvalue_set_number(v, number >= 273 && number <= 373 ? number - 273.15 : number);
}

static bool read_lookup(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c)
{
	const struct maplookup_row *row;

	(void)c;
	row = v->kind == MAPVALUE_TEXT ? maplookup_text(s->lookup, v->text)
				       : maplookup_number(s->lookup, v->number);
	return row && mapvalue_set_text(v, row->text);
}

static bool write_lookup(const struct mapconv_step *s, struct mapvalue *v,
			 const struct mapconv_context *c)
{
	double number;

	(void)c;
	return maplookup_back(s->lookup, mapvalue_text(v), &number) &&
	       mapvalue_set_number(v, number);
}

static bool read_flags(const struct mapconv_step *s, struct mapvalue *v,
		       const struct mapconv_context *c)
{
	double number;

	(void)c;
	if (!mapvalue_number(v, &number))
		return false;
	v->kind = MAPVALUE_TEXT;
	return maplookup_flags(s->lookup, number, v->text, sizeof(v->text));
}

/* A text is passed on: what stood before knew it already. */
static bool read_string(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c)
{
	char text[MAPVALUE_TEXT_MAX];

	(void)s;
	if (v->kind == MAPVALUE_TEXT)
		return true;
	return c->string && v->number >= 1 && v->number <= 255 &&
	       c->string(c->arg, (unsigned)v->number, text, sizeof(text)) &&
	       mapvalue_set_text(v, text);
}

static bool read_hex(const struct mapconv_step *s, struct mapvalue *v,
		     const struct mapconv_context *c)
{
	uint32_t bits;

	(void)c;
	if (!to_bits(v, &bits))
		return false;
	v->kind = MAPVALUE_TEXT;
	return str_format(v->text, sizeof(v->text), "%0*lx", (int)s->x, (unsigned long)bits);
}

static bool read_trim(const struct mapconv_step *s, struct mapvalue *v,
		      const struct mapconv_context *c)
{
	const char *text = mapvalue_text(v);
	size_t start = strspn(text, " \t\r\n"), len = strlen(text + start);

	(void)s, (void)c;
	while (len > 0 && strchr(" \t\r\n", text[start + len - 1]))
		len--;
	memmove(v->text, v->text + start, len);
	v->text[len] = '\0';
	v->kind = MAPVALUE_TEXT;
	return true;
}

static bool read_upper(const struct mapconv_step *s, struct mapvalue *v,
		       const struct mapconv_context *c)
{
	(void)s, (void)c;
	mapvalue_text(v);
	v->kind = MAPVALUE_TEXT;
	for (char *p = v->text; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return true;
}

static bool read_date(const struct mapconv_step *s, struct mapvalue *v,
		      const struct mapconv_context *c)
{
	double number;

	(void)c;
	if (!mapvalue_number(v, &number))
		return false;
	v->kind = MAPVALUE_TEXT;
	return mapdate_to_text(mapdate_find(s->name), number, v->text, sizeof(v->text));
}

/* The other half of a clock, which setting one half leaves as it is. */
static bool other_half(const struct mapconv_context *c, const char *name, char *dst, size_t size)
{
	return c->variable && c->variable(c->arg, name, dst, size);
}

static bool write_date(const struct mapconv_step *s, struct mapvalue *v,
		       const struct mapconv_context *c)
{
	char time[32] = "00:00:00";
	double number;

	other_half(c, "ups.time", time, sizeof(time));
	return mapdate_from_text(mapdate_find(s->name), mapvalue_text(v), time, &number) &&
	       mapvalue_set_number(v, number);
}

static bool read_time(const struct mapconv_step *s, struct mapvalue *v,
		      const struct mapconv_context *c)
{
	double number;

	(void)s, (void)c;
	if (!mapvalue_number(v, &number))
		return false;
	v->kind = MAPVALUE_TEXT;
	return mapdate_clock(number, v->text, sizeof(v->text));
}

static bool write_time(const struct mapconv_step *s, struct mapvalue *v,
		       const struct mapconv_context *c)
{
	char date[32];
	double number;

	(void)s;
	return other_half(c, "ups.date", date, sizeof(date)) &&
	       mapdate_from_text(MAPDATE_UNIX, date, mapvalue_text(v), &number) &&
	       mapvalue_set_number(v, number);
}

static bool read_call(const struct mapconv_step *s, struct mapvalue *v,
		      const struct mapconv_context *c)
{
	return s->fun->read && s->fun->read(v, s->x, c);
}

static bool write_call(const struct mapconv_step *s, struct mapvalue *v,
		       const struct mapconv_context *c)
{
	return s->fun->write && s->fun->write(v, s->x, c);
}

/* The one conversion in a format: what is before it, which, and what is behind. */
struct format {
	size_t before;   /* bytes */
	const char *end; /* behind it */
	int decimals;    /* of %f */
	char letter;
};

static bool parse_format(const char *text, struct format *f)
{
	const char *p = strchr(text, '%');

	/* %% is a percent sign; only the text behind may hold it, which is enough for units. */
	if (!p)
		return false;
	f->before = (size_t)(p++ - text);
	f->decimals = 0;
	if (p[0] == '.' && p[1] >= '0' && p[1] <= '6' && p[2] == 'f') {
		f->decimals = p[1] - '0';
		p += 2;
	} else if (*p == '\0' || !strchr("dxs", *p)) {
		return false;
	}
	f->letter = *p;
	f->end = p + 1;
	for (p = f->end; (p = strchr(p, '%')); p += 2)
		if (p[1] != '%')
			return false;
	return true;
}

bool mapconv_format_valid(const char *format)
{
	struct format f;

	return strlen(format) < 64 && parse_format(format, &f);
}

static bool format_core(const struct format *f, const struct mapvalue *v, char *dst, size_t size)
{
	double number;
	uint32_t bits;

	if (f->letter == 's')
		return v->kind == MAPVALUE_TEXT ? str_copy(dst, size, v->text)
						: str_format(dst, size, "%.10g", v->number);
	if (f->letter == 'x')
		return to_bits(v, &bits) && str_format(dst, size, "%lx", (unsigned long)bits);
	if (!mapvalue_number(v, &number) || !str_format(dst, size, "%.*f", f->decimals, number))
		return false;
	if (dst[0] == '-' && strspn(dst + 1, "0.") == strlen(dst + 1))
		memmove(dst, dst + 1, strlen(dst));
	return true;
}

/* What stands behind, with %% as %. */
static void format_tail(const struct format *f, char *dst, size_t size)
{
	size_t used = 0;

	for (const char *p = f->end; *p && used + 1 < size; p++) {
		dst[used++] = *p;
		if (p[0] == '%')
			p++;
	}
	dst[used] = '\0';
}

static bool read_format(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c)
{
	char core[MAPVALUE_TEXT_MAX], tail[64];
	struct format f;

	(void)c;
	if (!parse_format(s->name, &f) || !format_core(&f, v, core, sizeof(core)))
		return false;
	format_tail(&f, tail, sizeof(tail));
	v->kind = MAPVALUE_TEXT;
	return str_format(v->text, sizeof(v->text), "%.*s%s%s", (int)f.before, s->name, core, tail);
}

/* A client may leave the text around the number out. */
static bool write_format(const struct mapconv_step *s, struct mapvalue *v,
			 const struct mapconv_context *c)
{
	char text[MAPVALUE_TEXT_MAX], tail[64];
	const char *p = text;
	struct format f;
	size_t len, cut;
	double number;

	(void)c;
	if (!parse_format(s->name, &f) || !str_copy(text, sizeof(text), mapvalue_text(v)))
		return false;
	format_tail(&f, tail, sizeof(tail));
	if (strncmp(p, s->name, f.before) == 0)
		p += f.before;
	len = strlen(p);
	cut = strlen(tail);
	if (cut > 0 && len > cut && str_equal(p + len - cut, tail))
		text[(size_t)(p - text) + len - cut] = '\0';
	if (f.letter == 's')
		return mapvalue_set_text(v, p);
	if (f.letter == 'x') {
		str_format(tail, sizeof(tail), "0x%s", p);
		return mapnumber_parse(tail, &number) && mapvalue_set_number(v, number);
	}
	return str_to_double(p, &number) && mapvalue_set_number(v, number);
}

/* ---------------------------------------------------------------------------- letters */

static bool read_any(const struct mapconv_step *s, struct mapvalue *v,
		     const struct mapconv_context *c)
{
	(void)c;
	return mapvalue_set_number(v, strpbrk(mapvalue_text(v), s->name) ? 1 : 0);
}

/* For k(name), when(name), limits(): the number goes on as it is. */
static bool read_keep(const struct mapconv_step *s, struct mapvalue *v,
		      const struct mapconv_context *c)
{
	double number;

	if (!mapvalue_number(v, &number))
		return false;
	if (c->numbers)
		mapnumbers_set(c->numbers, s->name, number);
	return true;
}

static bool read_unhex(const struct mapconv_step *s, struct mapvalue *v,
		       const struct mapconv_context *c)
{
	char text[MAPVALUE_TEXT_MAX];
	double number;

	(void)s, (void)c;
	return str_format(text, sizeof(text), "0x%s", mapvalue_text(v)) &&
	       mapnumber_parse(text, &number) && mapvalue_set_number(v, number);
}

/* Tables of letters have texts as keys, or digits. */
static bool read_letter(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c)
{
	const char *text = mapvalue_text(v);

	(void)c;
	for (size_t i = 0; i < s->lookup->count; i++) {
		const struct maplookup_row *row = &s->lookup->rows[i];

		if (row->key == MAPLOOKUP_ANY ||
		    (row->key == MAPLOOKUP_TEXT && strstr(text, row->word)))
			return mapvalue_set_text(v, row->text);
	}
	return false;
}

static bool add_word(char *dst, size_t size, const char *word)
{
	size_t used = strlen(dst);

	return str_format(dst + used, size - used, "%s%s", used ? " " : "", word);
}

/* A row without a text is for a word that makes all others worthless. */
static bool read_words(const struct mapconv_step *s, struct mapvalue *v,
		       const struct mapconv_context *c)
{
	char text[MAPVALUE_TEXT_MAX], out[MAPVALUE_TEXT_MAX] = "";
	char *rest = NULL;

	(void)c;
	if (!str_copy(text, sizeof(text), mapvalue_text(v)))
		return false;
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		const struct maplookup_row *row = maplookup_text(s->lookup, word);

		if (row && (!row->text[0] || !add_word(out, sizeof(out), row->text)))
			return false;
	}
	return out[0] && mapvalue_set_text(v, out);
}

/* ------------------------------------------------------------- texts of many switches */

/* Voltronic's "EabcDxyz": what is on stands behind the E, what is off behind the D. */
static bool read_switch(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c)
{
	const char *text = mapvalue_text(v), *off = strchr(text, 'D');
	const char *at = strstr(text, s->name);

	(void)c;
	return at && mapvalue_set_number(v, !off || at < off ? 1 : 0);
}

static bool write_switch(const struct mapconv_step *s, struct mapvalue *v,
			 const struct mapconv_context *c)
{
	double on;

	(void)s, (void)c;
	return mapvalue_number(v, &on) && mapvalue_set_text(v, on != 0 ? "E" : "D");
}

/* "0100...": the texts of the places where there is a 1; as many as there is room for. */
static bool read_places(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c)
{
	char bits[MAPVALUE_TEXT_MAX], out[MAPVALUE_TEXT_MAX] = "";

	(void)c;
	str_copy(bits, sizeof(bits), mapvalue_text(v));
	for (size_t i = 0; bits[i]; i++) {
		const struct maplookup_row *row =
			bits[i] == '1' ? maplookup_number(s->lookup, (double)i) : NULL;
		size_t used = strlen(out);

		if (row && used + strlen(row->text) + 3 < sizeof(out))
			str_format(out + used, sizeof(out) - used, "%s%s", used ? ", " : "",
				   row->text);
	}
	return out[0] && mapvalue_set_text(v, out);
}

static bool read_strip(const struct mapconv_step *s, struct mapvalue *v,
		       const struct mapconv_context *c)
{
	char text[MAPVALUE_TEXT_MAX];
	size_t from, to;

	(void)c;
	str_copy(text, sizeof(text), mapvalue_text(v));
	from = strspn(text, s->name);
	to = strlen(text);
	while (to > from && strchr(s->name, text[to - 1]))
		to--;
	text[to] = '\0';
	return mapvalue_set_text(v, text + from);
}

static bool read_zeros(const struct mapconv_step *s, struct mapvalue *v,
		       const struct mapconv_context *c)
{
	(void)s, (void)v, (void)c;
	return true;
}

static bool write_zeros(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c)
{
	char text[MAPVALUE_TEXT_MAX];
	double number;

	(void)c;
	return mapvalue_number(v, &number) &&
	       str_format(text, sizeof(text), "%0*.*f", (int)s->y, (int)s->x, number) &&
	       mapvalue_set_text(v, text);
}

/* A serial number of zeros is none. */
static bool read_nonzero(const struct mapconv_step *s, struct mapvalue *v,
			 const struct mapconv_context *c)
{
	const char *text = mapvalue_text(v);

	(void)s, (void)c;
	return text[strspn(text, "0 ")] != '\0';
}

/* Of several devices, the one that the user named. */
static bool read_agrees(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c)
{
	double wanted, number;

	return !c->numbers || !mapnumbers_get(c->numbers, s->name, &wanted) ||
	       (mapvalue_number(v, &number) && number == wanted);
}

const struct mapconv mapconv_table[] = {
	{"format", MAPCONV_FORMAT, read_format, write_format, false},
	{"scale", MAPCONV_FACTOR, read_scale, read_divide, false},
	{"divide", MAPCONV_FACTOR, read_divide, read_scale, false},
	{"offset", MAPCONV_FACTOR, read_offset, write_offset, false},
	{"min", MAPCONV_FACTOR, read_min, read_min, false},
	{"max", MAPCONV_FACTOR, read_max, read_max, false},
	{"range", MAPCONV_TWO, read_range, read_range, true},
	{"equal", MAPCONV_FACTOR, read_equal, NULL, false},
	{"integer", MAPCONV_NO_ARGS, read_integer, read_integer, false},
	{"signed", MAPCONV_BITS, read_signed, write_signed, false},
	{"bits", MAPCONV_MASK, read_bits, NULL, false},
	{"bit", MAPCONV_MASK, read_bit, NULL, false},
	{"nobit", MAPCONV_MASK, read_nobit, NULL, false},
	{"swap16", MAPCONV_NO_ARGS, read_swap16, read_swap16, false},
	{"kelvin", MAPCONV_NO_ARGS, read_kelvin, NULL, false},
	{"lookup", MAPCONV_LOOKUP, read_lookup, write_lookup, true},
	{"flags", MAPCONV_LOOKUP, read_flags, NULL, true},
	{"string", MAPCONV_NO_ARGS, read_string, NULL, true},
	{"hex", MAPCONV_DIGITS, read_hex, NULL, false},
	{"date", MAPCONV_CALENDAR, read_date, write_date, true},
	{"time", MAPCONV_CALENDAR, read_time, write_time, true},
	{"trim", MAPCONV_NO_ARGS, read_trim, read_trim, false},
	{"upper", MAPCONV_NO_ARGS, read_upper, read_upper, false},
	{"keep", MAPCONV_TEXT, read_keep, NULL, true},
	{"unhex", MAPCONV_NO_ARGS, read_unhex, NULL, true},
	{"any", MAPCONV_TEXT, read_any, NULL, false},
	{"letter", MAPCONV_LOOKUP, read_letter, NULL, true},
	{"words", MAPCONV_LOOKUP, read_words, NULL, true},
	{"number", MAPCONV_NO_ARGS, mapconv_read_number, mapconv_write_number, true},
	{"nonnegative", MAPCONV_NO_ARGS, mapconv_nonnegative, mapconv_nonnegative, true},
	{"not", MAPCONV_TEXT, mapconv_not, mapconv_not, true},
	{"entries", MAPCONV_NO_ARGS, mapconv_read_entries, NULL, true},
	{"arc", MAPCONV_NO_ARGS, mapconv_read_arc, NULL, true},
	{"isodate", MAPCONV_NO_ARGS, mapconv_read_isodate, mapconv_write_isodate, false},
	{"mac", MAPCONV_NO_ARGS, mapconv_read_mac, NULL, false},
	{"switch", MAPCONV_TEXT, read_switch, write_switch, true},
	{"places", MAPCONV_LOOKUP, read_places, NULL, true},
	{"strip", MAPCONV_TEXT, read_strip, NULL, false},
	{"nonzero", MAPCONV_NO_ARGS, read_nonzero, NULL, true},
	{"agrees", MAPCONV_TEXT, read_agrees, NULL, true},
	{"zeros", MAPCONV_TWO, read_zeros, write_zeros, false},
	{"call", MAPCONV_CALL, read_call, write_call, true},
	{NULL, MAPCONV_NO_ARGS, NULL, NULL, false},
};

const struct mapconv *mapconv_find(const char *name)
{
	for (const struct mapconv *m = mapconv_table; m->name; m++)
		if (str_equal(m->name, name))
			return m;
	return NULL;
}

bool mapconv_read(const struct mapconv_step *steps, size_t count, struct mapvalue *v,
		  const struct mapconv_context *c)
{
	for (size_t i = 0; i < count; i++)
		if (!steps[i].conv->read(&steps[i], v, c))
			return false;
	return true;
}

bool mapconv_write(const struct mapconv_step *steps, size_t count, struct mapvalue *v,
		   const struct mapconv_context *c)
{
	while (count-- > 0)
		if (!steps[count].conv->write || !steps[count].conv->write(&steps[count], v, c))
			return false;
	return true;
}

bool mapconv_has_back(const struct mapconv_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct mapconv_step *s = &steps[i];

		if (!s->conv->write || (s->fun && !s->fun->write) ||
		    (s->lookup && !maplookup_has_back(s->lookup)))
			return false;
	}
	return true;
}

bool mapconv_complete(const struct mapconv_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((steps[i].conv->args == MAPCONV_LOOKUP && !steps[i].lookup) ||
		    (steps[i].conv->args == MAPCONV_CALL && !steps[i].fun))
			return false;
	return true;
}
