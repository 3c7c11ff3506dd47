/*
 * control: the simulator's ports and the commands for them (README.md), whatever brings
 * the devices to the host: umockdev's usbfs (usbsim.c), or a kernel's own (vhcisim.c).
 */
#ifndef TESTS_SIM_USB_CONTROL_H
#define TESTS_SIM_USB_CONTROL_H

#include <glib.h>

#include "tests/sim/usb/device.h"

enum { PORTS_MAX = 16 };

/* A place of the bus, with its device plugged in or not. */
struct port {
	guint index; /* 1 ... */
	struct device *device;
	void *plugged; /* the carrier's; NULL: nothing is plugged in */
	guint number;  /* of the device, 0 = not known yet */
	guint mode;    /* of the node */
};

struct port_state {
	char driver[32]; /* of the interface, "" = none */
	guint number;
	guint waiting; /* transfers under way */
	guint packet_us; /* from the last packet until a program fetched it; 0: not yet, or not known */
};

/* Functions that return a text return NULL, or why not (to be freed). */
struct carrier {
	/* Both with an unplugged and a plugged port only.  Number 0: the next. */
	char *(*plug)(struct port *p, guint number);
	void (*unplug)(struct port *p);

	/* The rest with `lock` held, for a port with its device plugged in. */
	GMutex *lock;
	void (*interrupt)(struct port *p, GByteArray *packet); /* takes it */
	void (*interrupt_fault)(struct port *p, int error);
	void (*state)(struct port *p, struct port_state *s);

	/* NULL: the host is a real one, and does as it likes. */
	void (*stuck)(struct port *p, gboolean on); /* the host's driver cannot be detached */
	void (*mode)(struct port *p);               /* p->mode is new; also unplugged, unlocked */
};

/* Reads device files into `ports`, of PORTS_MAX. */
char *control_read(struct port *ports, char **files, guint count);

/*
 * Takes commands on the socket and on standard input until `quit`, a signal, or the end
 * of standard input.  `hello` is printed first.  Returns the exit status.
 */
int control_run(const struct carrier *c, struct port *ports, guint count, const char *socket,
		const char *hello);

#endif
