/*
 * snmpcache: the variables of an agent that a driver reads, registered once, fetched together.
 *
 * A cycle of polling is a time stamp: snmpcache_begin() says "now"; snmpcache_fetch() asks for
 * what was wanted and is older than it should be, in one go.  What the agent has not is
 * remembered and asked for again only now and then, with growing pauses, so that a cycle sends
 * only what exists.
 */
#ifndef DRIVERS_SNMP_SNMPCACHE_H
#define DRIVERS_SNMP_SNMPCACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/transport/snmp_agent.h"

struct snmpcache;

/* What asks: agent_fetch() of an agent; another one in tests. */
typedef enum agent_result snmpcache_ask_fn(void *arg, const struct agent_want *wants, size_t count);

struct snmpcache *snmpcache_new(snmpcache_ask_fn *ask, void *arg); /* NULL: no memory */
struct snmpcache *snmpcache_new_of(struct agent *a);
void snmpcache_free(struct snmpcache *c);

/* The place of a variable, the same for the same OID; at most SNMPCACHE_MAX, -1: full, or no
 * memory. */
enum { SNMPCACHE_MAX = AGENT_FETCH_MAX };
int snmpcache_add(struct snmpcache *c, const struct snmp_oid *oid);
const struct snmp_oid *snmpcache_oid(const struct snmpcache *c, int place);

/* A new cycle; nothing is fetched yet.  Returns its number, from 1. */
unsigned long snmpcache_begin(struct snmpcache *c);

/* Wanted in the next fetch, if it was not read in the last `cycles` cycles (0: this one; a large
 * number: once is enough).  Missing ones: when their pause is over. */
void snmpcache_want(struct snmpcache *c, int place, unsigned long cycles);

/*
 * Asks for all that is wanted.  OK with nothing wanted.  After a result other than OK values
 * that did not come keep their old state, and are wanted no more.
 */
enum agent_result snmpcache_fetch(struct snmpcache *c);

/* One variable now, whatever is known of it: OK, MISSING, FAILED or what ended it. */
enum agent_result snmpcache_read(struct snmpcache *c, int place, const struct agent_value **value);

/*
 * What was read last: NULL if it was never read, is missing or unread, or is older than
 * `cycles` cycles (0: read in this one).
 */
const struct agent_value *snmpcache_value(const struct snmpcache *c, int place,
					  unsigned long cycles);

/* Is it known that the agent has it not? */
bool snmpcache_is_missing(const struct snmpcache *c, int place);

/* After a SET, or a trap: as if it had never been read (what is missing may be there now). */
void snmpcache_forget(struct snmpcache *c, int place);
void snmpcache_forget_all(struct snmpcache *c);

#endif
