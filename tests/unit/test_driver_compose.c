#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/core/compose.h"

struct fixture {
	struct compose compose;
	struct compose_rules rules;
	struct state *state;
	long long now_ms;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->state = state_new();
	assert_non_null(f->state);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	compose_free(&f->compose);
	state_free(f->state);
	free(f);
	return 0;
}

/* One poll of a device that says this. */
static const char *say(struct fixture *f, const char *status)
{
	compose_status_begin(&f->compose);
	compose_status_add(&f->compose, status);
	compose_commit(&f->compose, f->state, &f->rules, f->now_ms);
	f->now_ms += 2000;
	return state_get(f->state, "ups.status");
}

static const char *say_charge(struct fixture *f, const char *status, const char *charge)
{
	state_set(f->state, "battery.charge", charge);
	return say(f, status);
}

static void words_come_once_and_in_order(void **state)
{
	assert_string_equal(say(*state, "OL TRIM OL CHRG"), "OL TRIM CHRG");
}

static void without_a_status_none_is_published(void **state)
{
	struct fixture *f = *state;

	compose_commit(&f->compose, f->state, &f->rules, 0);
	assert_null(state_get(f->state, "ups.status"));
}

static void a_poll_that_says_nothing_leaves_the_status_as_it_was(void **state)
{
	struct fixture *f = *state;

	say(f, "OB LB");
	compose_commit(&f->compose, f->state, &f->rules, 0);
	assert_string_equal(state_get(f->state, "ups.status"), "OB LB");
}

static void an_alarm_puts_its_word_first(void **state)
{
	struct fixture *f = *state;

	compose_alarm_begin(&f->compose);
	compose_alarm_add(&f->compose, "Too hot!");
	compose_alarm_add(&f->compose, "Fan!");
	assert_string_equal(say(f, "OL CHRG"), "ALARM OL CHRG");
	assert_string_equal(state_get(f->state, "ups.alarm"), "Too hot! Fan!");
}

static void an_alarm_that_is_over_goes_with_its_word(void **state)
{
	struct fixture *f = *state;

	compose_alarm_add(&f->compose, "Fan!");
	say(f, "OL");
	compose_alarm_begin(&f->compose);
	assert_string_equal(say(f, "OL"), "OL");
	assert_null(state_get(f->state, "ups.alarm"));
}

static void what_has_no_status_has_one_for_its_alarms(void **state)
{
	struct fixture *f = *state;

	compose_alarm_add(&f->compose, "low humidity");
	compose_commit(&f->compose, f->state, &f->rules, 0);
	assert_string_equal(state_get(f->state, "ups.status"), "ALARM");
	compose_alarm_begin(&f->compose);
	compose_commit(&f->compose, f->state, &f->rules, 0);
	assert_null(state_get(f->state, "ups.status"));
	assert_null(state_get(f->state, "ups.alarm"));
}

static void another_device_begins_without_a_status(void **state)
{
	struct fixture *f = *state;

	say(f, "OL");
	compose_forget(&f->compose);
	state_delete(f->state, "ups.status");
	compose_commit(&f->compose, f->state, &f->rules, 0);
	assert_null(state_get(f->state, "ups.status"));
}

static void an_alarm_text_set_by_the_driver_itself_stays(void **state)
{
	struct fixture *f = *state;

	state_set(f->state, "ups.alarm", "recorded");
	say(f, "OL");
	assert_string_equal(state_get(f->state, "ups.alarm"), "recorded");
}

static void a_verbatim_status_keeps_its_order(void **state)
{
	struct fixture *f = *state;

	f->rules.verbatim = true;
	assert_string_equal(say(f, "OB ALARM CHRG"), "OB ALARM CHRG");
}

static void a_verbatim_status_tells_nothing_of_the_charge(void **state)
{
	struct fixture *f = *state;

	f->rules.verbatim = true;
	say_charge(f, "OB", "80");
	assert_string_equal(say_charge(f, "OB", "70"), "OB");
}

static void a_falling_charge_is_a_discharge(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(say_charge(f, "OB", "80"), "OB");
	assert_string_equal(say_charge(f, "OB", "79"), "OB DISCHRG");
	assert_string_equal(say_charge(f, "OB", "79"), "OB DISCHRG");
}

static void another_device_with_less_of_a_charge_does_not_discharge(void **state)
{
	struct fixture *f = *state;

	say_charge(f, "OL", "90");
	compose_forget(&f->compose);
	assert_string_equal(say_charge(f, "OL", "80"), "OL");
	assert_string_equal(say_charge(f, "OL", "79"), "OL DISCHRG");
}

