/*
 * redir: one simulated USB device for an emulator (qemu -device usb-redir), in usbredir's
 * protocol: the guest's requests come as packets over a socket.  The socket is a place on
 * the guest's bus: it outlives the device, which is plugged in there and taken out, and the
 * guest, which may be started anew.  In GLib's main loop; no other thread.
 */
#ifndef TESTS_SIM_USB_REDIR_H
#define TESTS_SIM_USB_REDIR_H

#include "tests/sim/usb/device.h"

struct redir;

/* Listens on a socket for emulators, one after the other.  The device is borrowed. */
struct redir *redir_new(struct device *d, const char *path, char **why);
void redir_free(struct redir *r);

void redir_plug(struct redir *r, gboolean on);             /* also while there is no emulator */
void redir_interrupt(struct redir *r, GByteArray *packet); /* takes it; kept until it is read */
guint redir_waiting(const struct redir *r);                /* transfers under way */

#endif
