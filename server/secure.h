/*
 * secure: upsd's TLS: the certificate it shows, STARTTLS, ports that are under
 * TLS from the first byte, and the warning before the certificate ends.
 */
#ifndef SERVER_SECURE_H
#define SERVER_SECURE_H

#include <stdbool.h>

#include "common/net/opener.h"
#include "common/net/tls.h"
#include "server/client.h"
#include "server/conf.h"

/*
 * The context that a configuration asks for; *context is NULL when it asks for
 * none.  False, with the reason logged, when it asks for one that cannot be
 * had: upsd then does not start, or keeps what it has.  With NSS only after
 * the last fork.  The opener (NULL: none) helps to read the certificate.
 */
bool secure_load(const struct upsd_conf *conf, struct opener *opener, struct tls_context **context);

/*
 * Puts a client under TLS.  False when it cannot be, because the client has
 * sent more in the clear than it should have, or there is no memory; it has
 * nothing to hope for then.
 */
bool secure_client(struct client *c);

/* Logs once a day that the certificate ends within 30 days, or has ended. */
void secure_watch_expiry(const struct tls_context *context, long long now_ms);

#endif
