/*
 * capture: a device as a file that the simulator plays (tests/sim/usb/README.md): who it
 * is, its report descriptor, all its reports, and what changes while one looks.
 */
#ifndef DRIVERS_USBHID_CAPTURE_H
#define DRIVERS_USBHID_CAPTURE_H

#include <stdbool.h>

#include "drivers/transport/usb.h"
#include "drivers/usbhid/hiddesc.h"
#include "drivers/usbhid/hidusage.h"

struct capture {
	struct core *core;
	struct usb *usb;
	const struct hid_desc *desc;
	const struct hid_usages *usages; /* names that begin with `i` are numbers of texts */
	const uint8_t *descriptor;       /* as it came */
	size_t descriptor_size;
	long seconds;   /* how long changes are watched for; 0: not at all */
	bool anonymous; /* the serial number is left out */
};

/*
 * Writes the file, which may not be there yet; nobody but its owner can read it.  False: said
 * why not in the log; no half of a file is left.
 */
bool capture_write(const struct capture *c, const char *path);

#endif
