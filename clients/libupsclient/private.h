/*
 * private: what our own programs ask of the library beyond its interface.
 *
 * The shared library exports NUT 2.8.0's 19 functions and nothing else, and
 * those know neither CERTFILE nor a user who could be asked.  Our programs
 * therefore link the library's code as a convenience library, where this is
 * to be had as well.
 */
#ifndef CLIENTS_LIBUPSCLIENT_PRIVATE_H
#define CLIENTS_LIBUPSCLIENT_PRIVATE_H

#include <stdbool.h>

#include "clients/libupsclient/upsclient.h"
#include "common/net/tlspolicy.h"

/* A server that nobody vouches for; borrowed. */
struct upsclient_stranger {
	const char *host;
	unsigned port;
	const struct tls_peer *peer;
	bool name_ok; /* its certificate is for that host */
};

/* On what terms a connection is wanted, and what came of them. */
struct upsclient_terms {
	struct tlspolicy_source demands; /* borrowed strings */
	/* Asks the user whether to trust the server from now on. NULL: it is refused. */
	bool (*trust)(void *arg, const struct upsclient_stranger *stranger);
	void *arg;
	char why[1024]; /* after a failure of TLS: what is wrong and how to mend it; else "" */
	bool untrusted; /* the server was there, and its certificate was refused */
};

/*
 * upscli_connect() on these terms instead of those of upscli_init() and
 * upscli_add_host_cert(); of the flags those of address families count.
 */
int upsclient_connect_on(UPSCONN_t *ups, const char *host, uint16_t port, int flags,
			 struct upsclient_terms *terms);

#endif
