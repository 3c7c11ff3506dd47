#include "config.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/str.h"

static void a_copy_that_does_not_fit_is_cut_and_terminated(void **state)
{
	char dst[4] = "zzz";

	(void)state;
	assert_true(str_copy(dst, sizeof(dst), "abc"));
	assert_string_equal(dst, "abc");
	assert_false(str_copy(dst, sizeof(dst), "wxyz"));
	assert_string_equal(dst, "wxy");
	assert_true(str_copy(dst, 1, ""));
	assert_string_equal(dst, "");
	assert_false(str_copy(dst, 1, "a"));
	assert_string_equal(dst, "");
}

static void bytes_beyond_seven_bits_are_told_and_taken_out(void **state)
{
	char text[] = "B\xc3\xbcro 1\xff", none[] = "";

	(void)state;
	assert_true(str_is_ascii(""));
	assert_true(str_is_ascii("a \x7f\n"));
	assert_false(str_is_ascii("a\x80"));
	assert_string_equal(str_drop_high(text), "Bro 1");
	assert_string_equal(str_drop_high(none), "");
}

static void a_format_that_does_not_fit_says_so(void **state)
{
	char dst[5];

	(void)state;
	assert_true(str_format(dst, sizeof(dst), "%d", 1234));
	assert_string_equal(dst, "1234");
	assert_false(str_format(dst, sizeof(dst), "%d", 12345));
	assert_string_equal(dst, "1234");
}

static void comparison_ignores_the_case_of_ascii_letters_only(void **state)
{
	(void)state;
	assert_int_equal(str_casecmp("MaxAge", "MAXAGE"), 0);
	assert_true(str_casecmp("a", "b") < 0);
	assert_true(str_casecmp("ab", "a") > 0);
	assert_true(str_casecmp("[", "{") != 0); /* 0x5b and 0x7b: one bit apart, no letters */
	assert_true(str_casecmp("\xc4", "\xe4") != 0);
	assert_true(str_casecmp("a", "\xe4") < 0); /* bytes compare unsigned */
	assert_int_equal(str_ncasecmp("upsA", "UPSb", 3), 0);
	assert_int_equal(str_ncasecmp("x", "y", 0), 0);
	assert_int_equal(str_ncasecmp("ab", "AB", 100), 0);
}

static void null_equals_only_null(void **state)
{
	(void)state;
	assert_true(str_equal(NULL, NULL));
	assert_false(str_equal(NULL, ""));
	assert_false(str_caseequal("", NULL));
	assert_true(str_caseequal("a", "A"));
	assert_false(str_equal("a", "A"));
}

static void a_prefix_is_found_only_at_the_start(void **state)
{
	(void)state;
	assert_true(str_starts("override.x", "override."));
	assert_true(str_starts("x", ""));
	assert_false(str_starts("over", "override."));
	assert_false(str_starts("Override.x", "override."));
	assert_true(str_casestarts("Override.x", "override."));
	assert_false(str_casestarts("", "o"));
	assert_true(str_ends("a.map", ".map"));
	assert_true(str_ends(".map", ".map"));
	assert_false(str_ends("map", ".map"));
	assert_false(str_ends("a.map.x", ".map"));
}

static void only_whole_numbers_within_range_are_numbers(void **state)
{
	static const char *const bad[] = {"",
					  " 1",
					  "1 ",
					  "1x",
					  "0x10",
					  "--1",
					  "+-1",
					  "+",
					  "-",
					  "1.0",
					  "1e3",
					  "\t1",
					  "99999999999999999999"};
	long value = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(str_to_long(bad[i], LONG_MIN, LONG_MAX, &value));
	assert_false(str_to_long("11", 0, 10, &value));
	assert_false(str_to_long("-1", 0, 10, &value));
	assert_int_equal(value, 77);
	assert_true(str_to_long("010", 0, 10, &value));
	assert_int_equal(value, 10);
	assert_true(str_to_long("-5", -5, 10, &value));
	assert_int_equal(value, -5);
	assert_true(str_to_long("+7", -5, 10, &value));
	assert_int_equal(value, 7);
}

