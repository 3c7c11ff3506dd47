/*
 * scanprint: findings as sections of ups.conf, or a line each for programs, as NUT's
 * scanner prints them.
 */
#ifndef DRIVERS_SCAN_SCANPRINT_H
#define DRIVERS_SCAN_SCANPRINT_H

#include "common/base/buffer.h"
#include "drivers/scan/finding.h"

/* "usb" of `[nutdev-usb1]`; "USB" of the line. */
extern const char *const scanprint_kinds[FINDING_TYPES];
extern const char *const scanprint_buses[FINDING_TYPES];

/*
 * The name of a section is `nutdev-`, the kind, and one number that runs over all of them;
 * `taken` (may be NULL) says which names are to be passed over.
 */
void scanprint_conf(const struct findings *all, bool (*taken)(void *arg, const char *name),
		    void *arg, struct buffer *out);

/* `USB:driver="usbhid-ups",port="auto",...`; only what counts. Backslashes stand before " and \. */
void scanprint_parsable(const struct findings *all, struct buffer *out);

#endif
