/*
 * Transfers, one at a time, that wait through the driver's core.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/str.h"
#include "drivers/transport/usb_private.h"

static const char token[] = "usb";

enum {
	GRACE_MS = 1000,      /* the system's time to give up a transfer whose time is over */
	LAST_GRACE_MS = 1000, /* the same while nobody is served: the process ends */
	LAST_LOOK_MS = 20,
	LAST_ANSWER_MS = 300, /* what a device that works needs at most to end a transfer */
	CONTROL_MAX = 65535,
	LANGUAGE_USUAL = 0x0409,
};

/* ---------------------------------------------------------------------------- results */

const char *usb_result_name(enum usb_result r)
{
	static const char *const names[] = {
		[USB_OK] = "ok",       [USB_FAILED] = "failed", [USB_TIMEOUT] = "timeout",
		[USB_STALL] = "stall", [USB_GONE] = "gone",     [USB_ENDING] = "ending",
	};

	return names[r];
}

enum driver_result usb_driver_result(enum usb_result r)
{
	if (r == USB_OK)
		return DRIVER_OK;
	return r == USB_GONE ? DRIVER_LOST : DRIVER_FAILED;
}

/* What the device is known to be, whatever one transfer says. */
static enum usb_result gone(struct usb *u)
{
	u->gone = true;
	return USB_GONE;
}

enum usb_result usb_result_of_error(struct usb *u, int error)
{
	switch (error) {
	case LIBUSB_SUCCESS:
		return USB_OK;
	case LIBUSB_ERROR_NO_DEVICE:
		return gone(u);
	case LIBUSB_ERROR_TIMEOUT:
		return USB_TIMEOUT;
	case LIBUSB_ERROR_PIPE:
		return USB_STALL;
	default: /* I/O, overflow, memory; ENOENT when the interface was taken from us */
		return USB_FAILED;
	}
}

enum usb_result usb_result_of_status(struct usb *u, enum libusb_transfer_status s)
{
	switch (s) {
	case LIBUSB_TRANSFER_COMPLETED:
		return USB_OK;
	case LIBUSB_TRANSFER_TIMED_OUT:
		return USB_TIMEOUT;
	case LIBUSB_TRANSFER_STALL:
		return USB_STALL;
	case LIBUSB_TRANSFER_NO_DEVICE:
		return gone(u);
	default:
		return USB_FAILED;
	}
}

bool usb_is_gone(const struct usb *u)
{
	return u->gone;
}

const struct usb_counts *usb_counts(const struct usb *u)
{
	return &u->counts;
}

/* ---------------------------------------------------------------------------- one job */

/* Outlives its caller where the system does not give the transfer back. */
struct job {
	struct usb_bus *bus;
	struct libusb_transfer *transfer;
	uint8_t *buffer;
	bool done, abandoned;
};

static void job_free(struct job *j)
{
	if (!j)
		return;
	libusb_free_transfer(j->transfer);
	free(j->buffer);
	free(j);
}

static struct job *job_new(struct usb_bus *b, size_t size)
{
	struct job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->bus = b;
	j->transfer = libusb_alloc_transfer(0);
	j->buffer = calloc(1, size ? size : 1);
	if (j->transfer && j->buffer)
		return j;
	job_free(j);
	return NULL;
}

static void LIBUSB_CALL on_done(struct libusb_transfer *t)
{
	struct job *j = t->user_data;

	j->done = true;
	if (j->abandoned)
		job_free(j);
	else
		j->bus->in_flight--;
}

static void turn_until_done(struct job *j, int ms)
{
	long long end = clock_ms() + ms;

	while (!j->done && clock_ms() < end)
		usb_bus_turn(j->bus, LAST_LOOK_MS);
}

/*
 * The process ends: nobody is served any more, and the transfer must not outlive its
 * device.  It gets a moment, so that an order is not cut in two, and to see who is silent.
 */
static void end_now(struct job *j)
{
	turn_until_done(j, LAST_ANSWER_MS);
	if (j->done)
		return;
	libusb_cancel_transfer(j->transfer);
	turn_until_done(j, LAST_GRACE_MS);
}

