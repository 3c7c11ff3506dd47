/*
 * sim_site: a random site for the simulation of outages: UPSes, policy, rules,
 * and the configuration file that says so.  All of a site follows from a seed.
 */
#ifndef TESTS_UNIT_SIM_SITE_H
#define TESTS_UNIT_SIM_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/upsmon/brain/policy.h"
#include "common/base/buffer.h"

enum {
	SIM_UPSES = 6,
	SIM_GROUPS = 2,
	SIM_TIMERS = 3, /* names of each UPS's rules: t0, t1, t2 */
	SIM_RULES = 12,
	SIM_ACTIONS = 3,
	SIM_WAKES = 3,
};

/* Facts as events name them, in the order in which ends are told. */
enum sim_fact {
	SIM_OB,
	SIM_NOCOMM,
	SIM_ALARM,
	SIM_BOOST,
	SIM_BYPASS,
	SIM_CAL,
	SIM_CHRG,
	SIM_DISCHRG,
	SIM_FSD,
	SIM_LB,
	SIM_OFF,
	SIM_OVER,
	SIM_RB,
	SIM_TEST,
	SIM_TRIM,
	SIM_ECO,
	SIM_TICK,
	SIM_TOCK,
	SIM_LB1,
	SIM_LB2,
	SIM_LB3,
	SIM_LS,
	SIM_FACTS
};
extern const char *const sim_words[SIM_FACTS];
/* "OL->OB" */
void sim_append_event(struct buffer *b, enum sim_fact fact, bool begins);

struct sim_rng {
	uint64_t state;
};
size_t sim_pick(struct sim_rng *r, size_t below);
bool sim_chance(struct sim_rng *r, size_t percent);
long sim_range(struct sim_rng *r, long min, long max);

struct sim_ups {
	char name[16]; /* as the brain calls it */
	long power;
	bool primary;
	size_t group;
	long capacity_s; /* what a full battery lasts */
	long low;        /* percent at which it says LB */
	bool tells_charge, tells_runtime, pushes;
	struct limits limits;
};

struct sim_action {
	enum { SIM_START, SIM_CANCEL, SIM_SHUTDOWN } kind;
	int timer;
	long ms;
	int condition; /* a fact, or -1 */
	bool wanted;
};

/* WHEN ups REPORTS, or TIMEOUT of `timer` if that is not -1. */
struct sim_rule {
	size_t ups;
	int timer;
	enum sim_fact fact;
	bool begins;
	struct sim_action actions[SIM_ACTIONS];
	size_t action_count;
};

struct sim_site {
	bool group; /* in the group language */
	bool clean; /* links are never lost, and nobody plays with switches */
	struct sim_ups ups[SIM_UPSES];
	size_t count;
	long min[SIM_GROUPS]; /* MINSUPPLIES; classic: the first */
	struct policy policy;
	struct sim_rule rules[SIM_RULES];
	size_t rule_count;
	long wakes[SIM_WAKES]; /* seconds after the first, in order */
	size_t wake_count;
	long charge_limit, runtime_limit; /* of CHARGE BELOW and RUNTIME BELOW */
};

void sim_site_make(struct sim_site *s, struct sim_rng *r);
/* Another configuration for the same UPSes. */
void sim_site_vary(struct sim_site *s, struct sim_rng *r);
void sim_site_text(const struct sim_site *s, struct buffer *b);

/* The seconds that a classic host needs at most from OB LB to its end, one reading included. */
long sim_site_need_s(const struct sim_site *s);

#endif
