/*
 * hiddoubt: a state that a device gives for a moment, and which is none.
 *
 * Some firmware answers the request for its state with something else now and
 * then: with its charge, or with zeros.  Taken for bits, 95 percent are
 * "shutdown imminent".  Such an answer is not believed before it was given
 * several times in succession, as a state that only looks so will be; until
 * then what was known before holds.
 */
#ifndef DRIVERS_USBHID_HIDDOUBT_H
#define DRIVERS_USBHID_HIDDOUBT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/usbhid/hiddesc.h"

enum {
	HID_DOUBTS = 3, /* answers in succession; the last of them is believed */
	HID_DOUBT_SIZE = 16,
};

/* All zero: nothing is doubted. */
struct hid_doubt {
	uint8_t state, charge; /* reports' numbers; 0 = there is none */
	bool is_charge;        /* doubted is what the report of the charge begins with */
	bool is_empty;         /* doubted are zeros */
	bool charge_known;
	uint8_t charge_byte;
	unsigned count;
	uint8_t good[HID_DOUBT_SIZE]; /* the last state that was believed */
	size_t good_len;
};

/* The names that maps have for what is doubted (quirk(name), docs/maps.md); both may hold. */
extern const char hid_doubt_charge[];
extern const char hid_doubt_empty[];

/* Nothing is doubted where the descriptor numbers no reports, or has no state. */
void hid_doubt_make(struct hid_doubt *x, const struct hid_desc *d, bool charge, bool empty);

/* A report that came, its number in front; `asked`: it is an answer.  False: it is not to be
 * believed. */
bool hid_doubt_believes(struct hid_doubt *x, const uint8_t *bytes, size_t len, bool asked);

#endif
