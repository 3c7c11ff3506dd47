/*
 * explore: what a HID device has, for people who meet it for the first time:
 * every field with its value, and a draft map for it.
 */
#ifndef DRIVERS_USBHID_EXPLORE_H
#define DRIVERS_USBHID_EXPLORE_H

#include <stdint.h>
#include <stdio.h>

#include "drivers/maps/map.h"
#include "drivers/usbhid/hidreports.h"
#include "drivers/usbhid/hidusage.h"

/* Maps of other devices: what they say of a path is what the draft says of it. */
struct explore_known {
	struct map *const *maps;
	size_t count;
	const struct map *names; /* the map that the names of usages come from */
};

/* Prints the fields, then the map.  GONE if the device is lost meanwhile. */
enum hid_result explore_print(FILE *out, const struct hid_desc *d, struct hid_reports *reports,
			      const struct hid_usages *usages, uint16_t vendor, uint16_t product,
			      const struct explore_known *known);

#endif
