/*
 * core: what the core's own files share: the one running driver.
 *
 *   main.c      start and end of the process; the command line is in invocation.c
 *   machine.c   open, poll, lose, reconnect; waiting; freshness
 *   commands.c  INSTCMD and SET: what the core answers, what it queues
 *   reload.c    ups.conf read again
 *   publish.c   driver.*, defaults and overrides, composing, cleaning
 *   confine.c   the sandbox
 *   twin.c      talking to, and replacing, another instance of the same driver
 */
#ifndef DRIVERS_CORE_CORE_H
#define DRIVERS_CORE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/fence.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/ups/state.h"
#include "drivers/core/backoff.h"
#include "drivers/core/compose.h"
#include "drivers/core/driver.h"
#include "drivers/core/invocation.h"
#include "drivers/core/queue.h"
#include "drivers/core/service.h"
#include "drivers/core/settings.h"

struct core {
	const struct driver *driver;
	const struct command_line *cli;
	char conf_path[4096];
	struct settings *settings;
	void *data;

	struct loop *loop;
	struct state *state;
	struct loop_deferred flush;
	struct service *service; /* NULL when nobody may connect (-d, -k) */
	struct queue queue;
	struct queue unanswered;             /* handed on by the driver */
	const struct queue_command *running; /* the one that the driver is in */
	unsigned long last_number;           /* of core_answer_later() */
	struct compose compose;
	struct fence fence; /* of the sandbox, until it is entered */

	/* machine */
	bool open;
	bool reached;      /* open() succeeded once */
	bool had_reading;  /* poll() succeeded once */
	unsigned polls;    /* done so far, whatever came of them */
	unsigned failures; /* polls in a row without a good reading */
	unsigned tries;    /* open() calls in a row without success */
	struct backoff backoff;
	long long next_ms; /* when the next poll or attempt is due */
	bool open_soon;    /* core_open_now() was called while the device was open */
	struct loop_timer *staleness;
	struct loop_timer *patience; /* runs until the device was reached, where that is limited */
	int starter;                 /* daemon_fork()'s handle, -1 when nobody waits for us */

	char *mirrored[3]; /* what publish.c put into device.mfr, .model, .serial */

	bool allow_killpower;
	long debug_by_client; /* SET driver.debug, -1 = not set */

	struct loop_signal *signals[8];
	bool has_pid_file;

	bool ending;
	int exit_status;
};

/* machine.c */
bool machine_begin(struct core *c); /* after loop and state are there; false: no memory */
void machine_step(struct core *c);  /* one command, poll, attempt, or wait */
void machine_limit_start(struct core *c, long seconds);
bool machine_open(struct core *c, long seconds); /* opens the device if it is not, for that long */
void machine_end(struct core *c);                /* closes the device */
void core_end(struct core *c, int status);       /* the process is to end with that status */

/* commands.c */
extern const struct service_ops core_service_ops;
void commands_run_next(struct core *c);
enum driverwire_result commands_shutdown(struct core *c); /* sdcommands, or the driver's own */

/* reload.c */
enum reload_outcome {
	RELOAD_DONE,
	RELOAD_NEEDS_RESTART, /* something changed that only a restart takes up; the rest is applied
			       */
	RELOAD_FAILED,        /* an error in the file; everything stays as it was */
};
enum reload_outcome reload(struct core *c);
void reload_or_exit(struct core *c);

/* publish.c */
void publish_start(struct core *c);    /* driver.*, defaults, overrides, commands of every driver */
void publish_settings(struct core *c); /* driver.parameter.*, driver.flag.* */
void publish_unset(struct core *c, const char *key);
void publish_driver_state(struct core *c, const char *text);
void publish_reading(struct core *c); /* after a good poll */
void publish_debug(struct core *c);   /* brings the debug level into force */
void publish_allow_killpower(struct core *c, bool allow);
void publish_print(struct core *c); /* `name: value`, sorted, on stdout */

/* confine.c */
void confine_secrets(const struct core *c); /* hides our memory if the settings hold a secret */
void confine_enter(struct core *c);         /* the sandbox, unless `sandbox = no` */

/* twin.c */
bool twin_socket_path(const struct core *c, char *dst, size_t size);
bool twin_pid_path(const struct core *c, char *dst, size_t size);
bool twin_replace(struct core *c);  /* ends another instance; false: it cannot be ended */
int twin_killpower(struct core *c); /* 0: a running instance did it; else it has to be done here */
int twin_command(struct core *c, const char *command, pid_t pid); /* -c; the exit status */

#endif
