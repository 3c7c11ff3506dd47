/*
 * Any bytes may come as a query, a posted form or a template, and be told by a
 * UPS: forms are taken apart within their limits and say the same when they are
 * written again, escaped text holds no markup, templates come to their end.
 * The first byte says what the others are.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cgi/imageargs.h"
#include "clients/cgi/statspage.h"
#include "clients/web/escape.h"
#include "clients/web/form.h"
#include "common/base/json.h"
#include "common/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct web_form_limits limits = {.max_fields = 64, .max_name = 128, .max_value = 256};

static void expect(bool truth)
{
	if (!truth)
		abort();
}

static void write_again(struct buffer *b, const struct web_form *form)
{
	for (size_t i = 0; i < form->count; i++) {
		if (i > 0)
			buffer_append_char(b, '&');
		web_append_url(b, form->fields[i].name);
		buffer_append_char(b, '=');
		web_append_query_value(b, form->fields[i].value);
	}
}

static void check_same(const struct web_form *a, const struct web_form *b)
{
	expect(a->count == b->count);
	for (size_t i = 0; i < a->count; i++) {
		expect(str_equal(a->fields[i].name, b->fields[i].name));
		expect(str_equal(a->fields[i].value, b->fields[i].value));
	}
}

static void check_form(const char *text, size_t len)
{
	struct web_form form, again;
	struct buffer b = {0};
	long args[IMAGEARG_COUNT];

	if (web_form_parse(&form, text, len, &limits) != WEB_FORM_OK) {
		expect(form.count == 0 && !form.text);
		return;
	}
	for (size_t i = 0; i < form.count; i++) {
		expect(strlen(form.fields[i].name) <= limits.max_name);
		expect(strlen(form.fields[i].value) <= limits.max_value);
		expect(!strpbrk(form.fields[i].value, "\r\n"));
	}
	imageargs_read(args, &form);
	expect(args[IMAGEARG_WIDTH] >= 50 && args[IMAGEARG_WIDTH] <= 200);
	write_again(&b, &form);
	expect(web_form_parse(&again, buffer_string(&b), b.len, &limits) == WEB_FORM_OK);
	check_same(&form, &again);
	web_form_free(&again);
	web_form_free(&form);
	buffer_free(&b);
}

static void check_utf8(const char *text)
{
	while (*text) {
		size_t len = str_utf8_length(text);

		expect(len > 0);
		text += len;
	}
}

static void check_escapes(const char *text)
{
	struct buffer b = {0};

	expect(web_append_html(&b, text));
	expect(!strpbrk(buffer_string(&b), "<>\"'"));
	check_utf8(buffer_string(&b));
	buffer_clear(&b);
	expect(web_append_js(&b, text));
	expect(!strpbrk(buffer_string(&b) + 1, "<>&'\n") && b.len >= 2);
	check_utf8(buffer_string(&b));
	buffer_clear(&b);
	expect(web_append_query_value(&b, text));
	expect(!strpbrk(buffer_string(&b), "<>\"'& #=+"));
	buffer_clear(&b);
	expect(json_append_string(&b, text));
	check_utf8(buffer_string(&b));
	buffer_free(&b);
}

static void fill_in(const char *text, size_t len)
{
	static char target[] = "u@[::1]:1", words[] = "<\"&'>";
	static const struct monitor monitors[] = {{target, words}, {target, words}};
	struct buffer out = {.max = 1024 * 1024};
	struct statspage page = {.out = &out,
				 .monitors = monitors,
				 .count = 2,
				 .refresh = 5,
				 .list_template = words,
				 .single_template = words};

	statspage_run(&page, text, len);
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	char *copy;

	if (size == 0)
		return 0;
	size--;
	switch (data[0] % 3) {
	case 0:
		check_form(text, size);
		break;
	case 1:
		fill_in(text, size);
		break;
	default:
		copy = malloc(size + 1);
		expect(copy != NULL);
		memcpy(copy, text, size);
		copy[size] = '\0';
		check_escapes(copy);
		free(copy);
	}
	return 0;
}
