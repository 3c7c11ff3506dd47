/* Named timers, in virtual time. */
#include "config.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clients/upsmon/brain/timers.h"

static struct timers t;
static int dropped;

static void count_drop(void *data)
{
	int *n = data;

	dropped++;
	if (n)
		(*n)++;
}

static int begin(void **state)
{
	(void)state;
	t = (struct timers){.drop = count_drop};
	dropped = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	timers_free(&t);
	return 0;
}

static void start(const char *owner, const char *name, long long now_ms, long long in_ms)
{
	assert_true(timers_start(&t, owner, name, now_ms, in_ms, NULL));
}

/* The names of all that are due, in the order in which they come. */
static const char *due(long long now_ms)
{
	static char names[256];
	struct timer out;

	names[0] = '\0';
	while (timers_expire(&t, now_ms, &out)) {
		size_t len = strlen(names);

		snprintf(names + len, sizeof(names) - len, "%s%s.%s", len ? " " : "", out.owner,
			 out.name);
		free(out.owner);
		free(out.name);
	}
	return names;
}

static void none_runs_at_first(void **state)
{
	(void)state;
	assert_int_equal(timers_due_ms(&t), -1);
	assert_null(timers_find(&t, "a", "x"));
	assert_false(timers_cancel(&t, "a", "x"));
	assert_int_equal(timers_cancel_owner(&t, "a"), 0);
	assert_string_equal(due(LLONG_MAX), "");
}

static void a_timer_fires_once_when_it_is_due_and_not_before(void **state)
{
	(void)state;
	start("a", "x", 1000, 500);
	assert_int_equal(timers_due_ms(&t), 1500);
	assert_string_equal(due(1499), "");
	assert_string_equal(due(1500), "a.x");
	assert_string_equal(due(9999), "");
	assert_int_equal(timers_due_ms(&t), -1);
}

static void a_timer_that_is_cancelled_never_fires(void **state)
{
	(void)state;
	start("a", "x", 0, 10);
	start("a", "y", 0, 10);
	assert_true(timers_cancel(&t, "a", "x"));
	assert_false(timers_cancel(&t, "a", "x"));
	assert_string_equal(due(1000), "a.y");
}

static void they_fire_in_the_order_of_their_time(void **state)
{
	(void)state;
	start("a", "late", 0, 300);
	start("a", "early", 0, 100);
	start("a", "middle", 0, 200);
	assert_int_equal(timers_due_ms(&t), 100);
	assert_string_equal(due(1000), "a.early a.middle a.late");
}

static void those_of_one_time_fire_in_the_order_of_their_start(void **state)
{
	(void)state;
	start("a", "1", 0, 100);
	start("a", "2", 50, 50);
	start("b", "3", 100, 0);
	assert_string_equal(due(100), "a.1 a.2 b.3");
}

static void the_owner_is_part_of_the_name(void **state)
{
	(void)state;
	start("a", "x", 0, 100);
	start("b", "x", 0, 200);
	assert_int_equal(timers_find(&t, "a", "x")->due_ms, 100);
	assert_int_equal(timers_find(&t, "b", "x")->due_ms, 200);
	assert_null(timers_find(&t, "a", "X"));
	assert_true(timers_cancel(&t, "b", "x"));
	assert_string_equal(due(1000), "a.x");
}

static void a_second_start_replaces_the_first(void **state)
{
	int first = 0, second = 0;

	(void)state;
	assert_true(timers_start(&t, "a", "x", 0, 100, &first));
	assert_true(timers_start(&t, "a", "x", 50, 100, &second));
	assert_int_equal(t.count, 1);
	assert_int_equal(first, 1);
	assert_int_equal(second, 0);
	assert_int_equal(timers_find(&t, "a", "x")->started_ms, 50);
	assert_string_equal(due(149), "");
	assert_string_equal(due(150), "a.x");
}