static void only_finite_decimal_numbers_are_numbers(void **state)
{
	static const char *const bad[] = {"",       ".",     "-",   "+.",    "1,5", " 1",
					  "1 ",     "inf",   "nan", "0x1p3", "1e",  "1e+",
					  "1e9999", "1.2.3", "1 2", "e5"};
	double value = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(str_to_double(bad[i], &value));
	assert_true(value == 77);
	assert_true(str_to_double("-13.50", &value));
	assert_true(value == -13.5);
	assert_true(str_to_double(".5", &value));
	assert_true(value == 0.5);
	assert_true(str_to_double("5.", &value));
	assert_true(value == 5);
	assert_true(str_to_double("+1e-2", &value));
	assert_true(value == 0.01);
}

static void booleans_have_eight_spellings(void **state)
{
	bool value = false;

	(void)state;
	assert_true(str_to_bool("YES", &value) && value);
	assert_true(str_to_bool("off", &value) && !value);
	assert_true(str_to_bool("True", &value) && value);
	assert_true(str_to_bool("0", &value) && !value);
	assert_true(str_to_bool("on", &value) && value);
	assert_true(str_to_bool("no", &value) && !value);
	assert_true(str_to_bool("1", &value) && value);
	assert_true(str_to_bool("FALSE", &value) && !value);
	assert_false(str_to_bool("2", &value));
	assert_false(str_to_bool("", &value));
	assert_false(str_to_bool("yess", &value));
	assert_false(value);
}

static void a_star_stands_for_any_run(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} rows[] = {
		{"*", "", true},
		{"*", "anything", true},
		{"", "", true},
		{"", "a", false},
		{"a", "", false},
		{"Battery.*", "battery.charge", true},
		{"*.charge", "battery.charge", true},
		{"*.charge", "battery.charge.low", false},
		{"b*.*low", "battery.charge.low", true},
		{"*a*b*", "xxaxxbxx", true},
		{"*a*b*", "xxbxxaxx", false},
		{"***", "", true},
		{"a*a", "a", false},
		{"*aab", "aaaab", true},
		{"?", "x", false},
		{"[a]", "[A]", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_glob(rows[i].pattern, rows[i].text) != rows[i].matches)
			fail_msg("\"%s\" on \"%s\"", rows[i].pattern, rows[i].text);
}

