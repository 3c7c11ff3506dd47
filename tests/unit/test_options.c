#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/options.h"

static const struct option_row rows[] = {
	{'D', "debug", NULL, "more debugging; repeat for more"},
	{'a', "ups", "name", "the section of ups.conf"},
	{'F', "foreground", NULL, "stay"},
	{300, "only-long", "n", "has no letter\nand a second line"},
	{0},
};

#define PARSE(...)                                                                                 \
	char *argv[] = {(char *)"prog", __VA_ARGS__, NULL};                                        \
	struct option_parser p;                                                                    \
	const char *value;                                                                         \
	options_begin(&p, rows, (int)(sizeof(argv) / sizeof(*argv)) - 1, argv)

static void letters_may_stand_in_one_word(void **state)
{
	(void)state;
	PARSE((char *)"-DDFarack", (char *)"rest");
	assert_int_equal(options_next(&p, &value), 'D');
	assert_int_equal(options_next(&p, &value), 'D');
	assert_int_equal(options_next(&p, &value), 'F');
	assert_int_equal(options_next(&p, &value), 'a');
	assert_string_equal(value, "rack");
	assert_int_equal(options_next(&p, &value), OPTION_END);
	assert_int_equal(options_operand_count(&p), 1);
	assert_string_equal(options_operands(&p)[0], "rest");
}

static void a_value_may_follow_as_its_own_word(void **state)
{
	(void)state;
	PARSE((char *)"-a", (char *)"-odd", (char *)"--ups", (char *)"x", (char *)"--ups=y=z");
	assert_int_equal(options_next(&p, &value), 'a');
	assert_string_equal(value, "-odd");
	assert_int_equal(options_next(&p, &value), 'a');
	assert_string_equal(value, "x");
	assert_int_equal(options_next(&p, &value), 'a');
	assert_string_equal(value, "y=z");
	assert_int_equal(options_next(&p, &value), OPTION_END);
	assert_int_equal(options_operand_count(&p), 0);
}

static void parsing_stops_at_the_first_operand(void **state)
{
	(void)state;
	PARSE((char *)"-D", (char *)"ups@host", (char *)"-F");
	assert_int_equal(options_next(&p, &value), 'D');
	assert_int_equal(options_next(&p, &value), OPTION_END);
	assert_int_equal(options_operand_count(&p), 2);
	assert_string_equal(options_operands(&p)[1], "-F");
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	PARSE((char *)"--", (char *)"-F");
	assert_int_equal(options_next(&p, &value), OPTION_END);
	assert_int_equal(options_operand_count(&p), 1);
	assert_string_equal(options_operands(&p)[0], "-F");
}

static void a_missing_value_is_told_from_an_unknown_option(void **state)
{
	(void)state;
	PARSE((char *)"-q", (char *)"--upps", (char *)"--debug=3", (char *)"--only-long");
	assert_int_equal(options_next(&p, &value), OPTION_UNKNOWN);
	assert_int_equal(options_next(&p, &value), OPTION_UNKNOWN);
	assert_int_equal(options_next(&p, &value), OPTION_UNKNOWN);
	assert_int_equal(options_next(&p, &value), OPTION_NO_VALUE);
}

static void a_lone_dash_is_an_operand(void **state)
{
	(void)state;
	PARSE((char *)"-");
	assert_int_equal(options_next(&p, &value), OPTION_END);
	assert_int_equal(options_operand_count(&p), 1);
}

static void the_help_shows_each_option_once(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	options_print(rows, out);
	fclose(out);
	assert_non_null(strstr(text, "  -a, --ups <name>"));
	assert_non_null(strstr(text, "      --only-long <n>"));
	assert_non_null(strstr(text, "and a second line\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_may_stand_in_one_word),
		cmocka_unit_test(a_value_may_follow_as_its_own_word),
		cmocka_unit_test(parsing_stops_at_the_first_operand),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(a_missing_value_is_told_from_an_unknown_option),
		cmocka_unit_test(a_lone_dash_is_an_operand),
		cmocka_unit_test(the_help_shows_each_option_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
