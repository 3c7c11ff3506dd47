/*
 * hiddesc: a HID report descriptor as an array of fields (HID 1.11, chapter 6).
 *
 * A descriptor is what the device says, so nothing in it is an error: what
 * cannot be understood is left out and counted.  Nesting, the number of fields
 * and the length of reports are bounded, and nothing is recursive.
 *
 * Corrections for devices that are known to lie (QUIRK lines of maps) are made
 * to the fields after parsing.
 */
#ifndef DRIVERS_USBHID_HIDDESC_H
#define DRIVERS_USBHID_HIDDESC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers are those of GET_REPORT and SET_REPORT. */
enum hid_type { HID_INPUT = 1, HID_OUTPUT, HID_FEATURE };

enum {
	HID_TYPES = 4, /* for arrays indexed by the type */
	HID_MAX_PATH = 12,
	HID_MAX_FIELDS = 4096,
	HID_MAX_REPORT = 4096, /* bytes of data in a report, without its number */
};

/* Bits of hid_field.flags, as the main item has them. */
enum {
	HID_CONSTANT = 0x01, /* devices put it on values that change: it means nothing */
	HID_VARIABLE = 0x02,
	HID_VOLATILE = 0x80,
};

struct hid_field {
	uint32_t path[HID_MAX_PATH]; /* usages, page << 16 | number, the outermost first */
	unsigned depth;              /* how many */
	enum hid_type type;
	uint8_t report; /* its number; 0 where the device numbers no reports */
	uint32_t bit;   /* first bit, counted from behind the report's number */
	uint32_t bits;
	int64_t logical_min, logical_max;
	int64_t physical_min, physical_max; /* both 0: no physical range */
	uint32_t unit;
	int exponent; /* of ten, -8 to 7 */
	uint32_t flags;
	bool mended; /* the maximum was negative, and taken as unsigned */
};

struct hid_desc {
	struct hid_field *fields; /* in the order of the descriptor */
	size_t count;
	bool numbered;                 /* reports begin with their number */
	uint32_t bits[HID_TYPES][256]; /* length of each report; 0 = there is none */
	unsigned left_out;             /* items that could not be understood or kept */
};

/* Reads `len` bytes.  False: no memory, *d is empty then. */
bool hid_desc_parse(struct hid_desc *d, const void *bytes, size_t len);
void hid_desc_free(struct hid_desc *d);

/* The first field of that type and path, or NULL. */
const struct hid_field *hid_desc_find(const struct hid_desc *d, enum hid_type type,
				      const uint32_t *path, unsigned depth);

/* Bytes of a report as it is transferred, its number included; 0 = there is none. */
size_t hid_desc_report_size(const struct hid_desc *d, enum hid_type type, uint8_t report);

/* Where the data of a report begin: behind its number, if there is one. */
size_t hid_desc_data_offset(const struct hid_desc *d);

#endif