/* libusb cancels it itself when its time is over; the rest is for a system that is stuck. */
static bool wait_done(struct job *j, int timeout_ms)
{
	struct core *c = j->bus->core;
	bool going = core_wait_for(c, &j->done, timeout_ms + GRACE_MS);

	if (going && !j->done) {
		libusb_cancel_transfer(j->transfer);
		usb_bus_arm(j->bus);
		going = core_wait_for(c, &j->done, GRACE_MS);
	}
	if (!going && !j->done)
		end_now(j);
	return going;
}

/* Submits, waits; the job stays the caller's unless the system keeps it (then false). */
static bool run(struct usb *u, struct job *j, enum usb_result *r)
{
	int err = libusb_submit_transfer(j->transfer);
	bool going;

	if (err) {
		*r = usb_result_of_error(u, err);
		return true;
	}
	u->bus->in_flight++;
	usb_bus_arm(u->bus);
	going = wait_done(j, (int)j->transfer->timeout);
	if (!j->done) {
		log_warn(token, "%s: the system does not give a transfer back", u->node);
		j->abandoned = true;
		u->bus->in_flight--;
		*r = going ? gone(u) : USB_ENDING;
		return false;
	}
	*r = going ? usb_result_of_status(u, j->transfer->status) : USB_ENDING;
	return true;
}

static void count(struct usb *u, unsigned long *what, enum usb_result r)
{
	++*what;
	if (r != USB_OK)
		u->counts.failed++;
}

/* ---------------------------------------------------------------------------- control */

enum usb_result usb_control(struct usb *u, const struct usb_request *q, void *data, size_t size,
			    size_t *got, int timeout_ms)
{
	bool in = q->type & LIBUSB_ENDPOINT_IN;
	enum usb_result r;
	struct job *j;

	if (got)
		*got = 0;
	if (u->gone)
		return USB_GONE;
	if (size > CONTROL_MAX)
		size = CONTROL_MAX;
	j = job_new(u->bus, LIBUSB_CONTROL_SETUP_SIZE + size);
	if (!j)
		return USB_FAILED;
	libusb_fill_control_setup(j->buffer, q->type, q->request, q->value, q->index,
				  (uint16_t)size);
	if (!in && size)
		memcpy(j->buffer + LIBUSB_CONTROL_SETUP_SIZE, data, size);
	libusb_fill_control_transfer(j->transfer, u->handle, j->buffer, on_done, j,
				     (unsigned)timeout_ms);
	u->silent = true;
	if (run(u, j, &r)) {
		size_t n = r == USB_OK ? (size_t)j->transfer->actual_length : 0;

		u->silent = r == USB_TIMEOUT || j->transfer->status == LIBUSB_TRANSFER_CANCELLED;

		n = n < size ? n : size;
		if (in && n)
			memcpy(data, j->buffer + LIBUSB_CONTROL_SETUP_SIZE, n);
		if (got)
			*got = n;
		job_free(j);
	}
	count(u, &u->counts.control, r);
	log_debug(4, token, "control %02x %02x value %04x index %04x size %zu: %s", q->type,
		  q->request, q->value, q->index, size, usb_result_name(r));
	return r;
}

enum usb_result usb_device_status(struct usb *u)
{
	const struct usb_request q = {
		.type = LIBUSB_ENDPOINT_IN,
		.request = LIBUSB_REQUEST_GET_STATUS,
	};
	uint8_t status[2];

	return usb_control(u, &q, status, sizeof(status), NULL, USB_TIMEOUT_MS);
}

/* -------------------------------------------------------------------------- interrupt */

/* A halted endpoint gives nothing until it is cleared. */
static void clear_halt(struct usb *u, uint8_t endpoint, enum libusb_transfer_status s)
{
	u->overflows = s == LIBUSB_TRANSFER_OVERFLOW    ? u->overflows + 1
		       : s == LIBUSB_TRANSFER_COMPLETED ? 0
							: u->overflows;
	if (s == LIBUSB_TRANSFER_STALL || s == LIBUSB_TRANSFER_OVERFLOW)
		libusb_clear_halt(u->handle, endpoint);
}

unsigned usb_overflows(const struct usb *u)
{
	return u->overflows;
}

void usb_reset(struct usb *u)
{
	int err = u->gone ? 0 : libusb_reset_device(u->handle);

	log_notice(token, "%s: the device was reset%s%s", u->node, err ? ": " : "",
		   err ? libusb_strerror((enum libusb_error)err) : "");
	u->gone = true;
}

