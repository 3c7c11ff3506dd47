/* Report descriptors, written by hand, and the paths of their fields. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/usbhid/hiddesc.h"
#include "drivers/usbhid/hidusage.h"

#define PARSE(d, ...)                                                                              \
	do {                                                                                       \
		static const uint8_t bytes_[] = {__VA_ARGS__};                                     \
		assert_true(hid_desc_parse(&(d), bytes_, sizeof(bytes_)));                         \
	} while (0)

/* clang-format off */
#define PAGE(p)      0x05, (p)
#define USAGE(u)     0x09, (u)
#define OPEN         0xa1, 0x00
#define CLOSE        0xc0
#define REPORT(n)    0x85, (n)
#define LOGICAL(a,b) 0x15, (a), 0x25, (b)
#define BITS(n)      0x75, (n)
#define COUNT(n)     0x95, (n)
#define FEATURE      0xb1, 0x02
#define INPUT        0x81, 0x02
#define OUTPUT       0x91, 0x02
/* clang-format on */

static void a_field_has_the_path_of_its_collections(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), USAGE(4), OPEN, USAGE(0x24), OPEN, REPORT(7), PAGE(0x85), USAGE(0x66),
	      LOGICAL(0, 100), BITS(8), COUNT(1), FEATURE, CLOSE, USAGE(0x2c), FEATURE, CLOSE);
	assert_int_equal(d.count, 2);
	assert_int_equal(d.left_out, 0);
	assert_int_equal(d.fields[0].depth, 3);
	assert_int_equal(d.fields[0].path[0], 0x840004);
	assert_int_equal(d.fields[0].path[1], 0x840024);
	assert_int_equal(d.fields[0].path[2], 0x850066);
	assert_int_equal(d.fields[0].type, HID_FEATURE);
	assert_int_equal(d.fields[0].report, 7);
	assert_int_equal(d.fields[0].logical_max, 100);
	assert_int_equal(d.fields[1].depth, 2);
	assert_int_equal(d.fields[1].bit, 8);
	assert_int_equal(hid_desc_report_size(&d, HID_FEATURE, 7), 3);
	assert_int_equal(hid_desc_report_size(&d, HID_INPUT, 7), 0);
	hid_desc_free(&d);
}

static void each_type_and_report_counts_its_own_bits(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), BITS(4), COUNT(1), REPORT(1), USAGE(1), FEATURE, USAGE(2), INPUT,
	      USAGE(3), OUTPUT, REPORT(2), USAGE(4), FEATURE, REPORT(1), USAGE(5), FEATURE, BITS(1),
	      USAGE(6), FEATURE);
	assert_int_equal(d.count, 6);
	assert_int_equal(d.fields[0].bit, 0);
	assert_int_equal(d.fields[1].bit, 0);
	assert_int_equal(d.fields[2].bit, 0);
	assert_int_equal(d.fields[3].bit, 0);
	assert_int_equal(d.fields[4].bit, 4);
	assert_int_equal(d.fields[5].bit, 8);
	assert_int_equal(hid_desc_report_size(&d, HID_FEATURE, 1), 3);
	assert_int_equal(hid_desc_report_size(&d, HID_OUTPUT, 1), 2);
	hid_desc_free(&d);
}

static void reports_without_numbers_begin_with_their_data(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), USAGE(1), BITS(8), COUNT(2), INPUT);
	assert_false(d.numbered);
	assert_int_equal(hid_desc_data_offset(&d), 0);
	assert_int_equal(hid_desc_report_size(&d, HID_INPUT, 0), 2);
	hid_desc_free(&d);
}

static void fields_without_a_usage_are_padding(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), BITS(3), COUNT(1), FEATURE, USAGE(9), BITS(5), FEATURE);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.fields[0].bit, 3);
	hid_desc_free(&d);
}

static void constant_fields_with_a_usage_are_kept(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), USAGE(9), BITS(8), COUNT(1), 0xb1, 0x03);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.fields[0].flags, HID_CONSTANT | HID_VARIABLE);
	hid_desc_free(&d);
}

static void the_last_usage_serves_for_all_that_follow(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), USAGE(1), USAGE(2), BITS(8), COUNT(4), FEATURE);
	assert_int_equal(d.count, 4);
	assert_int_equal(d.fields[1].path[0], 0x840002);
	assert_int_equal(d.fields[3].path[0], 0x840002);
	assert_int_equal(d.fields[3].bit, 24);
	hid_desc_free(&d);
}

