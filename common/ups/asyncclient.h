/*
 * asyncclient: an event-driven client of one upsd: resolves, connects, logs
 * in, subscribes where the server offers push and polls where not, reconnects
 * with backoff, and never delays anything else.  Used by upsmon, the repeater
 * mode of dummy-ups, the web and MQTT bridges.  Each client has a connection of
 * its own, since the protocol allows one LOGIN a connection.
 *
 * The owner is told at the end of the loop's turn, never from inside a call,
 * and may do there whatever it likes, free the client included.  When the
 * server refuses to read out the UPS (what = "GET VAR" or "LIST VAR"), that is
 * told once a connection, and the UPS counts as stale.
 */
#ifndef COMMON_UPS_ASYNCCLIENT_H
#define COMMON_UPS_ASYNCCLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/net/loop.h"
#include "common/net/resolver.h"
#include "common/ups/netwire.h"
#include "common/ups/state.h"

struct asyncclient;
struct tlspolicy;

enum asyncclient_state {
	ASYNCCLIENT_IDLE,	/* waiting for its next attempt */
	ASYNCCLIENT_CONNECTING, /* resolving, connecting, greeting */
	ASYNCCLIENT_UP,		/* the server answers; availability tells about the UPS */
};

struct asyncclient_config { /* strings are copied */
	const char *host;
	unsigned port;
	const char *ups; /* NULL = a directory: the values are the server's UPSes, name and description */
	const char *user;     /* NULL = anonymous */
	const char *password; /* NULL = none; wiped on free */
	bool login;	      /* LOGIN <ups> after the credentials */
	bool primary;	      /* then PRIMARY (MASTER for old servers) */
	const char *patterns; /* SUBSCRIBE patterns separated by spaces; NULL = all variables */
	const char *variables; /* what a poll GETs, separated by spaces; NULL = LIST VAR */
	int family;	      /* AF_UNSPEC, AF_INET, AF_INET6 */
	/* Milliseconds; 0 = a default (5 s, 15 s, 10 s, 1 s, retry_ms). */
	unsigned poll_ms;     /* poll interval, and PING interval while subscribed */
	unsigned dead_ms;     /* no answer for so long = the connection is lost */
	unsigned connect_ms;  /* limit for one attempt */
	unsigned retry_ms;    /* first pause between attempts; doubles up to retry_max_ms */
	unsigned retry_max_ms;
	struct tlspolicy *tls; /* what is demanded of TLS; borrowed for the client's life; NULL = no TLS */
	bool no_push; /* never SUBSCRIBE */
};

struct asyncclient_ops {
	/* Link went up or down; why is a text for people (borrowed) or NULL. */
	void (*link)(void *arg, enum asyncclient_state state, const char *why);
	/* After each poll, or each batch of events: what is known now stands in asyncclient_values(). */
	void (*update)(void *arg, enum netwire_availability availability);
	/* The server refused LOGIN, PRIMARY, or the UPS name: `what` is the request, `e` why. The link
	 * stays up and goes on reading, unless UPS is unknown; it tries again with each reconnect. */
	void (*refused)(void *arg, const char *what, enum netwire_error e);
};

struct asyncclient *asyncclient_new(struct loop *l, struct resolver *r,
				    const struct asyncclient_config *cfg,
				    const struct asyncclient_ops *ops, void *arg);
/* Says LOGOUT if it is connected, without waiting for the answer. NULL is fine. */
void asyncclient_free(struct asyncclient *c);

/* Present values (borrowed; also while the link is down: the last known). */
const struct state *asyncclient_values(const struct asyncclient *c);
enum asyncclient_state asyncclient_state(const struct asyncclient *c);
bool asyncclient_logged_in(const struct asyncclient *c);
bool asyncclient_is_primary(const struct asyncclient *c); /* granted by the server */
bool asyncclient_secure(const struct asyncclient *c); /* the link is under TLS */
bool asyncclient_subscribed(const struct asyncclient *c);

/* clock_ms() of the last sign of life of the server: a successful poll, event or PONG; 0 = never. */
long long asyncclient_last_heard_ms(const struct asyncclient *c);

void asyncclient_set_poll(struct asyncclient *c, unsigned poll_ms); /* from now on */
void asyncclient_set_tls(struct asyncclient *c, struct tlspolicy *tls); /* for connections to come */
void asyncclient_poll_now(struct asyncclient *c);
void asyncclient_reconnect(struct asyncclient *c); /* drops the link and starts at once */

/*
 * One request of the owner's that is answered by one line (not LIST): `done` gets the reply
 * line's words (borrowed), or w NULL and error NETWIRE_UNKNOWN_ERROR when the link went down or dead_ms
 * passed.  False when the link is not up (done is not called).
 */
typedef void asyncclient_reply_fn(void *arg, enum netwire_error error, const struct words *w);
bool asyncclient_request(struct asyncclient *c, size_t count, const char *const *words,
			 asyncclient_reply_fn *done, void *arg);

/* The same for LIST: `done` gets BEGIN, each line and END in turn, error NETWIRE_OK, or one refusal
 * as above, which also is what ends a list that was begun. */
bool asyncclient_request_list(struct asyncclient *c, size_t count, const char *const *words,
			      asyncclient_reply_fn *done, void *arg);

#endif
