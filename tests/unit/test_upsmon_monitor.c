/* What people are told of one UPS: status words in, notices out. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "clients/upsmon/brain/monitor.h"
#include "common/base/buffer.h"

static const struct policy policy = {
	.min_supplies = 1,
	.poll = 5,
	.poll_alert = 5,
	.hostsync = 15,
	.deadtime = 15,
	.rbwarn = 100,
	.nocommwarn = 300,
	.off = 30,
	.over = -1,
	.alarm_critical = true,
};

static struct monitor m;
static struct buffer told; /* "NAME(extra) NAME ..." */

static void hear(void *arg, struct monitor *from, enum notice n, const char *extra)
{
	assert_null(arg);
	assert_ptr_equal(from, &m);
	buffer_appendf(&told, "%s%s", told.len ? " " : "", notice_name(n));
	if (extra)
		buffer_appendf(&told, "(%s)", extra);
}

static const struct monitor_ear ear = {.tell = hear};

static int begin(void **state)
{
	(void)state;
	return monitor_init(&m, "ups", 1, true, 0) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	monitor_done(&m);
	buffer_free(&told);
	return 0;
}

/* A reading at a second, and what was told because of it. */
static void expect_with(long second, const char *status, const char *alarm, bool eco,
			const char *notices)
{
	struct monitor_reading r = {.status = status, .alarm = alarm, .eco = eco};

	buffer_clear(&told);
	monitor_read(&m, &policy, &r, second * 1000LL, &ear);
	assert_string_equal(buffer_string(&told), notices);
}

static void expect(long second, const char *status, const char *notices)
{
	expect_with(second, status, NULL, false, notices);
}

static void expect_tick(long second, const char *notices)
{
	buffer_clear(&told);
	monitor_tick(&m, &policy, second * 1000LL, &ear);
	assert_string_equal(buffer_string(&told), notices);
}

static void expect_loss(long second, const char *notices)
{
	buffer_clear(&told);
	monitor_lose(&m, second * 1000LL, &ear);
	assert_string_equal(buffer_string(&told), notices);
}

static void the_first_word_online_is_not_told(void **state)
{
	(void)state;
	expect(0, "OL CHRG", "");
	expect(5, "OL", "");
}

static void an_outage_is_told_from_end_to_end(void **state)
{
	(void)state;
	expect(0, "OL", "");
	expect(5, "OB DISCHRG", "ONBATT");
	expect(10, "OB DISCHRG", "");
	expect(15, "OB LB", "LOWBATT");
	expect(20, "FSD OB LB", "FSD");
	expect(25, "OL LB CHRG", "ONLINE");
	expect(30, "OL", "");
	expect(35, "OB LB", "ONBATT LOWBATT");
}

static void on_battery_is_told_even_first(void **state)
{
	(void)state;
	expect(0, "OB LB", "ONBATT LOWBATT");
}

static void words_that_hold_other_words_are_others(void **state)
{
	(void)state;
	expect(0, "OL LB", "LOWBATT");
	expect(5, "OL NOLB", "OTHER(NOLB)");
	expect(10, "OL LB NOLB", "LOWBATT");
	expect(15, "OL", "NOTOTHER");
}

static void each_condition_is_told_when_it_begins_and_ends(void **state)
{
	(void)state;
	expect(0, "OL CAL OFF BYPASS ECO OVER TRIM BOOST", "CAL OFF BYPASS ECO OVER TRIM BOOST");
	expect(5, "OL CAL OFF BYPASS ECO OVER TRIM BOOST", "");
	expect(10, "OL", "NOTCAL NOTOFF NOTBYPASS NOTECO NOTOVER NOTTRIM NOTBOOST");
}

static void forced_shutdown_is_told_once_until_it_is_gone(void **state)
{
	(void)state;
	expect(0, "OL", "");
	buffer_clear(&told);
	monitor_fsd_set(&m, &ear);
	monitor_fsd_set(&m, &ear);
	assert_string_equal(buffer_string(&told), "FSD");
	expect(5, "OL", ""); /* asked before the server took it */
	expect(10, "FSD OL", "");
	expect(15, "OL", "");
	expect(20, "FSD OL", "FSD");
}

static void an_alarm_is_told_again_when_its_text_changes(void **state)
{
	(void)state;
	expect_with(0, "ALARM OL", "Fan failed", false, "ALARM(Fan failed)");
	expect_with(5, "ALARM OL", "Fan failed", false, "");
	expect_with(10, "ALARM OL", "On fire", false, "ALARM(On fire)");
	expect_with(15, "ALARM OL", NULL, false, "ALARM(n/a)");
	expect_with(20, "OL", NULL, false, "NOTALARM");
}

static void other_words_are_told_when_their_set_changes(void **state)
{
	(void)state;
	expect(5, "OL", "");
	expect(10, "OL FOO BAR", "OTHER(FOO BAR)");
	expect(15, "OL FOO BAR", "");
	expect(20, "OL FOO", "OTHER(FOO)");
	expect(25, "OL HB CHRG DISCHRG", "NOTOTHER");
}

