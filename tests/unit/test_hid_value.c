/* Numbers in the bits of reports. */
#include "config.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/usbhid/hidvalue.h"

enum { VOLT = 0x00f0d121, WATT = 0xd121, SECOND = 0x1001 };

static struct hid_field field(uint32_t bit, uint32_t bits, int64_t min, int64_t max)
{
	return (struct hid_field){.bit = bit, .bits = bits, .logical_min = min, .logical_max = max};
}

/* The same to the last bit. */
static void check(const struct hid_field *f, const char *bytes, size_t len, double expected)
{
	double v = 0;

	assert_true(hid_value_get(f, (const uint8_t *)bytes, len, &v));
	assert_memory_equal(&v, &expected, sizeof(v));
}

static void bits_are_collected_from_the_lowest(void **state)
{
	struct hid_field f = field(3, 7, 0, 127);

	(void)state;
	check(&f, "\xf8\x03", 2, 127);
	check(&f, "\x08\x02", 2, 65);
	f = field(8, 24, 0, 0xffffff);
	check(&f, "\x00\x01\x25\x09", 4, 0x092501);
}

static void a_negative_minimum_gives_a_sign(void **state)
{
	struct hid_field f = field(0, 16, -1, 0x7fff);

	(void)state;
	check(&f, "\xff\xff", 2, -1);
	check(&f, "\x00\x80", 2, -1); /* clamped */
	check(&f, "\xff\x7f", 2, 32767);
	f = field(0, 32, -2147483647, 2147483647);
	check(&f, "\xfe\xff\xff\xff", 4, -2);
	f = field(0, 8, -128, 127);
	check(&f, "\x80", 1, -128);
}

static void only_the_bits_that_the_range_needs_count(void **state)
{
	struct hid_field f = field(0, 8, 0, 1);

	(void)state;
	check(&f, "\x02", 1, 0);
	check(&f, "\x03", 1, 1);
	f = field(0, 8, 0, 100);
	check(&f, "\xe4", 1, 100);
	check(&f, "\x7f", 1, 100);
	f = field(0, 16, 160, 196);
	check(&f, "\x00\x00", 2, 160);
}

static void a_range_wider_than_the_field_keeps_the_sign_on_top(void **state)
{
	struct hid_field f = field(0, 8, -32768, 32767);

	(void)state;
	check(&f, "\xff", 1, -1);
	check(&f, "\x7f", 1, 127);
}

static void without_a_sane_range_the_bits_count(void **state)
{
	struct hid_field f = field(0, 16, 0, 0);

	(void)state;
	check(&f, "\xff\xff", 2, 65535);
	f = field(0, 8, 10, 5);
	check(&f, "\x80", 1, 128);
}

static void volts_and_watts_have_a_base_of_ten_millions(void **state)
{
	struct hid_field f = field(0, 16, 0, 65535);

	(void)state;
	f.unit = VOLT;
	f.exponent = 5;
	check(&f, "\x3f\x05", 2, 13.43);
	f.exponent = 7;
	check(&f, "\xe4\x00", 2, 228.0);
	f.unit = WATT;
	check(&f, "\x08\x02", 2, 520);
	f.unit = SECOND;
	f.exponent = 0;
	check(&f, "\x64\x03", 2, 868);
	f.exponent = -1;
	check(&f, "\x7b\x00", 2, 12.3);
}

static void a_physical_range_scales(void **state)
{
	struct hid_field f = field(0, 8, 0, 255);

	(void)state;
	f.physical_max = 100;
	check(&f, "\xff", 1, 100);
	check(&f, "\x00", 1, 0);
	check(&f, "\x33", 1, 20);
	f.physical_min = 100; /* not in order */
	check(&f, "\x33", 1, 51);
}

static void a_report_that_is_too_short_gives_nothing(void **state)
{
	struct hid_field f = field(8, 16, 0, 65535);
	uint8_t bytes[4] = {0};
	double v;

	(void)state;
	assert_false(hid_value_get(&f, bytes, 2, &v));
	assert_true(hid_value_get(&f, bytes, 3, &v));
	assert_false(hid_value_set(&f, bytes, 2, 1));
	f.bit = UINT32_MAX;
	assert_false(hid_value_get(&f, bytes, 3, &v));
	f = field(0, 65, 0, 1);
	assert_false(hid_value_get(&f, bytes, 100, &v));
}

static void setting_changes_nothing_else(void **state)
{
	struct hid_field f = field(4, 8, 0, 255);
	uint8_t bytes[2] = {0xff, 0xff};

	(void)state;
	assert_true(hid_value_set(&f, bytes, 2, 0x5a));
	assert_int_equal(bytes[0], 0xaf);
	assert_int_equal(bytes[1], 0xf5);
	assert_false(hid_value_set(&f, bytes, 2, 256));
	assert_false(hid_value_set(&f, bytes, 2, -1));
	assert_false(hid_value_set(&f, bytes, 2, NAN));
	assert_false(hid_value_set(&f, bytes, 2, INFINITY));
	assert_int_equal(bytes[0], 0xaf);
}

static void what_is_forced_has_only_to_fit_into_the_bits(void **state)
{
	struct hid_field f = field(0, 8, 0, 1);
	uint8_t byte = 0;

	(void)state;
	assert_false(hid_value_set(&f, &byte, 1, 10));
	assert_true(hid_value_force(&f, &byte, 1, 10));
	assert_int_equal(byte, 10);
	assert_true(hid_value_force(&f, &byte, 1, -1));
	assert_int_equal(byte, 0xff);
	assert_true(hid_value_force(&f, &byte, 1, 255));
	assert_false(hid_value_force(&f, &byte, 1, 256));
	assert_false(hid_value_force(&f, &byte, 1, -129));
	assert_false(hid_value_force(&f, &byte, 1, NAN));
	assert_false(hid_value_force(&f, &byte, 0, 1));
}

