#include "config.h"

#include "common/net/access.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "common/base/str.h"

enum { V4_BITS = 32, V6_BITS = 128, V4_AT = 12, LOOPBACK_NET = 127 };

static const struct access_net this_machine = {.local = true};

/* An address in one form, whatever the socket's. */
struct plain {
	int family; /* AF_UNSPEC: neither IPv4 nor IPv6 */
	unsigned char bytes[16];
};

static void make_plain(struct plain *p, int family, const void *bytes)
{
	struct in6_addr v6;

	*p = (struct plain){.family = family};
	if (family == AF_INET) {
		memcpy(p->bytes, bytes, sizeof(struct in_addr));
		return;
	}
	memcpy(&v6, bytes, sizeof(v6));
	if (IN6_IS_ADDR_V4MAPPED(&v6)) {
		p->family = AF_INET;
		memcpy(p->bytes, v6.s6_addr + V4_AT, sizeof(struct in_addr));
		return;
	}
	memcpy(p->bytes, v6.s6_addr, sizeof(v6.s6_addr));
}

static void plain_of(struct plain *p, const struct sockaddr *sa)
{
	*p = (struct plain){.family = AF_UNSPEC};
	if (sa->sa_family == AF_INET)
		make_plain(p, AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr);
	if (sa->sa_family == AF_INET6)
		make_plain(p, AF_INET6,
			   &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

bool access_parse(const char *text, struct access_net *out)
{
	const char *slash = strchr(text, '/');
	char host[INET6_ADDRSTRLEN];
	struct access_net net = {.family = AF_INET, .prefix = V4_BITS};
	long prefix;

	if (str_caseequal(text, "local")) {
		*out = this_machine;
		return true;
	}
	if (!str_format(host, sizeof(host), "%.*s", slash ? (int)(slash - text) : (int)sizeof(host),
			text))
		return false;
	if (inet_pton(AF_INET, host, net.bytes) != 1) {
		if (inet_pton(AF_INET6, host, net.bytes) != 1)
			return false;
		net.family = AF_INET6;
		net.prefix = V6_BITS;
	}
	if (slash) {
		if (!str_to_long(slash + 1, 0, (long)net.prefix, &prefix))
			return false;
		net.prefix = (unsigned)prefix;
	}
	*out = net;
	return true;
}

static bool is_this_machine(const struct sockaddr *peer, const struct plain *p)
{
	static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;

	if (p->family == AF_INET)
		return p->bytes[0] == LOOPBACK_NET;
	if (p->family == AF_INET6)
		return memcmp(p->bytes, loopback.s6_addr, sizeof(loopback.s6_addr)) == 0;
	return peer->sa_family == AF_UNIX;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(a, b, whole) == 0 && (!rest || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

bool access_match(const struct access_net *net, const struct sockaddr *peer)
{
	struct plain p;

	plain_of(&p, peer);
	if (net->local)
		return is_this_machine(peer, &p);
	return p.family == net->family && same_bits(p.bytes, net->bytes, net->prefix);
}

bool access_match_any(const struct access_net *nets, size_t count, const struct sockaddr *peer)
{
	for (size_t i = 0; i < count; i++)
		if (access_match(&nets[i], peer))
			return true;
	return false;
}
