/*
 * guard: questions of yes and no that take long to answer: does a password fit
 * a hash, which is slow by design; do hosts.allow and hosts.deny let a user in,
 * for which names may have to be looked up.
 *
 * They are answered by a helper, an unprivileged process forked at the start,
 * which gives each question a process of its own; upsd's loop never waits.  An
 * address has one question in hand at a time, so that somebody who guesses
 * passwords does not keep the others waiting.  Whatever goes wrong (a helper that
 * dies and cannot be replaced, no memory) makes the answer a no.
 */
#ifndef SERVER_GUARD_H
#define SERVER_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/net/loop.h"

struct guard;
struct guard_query;

typedef void guard_fn(void *arg, bool yes);

/* Forks the helper. NULL: no memory, or no process. */
struct guard *guard_new(struct loop *l);
void guard_free(struct guard *g); /* NULL is fine; open questions are never answered */

/*
 * Does the password fit the hash?  Both are copied.  `peer` is who asks, for
 * fairness; equal numbers are one address.  `done` is called once, from the
 * loop; the query is gone then.  NULL: no memory.
 */
struct guard_query *guard_ask(struct guard *g, const char *hash, const char *password,
			      uint64_t peer, guard_fn *done, void *arg);

/*
 * May the user at that address use upsd?  Always, in a build without libwrap.
 * Otherwise as above.
 */
bool guard_has_wrap(void);
struct guard_query *guard_ask_wrap(struct guard *g, const char *user, const struct sockaddr *from,
				   uint64_t peer, guard_fn *done, void *arg);

void guard_cancel(struct guard_query *q); /* without an answer; NULL is fine */

#endif
