/* timerd_private: what the parts of the timer daemon share. */
#ifndef CLIENTS_UPSSCHED_TIMERD_PRIVATE_H
#define CLIENTS_UPSSCHED_TIMERD_PRIVATE_H

#include <limits.h>
#include <sys/types.h>

#include "clients/upssched/conf.h"
#include "clients/upssched/schedule.h"
#include "common/base/log.h"
#include "common/net/listener.h"
#include "common/net/loop.h"

enum { TIMERD_SCRIPTS_MAX = 500 };

struct timerd {
	const struct upssched_conf *conf;
	struct loop *loop;
	struct loop_signal *signals[4];
	struct loop_timer *alarm, *idle, *look;
	struct schedule schedule;
	struct schedule_due held; /* due, but could not be run yet; no name = none */
	bool settling;            /* late, and waiting for what was said meanwhile */
	struct {
		pid_t pid;
		char *name; /* NULL if there was no memory for it */
	} scripts[TIMERD_SCRIPTS_MAX];
	size_t script_count;
	/* The socket, and those who are connected to it, the oldest first. */
	struct listener *listener;
	dev_t dev;
	ino_t ino;
	struct log_throttle gone;
	struct peer *peers;
	size_t peer_count;
	char pid_path[PATH_MAX];
};

/* timerd_alarm.c: timers and scripts. */
void timerd_set_alarm(struct timerd *d); /* to be called when a timer has come or gone */
void timerd_on_alarm(void *d);
void timerd_on_script_end(void *d);
/* False: so many of them have not ended that it cannot be now. `event` may be NULL. */
bool timerd_run_script(struct timerd *d, const char *name, const struct wire_event *event);

/* timerd_serve.c: the socket and its requests. */
bool timerd_listen(struct timerd *d); /* errno */
void timerd_on_look(void *d);         /* whether PIPEFN is still ours */
void timerd_hang_up(struct timerd *d);

#endif
