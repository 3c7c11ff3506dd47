/*
 * hiddevice: a HID device as the engine sees it: places are fields of the report
 * descriptor, found by their paths; values come from hidreports.
 */
#ifndef DRIVERS_USBHID_HIDDEVICE_H
#define DRIVERS_USBHID_HIDDEVICE_H

#include "drivers/engine/device.h"
#include "drivers/maps/map.h"
#include "drivers/usbhid/hidreports.h"

struct hid_device_options {
	bool passive;                   /* the device is never asked: interruptonly */
	bool ask_maximum;               /* maxreport */
	bool doubt_charge, doubt_empty; /* hiddoubt.h */
};

struct hid_device;

/* All that is given is borrowed for as long as this lives; `match` may be NULL. The names of
 * usages, and the number "skip-report", are the map's.  NULL: no memory. */
struct hid_device *hid_device_new(const struct map *map, const struct map_match *match,
				  const struct hid_desc *d, struct hid_reports *reports,
				  const struct hid_device_options *options);
void hid_device_free(struct hid_device *h);

/* For engine_new(); good for as long as `h`. */
struct engine_device hid_device_ops(struct hid_device *h);

#endif
