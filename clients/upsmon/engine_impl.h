/*
 * engine_impl: what the engine's own files share: engine.c (life and time),
 * watch.c (one UPS), engine_end.c (the shutdown's acts and the privileged
 * parent), engine_reload.c, engine_keep.c (what the next child has to know).
 */
#ifndef CLIENTS_UPSMON_ENGINE_IMPL_H
#define CLIENTS_UPSMON_ENGINE_IMPL_H

#include "clients/upsmon/brain/brain.h"
#include "clients/upsmon/control.h"
#include "clients/upsmon/notify/courier.h"
#include "clients/upsmon/engine.h"
#include "clients/upsmon/notify/inhibitor.h"
#include "clients/upsmon/notify/outbox.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/net/resolver.h"
#include "common/ups/asyncclient.h"

/* One MONITOR line at work. */
struct watch {
	struct engine *engine;
	const struct conf_ups *conf; /* borrowed from the engine's configuration */
	size_t place;                /* of it there, and in the brain */
	struct asyncclient *client;
	struct tlspolicy *tls; /* owned: what is demanded of the server */
	bool available;        /* the server has a good reading */
	bool was_up;           /* since the last attempt to connect */
	bool login_told;       /* in the debug log */
	long poll;             /* seconds, as the client was told last */
	char *failure;         /* owned: what was logged last; NULL while all is well */
	long repeats;          /* of that failure */
	struct log_throttle throttle;
	bool fsd_waits; /* FSD is to be sent when the connection is made */
	bool fsd_tried; /* to connect for that has begun */
	bool fsd_lost;  /* the link broke before it was answered */
};

struct engine {
	struct engine_options options;
	struct upsmon_conf conf;
	struct loop *loop;
	struct resolver *resolver;
	struct courier *courier;     /* what is delivered by this process itself, or */
	struct inhibitor *inhibitor; /* with the courier; the notifier has its own */
	struct outbox *outbox;       /* by the notifier; one of the two is NULL */
	struct opener *opener;
	struct control *control;
	struct brain *brain;
	struct watch **watches; /* as many as MONITOR lines, in their order */
	size_t count;
	bool stopping;
	bool asleep;   /* the system has told us that it goes to sleep */
	bool obsolete; /* until links are new, what they bring may be from before a sleep */

	long long now_ms;  /* attended time */
	long long boot_ms; /* clock_boot_ms() when it was looked at last */
	struct loop_timer *ticker;
	struct loop_timer *due; /* what the brain waits for, between two ticks */
	struct loop_signal *signals[5];
	struct loop_deferred wake;   /* reconnects after a sleep */
	struct loop_deferred settle; /* after the brain had something to do */

	struct loop_timer *leave; /* SHUTDOWNEXIT */
	int ordered; /* the command that the parent was asked for; -1 = none, or it has answered */
	bool hooks_run; /* the parent runs them */
	struct loop_deferred hookless;
	struct loop_watch *parent;
	struct loop_timer *orphan; /* repeats NOPARENT */

	struct loop_timer *keeper; /* writes what the next child has to know */
	bool keep_waits;
	long long kept_ms;
};

/* engine.c */
long long engine_now(struct engine *e); /* notices jumps */
/* The brain was given something: when it wants to be asked next may have changed. */
void engine_touched(struct engine *e);
void engine_deliver(struct engine *e, const struct delivery *d);
/* Others may not shut the machine down while our own shutdown is under way, or may. */
void engine_hold_shutdown(struct engine *e, bool hold);
/* What was known is from another time; `told`: people hear of it. */
void engine_forget(struct engine *e, long long gap_ms, bool told);

/* watch.c: NULL: no memory (logged). The client is not started yet. */
struct watch *watch_new(struct engine *e, const struct conf_ups *conf);
void watch_free(struct watch *w);
/* Takes over another policy, for connections to come. */
void watch_set_tls(struct watch *w, struct tlspolicy *tls);
/* (Re)connects with the present configuration. */
bool watch_start(struct watch *w);
/* A second passed. */
void watch_tick(struct watch *w);
/* Whether a client has to be made anew to go from one configuration to another. */
bool watch_must_restart(const struct engine *e, const struct upsmon_conf *old_conf,
			const struct conf_ups *old_ups, const struct upsmon_conf *new_conf,
			const struct conf_ups *new_ups);

/* engine_end.c: the parent's number for a command of the configuration; -1 = it does not know it.
 */
int engine_command_place(const struct engine *e, const char *command);
extern const struct brain_acts engine_acts;
bool engine_end_init(struct engine *e);
void engine_end_free(struct engine *e);
/* A link went up, or down: sends the FSD that waited for it. */
void engine_link_settled(struct watch *w);
void engine_say_ready(struct engine *e);
void engine_say_bye(struct engine *e);

/* engine_reload.c: makes watches of e->conf, keeping those of the same system. */
bool engine_adopt_conf(struct engine *e, struct upsmon_conf *conf);

/* engine_keep.c */
bool engine_keep_init(struct engine *e);
void engine_keep_free(struct engine *e);
/* Goes on where another child has ended. */
void engine_keep_restore(struct engine *e);
/* Something has changed: it will be written soon. */
void engine_keep_soon(struct engine *e);

#endif