static void a_range_gives_each_field_its_own_usage(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), USAGE(0x60), 0x19, 0x10, 0x29, 0x12, BITS(1), COUNT(5), FEATURE);
	assert_int_equal(d.count, 5);
	assert_int_equal(d.fields[0].path[0], 0x840060);
	assert_int_equal(d.fields[1].path[0], 0x840010);
	assert_int_equal(d.fields[3].path[0], 0x840012);
	assert_int_equal(d.fields[4].path[0], 0x840012);
	hid_desc_free(&d);
}

static void usages_of_32_bits_bring_their_page(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), 0x0b, 0x24, 0x00, 0x86, 0xff, BITS(8), COUNT(1), FEATURE);
	assert_int_equal(d.fields[0].path[0], 0xff860024);
	hid_desc_free(&d);
}

static void a_page_that_comes_after_its_usage_counts_if_there_was_none(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, USAGE(4), PAGE(0x84), BITS(8), COUNT(1), FEATURE, USAGE(5), PAGE(0x85), FEATURE);
	assert_int_equal(d.fields[0].path[0], 0x840004);
	assert_int_equal(d.fields[1].path[0], 0x840005);
	hid_desc_free(&d);
}

static void of_alternatives_the_first_counts(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), 0xa9, 1, USAGE(1), USAGE(2), 0xa9, 0, USAGE(3), BITS(8), COUNT(2),
	      FEATURE);
	assert_int_equal(d.count, 2);
	assert_int_equal(d.fields[0].path[0], 0x840001);
	assert_int_equal(d.fields[1].path[0], 0x840003);
	hid_desc_free(&d);
}

static void pop_brings_back_what_was_pushed(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), LOGICAL(1, 6), BITS(8), COUNT(1), 0xa4, PAGE(0x85), LOGICAL(0, 9),
	      0x55, 0x0f, USAGE(1), FEATURE, 0xb4, USAGE(2), FEATURE);
	assert_int_equal(d.fields[0].exponent, -1);
	assert_int_equal(d.fields[0].path[0], 0x850001);
	assert_int_equal(d.fields[1].path[0], 0x840002);
	assert_int_equal(d.fields[1].logical_min, 1);
	assert_int_equal(d.fields[1].exponent, 0);
	assert_int_equal(d.left_out, 0);
	hid_desc_free(&d);
}

static void pushes_beyond_the_bound_still_match_their_pops(void **state)
{
	uint8_t bytes[64];
	size_t n = 0;
	struct hid_desc d;

	(void)state;
	bytes[n++] = 0x05, bytes[n++] = 0x84;
	for (int i = 0; i < 12; i++)
		bytes[n++] = 0xa4;
	bytes[n++] = 0x05, bytes[n++] = 0x85;
	for (int i = 0; i < 12; i++)
		bytes[n++] = 0xb4;
	memcpy(bytes + n, (const uint8_t[]){USAGE(1), BITS(8), COUNT(1), FEATURE, 0xb4}, 9);
	assert_true(hid_desc_parse(&d, bytes, n + 9));
	assert_int_equal(d.fields[0].path[0], 0x840001);
	assert_int_equal(d.left_out, 5); /* four too deep, and one pop too many */
	hid_desc_free(&d);
}

static void collections_nested_too_deep_do_not_move_the_others(void **state)
{
	uint8_t bytes[512];
	size_t n = 0;
	struct hid_desc d;

	(void)state;
	memcpy(bytes, (const uint8_t[]){PAGE(0x84), BITS(8), COUNT(1)}, 6);
	n = 6;
	for (int i = 0; i < 40; i++, n += 4)
		memcpy(bytes + n, (const uint8_t[]){USAGE(4), OPEN}, 4);
	memcpy(bytes + n, (const uint8_t[]){USAGE(9), FEATURE}, 4);
	n += 4;
	for (int i = 0; i < 40; i++)
		bytes[n++] = CLOSE;
	memcpy(bytes + n, (const uint8_t[]){USAGE(5), FEATURE}, 4);
	assert_true(hid_desc_parse(&d, bytes, n + 4));
	assert_int_equal(d.count, 1);
	assert_int_equal(d.fields[0].depth, 1);
	assert_int_equal(d.fields[0].path[0], 0x840005);
	assert_int_equal(d.fields[0].bit, 8);
	assert_true(d.left_out > 0);
	hid_desc_free(&d);
}

static void the_type_of_a_collection_may_be_an_index(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), BITS(8), COUNT(1), USAGE(4), OPEN, USAGE(0x1e), 0xa1, 0x84,
	      USAGE(0x40), FEATURE, CLOSE, USAGE(0x30), FEATURE, CLOSE, USAGE(0x31), FEATURE);
	assert_int_equal(d.fields[0].depth, 4);
	assert_int_equal(d.fields[0].path[2], 0x00ff0004);
	assert_int_equal(d.fields[0].path[3], 0x840040);
	assert_int_equal(d.fields[1].depth, 2);
	assert_int_equal(d.fields[2].depth, 1);
	hid_desc_free(&d);
}

