/*
 * usb: a USB device for a driver: found, opened, spoken to, lost and found again.
 *
 * All of it runs on the driver's main stack and waits through the core, so that
 * the driver's socket is served while a device hangs.  Nothing here may be called
 * from a callback of the loop, usb_listen()'s packet function included.
 *
 *   open()   usb_open() finds the device that the options (USB_FIND_OPTIONS in the
 *            driver's table) and the driver want, takes its lock and its interface.
 *            It logs why not, once for each reason, and returns what open() is to return.
 *   poll()   usb_control(), usb_string(), usb_hid_*(); after USB_GONE the driver returns
 *            DRIVER_LOST: usb_driver_result() knows.
 *   close()  usb_close().
 *
 * Between close() and open() the transport remembers which device it was: only the
 * same one is taken again (by its serial number; else by its port; else the only one
 * of its kind that is free, if no other was ever seen beside it).  The number of the device, which
 * each plugging changes, is never remembered.  A device that is plugged in meanwhile makes open()
 * due at once.
 */
#ifndef DRIVERS_TRANSPORT_USB_H
#define DRIVERS_TRANSPORT_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/core/driver.h"

struct usb; /* one open device */

enum usb_result {
	USB_OK,
	USB_FAILED,  /* this transfer failed; another, or the same once more, may not */
	USB_TIMEOUT, /* no answer in time; as USB_FAILED, and worth a thought if it repeats */
	USB_STALL,   /* the device says no: it has no such report, string or request */
	USB_GONE,    /* unplugged, or reset behind our back: close, then open again */
	USB_ENDING,  /* the process is to end: return soon */
};

/* "stall", "timeout" ..., for logs. */
const char *usb_result_name(enum usb_result r);

/* What open() and poll() return after it: OK, FAILED or LOST. */
enum driver_result usb_driver_result(enum usb_result r);

/* --------------------------------------------------------------------- configuration */

/*
 * Rows for the options of a driver's table.  Patterns are extended regular
 * expressions that the whole text has to match, letter case aside:
 *   vendorid, productid     four hexadecimal digits, 051d
 *   vendor, product, serial the device's texts, blanks around them aside; "" if it has none
 *   bus, device, busport    numbers of three digits, 001 (one without zeros matches, too);
 *                           busport is the port of the last hub, or the whole way, 1-1.4
 */
#define USB_FIND_OPTIONS                                                                           \
	{.name = "vendorid", .argument = "regex", .help = "USB vendor, four hex digits"},          \
		{.name = "productid",                                                              \
		 .argument = "regex",                                                              \
		 .help = "USB product, four hex digits"},                                          \
		{.name = "vendor", .argument = "regex", .help = "vendor's name in the device"},    \
		{.name = "product", .argument = "regex", .help = "product's name in the device"},  \
		{.name = "serial", .argument = "regex", .help = "serial number"},                  \
		{.name = "bus", .argument = "regex", .help = "USB bus, 001"},                      \
		{.name = "device",                                                                 \
		 .argument = "regex",                                                              \
		 .help = "number on the bus; changes at each plugging"},                           \
		{.name = "busport",                                                                \
		 .argument = "regex",                                                              \
		 .help = "port of the hub, 003, or way, 1-1.3"},                                   \
		{.name = "allow_duplicates",                                                       \
		 .help = "take the first of several devices that fit"},                            \
		{.name = "usb_config_index",                                                       \
		 .argument = "hex",                                                                \
		 .help = "configuration, by its place"},                                           \
	{                                                                                          \
		.name = "usb_set_altinterface",                                                    \
		.help = "select the alternate setting (0, or = n)", .flags = DRIVER_OPTION_NUMBER  \
	}

