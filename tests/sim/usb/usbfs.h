/*
 * usbfs: what the kernel's /dev/bus/usb nodes do, for one simulated device that is
 * plugged in: ioctls of the programs that have it open, and who has claimed it.
 *
 * umockdev calls the handler from a thread of its own; `usbfs_lock` guards everything,
 * the devices included.
 */
#ifndef TESTS_SIM_USB_USBFS_H
#define TESTS_SIM_USB_USBFS_H

#include <umockdev.h>

#include "tests/sim/usb/device.h"

extern GMutex usbfs_lock;

/* Changes of the interface's driver ("usbhid", "usbfs", NULL), called with the lock held. */
typedef void usbfs_driver_fn(void *arg, const char *driver);

/* The device's fuse has blown: programs find it gone already, the rest is to be done. The same. */
typedef void usbfs_fuse_fn(void *arg);

typedef struct Usbfs Usbfs; /* a GObject, a UMockdevIoctlBase */

Usbfs *usbfs_new(struct device *d, usbfs_driver_fn *fn, usbfs_fuse_fn *fuse, void *arg);

/* The rest with the lock held. */
void usbfs_unplug(Usbfs *f); /* all that waits ends, nothing works any more */
void usbfs_interrupt(Usbfs *f,
		     GByteArray *packet);        /* takes the packet; it is kept until it is read */
void usbfs_interrupt_fault(Usbfs *f, int error); /* the transfer that waits ends with it */
void usbfs_set_stuck(Usbfs *f, gboolean stuck);  /* the kernel's driver cannot be detached */
const char *usbfs_driver(const Usbfs *f);        /* NULL: nobody has the interface */
guint usbfs_waiting(const Usbfs *f);             /* transfers under way */
/* Microseconds from the last packet until a program fetched it; 0: not yet. */
guint usbfs_packet_us(const Usbfs *f);

#endif
