/*
 * asyncclient_private: one client in two parts.  asyncclient.c owns its life:
 * resolving, connecting, pauses, what the owner is told.  asyncclient_session.c
 * owns the dialogue on a connection: greeting, polls, events, requests.
 */
#ifndef COMMON_UPS_ASYNCCLIENT_PRIVATE_H
#define COMMON_UPS_ASYNCCLIENT_PRIVATE_H

#include "common/net/lineconn.h"
#include "common/net/netaddr.h"
#include "common/ups/asyncclient.h"

enum { ASYNCCLIENT_NEWS_MAX = 4 };

struct request {
	struct request *next;
	/* Gets each line of the answer; the request is the callee's for the call only. */
	void (*answered)(struct asyncclient *c, const struct request *q, enum netwire_reply reply,
			 enum netwire_error e, const struct words *w);
	const char *name; /* of the variable asked for; borrowed from cfg */
	size_t name_len;
	bool list, begun;
	asyncclient_reply_fn *done; /* the owner's */
	void *arg;
};

struct asyncclient {
	struct loop *loop;
	struct resolver *resolver;
	struct asyncclient_config cfg; /* strings owned */
	const struct asyncclient_ops *ops;
	void *arg;
	struct state *values;
	enum netwire_availability availability;

	enum asyncclient_state state;
	struct resolver_query *query;
	struct connector *connector;
	struct lineconn *conn;
	/* IDLE: the next attempt; CONNECTING: the limit of this one; UP: an answer is overdue. */
	struct loop_timer *phase;
	struct loop_timer *tick; /* polls and PINGs */
	unsigned pause_ms;	 /* before the next attempt */
	long long heard_ms, polled_ms;

	/* the dialogue */
	struct request *first, **last; /* waiting for their answers, in order */
	size_t step;
	enum netwire_error primary_error;
	bool secure; /* the handshake is over and the server is who it should be */
	char tls_why[512]; /* why it is not */
	bool logged_in, primary, subscribed, synced, no_push, reading_refused;
	unsigned poll_left; /* requests of the present poll without an answer */
	bool poll_good;
	enum netwire_error poll_error;

	/* what the owner is to be told at the end of the turn */
	struct loop_deferred tell;
	struct request *failed;
	struct {
		const char *what;
		enum netwire_error error;
	} refused[ASYNCCLIENT_NEWS_MAX];
	size_t refused_count;
	bool link_news, update_news;
	char why[640];
	bool busy, freed;
};

/* asyncclient.c */
void asyncclient_drop(struct asyncclient *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void asyncclient_went_up(struct asyncclient *c);
void asyncclient_note_refused(struct asyncclient *c, const char *what, enum netwire_error e);
void asyncclient_note_update(struct asyncclient *c, enum netwire_availability a);
/* How long until the server must be heard of: polls, or signs of life between them. */
unsigned asyncclient_tick_ms(const struct asyncclient *c);

/* asyncclient_session.c; all need a connection */
void session_start(struct asyncclient *c);
void session_stop(struct asyncclient *c); /* moves the owner's requests to c->failed */
void session_poll(struct asyncclient *c);
void session_keep_alive(struct asyncclient *c);
extern const struct lineconn_ops session_ops;
extern const struct lineconn_limits session_limits;

#endif