/* These, too, for a driver of HID devices; hexadecimal, 0x81 or 81. */
#define USB_HID_OPTIONS                                                                            \
	{.name = "usb_hid_rep_index", .argument = "hex", .help = "interface with the reports"},    \
		{.name = "usb_hid_desc_index",                                                     \
		 .argument = "hex",                                                                \
		 .help = "which of its HID descriptors"},                                          \
		{.name = "usb_hid_ep_in",                                                          \
		 .argument = "hex",                                                                \
		 .help = "endpoint of the interrupt reports"},                                     \
	{                                                                                          \
		.name = "usb_hid_ep_out", .argument = "hex", .help = "endpoint for writing"        \
	}

/* A device as it presents itself.  Texts are "" where it has none or would not tell. */
struct usb_identity {
	uint16_t vendor_id, product_id;
	uint16_t release; /* bcdDevice */
	char vendor[128], product[128], serial[128];
	unsigned bus, number; /* of today: not for keeping */
	unsigned port;        /* of the last hub */
	char way[64];         /* "1-1.4": bus and ports */
};

/* How to take a device, preset by the options; what no option says, the driver may set in accept().
 */
enum { USB_ANY = -1 };

struct usb_choice {
	int interface; /* its number; USB_ANY: the first one of class HID, else the first */
	int hid_index; /* which HID descriptor of the interface, from 0; USB_ANY = 0 */
	int in, out;   /* addresses of interrupt endpoints; USB_ANY: the first there is */
	int alternate; /* to be selected; USB_ANY: left as it is */
	int language;  /* of texts; USB_ANY: the device's first, else 0x0409 */
};

struct usb_finder {
	/* Is a device with these ids worth opening?  NULL: all that the options let through. */
	bool (*known)(void *arg, uint16_t vendor_id, uint16_t product_id);

	/*
	 * Is it ours?  Asked of each device that may be, and last of the one that is taken.
	 * `u` is open, not claimed: usb_string() and usb_control() of standard
	 * requests work.  NULL: yes.
	 */
	bool (*accept)(void *arg, struct usb *u, const struct usb_identity *who,
		       struct usb_choice *choice);

	/* Of several that fit none is taken, unless allow_duplicates is set: they are listed. */
	bool sole;
};

/*
 * Finds, opens, locks and claims; *out only with DRIVER_OK.  Detaching the kernel's driver,
 * changing the configuration or the alternate setting are calls that do not return before
 * the system is done: at most 5 s each, with a device that does not answer, and the loop
 * gets its turn between them.  upsd waits for 15 s (MAXAGE), and the data are stale anyway.
 * DRIVER_FATAL for options that cannot be right.  With no pattern of the options and no `known` all
 * devices would fit: FATAL.
 */
enum driver_result usb_open(struct core *c, const struct usb_finder *f, void *arg,
			    struct usb **out);

/*
 * Cancels what is under way, gives the interface back to the kernel's driver, unless the
 * device has just not answered.  NULL is fine.
 */
void usb_close(struct usb *u);

/* Valid until usb_close(). */
const struct usb_identity *usb_identity(const struct usb *u);

/* True if it has an interface of class HID, and is no keyboard or mouse; for accept(). */
bool usb_is_hid(const struct usb *u);

/* The number of the next interface of class HID, behind the one that is used; USB_ANY: none. */
int usb_next_hid(const struct usb *u);

/* The system's name of the device, /dev/bus/usb/001/004, for messages. */
const char *usb_node(const struct usb *u);

int usb_interface(const struct usb *u); /* the number of the claimed interface, for wIndex */

/* True once the device was seen to be gone; every transfer is USB_GONE then. */
bool usb_is_gone(const struct usb *u);

/* -------------------------------------------------------------------------- transfers */

enum { USB_TIMEOUT_MS = 5000 }; /* what devices get that need long; the usual limit */

struct usb_request {
	uint8_t type; /* bmRequestType; bit 7 = the device sends */
	uint8_t request;
	uint16_t value, index;
};

/*
 * One control transfer of at most `size` bytes to or from `data`; *got is how many went,
 * which may be fewer (NULL: not wanted).  More than was asked for is cut by the system, or
 * is USB_FAILED where it finds no room for them: ask for more then.
 */
enum usb_result usb_control(struct usb *u, const struct usb_request *r, void *data, size_t size,
			    size_t *got, int timeout_ms);

