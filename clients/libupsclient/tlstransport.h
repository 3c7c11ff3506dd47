/*
 * tlstransport: a connection's bytes under TLS.
 */
#ifndef CLIENTS_LIBUPSCLIENT_TLSTRANSPORT_H
#define CLIENTS_LIBUPSCLIENT_TLSTRANSPORT_H

#include "clients/libupsclient/transport.h"
#include "common/net/tls.h"

/*
 * Puts TLS under a plain transport; what has not been read yet is the server's
 * part of the handshake.  The transport must stay where it is in memory.
 * False when out of memory: then it is as it was.
 */
bool tlstransport_begin(struct transport *t, struct tls_context *ctx, const char *server_name);

/* TLS_DONE; TLS_FAILED: tls_session_error(t->tls) says why; TLS_WANT_*: the deadline has passed. */
enum tls_result tlstransport_handshake(struct transport *t, long long deadline_ms);

/*
 * What the back ends have for all sessions of a process they set up and take
 * down without locks of their own: whoever makes or frees contexts, policies
 * and sessions holds this one.
 */
void tlstransport_lock(void);
void tlstransport_unlock(void);

#endif
