#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/ups/status.h"

static void known_words_become_bits(void **state)
{
	struct buffer others = {0};

	(void)state;
	assert_int_equal(status_parse("OL CHRG", &others), STATUS_OL | STATUS_CHRG);
	assert_string_equal(buffer_string(&others), "");
	assert_int_equal(status_parse("  ob\tLb  ", &others), STATUS_OB | STATUS_LB);
	assert_int_equal(status_parse("", NULL), 0);
	assert_int_equal(status_parse("   ", NULL), 0);
	buffer_free(&others);
}

static void only_whole_words_count(void **state)
{
	(void)state;
	assert_int_equal(status_parse("OLD OBX DISCHRG", NULL), STATUS_DISCHRG);
	assert_int_equal(status_bit_of("OBLB", 2), STATUS_OB);
	assert_int_equal(status_bit_of("O", 1), 0);
	assert_int_equal(status_bit_of("", 0), 0);
}

static void unknown_words_are_kept_each_once(void **state)
{
	struct buffer others = {0};

	(void)state;
	assert_int_equal(status_parse("TEST OL ODD test TEST ODD2", &others), STATUS_OL);
	assert_string_equal(buffer_string(&others), "TEST ODD ODD2");
	buffer_free(&others);
}

static void each_bit_has_its_word(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= 16; i++) {
		const char *word = status_word((enum status_bit)(1u << i));

		assert_non_null(word);
		assert_int_equal(status_bit_of(word, strlen(word)), 1u << i);
	}
	assert_null(status_word((enum status_bit)(1u << 17)));
}

static void a_text_keeps_the_order_and_each_word_once(void **state)
{
	struct status_text t = {0};

	(void)state;
	status_text_begin(&t);
	assert_string_equal(status_text_string(&t), "");
	status_text_add(&t, "OB");
	status_text_add(&t, "DISCHRG LB");
	status_text_add(&t, "ob");
	assert_string_equal(status_text_string(&t), "OB DISCHRG LB");
	assert_true(status_text_has(&t, "lb"));
	assert_false(status_text_has(&t, "L"));
	status_text_remove(&t, "DISCHRG");
	assert_string_equal(status_text_string(&t), "OB LB");
	status_text_remove(&t, "LB");
	assert_string_equal(status_text_string(&t), "OB");
	status_text_remove(&t, "OB");
	status_text_remove(&t, "OB");
	assert_string_equal(status_text_string(&t), "");
	status_text_free(&t);
}

static void alarm_is_the_first_word_whenever_it_comes(void **state)
{
	struct status_text t = {0};

	(void)state;
	status_text_begin(&t);
	status_text_add(&t, "OL");
	status_text_add(&t, "ALARM");
	assert_true(status_text_has(&t, "ALARM"));
	assert_string_equal(status_text_string(&t), "ALARM OL");
	status_text_add(&t, "RB ALARM");
	assert_string_equal(status_text_string(&t), "ALARM OL RB");
	status_text_remove(&t, "ALARM");
	assert_string_equal(status_text_string(&t), "OL RB");
	status_text_begin(&t);
	status_text_add(&t, "ALARM");
	assert_string_equal(status_text_string(&t), "ALARM");
	status_text_begin(&t);
	assert_false(status_text_has(&t, "ALARM"));
	assert_string_equal(status_text_string(&t), "");
	status_text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_words_become_bits),
		cmocka_unit_test(only_whole_words_count),
		cmocka_unit_test(unknown_words_are_kept_each_once),
		cmocka_unit_test(each_bit_has_its_word),
		cmocka_unit_test(a_text_keeps_the_order_and_each_word_once),
		cmocka_unit_test(alarm_is_the_first_word_whenever_it_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
