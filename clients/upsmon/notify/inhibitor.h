/*
 * inhibitor: what systemd-logind lets us hold up for a moment: a sleep, to make
 * ready for it, and a shutdown by others while ours is under way (DEMAND.md 14).
 *
 * Locks are of the kind "delay", which anybody may take, and which logind lets
 * last for InhibitDelayMaxSec (5 s unless told otherwise).  Where there is no
 * bus or no logind all is quiet, and they are looked for again: at once when they
 * say that they are there, else in ever longer intervals.
 */
#ifndef CLIENTS_UPSMON_INHIBITOR_H
#define CLIENTS_UPSMON_INHIBITOR_H

#include <stdbool.h>

#include "common/net/loop.h"

struct inhibitor;

struct inhibitor_ops {
	/* The machine sleeps as soon as inhibitor_release() is called, or a second has passed. */
	void (*sleep_begins)(void *arg);
	/* It is awake, or nobody will tell; comes after each sleep_begins. */
	void (*sleep_ends)(void *arg);
};

/* ops are borrowed for its life.  NULL: no memory; in a build without libsystemd it does nothing.
 */
struct inhibitor *inhibitor_new(struct loop *l, const struct inhibitor_ops *ops, void *arg);

/* Gives up all locks.  Not from inside its ops.  NULL is fine. */
void inhibitor_free(struct inhibitor *i);

/* The answer to sleep_begins. */
void inhibitor_release(struct inhibitor *i);

void inhibitor_hold_shutdown(struct inhibitor *i, bool hold);

#endif
