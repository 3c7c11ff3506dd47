/* Which driver speaks for a UPS that several of them watch. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/virtual/election.h"

enum { A, B, C, COUNT };

struct scene {
	struct election election;
	struct election_member m[COUNT];
	long long now_ms;
};

static struct scene a_scene(void)
{
	struct scene s = {
		.election.rules = {.init_s = 30, .no_primary_s = 15, .check_runtime = 1},
		.now_ms = 5000000,
	};

	for (size_t i = 0; i < COUNT; i++)
		s.m[i] = (struct election_member){.complete = true, .fresh = true, .status = "OL"};
	return s;
}

static enum election_duty step(struct scene *s)
{
	return election_step(&s->election, s->m, COUNT, s->now_ms);
}

static enum election_duty after(struct scene *s, long seconds)
{
	s->now_ms += seconds * 1000LL;
	return step(s);
}

static void lose(struct scene *s, size_t i)
{
	s->m[i].complete = s->m[i].fresh = false;
}

static void lose_all(struct scene *s)
{
	for (size_t i = 0; i < COUNT; i++)
		lose(s, i);
}

#define PRIMARY_IS(s, who)                                                                         \
	do {                                                                                       \
		assert_int_equal(step(s), ELECTION_SERVE);                                         \
		assert_int_equal((s)->election.primary, who);                                      \
	} while (0)

static void rank_is(struct election_rules rules, struct election_member m, enum election_rank rank)
{
	assert_int_equal(election_rank(&rules, &m), rank);
}

static void a_rank_is_what_a_driver_is_good_for(void **state)
{
	const struct election_rules none = {0}, strict = {.strict = true, .have_any = "OL"};
	struct election_member m = {.complete = true, .fresh = true, .status = "OL CHRG"};

	(void)state;
	rank_is(none, m, ELECTION_ONLINE);
	rank_is(strict, m, ELECTION_FILTERED);
	m.status = "OB OLD";
	rank_is(none, m, ELECTION_FRESH);
	rank_is(strict, m, ELECTION_OUT);
	m.status = NULL;
	rank_is(none, m, ELECTION_FRESH);
	m.status = "OL";
	m.fresh = false;
	rank_is(none, m, ELECTION_ALIVE);
	/* What it said may not be so any more. */
	rank_is(strict, m, ELECTION_OUT);
	m.preferred = true;
	rank_is(strict, m, ELECTION_PREFERRED);
	m.ignored = true;
	rank_is(none, m, ELECTION_OUT);
	m = (struct election_member){.preferred = true, .status = "OL"};
	rank_is(none, m, ELECTION_OUT);
}

static void filter_is(struct election_rules rules, const char *status, bool passes)
{
	struct election_member m = {.complete = true, .fresh = true, .status = status};

	rules.strict = true;
	rank_is(rules, m, passes ? ELECTION_FILTERED : ELECTION_OUT);
}

static void the_filters_look_at_whole_words(void **state)
{
	const struct election_rules have_any = {.have_any = "OL,CHRG"},
				    have_all = {.have_all = "OL, CHRG"},
				    nothave_any = {.nothave_any = "ob,LB"},
				    nothave_all = {.nothave_all = "OB,LB"},
				    two = {.have_any = "OL", .nothave_any = "ALARM"},
				    empty = {.have_any = "", .have_all = ""};

	(void)state;
	filter_is(have_any, "OB CHRG", true);
	filter_is(have_any, "OB OLX", false);
	filter_is(have_any, "", false);
	filter_is(have_all, "CHRG BOOST OL", true);
	filter_is(have_all, "OL", false);
	filter_is(nothave_any, "OL", true);
	filter_is(nothave_any, "OB", false);
	filter_is(nothave_any, "OBX", true);
	filter_is(nothave_all, "OB", true);
	filter_is(nothave_all, "OB LB", false);
	filter_is(two, "OL", true);
	filter_is(two, "ALARM OL", false);
	filter_is(two, "OB", false);
	filter_is(empty, "OL", false);
}

static void the_best_rank_wins_and_then_the_order(void **state)
{
	struct scene s = a_scene();

	(void)state;
	PRIMARY_IS(&s, A);
	s.m[A].status = "OB";
	PRIMARY_IS(&s, B);
	lose(&s, B);
	PRIMARY_IS(&s, C);
	s.m[C].fresh = false;
	PRIMARY_IS(&s, A);
	s.m[C].preferred = true;
	PRIMARY_IS(&s, C);
	s.m[C].preferred = false;
	s.m[C].fresh = true;
	s.m[A].status = "OL";
	PRIMARY_IS(&s, A);
	s.m[A].ignored = true;
	PRIMARY_IS(&s, C);
}

