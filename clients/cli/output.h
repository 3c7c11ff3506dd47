/*
 * output: what upsc prints, as plain text for scripts or as JSON.
 *
 * Shapes are those of NUT (spec/cli.md section 6): a map is `key: value` lines
 * or an object, a list is one item a line or an array; all JSON values are
 * strings.
 */
#ifndef CLIENTS_CLI_OUTPUT_H
#define CLIENTS_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum output_shape { OUTPUT_VALUE, OUTPUT_LIST, OUTPUT_MAP };

struct output {
	FILE *to;
	bool json;
	enum output_shape shape;
	bool open;    /* a list or map has begun */
	size_t items; /* of it so far */
};

void output_begin(struct output *o, enum output_shape shape);

/* One item; `key` only in a map. */
void output_item(struct output *o, const char *key, const char *value);
void output_end(struct output *o);

/*
 * Puts an error into the JSON, and ends that as a valid document whatever is
 * open.  Plain text has no place for errors: they are on stderr already.
 */
void output_error(struct output *o, const char *text);

/* Writes `text` as json_append_string() does. */
void output_json_string(FILE *to, const char *text);

#endif
