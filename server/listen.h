/*
 * listen: the addresses that upsd listens on, as LISTEN lines ask for them.
 *
 * `*` is every IPv4 and every IPv6 address, each bound on its own; a name
 * stands for the first of its addresses that can be bound.  Lines may overlap
 * (localhost and 127.0.0.1, an address and all of them): one listener serves
 * them, unless they demand different things of clients.  What this host does
 * not have now (an address that is not up yet, a name that does not resolve) is
 * tried again from time to time; everything else is a failure.
 */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/net/listener.h"
#include "common/net/loop.h"
#include "common/net/netaddr.h"
#include "server/conf.h"

struct listen_set;

struct listen_config {
	int family; /* AF_UNSPEC, or the one family to use (-4, -6) */
	/* As listener_ops, with what the port demands. */
	void (*accepted)(void *arg, int fd, const struct sockaddr_storage *peer,
			 enum upsd_conf_security security);
	void (*refused)(void *arg, int fd);
	/* Binds what we no longer may: a descriptor, or -1 with errno. */
	int (*bind)(void *arg, const struct netaddr *addr);
	void *arg;
};

struct listen_result {
	size_t bound;
	size_t waiting; /* to be tried again */
	size_t failed;  /* port in use, no permission; tried again too once upsd runs */
};

/* NULL: no memory. */
struct listen_set *listen_set_new(struct loop *l, const struct listen_config *cfg);
void listen_set_free(struct listen_set *s); /* NULL is fine */

/*
 * Makes the set what the configuration says: closes what is gone, leaves alone
 * what stays, binds what is new.  Without any LISTEN it is this host itself,
 * ::1 and 127.0.0.1.  Names are looked up at once when `starting`; later that
 * goes on in the background, so that nobody waits for it.
 */
struct listen_result listen_set_apply(struct listen_set *s, const struct upsd_conf *conf,
				      bool starting);

/* Addresses wanted, bound or not. */
size_t listen_set_count(const struct listen_set *s);

#endif
