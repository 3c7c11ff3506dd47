/*
 * trial_events: what happened at both sides of a trial, and which belongs to which.
 *
 * A file of lines that only grows:
 *
 *   <ms> live|ours <TYPE> <ups> status|notice|log "<text>"
 *
 * ms is the wall clock, TYPE a type of upsmon's notices (ONBATT) or SHUTDOWN, ups a
 * section of the trial's ups.conf, or "" for the whole machine.
 */
#ifndef CLIENTS_NUTCONF_TRIAL_EVENTS_H
#define CLIENTS_NUTCONF_TRIAL_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

struct trial_event {
	long long ms;
	bool ours;
	char type[40];
	char ups[64];
	char how[16];
	char text[256];
	long other; /* the place of its partner, -1 = none; set by trial_events_pair() */
};

struct trial_events {
	struct trial_event *rows;
	size_t count;
};

/* Now, in ms of the wall clock. */
long long trial_now_ms(void);

/* Appends one line; 0 or an errno value. */
int trial_event_append(const char *path, const struct trial_event *e);

int trial_events_read(struct trial_events *e, const char *path);
void trial_events_free(struct trial_events *e);

/*
 * Finds for each event of the live side that of ours which is nearest in time, of the same type
 * and UPS, within `window_ms`.  Of a type that the live side's log tells, its status does not
 * count: it tells the same once more.
 */
void trial_events_pair(struct trial_events *e, long long window_ms);

/* Whether an event is a decision that is compared, not a mere notice. */
bool trial_event_counts(const struct trial_event *e);

/* A line of a log of the live upsmon: the type and the UPS (as MONITOR has it) that it speaks of,
 * by the texts that upsmon has when nobody changed them.  False: it speaks of nothing. */
bool trial_event_of_line(const char *line, const char **type, char *system, size_t size);

#endif
