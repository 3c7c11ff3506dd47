/*
 * The USB carriers of nutdrv_qx with a hostile adapter: the first byte is the way and the
 * query, the second the size of packets, the rest is what the adapter says (usbliar.h).
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/qx/qxusb_private.h"
#include "tests/lib/usbliar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct qx_way *way_number(size_t n)
{
	static const struct qx_way *const lists[] = {qx_ways_reports, qx_ways_strings,
						     qx_ways_frames};
	size_t count = 0;

	for (size_t i = 0; i < 3; i++) {
		for (const struct qx_way *w = lists[i]; w->name; w++)
			count++;
	}
	n %= count;
	for (size_t i = 0; i < 3; i++) {
		for (const struct qx_way *w = lists[i]; w->name; w++) {
			if (n-- == 0)
				return w;
		}
	}
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const queries[] = {"Q1\r",       "F\r", "I\r",  "Q5\r",    "QGS\r",
					      "S.5R0003\r", "T\r", "BL\r", "GS,07\r", "M\r"};
	struct qx_usb u = {.dirty = true};
	struct carrier carrier = qx_usb_carrier(&u);
	const char *text;

	if (size < 2)
		return 0;
	u.way = way_number(data[0] & 0x0f);
	usbliar = (struct usbliar){.script = data + 2,
				   .left = size - 2,
				   .endless = data[1] & 1,
				   .empty = data[1] & 2,
				   .packet = data[1] & 4 ? 64 : 8};
	text = queries[(data[0] >> 4) % 10];
	for (int i = 0; i < 3; i++) {
		const struct carrier_query q = {text, strlen(text), '\r', 1000};
		char answer[CARRIER_ANSWER_MAX];
		size_t got = 0;

		usbliar.in = 0;
		usbliar.in_most = 2000;
		carrier.ask(carrier.arg, &q, answer, sizeof(answer), &got);
		if (got > sizeof(answer))
			abort();
		text = queries[i];
	}
	return 0;
}