static void a_rising_charge_is_a_charge_until_it_is_full(void **state)
{
	struct fixture *f = *state;

	say_charge(f, "OL", "98");
	assert_string_equal(say_charge(f, "OL", "99"), "OL CHRG");
	assert_string_equal(say_charge(f, "OL", "100"), "OL");
}

static void a_charge_that_stands_still_tells_nothing_after_a_while(void **state)
{
	struct fixture *f = *state;

	say_charge(f, "OL", "90");
	say_charge(f, "OL", "91");
	f->now_ms += COMPOSE_TREND_MS + 1;
	assert_string_equal(say_charge(f, "OL", "91"), "OL");
}

static void a_power_failure_forgets_that_the_battery_was_charging(void **state)
{
	struct fixture *f = *state;

	say_charge(f, "OL", "90");
	say_charge(f, "OL", "91");
	assert_string_equal(say_charge(f, "OB", "91"), "OB");
}

static void the_devices_own_word_on_charging_counts(void **state)
{
	struct fixture *f = *state;

	say_charge(f, "OL CHRG", "90");
	assert_string_equal(say_charge(f, "OL CHRG", "89"), "OL CHRG");
}

static void with_ignorelb_the_devices_low_battery_is_dropped(void **state)
{
	struct fixture *f = *state;

	f->rules.ignorelb = true;
	state_set(f->state, "battery.charge.low", "20");
	assert_string_equal(say_charge(f, "OB LB", "50"), "OB");
}

static void with_ignorelb_a_low_charge_is_a_low_battery(void **state)
{
	struct fixture *f = *state;

	f->rules.ignorelb = f->rules.verbatim = true;
	state_set(f->state, "battery.charge.low", "20");
	assert_string_equal(say_charge(f, "OB", "20"), "OB");
	assert_string_equal(say_charge(f, "OB", "19"), "OB LB");
}

static void with_ignorelb_a_low_runtime_is_a_low_battery(void **state)
{
	struct fixture *f = *state;

	f->rules.ignorelb = true;
	state_set(f->state, "battery.charge", "90");
	state_set(f->state, "battery.charge.low", "20");
	state_set(f->state, "battery.runtime", "119.5");
	state_set(f->state, "battery.runtime.low", "120");
	assert_string_equal(say(f, "OB"), "OB LB");
}

static void a_low_battery_is_judged_only_by_a_value_and_its_limit(void **state)
{
	struct fixture *f = *state;

	state_set(f->state, "battery.charge", "90");
	assert_false(compose_can_judge_lb(f->state));
	state_set(f->state, "battery.charge.low", "x");
	assert_false(compose_can_judge_lb(f->state));
	state_set(f->state, "battery.charge.low", "10");
	assert_true(compose_can_judge_lb(f->state));
}

static void an_overridden_status_is_left_alone(void **state)
{
	struct fixture *f = *state;

	state_override(f->state, "ups.status", "OL");
	assert_string_equal(say(f, "OB LB"), "OL");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(words_come_once_and_in_order),
		TEST(without_a_status_none_is_published),
		TEST(a_poll_that_says_nothing_leaves_the_status_as_it_was),
		TEST(an_alarm_puts_its_word_first),
		TEST(an_alarm_that_is_over_goes_with_its_word),
		TEST(what_has_no_status_has_one_for_its_alarms),
		TEST(another_device_begins_without_a_status),
		TEST(an_alarm_text_set_by_the_driver_itself_stays),
		TEST(a_verbatim_status_keeps_its_order),
		TEST(a_verbatim_status_tells_nothing_of_the_charge),
		TEST(a_falling_charge_is_a_discharge),
		TEST(another_device_with_less_of_a_charge_does_not_discharge),
		TEST(a_rising_charge_is_a_charge_until_it_is_full),
		TEST(a_charge_that_stands_still_tells_nothing_after_a_while),
		TEST(a_power_failure_forgets_that_the_battery_was_charging),
		TEST(the_devices_own_word_on_charging_counts),
		TEST(with_ignorelb_the_devices_low_battery_is_dropped),
		TEST(with_ignorelb_a_low_charge_is_a_low_battery),
		TEST(with_ignorelb_a_low_runtime_is_a_low_battery),
		TEST(a_low_battery_is_judged_only_by_a_value_and_its_limit),
		TEST(an_overridden_status_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