static void negative_numbers_are_set_as_two_s_complement(void **state)
{
	struct hid_field f = field(0, 16, -1, 0x7fff);
	uint8_t bytes[2] = {0};

	(void)state;
	assert_true(hid_value_set(&f, bytes, 2, -1));
	assert_int_equal(bytes[0], 0xff);
	assert_int_equal(bytes[1], 0xff);
	assert_false(hid_value_set(&f, bytes, 2, -2));
}

static void the_writable_range_is_what_the_bits_hold(void **state)
{
	struct hid_field f = field(0, 8, 0, 65535);
	double min, max;
	uint8_t byte = 0;

	(void)state;
	hid_value_range(&f, &min, &max);
	assert_true(min == 0 && max == 255);
	assert_false(hid_value_set(&f, &byte, 1, 256));
	f = field(0, 8, -1000, 1000);
	hid_value_range(&f, &min, &max);
	assert_true(min == -128 && max == 127);
}

static void what_is_set_reads_back_for_every_value_and_exponent(void **state)
{
	(void)state;
	for (int exponent = -8; exponent <= 7; exponent++) {
		struct hid_field f = field(3, 10, -300, 500);

		f.exponent = exponent;
		f.unit = exponent & 1 ? VOLT : 0;
		for (int raw = -300; raw <= 500; raw++) {
			uint8_t bytes[2] = {0}, again[2] = {0};
			double v;

			for (int i = 0; i < 10; i++)
				bytes[(3 + i) / 8] |=
					(uint8_t)(((unsigned)raw >> i & 1) << (3 + i) % 8);
			assert_true(hid_value_get(&f, bytes, 2, &v));
			assert_true(hid_value_set(&f, again, 2, v));
			assert_memory_equal(bytes, again, 2);
		}
	}
}

static void numbers_between_are_set_to_the_nearest(void **state)
{
	struct hid_field f = field(0, 16, 0, 65535);
	uint8_t bytes[2];

	(void)state;
	f.unit = VOLT;
	f.exponent = 6;
	assert_true(hid_value_set(&f, bytes, 2, 13.26));
	assert_int_equal(bytes[0], 133);
	assert_true(hid_value_set(&f, bytes, 2, 6553.5));
	assert_int_equal(bytes[1], 0xff);
}

/* As CyberPower's delays: -1 is never, 0 is at once. */
static void seconds_in_a_field_of_minutes_are_never_rounded_to_at_once(void **state)
{
	static const struct {
		double seconds;
		uint8_t low, high;
	} samples[] = {{-1, 0xff, 0xff}, {-60, 0xff, 0xff}, {0, 0, 0},  {1, 1, 0},
		       {20, 1, 0},       {60, 1, 0},        {80, 1, 0}, {120, 2, 0}};
	struct hid_field f = field(0, 16, -1, 0x7fff);

	(void)state;
	assert_true(hid_value_step(&f) == 1);
	f.physical_min = -60;
	f.physical_max = 0x7fff * 60;
	assert_true(hid_value_step(&f) == 60);
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		uint8_t set[2] = {0x55, 0x55}, forced[2] = {0x55, 0x55};

		assert_true(hid_value_set(&f, set, 2, samples[i].seconds));
		assert_int_equal(set[0], samples[i].low);
		assert_int_equal(set[1], samples[i].high);
		assert_true(hid_value_force(&f, forced, 2, samples[i].seconds));
		assert_memory_equal(forced, set, 2);
	}
}

/* A raw 0 that stands for 5 is what 5 is written as. */
static void a_logical_0_that_means_another_number_is_written_for_it(void **state)
{
	struct hid_field f = field(0, 8, 0, 100);
	uint8_t byte = 0xff;

	(void)state;
	f.physical_min = 5;
	f.physical_max = 105;
	assert_true(hid_value_set(&f, &byte, 1, 5));
	assert_int_equal(byte, 0);
	assert_true(hid_value_set(&f, &byte, 1, 6));
	assert_int_equal(byte, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_are_collected_from_the_lowest),
		cmocka_unit_test(a_negative_minimum_gives_a_sign),
		cmocka_unit_test(only_the_bits_that_the_range_needs_count),
		cmocka_unit_test(a_range_wider_than_the_field_keeps_the_sign_on_top),
		cmocka_unit_test(without_a_sane_range_the_bits_count),
		cmocka_unit_test(volts_and_watts_have_a_base_of_ten_millions),
		cmocka_unit_test(a_physical_range_scales),
		cmocka_unit_test(a_report_that_is_too_short_gives_nothing),
		cmocka_unit_test(setting_changes_nothing_else),
		cmocka_unit_test(what_is_forced_has_only_to_fit_into_the_bits),
		cmocka_unit_test(negative_numbers_are_set_as_two_s_complement),
		cmocka_unit_test(the_writable_range_is_what_the_bits_hold),
		cmocka_unit_test(what_is_set_reads_back_for_every_value_and_exponent),
		cmocka_unit_test(numbers_between_are_set_to_the_nearest),
		cmocka_unit_test(seconds_in_a_field_of_minutes_are_never_rounded_to_at_once),
		cmocka_unit_test(a_logical_0_that_means_another_number_is_written_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
