#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>

#include "common/ups/names.h"

static struct conf_report quiet;

static struct names *load(const char *content)
{
	char path[] = "/tmp/test_names.XXXXXX";
	int fd = mkstemp(path);
	struct names *n;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
	memset(&quiet, 0, sizeof(quiet));
	n = names_load(path, &quiet);
	unlink(path);
	assert_non_null(n);
	return n;
}

static void a_later_line_overrides_an_earlier_one(void **state)
{
	struct names *n = load("# comment\n"
			       "VARDESC ups.load \"one\"\n"
			       "CMDDESC load.off \"cut\"\n"
			       "VARDESC UPS.LOAD \"two \\# \\\" three\"\n");

	(void)state;
	assert_string_equal(names_variable(n, "ups.load"), "two # \" three");
	assert_string_equal(names_variable(n, "Ups.Load"), "two # \" three");
	assert_string_equal(names_command(n, "LOAD.off"), "cut");
	assert_null(names_command(n, "ups.load"));
	assert_null(names_variable(n, "load.off"));
	names_free(n);
}

static void one_upstream_is_stripped(void **state)
{
	struct names *n = load("VARDESC ups.load \"text\"\n");

	(void)state;
	assert_string_equal(names_variable(n, "upstream.ups.load"), "text");
	assert_string_equal(names_variable(n, "UPSTREAM.ups.load"), "text");
	assert_null(names_variable(n, "upstream.upstream.ups.load"));
	names_free(n);
}

static void numbers_are_matched_by_patterns_and_exact_rows_win(void **state)
{
	struct names *n = load("VARDESC outlet.n.status \"any\"\n"
			       "VARDESC outlet.7.status \"seven\"\n"
			       "VARDESC outlet.group.%i.name \"group\"\n"
			       "VARDESC device.n.battery.n.x \"both\"\n"
			       "CMDDESC outlet.n.load.on \"on\"\n");

	(void)state;
	assert_string_equal(names_variable(n, "outlet.1.status"), "any");
	assert_string_equal(names_variable(n, "outlet.12.status"), "any");
	assert_string_equal(names_variable(n, "outlet.7.status"), "seven");
	assert_string_equal(names_variable(n, "outlet.group.3.name"), "group");
	assert_string_equal(names_variable(n, "device.1.battery.22.x"), "both");
	assert_string_equal(names_variable(n, "upstream.outlet.2.status"), "any");
	assert_string_equal(names_command(n, "outlet.4.load.on"), "on");
	assert_null(names_variable(n, "outlet.1x.status"));
	assert_null(names_variable(n, "outlet..status"));
	assert_null(names_variable(n, "outlet.1"));
	assert_null(names_variable(n, ""));
	names_free(n);
}

static void a_long_name_is_just_unknown(void **state)
{
	struct names *n = load("VARDESC outlet.n.status \"any\"\n");
	char name[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = "1."[i % 2];
	name[sizeof(name) - 1] = '\0';
	assert_null(names_variable(n, name));
	names_free(n);
}

static void bad_lines_are_reported_and_skipped(void **state)
{
	struct names *n = load("VARDESC ups.load\nNONSENSE a b\nvardesc a \"b\"\n"
			       "VARDESC a b c\nVARDESC ups.id \"kept\"\n");

	(void)state;
	assert_int_equal(quiet.warnings, 4);
	assert_int_equal(quiet.errors, 0);
	assert_string_equal(names_variable(n, "ups.id"), "kept");
	assert_null(names_variable(n, "a"));
	names_free(n);
}

static void a_missing_file_is_a_warning_and_an_empty_table(void **state)
{
	struct conf_report r = {0};
	struct names *n = names_load("/nonexistent/cmdvartab", &r);

	(void)state;
	assert_non_null(n);
	assert_int_equal(r.warnings, 1);
	assert_int_equal(r.errors, 0);
	assert_null(names_variable(n, "ups.load"));
	assert_null(names_command(n, "load.off"));
	names_free(n);
	names_free(NULL);
}

/* The file that is installed reads without a complaint. */
static void our_own_file_is_in_order(void **state)
{
	const char *top = getenv("abs_top_srcdir");
	struct conf_report r = {0};
	char path[4096];
	struct names *n;

	(void)state;
	if (!top)
		skip();
	snprintf(path, sizeof(path), "%s/data/cmdvartab", top);
	n = names_load(path, &r);
	assert_int_equal(r.warnings, 0);
	assert_int_equal(r.errors, 0);
	assert_non_null(names_variable(n, "ups.status"));
	assert_non_null(names_variable(n, "input.L1-L2.voltage"));
	assert_non_null(names_variable(n, "outlet.23.status"));
	assert_non_null(names_variable(n, "driver.parameter.port"));
	assert_non_null(names_command(n, "test.battery.start"));
	assert_non_null(names_command(n, "outlet.3.load.cycle"));
	names_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_later_line_overrides_an_earlier_one),
		cmocka_unit_test(one_upstream_is_stripped),
		cmocka_unit_test(numbers_are_matched_by_patterns_and_exact_rows_win),
		cmocka_unit_test(a_long_name_is_just_unknown),
		cmocka_unit_test(bad_lines_are_reported_and_skipped),
		cmocka_unit_test(our_own_file_is_in_order),
		cmocka_unit_test(a_missing_file_is_a_warning_and_an_empty_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
