/*
 * engine_impl: what the engine's own files share: engine.c (life, time,
 * decisions), watch.c (one UPS), engine_end.c (the shutdown's acts and the
 * privileged parent), engine_reload.c.
 */
#ifndef CLIENTS_UPSMON_ENGINE_IMPL_H
#define CLIENTS_UPSMON_ENGINE_IMPL_H

#include "clients/upsmon/actions.h"
#include "clients/upsmon/engine.h"
#include "clients/upsmon/monitor.h"
#include "clients/upsmon/rules.h"
#include "clients/upsmon/shutdown.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/net/resolver.h"
#include "common/ups/asyncclient.h"

/* One MONITOR line at work. */
struct watch {
	struct engine *engine;
	const struct conf_ups *conf; /* borrowed from the engine's configuration */
	struct monitor monitor;
	struct asyncclient *client;
	struct tlspolicy *tls; /* owned: what is demanded of the server */
	bool available;  /* the server has a good reading */
	bool was_up;     /* since the last attempt to connect */
	bool login_told; /* in the debug log */
	long poll;       /* seconds, as the client was told last */
	char *failure;   /* owned: what was logged last; NULL while all is well */
	long repeats;    /* of that failure */
	struct log_throttle throttle;
	bool fsd_waits; /* FSD is to be sent when the connection is made */
	bool critical;  /* by the rules, when they were asked last */
};

struct engine {
	struct engine_options options;
	struct upsmon_conf conf;
	struct loop *loop;
	struct resolver *resolver;
	struct actions *actions;
	struct watch **watches;    /* as many as MONITOR lines, in their order */
	struct monitor **monitors; /* of the watches, for the rules */
	size_t count;
	bool stopping;

	long long now_ms;  /* attended time */
	long long boot_ms; /* clock_boot_ms() when it was looked at last */
	struct loop_timer *ticker;
	struct loop_timer *watchdog;
	struct loop_signal *signals[5];
	struct loop_deferred wake; /* reconnects after a sleep */

	struct shutdown shutdown;
	struct watch **primaries; /* whose primary we are; made when a shutdown begins */
	struct loop_timer *shutdown_ticker;
	struct loop_timer *leave; /* SHUTDOWNEXIT */
	bool ordered;             /* the parent was asked to shut down, and has not answered */
	struct loop_watch *parent;
	struct loop_timer *orphan; /* repeats NOPARENT */
};

/* engine.c */
long long engine_now(struct engine *e); /* notices jumps */
void engine_decide(struct engine *e);
void engine_tell(struct engine *e, enum notice n, const char *ups, const char *extra);

/* watch.c: NULL: no memory (logged). The client is not started yet. */
struct watch *watch_new(struct engine *e, const struct conf_ups *conf);
void watch_free(struct watch *w);
/* Takes over another policy, for connections to come. */
void watch_set_tls(struct watch *w, struct tlspolicy *tls);
/* (Re)connects with the present configuration. */
bool watch_start(struct watch *w);
/* The server took our FSD. */
void watch_fsd_set(struct watch *w);
/* A second passed. */
void watch_tick(struct watch *w);
/* Whether a client has to be made anew to go from one configuration to another. */
bool watch_must_restart(const struct engine *e, const struct upsmon_conf *old_conf,
			const struct conf_ups *old_ups, const struct upsmon_conf *new_conf,
			const struct conf_ups *new_ups);

/* engine_end.c */
bool engine_end_init(struct engine *e);
void engine_end_free(struct engine *e);
void engine_begin_shutdown(struct engine *e);
/* A link went up, or down: sends the FSD that waited for it. */
void engine_link_settled(struct watch *w);
void engine_say_ready(struct engine *e);
void engine_say_bye(struct engine *e);

/* engine_reload.c: makes watches and monitors of e->conf, keeping those of the same system. */
bool engine_adopt_conf(struct engine *e, struct upsmon_conf *conf);

#endif
