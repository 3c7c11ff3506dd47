#include "config.h"

#include "drivers/scan/autorange.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "nut-scanner";

/* What of this host's networks is wanted. */
struct wish {
	int family; /* AF_UNSPEC: all */
	long bits;  /* at least; 0: the whole network */
};

static bool read_wish(const char *text, struct wish *w)
{
	const char *rest;

	*w = (struct wish){AF_UNSPEC, 0};
	if (!str_casestarts(text, "auto"))
		return false;
	rest = text + 4;
	if (*rest == '4' || *rest == '6')
		w->family = *rest++ == '4' ? AF_INET : AF_INET6;
	if (*rest == '/')
		return str_to_long(rest + 1, 1, w->family == AF_INET6 ? 128 : 32, &w->bits);
	return *rest == '\0';
}

/* Where the bytes of an address are. */
static const unsigned char *bytes_of(const struct sockaddr *sa, size_t *size)
{
	const void *at = sa;

	if (sa->sa_family == AF_INET) {
		*size = 4;
		return (const unsigned char *)&((const struct sockaddr_in *)at)->sin_addr;
	}
	*size = 16;
	return (const unsigned char *)&((const struct sockaddr_in6 *)at)->sin6_addr;
}

static long mask_bits(const struct sockaddr *mask)
{
	size_t size;
	const unsigned char *bytes = bytes_of(mask, &size);
	long bits = 0;

	for (size_t i = 0; i < size; i++)
		for (unsigned bit = 0x80; bit && (bytes[i] & bit); bit >>= 1)
			bits++;
	return bits;
}

static bool is_wanted(const struct ifaddrs *i, const struct wish *w)
{
	int family = i->ifa_addr && i->ifa_netmask ? i->ifa_addr->sa_family : AF_UNSPEC;
	const void *at = i->ifa_addr;

	if ((family != AF_INET && family != AF_INET6) || !(i->ifa_flags & IFF_UP) ||
	    (i->ifa_flags & IFF_LOOPBACK) || (w->family != AF_UNSPEC && w->family != family))
		return false;
	return family == AF_INET ||
	       !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)at)->sin6_addr);
}

static bool is_there(const struct addrrange *list, size_t count, const struct addrrange *r)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(&list[i], r, sizeof(*r)) == 0)
			return true;
	return false;
}

/* False: it is no network that can be walked. */
static bool network_of(const struct ifaddrs *i, const struct wish *w, struct addrrange *out)
{
	char host[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 8], why[256];
	long bits = mask_bits(i->ifa_netmask);
	size_t size;

	if (bits < w->bits)
		bits = w->bits;
	if (!inet_ntop(i->ifa_addr->sa_family, bytes_of(i->ifa_addr, &size), host, sizeof(host)) ||
	    !str_format(text, sizeof(text), "%s/%ld", host, bits) ||
	    !addrrange_read(text, out, why, sizeof(why)))
		return false;
	if (addrrange_count(out) <= AUTORANGE_ADDRESSES_MAX)
		return true;
	log_notice(token,
		   "the network %s of %s is too large to be asked address by address: "
		   "%s takes the part of it around this host",
		   text, i->ifa_name,
		   i->ifa_addr->sa_family == AF_INET6 ? "auto6/120" : "auto4/24");
	return false;
}

static bool read_interfaces(const struct wish *w, struct addrrange *list, size_t max, size_t *count,
			    char *why, size_t size)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) != 0) {
		str_format(why, size, "this host's networks cannot be told: %s", strerror(errno));
		return false;
	}
	for (struct ifaddrs *i = all; i && *count < max; i = i->ifa_next) {
		struct addrrange r = {.family = AF_UNSPEC};

		if (is_wanted(i, w) && network_of(i, w, &r) && !is_there(list, *count, &r))
			list[(*count)++] = r;
	}
	freeifaddrs(all);
	return true;
}

bool autorange_read(const char *text, struct addrrange *list, size_t max, size_t *count, char *why,
		    size_t size)
{
	struct addrrange r = {.family = AF_UNSPEC};
	struct wish w;

	if (read_wish(text, &w))
		return read_interfaces(&w, list, max, count, why, size);
	if (!addrrange_read(text, &r, why, size))
		return false;
	if (addrrange_count(&r) > AUTORANGE_ADDRESSES_MAX) {
		str_format(why, size,
			   "\"%s\" are more than %d addresses: nobody would wait for them; give a "
			   "smaller range",
			   text, AUTORANGE_ADDRESSES_MAX);
		return false;
	}
	if (*count == max) {
		str_format(why, size, "there are more than %zu ranges of addresses", max);
		return false;
	}
	list[(*count)++] = r;
	return true;
}