/* Asks for nothing but an answer: GET_STATUS of the device.  USB_STALL is one, too. */
enum usb_result usb_device_status(struct usb *u);

/* String `index` as ASCII ('?' for what is not), always terminated.  USB_STALL for index 0. */
enum usb_result usb_string(struct usb *u, unsigned index, char *dst, size_t size);

/* One interrupt OUT or IN transfer, for devices that speak by them (not while listening).  An
 * endpoint that halted, or sent more than it may, is cleared: the next transfer may be good. */
enum usb_result usb_write(struct usb *u, const void *data, size_t size, size_t *got,
			  int timeout_ms);
enum usb_result usb_read(struct usb *u, void *data, size_t size, size_t *got, int timeout_ms);

/* How many of them in a row ended since the device sent more than it may: some firmware never
 * stops that by itself. */
unsigned usb_overflows(const struct usb *u);

/* As if it were unplugged and plugged in again.  It is gone then: close, and open again. */
void usb_reset(struct usb *u);

/* ---------------------------------------------------------------------- interrupt reports */

/* The packet size of the interrupt endpoint, 0 when there is none. */
size_t usb_packet_size(const struct usb *u);

/*
 * Reads the interrupt endpoint all the time; each packet, as it comes, goes to `fn`.
 * `fn` is called from the loop, so also while the driver waits in a transfer: it may
 * note, set values and call core_poll_now(), and must neither wait nor transfer.
 *   r == USB_OK     `size` bytes at `data`, borrowed
 *   else            the last call: reading ended, for that reason (it is started again
 *                   by usb_listen(), if that is of use)
 * `size`: room for a packet, 0 = usb_packet_size().  USB_STALL: there is no endpoint.
 */
typedef void usb_packet_fn(void *arg, enum usb_result r, const uint8_t *data, size_t size);
enum usb_result usb_listen(struct usb *u, size_t size, usb_packet_fn *fn, void *arg);
void usb_unlisten(struct usb *u);

/* --------------------------------------------------------------------------------- HID */

enum usb_report { USB_REPORT_INPUT = 1, USB_REPORT_OUTPUT = 2, USB_REPORT_FEATURE = 3 };

enum usb_hid_length {
	USB_HID_BEST,       /* the longer of both first, the other when that fails */
	USB_HID_BY_CONFIG,  /* what the HID descriptor within the configuration says */
	USB_HID_BY_REQUEST, /* what the HID descriptor says that is asked of the interface */
};

/* The report descriptor; at most `size` bytes, cut beyond.  USB_FAILED when no length is known. */
enum usb_result usb_hid_descriptor(struct usb *u, enum usb_hid_length how, void *dst, size_t size,
				   size_t *got);

/*
 * GET_REPORT and SET_REPORT.  Byte 0 of `data` is the report's id, where the device has
 * ids (`id` > 0); what the device sends is not looked into.
 */
enum usb_result usb_hid_get(struct usb *u, enum usb_report type, uint8_t id, void *data,
			    size_t size, size_t *got, int timeout_ms);
enum usb_result usb_hid_set(struct usb *u, enum usb_report type, uint8_t id, const void *data,
			    size_t size, int timeout_ms);

/*
 * The report descriptor of the nth interface of class HID as the system's own driver has it,
 * for accept(): nothing is sent, nobody is disturbed.  0: it is not known; *is_there: whether
 * there is an nth.
 */
size_t usb_hid_glance(const struct usb *u, unsigned nth, void *dst, size_t size, bool *is_there);

/* SET_IDLE of all reports: 0 = only when something changes.  Many devices stall; so what. */
enum usb_result usb_hid_idle(struct usb *u, unsigned units_of_4_ms);

/* ------------------------------------------------------------------------------ counting */

/* Transfers since usb_open(), for tests, benches and -D. */
struct usb_counts {
	unsigned long control, interrupt, failed;
};
const struct usb_counts *usb_counts(const struct usb *u);

#endif
