/*
 * fleet: many UPSes of many servers, watched as they change.  What upsweb and
 * upsmqtt know of the world.
 *
 * A site names one UPS of a server, or all of them: those are asked for again
 * and again, and come and go.  Each UPS has a link of its own (asyncclient),
 * with push where the server has it.  The owner is told at the end of the
 * loop's turn; it must not free the fleet from inside a call.
 */
#ifndef CLIENTS_FLEET_FLEET_H
#define CLIENTS_FLEET_FLEET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/net/loop.h"
#include "common/net/resolver.h"
#include "common/ups/asyncclient.h"
#include "common/ups/state.h"

struct fleet;
struct fleet_device;
struct tlspolicy;

enum fleet_condition {
	FLEET_CONNECTING,   /* nothing is known yet */
	FLEET_OK,           /* the values are those of now */
	FLEET_STALE,        /* the driver has no fresh data */
	FLEET_DISCONNECTED, /* upsd has no link to the driver */
	FLEET_UNREACHABLE,  /* no link to upsd, or it does not know the UPS; see why */
	FLEET_REFUSED,      /* the server does not let us read; see why */
	FLEET_CONDITION_COUNT
};
/* "connecting", "ok", "stale", "disconnected", "unreachable", "refused". */
const char *fleet_condition_word(enum fleet_condition c);

struct fleet_site {      /* strings are copied */
	const char *ups; /* NULL or "*": all of the server's */
	const char *host;
	unsigned port;
	const char *text; /* for people; NULL = the server's description of the UPS */
	const char *user; /* NULL = anonymous */
	const char *password;
	struct tlspolicy *tls; /* borrowed for the fleet's life; NULL = no TLS */
};

struct fleet_ops {
	void (*added)(void *arg, struct fleet_device *d);
	/* Once per turn in which values, condition or description changed. */
	void (*changed)(void *arg, struct fleet_device *d);
	/* The device's last moment: it is freed after the call. */
	void (*removed)(void *arg, struct fleet_device *d);
};

/* poll_ms: between polls of servers without push and signs of life of others; list_ms: between
 * looks for new UPSes. 0 = 5 s and 30 s. NULL when there is no memory. */
struct fleet *fleet_new(struct loop *l, struct resolver *r, unsigned poll_ms, unsigned list_ms,
			const struct fleet_ops *ops, void *arg);
/* Without a word to the owner. NULL is fine. */
void fleet_free(struct fleet *f);

/* False: no memory. A UPS that is watched already is not watched twice. */
bool fleet_watch(struct fleet *f, const struct fleet_site *site);

/* In the order of the sites, and by name within a site of all. */
size_t fleet_count(const struct fleet *f);
struct fleet_device *fleet_at(const struct fleet *f, size_t i);
struct fleet_device *fleet_find(const struct fleet *f, const char *id); /* or NULL */
/* Looks for new UPSes now. */
void fleet_look(struct fleet *f);

size_t fleet_site_count(const struct fleet *f);
const struct fleet_site *fleet_site_at(const struct fleet *f, size_t i);
/* Of a site of all: why its UPSes cannot be listed; "" if they are, or for one UPS. */
const char *fleet_site_why(const struct fleet *f, size_t i);

/* "ups@host", with ":port" if that is not 3493, and a host of IPv6 in brackets: unique, and what
 * upsc takes. */
const char *fleet_device_id(const struct fleet_device *d);
const char *fleet_device_ups(const struct fleet_device *d);
const char *fleet_device_host(const struct fleet_device *d);
unsigned fleet_device_port(const struct fleet_device *d);
const char *fleet_device_text(const struct fleet_device *d); /* "" if there is none */
const struct fleet_site *fleet_device_site(const struct fleet_device *d);
enum fleet_condition fleet_device_condition(const struct fleet_device *d);
/* In words for people, why it is not OK; "" otherwise. */
const char *fleet_device_why(const struct fleet_device *d);
/* The last values known, whatever the condition. To be observed, not to be changed. */
struct state *fleet_device_values(const struct fleet_device *d);
/* Asks the server something about the device, in the name of the site's user: as
 * asyncclient_request(), and `done` is not called any more once the device is removed. */
bool fleet_device_request(struct fleet_device *d, size_t count, const char *const *words,
			  asyncclient_reply_fn *done, void *arg);
/* The owner's own mark at the device. */
void fleet_device_set_mark(struct fleet_device *d, void *mark);
void *fleet_device_mark(const struct fleet_device *d);

#endif