static enum usb_result interrupt(struct usb *u, uint8_t endpoint, void *data, size_t size,
				 size_t *got, int timeout_ms)
{
	bool in = endpoint & LIBUSB_ENDPOINT_IN;
	enum usb_result r;
	struct job *j;

	if (got)
		*got = 0;
	if (u->gone)
		return USB_GONE;
	if (!endpoint)
		return USB_STALL;
	if (size > CONTROL_MAX)
		size = CONTROL_MAX;
	j = job_new(u->bus, size);
	if (!j)
		return USB_FAILED;
	if (!in && size)
		memcpy(j->buffer, data, size);
	libusb_fill_interrupt_transfer(j->transfer, u->handle, endpoint, j->buffer, (int)size,
				       on_done, j, (unsigned)timeout_ms);
	if (run(u, j, &r)) {
		size_t n = (size_t)j->transfer->actual_length;

		if (r != USB_ENDING)
			clear_halt(u, endpoint, j->transfer->status);
		if (in && r == USB_OK)
			memcpy(data, j->buffer, n < size ? n : size);
		if (got && r == USB_OK)
			*got = n;
		job_free(j);
	}
	count(u, &u->counts.interrupt, r);
	log_debug(4, token, "interrupt %02x size %zu: %s", endpoint, size, usb_result_name(r));
	return r;
}

enum usb_result usb_write(struct usb *u, const void *data, size_t size, size_t *got, int timeout_ms)
{
	return interrupt(u, u->out, (void *)(uintptr_t)data, size, got, timeout_ms);
}

enum usb_result usb_read(struct usb *u, void *data, size_t size, size_t *got, int timeout_ms)
{
	return interrupt(u, u->in, data, size, got, timeout_ms);
}

/* ---------------------------------------------------------------------------- strings */

static enum usb_result get_string(struct usb *u, unsigned index, unsigned language, uint8_t *dst,
				  size_t size, size_t *got)
{
	const struct usb_request q = {
		.type = LIBUSB_ENDPOINT_IN,
		.request = LIBUSB_REQUEST_GET_DESCRIPTOR,
		.value = (uint16_t)(LIBUSB_DT_STRING << 8 | index),
		.index = (uint16_t)language,
	};
	enum usb_result r = usb_control(u, &q, dst, size, got, USB_TIMEOUT_MS);

	if (r != USB_OK)
		return r;
	if (*got < 2 || dst[1] != LIBUSB_DT_STRING)
		return USB_FAILED;
	/* The shorter of what it says and what came. */
	if (dst[0] < *got)
		*got = dst[0];
	return USB_OK;
}

/* Some devices have no list of languages and still texts in the usual one. */
static enum usb_result ask_language(struct usb *u)
{
	uint8_t list[255];
	size_t got = 0;
	enum usb_result r;

	if (u->choice.language >= 0)
		u->language = u->choice.language;
	if (u->language >= 0)
		return USB_OK;
	r = get_string(u, 0, 0, list, sizeof(list), &got);
	if (r == USB_GONE || r == USB_ENDING)
		return r;
	u->language = r == USB_OK && got >= 4 ? list[2] | list[3] << 8 : LANGUAGE_USUAL;
	return USB_OK;
}

/* UTF-16, little endian, to ASCII. */
static void to_ascii(const uint8_t *src, size_t len, char *dst, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < len && n + 1 < size; i += 2) {
		bool ascii = src[i + 1] == 0 && src[i] > 0 && src[i] < 0x80;

		if (src[i] == 0 && src[i + 1] == 0)
			break;
		dst[n++] = ascii ? (char)src[i] : '?';
	}
	dst[n] = '\0';
}

enum usb_result usb_string(struct usb *u, unsigned index, char *dst, size_t size)
{
	uint8_t raw[255];
	enum usb_result r;
	size_t got = 0;

	*dst = '\0';
	if (index == 0 || index > 255)
		return u->gone ? USB_GONE : USB_STALL;
	r = ask_language(u);
	if (r != USB_OK)
		return r;
	r = get_string(u, index, (unsigned)u->language, raw, sizeof(raw), &got);
	if (r == USB_OK && got > 2)
		to_ascii(raw + 2, got - 2, dst, size);
	return r;
}
