/*
 * brain_impl: what the brain's own files share: brain.c (life, readings,
 * decisions), brain_rules.c (the rulebook), brain_wake.c (power is back),
 * brain_describe.c, brain_keep.c.
 */
#ifndef CLIENTS_UPSMON_BRAIN_IMPL_H
#define CLIENTS_UPSMON_BRAIN_IMPL_H

#include <stdint.h>

#include "clients/upsmon/brain/brain.h"
#include "clients/upsmon/brain/rules.h"
#include "clients/upsmon/brain/timers.h"

/* A TRIGGER_CHARGE or TRIGGER_RUNTIME that has fired, and waits until its value is above it again.
 */
struct brain_level {
	enum trigger trigger;
	long limit;
};

enum {
	BRAIN_HOLD_MS = 15000, /* how long timers wait for readings after a sleep or a restart */
};

struct brain_ups {
	const struct conf_ups *conf;
	struct monitor monitor;
	uint32_t facts;            /* as the rules know them */
	bool stale;                /* forgotten, and not read since */
	bool critical;             /* by rules.c, when it was asked last */
	struct brain_level *fired; /* owned */
	size_t fired_count;
};

/* One fact of one UPS that began or ended, on its way to the rules. */
struct brain_event {
	size_t ups;
	enum fact fact;
	bool begins;
};

struct brain {
	const struct brain_acts *acts;
	void *arg;
	const struct upsmon_conf *conf;
	struct brain_ups *ups; /* in the configuration's order */
	struct monitor **monitors;
	size_t count;
	long long now_ms;
	long long hold_ms; /* timers wait for readings until then; 0 = they do not */
	bool stopped;
	bool look;            /* something has changed that brain_turn() has not seen */
	bool changed;         /* since it was saved */
	struct timers timers; /* owner: the UPS's system */
	struct shutdown shutdown;
	size_t *primaries; /* places of UPSes; room for all of them */
	int command;       /* that the shutdown runs */
	char banner[128], host[64];

	/* Waking others (brain_wake.c). */
	bool wake_due;           /* there was an outage, or we have just started */
	long long stable_ms;     /* since when all is well; MONITOR_NEVER = it is not */
	size_t wake_next;        /* the next of conf->wakes */
	long long wake_first_ms; /* when the first was woken */
};

/* brain_rules.c: runs all rules of that event, in the order of the file. */
void brain_fire_event(struct brain *b, const struct brain_event *e);
void brain_fire_notice(struct brain *b, enum notice n, const char *ups, const char *extra);
void brain_fire_levels(struct brain *b, struct brain_ups *u);
/* That level has fired. */
void brain_note_level(struct brain_ups *u, enum trigger trigger, long limit);
void brain_expire_timers(struct brain *b);

/* brain.c: begins the sequence. `forced`: the UPSes whose primary we are get FSD first. */
void brain_begin_shutdown(struct brain *b, int command, bool forced);

/* brain_wake.c: looks whether somebody is to be woken. */
void brain_wake_turn(struct brain *b);
long long brain_wake_due_ms(const struct brain *b);
void brain_wake_outage(struct brain *b);

#endif