static void a_maximum_below_its_minimum_was_meant_unsigned(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), BITS(8), COUNT(1), LOGICAL(0, 0xff), USAGE(1), FEATURE, 0x16, 0xff,
	      0xff, 0x26, 0xff, 0x7f, USAGE(2), FEATURE, LOGICAL(0x80, 0xff), USAGE(3), FEATURE,
	      0x15, 0, 0x27, 0xff, 0xff, 0xff, 0xff, USAGE(4), FEATURE);
	assert_int_equal(d.fields[0].logical_max, 255);
	assert_true(d.fields[0].mended);
	assert_int_equal(d.fields[1].logical_min, -1);
	assert_int_equal(d.fields[1].logical_max, 0x7fff);
	assert_false(d.fields[1].mended);
	assert_int_equal(d.fields[2].logical_min, -128);
	assert_int_equal(d.fields[2].logical_max, -1);
	assert_true(d.fields[3].logical_max == 0xffffffff);
	hid_desc_free(&d);
}

static void exponents_are_read_in_both_ways_of_writing(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), BITS(8), COUNT(1), 0x55, 0x05, USAGE(1), FEATURE, 0x55, 0x0e, USAGE(2),
	      FEATURE, 0x55, 0xfd, USAGE(3), FEATURE, 0x55, 0x40, USAGE(4), FEATURE);
	assert_int_equal(d.fields[0].exponent, 5);
	assert_int_equal(d.fields[1].exponent, -2);
	assert_int_equal(d.fields[2].exponent, -3);
	assert_int_equal(d.fields[3].exponent, 0);
	hid_desc_free(&d);
}

static void strings_designators_and_long_items_are_passed_over(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), 0x79, 3, 0x39, 1, 0x49, 1, 0x59, 2, 0x89, 1, 0x99, 2, USAGE(1), 0xfe,
	      3, 0xf0, 0xb1, 0xb1, 0xb1, BITS(8), COUNT(1), FEATURE);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.left_out, 1);
	hid_desc_free(&d);
}

static void an_item_that_is_cut_off_ends_it(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), USAGE(1), BITS(8), COUNT(1), FEATURE, 0x27, 0xff);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.left_out, 1);
	hid_desc_free(&d);
	PARSE(d, 0xfe, 200, 1, 2);
	assert_int_equal(d.left_out, 1);
	hid_desc_free(&d);
	assert_true(hid_desc_parse(&d, NULL, 0));
	assert_int_equal(d.count, 0);
}

static void a_report_of_gigabytes_is_left_out(void **state)
{
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), REPORT(1), USAGE(1), 0x77, 0xff, 0xff, 0xff, 0xff, 0x97, 0xff, 0xff,
	      0xff, 0xff, FEATURE, BITS(8), COUNT(1), USAGE(2), FEATURE, REPORT(2), USAGE(3),
	      FEATURE);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.fields[0].report, 2);
	assert_int_equal(d.left_out, 2);
	assert_int_equal(hid_desc_report_size(&d, HID_FEATURE, 1), HID_MAX_REPORT + 1);
	hid_desc_free(&d);
}

static void fields_are_found_by_type_and_path(void **state)
{
	static const uint32_t path[] = {0x840001}, other[] = {0x840007};
	struct hid_desc d;

	(void)state;
	PARSE(d, PAGE(0x84), BITS(8), COUNT(1), USAGE(1), INPUT, USAGE(1), FEATURE);
	assert_ptr_equal(hid_desc_find(&d, HID_INPUT, path, 1), &d.fields[0]);
	assert_ptr_equal(hid_desc_find(&d, HID_FEATURE, path, 1), &d.fields[1]);
	assert_null(hid_desc_find(&d, HID_OUTPUT, path, 1));
	assert_null(hid_desc_find(&d, HID_INPUT, other, 1));
	hid_desc_free(&d);
}

/* ------------------------------------------------------------------------------ paths */

static struct hid_usages *some_usages(void)
{
	struct hid_usages *u = hid_usages_new();

	assert_non_null(u);
	assert_true(hid_usages_add(u, "UPS", 0x840004));
	assert_true(hid_usages_add(u, "RunTimeToEmpty", 0x850068));
	assert_true(hid_usages_add(u, "Beef", 0x12345678));
	assert_true(hid_usages_add(u, "ups", 0x1));
	return u;
}

