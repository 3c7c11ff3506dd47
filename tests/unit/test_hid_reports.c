/* The cache of reports, with a device that is a struct. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/usbhid/hidreports.h"

/*
 * Report 1: two bytes (usages 1 and 2), as feature and as input; report 2: two
 * bytes (3, 4), feature only; report 3: one byte, input only.
 */
/* clang-format off */
static const uint8_t descriptor[] = {
	0x05, 0x84, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x02,
	0x85, 0x01, 0x09, 0x01, 0x09, 0x02, 0xb1, 0x02, 0x09, 0x01, 0x09, 0x02, 0x81, 0x02,
	0x85, 0x02, 0x09, 0x03, 0x09, 0x04, 0xb1, 0x02,
	0x85, 0x03, 0x95, 0x01, 0x09, 0x05, 0x81, 0x02,
};
/* clang-format on */

struct device {
	uint8_t reports[10][16];
	int lengths[10]; /* of answers; below 0 an error */
	size_t asked;   /* bytes, the last time */
	int gets, sets;
	uint8_t written[16];
	int set_result;
	bool overflows; /* unless 256 bytes are asked for */
	int string_asked;
};

static int get(void *arg, enum hid_type type, uint8_t report, uint8_t *buf, size_t size)
{
	struct device *dev = arg;
	int len = dev->lengths[report];

	(void)type;
	dev->gets++;
	dev->asked = size;
	if (dev->overflows && size < 16)
		return HID_IO_OVERFLOW;
	if (len > 0)
		memcpy(buf, dev->reports[report], (size_t)len < size ? (size_t)len : size);
	return len > 0 && (size_t)len > size ? (int)size : len;
}

static int set(void *arg, enum hid_type type, uint8_t report, const uint8_t *buf, size_t size)
{
	struct device *dev = arg;

	(void)type;
	(void)report;
	dev->sets++;
	assert_true(size <= sizeof(dev->written));
	memcpy(dev->written, buf, size);
	return dev->set_result ? dev->set_result : (int)size;
}

static int get_string(void *arg, unsigned index, char *text, size_t size)
{
	struct device *dev = arg;

	dev->string_asked++;
	if (index != 3)
		return HID_IO_STALL;
	assert_true(size >= 5);
	memcpy(text, "PbAc", 5);
	return 4;
}

struct play {
	struct hid_desc d;
	struct device dev;
	struct hid_reports *r;
	const struct hid_field *one, *two, *three, *four, *five;
};

static int start(void **state)
{
	static struct play p;
	struct hid_io io = {get, set, get_string, &p.dev};

	memset(&p, 0, sizeof(p));
	assert_true(hid_desc_parse(&p.d, descriptor, sizeof(descriptor)));
	assert_int_equal(p.d.count, 7);
	p.r = hid_reports_new(&p.d, &io);
	assert_non_null(p.r);
	p.one = &p.d.fields[0];
	p.two = &p.d.fields[1];
	p.three = &p.d.fields[4];
	p.four = &p.d.fields[5];
	p.five = &p.d.fields[6];
	for (uint8_t i = 1; i < 4; i++) {
		memcpy(p.dev.reports[i],
		       (const uint8_t[]){i, (uint8_t)(10 * i), (uint8_t)(10 * i + 1)}, 3);
		p.dev.lengths[i] = i == 3 ? 2 : 3;
	}
	*state = &p;
	return 0;
}

static int stop(void **state)
{
	struct play *p = *state;

	hid_reports_free(p->r);
	hid_desc_free(&p->d);
	return 0;
}

static void check(struct play *p, const struct hid_field *f, unsigned long since, double expected)
{
	double v = -1;

	assert_int_equal(hid_reports_value(p->r, f, since, &v), HID_OK);
	assert_true(v == expected);
}

static void check_refused(struct play *p, const struct hid_field *f)
{
	double v;

	assert_int_equal(hid_reports_value(p->r, f, hid_reports_poll(p->r), &v), HID_REFUSED);
}

static void check_none(struct play *p, const struct hid_field *f)
{
	double v;

	assert_int_equal(hid_reports_value(p->r, f, hid_reports_poll(p->r), &v), HID_NONE);
}

