/*
 * sim_world: the devices, batteries, drivers and servers of a simulated site,
 * and what befalls them: a schedule of events that follows from a seed.
 */
#ifndef TESTS_UNIT_SIM_WORLD_H
#define TESTS_UNIT_SIM_WORLD_H

#include "tests/unit/sim_site.h"

enum { SIM_EVENTS = 80 };

enum sim_link {
	SIM_LINK_OK,
	SIM_LINK_DOWN,  /* refused, or stale data, at once */
	SIM_LINK_HANGS, /* accepts, and says nothing: it is known to be lost only later */
	SIM_LINK_WAITS, /* there is a server; its driver has not read the device yet */
};

struct sim_device {
	bool mains, calibrates, bypass, off, replace, over, trim, eco, other, fsd;
	size_t last_switch; /* which one an end is about */
	int alarm;          /* which text; 0 = none */
	bool heavy;         /* what is fed takes three times as much */
	double left_s;      /* in the battery, with the usual load */
	enum sim_link link;
	long long hangs_since;
	/* What was left when OB LB began last; < 0 = it is not OB LB. */
	double left_at_low_s;
};

enum sim_event_kind {
	SIM_MAINS,
	SIM_LINK,
	SIM_CALIBRATE,
	SIM_SWITCH, /* one of the device's states */
	SIM_FSD_ELSEWHERE,
	SIM_SLEEP,
	SIM_RESTART,
	SIM_RELOAD,
	SIM_BY_HAND,
};

struct sim_event {
	long long at;
	enum sim_event_kind kind;
	size_t ups;
	long value;
};

struct sim_world {
	const struct sim_site *site;
	long long now;
	struct sim_device devices[SIM_UPSES];
	struct sim_event events[SIM_EVENTS];
	size_t event_count, next_event;
	long long end;
};

void sim_world_begin(struct sim_world *w, const struct sim_site *s, struct sim_rng *r);

/* A second of physics. */
void sim_world_second(struct sim_world *w);
/* An event that is about devices and links; false: it is about upsmon. */
bool sim_world_apply(struct sim_world *w, const struct sim_event *e);

/* What its driver says. */
void sim_world_status(const struct sim_world *w, size_t ups, char *dst, size_t size);
const char *sim_world_alarm(const struct sim_world *w, size_t ups);
double sim_world_charge(const struct sim_world *w, size_t ups);
double sim_world_runtime(const struct sim_world *w, size_t ups);
/* The power value that reaches this host. */
long sim_world_power(const struct sim_world *w);

#endif
