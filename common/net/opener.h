/*
 * opener: a small process that keeps the right to open what was configured.
 *
 * A daemon that has become an ordinary user can no longer read root's files or
 * bind ports below 1024, and a reload may need both.  Before it gives root up
 * it forks an opener, which stays root, holds a fixed list of paths and
 * addresses, and answers two questions: "open path i", "bind address j".  It
 * parses nothing, and hands out descriptors, not contents.  A path is opened
 * only where nobody else could have put another file (common/base/guarded.h):
 * a daemon that was broken into, and may write to a folder, gets no more of it.
 */
#ifndef COMMON_NET_OPENER_H
#define COMMON_NET_OPENER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/net/netaddr.h"

enum { OPENER_PATHS_MAX = 16, OPENER_ADDRS_MAX = 64 };

/* The lists: filled before opener_new(), fixed afterwards. */
struct opener_list {
	const char *paths[OPENER_PATHS_MAX]; /* absolute; borrowed until opener_new() returns */
	size_t path_count;
	struct netaddr addrs[OPENER_ADDRS_MAX];
	size_t addr_count;
	bool sandbox; /* the opener closes one behind itself too */
};

/* Both leave out what finds no room; a path that is NULL is nothing. */
void opener_list_path(struct opener_list *l, const char *path);
void opener_list_addr(struct opener_list *l, const struct netaddr *addr);

struct opener;

/* Forks it. It ends with its parent.  NULL with errno. */
struct opener *opener_new(const struct opener_list *l);

/*
 * The same where another process of ours keeps the rights anyway: it calls
 * opener_answer() when its end of a SOCK_SEQPACKET pair is readable, with the
 * same list (false: nothing more will come, close it), and who asks takes the
 * other end over.  NULL: no memory, fd stays the caller's.
 */
struct opener *opener_new_remote(const struct opener_list *l, int fd);
bool opener_answer(int fd, const struct opener_list *l);

void opener_free(struct opener *o); /* NULL is fine */

/*
 * Opens a file for reading: by ourselves if we may, else by the opener if the
 * path is on its list.  `o` may be NULL.  A descriptor (close-on-exec), or -1
 * with errno, EACCES when neither may.
 */
int opener_open(struct opener *o, const char *path);

/*
 * A TCP socket bound to an address of the list, non-blocking and close-on-exec,
 * IPv6 only if it is IPv6; -1 with errno, EACCES for any other address.
 */
int opener_bind(struct opener *o, const struct netaddr *addr);

#endif
