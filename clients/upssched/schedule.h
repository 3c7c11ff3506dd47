/*
 * schedule: the timers of upssched's daemon: what a request does to them, and
 * what CMDSCRIPT is told when one is due.
 *
 * No clock, no sockets and no programs in here: times are milliseconds of the
 * caller's, so that a test plays hours.
 *
 * Unlike those of timers.h, two timers may have one name.
 */
#ifndef CLIENTS_UPSSCHED_SCHEDULE_H
#define CLIENTS_UPSSCHED_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/upsmon/brain/timers.h"
#include "clients/upssched/wire.h"
#include "common/base/buffer.h"

enum {
	SCHEDULE_TIMERS_MAX = 1000,
	SCHEDULE_SHARES_MAX = 1000, /* events that one shared timer remembers */
};

struct schedule { /* schedule_init(); schedule_free() at the end */
	struct timers timers;
	unsigned long long last_id;
	size_t event_bytes; /* held by all timers */
};

enum schedule_result {
	SCHEDULE_STARTED,
	SCHEDULE_JOINED,    /* a shared timer of that name runs, the event became part of it */
	SCHEDULE_FULL,      /* SCHEDULE_TIMERS_MAX, or no memory */
	SCHEDULE_BAD_TIME,  /* below 0 or beyond all reason */
	SCHEDULE_CANCELLED, /* at least one timer */
	SCHEDULE_ABSENT,    /* there was none: `command` is due */
};

void schedule_init(struct schedule *s);
void schedule_free(struct schedule *s);

/* START (which never replaces a timer) and START-SHARED. */
enum schedule_result schedule_start(struct schedule *s, const struct wire_request *r,
				    long long now_ms);

/*
 * CANCEL ends the timers of that name that the same UPS has started; if there
 * are none, all of that name; and all, if the request does not say which UPS.
 * (NUT 2.8.0 ends the oldest one, so that a timer started twice by one UPS
 * outlives the return of the power; later ones end all, even those of other
 * UPSes that are still on battery.)
 *
 * CANCEL-MATCHED takes its UPS out of the timers of that name; one that no UPS
 * is left in ends.
 */
enum schedule_result schedule_cancel(struct schedule *s, const struct wire_request *r);

/* A timer that is due, for CMDSCRIPT. */
struct schedule_due {
	char *name;
	/* Whoever started it said by what event: what happened to whom, each once, in order; types
	 * and UPSes joined by commas, messages by a full stop and a tabulator. */
	bool has_event;
	char *types, *upses, *messages;
};

/* The first timer that is due, taken out; false: none. To be released, which zeroes it. */
bool schedule_expire(struct schedule *s, long long now_ms, struct schedule_due *due);
void schedule_due_free(struct schedule_due *due);

/* When the next is due; -1 = none runs. */
long long schedule_due_ms(const struct schedule *s);

/* Appends the answer to LIST-TIMERS; wall_s is the time of day, for people. */
void schedule_list(const struct schedule *s, struct buffer *b, long long now_ms, long long wall_s);

/* Appends the requests that make another daemon start what is left of these timers; how many. */
size_t schedule_hand_over(const struct schedule *s, struct buffer *b, long long now_ms);

#endif
