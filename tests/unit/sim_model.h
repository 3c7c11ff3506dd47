/*
 * sim_model: what upsmon has to tell and to decide, written once more and as
 * simply as can be, from the manual and not from the code.  The simulation
 * tells it the same readings as the brain, and compares.
 *
 * Times are milliseconds that count what a process counts who never dies: a
 * restart takes its time, a sleep does not.
 */
#ifndef TESTS_UNIT_SIM_MODEL_H
#define TESTS_UNIT_SIM_MODEL_H

#include "tests/unit/sim_site.h"

enum { SIM_NEVER = -1, SIM_TOLD_MAX = 256, SIM_TOLD_SIZE = 160 };

struct sim_known {
	enum { SIM_NEW, SIM_OK, SIM_LOST } comm;
	bool contacted, stale;
	uint32_t words; /* bits 1 << fact of what its status said; OB of its line */
	bool on_line;   /* OL is known */
	uint32_t facts; /* as rules of the group language know them */
	bool low_assumed, fsd_told;
	long long heard, noncrit, lost, ob, low, off, over, replace, nocomm;
	double charge, runtime;
	char alarm[64], others[64];
	bool charge_fired, runtime_fired;
	long long timers[SIM_TIMERS];        /* due */
	long long timer_started[SIM_TIMERS]; /* which was started first, for a tie */
};

struct sim_reading {
	const char *status, *alarm;
	double charge, runtime; /* < 0 = not told */
};

struct sim_model {
	const struct sim_site *site;
	struct sim_known ups[SIM_UPSES];
	long long now, hold_until, starts;
	int shutdown; /* the UPS whose rule said SHUTDOWNCMD; -1 = none */
	/* What has to be told because of the last event, in order in the group language. */
	char told[SIM_TOLD_MAX][SIM_TOLD_SIZE];
	size_t told_count;
	/* How timers ended, for the sums. */
	size_t started, replaced, cancelled, fired;
};

void sim_model_begin(struct sim_model *m, const struct sim_site *site, long long now);
void sim_model_read(struct sim_model *m, size_t ups, const struct sim_reading *r);
void sim_model_lose(struct sim_model *m, size_t ups);
void sim_model_heard(struct sim_model *m, size_t ups);
void sim_model_fsd_set(struct sim_model *m, size_t ups);
void sim_model_forget(struct sim_model *m);
void sim_model_restart(struct sim_model *m); /* the time has passed already */
void sim_model_turn(struct sim_model *m);

/* When a timer has to fire or something has to be told at the latest; SIM_NEVER = nothing. */
long long sim_model_due(const struct sim_model *m);

/* Classic: the power value of the UPSes that count as feeding this host. */
long sim_model_supplies(const struct sim_model *m);

#endif
