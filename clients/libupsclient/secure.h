/*
 * secure: how connections go under TLS: what upscli_init() was given, the
 * rules for single servers, and STARTTLS itself (spec/libupsclient.md section 3).
 */
#ifndef CLIENTS_LIBUPSCLIENT_SECURE_H
#define CLIENTS_LIBUPSCLIENT_SECURE_H

#include <stdbool.h>

#include "clients/libupsclient/fault.h"
#include "clients/libupsclient/private.h"
#include "clients/libupsclient/session.h"

/*
 * Keeps what upscli_init() was given, and tries it out: false, with the reason
 * in the log, when connections on these terms will fail.
 */
bool secure_configure(int certverify, const char *certpath, const char *certname,
		      const char *certpasswd);

/* Frees and wipes what is kept. */
void secure_forget(void);

/*
 * The policy for a server that upscli_init(), upscli_add_host_cert() and the
 * flags make up.  NULL with `why` when it cannot be honoured.
 */
struct tlspolicy *secure_policy(const char *host, uint16_t port, int flags, char *why, size_t size);

/* The policy for terms. */
struct tlspolicy *secure_policy_on(const struct upsclient_terms *terms, const char *host,
				   uint16_t port, char *why, size_t size);
void secure_policy_free(struct tlspolicy *p);

/*
 * Does what the policy says with a fresh session: STARTTLS, handshake and
 * judgement, or nothing.  UPSCLI_ERR_SSLFAIL: the server has no TLS.
 * UPSCLI_ERR_SSLERR: it failed.  Then terms->why says why.
 */
struct fault secure_session(struct session *s, struct tlspolicy *p, const char *host, uint16_t port,
			    struct upsclient_terms *terms, long long deadline_ms);

#endif
