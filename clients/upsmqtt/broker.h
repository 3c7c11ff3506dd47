/*
 * broker: the link to an MQTT broker, by libmosquitto, on our loop.
 *
 * It connects by itself, and again with growing pauses.  Nothing is kept while it is
 * down: the owner says anew, when it is told of `up`, what is to be known.  What is
 * written and not yet acknowledged has a limit (broker_has_room).
 */
#ifndef CLIENTS_UPSMQTT_BROKER_H
#define CLIENTS_UPSMQTT_BROKER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/net/loop.h"
#include "common/net/resolver.h"

struct broker;

struct broker_config { /* borrowed for the broker's life */
	const char *host;
	unsigned port;
	const char *client_id;
	const char *user, *password; /* or NULL */
	bool tls;
	const char *ca_file;              /* NULL = the authorities of the system */
	const char *cert_file, *key_file; /* or NULL */
	int keepalive_s, qos;
	const char *will_topic; /* says "offline" when we are gone */
};

struct broker_ops {
	void (*up)(void *arg);
	void (*down)(void *arg);
	void (*room)(void *arg); /* there is room again */
	/* `payload` ends with a NUL that does not count. */
	void (*message)(void *arg, const char *topic, const char *payload, size_t len,
			bool retained);
};

/* NULL: no memory.  Calls come from the loop only. */
struct broker *broker_new(struct loop *l, struct resolver *r, const struct broker_config *cfg,
			  const struct broker_ops *ops, void *arg);

/* Ends the connection with a goodbye, after which the broker sends no will. NULL is fine. */
void broker_free(struct broker *b);

bool broker_is_up(const struct broker *b);
bool broker_has_room(const struct broker *b); /* false while it is down */

/* False: it is not up, or the broker's library has no room. */
bool broker_publish(struct broker *b, const char *topic, const char *payload, bool retain);
bool broker_subscribe(struct broker *b, const char *filter);

#endif
