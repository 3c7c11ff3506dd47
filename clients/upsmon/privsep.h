/*
 * privsep: the privileged parent, and how its unprivileged child speaks to it.
 *
 * The parent can do one thing: when asked, write POWERDOWNFLAG and run
 * SHUTDOWNCMD, both as they were at the start.  It parses nothing and listens
 * to nobody else.  Messages are typed and of fixed size, over a socket pair
 * that keeps their borders.
 *
 *   child:  READY (the starter may go), DECIDED (a shutdown, at the latest in so
 *           many seconds), SHUTDOWN, BYE (a clean end follows: all is off)
 *   parent: STARTED (the command runs, or errno), FINISHED (its wait status)
 *
 * A decision survives its child: if that dies or hangs before it says SHUTDOWN,
 * the parent acts by itself when the time of DECIDED has passed.
 *
 * With `-p`, or where there is nothing to separate, one process is both.
 */
#ifndef CLIENTS_UPSMON_PRIVSEP_H
#define CLIENTS_UPSMON_PRIVSEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "clients/upsmon/conf.h"

enum priv_type {
	PRIV_READY = 1,
	PRIV_DECIDED,
	PRIV_SHUTDOWN,
	PRIV_BYE,
	PRIV_STARTED,
	PRIV_FINISHED,
};

struct priv_message {
	uint32_t type;
	int32_t value;
};

/* Both -1 on errors (errno); priv_receive() 1 = a message, 0 = the peer is gone. */
int priv_send(int fd, enum priv_type type, int value);
int priv_receive(int fd, struct priv_message *m);

/* What the parent keeps of the configuration. Strings are borrowed for ever; NULL = none. */
struct priv_orders {
	const char *shutdown_command;
	const char *powerdown_flag;
};

/*
 * Forks.  In the child: returns 0 and *fd is its end.  In the parent: returns
 * its pid, and *fd is to be handed to priv_parent_run().  -1: errno.
 */
pid_t priv_split(int *fd);

/*
 * The parent's life; returns its exit status: 0 after a clean end or when the
 * shutdown command succeeded.  `handle` is that of daemon_fork(), -1 in the
 * foreground.  SIGTERM, SIGINT and SIGQUIT are passed on to the child.
 */
int priv_parent_run(int fd, pid_t child, const struct priv_orders *orders, int handle);

/* Writes the flag and starts the command; its pid, or -1 with errno. */
pid_t priv_execute(const struct priv_orders *orders);

#endif
