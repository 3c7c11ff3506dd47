/*
 * mdnsscan: which servers of UPSes announce themselves in this network by
 * multicast DNS (_nut._tcp, as nut-announce(8) does for ours, or _upsd._tcp).
 */
#ifndef DRIVERS_SCAN_MDNSSCAN_H
#define DRIVERS_SCAN_MDNSSCAN_H

#include <stdbool.h>
#include <stddef.h>

struct mdnsscan_server {     /* strings live during the call */
	const char *name;    /* for people */
	const char *host;    /* "nas.local" */
	const char *address; /* numeric; of IPv6 link-local ones with "%" and the interface */
	unsigned port;
};

typedef void mdnsscan_fn(void *arg, const struct mdnsscan_server *s);

/*
 * Asks avahi's daemon, and calls fn for each server as it is found, one that is
 * reached in several ways more than once; ends when all that are known were told, after
 * timeout_ms at the latest.  False: it cannot be asked, `why` says why.  Blocks.
 */
bool mdnsscan_run(int timeout_ms, mdnsscan_fn *fn, void *arg, char *why, size_t size);

#endif
