#include "config.h"

#include "clients/cli/output.h"

#include <string.h>

/* The length of the UTF-8 sequence at `s`; 0 if it is none (overlong and surrogates included). */
static size_t utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char mask, lead;
		size_t len;
		unsigned long least;
	} forms[] = {{0x80, 0x00, 1, 0},
		     {0xe0, 0xc0, 2, 0x80},
		     {0xf0, 0xe0, 3, 0x800},
		     {0xf8, 0xf0, 4, 0x10000}};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		unsigned long code;

		if ((s[0] & forms[i].mask) != forms[i].lead)
			continue;
		code = (unsigned char)(s[0] & ~forms[i].mask);
		for (size_t k = 1; k < forms[i].len; k++) {
			if ((s[k] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (s[k] & 0x3f);
		}
		return code < forms[i].least || code > 0x10ffff ||
				       (code >= 0xd800 && code <= 0xdfff)
			       ? 0
			       : forms[i].len;
	}
	return 0;
}

void output_json_string(FILE *to, const char *text)
{
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const unsigned char *s = (const unsigned char *)text;

	putc('"', to);
	while (*s) {
		const char *special = strchr(plain, *s);
		size_t len = utf8_length(s);

		if (special)
			fprintf(to, "\\%c", letters[special - plain]);
		else if (*s < 0x20 || *s == 0x7f || !len)
			fprintf(to, "\\u%04x", *s);
		else
			fwrite(s, 1, len, to);
		s += len && !special ? len : 1;
	}
	putc('"', to);
}

void output_begin(struct output *o, enum output_shape shape)
{
	o->shape = shape;
	o->items = 0;
	o->open = shape != OUTPUT_VALUE;
	if (o->json && o->open)
		fputs(shape == OUTPUT_MAP ? "{\n" : "[\n", o->to);
}

/* What stands between and before the items of a list or map. */
static void json_next(struct output *o)
{
	if (!o->open)
		return;
	fputs(o->items ? ",\n  " : "  ", o->to);
	o->items++;
}

void output_item(struct output *o, const char *key, const char *value)
{
	if (!o->json) {
		fprintf(o->to, "%s%s%s\n", key ? key : "", key ? ": " : "", value);
		return;
	}
	json_next(o);
	if (key) {
		output_json_string(o->to, key);
		fputs(": ", o->to);
	}
	output_json_string(o->to, value);
	if (!o->open)
		putc('\n', o->to);
}

void output_end(struct output *o)
{
	if (o->json && o->open) {
		if (o->items)
			putc('\n', o->to);
		fputs(o->shape == OUTPUT_MAP ? "}\n" : "]\n", o->to);
	}
	o->open = false;
}

void output_error(struct output *o, const char *text)
{
	bool in_map = o->open && o->shape == OUTPUT_MAP;

	if (!o->json)
		return;
	json_next(o);
	if (!in_map)
		putc('{', o->to);
	fputs("\"error\": ", o->to);
	output_json_string(o->to, text);
	if (!in_map)
		putc('}', o->to);
	if (!o->open)
		putc('\n', o->to);
	output_end(o);
}
