/*
 * access: sets of network addresses, as access lists name them.
 *
 * A net is an address (192.0.2.7, 2001:db8::1), an address with the length of
 * its prefix (192.0.2.0/24, 2001:db8::/32), or `local`: this machine, by a unix
 * socket or a loopback address.  Names are not looked up: who answers for a
 * name would decide who gets in.
 */
#ifndef COMMON_NET_ACCESS_H
#define COMMON_NET_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct access_net {
	bool local;              /* the rest does not count then */
	int family;              /* AF_INET, AF_INET6 */
	unsigned prefix;         /* bits */
	unsigned char bytes[16]; /* network order; 4 of them for AF_INET */
};

/* False when the text is none of the above; bits behind the prefix are ignored. */
bool access_parse(const char *text, struct access_net *out);

/* An IPv4 address in IPv6's clothes (::ffff:192.0.2.7) counts as IPv4. */
bool access_match(const struct access_net *net, const struct sockaddr *peer);

/* True when one of them matches. */
bool access_match_any(const struct access_net *nets, size_t count, const struct sockaddr *peer);

#endif
