/*
 * usb_private: what the files of the USB transport share.
 *
 *   usb_bus.c     libusb's context in the driver's loop; hot-plug
 *   usb_find.c    which device is meant
 *   usb_open.c    a look at the bus, open, close
 *   usb_claim.c   lock and claim
 *   usb_holder.c  who is in the way, in words
 *   usb_io.c      transfers and strings
 *   usb_listen.c  interrupt reports
 *   usb_place.c   what the system knows of a device
 *   usb_hid.c     requests of the HID class
 */
#ifndef DRIVERS_TRANSPORT_USB_PRIVATE_H
#define DRIVERS_TRANSPORT_USB_PRIVATE_H

#include <libusb.h>
#include <regex.h>
#include <sys/types.h>

#include "common/base/log.h"
#include "drivers/transport/usb.h"

/* ------------------------------------------------------------------------------ bus */

enum { BUS_WATCHES = 16 };

/* Which device it was, for the next open(). */
struct usb_memory {
	bool set;
	struct usb_identity who; /* its number is of no use */
	bool alike;              /* there was another one of its kind beside it */
};

/* libusb in this process.  There is one; see usb_bus_get(). */
struct usb_bus {
	struct core *core;
	libusb_context *context;
	struct {
		int fd;
		struct loop_watch *watch;
	} watches[BUS_WATCHES];
	unsigned blind; /* descriptors that the loop cannot watch: libusb is asked instead */
	struct loop_timer *tick;
	unsigned in_flight; /* transfers that somebody waits for */
	unsigned listening; /* transfers that wait for an event of the device */
	unsigned arrivals;  /* devices plugged in so far */
	bool in_vain;       /* the last search has found no device */
	struct usb *open;
	struct usb_memory memory;
	char said[1024]; /* the last reason why there is no device */
};

/*
 * NULL: libusb cannot be had; that was logged.  After a search in vain it starts libusb
 * anew: libusb reads the bus only once, and hears of plugs only by the system's events.
 * In a container, or without udev, there are none.
 */
struct usb_bus *usb_bus_get(struct core *c);

/* After each submission, and with the counters above up to date. */
void usb_bus_arm(struct usb_bus *b);

/* Lets libusb work for at most `ms`, without the loop: only to end transfers. */
void usb_bus_turn(struct usb_bus *b, int ms);

/* A reason why there is no device: an error at first, only debugging while it stays the same. */
void usb_bus_say(struct usb_bus *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ------------------------------------------------------------------------------ find */

enum usb_key {
	KEY_VENDORID,
	KEY_PRODUCTID,
	KEY_VENDOR,
	KEY_PRODUCT,
	KEY_SERIAL,
	KEY_BUS,
	KEY_DEVICE,
	KEY_BUSPORT,
	KEY_COUNT
};

/* The patterns of the options. */
struct usb_patterns {
	regex_t compiled[KEY_COUNT];
	bool set[KEY_COUNT];
	bool any;
};

bool usb_patterns_read(struct usb_patterns *p, struct core *c); /* false: one is wrong; logged */
void usb_patterns_free(struct usb_patterns *p);

/* What can be told of a device without opening it; `numbered`: its number counts, too. */
bool usb_patterns_match_place(const struct usb_patterns *p, const struct usb_identity *who,
			      bool numbered);
bool usb_patterns_match_texts(const struct usb_patterns *p, const struct usb_identity *who);

/* Notes a device that is there beside the one of the memory. */
void usb_memory_note(struct usb_memory *m, libusb_device *other);

/* 0: it is another one than before; else the more, the surer it is the same. */
int usb_memory_score(const struct usb_memory *m, const struct usb_identity *who);

/* -------------------------------------------------------------------------- a device */

struct usb_listener {
	struct libusb_transfer *transfer; /* NULL: not listening */
	uint8_t *buffer;
	size_t size;
	usb_packet_fn *fn;
	void *arg;
	bool submitted;
	bool stopping;     /* cancelled; the callback frees */
	unsigned failures; /* in a row */
	bool halted;       /* to be cleared */
	struct loop_timer *again;
};

struct usb {
	struct usb_bus *bus;
	libusb_device *device;
	libusb_device_handle *handle;
	struct usb_identity who;
	struct usb_choice choice;
	char node[64];
	int lock_fd;
	bool claimed, detached, gone;
	bool silent;                  /* the last control transfer got no answer at all */
	unsigned overflows;           /* interrupt transfers in a row that ended so */
	int interface, configuration; /* bInterfaceNumber, bConfigurationValue */
	uint8_t in, out;              /* addresses, 0 = none */
	size_t packet_size;           /* of `in` */
	size_t report_length_config;  /* of the report descriptor, 0 = unknown */
	int language;                 /* of texts, -1 = not asked yet */
	struct usb_listener *listener;
	struct usb_counts counts;
};

/* claim.c: reads the configuration, locks, claims; false: it said why not.  USB_ANY: the active
 * configuration. */
bool usb_claim(struct usb *u, struct core *c, int config_index);

/* io.c */
enum usb_result usb_result_of_error(struct usb *u, int libusb_error);
enum usb_result usb_result_of_status(struct usb *u, enum libusb_transfer_status s);

/* ----------------------------------------------------------------------------- place */

/* Bus, number, port and way; and the name of the device's node. */
void usb_place_read(libusb_device *device, struct usb_identity *who, char *node, size_t size);

/* As usb_hid_glance(), of a device that need not be open. */
size_t usb_place_reports(libusb_device *device, const struct usb_identity *who, unsigned nth,
			 void *dst, size_t size, bool *is_there);

/* ---------------------------------------------------------------------------- holder */

/* The lock of this place of the bus, -1 with *holder when another driver has it (0 = unknown),
 * -2 when there is no lock to be had: the claim is what guards the device then. */
int usb_lock(const char *way, pid_t *holder);

/* Why the interface is busy. */
void usb_holder_explain(const struct usb *u, char *dst, size_t size);

/* Why the device cannot be opened, and the udev rule that mends it. */
void usb_access_explain(const struct usb_identity *who, const char *node, char *dst, size_t size);

#endif
