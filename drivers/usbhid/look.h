/*
 * look: usbhid-ups --explore and --capture.  The driver finds and opens the device as ever;
 * instead of serving it, it is printed, or written into a file, and that is all.
 */
#ifndef DRIVERS_USBHID_LOOK_H
#define DRIVERS_USBHID_LOOK_H

#include "drivers/core/driver.h"
#include "drivers/maps/mapset.h"
#include "drivers/transport/usb.h"
#include "drivers/usbhid/hidreports.h"

struct look {
	struct core *core;
	struct usb *usb;
	const struct mapset *maps;
	const struct map *map; /* the device's own, or NULL */
	const struct hid_desc *desc;
	const uint8_t *descriptor; /* as it came */
	size_t descriptor_size;
	struct hid_io io;
	/* See capture.h. */
	struct usb *(*again)(void *arg, long long end_ms);
	void *arg;
};

/* Rows for the options of the driver. */
#define LOOK_OPTIONS                                                                               \
	{.name = "explore",                                                                        \
	 .help = "print what a device has, as a draft of a map, and end",                          \
	 .flags = DRIVER_OPTION_LOOK},                                                             \
		{.name = "capture",                                                                \
		 .argument = "file",                                                               \
		 .help = "write all of a device into a file that the simulator plays, and end",    \
		 .flags = DRIVER_OPTION_LOOK},                                                     \
		{.name = "capture_seconds",                                                        \
		 .argument = "seconds",                                                            \
		 .help = "watch what changes for that long, and write it there, too",              \
		 .flags = DRIVER_OPTION_LOOK,                                                      \
		 .max = 86400},                                                                    \
	{                                                                                          \
		.name = "capture_anonymous", .help = "leave the serial number out",                \
		.flags = DRIVER_OPTION_LOOK                                                        \
	}

/* False: options that want another one; said which. */
bool look_options_fit(const struct core *c);

/* True if the options ask for it. */
bool look_is_wanted(const struct core *c);

/* For a device that no map is for: true if it may be a power device, or was named by who asks. */
bool look_accepts(const struct core *c, const struct usb *usb);

/* Does what the options ask for, and ends the process. */
void look_at(const struct look *l);

#endif
