/*
 * resolver_private: what both ends of the resolver agree on.
 *
 * Lines of words over a socket pair, both ways bounded:
 *   parent: ASK <id> <family> <host>
 *   helper: ANSWER <id> <code of getaddrinfo> [<numeric address>...]
 */
#ifndef COMMON_NET_RESOLVER_PRIVATE_H
#define COMMON_NET_RESOLVER_PRIVATE_H

enum {
	RESOLVER_HOST_MAX = 255,
	RESOLVER_ADDRS_MAX = 16,
	RESOLVER_WORDS_MAX = RESOLVER_ADDRS_MAX + 3,
	RESOLVER_LINE_MAX = 4096,
	RESOLVER_AT_ONCE = 16, /* questions in the hands of getaddrinfo() */
};

/* The helper's life: gives up all privileges, answers what comes on fd, and exits at its end. */
_Noreturn void resolver_helper_run(int fd);

#endif
