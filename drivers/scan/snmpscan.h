/*
 * snmpscan: who answers SNMP in a range of addresses.
 *
 * Each address is asked for sysObjectID, sysName and sysDescr with one set of options; so many
 * at a time, and so many packets a second, whatever the size of the range.  Nothing
 * waits: it runs in the loop.
 */
#ifndef DRIVERS_SCAN_SNMPSCAN_H
#define DRIVERS_SCAN_SNMPSCAN_H

#include "common/net/loop.h"
#include "drivers/scan/addrrange.h"
#include "drivers/transport/snmp_agent.h"

struct snmpscan;

enum { SNMPSCAN_PARALLEL_MAX = 256 };

struct snmpscan_options {
	const struct agent_config
		*cfg;        /* its port, timeout, retries and keys; host aside; copied */
	unsigned parallel;   /* 1 to SNMPSCAN_PARALLEL_MAX; what is beyond is cut */
	unsigned per_second; /* addresses begun in a second; 0 = as `parallel` allows */
};

struct snmpscan_device {
	struct netaddr addr;
	char host[64];                /* its address as text */
	struct agent_value object_id; /* NONE where the agent does not say */
	struct agent_value name, description;
};

/* From the loop; may cancel the scan. */
typedef void snmpscan_found_fn(void *arg, const struct snmpscan_device *d);
typedef void snmpscan_end_fn(void *arg, uint64_t asked, uint64_t answered);

/*
 * `ranges` are copied.  `end` is called last, unless the scan is cancelled; the scan is gone
 * then.  Neither is called from inside this.  NULL: `why` says why not.
 */
struct snmpscan *snmpscan_start(struct loop *l, const struct snmpscan_options *o,
				const struct addrrange *ranges, size_t count,
				snmpscan_found_fn *found, snmpscan_end_fn *end, void *arg,
				char *why, size_t size);
void snmpscan_cancel(struct snmpscan *s); /* NULL is fine */

#endif
