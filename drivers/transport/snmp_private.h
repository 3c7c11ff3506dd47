/*
 * snmp_private: what the files of the SNMP transport share.
 *
 *   snmp_oid.c     object identifiers                   (no net-snmp)
 *   snmp_config.c  options                              (no net-snmp)
 *   snmp_plan.c    which variables go into a packet     (no net-snmp)
 *   snmp_show.c    results and values in words          (no net-snmp)
 *   snmp_lib.c     net-snmp in this process
 *   snmp_keys.c    keys of SNMPv3
 *   snmp_value.c   values from and to net-snmp
 *   snmp_link.c    one socket: questions and answers, without waiting
 *   snmp_agent.c   open, close; one question that is waited for
 *   snmp_say.c     what is wrong, in words
 *   snmp_fetch.c   many variables
 *   snmp_walk.c    tables
 *   snmp_set.c     writing
 *   snmp_trap.c    traps that the agent sends by itself
 *   snmp_driver.c  all this in a driver
 */
#ifndef DRIVERS_TRANSPORT_SNMP_PRIVATE_H
#define DRIVERS_TRANSPORT_SNMP_PRIVATE_H

#include "drivers/transport/snmp_agent.h"
#include "drivers/transport/snmp_link.h"
#include "drivers/transport/snmp_plan.h"
#include "drivers/transport/snmp_value.h"

enum { AGENT_WINDOW = 3 /* questions under way at a time */ };

struct agent {
	struct agent_config cfg;
	struct agent_host host;
	struct snmp_keys keys;
	struct snmp_link *link;
	struct netaddr addr;
	struct snmp_learned learned;
	unsigned window;       /* questions that it takes at a time */
	unsigned window_clean; /* fetches since it was found to take fewer */
	unsigned value_bytes;  /* of a value, usually */
	bool no_bulk;          /* it chokes on GETBULK */
	long rtt_ms;           /* the slowest of late */
	bool good;             /* the last fetch went well */
	bool proven;           /* one did since it was opened: the keys are right */
	char where[300];
};

/* The time that an agent has for any answer, all tries together. */
long agent_budget_ms(const struct agent *a);

/* How long the next try waits, after `tries` of which `silent_ms` passed in vain. */
int agent_try_ms(const struct agent *a, unsigned tries, long long silent_ms);

/* An answer came after that time. */
void agent_heard(struct agent *a, long long after_ms);

/* Returns when *done, or after `ms`; false: the process is to end. */
bool agent_wait(struct agent *a, const bool *done, int ms);

/*
 * Makes the link ready for questions (SNMPv3: finds the engine); OK at once if it is.
 * *discoveries is counted up and bounded over one call of the interface.
 */
enum agent_result agent_prepare(struct agent *a, unsigned *discoveries);

/*
 * One question until it is answered; `make` builds it anew for each try, `answer` gets the PDU of
 * the answer.  Both get `arg`.
 */
enum agent_result agent_exchange(struct agent *a, netsnmp_pdu *(*make)(void *arg),
				 void (*answer)(void *arg, const netsnmp_pdu *pdu), void *arg);

/* Logs why there is no answer, or that there is one again; returns `r`. */
enum agent_result agent_say(struct agent *a, enum agent_result r);

/* A reason for silence; only debugging while it stays the same. */
void agent_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
