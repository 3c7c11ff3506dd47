#include "config.h"

#include "clients/upsmon/notify/inhibitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"

enum {
	RELEASE_MS = 1000, /* for the owner to make ready for a sleep */
	RETRY_MS = 1000,   /* before the next look for a bus; doubled each time */
	RETRY_MAX_MS = 60 * 1000,
};

static const char token[] = "sleep";

static const char logind_name[] = "org.freedesktop.login1";
static const char logind_path[] = "/org/freedesktop/login1";
static const char logind_face[] = "org.freedesktop.login1.Manager";

struct lock {
	const char *what, *why;
	struct inhibitor *owner;
	sd_bus_slot *request; /* under way */
	int fd;               /* held as long as it is open; -1 = not held */
	bool wanted;
};

struct inhibitor {
	struct loop *loop;
	const struct inhibitor_ops *ops;
	void *arg;
	sd_bus *bus; /* NULL while there is none */
	struct loop_watch *watch;
	struct loop_timer *wake;    /* what sd-bus wants to do later; or the next look for a bus */
	struct loop_timer *release; /* runs while the owner makes ready */
	struct lock sleep, shutdown;
	long long retry_ms;
	bool sleeping;
};

/* -------------------------------------------------------------------- locks */

static void drop_request(struct lock *lock)
{
	lock->request = sd_bus_slot_unref(lock->request);
}

static void drop_lock(struct lock *lock)
{
	drop_request(lock);
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}

/* logind gives a descriptor; the lock lasts until the last copy of that is closed. */
static int on_lock(sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	struct lock *lock = arg;
	int fd = -1;

	(void)error;
	drop_request(lock);
	if (sd_bus_message_is_method_error(reply, NULL) ||
	    sd_bus_message_read(reply, "h", &fd) < 0) {
		const sd_bus_error *why = sd_bus_message_get_error(reply);

		log_debug(1, token, "no %s lock: %s", lock->what,
			  why && why->message ? why->message : "logind gives none");
		return 0;
	}
	/* The message keeps its own. */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	/* An older one, of a logind that was restarted, goes after the new one has come. */
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = fd;
	log_debug(1, token, "holding a %s lock", lock->what);
	return 0;
}

static void request_lock(struct lock *lock)
{
	sd_bus_message *m = NULL;
	int result;

	drop_request(lock);
	if (!lock->wanted || !lock->owner->bus)
		return;
	result = sd_bus_message_new_method_call(lock->owner->bus, &m, logind_name, logind_path,
						logind_face, "Inhibit");
	/* It is not for us to start a logind where none runs. */
	if (result >= 0)
		result = sd_bus_message_set_auto_start(m, 0);
	if (result >= 0)
		result = sd_bus_message_append(m, "ssss", lock->what, "upsmon", lock->why, "delay");
	if (result >= 0)
		result = sd_bus_call_async(lock->owner->bus, &lock->request, m, on_lock, lock, 0);
	if (result < 0)
		log_debug(1, token, "cannot ask for a %s lock: %s", lock->what, strerror(-result));
	sd_bus_message_unref(m);
}

/* -------------------------------------------------------------------- sleep */

static void let_sleep(struct inhibitor *i)
{
	loop_timer_cancel(i->release);
	drop_lock(&i->sleep);
}

static void give_in(void *arg)
{
	log_warn(token, "the machine sleeps before upsmon is ready for it");
	let_sleep(arg);
}

static void begin_sleep(struct inhibitor *i)
{
	if (i->sleeping)
		return;
	i->sleeping = true;
	i->sleep.wanted = false;
	loop_timer_set(i->release, RELEASE_MS);
	i->ops->sleep_begins(i->arg);
}

static void end_sleep(struct inhibitor *i)
{
	if (!i->sleeping)
		return;
	i->sleeping = false;
	let_sleep(i);
	i->sleep.wanted = true;
	request_lock(&i->sleep);
	i->ops->sleep_ends(i->arg);
}

static int on_prepare_for_sleep(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct inhibitor *i = arg;
	int begins = 0;

	(void)error;
	if (sd_bus_message_read(m, "b", &begins) < 0)
		return 0;
	if (begins)
		begin_sleep(i);
	else
		end_sleep(i);
	return 0;
}

/* A logind that has just come knows nothing of our locks. */
static int on_logind_owner(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct inhibitor *i = arg;
	const char *name = "", *before = "", *now = "";

	(void)error;
	if (sd_bus_message_read(m, "sss", &name, &before, &now) < 0 || !*now)
		return 0;
	request_lock(&i->sleep);
	request_lock(&i->shutdown);
	return 0;
}

/* ---------------------------------------------------------------------- bus */

static void disconnect(struct inhibitor *i)
{
	drop_request(&i->sleep);
	drop_request(&i->shutdown);
	loop_watch_free(i->watch);
	i->watch = NULL;
	if (i->bus)
		sd_bus_close(i->bus);
	i->bus = sd_bus_unref(i->bus);
}

