/*
 * reach: ask the timer daemon, and start it if need be.
 */
#ifndef CLIENTS_UPSSCHED_REACH_H
#define CLIENTS_UPSSCHED_REACH_H

#include "clients/upssched/conf.h"
#include "clients/upssched/wire.h"
#include "common/base/buffer.h"

enum {
	REACH_PATIENCE_MS = 30000,
	REACH_ANSWER_MAX = 8 * 1024 * 1024, /* bytes of the longest list */
};

enum reach_result {
	REACH_OK,      /* it answered OK */
	REACH_UNKNOWN, /* it answered ERR UNKNOWN: a daemon of an older NUT */
	REACH_NOBODY,  /* no daemon runs, and none was started as there was nothing for it to do */
	REACH_FAILED,  /* logged */
};

/*
 * Sends whole lines to who serves a socket and waits for that many answers.  The
 * last answer decides; what else was said is appended to `answer`.  0, or an
 * errno value: ENOENT or ECONNREFUSED when nobody serves it, ENOTSOCK for another
 * kind of file, EPIPE when it went away, ETIMEDOUT at the deadline (talk.h).
 */
int reach_talk(const char *path, const struct buffer *lines, size_t answers, long long deadline,
	       struct buffer *answer, enum reach_result *result);

/*
 * A request to the daemon.  START always finds one; CANCEL without a command
 * starts none.  Given up after REACH_PATIENCE_MS.
 */
enum reach_result reach_daemon(const struct upssched_conf *conf, const struct wire_request *request,
			       struct buffer *answer);

#endif
