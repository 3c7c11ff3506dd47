/*
 * snmp_link: questions to one address and what comes back, without waiting.
 *
 * It is the only place that knows net-snmp's sessions.  net-snmp encodes, decodes and holds the
 * keys; the socket is ours: connected, so that the system lets nobody else's packets in and tells
 * of a port where nobody listens.
 */
#ifndef DRIVERS_TRANSPORT_SNMP_LINK_H
#define DRIVERS_TRANSPORT_SNMP_LINK_H

#include <net-snmp/net-snmp-config.h>
/* after net-snmp-config.h */
#include <net-snmp/net-snmp-includes.h>

#include "common/net/netaddr.h"
#include "drivers/transport/snmp_agent.h"

/* ------------------------------------------------------------------------------- keys */

/* What SNMPv3 makes of passwords: slow, so once for all agents of a configuration. */
struct snmp_keys {
	const oid *auth, *priv; /* protocols; static */
	size_t auth_len, priv_len;
	u_char auth_key[USM_AUTH_KU_LEN], priv_key[USM_PRIV_KU_LEN];
	size_t auth_key_len, priv_key_len;
};

/* False: `why` says what this net-snmp lacks.  Nothing to do, and true, for v1 and v2c. */
bool snmp_keys_make(struct snmp_keys *k, const struct agent_config *cfg, char *why, size_t size);
void snmp_keys_wipe(struct snmp_keys *k);

/* What net-snmp wants to know of a session; borrows from cfg and keys. */
void snmp_session_fill(netsnmp_session *s, const struct agent_config *cfg,
		       const struct snmp_keys *k);

/* ------------------------------------------------------------------------------- links */

enum snmp_trouble { /* what was seen that explains why there is no answer */
		    SNMP_TROUBLE_NONE,
		    SNMP_TROUBLE_NO_PORT,    /* nobody listens there */
		    SNMP_TROUBLE_NETWORK,    /* no way there; snmp_link_errno() */
		    SNMP_TROUBLE_HANG_UP,    /* TCP: closed by the agent */
		    SNMP_TROUBLE_GARBAGE,    /* packets come that are none, or none for us */
		    SNMP_TROUBLE_USER,       /* SNMPv3: the agent does not know the user */
		    SNMP_TROUBLE_DIGEST,     /* authPassword or authProtocol is another one */
		    SNMP_TROUBLE_DECRYPTION, /* privPassword or privProtocol is another one */
		    SNMP_TROUBLE_LEVEL,      /* the user may not ask with this secLevel */
		    SNMP_TROUBLE_CLOCK,      /* the agent's boots and time cannot be agreed on */
		    SNMP_TROUBLE_OTHER,      /* another report */
};

struct snmp_link;

/*
 * `fd` is a connected TCP socket, taken over, or -1: UDP.  NULL: errno says why not.  `cfg` and
 * `keys` are borrowed until the free.
 */
struct snmp_link *snmp_link_new(struct loop *l, const struct agent_config *cfg,
				const struct snmp_keys *keys, const struct netaddr *to, int fd);

/* Not from inside a callback of its own.  Answers that are under way are forgotten. NULL is fine.
 */
void snmp_link_free(struct snmp_link *k);

/*
 * OK: `pdu` is the answer, borrowed for the call, its error status not looked at.  Else it is NULL:
 * TIMEOUT, AUTH, FAILED (TCP was closed).  Called from the loop, never from inside the question;
 * more may be asked, but the link may not be freed.
 */
typedef void snmp_answer_fn(void *arg, enum agent_result r, const netsnmp_pdu *pdu);

/* Takes `pdu` (NULL: no memory).  False: no memory, or it cannot be encoded; `done` is not called.
 */
bool snmp_link_ask(struct snmp_link *k, netsnmp_pdu *pdu, int timeout_ms, snmp_answer_fn *done,
		   void *arg);

/* False until the engine of an SNMPv3 agent is known, and after it turned out to be another. */
bool snmp_link_is_ready(struct snmp_link *k);

/* The question for it: OK when it is ready. */
bool snmp_link_discover(struct snmp_link *k, int timeout_ms, snmp_answer_fn *done, void *arg);

/* Forgets all questions; their `done` is not called. */
void snmp_link_forget(struct snmp_link *k);

bool snmp_link_is_broken(const struct snmp_link *k); /* TCP: a new one is needed */
enum snmp_trouble snmp_link_trouble(const struct snmp_link *k);
int snmp_link_errno(const struct snmp_link *k);
void snmp_link_clear_trouble(struct snmp_link *k);
struct agent_counts *snmp_link_counts(struct snmp_link *k);

/* The engine of the agent, for its traps; *len 0 = not known. */
const u_char *snmp_link_engine(struct snmp_link *k, size_t *len);

#endif
