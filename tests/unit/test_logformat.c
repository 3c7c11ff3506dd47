#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "clients/cli/logformat.h"

static const char *value_of(void *arg, const char *name)
{
	(void)arg;
	if (strcmp(name, "ups.load") == 0)
		return "23";
	if (strcmp(name, "ups.status") == 0)
		return "OL CHRG";
	if (strcmp(name, "x.escape") == 0)
		return "%PID%";
	return NULL;
}

static void expect(const char *format, const char *expected)
{
	const struct logformat_line line = {
		.now = 86400, .upshost = "ups@host:1", .value = value_of};
	struct logformat *f = logformat_parse(format);
	struct buffer out = {0};

	assert_non_null(f);
	assert_true(logformat_append(f, &out, &line));
	assert_string_equal(buffer_string(&out), expected);
	/* Understood once, filled in often. */
	buffer_clear(&out);
	assert_true(logformat_append(f, &out, &line));
	assert_string_equal(buffer_string(&out), expected);
	buffer_free(&out);
	logformat_free(f);
}

static void text_stands_for_itself(void **state)
{
	(void)state;
	expect("", "");
	expect("a @H \\n b", "a @H \\n b");
	expect("100%% of %%%%", "100% of %%");
}

static void variables_are_filled_in_or_not_available(void **state)
{
	(void)state;
	expect("%VAR ups.load%|%var ups.status%|%VAR ups.none%", "23|OL CHRG|NA");
	expect("[%VAR ups.load%%VAR ups.load%]", "[2323]");
	expect("%VAR ups.load %", "NA"); /* the name has a blank at its end */
}

static void a_value_is_never_taken_for_a_format(void **state)
{
	(void)state;
	expect("%VAR x.escape%", "%PID%");
}

static void times_have_at_signs_for_percent_signs(void **state)
{
	(void)state;
	expect("%TIME @Y@m@d @H:@M:@S%", "19700102 00:00:00");
	expect("%time @Y%", "1970");
	expect("%ETIME%", "86400");
	expect("%TIME @@%", "%");
}

static void names_count_up_to_their_length(void **state)
{
	(void)state;
	expect("%UPSHOST%|%UPSHOSTS%|%upshost x%", "ups@host:1|ups@host:1|ups@host:1");
	expect("%VARIABLE ups.load%", "23");
}

static void a_small_t_is_a_tab_unless_it_begins_a_time(void **state)
{
	(void)state;
	expect("a%tb", "a\tb");
	expect("%tUPS%t%VAR ups.load%", "\tUPS\t23");
	expect("%time", "\time");
}

static void nonsense_is_invalid_and_never_more_than_that(void **state)
{
	(void)state;
	expect("%BLA%|", "INVALID|");
	expect("%HOS%%PI%%P%", "INVALIDINVALIDINVALID");
	expect("%VAR%|%VAR %|%VAR nodot%", "INVALID|INVALID|INVALID");
	expect("%TIME%|<%TIME %>", "INVALID|<>");
	expect("50%", "50INVALID");
	expect("%VAR ups.load", "INVALIDVAR ups.load");
}

static void this_host_and_process_are_named(void **state)
{
	char host[256], expected[512];

	(void)state;
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	snprintf(expected, sizeof(expected), "%s %ld", host, (long)getpid());
	expect("%HOST% %PID%", expected);
}

static void the_default_is_as_nut_has_it(void **state)
{
	(void)state;
	expect(LOGFORMAT_DEFAULT, "19700102 000000 NA NA 23 [OL CHRG] NA NA");
}

static void a_line_too_long_for_its_buffer_says_so(void **state)
{
	const struct logformat_line line = {.upshost = "", .value = value_of};
	struct logformat *f = logformat_parse("12345%VAR ups.load%");
	struct buffer out = {.max = 6};

	(void)state;
	assert_false(logformat_append(f, &out, &line));
	buffer_free(&out);
	logformat_free(f);
	logformat_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_stands_for_itself),
		cmocka_unit_test(variables_are_filled_in_or_not_available),
		cmocka_unit_test(a_value_is_never_taken_for_a_format),
		cmocka_unit_test(times_have_at_signs_for_percent_signs),
		cmocka_unit_test(names_count_up_to_their_length),
		cmocka_unit_test(a_small_t_is_a_tab_unless_it_begins_a_time),
		cmocka_unit_test(nonsense_is_invalid_and_never_more_than_that),
		cmocka_unit_test(this_host_and_process_are_named),
		cmocka_unit_test(the_default_is_as_nut_has_it),
		cmocka_unit_test(a_line_too_long_for_its_buffer_says_so),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