static void on_battery(struct scene *s, double a, double b, double a_low, double b_low)
{
	s->m[A] = (struct election_member){.complete = true,
					   .fresh = true,
					   .status = "OB",
					   .has_runtime = true,
					   .runtime = a,
					   .has_runtime_low = true,
					   .runtime_low = a_low};
	s->m[B] = s->m[A];
	s->m[B].runtime = b;
	s->m[B].runtime_low = b_low;
	lose(s, C);
}

static void on_battery_the_longer_one_wins(void **state)
{
	static const struct {
		int check;
		double b, b_low;
		size_t wins;
	} rows[] = {
		{0, 200, 20, A}, {1, 200, 0, B}, {1, 100, 0, A}, {2, 200, 5, A},
		{2, 50, 20, B},  {3, 200, 5, A}, {3, 50, 20, A}, {3, 200, 20, B},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene s = a_scene();

		s.election.rules.check_runtime = rows[i].check;
		on_battery(&s, 100, rows[i].b, 10, rows[i].b_low);
		PRIMARY_IS(&s, rows[i].wins);
	}
}

static void on_line_the_runtime_is_nobodys_business(void **state)
{
	struct scene s = a_scene();

	(void)state;
	on_battery(&s, 100, 200, 0, 0);
	s.m[A].status = s.m[B].status = "OL";
	PRIMARY_IS(&s, A);
	s.m[A].status = s.m[B].status = "OB";
	s.m[B].has_runtime = false;
	PRIMARY_IS(&s, A);
}

static void a_low_battery_is_not_believed_while_the_drivers_start(void **state)
{
	struct scene s = a_scene();

	(void)state;
	lose(&s, A);
	lose(&s, C);
	s.m[B].status = "OB LB";
	assert_int_equal(step(&s), ELECTION_STALE);
	assert_int_equal(after(&s, 29), ELECTION_STALE);
	assert_int_equal(s.election.primary, ELECTION_NOBODY);
	assert_int_equal(after(&s, 1), ELECTION_SERVE);
	assert_int_equal(s.election.primary, B);
}

static void a_low_battery_is_believed_once_all_are_heard(void **state)
{
	struct scene s = a_scene();

	(void)state;
	s.m[A].status = s.m[B].status = s.m[C].status = "OB LB";
	PRIMARY_IS(&s, A);
}

static void on_battery_alone_is_believed_at_once(void **state)
{
	struct scene s = a_scene();

	(void)state;
	lose(&s, A);
	s.m[B].status = s.m[C].status = "OB";
	PRIMARY_IS(&s, B);
}

static void a_restart_of_the_primarys_driver_is_no_low_battery(void **state)
{
	struct scene s = a_scene();

	(void)state;
	s.m[B].status = "OB LB";
	s.m[C].status = "OL FSD";
	lose(&s, C);
	PRIMARY_IS(&s, A);
	after(&s, 1000);
	lose(&s, A);
	assert_int_equal(step(&s), ELECTION_STALE);
	assert_int_equal(after(&s, 14), ELECTION_STALE);
	assert_int_equal(s.election.primary, A);
	s.m[A].complete = s.m[A].fresh = true;
	PRIMARY_IS(&s, A);
	/* Stale is no better than gone. */
	s.m[A].fresh = false;
	assert_int_equal(step(&s), ELECTION_STALE);
	assert_int_equal(after(&s, 15), ELECTION_SERVE);
	assert_int_equal(s.election.primary, B);
}

static void who_stands_in_is_believed_no_sooner(void **state)
{
	struct scene s = a_scene();

	(void)state;
	s.m[B].status = "OB";
	lose(&s, C);
	PRIMARY_IS(&s, A);
	after(&s, 1000);
	lose(&s, A);
	PRIMARY_IS(&s, B);
	s.m[B].status = "OB LB";
	assert_int_equal(after(&s, 14), ELECTION_STALE);
	assert_int_equal(after(&s, 1), ELECTION_SERVE);
	/* From then on it is the primary as any other. */
	s.m[B].status = "OB";
	PRIMARY_IS(&s, B);
	s.m[B].status = "OB LB";
	PRIMARY_IS(&s, B);
}

static void the_primarys_own_low_battery_is_shown_at_once(void **state)
{
	struct scene s = a_scene();

	(void)state;
	lose(&s, B);
	lose(&s, C);
	PRIMARY_IS(&s, A);
	s.m[A].status = "OB LB";
	PRIMARY_IS(&s, A);
	/* It was on battery already: nothing speaks for a mistake. */
	s.m[B].complete = s.m[B].fresh = true;
	s.m[B].status = "OB LB";
	after(&s, 100);
	lose(&s, A);
	PRIMARY_IS(&s, B);
}

static void whom_an_admin_prefers_is_believed(void **state)
{
	struct scene s = a_scene();

	(void)state;
	lose(&s, A);
	s.m[B].status = "OB LB";
	s.m[B].preferred = true;
	PRIMARY_IS(&s, B);
}

