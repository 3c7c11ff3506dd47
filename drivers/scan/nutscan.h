/*
 * nutscan: which addresses have a server of NUT, and which UPSes it serves.
 *
 * Each address is connected to, asked LIST UPS, and left; so many at a time.  Nothing
 * waits: it runs in the loop.  What a server says is not trusted: it has one deadline for all
 * of it, and is cut at so many UPSes and bytes.
 */
#ifndef DRIVERS_SCAN_NUTSCAN_H
#define DRIVERS_SCAN_NUTSCAN_H

#include "common/net/loop.h"
#include "common/net/netaddr.h"
#include "common/ups/netwire.h"

struct nutscan;

enum { NUTSCAN_UPSES_MAX = 256, NUTSCAN_TEXT_MAX = 256, NUTSCAN_PARALLEL_MAX = 4096 };

/* The next address; false: there are no more. */
typedef bool nutscan_next_fn(void *arg, struct netaddr *out);

struct nutscan_options {
	unsigned parallel; /* at least 1; cut to NUTSCAN_PARALLEL_MAX and to what descriptors there
			      are */
	int timeout_ms;    /* for an address as a whole */
	nutscan_next_fn *next;
};

struct nutscan_ups {
	char *name, *description;
};

struct nutscan_server { /* lives during the call */
	const struct netaddr *addr;
	const struct nutscan_ups *upses;
	size_t count;
	enum netwire_error refused; /* it is a server, and does not tell: why */
};

typedef void nutscan_found_fn(void *arg, const struct nutscan_server *s);
typedef void nutscan_end_fn(void *arg);

/* `end` is called last, and the scan is gone then; neither from inside this.  NULL: no memory. */
struct nutscan *nutscan_start(struct loop *l, const struct nutscan_options *o,
			      nutscan_found_fn *found, nutscan_end_fn *end, void *arg);

/*
 * The parser of what a server says, by itself.  `reply` is zeroed at first.
 */
struct nutscan_reply {
	struct nutscan_ups *upses;
	size_t count, room;
	bool begun;
	enum netwire_error refused;
};

enum nutscan_progress { NUTSCAN_MORE, NUTSCAN_DONE, NUTSCAN_NO_SERVER };

enum nutscan_progress nutscan_reply_line(struct nutscan_reply *reply, const struct words *w);
void nutscan_reply_free(struct nutscan_reply *reply);

#endif
