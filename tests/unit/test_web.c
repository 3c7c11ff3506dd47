#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clients/web/escape.h"
#include "clients/web/form.h"

typedef bool append_fn(struct buffer *b, const char *text);

static void check(append_fn *append, const char *text, const char *expected)
{
	struct buffer b = {0};

	assert_true(append(&b, text));
	assert_string_equal(buffer_string(&b), expected);
	buffer_free(&b);
}

/* ------------------------------------------------------------------ escape */

static void markup_becomes_text(void **state)
{
	(void)state;
	check(web_append_html, "<script>alert('a' && \"b\")</script>",
	      "&lt;script&gt;alert(&#39;a&#39; &amp;&amp; &quot;b&quot;)&lt;/script&gt;");
	check(web_append_html, "plain\ttext\n", "plain\ttext\n");
	check(web_append_html, "", "");
}

static void html_is_utf8_whatever_comes(void **state)
{
	(void)state;
	check(web_append_html, "gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F");
	check(web_append_html, "caf\xE9", "caf\xC3\xA9");
	check(web_append_html, "\x1B[31m\x7F\x85", "\xEF\xBF\xBD[31m\xEF\xBF\xBD\xEF\xBF\xBD");
	/* No overlong form of '<' gets through. */
	check(web_append_html, "\xC0\xBCx", "\xC3\x80\xC2\xBCx");
}

static void a_url_keeps_only_what_means_nothing_in_it(void **state)
{
	(void)state;
	check(web_append_url, "ups@[::1]:3493/a b&c=d%\"'<",
	      "ups%40%5B%3A%3A1%5D%3A3493%2Fa%20b%26c%"
	      "3Dd%25%22%27%3C");
	check(web_append_url, "A-z_0.9~\xFF", "A-z_0.9~%FF");
	check(web_append_query_value, "ups@[::1]:3493 &\"<", "ups@[::1]:3493%20%26%22%3C");
}

static void a_string_of_script_cannot_end_the_script(void **state)
{
	(void)state;
	check(web_append_js, "a</script>\"'\\\n",
	      "\"a\\u003c\\u002fscript\\u003e\\u0022\\u0027\\u005c"
	      "\\u000a\"");
	check(web_append_js, "\xE2\x80\xA8\xC3\xBC\xFC", "\"\\u2028\xC3\xBC\\u00fc\"");
}

/* -------------------------------------------------------------------- form */

static const struct web_form_limits small = {.max_fields = 4, .max_name = 5, .max_value = 8};

static enum web_form_result parse(struct web_form *form, const char *text)
{
	/* Exactly as long as it is, so that sanitizers see a step too far. */
	size_t len = strlen(text);
	char *copy = malloc(len + 1);
	enum web_form_result result;

	assert_non_null(copy);
	memcpy(copy, text, len);
	copy = realloc(copy, len ? len : 1);
	assert_non_null(copy);
	result = web_form_parse(form, copy, len, &small);
	free(copy);
	return result;
}

static void fields_are_taken_apart_and_decoded(void **state)
{
	struct web_form form;

	(void)state;
	assert_int_equal(parse(&form, "a=1+2&flag&b=%41%3d%26&c=x=y"), WEB_FORM_OK);
	assert_int_equal(form.count, 4);
	assert_string_equal(web_form_value(&form, "a"), "1 2");
	assert_string_equal(web_form_value(&form, "flag"), "");
	assert_string_equal(web_form_value(&form, "b"), "A=&");
	assert_string_equal(web_form_value(&form, "c"), "x=y");
	assert_null(web_form_value(&form, "d"));
	web_form_free(&form);
}

static void an_empty_query_has_no_fields(void **state)
{
	struct web_form form;

	(void)state;
	assert_int_equal(parse(&form, ""), WEB_FORM_OK);
	assert_int_equal(form.count, 0);
	web_form_free(&form);
	assert_int_equal(parse(&form, "&&=x&"), WEB_FORM_OK);
	assert_int_equal(form.count, 0);
	web_form_free(&form);
}

static void line_ends_become_spaces(void **state)
{
	struct web_form form;

	(void)state;
	assert_int_equal(parse(&form, "a=x%0d%0Ay\r\n"), WEB_FORM_OK);
	assert_string_equal(web_form_value(&form, "a"), "x  y  ");
	web_form_free(&form);
}

static void broken_escapes_spoil_the_form(void **state)
{
	static const char *const broken[] = {"a=%", "a=%4", "a=%4g", "a=%00", "%zz", "b=1&a=%-1"};
	struct web_form form;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		assert_int_equal(parse(&form, broken[i]), WEB_FORM_BAD);
		assert_int_equal(form.count, 0);
		assert_null(form.text);
	}
}

static void what_is_too_long_is_left_out_and_what_is_too_much_refused(void **state)
{
	struct web_form form;

	(void)state;
	assert_int_equal(parse(&form, "longname=1&a=123456789&b=12345678&names=1"), WEB_FORM_OK);
	assert_int_equal(form.count, 2);
	assert_string_equal(web_form_value(&form, "b"), "12345678");
	assert_string_equal(web_form_value(&form, "names"), "1");
	web_form_free(&form);
	assert_int_equal(parse(&form, "a&b&c&d&e"), WEB_FORM_TOO_MANY);
	assert_int_equal(form.count, 0);
}

static void the_first_of_two_fields_counts(void **state)
{
	struct web_form form;

	(void)state;
	assert_int_equal(parse(&form, "a=1&a=2"), WEB_FORM_OK);
	assert_string_equal(web_form_value(&form, "a"), "1");
	web_form_free(&form);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup_becomes_text),
		cmocka_unit_test(html_is_utf8_whatever_comes),
		cmocka_unit_test(a_url_keeps_only_what_means_nothing_in_it),
		cmocka_unit_test(a_string_of_script_cannot_end_the_script),
		cmocka_unit_test(fields_are_taken_apart_and_decoded),
		cmocka_unit_test(an_empty_query_has_no_fields),
		cmocka_unit_test(line_ends_become_spaces),
		cmocka_unit_test(broken_escapes_spoil_the_form),
		cmocka_unit_test(what_is_too_long_is_left_out_and_what_is_too_much_refused),
		cmocka_unit_test(the_first_of_two_fields_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
