/*
 * courier: carries deliveries out: syslog, wall(1), NOTIFYCMD, shell commands,
 * mail, desktops, files.
 *
 * Nothing here blocks: programs run beside us, and how they end is logged.  What
 * could hang for ever (mail, wall, desktops) is killed when its time is over;
 * scripts are the administrator's and may take theirs.
 */
#ifndef CLIENTS_UPSMON_COURIER_H
#define CLIENTS_UPSMON_COURIER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "clients/upsmon/notify/delivery.h"
#include "common/net/loop.h"

struct courier;

/* NULL: no memory. */
struct courier *courier_new(struct loop *l);

/* Programs that still run are left to themselves. NULL is fine. Not from inside a callback of its.
 */
void courier_free(struct courier *c);

/* Borrows all for the call only.  What fails is logged. */
void courier_deliver(struct courier *c, const struct delivery *d);

/*
 * Watches over a program that somebody else started; `what` is a constant text
 * for the log, `done` gets its wait status and may be NULL.  False: too many are
 * running, `done` will not be called.
 */
typedef void courier_done_fn(void *arg, int status);
bool courier_adopt(struct courier *c, pid_t pid, const char *what, courier_done_fn *done,
		   void *arg);

/* Programs that have not ended, and deliveries that wait for their place. */
size_t courier_running(const struct courier *c);
size_t courier_waiting(const struct courier *c);

/* `fn` is called whenever the last of them has ended. */
void courier_when_idle(struct courier *c, loop_fn *fn, void *arg);

/* Tests: other limits than 30 s for wall and desktops, and 60 s for mail. */
void courier_set_limits(struct courier *c, unsigned courtesy_ms, unsigned mail_ms);

#endif
