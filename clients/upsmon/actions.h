/*
 * actions: deliver notices: syslog, wall(1), NOTIFYCMD.
 *
 * NOTIFYCMD runs without a shell, the text as its last argument, with
 * NOTIFYTYPE and UPSNAME in its environment.  Nothing here waits: programs run
 * beside us, and what they end with is logged.
 */
#ifndef CLIENTS_UPSMON_ACTIONS_H
#define CLIENTS_UPSMON_ACTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#include "clients/upsmon/conf.h"
#include "clients/upsmon/notice.h"
#include "common/net/loop.h"

struct actions;

/* NULL: no memory. */
struct actions *actions_new(struct loop *l);

/* Programs that still run are left to themselves. NULL is fine. */
void actions_free(struct actions *a);

/* `ups` is the UPS as in MONITOR, "" for what concerns none; `extra` is for the text's second %s.
 */
void actions_notify(struct actions *a, const struct upsmon_conf *conf, enum notice n,
		    const char *ups, const char *extra);

/* A text to all terminals. */
void actions_wall(struct actions *a, const char *text);

/* Watches over a program that somebody else started; `what` is a constant text for the log, `done`
 * gets its wait status and may be NULL. False: too many are running, `done` will not be called. */
typedef void actions_done_fn(void *arg, int status);
bool actions_adopt(struct actions *a, pid_t pid, const char *what, actions_done_fn *done,
		   void *arg);

#endif
