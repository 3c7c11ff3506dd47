/*
 * snmp_trap: traps and informs that an agent sends by itself, SNMPv1, v2c and v3.
 *
 * They are never needed, and nothing is taken from them but the hint to look at once: UDP
 * packets can be forged.  Taken are those from the agent's address, with the community, or of
 * the user with the level, that the options have.  Informs are confirmed.
 */
#ifndef DRIVERS_TRANSPORT_SNMP_TRAP_H
#define DRIVERS_TRANSPORT_SNMP_TRAP_H

#include "drivers/transport/snmp_agent.h"

/* A row for a driver's table of options. */
#define AGENT_TRAP_OPTION                                                                          \
	{                                                                                          \
		.name = "traps", .argument = "port",                                               \
		.help = "UDP port to hear the agent's traps at (162 is for root)", .min = 1,       \
		.max = 65535                                                                       \
	}

struct agent_traps;

/*
 * `what` is the trap's OID (that of SNMPv1 translated, RFC 3584).  Called from the loop, at
 * most once a second: a flood is one call.  It may call core_poll_now(), and must not wait.
 */
typedef void agent_trap_fn(void *arg, const struct snmp_oid *what);

/* NULL was logged: the port is not to be had.  Close it before the agent. */
struct agent_traps *agent_traps_open(struct agent *a, unsigned port, agent_trap_fn *fn, void *arg);
void agent_traps_close(struct agent_traps *t); /* NULL is fine */

struct agent_trap_counts {
	unsigned long taken, foreign,
		refused; /* foreign: of another address; refused: other keys */
};
const struct agent_trap_counts *agent_traps_counts(const struct agent_traps *t);

#endif