static void a_report_is_fetched_once_a_poll(void **state)
{
	struct play *p = *state;

	check(p, p->one, 1, 10);
	check(p, p->two, 1, 11);
	check(p, p->one, 1, 10);
	assert_int_equal(p->dev.gets, 1);
	p->dev.reports[1][1] = 77;
	check(p, p->one, hid_reports_begin(p->r), 77);
	check(p, p->two, hid_reports_poll(p->r), 11);
	assert_int_equal(p->dev.gets, 2);
	assert_int_equal(hid_reports_statistics(p->r)->gets, 2);
	assert_int_equal(hid_reports_statistics(p->r)->saved, 3);
}

static void an_old_report_does_where_age_does_not_matter(void **state)
{
	struct play *p = *state;

	check(p, p->three, 0, 20);
	p->dev.reports[2][1] = 99;
	hid_reports_begin(p->r);
	check(p, p->three, 0, 20);
	assert_int_equal(p->dev.gets, 1);
	hid_reports_forget(p->r);
	check(p, p->three, 0, 99);
}

static void a_packet_of_the_interrupt_pipe_is_newer_than_the_feature(void **state)
{
	struct play *p = *state;
	uint8_t number;

	check(p, p->one, 1, 10);
	assert_true(hid_reports_interrupt(p->r, (const uint8_t *)"\x01\x63\x64", 3, &number));
	assert_int_equal(number, 1);
	check(p, p->one, 1, 0x63);
	check(p, p->two, 1, 0x64);
	assert_int_equal(p->dev.gets, 1);
	check(p, p->one, hid_reports_begin(p->r), 10);
	assert_int_equal(p->dev.gets, 2);
}

static void a_short_packet_updates_only_what_it_has(void **state)
{
	struct play *p = *state;
	uint8_t number;

	check(p, p->one, 1, 10);
	assert_true(hid_reports_interrupt(p->r, (const uint8_t *)"\x01\x63", 2, &number));
	check(p, p->one, 1, 0x63);
	check(p, p->two, 1, 11);
	assert_int_equal(hid_reports_statistics(p->r)->shorts, 1);
}

static void packets_of_no_report_are_refused(void **state)
{
	struct play *p = *state;
	uint8_t number;

	assert_false(hid_reports_interrupt(p->r, (const uint8_t *)"\x09\x63", 2, &number));
	assert_false(hid_reports_interrupt(p->r, (const uint8_t *)"\x02\x63", 2, &number));
	assert_false(hid_reports_interrupt(p->r, (const uint8_t *)"", 0, &number));
	assert_int_equal(hid_reports_statistics(p->r)->strays, 2);
}

static void with_nothing_asked_values_come_from_packets_alone(void **state)
{
	struct play *p = *state;
	uint8_t number;

	hid_reports_never_ask(p->r, true);
	check_none(p, p->one);
	assert_true(hid_reports_interrupt(p->r, (const uint8_t *)"\x01\x05\x06", 3, &number));
	hid_reports_begin(p->r);
	check(p, p->one, 0, 5);
	assert_int_equal(p->dev.gets, 0);
}

static void a_short_answer_gives_what_is_in_it(void **state)
{
	struct play *p = *state;

	p->dev.lengths[1] = 2;
	check(p, p->one, 1, 10);
	check_none(p, p->two);
	check_none(p, p->two);
	assert_int_equal(p->dev.gets, 1);
	assert_int_equal(hid_reports_statistics(p->r)->shorts, 1);
}

static void a_value_that_was_cut_off_is_not_the_one_of_before(void **state)
{
	struct play *p = *state;

	check(p, p->two, 1, 11);
	p->dev.lengths[1] = 2;
	hid_reports_begin(p->r);
	check_none(p, p->two);
}

static void an_answer_that_is_too_long_is_cut(void **state)
{
	struct play *p = *state;

	hid_reports_ask_maximum(p->r, true);
	p->dev.lengths[1] = 8;
	check(p, p->two, 1, 11);
	assert_int_equal(p->dev.asked, 256);
	assert_int_equal(hid_reports_statistics(p->r)->longs, 1);
}

