#include "config.h"

#include "common/net/netaddr.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "common/base/str.h"

bool netaddr_host(const struct sockaddr_storage *ss, char *dst, size_t size)
{
	socklen_t len = ss->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						  : sizeof(struct sockaddr_in);

	if (size == 0)
		return false;
	dst[0] = '\0';
	if (ss->ss_family == AF_UNIX)
		return str_copy(dst, size, "local");
	if (ss->ss_family != AF_INET && ss->ss_family != AF_INET6)
		return false;
	return getnameinfo((const struct sockaddr *)ss, len, dst, (socklen_t)size, NULL, 0,
			   NI_NUMERICHOST) == 0;
}

unsigned netaddr_port(const struct sockaddr_storage *ss)
{
	if (ss->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)ss)->sin_port);
	if (ss->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)ss)->sin6_port);
	return 0;
}

bool netaddr_from_numeric(const char *host, unsigned port, struct netaddr *out)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				       .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	char service[8];

	/* The C library ignores white space and what follows, and takes "*" for no host at all. */
	if (!host[0] || strpbrk(host, "* \t\r\n\v\f") || port > 65535 ||
	    !str_format(service, sizeof(service), "%u", port) ||
	    getaddrinfo(host, service, &hints, &found) != 0)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(&out->ss, found->ai_addr, found->ai_addrlen);
	out->len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

bool netaddr_is_any(const struct netaddr *addr)
{
	if (addr->ss.ss_family == AF_INET)
		return ((const struct sockaddr_in *)&addr->ss)->sin_addr.s_addr == INADDR_ANY;
	return addr->ss.ss_family == AF_INET6 &&
	       IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&addr->ss)->sin6_addr);
}

static bool same_address(const struct netaddr *a, const struct netaddr *b)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&a->ss;
	const struct sockaddr_in6 *other = (const struct sockaddr_in6 *)&b->ss;

	if (a->ss.ss_family == AF_INET)
		return ((const struct sockaddr_in *)&a->ss)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)&b->ss)->sin_addr.s_addr;
	return a->ss.ss_family == AF_INET6 && six->sin6_scope_id == other->sin6_scope_id &&
	       IN6_ARE_ADDR_EQUAL(&six->sin6_addr, &other->sin6_addr);
}

bool netaddr_covers(const struct netaddr *wide, const struct netaddr *addr)
{
	return wide->ss.ss_family == addr->ss.ss_family &&
	       netaddr_port(&wide->ss) == netaddr_port(&addr->ss) &&
	       (netaddr_is_any(wide) || same_address(wide, addr));
}
