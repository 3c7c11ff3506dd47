/*
 * upslink: the UPSes that a page shows, one after another, over one
 * connection a server.
 *
 * A server that cannot be reached is asked once a page, not once a UPS, and
 * all values of a UPS are fetched at once, so that they are of one moment.
 * When a page has taken half a minute, no more are asked: it is to come at all.
 */
#ifndef CLIENTS_CGI_UPSLINK_H
#define CLIENTS_CGI_UPSLINK_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/libupsclient/upsclient.h"

struct upslink;

/* `may_login`: where the server wants that of readers too, with the login of nutauth.conf. */
struct upslink *upslink_new(bool may_login);
void upslink_free(struct upslink *l);

/* Goes to ups[@host[:port]] and connects to its server; false when that fails (upslink_why()). */
bool upslink_use(struct upslink *l, const char *target);

/* Why there is no connection, or why there are no values; "" when all is well. */
const char *upslink_why(const struct upslink *l);
bool upslink_is_connected(const struct upslink *l);

/* The present UPS. */
UPSCONN_t *upslink_conn(struct upslink *l);
const char *upslink_ups(const struct upslink *l);

/* A value of it, or NULL: it has none, or upslink_why() tells why nothing is known. */
const char *upslink_value(struct upslink *l, const char *name);

/* All of them, in the server's order; 0 when upslink_why() tells why. */
struct upslink_variable {
	const char *name, *value;
};
size_t upslink_variables(struct upslink *l, const struct upslink_variable **all);

/* Sends words and reads the answer, a line: false when the connection failed.  A request with a
 * password is wiped. */
bool upslink_exchange(struct upslink *l, size_t count, const char *const *words, char *reply,
		      size_t size);

#endif
