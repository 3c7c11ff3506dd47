/*
 * hidreports: the reports of one device, each fetched at most once a poll.
 *
 * A value is asked for by its field and by how old it may be; the report it is
 * in is fetched when there is none as fresh.  What the device sends on its
 * interrupt pipe is kept too, and the newer of two counts.  A report that the
 * device refuses is asked for less and less often.
 *
 * Everything goes through struct hid_io, so that tests play the device.
 */
#ifndef DRIVERS_USBHID_HIDREPORTS_H
#define DRIVERS_USBHID_HIDREPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/usbhid/hiddesc.h"
#include "drivers/usbhid/hiddoubt.h"

/* What the functions of hid_io return in place of a length. */
enum hid_io_error {
	HID_IO_GONE = -1,     /* the device is not there any more */
	HID_IO_STALL = -2,    /* it does not know this request */
	HID_IO_OVERFLOW = -3, /* it sent more than was asked for, and all is lost */
	HID_IO_FAILED = -4,   /* anything else: a timeout, a transfer that broke */
};

/* Buffers begin with the report's number, where reports are numbered. */
struct hid_io {
	int (*get_report)(void *arg, enum hid_type type, uint8_t report, uint8_t *buf, size_t size);
	int (*set_report)(void *arg, enum hid_type type, uint8_t report, const uint8_t *buf,
			  size_t size);
	int (*get_string)(void *arg, unsigned index, char *text, size_t size);
	void *arg;
};

enum hid_result {
	HID_OK,
	HID_REFUSED, /* the device does not know this report; asking again soon is of no use */
	HID_NONE,    /* the device did not give it this time */
	HID_GONE,    /* the device is not there any more */
	HID_RANGE,   /* hid_reports_write: a number that the field cannot hold */
};

struct hid_statistics {
	unsigned long gets, sets, strings, interrupts;
	unsigned long saved; /* values that needed no transfer */
	unsigned long stalls, failures, overflows;
	unsigned long shorts; /* answers too short for their report */
	unsigned long longs;  /* too long; what is behind the end is not used */
	unsigned long strays; /* of another report than the one asked for */
	unsigned long doubts; /* states that were not believed */
};

struct hid_reports;

/* `d` is borrowed for as long as this lives. NULL = no memory. */
struct hid_reports *hid_reports_new(const struct hid_desc *d, const struct hid_io *io);
void hid_reports_free(struct hid_reports *r);

/* The quirk of devices that answer only when asked for more than the report is long. */
void hid_reports_ask_maximum(struct hid_reports *r, bool on);

/* Nothing is asked for: values come from the interrupt pipe alone. */
void hid_reports_never_ask(struct hid_reports *r, bool on);

/* States that are not to be believed at once; the struct is copied. */
void hid_reports_doubt(struct hid_reports *r, const struct hid_doubt *x);

/* A report that is never to be asked for: some devices break off then. */
void hid_reports_skip(struct hid_reports *r, uint8_t report);

/* A new poll begins. Returns its number; the first is 1. */
unsigned long hid_reports_begin(struct hid_reports *r);
unsigned long hid_reports_poll(const struct hid_reports *r); /* the present one's */

/*
 * The value of a field, from a report as old as poll number `since` (0 = of any
 * age).  A feature's value also comes from the input report that has a field of
 * the same path, when that is newer.
 */
enum hid_result hid_reports_value(struct hid_reports *r, const struct hid_field *f,
				  unsigned long since, double *value);

/* True if hid_reports_value() needs no transfer. */
bool hid_reports_here(const struct hid_reports *r, const struct hid_field *f, unsigned long since);

/* The input field of the same path as a feature's, or NULL. */
const struct hid_field *hid_reports_twin(const struct hid_reports *r, const struct hid_field *f);

/*
 * A whole report as it came, its number included.  One that the descriptor does
 * not know is asked for, too; `wanted` bytes of it.  Borrowed until the next call.
 */
enum hid_result hid_reports_bytes(struct hid_reports *r, enum hid_type type, uint8_t report,
				  size_t wanted, unsigned long since, const uint8_t **bytes,
				  size_t *len);

/*
 * Sets one field: the report is fetched if it is not of this poll, the field
 * changed and all of it sent.  Reading it again asks the device.  `force`: as
 * hid_value_force().
 */
enum hid_result hid_reports_write(struct hid_reports *r, const struct hid_field *f, double value,
				  bool force);

/* A packet of the interrupt pipe.  False: it is no report of this device; else *report is its
 * number. */
bool hid_reports_interrupt(struct hid_reports *r, const uint8_t *bytes, size_t len,
			   uint8_t *report);

/* All reports are read again before their next use. */
void hid_reports_forget(struct hid_reports *r);

/* A string descriptor, read once; borrowed.  NULL where the device gives none at that index. */
const char *hid_reports_string(struct hid_reports *r, unsigned index);

const struct hid_statistics *hid_reports_statistics(const struct hid_reports *r);

#endif
