/*
 * What the files of the USB carriers share.
 *
 *   qxusb.c          life, and the table of ways
 *   qxusb_reports.c  HID reports out, interrupt packets in
 *   qxusb_strings.c  answers in string descriptors
 *   qxusb_frames.c   ways of their own: phoenixtec, fuji, ablerex, armac
 */
#ifndef DRIVERS_QX_QXUSB_PRIVATE_H
#define DRIVERS_QX_QXUSB_PRIVATE_H

#include <stdbool.h>

#include "drivers/qx/qxusb.h"

struct qx_usb;

typedef enum carrier_result qx_way_fn(struct qx_usb *u, const struct carrier_query *q, char *answer,
				      size_t size, size_t *got);

struct qx_way {
	const char *name;
	qx_way_fn *ask;
	const char *protocol; /* the only one that it is for, "" = any */
};

extern const struct qx_way qx_ways_reports[]; /* each ends with a row without name */
extern const struct qx_way qx_ways_strings[];
extern const struct qx_way qx_ways_frames[];

/* Of one answer: an adapter may send empty ones for ever, one right after the other. */
enum { QX_USB_PACKETS_MOST = 256 };

struct qx_usb {
	struct core *core;
	struct usb *usb;
	const struct qx_way *way;
	bool dirty;        /* something of the last answer may still come */
	bool started;      /* strings: what has to come first was sent */
	unsigned language; /* strings: of the texts */
	unsigned turn;     /* strings: of hunnox's idle queries */
};

/* What a carrier makes of a transfer that carried nothing. */
enum carrier_result qx_usb_result(enum usb_result r);

/* SET_REPORT to an interface of class HID, whatever is there. */
enum usb_result qx_usb_set_report(struct qx_usb *u, unsigned value, const void *data, size_t size,
				  int timeout_ms);

/* True if the query, its end aside, is that command. */
bool qx_usb_is(const struct carrier_query *q, const char *command);

/* The query without its end; as long as `q`. */
size_t qx_usb_length(const struct carrier_query *q);

#endif