static void after_an_overflow_more_is_asked_for(void **state)
{
	struct play *p = *state;

	p->dev.overflows = true;
	p->dev.lengths[1] = 8;
	check(p, p->one, 1, 10);
	assert_int_equal(p->dev.gets, 2);
	check(p, p->one, hid_reports_begin(p->r), 10);
	assert_int_equal(p->dev.gets, 3);
	assert_int_equal(hid_reports_statistics(p->r)->overflows, 1);
}

static void the_answer_to_another_question_is_not_taken(void **state)
{
	struct play *p = *state;

	p->dev.reports[1][0] = 2;
	check_none(p, p->one);
	assert_int_equal(hid_reports_statistics(p->r)->strays, 1);
	hid_reports_begin(p->r);
	p->dev.reports[1][0] = 0;
	check(p, p->one, 2, 10);
}

static void a_report_that_is_refused_is_asked_for_less_and_less(void **state)
{
	struct play *p = *state;
	int tries[3] = {0};

	p->dev.lengths[2] = HID_IO_STALL;
	for (int i = 0; i < 300; i++) {
		check_refused(p, p->three);
		check_refused(p, p->four);
		hid_reports_begin(p->r);
		tries[i / 100] = p->dev.gets;
	}
	assert_in_range(tries[0], 5, 8);
	assert_in_range(tries[2] - tries[0], 2, 5);
	p->dev.lengths[2] = 3;
	for (int i = 0; i < 70; i++) {
		double v;

		hid_reports_value(p->r, p->three, hid_reports_begin(p->r), &v);
	}
	check(p, p->three, hid_reports_begin(p->r), 20);
	p->dev.gets = 0;
	check(p, p->three, hid_reports_begin(p->r), 20);
	assert_int_equal(p->dev.gets, 1);
}

static void a_failure_is_tried_again_at_the_next_poll(void **state)
{
	struct play *p = *state;

	p->dev.lengths[1] = HID_IO_FAILED;
	check_none(p, p->one);
	check_none(p, p->two);
	assert_int_equal(p->dev.gets, 1);
	p->dev.lengths[1] = 0; /* nothing at all is a failure as well */
	hid_reports_begin(p->r);
	check_none(p, p->one);
	p->dev.lengths[1] = 3;
	check(p, p->one, hid_reports_begin(p->r), 10);
	assert_int_equal(hid_reports_statistics(p->r)->failures, 2);
}

static void a_device_that_is_gone_is_said_to_be(void **state)
{
	struct play *p = *state;
	double v;

	p->dev.lengths[1] = p->dev.lengths[2] = HID_IO_GONE;
	assert_int_equal(hid_reports_value(p->r, p->one, 1, &v), HID_GONE);
	assert_int_equal(hid_reports_write(p->r, p->three, 1, false), HID_GONE);
	assert_int_equal(p->dev.sets, 0);
}

static void a_setting_sends_the_whole_report(void **state)
{
	struct play *p = *state;

	assert_int_equal(hid_reports_write(p->r, p->four, 55, false), HID_OK);
	assert_memory_equal(p->dev.written, "\x02\x14\x37", 3);
	assert_int_equal(p->dev.gets, 1);
	p->dev.reports[2][2] = 54;
	check(p, p->four, 0, 54); /* what the device says, not what was written */
	assert_int_equal(p->dev.gets, 2);
}

static void two_settings_in_one_report_do_not_undo_each_other(void **state)
{
	struct play *p = *state;

	assert_int_equal(hid_reports_write(p->r, p->three, 33, false), HID_OK);
	assert_int_equal(hid_reports_write(p->r, p->four, 44, false), HID_OK);
	assert_memory_equal(p->dev.written, "\x02\x21\x2c", 3);
	assert_int_equal(p->dev.gets, 1);
}

static void a_setting_out_of_range_is_not_sent(void **state)
{
	struct play *p = *state;

	assert_int_equal(hid_reports_write(p->r, p->three, 256, false), HID_RANGE);
	assert_int_equal(p->dev.sets, 0);
	check(p, p->three, 1, 20);
}

