/*
 * resolver: names to addresses without ever stalling the loop.
 *
 * One unprivileged process is forked by resolver_new() (before any chroot) and
 * does getaddrinfo() for us, several requests at once.  It ends when the
 * parent does.  Numeric addresses are answered without it.
 */
#ifndef COMMON_NET_RESOLVER_H
#define COMMON_NET_RESOLVER_H

#include <stddef.h>
#include <sys/types.h>

#include "common/net/loop.h"
#include "common/net/netaddr.h"

struct resolver;
struct resolver_query;

/* Forks the helper. NULL with errno. A helper that dies is forked again. */
struct resolver *resolver_new(struct loop *l);
void resolver_free(struct resolver *r);

/*
 * The same with a helper in another process's care, for a daemon that can fork
 * none: that calls resolver_serve() on one end of a socket pair, and we take over
 * the other with resolver_link(), as often as there is a new one.  Questions wait
 * while there is no link, and are asked again when one comes.
 */
struct resolver *resolver_new_remote(struct loop *l);
void resolver_link(struct resolver *r, int fd);

/*
 * Forks the helper on `fd`, which stays the caller's to close.  It ends with 0
 * when the other end is closed; any other end is a death.  -1: errno.
 */
pid_t resolver_serve(int fd);

/* In a forked child that goes its own way: frees without touching the helper. */
void resolver_forget(struct resolver *r);

/*
 * family: AF_UNSPEC, AF_INET or AF_INET6; port in host order.  `done` gets the
 * addresses (borrowed for the call) or count 0 and a constant text why
 * (gai_strerror).  Never called from inside resolver_ask().  NULL: no memory.
 */
typedef void resolver_fn(void *arg, const struct netaddr *addrs, size_t count, const char *error);
struct resolver_query *resolver_ask(struct resolver *r, const char *host, unsigned port, int family,
				    resolver_fn *done, void *arg);

/* Forgets a question without `done`; after `done` the query is gone by itself. NULL is fine. */
void resolver_cancel(struct resolver_query *q);

#endif
