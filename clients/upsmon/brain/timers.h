/*
 * timers: named timers with one alarm clock for all: upsmon's rules and
 * upssched count with it.
 *
 * A timer is known by its owner and its name together.  No clock in here:
 * times are milliseconds of the caller's.
 */
#ifndef CLIENTS_UPSMON_TIMERS_H
#define CLIENTS_UPSMON_TIMERS_H

#include <stdbool.h>
#include <stddef.h>

struct timer {
	char *owner, *name;
	long long due_ms, started_ms;
	void *data; /* the caller's; timers_free() and the end of a timer hand it to `drop` */
};

struct timers {             /* zeroed, but for `drop`: none */
	struct timer *list; /* by due time, then in order of their start; read it as you like */
	size_t count;
	void (*drop)(void *data); /* NULL: nothing to release */
};

/* Starts a timer; one of the same owner and name is replaced. False: no memory (data stays yours).
 */
bool timers_start(struct timers *t, const char *owner, const char *name, long long now_ms,
		  long long in_ms, void *data);

/* The running timer, or NULL; valid until the next change. */
struct timer *timers_find(const struct timers *t, const char *owner, const char *name);

/* False: there is none. */
bool timers_cancel(struct timers *t, const char *owner, const char *name);
size_t timers_cancel_owner(struct timers *t, const char *owner); /* how many there were */

/* Takes the first timer that is due out of the list into *out, which is the caller's then (the
 * strings are to be freed, data is not dropped). False: none is due. */
bool timers_expire(struct timers *t, long long now_ms, struct timer *out);

/* When the next is due; -1 = none runs. */
long long timers_due_ms(const struct timers *t);

void timers_free(struct timers *t);

#endif
