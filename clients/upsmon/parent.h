/*
 * parent: the privileged process.  It can do this, and nothing else:
 *
 *  - start the child and the notifier, and start them again when they die;
 *  - run a configured command when told, after writing POWERDOWNFLAG, and the
 *    hooks before it;
 *  - open the files of a fixed list for the child.
 *
 * All as it was at the start; it parses nothing and listens to nobody but its
 * child.  A decision survives that child: if it dies or hangs before it says
 * SHUTDOWN, the parent acts by itself when the time of DECIDED has passed.
 */
#ifndef CLIENTS_UPSMON_PARENT_H
#define CLIENTS_UPSMON_PARENT_H

#include "clients/upsmon/privsep.h"
#include "common/net/opener.h"

/* The child's descriptors; -1 = there is none. */
struct parent_ends {
	int parent;    /* messages (privsep.h) */
	int opener;    /* opener_new_remote() */
	int link;      /* to the notifier: outbox_link() */
	int names;     /* to its resolver: resolver_link() */
	int keep;      /* memory that outlives the child (keep.h) */
	bool notifier; /* there is one, or will be */
	bool again;    /* another child has died before this one */
};

struct parent_plan {
	struct priv_orders orders;
	struct opener_list files;
	/* The lives of the two, in processes forked for them: exit status.  No notifier: NULL. */
	int (*child)(void *arg, const struct parent_ends *ends);
	int (*notifier)(void *arg, int link, int names);
	/* In the parent, after both have been forked for the first time: what only they need may
	 * go. */
	void (*forked)(void *arg);
	void *arg;
	const char *socket_path; /* removed at the end; NULL = none */
};

/*
 * Forks both and serves them; returns the exit status: 0 after a clean end or
 * when the shutdown command succeeded.  `handle` is that of daemon_fork(), -1 in
 * the foreground.  SIGTERM, SIGINT and SIGQUIT are passed on to the child.
 */
int parent_run(const struct parent_plan *plan, int handle);

#endif
