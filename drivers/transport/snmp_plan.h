/*
 * snmp_plan: which variables are asked for together, and what is asked next after each
 * answer, error or silence.  Knows neither packets nor time.
 *
 * Batches are as large as the agent is known to take: they grow after success, and are halved
 * after tooBig, and after silence.  A variable that spoils its batch is taken out of it: for
 * good (noSuchName), or to be asked for alone.
 */
#ifndef DRIVERS_TRANSPORT_SNMP_PLAN_H
#define DRIVERS_TRANSPORT_SNMP_PLAN_H

#include <stdbool.h>
#include <stddef.h>

enum {
	SNMP_BATCH_MAX = 128,
	SNMP_BATCH_FIRST = 30,   /* of an agent of which nothing is known */
	SNMP_BATCH_BYTES = 1400, /* of an answer, as foretold: within what passes unfragmented */
	SNMP_BATCH_BYTES_HEAD = 140, /* around the variables, keys of SNMPv3 included */
};

/* What is known of an agent; zeroed at first, kept from fetch to fetch. */
struct snmp_learned {
	size_t size;    /* variables that were taken together; 0 = nothing known */
	size_t suspect; /* silence was met at this size, and not below; 0 = not */
	size_t ceiling; /* the smallest number that was refused; 0 = none so far */
	unsigned clean; /* fetches since then without a refusal */
	size_t head;    /* bytes of an answer around its variables; 0 = the largest there are */
};

enum snmp_error { /* what concerns the plan in an answer's error status */
		  SNMP_ERROR_TOO_BIG,
		  SNMP_ERROR_NO_SUCH, /* noSuchName, noAccess and the like: it is not there for us
				       */
		  SNMP_ERROR_OTHER,   /* genErr ... */
};

enum snmp_fate { SNMP_FATE_ASK, SNMP_FATE_TAKEN, SNMP_FATE_NONE, SNMP_FATE_UNREAD };

struct snmp_batch {
	struct snmp_batch *next;
	bool by_next;        /* GETNEXT of what is before each variable, see below */
	bool get_only;       /* that was tried, and told nothing */
	unsigned tries;      /* that stayed without an answer */
	unsigned dropped;    /* variables that it has lost to noSuchName */
	size_t silent_at;    /* its larger parent, of that size, got no answer; 0 = none */
	unsigned long since; /* answers there were when it was first sent */
	size_t count;
	size_t want[SNMP_BATCH_MAX];
};

struct snmp_plan;

/*
 * `bytes`: what each of `count` variables will need in an answer (copied).  `by_next`: after
 * two noSuchNames the rest of a batch is asked for by GETNEXT, which tells of each
 * variable whether it exists, where GET (SNMPv1) names only the first that does not.
 * NULL: no memory.  `learned` is borrowed until the free, and brought up to date.
 */
struct snmp_plan *snmp_plan_new(const size_t *bytes, size_t count, bool by_next,
				struct snmp_learned *learned);
void snmp_plan_free(struct snmp_plan *p);

/* The next batch to be sent, out of the plan until it is given back below; NULL: none now. */
struct snmp_batch *snmp_plan_next(struct snmp_plan *p);

/* Nothing is left to be asked, and nothing is out. */
bool snmp_plan_is_done(const struct snmp_plan *p);

enum snmp_fate snmp_plan_fate(const struct snmp_plan *p, size_t want);

/* ------------------------------------------------- what became of a batch; it is gone then */

/* For each variable of an answer, before snmp_plan_answered(). */
void snmp_plan_take(struct snmp_plan *p, size_t want); /* its value came */
void snmp_plan_miss(struct snmp_plan *p, size_t want); /* there is none */

/* An answer without error: what was neither taken nor missed is asked for again, in less company.
 */
void snmp_plan_answered(struct snmp_plan *p, struct snmp_batch *b);

/* `index` counts from 1, as the packet has it; anything else means none. */
void snmp_plan_refused(struct snmp_plan *p, struct snmp_batch *b, enum snmp_error e, long index);

void snmp_plan_unanswered(struct snmp_plan *p, struct snmp_batch *b);

/* Something else was answered: the agent lives. */
void snmp_plan_alive(struct snmp_plan *p);

#endif
