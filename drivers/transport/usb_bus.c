/*
 * libusb's context, served by the driver's loop.
 *
 * libusb says which descriptors it waits for, and minds its timeouts by one of
 * them where the system has timerfd.  A descriptor that cannot be watched (the
 * plain files of a simulated bus; systems without descriptors) makes the bus
 * blind: libusb is then asked every few milliseconds while a transfer is under way.
 */
#include "config.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "common/base/str.h"
#include "common/net/loop.h"
#include "drivers/transport/usb_private.h"

static const char token[] = "usb";

enum { ASK_MS = 1, ASK_LISTENING_MS = 10 };

/* One device a driver, one driver a process. */
static struct usb_bus bus;

static void serve(struct usb_bus *b)
{
	usb_bus_turn(b, 0);
	usb_bus_arm(b);
}

static void on_ready(void *arg, int events)
{
	(void)events;
	serve(arg);
}

static void on_tick(void *arg)
{
	serve(arg);
}

void usb_bus_turn(struct usb_bus *b, int ms)
{
	struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000L};
	int err = libusb_handle_events_timeout_completed(b->context, &limit, NULL);

	if (err && err != LIBUSB_ERROR_INTERRUPTED)
		log_debug(1, token, "events: %s", libusb_error_name(err));
}

/* Milliseconds until libusb wants to be called for its own timeouts, -1 = never. */
static long libusb_due_ms(struct usb_bus *b)
{
	struct timeval next;

	if (libusb_pollfds_handle_timeouts(b->context) ||
	    libusb_get_next_timeout(b->context, &next) != 1)
		return -1;
	return next.tv_sec * 1000L + (next.tv_usec + 999) / 1000;
}

void usb_bus_arm(struct usb_bus *b)
{
	long ms = libusb_due_ms(b);
	long ask = b->in_flight ? ASK_MS : ASK_LISTENING_MS;

	if (b->blind && (b->in_flight || b->listening) && (ms < 0 || ms > ask))
		ms = ask;
	if (ms >= 0)
		loop_timer_set(b->tick, ms);
	else
		loop_timer_cancel(b->tick);
}

/* ------------------------------------------------------------------------ descriptors */

static bool can_be_watched(int fd)
{
	struct stat st;

	return fstat(fd, &st) != 0 || !S_ISREG(st.st_mode);
}

static void on_fd_added(int fd, short events, void *arg)
{
	struct usb_bus *b = arg;
	int wanted = (events & POLLIN ? LOOP_READ : 0) | (events & POLLOUT ? LOOP_WRITE : 0);
	struct loop_watch *w = NULL;
	size_t i = 0;

	while (i < BUS_WATCHES && b->watches[i].watch)
		i++;
	if (i < BUS_WATCHES && can_be_watched(fd))
		w = loop_watch_new(core_loop(b->core), fd, wanted, on_ready, b);
	if (!w) {
		b->blind++;
		return;
	}
	b->watches[i].fd = fd;
	b->watches[i].watch = w;
}

static void on_fd_removed(int fd, void *arg)
{
	struct usb_bus *b = arg;

	for (size_t i = 0; i < BUS_WATCHES; i++) {
		if (!b->watches[i].watch || b->watches[i].fd != fd)
			continue;
		loop_watch_free(b->watches[i].watch);
		b->watches[i].watch = NULL;
		return;
	}
	if (b->blind)
		b->blind--;
}

static void watch_all(struct usb_bus *b)
{
	const struct libusb_pollfd **list = libusb_get_pollfds(b->context);

	/* Where the system has no descriptors for it there is no list. */
	if (!list)
		b->blind++;
	for (size_t i = 0; list && list[i]; i++)
		on_fd_added(list[i]->fd, list[i]->events, b);
	libusb_free_pollfds(list);
	libusb_set_pollfd_notifiers(b->context, on_fd_added, on_fd_removed, b);
}

/* --------------------------------------------------------------------------- hot-plug */

static int LIBUSB_CALL on_hotplug(libusb_context *context, libusb_device *device,
				  libusb_hotplug_event event, void *arg)
{
	struct usb_bus *b = arg;

	(void)context;
	if (event == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED) {
		log_debug(1, token, "something was plugged in");
		b->arrivals++;
		core_open_now(b->core);
		if (b->open && !b->open->gone && b->open->device != device)
			usb_memory_note(&b->memory, device);
	} else if (b->open && b->open->device == device) {
		log_debug(1, token, "%s was unplugged", b->open->node);
		b->open->gone = true;
		core_poll_now(b->core);
	}
	return 0;
}

static void watch_plugs(struct usb_bus *b)
{
	int err = LIBUSB_ERROR_NOT_SUPPORTED;

	if (libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG))
		err = libusb_hotplug_register_callback(
			b->context,
			LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT, 0,
			LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
			LIBUSB_HOTPLUG_MATCH_ANY, on_hotplug, b, NULL);
	if (err)
		log_debug(1, token, "no news of plugging (%s): the bus is looked at now and then",
			  libusb_error_name(err));
}

/* ------------------------------------------------------------------------------- start */

/* libusb may start a thread; signals are for ours. */
static int init_quietly(libusb_context **context)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = libusb_init(context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

/* With no device open.  A transfer that the system has kept goes with it. */
static void stop(struct usb_bus *b)
{
	libusb_set_pollfd_notifiers(b->context, NULL, NULL, NULL);
	for (size_t i = 0; i < BUS_WATCHES; i++) {
		loop_watch_free(b->watches[i].watch);
		b->watches[i].watch = NULL;
	}
	loop_timer_free(b->tick);
	b->tick = NULL;
	b->blind = b->in_flight = b->listening = 0;
	libusb_exit(b->context);
	b->context = NULL;
}

struct usb_bus *usb_bus_get(struct core *c)
{
	struct usb_bus *b = &bus;
	int err;

	if (b->context && b->in_vain)
		stop(b);
	if (b->context)
		return b;
	err = init_quietly(&b->context);
	if (err) {
		b->context = NULL;
		usb_bus_say(b, "libusb does not start: %s", libusb_strerror(err));
		return NULL;
	}
	b->core = c;
	b->tick = loop_timer_new(core_loop(c), on_tick, b);
	if (!b->tick) {
		libusb_exit(b->context);
		b->context = NULL;
		return NULL;
	}
	watch_all(b);
	watch_plugs(b);
	return b;
}

void usb_bus_say(struct usb_bus *b, const char *fmt, ...)
{
	char text[sizeof(b->said)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (str_equal(text, b->said)) {
		log_debug(1, token, "still: %s", text);
		return;
	}
	str_copy(b->said, sizeof(b->said), text);
	log_error(token, "%s", text);
}