static void a_report_that_can_only_be_written_begins_with_zeros(void **state)
{
	struct play *p = *state;

	p->dev.lengths[2] = HID_IO_STALL;
	assert_int_equal(hid_reports_write(p->r, p->four, 1, false), HID_OK);
	assert_memory_equal(p->dev.written, "\x02\x00\x01", 3);
}

static void a_setting_that_fails_is_not_remembered(void **state)
{
	struct play *p = *state;

	p->dev.set_result = HID_IO_STALL;
	assert_int_equal(hid_reports_write(p->r, p->three, 33, false), HID_NONE);
	p->dev.set_result = 0;
	assert_int_equal(hid_reports_write(p->r, p->four, 44, false), HID_OK);
	assert_memory_equal(p->dev.written, "\x02\x14\x2c", 3);
}

static void strings_are_read_once(void **state)
{
	struct play *p = *state;

	assert_string_equal(hid_reports_string(p->r, 3), "PbAc");
	assert_string_equal(hid_reports_string(p->r, 3), "PbAc");
	assert_int_equal(p->dev.string_asked, 1);
	assert_null(hid_reports_string(p->r, 0));
	assert_null(hid_reports_string(p->r, 4));
	assert_null(hid_reports_string(p->r, 100000));
	assert_int_equal(p->dev.string_asked, 2);
}

static void whole_reports_are_there_for_those_who_need_them(void **state)
{
	struct play *p = *state;
	const uint8_t *bytes;
	size_t len;

	assert_int_equal(hid_reports_bytes(p->r, HID_INPUT, 3, 0, 1, &bytes, &len), HID_OK);
	assert_int_equal(len, 2);
	assert_memory_equal(bytes, "\x03\x1e", 2);
	check(p, p->five, 1, 30);
	assert_int_equal(p->dev.gets, 1);
	assert_int_equal(hid_reports_bytes(p->r, HID_FEATURE, 3, 0, 1, &bytes, &len), HID_NONE);
}

static void a_report_that_no_descriptor_knows_can_be_asked_for(void **state)
{
	struct play *p = *state;
	const uint8_t *bytes;
	size_t len;

	memcpy(p->dev.reports[9], "\x09\x41\x42", 3);
	p->dev.lengths[9] = 3;
	assert_int_equal(hid_reports_bytes(p->r, HID_FEATURE, 9, 8, 1, &bytes, &len), HID_OK);
	assert_int_equal(p->dev.asked, 8);
	assert_int_equal(len, 3);
	assert_memory_equal(bytes, "\x09\x41\x42", 3);
	assert_int_equal(hid_reports_bytes(p->r, HID_FEATURE, 9, 8, 1, &bytes, &len), HID_OK);
	assert_int_equal(p->dev.gets, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_report_is_fetched_once_a_poll),
		TEST(an_old_report_does_where_age_does_not_matter),
		TEST(a_packet_of_the_interrupt_pipe_is_newer_than_the_feature),
		TEST(a_short_packet_updates_only_what_it_has),
		TEST(packets_of_no_report_are_refused),
		TEST(with_nothing_asked_values_come_from_packets_alone),
		TEST(a_short_answer_gives_what_is_in_it),
		TEST(a_value_that_was_cut_off_is_not_the_one_of_before),
		TEST(an_answer_that_is_too_long_is_cut),
		TEST(after_an_overflow_more_is_asked_for),
		TEST(the_answer_to_another_question_is_not_taken),
		TEST(a_report_that_is_refused_is_asked_for_less_and_less),
		TEST(a_failure_is_tried_again_at_the_next_poll),
		TEST(a_device_that_is_gone_is_said_to_be),
		TEST(a_setting_sends_the_whole_report),
		TEST(two_settings_in_one_report_do_not_undo_each_other),
		TEST(a_setting_out_of_range_is_not_sent),
		TEST(a_report_that_can_only_be_written_begins_with_zeros),
		TEST(a_setting_that_fails_is_not_remembered),
		TEST(strings_are_read_once),
		TEST(whole_reports_are_there_for_those_who_need_them),
		TEST(a_report_that_no_descriptor_knows_can_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
