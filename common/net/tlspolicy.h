/*
 * tlspolicy: what a client demands of a server's TLS.  Decided here once, for
 * libupsclient, the event-driven client and nut-verify alike
 * (spec/secure-connections.md 6, issue 3).
 *
 * Existing configurations keep NUT's meaning: no directive means TLS where it
 * is offered; FORCESSL 1 without CERTVERIFY encrypts and does not verify.  The
 * trust store acts only where NUT_TRUST or NUT_SECURE is set, or the host is
 * in the store already.
 */
#ifndef COMMON_NET_TLSPOLICY_H
#define COMMON_NET_TLSPOLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/net/tls.h"
#include "common/net/truststore.h"

enum tlspolicy_mode {
	TLSPOLICY_OFF,     /* never STARTTLS */
	TLSPOLICY_OFFERED, /* TLS if the server has it; the clear if it says that it has not */
	TLSPOLICY_ENFORCE, /* TLS or nothing */
};

enum tlspolicy_first_use {
	TLSPOLICY_NO_STORE,   /* the store is asked only for hosts which it has */
	TLSPOLICY_STRICT,     /* an unknown server is refused */
	TLSPOLICY_ASK,        /* TLSPOLICY_UNKNOWN: the caller asks the user */
	TLSPOLICY_ACCEPT_NEW, /* it is stored, with a notice */
};

/* Directives as they were configured; -1 = not given. Strings are borrowed for the call. */
struct tlspolicy_source {
	bool plain;   /* the caller asks for no TLS: only NUT_SECURE and the store bring it about */
	int forcessl; /* FORCESSL or CERTHOST's forcessl */
	int certverify;         /* CERTVERIFY or CERTHOST's verify */
	const char *cert_name;  /* CERTHOST's name, NULL = none */
	const char *cert_path;  /* CERTPATH */
	const char *cert_file;  /* CERTFILE */
	const char *ident_name; /* CERTIDENT */
	const char *ident_password;
	bool daemon; /* no terminal: first use is strict unless NUT_TRUST says otherwise */
	int (*open)(void *arg, const char *path); /* as tls_settings has it; NULL: open(2) */
	void *open_arg;
	const struct tlspolicy *like; /* of the same files and identity: its context is shared */
	bool no_store; /* there is no trust store, nor will be: it would be out of reach */
};

struct tlspolicy;

/*
 * The policy for one server, from the environment (NUT_SECURE, NUT_TRUST,
 * NUT_TRUST_STORE) and the source, by the precedence of section 6.1.  NULL with
 * `why` when the environment or a directive cannot be honoured: never a weaker
 * policy instead.
 */
struct tlspolicy *tlspolicy_new(const struct tlspolicy_source *src, const char *host, unsigned port,
				char *why, size_t size);
void tlspolicy_free(struct tlspolicy *p); /* NULL is fine */

enum tlspolicy_mode tlspolicy_mode(const struct tlspolicy *p);
struct tls_context *
tlspolicy_context(const struct tlspolicy *p); /* borrowed; NULL with TLSPOLICY_OFF */

/* The server has no TLS (it answered ERR FEATURE-NOT-CONFIGURED, FEATURE-NOT-SUPPORTED or
 * UNKNOWN-COMMAND): may it be spoken to in the clear? A server of the store never. `why` if not. */
bool tlspolicy_may_go_clear(const struct tlspolicy *p, char *why, size_t size);

enum tlspolicy_verdict {
	TLSPOLICY_ACCEPT,
	TLSPOLICY_UNKNOWN, /* only under TLSPOLICY_ASK: show it and ask; then tlspolicy_remember()
			    */
	TLSPOLICY_REFUSE,
};

/* Judges the session after its handshake and before its first byte. `why` says what is wrong and,
 * for an unknown server, the exact nut-trust command that would add it. */
enum tlspolicy_verdict tlspolicy_judge(struct tlspolicy *p, const struct tls_session *s, char *why,
				       size_t size);

/* Stores the server that was just judged UNKNOWN. 0 or errno. */
int tlspolicy_remember(struct tlspolicy *p, const struct tls_session *s);

#endif
