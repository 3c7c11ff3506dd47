#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/buffer.h"

static void an_empty_buffer_is_an_empty_string(void **state)
{
	struct buffer b = {0};

	(void)state;
	assert_string_equal(buffer_string(&b), "");
	buffer_consume(&b, 5);
	buffer_clear(&b);
	assert_true(buffer_append(&b, NULL, 0));
	assert_string_equal(buffer_string(&b), "");
	buffer_free(&b);
	buffer_free(&b);
}

static void appends_follow_each_other_over_many_growths(void **state)
{
	struct buffer b = {0};

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		assert_true(buffer_append_char(&b, (char)('a' + i % 26)));
		assert_true(buffer_appendf(&b, "%04u", i));
		assert_true(buffer_append_str(&b, ";"));
	}
	assert_int_equal(b.len, 5000 * 6);
	assert_int_equal(strlen(buffer_string(&b)), b.len);
	for (unsigned i = 0; i < 5000; i++) {
		assert_int_equal(b.data[i * 6], 'a' + i % 26);
		assert_int_equal(b.data[i * 6 + 5], ';');
	}
	buffer_free(&b);
}

static void a_buffer_full_to_the_brim_still_makes_a_string(void **state)
{
	char fill[300];

	(void)state;
	memset(fill, 'x', sizeof(fill));
	for (size_t len = 250; len < 260; len++) {
		struct buffer b = {0};

		assert_true(buffer_append(&b, fill, len));
		assert_int_equal(strlen(buffer_string(&b)), len);
		buffer_clear(&b);
		assert_true(buffer_appendf(&b, "%.*s", (int)len, fill));
		assert_int_equal(strlen(buffer_string(&b)), len);
		buffer_free(&b);
	}
}

static void the_limit_is_exact_and_a_refusal_changes_nothing(void **state)
{
	struct buffer b = {.max = 8};

	(void)state;
	assert_true(buffer_append(&b, "12345678", 8));
	assert_string_equal(buffer_string(&b), "12345678");
	assert_false(buffer_append_char(&b, '9'));
	assert_true(b.failed);
	assert_int_equal(b.len, 8);
	assert_string_equal(buffer_string(&b), "");
	buffer_consume(&b, 8);
	assert_false(buffer_append_char(&b, '9')); /* failure stays until cleared */
	buffer_clear(&b);
	assert_true(buffer_append_char(&b, '9'));
	assert_false(buffer_appendf(&b, "%s", "12345678"));
	assert_int_equal(b.len, 1);
	buffer_free(&b);
	assert_int_equal(b.max, 8);
	assert_false(b.failed);
	assert_null(buffer_reserve(&b, SIZE_MAX));
	buffer_free(&b);
}

static void reserved_room_becomes_content_by_its_length(void **state)
{
	struct buffer b = {0};
	char *at;

	(void)state;
	assert_true(buffer_append_str(&b, "ab"));
	at = buffer_reserve(&b, 1000);
	assert_non_null(at);
	memset(at, 'c', 1000);
	assert_int_equal(b.len, 2);
	b.len += 1000;
	assert_int_equal(strlen(buffer_string(&b)), 1002);
	buffer_free(&b);
}

static void consuming_drops_from_the_front(void **state)
{
	struct buffer b = {0};

	(void)state;
	assert_true(buffer_append(&b, "a\0bcd", 5));
	buffer_consume(&b, 2);
	assert_string_equal(buffer_string(&b), "bcd");
	buffer_consume(&b, 0);
	assert_string_equal(buffer_string(&b), "bcd");
	buffer_consume(&b, 100);
	assert_int_equal(b.len, 0);
	assert_string_equal(buffer_string(&b), "");
	buffer_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_an_empty_string),
		cmocka_unit_test(appends_follow_each_other_over_many_growths),
		cmocka_unit_test(a_buffer_full_to_the_brim_still_makes_a_string),
		cmocka_unit_test(the_limit_is_exact_and_a_refusal_changes_nothing),
		cmocka_unit_test(reserved_room_becomes_content_by_its_length),
		cmocka_unit_test(consuming_drops_from_the_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