static void paths_are_read_by_names_indexes_and_digits(void **state)
{
	struct hid_usages *u = some_usages();
	uint32_t path[HID_MAX_PATH];
	const char *bad;

	(void)state;
	assert_int_equal(hid_path_parse(u, "ups.[12].RuntimeToEmpty.ff860024.beef", path, &bad), 5);
	assert_int_equal(path[0], 0x840004);
	assert_int_equal(path[1], 0x00ff000c);
	assert_int_equal(path[2], 0x850068);
	assert_int_equal(path[3], 0xff860024);
	assert_int_equal(path[4], 0x12345678);
	hid_usages_free(u);
}

static void a_part_that_is_no_usage_is_named(void **state)
{
	static const char *const wrong[] = {
		"UPS.Nonsense", "UPS.",         "", ".", "UPS.[]", "UPS.[1x]",
		"UPS.[99999]",  "UPS.123456789"};
	struct hid_usages *u = some_usages();
	uint32_t path[HID_MAX_PATH];
	const char *bad;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(hid_path_parse(u, wrong[i], path, &bad), 0);
	hid_path_parse(u, "UPS.Nonsense.UPS", path, &bad);
	assert_string_equal(bad, "Nonsense.UPS");
	assert_int_equal(hid_path_parse(u, "1.1.1.1.1.1.1.1.1.1.1.1", path, &bad), 12);
	assert_int_equal(hid_path_parse(u, "1.1.1.1.1.1.1.1.1.1.1.1.1", path, &bad), 0);
	assert_null(bad);
	hid_usages_free(u);
}

static void a_path_that_is_written_can_be_read(void **state)
{
	static const uint32_t path[] = {0x840004, 0x00ff0002, 0x850001, 0x850068};
	struct hid_usages *u = some_usages();
	uint32_t again[HID_MAX_PATH];
	char text[HID_MAX_PATH_TEXT], little[8];
	const char *bad;

	(void)state;
	hid_path_format(u, path, 4, text, sizeof(text));
	assert_string_equal(text, "UPS.[2].00850001.RunTimeToEmpty");
	assert_int_equal(hid_path_parse(u, text, again, &bad), 4);
	assert_memory_equal(path, again, sizeof(path));
	hid_path_format(u, path, 4, little, sizeof(little));
	assert_string_equal(little, "UPS.[2]");
	hid_usages_free(u);
}

static void names_that_cannot_stand_in_a_path_are_refused(void **state)
{
	struct hid_usages *u = some_usages();

	(void)state;
	assert_false(hid_usages_add(u, "", 1));
	assert_false(hid_usages_add(u, "a.b", 1));
	assert_false(hid_usages_add(u, "[1]", 1));
	assert_null(hid_usages_name(u, 0x77));
	hid_usages_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_has_the_path_of_its_collections),
		cmocka_unit_test(each_type_and_report_counts_its_own_bits),
		cmocka_unit_test(reports_without_numbers_begin_with_their_data),
		cmocka_unit_test(fields_without_a_usage_are_padding),
		cmocka_unit_test(constant_fields_with_a_usage_are_kept),
		cmocka_unit_test(the_last_usage_serves_for_all_that_follow),
		cmocka_unit_test(a_range_gives_each_field_its_own_usage),
		cmocka_unit_test(usages_of_32_bits_bring_their_page),
		cmocka_unit_test(a_page_that_comes_after_its_usage_counts_if_there_was_none),
		cmocka_unit_test(of_alternatives_the_first_counts),
		cmocka_unit_test(pop_brings_back_what_was_pushed),
		cmocka_unit_test(pushes_beyond_the_bound_still_match_their_pops),
		cmocka_unit_test(collections_nested_too_deep_do_not_move_the_others),
		cmocka_unit_test(the_type_of_a_collection_may_be_an_index),
		cmocka_unit_test(a_maximum_below_its_minimum_was_meant_unsigned),
		cmocka_unit_test(exponents_are_read_in_both_ways_of_writing),
		cmocka_unit_test(strings_designators_and_long_items_are_passed_over),
		cmocka_unit_test(an_item_that_is_cut_off_ends_it),
		cmocka_unit_test(a_report_of_gigabytes_is_left_out),
		cmocka_unit_test(fields_are_found_by_type_and_path),
		cmocka_unit_test(paths_are_read_by_names_indexes_and_digits),
		cmocka_unit_test(a_part_that_is_no_usage_is_named),
		cmocka_unit_test(a_path_that_is_written_can_be_read),
		cmocka_unit_test(names_that_cannot_stand_in_a_path_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
