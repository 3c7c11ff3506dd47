#include "config.h"

#include "clients/cli/output.h"

#include "common/base/json.h"

void output_json_string(FILE *to, const char *text)
{
	struct buffer b = {0};

	json_append_string(&b, text);
	fputs(buffer_string(&b), to);
	buffer_free(&b);
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
