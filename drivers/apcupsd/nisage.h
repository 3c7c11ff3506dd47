/*
 * nisage: how old an apcupsd's news are.  Its answer tells when it heard of its UPS last
 * (DATE) and when it wrote the answer (END APC), both by the same clock: one that hangs
 * before a dead line goes on answering "ONLINE" for ever.
 *
 * DATE stands still where apcupsd only watches contacts (UPSTYPE dumb): it counts once it
 * was seen to move, twice since that apcupsd was started, and only beside the longest
 * pause that it has made before.
 */
#ifndef DRIVERS_APCUPSD_NISAGE_H
#define DRIVERS_APCUPSD_NISAGE_H

#include "drivers/apcupsd/nisreply.h"

struct nisage {                   /* zeroed at first */
	long long started, heard; /* by apcupsd's clock; 0 = not known */
	long long pause;          /* the longest between two */
	unsigned moves;
};

/* Looks at an answer.  How many seconds ago the UPS was heard of; -1: there is no telling, or it is
 * within `times` of the pauses that there were. */
long long nisage_look(struct nisage *a, const struct nisreply *r, int times);

#endif
