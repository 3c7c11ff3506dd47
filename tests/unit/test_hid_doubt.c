/* States that a device gives for a moment, and which are none. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/usbhid/hiddoubt.h"

enum { STATE = 0x16, CHARGE = 0x0c };

static struct hid_field field(uint8_t report, uint32_t parent, uint32_t usage)
{
	return (struct hid_field){.path = {0x840004, 0x840024, parent, usage},
				  .depth = 4,
				  .type = HID_FEATURE,
				  .report = report};
}

/* A Back-UPS BX. */
static void make(struct hid_doubt *x, struct hid_desc *d, bool charge, bool empty)
{
	static struct hid_field fields[2];

	fields[0] = field(CHARGE, 0x840024, 0x850066);
	fields[1] = field(STATE, 0x840002, 0x8500d0);
	*d = (struct hid_desc){.fields = fields, .count = 2, .numbered = true};
	d->bits[HID_FEATURE][STATE] = d->bits[HID_INPUT][STATE] = 32;
	hid_doubt_make(x, d, charge, empty);
}

static bool asked(struct hid_doubt *x, uint8_t report, uint8_t byte)
{
	return hid_doubt_believes(x, (const uint8_t[]){report, byte, 0}, 3, true);
}

static bool sent(struct hid_doubt *x, uint8_t report, uint8_t byte)
{
	return hid_doubt_believes(x, (const uint8_t[]){report, byte, 0}, 3, false);
}

static void the_charge_is_no_state(void **state)
{
	struct hid_doubt x;
	struct hid_desc d;

	(void)state;
	make(&x, &d, true, false);
	assert_true(asked(&x, STATE, 95)); /* the charge is not known yet */
	assert_true(asked(&x, STATE, 0x0a));
	assert_true(asked(&x, CHARGE, 95));
	assert_false(asked(&x, STATE, 95));
	assert_false(sent(&x, STATE, 95));
	assert_int_equal(x.good[1], 0x0a);
	assert_true(asked(&x, STATE, 0x0a));
	assert_true(sent(&x, CHARGE, 94)); /* the newest counts */
	assert_true(asked(&x, STATE, 95));
	assert_false(asked(&x, STATE, 94));
}

static void what_lasts_is_believed(void **state)
{
	struct hid_doubt x;
	struct hid_desc d;

	(void)state;
	make(&x, &d, true, false);
	assert_true(asked(&x, STATE, 0x0a));
	assert_true(asked(&x, CHARGE, 26));
	assert_false(asked(&x, STATE, 26));
	for (int i = 0; i < 10; i++)
		assert_false(sent(&x, STATE, 26)); /* packets may come in crowds */
	assert_false(asked(&x, STATE, 26));
	assert_true(asked(&x, STATE, 26));
	assert_true(asked(&x, STATE, 26));
	assert_true(sent(&x, STATE, 26));
	assert_true(asked(&x, STATE, 0x0a));
	assert_false(asked(&x, STATE, 26));
}

static void a_state_that_was_there_before_the_charge_came_to_it_holds(void **state)
{
	struct hid_doubt x;
	struct hid_desc d;

	(void)state;
	make(&x, &d, true, false);
	assert_true(asked(&x, STATE, 0x0c));
	assert_true(asked(&x, CHARGE, 0x0c));
	assert_true(asked(&x, STATE, 0x0c));
	assert_true(sent(&x, STATE, 0x0c));
}

static void nothing_is_not_a_state_either(void **state)
{
	struct hid_doubt x;
	struct hid_desc d;

	(void)state;
	make(&x, &d, false, true);
	assert_true(asked(&x, STATE, 1));
	assert_true(asked(&x, CHARGE, 7));
	assert_true(asked(&x, STATE, 7));
	assert_false(asked(&x, STATE, 0));
	assert_true(asked(&x, STATE, 1));
	assert_false(asked(&x, STATE, 0));
	assert_false(asked(&x, STATE, 0));
	assert_true(asked(&x, STATE, 0));
}

static void others_are_not_doubted(void **state)
{
	struct hid_doubt x;
	struct hid_desc d;

	(void)state;
	make(&x, &d, false, false);
	assert_true(asked(&x, CHARGE, 95));
	assert_true(asked(&x, STATE, 95));
	assert_true(asked(&x, STATE, 0));
	make(&x, &d, true, true);
	assert_true(hid_doubt_believes(&x, (const uint8_t[]){STATE}, 1, true));
	d.numbered = false; /* what begins with a number then is data */
	hid_doubt_make(&x, &d, true, true);
	assert_true(asked(&x, STATE, 0));
	d.numbered = true;
	d.bits[HID_INPUT][STATE] = 8; /* neither can stand for the other */
	hid_doubt_make(&x, &d, true, true);
	assert_true(asked(&x, STATE, 0));
	d.bits[HID_INPUT][STATE] = d.bits[HID_FEATURE][STATE] = 8 * 100;
	hid_doubt_make(&x, &d, true, true);
	assert_true(asked(&x, STATE, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_charge_is_no_state),
		cmocka_unit_test(what_lasts_is_believed),
		cmocka_unit_test(a_state_that_was_there_before_the_charge_came_to_it_holds),
		cmocka_unit_test(nothing_is_not_a_state_either),
		cmocka_unit_test(others_are_not_doubted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
