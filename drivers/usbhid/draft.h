/*
 * draft: a map for a HID device that has none.  Rows are what shipped maps say of the same
 * path, or of one with the same end; one whose value cannot be right is left out, or scaled.
 * What nobody knows is there as a comment with its value, for people to name.
 */
#ifndef DRIVERS_USBHID_DRAFT_H
#define DRIVERS_USBHID_DRAFT_H

#include <stdint.h>
#include <stdio.h>

#include "drivers/maps/map.h"
#include "drivers/usbhid/hidreports.h"
#include "drivers/usbhid/hidusage.h"

struct draft_source {
	const struct hid_desc *desc;
	struct hid_reports *reports;
	const struct hid_usages *usages;
	uint16_t vendor, product;
	struct map *const *maps; /* of other devices */
	size_t map_count;
	const struct map *names; /* the map that the names of usages come from */
};

/* GONE if the device is lost meanwhile; NONE: no memory. */
enum hid_result draft_print(FILE *out, const struct draft_source *from);

/* True for the field of a path that a map's row reads: the first feature, else the first input. */
bool draft_reads(const struct hid_desc *d, const struct hid_field *f);

#endif
