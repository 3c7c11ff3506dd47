/*
 * subscription: one client's wish to hear of changes of one UPS (spec/push.md,
 * docs/push.md).
 *
 * It is an observer of the UPS's state tree and keeps no values, only the
 * generation it has sent: a client that reads slowly gets the newest value of
 * each variable when it reads again.  In each batch `ups.status` and the
 * availability come first, so that they are never older than anything else the
 * client has.
 */
#ifndef SERVER_SUBSCRIPTION_H
#define SERVER_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "common/net/lineconn.h"
#include "common/ups/state.h"
#include "server/ups.h"

struct subscription {
	LIST_ENTRY(subscription) of_ups;
	LIST_ENTRY(subscription) of_client;
	struct ups *ups;
	struct lineconn *conn; /* the client's; borrowed */
	struct state_observer observer;
	enum netwire_availability availability; /* as last sent */
	bool fsd;                               /* as last sent */
	char *spelling;                         /* the client's name for the UPS */
	size_t pattern_count;                   /* 0 = all variables */
	char **patterns;
};

/* True when a pattern can match a variable's name at all. */
bool subscription_pattern_ok(const char *pattern);

/*
 * Subscribes and appends the present state to the client's output.  It stands
 * in the UPS's list and in *list, the client's.  `patterns` is copied.  NULL:
 * no memory.
 */
struct subscription *subscription_new(struct ups *ups, struct lineconn *conn,
				      struct subscription_list *list, const char *spelling,
				      size_t pattern_count, char *const *patterns);

/* Takes it off both lists and frees it. */
void subscription_free(struct subscription *s);

/* The client's subscription of that UPS, or NULL. */
struct subscription *subscription_find(struct subscription_list *list, const struct ups *ups);

/*
 * Sends what has changed since the last time, unless the client has not taken
 * enough of what was sent before; then it is sent when its output has drained.
 */
void subscription_send(struct subscription *s);

/* The UPS leaves the configuration: says so and frees the subscription. */
void subscription_gone(struct subscription *s);

/* Bytes waiting for a client beyond which its events are held back. */
enum { SUBSCRIPTION_MAX_BACKLOG = 32 * 1024 };

#endif
