/*
 * sim_run: one schedule of the simulation: the brain on one side, the world and
 * the model on the other, and the invariants (test_upsmon_sim.c) checked after
 * each step.  sim_check.c has what the brain orders and what is made of it,
 * sim_run.c the course of time.
 */
#ifndef TESTS_UNIT_SIM_RUN_H
#define TESTS_UNIT_SIM_RUN_H

#include "clients/upsmon/brain/brain.h"
#include "tests/unit/sim_model.h"
#include "tests/unit/sim_world.h"

enum { SIM_ANSWERS_MAX = 32, SIM_LATE_MS = 50 };

struct sim_answer {
	enum { TO_FSD, TO_LOGINS, TO_HOOKS } to;
	long long at; /* world's time */
	size_t ups;
	long value;
};

struct sim {
	uint64_t seed;
	struct sim_rng rng;
	struct sim_site site;
	struct sim_world world;
	struct sim_model model;
	struct upsmon_conf conf;
	struct brain *brain;
	long long base; /* of the brain's clock in the model's */
	size_t place[SIM_UPSES];

	char told[SIM_TOLD_MAX][SIM_TOLD_SIZE];
	size_t told_count;

	char last_status[SIM_UPSES][256]; /* "" = it has to be read anew */
	long long next_read[SIM_UPSES];
	struct sim_answer answers[SIM_ANSWERS_MAX];
	size_t answer_count;
	long others;
	long long others_until;

	bool by_hand, decided, hooks_run, hooks_ended, grace;
	int command;
	long long decided_at, executed_at, hooks_began, hooks_until; /* model's time */
	long limit_s;
	bool fsd_sent[SIM_UPSES];
	size_t shutdown_notices, executions;

	bool wake_due;
	size_t wakes;
	long long well_since, woken_at; /* or a reload changed whom, and when */
	uint64_t hash;
	bool died;
};

/* Over all schedules: tests that test nothing shall be seen. */
extern struct sim_sums {
	size_t executions, classic_decisions, rules_decisions, deaths, saved, hooks, wakes, fired,
		told, restarts, sleeps;
} sim_sums;

/* What happens is printed. */
extern bool sim_shown;

#define SIM_FAIL(s, ...)                                                                           \
	do {                                                                                       \
		fprintf(stderr, "schedule %llu, second %.3f: ", (unsigned long long)(s)->seed,     \
			(double)(s)->world.now / 1000);                                            \
		fail_msg(__VA_ARGS__);                                                             \
	} while (0)

/* Plays a whole schedule; its acts as one number. */
uint64_t sim_play(uint64_t seed);

/* sim_check.c: a call into the brain, and the same into the model, lie between these. */
void sim_begin_call(struct sim *s);
void sim_end_call(struct sim *s, bool was_decided);
/* The model's state has changed. */
void sim_note_wellness(struct sim *s);
void sim_note(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
long long sim_brain_now(const struct sim *s);
extern const struct brain_acts sim_acts;

#endif
