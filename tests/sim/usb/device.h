/*
 * device: what a simulated USB device is and how it answers requests.
 *
 * Read from a file in the format of README.md.  Nothing here knows of umockdev;
 * whoever calls holds the simulator's lock.
 */
#ifndef TESTS_SIM_USB_DEVICE_H
#define TESTS_SIM_USB_DEVICE_H

#include <glib.h>

enum { REPORT_INPUT = 1, REPORT_OUTPUT = 2, REPORT_FEATURE = 3, REPORT_KINDS = 4 };

/* How a report answers; LENGTH_AS_IS or a number of bytes. */
enum { LENGTH_AS_IS = -1 };

struct report {
	GByteArray *bytes; /* NULL: the device has none */
	gboolean stalls, hangs;
	int length;
	guint gets; /* times the host asked for it */
};

struct device {
	char *file;
	guint16 vendor_id, product_id, release;
	guint8 text_index[3]; /* vendor, product, serial */
	char *texts[256];
	GByteArray *report_descriptor;
	int length_config, length_request; /* of it, as told; -1 = the truth */
	struct report reports[REPORT_KINDS][256];
	gboolean has_interrupt, has_kernel_driver;
	gboolean is_adapter; /* it takes reports of any kind and vendor requests, and notes texts */
	guint packet_size;
	guint least_request; /* bytes of a report that the host has to ask for to get an answer */
	guint hid_interface;     /* those before are something else */
	guint configurations;    /* two: the first one is of no use */
	guint configuration;     /* the value of the one in force */
	guint hid_at;            /* so many HID descriptors of no use are before the right one */
	gboolean others_are_hid; /* and still of class HID */
	gboolean has_out;        /* an interrupt pipe to the device */
	const char *speed;   /* megabits, as sysfs has it */

	/* faults */
	gboolean hangs, texts_stall, descriptor_stalls;

	guint fuse; /* it is unplugged at so many calls of programs from now on; 0 = never */
	gboolean fuse_plugs; /* and plugged in again at once */

	GString *log; /* what the host did to it */
	guint controls;
};

/* NULL and *why (to be freed) if the file is not one of a device. */
struct device *device_read(const char *path, char **why);
void device_free(struct device *d);

/* Device descriptor and configuration, as sysfs has them. */
GByteArray *device_descriptors(const struct device *d);

/*
 * Answers a control request: `setup` of 8 bytes, `data` as long as it says, in or out.
 * Returns how many bytes went, -errno of the transfer, or DEVICE_HANGS.
 */
enum { DEVICE_HANGS = -100000 };
int device_control(struct device *d, const guint8 *setup, guint8 *data);

/* Parses "0c 01 ff" (also 0x0c,0x01); NULL if it is something else. */
GByteArray *hex_bytes(const char *text);
char *bytes_hex(const guint8 *bytes, gsize len);

void device_note(struct device *d, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

#endif
