/*
 * usbscan: the UPSes on the USB.
 *
 * Every device is looked at; the ones that a map knows, that tell of themselves that they
 * are power devices, or that only NUT has a driver for, are opened for their texts, and
 * nothing else is asked of them: a driver at work on one is not disturbed.
 */
#ifndef DRIVERS_SCAN_USBSCAN_H
#define DRIVERS_SCAN_USBSCAN_H

#include "common/base/conffile.h"
#include "drivers/scan/finding.h"

/*
 * `detail` is how often it was asked for: 2 makes bus and port of the hub count, 3 the
 * number of the device, 4 shows its release.  Two that cannot be told apart otherwise are by
 * their places.  False: libusb does not work, `why` says why.
 */
bool usbscan_run(int detail, struct conf_report *r, struct findings *all, char *why, size_t size);

#endif
