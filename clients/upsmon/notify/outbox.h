/*
 * outbox: the network child's way to the notifier (notifier.h), which carries
 * deliveries out for it.
 *
 * Each delivery is carried out once at most: it is kept until the notifier says
 * that it has taken it, and sent to the next one if the notifier has died before.
 * While there is none, or one that hangs, up to OUTBOX_MAX deliveries wait; then
 * the oldest log lines are dropped first, and it is logged how many.
 */
#ifndef CLIENTS_UPSMON_OUTBOX_H
#define CLIENTS_UPSMON_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/upsmon/notify/delivery.h"
#include "common/net/loop.h"

enum { OUTBOX_MAX = 256, OUTBOX_BYTES_MAX = 256 * 1024 };

struct outbox;

/* All may be NULL. */
struct outbox_ops {
	/* The machine is about to sleep, and waits a moment for outbox_sleep_ready(). */
	void (*sleep_begins)(void *arg);
	/* It is awake; also when the notifier is lost meanwhile, so that the two come in turns. */
	void (*sleep_ends)(void *arg);
	/* The notifier is gone; the parent makes another. */
	void (*lost)(void *arg);
};

/* NULL: no memory.  ops are borrowed for its life. */
struct outbox *outbox_new(struct loop *l, const struct outbox_ops *ops, void *arg);

/* What waits is lost, unless outbox_flush() came before.  NULL is fine. */
void outbox_free(struct outbox *o);

/* A notifier is at the other end of fd, which is taken over; an older one is left. */
void outbox_link(struct outbox *o, int fd);

/* Copies it.  False: too long, or no memory (logged, unless it is a log line itself). */
bool outbox_deliver(struct outbox *o, const struct delivery *d);

/* A log_syslog_fn (common/base/log.h), for log_set_syslog(outbox_log, o). */
void outbox_log(void *outbox, int priority, const char *text);

/* The machine must not be shut down under us by others (true), or may be. Told to each notifier. */
void outbox_hold_shutdown(struct outbox *o, bool hold);

/* The answer to sleep_begins. */
void outbox_sleep_ready(struct outbox *o);

/* Hands over at once what can be without waiting: before the end of the process. */
void outbox_flush(struct outbox *o);

/* Deliveries that no notifier has taken yet. */
size_t outbox_waiting(const struct outbox *o);

#endif
