/*
 * driverlink: the connection of upsd, or of a driver that follows another one,
 * to a driver (spec/driver-socket.md).
 *
 * It connects to the driver's unix socket without blocking, asks for a dump,
 * applies what the driver says to the state tree, asks PING when the driver is
 * silent, and tries again when it is gone.  All links are driven by one tick a
 * second of their owner: a link has no timer of its own, and a driver that is
 * not there costs one look at the file system every other second.
 *
 * While the link is down the old tree stays; it is compared with the next dump,
 * so that a driver's restart is no storm of changes.
 */
#ifndef COMMON_UPS_DRIVERLINK_H
#define COMMON_UPS_DRIVERLINK_H

#include <stdbool.h>

#include "common/base/log.h"
#include "common/net/lineconn.h"
#include "common/net/loop.h"
#include "common/net/netaddr.h"
#include "common/ups/netwire.h"
#include "common/ups/state.h"

struct driverlink_ops {
	/* driverlink_availability() may have changed. */
	void (*changed)(void *arg);
	/* The driver tells how a tracked request went. */
	void (*tracked)(void *arg, const char *id, long result);
};

struct driverlink_config {
	const char *ups;  /* its name, for the log; borrowed */
	unsigned complaint_s; /* between two complaints that it is not reached; 0 = the default */
	const char *path; /* of the driver's socket; copied */
	struct state *state;
	const struct driverlink_ops *ops;
	void *arg;
};

struct driverlink {
	/* private */
	struct loop *loop;
	struct state *state;
	const struct driverlink_ops *ops;
	void *arg;
	const char *ups;
	char *path;
	struct connector *connecting;
	struct lineconn *conn; /* NULL: not connected */
	long long connected_ms;
	long long heard_ms;
	long long pinged_ms;
	long long retry_ms;
	unsigned complaint_s;
	unsigned failures; /* in a row */
	bool dumped;       /* DUMPDONE came since it connected */
	bool silent;       /* MAXAGE passed without a word, or without the end of the dump */
	struct log_throttle complaint;  /* that it cannot be reached */
	struct log_throttle unreadable; /* of lines that it sends */
};

/* False: no memory. Connecting begins with the first tick. */
bool driverlink_init(struct driverlink *link, struct loop *loop,
		     const struct driverlink_config *cfg);

/* Hangs up, without calling `changed`. */
void driverlink_close(struct driverlink *link);

/* Goes on with another socket (the driver= of the UPS has changed). False: no memory. */
bool driverlink_move(struct driverlink *link, const char *path);

/* Once a second: connects, asks PING, notices silence. */
void driverlink_tick(struct driverlink *link, long long now_ms, long maxage_s);

enum netwire_availability driverlink_availability(const struct driverlink *link);

/* The whole of a dump came since it connected, and it was heard lately: the tree is what it says. */
bool driverlink_complete(const struct driverlink *link);

/* Attempts to connect that failed, in a row. */
unsigned driverlink_failures(const struct driverlink *link);

/*
 * Hand a request to the driver; value and id may be NULL.  False when it is not
 * connected or does not take what it was sent before.
 */
bool driverlink_set(struct driverlink *link, const char *var, const char *value, const char *id);
bool driverlink_instcmd(struct driverlink *link, const char *name, const char *value,
			const char *id);

#endif