static void a_server_that_waits_for_its_driver_says_nothing_of_the_ups(void **state)
{
	(void)state;
	expect(0, "WAIT", "");
	assert_int_equal(m.comm, MONITOR_NEW);
	expect(5, "OB", "ONBATT");
	expect(10, "WAIT", "COMMBAD");
	expect(15, "WAIT", "");
	expect_tick(20, "");
	assert_true(m.low_assumed); /* DEADTIME counts on */
	expect(25, "OB", "COMMOK");
	expect(30, "FSD WAIT", "FSD"); /* a word of the server's that counts */
}

static void a_ups_of_which_nothing_comes_at_all_is_lost_in_the_end(void **state)
{
	(void)state;
	expect(0, "WAIT", "");
	expect_tick(299, "");
	expect_tick(300, "COMMBAD");
	expect_tick(305, "NOCOMM");
}

static void economy_comes_from_a_word_or_from_buzzwords(void **state)
{
	(void)state;
	expect_with(0, "OL", NULL, true, "ECO");
	expect_with(5, "OL ECO", NULL, false, "");
	expect_with(10, "OL", NULL, false, "NOTECO");
	assert_true(monitor_buzzwords_eco("vendor:mge:ECO"));
	assert_true(monitor_buzzwords_eco("vendor:apc:HE other"));
	assert_true(monitor_buzzwords_eco("a:ESS"));
	assert_true(monitor_buzzwords_eco("a:SMART"));
	assert_false(monitor_buzzwords_eco("vendor:mge:ONLINE"));
	assert_false(monitor_buzzwords_eco("vendor:mge:ECONOMY"));
	assert_false(monitor_buzzwords_eco("ECO"));
	assert_false(monitor_buzzwords_eco(""));
	assert_false(monitor_buzzwords_eco(NULL));
}

static void a_battery_to_replace_is_told_now_and_then(void **state)
{
	(void)state;
	expect(0, "OL RB", "REPLBATT");
	expect(99, "OL RB", "");
	expect(100, "OL RB", "REPLBATT");
	expect(150, "OL", "");
	expect(160, "OL RB", "");
	expect(200, "OL RB", "REPLBATT");
}

static void a_lost_ups_is_told_and_told_again_after_nocommwarntime(void **state)
{
	(void)state;
	expect(0, "OL", "");
	expect_loss(10, "COMMBAD");
	expect_loss(11, "");
	expect_tick(12, "");
	expect_tick(299, "");
	expect_tick(300, "NOCOMM");
	expect_tick(301, "");
	expect_tick(600, "NOCOMM");
	expect(700, "OL", "COMMOK");
}

static void a_ups_that_never_answers_is_told_soon(void **state)
{
	(void)state;
	expect_loss(0, "COMMBAD");
	expect_tick(1, "");
	expect_tick(5, "NOCOMM");
	expect_tick(6, "");
	expect_tick(305, "NOCOMM");
	expect(310, "OL", "COMMOK");
}

static void what_was_known_stays_known_over_a_loss(void **state)
{
	(void)state;
	expect(0, "OB BYPASS", "ONBATT BYPASS");
	expect_loss(5, "COMMBAD");
	expect_tick(19, "");
	assert_true(m.low_assumed);
	expect(20, "OB BYPASS", "COMMOK");
	assert_false(m.low_assumed);
	expect(25, "OL", "NOTBYPASS ONLINE");
}

static void after_a_sleep_all_is_news(void **state)
{
	(void)state;
	expect(0, "OB LB BYPASS", "ONBATT LOWBATT BYPASS");
	monitor_forget(&m, 5000);
	expect(6, "OB LB", "ONBATT LOWBATT");
	monitor_forget(&m, 7000);
	expect(8, "OL", "");
}

static void alert_conditions_ask_for_the_alert_pace(void **state)
{
	struct policy p = policy;

	(void)state;
	expect(0, "OL CAL TRIM OVER", "CAL OVER TRIM");
	assert_false(monitor_alert(&m, &p));
	p.over = 0;
	assert_true(monitor_alert(&m, &p));
	expect(5, "OB", "NOTCAL NOTOVER NOTTRIM ONBATT");
	assert_true(monitor_alert(&m, &policy));
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		ROW(the_first_word_online_is_not_told),
		ROW(an_outage_is_told_from_end_to_end),
		ROW(on_battery_is_told_even_first),
		ROW(words_that_hold_other_words_are_others),
		ROW(each_condition_is_told_when_it_begins_and_ends),
		ROW(forced_shutdown_is_told_once_until_it_is_gone),
		ROW(an_alarm_is_told_again_when_its_text_changes),
		ROW(other_words_are_told_when_their_set_changes),
		ROW(a_server_that_waits_for_its_driver_says_nothing_of_the_ups),
		ROW(a_ups_of_which_nothing_comes_at_all_is_lost_in_the_end),
		ROW(economy_comes_from_a_word_or_from_buzzwords),
		ROW(a_battery_to_replace_is_told_now_and_then),
		ROW(a_lost_ups_is_told_and_told_again_after_nocommwarntime),
		ROW(a_ups_that_never_answers_is_told_soon),
		ROW(what_was_known_stays_known_over_a_loss),
		ROW(after_a_sleep_all_is_news),
		ROW(alert_conditions_ask_for_the_alert_pace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
