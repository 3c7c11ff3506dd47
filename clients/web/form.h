/*
 * form: the fields of a query string or of a posted form
 * (application/x-www-form-urlencoded).
 *
 * `a=b&c&d=e`: `+` is a space, %XX a byte, and a word without `=` is a flag,
 * whose value is "".  CR and LF become spaces, so that no value ends a line of
 * the protocol.  As in NUT, a name or a value over its limit is left out.
 */
#ifndef CLIENTS_WEB_FORM_H
#define CLIENTS_WEB_FORM_H

#include <stdbool.h>
#include <stddef.h>

struct web_form_limits {
	size_t max_fields; /* more are refused */
	size_t max_name;   /* bytes after decoding; longer fields are left out */
	size_t max_value;
};

struct web_field {
	const char *name;
	const char *value;
};

struct web_form {
	struct web_field *fields; /* in the order in which they came */
	size_t count;
	char *text; /* what they point into: owned, wiped at the end */
	size_t text_size;
};

enum web_form_result {
	WEB_FORM_OK,
	WEB_FORM_BAD,      /* a broken %XX, or a NUL */
	WEB_FORM_TOO_MANY, /* fields */
	WEB_FORM_NO_MEMORY,
};

/* On failure the form is empty. */
enum web_form_result web_form_parse(struct web_form *form, const char *data, size_t len,
				    const struct web_form_limits *limits);
void web_form_free(struct web_form *form);

/* The first field of that name; NULL if there is none. */
const char *web_form_value(const struct web_form *form, const char *name);

#endif
