/*
 * usbknown: which driver is for a USB device, as the maps say it, the
 * administrator's among them.
 */
#ifndef DRIVERS_SCAN_USBKNOWN_H
#define DRIVERS_SCAN_USBKNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/conffile.h"

struct usbknown;

struct usbknown_device {
	uint16_t vendor_id, product_id;
	bool has_texts; /* false: they could not be read, and ids alone decide */
	const char *vendor, *product, *serial;
	bool is_power; /* HID reports of the Power Device page */
};

struct usbknown_answer {
	const char *driver;     /* the better one; NULL: no map knows it */
	const char *alternates; /* NULL, or the other one */
	const char *foreign;    /* NUT has a driver for it, and this suite has not; or NULL */
};

/* Maps with mistakes are reported, and left out.  NULL: no memory. */
struct usbknown *usbknown_new(struct conf_report *r);
void usbknown_free(struct usbknown *k);

/* Texts of the answer are constants. */
struct usbknown_answer usbknown_ask(const struct usbknown *k, const struct usbknown_device *d);

#endif
