/*
 * failover: what the two halves of that driver share.
 *
 *   failover.c       options, the drivers followed, commands
 *   failover_duty.c  the election at work: what is published
 */
#ifndef DRIVERS_VIRTUAL_FAILOVER_H
#define DRIVERS_VIRTUAL_FAILOVER_H

#include "common/base/log.h"
#include "drivers/core/driver.h"
#include "drivers/virtual/election.h"
#include "drivers/virtual/mirror.h"
#include "drivers/virtual/source.h"

/* Until when an admin's word holds, by clock_ms(); 0: there is none. */
enum { FAILOVER_FOR_EVER = -1 };

struct failover_member {
	struct source *source;
	long long ignore_ms, prefer_ms;
	struct log_throttle circle;
};

struct failover {
	struct core *core;
	struct failover_member members[ELECTION_MAX];
	size_t count;
	struct election election;
	enum election_duty duty;
	size_t shown; /* whose data the mirror copies; ELECTION_NOBODY before the first */
	struct mirror mirror;
	char *status; /* of the one that is shown, as it was known last */
	struct loop_timer *tick;
};

/* The names of the primary's variables and commands here: those that this driver has itself, and
 * driver.*, stand below `upstream.`. */
extern const struct mirror_rules failover_rules;

/* What a variable or command of here is called there. */
const char *failover_their_name(const char *ours);

/* Elects, and publishes; for poll(). */
enum driver_result failover_serve(struct failover *f);

/* Elects only. */
void failover_elect(struct failover *f);

/* NULL: nobody is primary, or it does not speak with us. */
struct source *failover_primary(const struct failover *f);

#endif
