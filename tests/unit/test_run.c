#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/run.h"

enum { GENEROUS_MS = 60 * 1000 };

static const char *const *shell(const char *script)
{
	static const char *argv[] = {"sh", "-c", NULL, NULL};

	argv[2] = script;
	return argv;
}

static void what_a_program_says_and_how_it_ends_is_told(void **state)
{
	struct run r = {.argv = shell("echo out; echo err >&2; exit 3"),
			.limit_ms = GENEROUS_MS,
			.max = 1000};
	struct buffer said = {0};
	int status = -1;

	(void)state;
	assert_int_equal(run_program(&r, &said, &status), RUN_ENDED);
	assert_int_equal(status, 3);
	assert_string_equal(buffer_string(&said), "out\n");
	buffer_clear(&said);
	r.with_errors = true;
	assert_false(run_went_well(&r, &said));
	assert_string_equal(buffer_string(&said), "out\nerr\n");
	buffer_free(&said);
}

static void a_program_that_is_too_slow_is_killed_with_what_it_started(void **state)
{
	struct run r = {.argv = shell("sleep 600 & sleep 600"), .limit_ms = 100, .max = 10};
	int status;

	(void)state;
	assert_int_equal(run_program(&r, NULL, &status), RUN_LATE);
}

static void one_that_never_stops_talking_is_killed_as_well(void **state)
{
	struct run r = {.argv = shell("yes"), .limit_ms = 100, .max = 10};
	struct buffer said = {0};
	int status;

	(void)state;
	assert_int_equal(run_program(&r, &said, &status), RUN_LATE);
	assert_int_equal(said.len, 10);
	buffer_free(&said);
}

static void what_stays_in_the_background_is_not_waited_for(void **state)
{
	struct run r = {.argv = shell("sleep 30 & echo done"), .limit_ms = GENEROUS_MS, .max = 100};
	struct buffer said = {0};
	long long start = clock_ms();

	(void)state;
	assert_true(run_went_well(&r, &said));
	assert_string_equal(buffer_string(&said), "done\n");
	assert_true(clock_ms() - start < 25 * 1000);
	buffer_free(&said);
}

static void a_program_that_is_not_there_is_missing(void **state)
{
	const char *argv[] = {"/nonexistent/program", NULL};
	struct run r = {.argv = argv, .limit_ms = GENEROUS_MS};
	int status;

	(void)state;
	assert_int_equal(run_program(&r, NULL, &status), RUN_MISSING);
	assert_int_equal(errno, ENOENT);
}

static void its_environment_can_have_more(void **state)
{
	const char *env[] = {"FRUIT", "a chestnut", NULL};
	struct run r = {
		.argv = shell("echo $FRUIT"), .env = env, .limit_ms = GENEROUS_MS, .max = 99};
	struct buffer said = {0};

	(void)state;
	assert_true(run_went_well(&r, &said));
	assert_string_equal(buffer_string(&said), "a chestnut\n");
	buffer_free(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_program_says_and_how_it_ends_is_told),
		cmocka_unit_test(a_program_that_is_too_slow_is_killed_with_what_it_started),
		cmocka_unit_test(one_that_never_stops_talking_is_killed_as_well),
		cmocka_unit_test(what_stays_in_the_background_is_not_waited_for),
		cmocka_unit_test(a_program_that_is_not_there_is_missing),
		cmocka_unit_test(its_environment_can_have_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
