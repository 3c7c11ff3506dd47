/*
 * The interrupt endpoint, read all the time.
 */
#include "config.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "drivers/transport/usb_private.h"

static const char token[] = "usb";

enum {
	FAILURES_MAX = 10, /* in a row */
	PAUSE_MS = 100,    /* after the first of them; longer after more */
	SIZE_MAX_GROWN = 4096,
	LAST_GRACE_MS = 1000,
	LAST_LOOK_MS = 20,
};

static void listener_free(struct usb_listener *l)
{
	libusb_free_transfer(l->transfer);
	loop_timer_free(l->again);
	free(l->buffer);
	free(l);
}

/* The last word to whoever listens. */
static void end(struct usb *u, enum usb_result r)
{
	struct usb_listener *l = u->listener;
	usb_packet_fn *fn = l->fn;
	void *arg = l->arg;

	log_debug(1, token, "%s: no more interrupt reports: %s", u->node, usb_result_name(r));
	u->listener = NULL;
	listener_free(l);
	if (r == USB_GONE)
		core_poll_now(u->bus->core);
	fn(arg, r, NULL, 0);
}

static void submit(struct usb *u)
{
	struct usb_listener *l = u->listener;
	int err = u->gone ? LIBUSB_ERROR_NO_DEVICE : libusb_submit_transfer(l->transfer);

	if (err) {
		end(u, usb_result_of_error(u, err));
		return;
	}
	l->submitted = true;
	u->bus->listening++;
	usb_bus_arm(u->bus);
}

/* Clearing a halt is a transfer of the system's own, so it is done out of libusb's callbacks. */
static void on_again(void *arg)
{
	struct usb *u = arg;
	struct usb_listener *l = u->listener;

	if (l->halted)
		libusb_clear_halt(u->handle, u->in);
	l->halted = false;
	submit(u);
}

static bool grow(struct usb_listener *l)
{
	uint8_t *grown;

	if (l->size * 2 > SIZE_MAX_GROWN)
		return false;
	grown = realloc(l->buffer, l->size * 2);
	if (!grown)
		return false;
	l->buffer = grown;
	l->size *= 2;
	l->transfer->buffer = grown;
	l->transfer->length = (int)l->size;
	return true;
}

static void on_failure(struct usb *u, enum libusb_transfer_status status)
{
	struct usb_listener *l = u->listener;
	enum usb_result r = usb_result_of_status(u, status);

	u->counts.failed++;
	if (r == USB_GONE || ++l->failures > FAILURES_MAX) {
		end(u, r);
		return;
	}
	l->halted = r == USB_STALL;
	if (status == LIBUSB_TRANSFER_OVERFLOW && grow(l))
		log_debug(1, token, "%s: room for interrupt reports of %zu bytes", u->node,
			  l->size);
	loop_timer_set(l->again, (long long)PAUSE_MS * l->failures);
}

static void LIBUSB_CALL on_packet(struct libusb_transfer *t)
{
	struct usb *u = t->user_data;
	struct usb_listener *l;

	if (!u)
		return; /* given back after all, too late */
	l = u->listener;
	u->bus->listening--;
	l->submitted = false;
	if (l->stopping)
		return;
	u->counts.interrupt++;
	if (t->status != LIBUSB_TRANSFER_COMPLETED) {
		on_failure(u, t->status);
		return;
	}
	l->failures = 0;
	if (t->actual_length > 0)
		l->fn(l->arg, USB_OK, l->buffer, (size_t)t->actual_length);
	if (u->listener == l && !l->stopping)
		submit(u);
}

enum usb_result usb_listen(struct usb *u, size_t size, usb_packet_fn *fn, void *arg)
{
	struct usb_listener *l;

	if (u->gone)
		return USB_GONE;
	if (!u->in)
		return USB_STALL;
	usb_unlisten(u);
	l = calloc(1, sizeof(*l));
	if (!l)
		return USB_FAILED;
	l->size = size ? size : u->packet_size ? u->packet_size : 8;
	l->fn = fn;
	l->arg = arg;
	l->buffer = calloc(1, l->size);
	l->transfer = libusb_alloc_transfer(0);
	l->again = loop_timer_new(core_loop(u->bus->core), on_again, u);
	if (!l->buffer || !l->transfer || !l->again) {
		listener_free(l);
		return USB_FAILED;
	}
	libusb_fill_interrupt_transfer(l->transfer, u->handle, u->in, l->buffer, (int)l->size,
				       on_packet, u, 0);
	u->listener = l;
	/* From the loop, so that its first failure comes by `fn` as all others. */
	loop_timer_set(l->again, 0);
	return USB_OK;
}

/* The wait is for the system to give the transfer back, which it does at once. */
void usb_unlisten(struct usb *u)
{
	struct usb_listener *l = u->listener;
	long long limit = clock_ms() + LAST_GRACE_MS;

	if (!l)
		return;
	l->stopping = true;
	loop_timer_cancel(l->again);
	if (l->submitted)
		libusb_cancel_transfer(l->transfer);
	while (l->submitted && clock_ms() < limit)
		usb_bus_turn(u->bus, LAST_LOOK_MS);
	u->listener = NULL;
	if (!l->submitted) {
		listener_free(l);
		return;
	}
	/* Its memory stays the system's. */
	log_warn(token, "%s: the system does not give a transfer back", u->node);
	l->transfer->user_data = NULL;
	u->bus->listening--;
	loop_timer_free(l->again);
}
