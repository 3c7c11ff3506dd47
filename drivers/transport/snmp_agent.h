/*
 * snmp_agent: an SNMP agent, asked by a driver: opened, read in few packets, walked, set.
 *
 * Underneath all is asynchronous (net-snmp on a socket of ours, in the loop).  The functions
 * that wait do so through the host that was given, so that the driver's socket is served while
 * an agent is slow or dead, and return early with AGENT_ENDING when the process is to end.
 * They run on the driver's main stack and never inside a callback of the loop.
 *
 *   open()   agent_open_driver() reads the options (AGENT_OPTIONS in the driver's table),
 *            looks the name up, opens the socket, and logs why not.  Nothing is asked yet: an
 *            agent that is dead shows in the first agent_fetch().
 *   poll()   agent_fetch(), or the cache of drivers/snmp/snmpcache.h in front of it;
 *            agent_driver_result() says what the result means for the core.
 *   close()  agent_close().
 *
 * An agent that was restarted, lost its clock or changed its engine's id (SNMPv3) is found
 * again underneath.  Reasons why there is no answer are logged here, each once until it changes.
 *
 * Answers are taken only from the address that was asked, and only once: late and doubled ones
 * are dropped.  net-snmp's configuration files, MIB files and persistent files are not touched.
 */
#ifndef DRIVERS_TRANSPORT_SNMP_AGENT_H
#define DRIVERS_TRANSPORT_SNMP_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/net/loop.h"
#include "common/net/resolver.h"
#include "drivers/transport/snmp_config.h"
#include "drivers/transport/snmp_oid.h"

struct agent;

enum agent_result {
	AGENT_OK,
	AGENT_FAILED,   /* answered, and of no use; or the system has no memory, no socket */
	AGENT_TIMEOUT,  /* no answer in snmp_timeout * (snmp_retries + 1) */
	AGENT_AUTH,     /* SNMPv3: the agent, or we, refuse the other's name or keys */
	AGENT_MISSING,  /* there is no such variable (agent_set() and agent_get() only) */
	AGENT_REFUSED,  /* set: the variable, or the view of it, is not writable */
	AGENT_BADVALUE, /* set: the agent, or the type, does not take this value */
	AGENT_ENDING,   /* the process is to end: return soon */
};

/* "timeout", "refused" ..., for logs. */
const char *agent_result_name(enum agent_result r);

/* ------------------------------------------------------------------------------ values */

enum agent_type {
	AGENT_NOTHING,   /* not asked for yet */
	AGENT_NONE,      /* the agent has no such variable */
	AGENT_UNREAD,    /* the agent has it, or may have it, and does not give it (genErr ...) */
	AGENT_INTEGER,   /* 32 bits, signed */
	AGENT_UNSIGNED,  /* Gauge32, Unsigned32 */
	AGENT_COUNTER,   /* Counter32 */
	AGENT_COUNTER64, /* cut at INT64_MAX */
	AGENT_TICKS,     /* TimeTicks: hundredths of a second */
	AGENT_TEXT,      /* OCTET STRING, Opaque, BITS: bytes, not always text */
	AGENT_OID,
	AGENT_ADDRESS, /* IpAddress: text is "192.0.2.1" */
	AGENT_REAL,    /* Opaque float or double, as net-snmp's agents send them */
};

enum { AGENT_TEXT_MAX = 512 }; /* bytes kept of a text; more is cut */

struct agent_value {
	enum agent_type type;
	bool cut; /* the text was longer */
	union {
		int64_t number;
		double real;
		struct {
			size_t size;                    /* bytes, NULs among them counted */
			char bytes[AGENT_TEXT_MAX + 1]; /* and one NUL more */
		} text;
		struct snmp_oid oid;
	};
};

/* Is there something to be used in it? */
bool agent_value_is_there(const struct agent_value *v);

/* INTEGER to TICKS, for which `number` holds. */
bool agent_value_is_number(const struct agent_value *v);

/* About what it takes in a packet, at least 1; 0 if nothing is there. */
size_t agent_value_bytes(const struct agent_value *v);

/* In words, for logs and tests: "INTEGER 5", "TEXT \"abc\"", "NONE". */
void agent_value_show(const struct agent_value *v, char *dst, size_t size);

/* ---------------------------------------------------------------------------- the host */

/* What the transport needs of the process that it works in. */
struct agent_host {
	struct loop *loop;
	struct resolver *resolver; /* may be NULL where the host is a numeric address */

	/* Turns the loop until *done or the time is over; false: the process is to end. */
	bool (*wait_for)(void *arg, const bool *done, int ms);

	/* Called after each answer, for core_alive(); may be NULL. */
	void (*alive)(void *arg);
	void *arg;
};

/* ------------------------------------------------------------------------ open and close */

/*
 * Looks up and opens; `cfg` is copied.  AGENT_FAILED was logged: the name is not known (yet),
 * a TCP connection is refused.
 */
enum agent_result agent_open(const struct agent_config *cfg, const struct agent_host *host,
			     struct agent **out);

/* Forgets what is under way; wipes the keys.  NULL is fine. */
void agent_close(struct agent *a);

const char *agent_where(const struct agent *a); /* "udp:192.0.2.7:161", for messages */

/* ----------------------------------------------------------------------------- reading */

struct agent_want {
	const struct snmp_oid *oid; /* borrowed */
	struct agent_value *value;  /* where it goes; NOTHING if the fetch ended before */
	size_t bytes;               /* agent_value_bytes() of the last one; 0: not known */
};

enum { AGENT_FETCH_MAX = 4096 };

/*
 * Reads all of them in as few packets as the agent takes, several at a time.  AGENT_OK: each
 * value is there, NONE or UNREAD.  Else values that came before are set, too.  At most
 * AGENT_FETCH_MAX.
 */
enum agent_result agent_fetch(struct agent *a, const struct agent_want *wants, size_t count);

/* The same for one variable: OK, MISSING, FAILED (unread) or what ended it. */
enum agent_result agent_get(struct agent *a, const struct snmp_oid *oid, struct agent_value *value);

/*
 * Calls `row` for each variable below `root`, in order, until it returns false or `max` rows came.
 * An agent that goes backwards or in circles ends the walk with AGENT_FAILED.  Called while
 * the walk waits: `row` must neither wait nor ask.
 */
typedef bool agent_row_fn(void *arg, const struct snmp_oid *oid, const struct agent_value *value);
enum agent_result agent_walk(struct agent *a, const struct snmp_oid *root, size_t max,
			     agent_row_fn *row, void *arg);

/* ----------------------------------------------------------------------------- writing */

/*
 * `type` NOTHING: the one that the variable has now, which is asked first.  `text` is a
 * decimal number for numbers and ticks, an OID, an address or bytes as they are.  A set that got no
 * answer is repeated, as often as a question.
 */
enum agent_result agent_set(struct agent *a, const struct snmp_oid *oid, enum agent_type type,
			    const char *text);

/* ---------------------------------------------------------------------------- counting */

/* Since agent_open(), for tests, benches and -D. */
struct agent_counts {
	unsigned long requests; /* packets sent, repeated ones and discovery included */
	unsigned long answers;  /* packets that were taken */
	unsigned long dropped;  /* late, doubled, broken or foreign ones */
	unsigned long varbinds; /* variables asked for, repeated ones included */
	unsigned long timeouts; /* requests without an answer */
	unsigned long turns;    /* times that a fetch had to wait for an answer: round trips */
};
const struct agent_counts *agent_counts(const struct agent *a);

#endif
