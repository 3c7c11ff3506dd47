/*
 * engine: the running upsmon: one client for each MONITOR line, the brain that
 * their words feed, signals, and the links to the other processes.
 *
 * Decisions are made in attended time: a clock that does not count the time in
 * which this process could not watch (the host slept, or the process was
 * stopped), so that our own absence is never taken for the silence of a UPS.
 *
 * An engine that was told to stop decides nothing any more.
 */
#ifndef CLIENTS_UPSMON_ENGINE_H
#define CLIENTS_UPSMON_ENGINE_H

#include "clients/upsmon/conf/conf.h"
#include "clients/upsmon/parent.h"

struct engine;

struct engine_options { /* strings are borrowed for ever */
	const char *conf_path;
	int family;          /* AF_UNSPEC, AF_INET, AF_INET6 */
	unsigned connect_ms; /* limit for a connection attempt and for an answer */
	int debug;           /* level by command line */
	long watchdog_ms;    /* how often the supervisor wants a sign of life; 0 = never */
	int parent_fd;       /* link to the privileged parent; -1: we run SHUTDOWNCMD ourselves */
	struct priv_orders orders;
	/* NULL: no notifier, this process runs scripts itself. Its descriptors are taken over. */
	const struct parent_ends *ends;
	const struct opener_list *files; /* what the parent opens; with ends */
	bool no_store;                   /* the trust store does not exist, and is out of reach */
	const char *control_path;        /* NULL = nobody may ask */
	gid_t control_group;
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
