/* The USB carriers of nutdrv_qx, with adapters that lie. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/qx/qxusb_private.h"
#include "tests/lib/usbliar.h"

static const struct qx_way *const lists[] = {qx_ways_reports, qx_ways_strings, qx_ways_frames};

static enum carrier_result ask(const struct qx_way *way, char *answer, size_t *got)
{
	static const struct carrier_query q = {"Q1\r", 3, '\r', 1000};
	struct qx_usb u = {.way = way};
	struct carrier carrier = qx_usb_carrier(&u);

	usbliar.in_most = 2000;
	*got = 0;
	return carrier.ask(carrier.arg, &q, answer, CARRIER_ANSWER_MAX, got);
}

/* Texts of zeros are an answer of a carrier, and none of a protocol. */
static void comes_to_an_end(const struct qx_way *way)
{
	char answer[CARRIER_ANSWER_MAX];
	size_t got;

	if (ask(way, answer, &got) == CARRIER_OK)
		assert_true(got > 0 && got <= sizeof(answer) && answer[got - 1] == '\r' &&
			    usbliar.in < 10);
}

static void an_adapter_that_sends_nothing_for_ever_comes_to_an_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (const struct qx_way *w = lists[i]; w->name; w++) {
			for (int empty = 0; empty < 2; empty++) {
				usbliar = (struct usbliar){
					.endless = true, .empty = empty, .packet = 8};
				comes_to_an_end(w);
			}
		}
	}
}

static void packets_of_one_byte_come_to_an_end(void **state)
{
	uint8_t script[2 * 1800];

	(void)state;
	for (size_t i = 0; i < sizeof(script); i += 2) {
		script[i] = 1;
		script[i + 1] = 0x01;
	}
	for (size_t i = 0; i < 3; i++) {
		for (const struct qx_way *w = lists[i]; w->name; w++) {
			usbliar = (struct usbliar){
				.script = script, .left = sizeof(script), .packet = 64};
			comes_to_an_end(w);
		}
	}
}

static void an_adapter_that_is_gone_is_said_to_be(void **state)
{
	static const uint8_t script[] = {255, 255, 255, 255, 255, 255};
	char answer[CARRIER_ANSWER_MAX];
	size_t got;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (const struct qx_way *w = lists[i]; w->name; w++) {
			usbliar = (struct usbliar){
				.script = script, .left = sizeof(script), .packet = 8};
			assert_int_equal(ask(w, answer, &got), CARRIER_GONE);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_adapter_that_sends_nothing_for_ever_comes_to_an_end),
		cmocka_unit_test(packets_of_one_byte_come_to_an_end),
		cmocka_unit_test(an_adapter_that_is_gone_is_said_to_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
