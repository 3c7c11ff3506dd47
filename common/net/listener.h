/*
 * listener: binds addresses and unix sockets, accepts connections.
 *
 * Out of descriptors it takes the waiting connection with a descriptor kept in
 * reserve, hands it to `refused` (which may write a last line; it is closed
 * afterwards), logs once, and goes on: no silent hang, no busy loop.
 */
#ifndef COMMON_NET_LISTENER_H
#define COMMON_NET_LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "common/net/loop.h"

struct listener;

struct listener_ops {
	/* A new connection; fd is non-blocking, close-on-exec, and the callee's. */
	void (*accepted)(void *arg, int fd, const struct sockaddr_storage *peer);
	/* Out of descriptors; fd stays the listener's. May be NULL. */
	void (*refused)(void *arg, int fd);
};

/* Binds and listens. NULL with errno (EADDRINUSE, EADDRNOTAVAIL, EACCES ...). IPv6 sockets are
 * v6-only. ops is borrowed. */
struct listener *listener_tcp(struct loop *l, const struct sockaddr *sa, socklen_t len,
			      const struct listener_ops *ops, void *arg);

/* The two steps of listener_tcp(), for who may not bind by itself: a bound socket (non-blocking,
 * close-on-exec; -1 with errno), and a listener on one, which becomes its own unless it fails. */
int listener_bind(const struct sockaddr *sa, socklen_t len);
struct listener *listener_adopt(struct loop *l, int fd, const struct listener_ops *ops, void *arg);

/* A unix socket at `path` with that mode (and group, unless (gid_t)-1). A stale socket file is
 * replaced; one that somebody serves, or any other kind of file, is EADDRINUSE. */
struct listener *listener_unix(struct loop *l, const char *path, mode_t mode, gid_t group,
			       const struct listener_ops *ops, void *arg);

/* Stops; a unix socket's file is removed if it is still ours. NULL is fine. */
void listener_free(struct listener *ln);

/* The port bound (for port 0), 0 for unix sockets. */
unsigned listener_port(const struct listener *ln);

/* Stops and resumes accepting. */
void listener_pause(struct listener *ln, bool pause);

#endif
