/*
 * autorange: ranges of addresses as nut-scanner's -m takes them, the networks of this
 * host among them.
 */
#ifndef DRIVERS_SCAN_AUTORANGE_H
#define DRIVERS_SCAN_AUTORANGE_H

#include "drivers/scan/addrrange.h"

/* More than that are not asked one by one: nobody would wait for them. */
enum { AUTORANGE_ADDRESSES_MAX = 1 << 20 };

/*
 * Adds to `list`, which has *count of at most `max`: a range as addrrange_read() takes it; `auto`,
 * `auto4` or `auto6`: the networks of this host's interfaces that are up, its loopback aside;
 * `auto/26`: only that part of each which the host's address is in.  Networks of a host that are
 * too large are left out, and told of by the log.  False: `why` says why.
 */
bool autorange_read(const char *text, struct addrrange *list, size_t max, size_t *count, char *why,
		    size_t size);

#endif
