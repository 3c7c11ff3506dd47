/*
 * timerd: the timer daemon, which lives while timers run and 15 s longer.
 */
#ifndef CLIENTS_UPSSCHED_TIMERD_H
#define CLIENTS_UPSSCHED_TIMERD_H

#include <stdbool.h>

#include "clients/upssched/conf.h"
#include "clients/upssched/lock.h"

/*
 * Starts it, and returns when it takes connections; then LOCKFN, which the
 * caller holds, has been removed.  False: it did not come up (logged).
 */
bool timerd_start(const struct upssched_conf *conf, struct lock *lock);

#endif
