/*
 * netaddr: addresses as text, and connecting without blocking.
 */
#ifndef COMMON_NET_NETADDR_H
#define COMMON_NET_NETADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "common/net/loop.h"

struct netaddr {
	struct sockaddr_storage ss;
	socklen_t len;
};

/* Numeric address without port ("127.0.0.1", "::1"); unix sockets give "local". */
bool netaddr_host(const struct sockaddr_storage *ss, char *dst, size_t size);

/* The port in host order, 0 if it has none. */
unsigned netaddr_port(const struct sockaddr_storage *ss);

/* A numeric host, without any look-up. port in host order. */
bool netaddr_from_numeric(const char *host, unsigned port, struct netaddr *out);

/* 0.0.0.0 or ::, which stand for every address of their family. */
bool netaddr_is_any(const struct netaddr *addr);

/* Whether who is bound to `wide` has `addr`, too: the same port and address, or any address. */
bool netaddr_covers(const struct netaddr *wide, const struct netaddr *addr);

/*
 * Connects to the addresses one after the other (or one unix path), without
 * blocking: each attempt gets an equal share of timeout_ms, at least 1 s.
 * `done` gets a connected descriptor (the callee's), or -1 and the last
 * attempt's errno value.  Never called from inside connector_start().
 */
struct connector;
typedef void connector_fn(void *arg, int fd, int err);
struct connector *connector_start(struct loop *l, const struct netaddr *addrs, size_t count,
				  int timeout_ms, connector_fn *done, void *arg);
struct connector *connector_start_unix(struct loop *l, const char *path, int timeout_ms,
				       connector_fn *done, void *arg);

/* Gives up without `done`; after `done` the connector is gone by itself. NULL is fine. */
void connector_cancel(struct connector *c);

#endif
