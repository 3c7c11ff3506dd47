#include "config.h"

#include "clients/web/form.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) % 16 : -1;
}

/* The byte at *data, past which that moves; -1 for a broken one. */
static int decode_byte(const char **data, const char *end)
{
	char c = *(*data)++;
	int high, low;

	if (c == '+')
		return ' ';
	if (c == '\0')
		return -1;
	if (c != '%')
		return c == '\r' || c == '\n' ? ' ' : (unsigned char)c;
	if (end - *data < 2)
		return -1;
	high = hex_digit((*data)[0]);
	low = hex_digit((*data)[1]);
	*data += 2;
	if (high < 0 || low < 0 || high + low == 0)
		return -1;
	c = (char)(high * 16 + low);
	return c == '\r' || c == '\n' ? ' ' : (unsigned char)c;
}

/* Appends [data,end) to *to, and a NUL.  False for broken escapes. */
static bool decode(const char *data, const char *end, char **to)
{
	while (data < end) {
		int byte = decode_byte(&data, end);

		if (byte < 0)
			return false;
		*(*to)++ = (char)byte;
	}
	*(*to)++ = '\0';
	return true;
}

static size_t count_fields(const char *data, size_t len)
{
	size_t count = len > 0;

	for (size_t i = 0; i < len; i++)
		count += data[i] == '&';
	return count;
}

/* One field, of `len` bytes.  It is counted only if it is within its limits. */
static bool take_field(struct web_form *form, const char *data, size_t len, char **to,
		       const struct web_form_limits *limits)
{
	const char *end = data + len;
	const char *equals = memchr(data, '=', len);
	struct web_field *field = &form->fields[form->count];

	field->name = *to;
	if (!decode(data, equals ? equals : end, to))
		return false;
	field->value = *to;
	if (!decode(equals ? equals + 1 : end, end, to))
		return false;
	if (field->name[0] && strlen(field->name) <= limits->max_name &&
	    strlen(field->value) <= limits->max_value)
		form->count++;
	return true;
}

enum web_form_result web_form_parse(struct web_form *form, const char *data, size_t len,
				    const struct web_form_limits *limits)
{
	size_t fields = count_fields(data, len);
	const char *end = data + len;
	char *to;

	*form = (struct web_form){0};
	if (fields == 0)
		return WEB_FORM_OK;
	if (fields > limits->max_fields)
		return WEB_FORM_TOO_MANY;
	/* Decoding never makes anything longer, apart from two NULs a field. */
	form->text_size = len + 2 * fields;
	form->text = malloc(form->text_size);
	form->fields = calloc(fields, sizeof(*form->fields));
	if (!form->text || !form->fields) {
		web_form_free(form);
		return WEB_FORM_NO_MEMORY;
	}
	to = form->text;
	while (data < end) {
		const char *next = memchr(data, '&', (size_t)(end - data));
		size_t field_len = (size_t)((next ? next : end) - data);

		if (!take_field(form, data, field_len, &to, limits)) {
			web_form_free(form);
			return WEB_FORM_BAD;
		}
		data = next ? next + 1 : end;
	}
	return WEB_FORM_OK;
}

void web_form_free(struct web_form *form)
{
	if (form->text)
		secret_wipe(form->text, form->text_size); /* there may be a password in it */
	free(form->text);
	free(form->fields);
	*form = (struct web_form){0};
}

const char *web_form_value(const struct web_form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (str_equal(form->fields[i].name, name))
			return form->fields[i].value;
	return NULL;
}
