/*
 * loop_private: what the modules of common/net know about a loop.  Nobody
 * outside common/net includes this.
 *
 * A watch may be embedded here, which saves an allocation for each of ten
 * thousand connections.
 */
#ifndef COMMON_NET_LOOP_PRIVATE_H
#define COMMON_NET_LOOP_PRIVATE_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/net/loop.h"

struct loop {
	struct loop_timer *watchdog;
	long watchdog_ms;
	struct event_base *base;
	struct event turn_end; /* bounds the wait of loop_turn() */
	struct loop_deferred *deferred;
	long long now_ms;
	bool now_known, turning, stopped;
	/* Memory that all connections of the loop use in turns; lineconn.c allocates it. */
	struct lineconn_shared *shared;
	void (*shared_free)(struct lineconn_shared *shared);
};

struct loop_watch {
	struct event ev; /* private to loop.c */
	loop_fd_fn *fn;
	void *arg;
};

/* As loop_watch_new() and loop_watch_free(), for a struct that somebody else owns. */
bool loop_watch_init(struct loop_watch *w, struct loop *l, int fd, int events, loop_fd_fn *fn,
		     void *arg);
void loop_watch_fini(struct loop_watch *w);

#endif
