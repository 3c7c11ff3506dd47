/*
 * qxmemory: a carrier for the search of a protocol, in which many maps ask the same, and a
 * device says nothing to most of it.
 *
 *  - What was answered is not asked again: the next map gets the same answer.  Only one that
 *    was of no use to whoever asked, who then asks again at once, is never kept.
 *  - What met silence is asked a second time, as a query may be lost; unless the device answers,
 *    right behind it, a query that it knows (the greeting, or the first that it answered).
 *    Then it is awake and the line is good: it was silent since it does not know the query.
 */
#ifndef DRIVERS_QX_QXMEMORY_H
#define DRIVERS_QX_QXMEMORY_H

#include "drivers/qx/carrier.h"

struct qx_memory;

/* Over that carrier, which stays the caller's.  NULL: no memory left. */
struct qx_memory *qx_memory_new(const struct carrier *carrier);
void qx_memory_free(struct qx_memory *m);

/* Asks what most devices answer, before all else: the one to try the line by. */
void qx_memory_greet(struct qx_memory *m, const struct carrier_query *q);

struct carrier qx_memory_carrier(struct qx_memory *m);

#endif
