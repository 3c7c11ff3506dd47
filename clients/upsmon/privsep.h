/*
 * privsep: how upsmon's processes speak with each other, and the one act that
 * needs privileges.
 *
 *   parent     root; runs the configured commands, writes POWERDOWNFLAG, opens
 *              a fixed list of files, starts the other two again (parent.h)
 *   notifier   RUN_AS_USER; runs scripts, mail, wall; looks names up (notifier.h)
 *   child      RUN_AS_USER, chrooted and sandboxed; talks to servers, decides
 *
 * Between parent and child go typed messages of fixed size, over a socket pair
 * that keeps their borders:
 *
 *   child:  READY (the starter may go), DECIDED (a shutdown, at the latest in so
 *           many seconds, by that command), HOOKS (run them, for so many
 *           seconds), SHUTDOWN (by that command), BYE (a clean end follows)
 *   parent: STARTED (the command runs, or errno), FINISHED (its wait status),
 *           HOOKS_ENDED, NOTIFIER (a new one; two descriptors come along)
 */
#ifndef CLIENTS_UPSMON_PRIVSEP_H
#define CLIENTS_UPSMON_PRIVSEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum priv_type {
	PRIV_READY = 1,
	PRIV_DECIDED,
	PRIV_SHUTDOWN,
	PRIV_BYE,
	PRIV_STARTED,
	PRIV_FINISHED,
	PRIV_HOOKS,
	PRIV_HOOKS_ENDED,
	PRIV_NOTIFIER,
};

struct priv_message {
	uint32_t type;
	int32_t value;
	int32_t command; /* DECIDED: which; SHUTDOWN has it in value */
};

enum { PRIV_FDS_MAX = 2 };

/* All -1 on errors (errno); priv_receive() 1 = a message, 0 = the peer is gone.  `fds`
 * (PRIV_FDS_MAX places, may be NULL: none are taken) gets the descriptors that came along, -1 for
 * none. */
int priv_send(int fd, enum priv_type type, int value);
int priv_send_message(int fd, const struct priv_message *m, const int *fds, size_t count);
int priv_receive(int fd, struct priv_message *m, int *fds);

/* A socket pair for that; -1 with errno. */
int priv_pair(int ends[2]);

/* What the parent keeps of the configuration. Strings are borrowed for ever; NULL = none. */
struct priv_orders {
	char *const *commands; /* for /bin/sh -c */
	size_t command_count;
	const char *powerdown_flag;
	const char *hook_dir;
	long hook_each; /* seconds */
};

/* Writes the flag and starts that command; its pid, or -1 with errno. */
pid_t priv_execute(const struct priv_orders *orders, int command);

/* Starts the hooks' runner (hooks.h) for so many seconds; its pid, or -1 with errno. */
pid_t priv_run_hooks(const struct priv_orders *orders, long limit_s);

#endif
