/*
 * engine: the running upsmon: one client for each MONITOR line, their monitors,
 * the rules, the shutdown, signals and the link to the privileged parent.
 *
 * Decisions are made after each reading, loss and second.  They are made in
 * attended time: a clock that does not count the time in which this process
 * could not watch (the host slept, or the process was stopped), so that our own
 * absence is never taken for the silence of a UPS.
 *
 * An engine that was told to stop decides nothing any more.
 */
#ifndef CLIENTS_UPSMON_ENGINE_H
#define CLIENTS_UPSMON_ENGINE_H

#include "clients/upsmon/conf.h"
#include "clients/upsmon/privsep.h"

struct engine;

struct engine_options { /* strings are borrowed for ever */
	const char *conf_path;
	int family;          /* AF_UNSPEC, AF_INET, AF_INET6 */
	unsigned connect_ms; /* limit for a connection attempt and for an answer */
	int debug;           /* level by command line */
	long watchdog_ms;    /* how often the supervisor wants a sign of life; 0 = never */
	int parent_fd;       /* link to the privileged parent; -1: we run SHUTDOWNCMD ourselves */
	struct priv_orders orders;
};

/* Takes over what is in *conf (left empty). NULL is logged. */
struct engine *engine_new(const struct engine_options *o, struct upsmon_conf *conf);

/* Watches until it is told to stop, or the shutdown command runs; 0, or 1 when the loop failed. */
int engine_run(struct engine *e);

/* Logs out everywhere. NULL is fine. */
void engine_free(struct engine *e);

/* What the signals and the timer do; also for tests. */
void engine_stop(struct engine *e);
void engine_reload(struct engine *e);
void engine_user_fsd(struct engine *e);
void engine_tick(struct engine *e);

#endif