static void a_pattern_of_many_stars_ends_soon(void **state)
{
	char pattern[401], text[4001];

	(void)state;
	for (size_t i = 0; i < 400; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[400] = '\0';
	memset(text, 'a', 4000);
	text[4000] = '\0';
	assert_true(str_glob(pattern, text));
	text[3999] = 'b';
	assert_false(str_glob(pattern, text)); /* exponential in a naive matcher: would hang */
}

static void only_sound_sequences_are_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{"a", 1},
		{"\xc3\xa4x", 2},
		{"\xe2\x82\xac", 3},
		{"\xf0\x9f\x94\x8b", 4},
		{"\xa4", 0},		 /* the middle of one */
		{"\xc3", 0},		 /* cut */
		{"\xc3x", 0},
		{"\xc0\xaf", 0},	 /* overlong */
		{"\xed\xa0\x80", 0},	 /* a surrogate */
		{"\xf4\x90\x80\x80", 0}, /* beyond the end */
		{"\xff", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(str_utf8_length(rows[i].text), rows[i].len);
}

static void a_misspelt_word_finds_its_neighbour(void **state)
{
	static const char *const known[] = {"MAXAGE",   "LISTEN",   "STATEPATH",
					    "CERTFILE", "CERTPATH", NULL};
	static const char *const none[] = {NULL};
	char endless[200];

	(void)state;
	memset(endless, 'a', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	assert_string_equal(str_closest("MAXAEG", known), "MAXAGE");
	assert_string_equal(str_closest("listn", known), "LISTEN");
	assert_string_equal(str_closest("CERTPATH", known), "CERTPATH");
	assert_string_equal(str_closest("STATE_PTH", known), "STATEPATH");
	assert_null(str_closest("POLLFREQ", known));
	assert_null(str_closest("", known));
	assert_null(str_closest("x", known));
	assert_null(str_closest(endless, known));
	assert_null(str_closest("LISTEN", none));
}

static void only_sound_utf8_has_a_length(void **state)
{
	(void)state;
	assert_int_equal(str_utf8_length("a"), 1);
	assert_int_equal(str_utf8_length("\xc2\xab"), 2);
	assert_int_equal(str_utf8_length("\xe2\x8e\xa1"), 3);
	assert_int_equal(str_utf8_length("\xf0\x9f\x94\x8b"), 4);
	assert_int_equal(str_utf8_length("\xc2"), 0);         /* cut */
	assert_int_equal(str_utf8_length("\xab"), 0);         /* a middle without a head */
	assert_int_equal(str_utf8_length("\xc0\xaf"), 0);     /* longer than need be */
	assert_int_equal(str_utf8_length("\xed\xa0\x80"), 0); /* half of a pair */
	assert_int_equal(str_utf8_length("\xf4\x90\x80\x80"), 0);
}

static void replacing_frees_the_old_string(void **state)
{
	char *s = NULL;

	(void)state;
	assert_true(str_replace(&s, "one"));
	assert_string_equal(s, "one");
	assert_true(str_replace(&s, s));
	assert_string_equal(s, "one");
	assert_true(str_replace(&s, NULL));
	assert_null(s);
	assert_null(str_dup(NULL));
}

static void secrets_are_equal_only_when_whole(void **state)
{
	(void)state;
	assert_true(secret_equal("hunter2", "hunter2"));
	assert_true(secret_equal("", ""));
	assert_false(secret_equal("hunter2", "hunter"));
	assert_false(secret_equal("hunter", "hunter2"));
	assert_false(secret_equal("hunter2", "hunterz"));
	assert_false(secret_equal("", "x"));
	assert_false(secret_equal("x", ""));
	assert_false(secret_equal("\xff", "\x7f"));
	assert_false(secret_equal(NULL, ""));
	assert_false(secret_equal("", NULL));
}

static void a_freed_secret_is_gone(void **state)
{
	char wiped[] = "hunter2";
	char *secret = str_dup("hunter2");

	(void)state;
	secret_wipe(wiped, sizeof(wiped));
	for (size_t i = 0; i < sizeof(wiped); i++)
		assert_int_equal(wiped[i], 0);
	secret_free(&secret);
	assert_null(secret);
	secret_free(&secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_that_does_not_fit_is_cut_and_terminated),
		cmocka_unit_test(bytes_beyond_seven_bits_are_told_and_taken_out),
		cmocka_unit_test(a_format_that_does_not_fit_says_so),
		cmocka_unit_test(comparison_ignores_the_case_of_ascii_letters_only),
		cmocka_unit_test(null_equals_only_null),
		cmocka_unit_test(a_prefix_is_found_only_at_the_start),
		cmocka_unit_test(only_whole_numbers_within_range_are_numbers),
		cmocka_unit_test(only_finite_decimal_numbers_are_numbers),
		cmocka_unit_test(booleans_have_eight_spellings),
		cmocka_unit_test(a_star_stands_for_any_run),
		cmocka_unit_test(a_pattern_of_many_stars_ends_soon),
		cmocka_unit_test(only_sound_sequences_are_utf8),
		cmocka_unit_test(a_misspelt_word_finds_its_neighbour),
		cmocka_unit_test(only_sound_utf8_has_a_length),
		cmocka_unit_test(replacing_frees_the_old_string),
		cmocka_unit_test(secrets_are_equal_only_when_whole),
		cmocka_unit_test(a_freed_secret_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
