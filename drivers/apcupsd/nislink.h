/*
 * nislink: a connection to an apcupsd's network server (NIS, port 3551), which is
 * asked for the status again and again.
 *
 * The connection is kept between two questions, as long as the server keeps it, and
 * made anew by the next question; the name is looked up each time.  Nothing here waits.
 */
#ifndef DRIVERS_APCUPSD_NISLINK_H
#define DRIVERS_APCUPSD_NISLINK_H

#include <stdbool.h>

#include "common/net/loop.h"
#include "common/net/resolver.h"
#include "drivers/apcupsd/nisreply.h"

struct nislink;

/* `host` is copied. NULL: no memory. */
struct nislink *nislink_new(struct loop *l, struct resolver *r, const char *host, unsigned port);
void nislink_free(struct nislink *n); /* NULL is fine */

/* Asks.  *done becomes true, from a callback, once there is an answer or none will come; both stay
 * the caller's, and have to stay there until then or until nislink_drop(). */
void nislink_ask(struct nislink *n, struct nisreply *into, int timeout_ms, bool *done);

/* Lets the question and the connection go. */
void nislink_drop(struct nislink *n);

/* Of the last question: NULL if there was a whole answer, else what went wrong. */
const char *nislink_trouble(const struct nislink *n);

#endif
