/*
 * addrrange: ranges of IPv4 and IPv6 addresses, as texts and one by one.
 */
#ifndef DRIVERS_SCAN_ADDRRANGE_H
#define DRIVERS_SCAN_ADDRRANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/net/netaddr.h"

struct addrrange {
	int family;                  /* AF_INET, AF_INET6 */
	uint8_t first[16], last[16]; /* in network order; 4 bytes of IPv4 */
};

/*
 * "192.0.2.7", "192.0.2.0/24", "192.0.2.10-192.0.2.20" (in either order), and the same with IPv6.
 * A network of IPv4 up to /30 is without its first and last address, which are nobody's.  False:
 * `why` says what is wrong.
 */
bool addrrange_read(const char *text, struct addrrange *out, char *why, size_t size);

/* The same of two texts, `nut-scanner -s FROM -e TO`; NULL for one of them: only the other. */
bool addrrange_between(const char *from, const char *to, struct addrrange *out, char *why,
		       size_t size);

/* How many addresses; UINT64_MAX for that many and more. */
uint64_t addrrange_count(const struct addrrange *r);

/* Goes through several ranges; zeroed at first.  `ranges` is borrowed. */
struct addrwalk {
	size_t range;
	bool begun;
	uint8_t at[16];
};

/* The next address, with that port; false: that was the last one. */
bool addrwalk_next(struct addrwalk *w, const struct addrrange *ranges, size_t count, unsigned port,
		   struct netaddr *out);

#endif
