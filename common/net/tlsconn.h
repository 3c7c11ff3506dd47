/*
 * tlsconn: a TLS session as the transport of a lineconn.
 */
#ifndef COMMON_NET_TLSCONN_H
#define COMMON_NET_TLSCONN_H

#include <stdbool.h>

#include "common/net/lineconn.h"
#include "common/net/tls.h"

/* The end of a handshake, once: the session as it is then, or with tls_session_error() when it
 * failed. Returning false refuses the peer: the connection ends with LINECONN_ERROR/EACCES. */
typedef bool tlsconn_done_fn(void *arg, struct tls_session *session, bool ok);

/*
 * Upgrades `c` in place: the handshake begins at once (clients) or with the
 * peer's first bytes (servers), and no byte of the owner's goes out before
 * `done` has agreed.  Call it from inside lineconn's `line`.  False when bytes sent in the
 * clear are already waiting behind that line (RFC 2595's attack), or there is
 * no memory; the connection is unchanged then.
 */
bool tlsconn_upgrade(struct lineconn *c, struct tls_context *ctx, const char *server_name,
		     tlsconn_done_fn *done, void *arg);

#endif