static void lose_bus(struct inhibitor *i, int err)
{
	log_debug(1, token, "no system bus: %s; looking again in %lld s", strerror(err),
		  i->retry_ms / 1000);
	disconnect(i);
	/* Deaf to the next sleep we must not hold it up. The other lock serves without a bus. */
	drop_lock(&i->sleep);
	loop_timer_set(i->wake, i->retry_ms);
	if (i->retry_ms < RETRY_MAX_MS)
		i->retry_ms *= 2;
	end_sleep(i);
}

/* 0 or an errno value. */
static int plan_next(struct inhibitor *i)
{
	int events = sd_bus_get_events(i->bus), result;
	uint64_t due_us;

	if (events < 0)
		return -events;
	if (!loop_watch_set(i->watch, (events & POLLIN ? LOOP_READ : 0) |
					      (events & POLLOUT ? LOOP_WRITE : 0)))
		return ENOMEM;
	result = sd_bus_get_timeout(i->bus, &due_us);
	if (result < 0)
		return -result;
	loop_timer_cancel(i->wake);
	if (due_us == UINT64_MAX)
		return 0;
	/* Rounded up: too early it would have nothing to do, and be asked again at once. */
	due_us = due_us / 1000 + 1;
	loop_timer_set(i->wake, due_us > INT64_MAX ? 0 : (long long)due_us - clock_ms());
	return 0;
}

static void serve(struct inhibitor *i)
{
	int result, err;

	do
		result = sd_bus_process(i->bus, NULL);
	while (result > 0);
	err = result < 0 ? -result : plan_next(i);
	if (err)
		lose_bus(i, err);
	else if (sd_bus_is_ready(i->bus) > 0)
		i->retry_ms = RETRY_MS;
}

static void on_ready(void *arg, int events)
{
	(void)events;
	serve(arg);
}

/* 0 or an errno value.  Nothing here waits: all is sent when the bus is ready. */
static int connect_bus(struct inhibitor *i)
{
	int result = sd_bus_open_system(&i->bus);

	if (result >= 0)
		result = sd_bus_match_signal_async(i->bus, NULL, logind_name, logind_path,
						   logind_face, "PrepareForSleep",
						   on_prepare_for_sleep, NULL, i);
	if (result >= 0)
		result = sd_bus_add_match_async(
			i->bus, NULL,
			"type='signal',sender='org.freedesktop.DBus',"
			"path='/org/freedesktop/DBus',interface='org.freedesktop.DBus',"
			"member='NameOwnerChanged',arg0='org.freedesktop.login1'",
			on_logind_owner, NULL, i);
	if (result < 0)
		return -result;
	i->watch = loop_watch_new(i->loop, sd_bus_get_fd(i->bus), 0, on_ready, i);
	if (!i->watch)
		return ENOMEM;
	request_lock(&i->sleep);
	request_lock(&i->shutdown);
	return 0;
}

static void on_wake(void *arg)
{
	struct inhibitor *i = arg;
	int err = i->bus ? 0 : connect_bus(i);

	if (err)
		lose_bus(i, err);
	else
		serve(i);
}

/* --------------------------------------------------------------------- life */

struct inhibitor *inhibitor_new(struct loop *l, const struct inhibitor_ops *ops, void *arg)
{
	struct inhibitor *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	i->loop = l;
	i->ops = ops;
	i->arg = arg;
	i->retry_ms = RETRY_MS;
	i->sleep = (struct lock){.what = "sleep",
				 .why = "Tells of the sleep and reads no old values after it",
				 .owner = i,
				 .fd = -1,
				 .wanted = true};
	i->shutdown = (struct lock){.what = "shutdown",
				    .why = "Shutting down before the battery is empty",
				    .owner = i,
				    .fd = -1};
	i->wake = loop_timer_new(l, on_wake, i);
	i->release = loop_timer_new(l, give_in, i);
	if (!i->wake || !i->release) {
		inhibitor_free(i);
		return NULL;
	}
	loop_timer_set(i->wake, 0);
	return i;
}

void inhibitor_free(struct inhibitor *i)
{
	if (!i)
		return;
	drop_lock(&i->sleep);
	drop_lock(&i->shutdown);
	disconnect(i);
	loop_timer_free(i->wake);
	loop_timer_free(i->release);
	free(i);
}

void inhibitor_release(struct inhibitor *i)
{
	if (i->sleeping)
		let_sleep(i);
}

void inhibitor_hold_shutdown(struct inhibitor *i, bool hold)
{
	if (i->shutdown.wanted == hold)
		return;
	i->shutdown.wanted = hold;
	if (!hold)
		drop_lock(&i->shutdown);
	request_lock(&i->shutdown);
	/* What was just queued is sent from there. */
	if (i->bus)
		loop_timer_set(i->wake, 0);
}
