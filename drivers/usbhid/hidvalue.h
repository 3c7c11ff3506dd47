/*
 * hidvalue: what a field of a report says, and back.
 *
 * The bits are collected least significant first.  Only those count that the
 * logical range needs, with a sign if its minimum is negative; the result is
 * clamped to the range.  A physical range, where there is one, scales it; then
 * come the powers of ten: the unit's exponent, less 7 where volts and watts are
 * made of centimetres and grams.
 */
#ifndef DRIVERS_USBHID_HIDVALUE_H
#define DRIVERS_USBHID_HIDVALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/usbhid/hiddesc.h"

/* `data` begins behind the report's number, `len` bytes.  False where the report is too short, or
 * the field is no number (more than 64 bits). */
bool hid_value_get(const struct hid_field *f, const uint8_t *data, size_t len, double *value);

/* The logical value, not scaled. */
bool hid_value_get_raw(const struct hid_field *f, const uint8_t *data, size_t len, int64_t *raw);

/* Writes the nearest that the field can hold, but 0 only for less than 1; nothing else in `data`
 * changes.  False, and nothing is written, where hid_value_get() would say false, or the value is
 * outside of the field's range by more than rounding. */
bool hid_value_set(const struct hid_field *f, uint8_t *data, size_t len, double value);

/* The same, for commands: the range is what the bits hold, with a sign or without.  Descriptors are
 * careless about what is only written. */
bool hid_value_force(const struct hid_field *f, uint8_t *data, size_t len, double value);

/* The lowest and the highest number that hid_value_set() takes; *min > *max where it takes none. */
void hid_value_range(const struct hid_field *f, double *min, double *max);

/* How far two values are apart that the field can hold, one beside the other. */
double hid_value_step(const struct hid_field *f);

#endif
