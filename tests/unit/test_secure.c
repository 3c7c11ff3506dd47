#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "clients/secure/cmdline.h"
#include "clients/secure/findings.h"
#include "clients/secure/verify.h"
#include "clients/secure/visible.h"

/* ---- cmdline ---- */

static const struct option_row rows[] = {
	{'d', "directory", "DIR", "a value"},
	{256, "json", NULL, "a switch"},
	{0, NULL, NULL, NULL},
};

static void options_may_stand_before_and_behind_other_words(void **state)
{
	static char text[][8] = {"prog", "-d", "x", "add", "--json", "host", "-dy", "-"};
	char *words[] = {text[0], text[1], text[2], text[3], text[4],
			 text[5], text[6], text[7], NULL};
	static const struct {
		int letter;
		const char *value;
	} expected[] = {
		{'d', "x"}, {CMDLINE_OPERAND, "add"}, {256, NULL},        {CMDLINE_OPERAND, "host"},
		{'d', "y"}, {CMDLINE_OPERAND, "-"},   {OPTION_END, NULL},
	};
	struct cmdline line;
	const char *value;

	(void)state;
	cmdline_begin(&line, rows, 8, words);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_int_equal(cmdline_next(&line, &value), expected[i].letter);
		if (expected[i].value)
			assert_string_equal(value, expected[i].value);
		else
			assert_null(value);
	}
}

static void a_command_line_of_nothing_ends_at_once(void **state)
{
	char *words[] = {(char *)"prog", NULL};
	struct cmdline line;
	const char *value;

	(void)state;
	cmdline_begin(&line, rows, 1, words);
	assert_int_equal(cmdline_next(&line, &value), OPTION_END);
	assert_int_equal(cmdline_next(&line, &value), OPTION_END);
}

/* ---- what is printed ---- */

struct capture {
	char *text;
	size_t len;
	FILE *out;
};

static void capture_begin(struct capture *c)
{
	c->out = open_memstream(&c->text, &c->len);
	assert_non_null(c->out);
}

static void capture_expect(struct capture *c, const char *expected)
{
	fclose(c->out);
	assert_string_equal(c->text, expected);
	free(c->text);
}

static void control_bytes_are_shown_and_others_pass(void **state)
{
	struct capture c;

	(void)state;
	capture_begin(&c);
	visible_print(c.out, "\x1b[2J\r\n\x7fgr\xc3\xbc\xc3\x9f\\");
	capture_expect(&c, "\\x1b[2J\\x0d\\x0a\\x7fgr\xc3\xbc\xc3\x9f\\");
}

static void the_worst_finding_is_the_status(void **state)
{
	static const struct {
		enum finding finding;
		enum findings_status status;
	} rows_of[] = {
		{FINDING_OK, FINDINGS_FINE},
		{FINDING_NOTE, FINDINGS_FINE},
		{FINDING_WARNING, FINDINGS_WARNINGS},
		{FINDING_FAILURE, FINDINGS_FAILURES},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows_of) / sizeof(rows_of[0]); i++) {
		struct capture c;
		struct findings f;

		capture_begin(&c);
		findings_begin(&f, c.out, false);
		findings_about(&f, "host");
		findings_add(&f, rows_of[i].finding, "check", "text");
		findings_add(&f, FINDING_OK, "other", "text");
		assert_int_equal(findings_end(&f), rows_of[i].status);
		fclose(c.out);
		free(c.text);
	}
}

static void a_server_that_is_not_there_outweighs_all(void **state)
{
	struct capture c;
	struct findings f;

	(void)state;
	capture_begin(&c);
	findings_begin(&f, c.out, true);
	findings_about(&f, "a\"b");
	findings_add_unreachable(&f, "tcp", "No such host");
	findings_add(&f, FINDING_FAILURE, "name", "it is for %s", "b\n");
	assert_int_equal(findings_end(&f), FINDINGS_UNREACHABLE);
	capture_expect(&c, "{\"findings\": [{\"about\": \"a\\\"b\", \"check\": \"tcp\", "
			   "\"result\": \"failure\", \"text\": \"No such host\"}, "
			   "{\"about\": \"a\\\"b\", \"check\": \"name\", \"result\": \"failure\", "
			   "\"text\": \"it is for b\\n\"}], \"status\": \"3\"}\n");
}

static void nothing_found_is_fine(void **state)
{
	struct capture c;
	struct findings f;

	(void)state;
	capture_begin(&c);
	findings_begin(&f, c.out, true);
	assert_int_equal(findings_end(&f), FINDINGS_FINE);
	capture_expect(&c, "{\"findings\": [], \"status\": \"0\"}\n");
}

static void the_end_of_a_certificate_is_warned_of_for_30_days(void **state)
{
	static const struct {
		long long seconds_left;
		enum findings_status status;
	} ends[] = {
		{-86400, FINDINGS_FAILURES},
		{86400, FINDINGS_WARNINGS},
		{29 * 86400, FINDINGS_WARNINGS},
		{31 * 86400, FINDINGS_FINE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct capture c;
		struct findings f;

		capture_begin(&c);
		findings_begin(&f, c.out, false);
		findings_about(&f, "host");
		verify_end(&f, "dates", (long long)time(NULL) + ends[i].seconds_left);
		assert_int_equal(findings_end(&f), ends[i].status);
		fclose(c.out);
		free(c.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_may_stand_before_and_behind_other_words),
		cmocka_unit_test(a_command_line_of_nothing_ends_at_once),
		cmocka_unit_test(control_bytes_are_shown_and_others_pass),
		cmocka_unit_test(the_worst_finding_is_the_status),
		cmocka_unit_test(a_server_that_is_not_there_outweighs_all),
		cmocka_unit_test(nothing_found_is_fine),
		cmocka_unit_test(the_end_of_a_certificate_is_warned_of_for_30_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
