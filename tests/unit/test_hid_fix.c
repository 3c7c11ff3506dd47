/* Corrections of descriptors that lie. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/usbhid/hidfix.h"

enum {
	INPUT = 0x84001a,
	OUTPUT = 0x84001c,
	SUMMARY = 0x840024,
	VOLTAGE = 0x840030,
	CONFIG_VOLTAGE = 0x840040,
	ACTIVE_POWER = 0x840044,
	LOW = 0x840053,
	HIGH = 0x840054,
	RUN_TIME = 0x850068,
};

static struct hid_field field(uint32_t parent, uint32_t usage, int64_t min, int64_t max)
{
	return (struct hid_field){.path = {0x840004, parent, usage},
				  .depth = 3,
				  .type = HID_FEATURE,
				  .logical_min = min,
				  .logical_max = max};
}

static void apc_can_read_mains_as_high_as_its_transfer_voltage(void **state)
{
	struct hid_field fields[] = {field(INPUT, VOLTAGE, 0, 255), field(INPUT, HIGH, 256, 278),
				     field(INPUT, CONFIG_VOLTAGE, 0, 130),
				     field(SUMMARY, VOLTAGE, 0, 255)};
	struct hid_desc d = {.fields = fields, .count = 4};

	(void)state;
	assert_int_equal(hidfix_apply(&d, "apc-voltage-range"), 2);
	assert_int_equal(fields[0].logical_max, 556);
	assert_int_equal(fields[2].logical_max, 255);
	assert_int_equal(fields[3].logical_max, 255);
	assert_int_equal(hidfix_apply(&d, "apc-voltage-range"), 0);
}

static void an_apc_that_is_right_stays_as_it_is(void **state)
{
	struct hid_field fields[] = {field(INPUT, VOLTAGE, 0, 400), field(INPUT, HIGH, 256, 278)};
	struct hid_desc d = {.fields = fields, .count = 2};

	(void)state;
	assert_int_equal(hidfix_apply(&d, "apc-voltage-range"), 0);
	d.count = 1; /* without a transfer voltage there is nothing to go by */
	assert_int_equal(hidfix_apply(&d, "apc-voltage-range"), 0);
}

static void cps_voltages_are_not_bound_by_the_transfer_voltages(void **state)
{
	struct hid_field fields[] = {
		field(INPUT, VOLTAGE, 139, 148), field(INPUT, HIGH, 139, 148),
		field(INPUT, LOW, 85, 95),       field(OUTPUT, VOLTAGE, 85, 95),
		field(SUMMARY, VOLTAGE, 85, 95), field(OUTPUT, ACTIVE_POWER, 0, 255)};
	struct hid_desc d = {.fields = fields, .count = 6};

	(void)state;
	assert_int_equal(hidfix_apply(&d, "cps-voltage-range"), 3);
	assert_int_equal(fields[0].logical_min, 0);
	assert_int_equal(fields[0].logical_max, 511);
	assert_int_equal(fields[3].logical_max, 511);
	assert_int_equal(fields[1].logical_max, 148);
	assert_int_equal(fields[4].logical_max, 95);
	assert_int_equal(fields[5].logical_max, 2048);
}

static void idowell_maxima_that_are_below_their_minima_are_replaced(void **state)
{
	struct hid_field fields[] = {field(SUMMARY, RUN_TIME, 0, -139), field(INPUT, VOLTAGE, 0, 0),
				     field(OUTPUT, VOLTAGE, 0, 300)};
	struct hid_desc d = {.fields = fields, .count = 3};

	(void)state;
	assert_int_equal(hidfix_apply(&d, "idowell-maxima"), 2);
	assert_int_equal(fields[0].logical_max, 0x75ffffff);
	assert_int_equal(fields[1].logical_max, 65535);
	assert_int_equal(fields[2].logical_max, 300);
}

static void a_correction_that_nobody_knows_changes_nothing(void **state)
{
	struct hid_field fields[] = {field(INPUT, VOLTAGE, 0, 0)};
	struct hid_desc d = {.fields = fields, .count = 1};

	(void)state;
	assert_int_equal(hidfix_apply(&d, "no-such"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apc_can_read_mains_as_high_as_its_transfer_voltage),
		cmocka_unit_test(an_apc_that_is_right_stays_as_it_is),
		cmocka_unit_test(cps_voltages_are_not_bound_by_the_transfer_voltages),
		cmocka_unit_test(idowell_maxima_that_are_below_their_minima_are_replaced),
		cmocka_unit_test(a_correction_that_nobody_knows_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
