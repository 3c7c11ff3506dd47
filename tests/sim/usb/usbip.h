/*
 * usbip: one simulated device at the far end of a kernel's vhci_hcd, in the protocol
 * of usbip (kernel: Documentation/usb/usbip_protocol.rst): the kernel's requests come
 * as messages over a socket.  In GLib's main loop; no other thread.
 */
#ifndef TESTS_SIM_USB_USBIP_H
#define TESTS_SIM_USB_USBIP_H

#include "tests/sim/usb/device.h"

struct usbip;

/* Takes the socket; the device is borrowed. */
struct usbip *usbip_new(struct device *d, int fd);
void usbip_free(struct usbip *u); /* closes the socket: the device is gone */

void usbip_interrupt(struct usbip *u,
		     GByteArray *packet); /* takes the packet; it is kept until it is read */
void usbip_interrupt_fault(struct usbip *u, int error); /* the transfer that waits ends with it */
guint usbip_waiting(const struct usbip *u);             /* transfers under way */

#endif
