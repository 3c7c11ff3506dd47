/*
 * lineconn: a non-blocking stream that speaks lines of words.  The connection
 * type of upsd's clients and driver links, a driver's upsd links, upsmon's
 * links and upssched's pipe.
 *
 * One read per wake-up (a short read ends it), all complete lines are handed
 * out, then one write for all that was appended meanwhile; writability is
 * waited for only when the kernel says so.  An idle connection holds no
 * buffers.  While more than `max_backlog` bytes wait to be written nothing is
 * read (so a peer that never reads costs bounded memory and its own service
 * only); reading resumes when the backlog is gone.
 */
#ifndef COMMON_NET_LINECONN_H
#define COMMON_NET_LINECONN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/buffer.h"
#include "common/base/words.h"
#include "common/net/loop.h"

struct lineconn;

enum lineconn_end {
	LINECONN_EOF,	   /* the peer closed (what was complete has been handed out) */
	LINECONN_ERROR,	   /* read or write failed; errno value in `err` */
	LINECONN_FINISHED, /* lineconn_finish() was asked for and everything is written */
};

struct lineconn_ops {
	/* A complete line; words are valid during the call. */
	void (*line)(struct lineconn *c, void *arg, const struct words *w);
	/* A line that cannot be read (WORDS_TOO_LONG or WORDS_BAD), once per line; may be NULL. */
	void (*bad_line)(struct lineconn *c, void *arg, enum words_result why, const char *text);
	/* The end; called once, never from inside a call into lineconn. The owner frees it, here or later. */
	void (*closed)(struct lineconn *c, void *arg, enum lineconn_end why, int err);
	/* The backlog is empty again after having been above `max_backlog`/2; may be NULL. */
	void (*drained)(struct lineconn *c, void *arg);
};

struct lineconn_limits {
	struct words_limits words;
	size_t max_backlog; /* bytes waiting to be written, beyond which reading pauses */
};

/*
 * Takes over `fd` (made non-blocking; TCP gets TCP_NODELAY) and starts reading.
 * ops and limits are borrowed for the life of the connection (constants).
 * NULL: no memory; fd is closed then.
 */
struct lineconn *lineconn_new(struct loop *l, int fd, const struct lineconn_ops *ops,
			      const struct lineconn_limits *limits, void *arg);

/* Closes and frees at once, without `closed`; safe inside its own callbacks. NULL is fine. */
void lineconn_free(struct lineconn *c);

/* Writes out what waits, then ends with LINECONN_FINISHED; nothing more is read. A peer that does not
 * take it within 5 s ends with LINECONN_ERROR/ETIMEDOUT. */
void lineconn_finish(struct lineconn *c);

/*
 * Where answers are appended: written at the end of the wake-up, or of the
 * loop's turn when called from elsewhere.  Append whole lines.  If an append
 * fails (no memory, or more than max_backlog + 4 MiB waiting) the connection
 * ends with LINECONN_ERROR/ENOBUFS, so that a cut line is never sent.
 */
struct buffer *lineconn_out(struct lineconn *c);

/* Writes now what can be written without waiting: for a last word before lineconn_free(). */
void lineconn_flush(struct lineconn *c);

/* Bytes which wait to be written. */
size_t lineconn_backlog(const struct lineconn *c);

int lineconn_fd(const struct lineconn *c);

/* Stops and resumes the handing out of lines (bytes read already are kept). */
void lineconn_pause(struct lineconn *c, bool pause);

/*
 * Another way for the bytes, for TLS.  Both calls return bytes moved, 0 for
 * the end (read), or -1 with errno; EAGAIN with *want set to LOOP_READ or
 * LOOP_WRITE, what to wait for.  `pending` tells that read() would yield bytes
 * although the descriptor is not readable.
 */
struct lineconn_transport {
	ssize_t (*read)(void *t, void *data, size_t len, int *want);
	ssize_t (*write)(void *t, const void *data, size_t len, int *want);
	bool (*pending)(void *t);
	void (*free)(void *t);
};

/*
 * Upgrades in place: what was appended before is written in the clear first,
 * then everything goes through the transport, which is owned from now on.
 * False (t is not taken) when bytes that came after the last line are already
 * waiting: they were sent in the clear and must not be taken for protected ones.
 * Call it from inside `line`.
 */
bool lineconn_upgrade(struct lineconn *c, const struct lineconn_transport *vt, void *t);

#endif
