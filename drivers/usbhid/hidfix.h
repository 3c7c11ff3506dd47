/*
 * hidfix: corrections of report descriptors that are known to be wrong, by the
 * names that maps give them (quirk(name), docs/maps.md).
 */
#ifndef DRIVERS_USBHID_HIDFIX_H
#define DRIVERS_USBHID_HIDFIX_H

#include <stdbool.h>

#include "drivers/usbhid/hiddesc.h"

/* The names of all corrections; ends with NULL. */
extern const char *const hidfix_names[];

/* Returns how many fields were changed: none if they are right on this device, or there is no such
 * correction. */
unsigned hidfix_apply(struct hid_desc *d, const char *name);

#endif