static void a_timer_may_be_started_anew_by_its_own_strings(void **state)
{
	(void)state;
	start("a", "x", 0, 100);
	start(t.list[0].owner, t.list[0].name, 10, 100);
	assert_string_equal(due(110), "a.x");
}

static void all_of_an_owner_end_together(void **state)
{
	(void)state;
	start("a", "1", 0, 1);
	start("b", "1", 0, 2);
	start("a", "2", 0, 3);
	assert_int_equal(timers_cancel_owner(&t, "a"), 2);
	assert_int_equal(dropped, 2);
	assert_string_equal(due(10), "b.1");
}

static void data_is_dropped_once_whatever_the_end(void **state)
{
	int replaced = 0, cancelled = 0, fired = 0, left = 0;
	struct timer out;

	(void)state;
	timers_start(&t, "a", "r", 0, 10, &replaced);
	timers_start(&t, "a", "r", 0, 1, &fired);
	timers_start(&t, "a", "c", 0, 10, &cancelled);
	timers_start(&t, "a", "l", 0, 10, &left);
	timers_cancel(&t, "a", "c");
	assert_true(timers_expire(&t, 1, &out));
	assert_ptr_equal(out.data, &fired);
	free(out.owner);
	free(out.name);
	timers_free(&t);
	assert_int_equal(replaced, 1);
	assert_int_equal(cancelled, 1);
	assert_int_equal(left, 1);
	assert_int_equal(fired, 0); /* it was handed out */
}

static void the_list_may_be_used_after_it_was_freed(void **state)
{
	(void)state;
	start("a", "x", 0, 1);
	timers_free(&t);
	assert_int_equal(timers_due_ms(&t), -1);
	start("a", "y", 0, 1);
	assert_string_equal(due(1), "a.y");
}

static void a_time_beyond_the_end_of_the_clock_never_comes(void **state)
{
	(void)state;
	start("a", "x", 1000, LLONG_MAX);
	assert_int_equal(timers_due_ms(&t), LLONG_MAX);
	assert_string_equal(due(LLONG_MAX - 1), "");
}

static void a_thousand_random_schedules_lose_and_invent_nothing(void **state)
{
	enum { NAMES = 6 };
	long long wanted[NAMES]; /* when it is due; -1 = it does not run */
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < NAMES; i++)
		wanted[i] = -1;
	for (long long now = 0; now < 20000; now++) {
		char name[2] = {(char)('a' + rand_r(&seed) % NAMES), '\0'};
		struct timer out;

		if (rand_r(&seed) % 3 == 0) {
			assert_int_equal(timers_cancel(&t, "", name), wanted[name[0] - 'a'] >= 0);
			wanted[name[0] - 'a'] = -1;
		} else {
			long long in = rand_r(&seed) % 12;

			start("", name, now, in);
			wanted[name[0] - 'a'] = now + in;
		}
		while (timers_expire(&t, now, &out)) {
			assert_int_equal(wanted[out.name[0] - 'a'], out.due_ms);
			wanted[out.name[0] - 'a'] = -1;
			free(out.owner);
			free(out.name);
		}
		for (int i = 0; i < NAMES; i++)
			assert_true(wanted[i] < 0 || wanted[i] > now);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(none_runs_at_first),
		TEST(a_timer_fires_once_when_it_is_due_and_not_before),
		TEST(a_timer_that_is_cancelled_never_fires),
		TEST(they_fire_in_the_order_of_their_time),
		TEST(those_of_one_time_fire_in_the_order_of_their_start),
		TEST(the_owner_is_part_of_the_name),
		TEST(a_second_start_replaces_the_first),
		TEST(a_timer_may_be_started_anew_by_its_own_strings),
		TEST(all_of_an_owner_end_together),
		TEST(data_is_dropped_once_whatever_the_end),
		TEST(the_list_may_be_used_after_it_was_freed),
		TEST(a_time_beyond_the_end_of_the_clock_never_comes),
		TEST(a_thousand_random_schedules_lose_and_invent_nothing),
	};

	return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}
