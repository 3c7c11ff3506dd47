#include "config.h"

#include <string.h>

#include "drivers/usbhid/hiddoubt.h"

enum {
	USAGE_PRESENT_STATUS = 0x840002,
	USAGE_AC_PRESENT = 0x8500d0,
	USAGE_REMAINING_CAPACITY = 0x850066,
};

const char hid_doubt_charge[] = "charge-as-state";
const char hid_doubt_empty[] = "empty-state";

/* The report of the first field of that usage, below that one; 0 = any. */
static uint8_t report_of(const struct hid_desc *d, uint32_t parent, uint32_t usage)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct hid_field *f = &d->fields[i];

		if (f->depth > 1 && f->path[f->depth - 1] == usage &&
		    (parent == 0 || f->path[f->depth - 2] == parent))
			return f->report;
	}
	return 0;
}

/* A feature and an input of one number are taken for each other. */
static bool alike(const struct hid_desc *d, uint8_t report)
{
	size_t input = hid_desc_report_size(d, HID_INPUT, report);
	size_t feature = hid_desc_report_size(d, HID_FEATURE, report);

	return (input == 0 || feature == 0 || input == feature) &&
	       (input > feature ? input : feature) <= HID_DOUBT_SIZE;
}

void hid_doubt_make(struct hid_doubt *x, const struct hid_desc *d, bool charge, bool empty)
{
	memset(x, 0, sizeof(*x));
	if (!d->numbered)
		return;
	x->state = report_of(d, USAGE_PRESENT_STATUS, USAGE_AC_PRESENT);
	x->charge = report_of(d, 0, USAGE_REMAINING_CAPACITY);
	if (!x->state || !alike(d, x->state))
		return;
	x->is_charge = charge && x->charge && x->state != x->charge;
	x->is_empty = empty;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static bool is_odd(const struct hid_doubt *x, const uint8_t *bytes, size_t len)
{
	if (x->is_charge && x->charge_known && bytes[1] == x->charge_byte)
		return true;
	return x->is_empty && all_zero(bytes + 1, len - 1);
}

/* What was believed before, given once more, is no surprise. */
static bool is_known(const struct hid_doubt *x, const uint8_t *bytes, size_t len)
{
	return len == x->good_len && memcmp(bytes, x->good, len) == 0;
}

bool hid_doubt_believes(struct hid_doubt *x, const uint8_t *bytes, size_t len, bool asked)
{
	if (len < 2 || !(x->is_charge || x->is_empty))
		return true;
	if (x->is_charge && bytes[0] == x->charge) {
		x->charge_known = true;
		x->charge_byte = bytes[1];
	}
	if (bytes[0] != x->state)
		return true;
	if (len > HID_DOUBT_SIZE)
		len = HID_DOUBT_SIZE;
	if (is_odd(x, bytes, len) && !is_known(x, bytes, len)) {
		x->count += asked;
		if (!asked || x->count < HID_DOUBTS)
			return false;
	}
	x->count = 0;
	memcpy(x->good, bytes, len);
	x->good_len = len;
	return true;
}