static void without_a_primary_the_data_are_stale_at_once(void **state)
{
	struct scene s = a_scene();

	(void)state;
	PRIMARY_IS(&s, A);
	after(&s, 100);
	lose_all(&s);
	assert_int_equal(step(&s), ELECTION_STALE);
	assert_int_equal(after(&s, 1000), ELECTION_STALE);
	assert_int_equal(s.election.primary, A);
}

static void mode_1_alarms_and_is_stale_then(void **state)
{
	struct scene s = a_scene();

	(void)state;
	s.election.rules.fallback = 1;
	PRIMARY_IS(&s, A);
	after(&s, 100);
	lose_all(&s);
	assert_int_equal(step(&s), ELECTION_STALE);
	assert_int_equal(after(&s, 14), ELECTION_STALE);
	assert_int_equal(after(&s, 1), ELECTION_ALARM);
	assert_int_equal(after(&s, 5), ELECTION_ALARM);
	assert_int_equal(after(&s, 1), ELECTION_ALARM_STALE);
	s.m[B].complete = s.m[B].fresh = true;
	PRIMARY_IS(&s, B);
}

static void mode_2_says_fsd(void **state)
{
	struct scene s = a_scene();

	(void)state;
	s.election.rules.fallback = 2;
	PRIMARY_IS(&s, A);
	after(&s, 100);
	lose_all(&s);
	assert_int_equal(step(&s), ELECTION_STALE);
	/* A primary in between begins the time anew. */
	s.m[A].complete = s.m[A].fresh = true;
	assert_int_equal(after(&s, 14), ELECTION_SERVE);
	lose_all(&s);
	assert_int_equal(step(&s), ELECTION_STALE);
	assert_int_equal(after(&s, 14), ELECTION_STALE);
	assert_int_equal(after(&s, 1), ELECTION_FSD);
	assert_int_equal(after(&s, 1000), ELECTION_FSD);
}

static void the_lack_of_a_primary_counts_only_after_the_start(void **state)
{
	struct scene s = a_scene();

	(void)state;
	s.election.rules.fallback = 2;
	lose_all(&s);
	assert_int_equal(step(&s), ELECTION_STALE);
	assert_int_equal(after(&s, 29), ELECTION_STALE);
	assert_int_equal(after(&s, 1), ELECTION_FSD);
}

static void waiting_for_somebody_else_is_no_lack_of_a_primary(void **state)
{
	struct scene s = a_scene();

	(void)state;
	s.election.rules.fallback = 2;
	lose(&s, A);
	lose(&s, C);
	s.m[B].status = "OB LB";
	assert_int_equal(step(&s), ELECTION_STALE);
	assert_int_equal(after(&s, 29), ELECTION_STALE);
	assert_int_equal(after(&s, 1), ELECTION_SERVE);
}

static void with_a_strict_filter_the_last_primary_serves_until_the_time_is_over(void **state)
{
	struct scene s = a_scene();

	(void)state;
	s.election.rules.strict = true;
	s.election.rules.have_any = "OL";
	PRIMARY_IS(&s, A);
	after(&s, 100);
	s.m[A].status = s.m[B].status = s.m[C].status = "OB";
	assert_int_equal(step(&s), ELECTION_SERVE);
	assert_int_equal(after(&s, 14), ELECTION_SERVE);
	assert_int_equal(after(&s, 1), ELECTION_STALE);
	s.m[B].status = "OL";
	PRIMARY_IS(&s, B);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rank_is_what_a_driver_is_good_for),
		cmocka_unit_test(the_filters_look_at_whole_words),
		cmocka_unit_test(the_best_rank_wins_and_then_the_order),
		cmocka_unit_test(on_battery_the_longer_one_wins),
		cmocka_unit_test(on_line_the_runtime_is_nobodys_business),
		cmocka_unit_test(a_low_battery_is_not_believed_while_the_drivers_start),
		cmocka_unit_test(a_low_battery_is_believed_once_all_are_heard),
		cmocka_unit_test(on_battery_alone_is_believed_at_once),
		cmocka_unit_test(a_restart_of_the_primarys_driver_is_no_low_battery),
		cmocka_unit_test(who_stands_in_is_believed_no_sooner),
		cmocka_unit_test(the_primarys_own_low_battery_is_shown_at_once),
		cmocka_unit_test(whom_an_admin_prefers_is_believed),
		cmocka_unit_test(without_a_primary_the_data_are_stale_at_once),
		cmocka_unit_test(mode_1_alarms_and_is_stale_then),
		cmocka_unit_test(mode_2_says_fsd),
		cmocka_unit_test(the_lack_of_a_primary_counts_only_after_the_start),
		cmocka_unit_test(waiting_for_somebody_else_is_no_lack_of_a_primary),
		cmocka_unit_test(
			with_a_strict_filter_the_last_primary_serves_until_the_time_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
