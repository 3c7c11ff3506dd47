/*
 * probe: a conversation with a server that is looked at, not trusted: lines in
 * the clear, then over TLS, each within a time limit.
 *
 * It reaches the server and waits as libupsclient does (dial, transport), but
 * judges nothing: what the server shows is the caller's to look at.
 */
#ifndef CLIENTS_SECURE_PROBE_H
#define CLIENTS_SECURE_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/libupsclient/transport.h"
#include "common/net/tls.h"

struct probe {
	char error[256]; /* after a false: why, for people */
	/* private */
	struct transport transport;
	bool connected;
	struct tls_session *tls;
	double limit_s; /* of each step */
	long long deadline_ms;
	size_t in_at, in_len;
	char in[1024];
};

/* Connects; afterwards each step has limit_s seconds. probe_close() is due whatever it returns. */
bool probe_connect(struct probe *p, const char *host, unsigned port, double limit_s);

/* Sends a line and takes one line as the answer, cut to `size` bytes with its NUL. */
bool probe_ask(struct probe *p, const char *request, char *answer, size_t size);

enum probe_offer { PROBE_OFFERED, PROBE_NOT_OFFERED, PROBE_BROKEN };

/* Sends STARTTLS: NOT_OFFERED if the server has none (error holds its answer). */
enum probe_offer probe_ask_tls(struct probe *p);

/* The handshake. Bytes in the clear behind the answer to STARTTLS are an error. */
bool probe_handshake(struct probe *p, struct tls_context *context, const char *server_name);

/* The session after the handshake, borrowed; NULL before. */
const struct tls_session *probe_session(const struct probe *p);

/* Takes leave and closes. */
void probe_close(struct probe *p);

#endif
