#include "config.h"

#include "drivers/scan/addrrange.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "common/base/str.h"

enum { TEXT_MAX = 64, NETWORK_PLAIN = 30 /* the longest IPv4 prefix with addresses of nobody */ };

static size_t size_of(int family)
{
	return family == AF_INET6 ? 16 : 4;
}

/* The first `len` bytes of `text` as an address. */
static bool read_address(const char *text, size_t len, int *family, uint8_t *dst)
{
	char word[TEXT_MAX];

	if (len >= sizeof(word))
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	*family = strchr(word, ':') ? AF_INET6 : AF_INET;
	return inet_pton(*family, word, dst) == 1;
}

static void step(uint8_t *at, size_t size, bool up)
{
	uint8_t over = up ? 0 : 0xff;

	for (size_t i = size; i-- > 0;) {
		at[i] = (uint8_t)(at[i] + (up ? 1 : -1));
		if (at[i] != over)
			break;
	}
}

static void order(struct addrrange *r)
{
	uint8_t swap[16];

	if (memcmp(r->first, r->last, size_of(r->family)) <= 0)
		return;
	memcpy(swap, r->first, sizeof(swap));
	memcpy(r->first, r->last, sizeof(swap));
	memcpy(r->last, swap, sizeof(swap));
}

static void apply_prefix(struct addrrange *r, long bits)
{
	size_t size = size_of(r->family);

	memcpy(r->last, r->first, sizeof(r->last));
	for (size_t i = 0; i < size; i++) {
		long here = bits - (long)i * 8;
		uint8_t mask = here >= 8 ? 0xff : here <= 0 ? 0 : (uint8_t)(0xff << (8 - here));

		r->first[i] &= mask;
		r->last[i] |= (uint8_t)~mask;
	}
	if (r->family == AF_INET && bits <= NETWORK_PLAIN) {
		step(r->first, size, true);
		step(r->last, size, false);
	}
}

static bool refuse(const char *text, char *why, size_t size)
{
	str_format(
		why, size,
		"\"%s\" is no range of addresses: it is ADDRESS, ADDRESS/BITS or ADDRESS-ADDRESS",
		text);
	return false;
}

bool addrrange_read(const char *text, struct addrrange *out, char *why, size_t size)
{
	struct addrrange r = {.family = AF_INET};
	size_t len = strcspn(text, "/-");
	long bits;
	int family;

	if (!read_address(text, len, &r.family, r.first))
		return refuse(text, why, size);
	if (text[len] == '-') {
		const char *to = text + len + 1;

		if (!read_address(to, strlen(to), &family, r.last) || family != r.family)
			return refuse(text, why, size);
		order(&r);
	} else if (text[len] == '/') {
		if (!str_to_long(text + len + 1, 0, (long)size_of(r.family) * 8, &bits))
			return refuse(text, why, size);
		apply_prefix(&r, bits);
	} else {
		memcpy(r.last, r.first, sizeof(r.last));
	}
	*out = r;
	return true;
}

bool addrrange_between(const char *from, const char *to, struct addrrange *out, char *why,
		       size_t size)
{
	char text[2 * TEXT_MAX + 2];

	if (!from || !to)
		return addrrange_read(from ? from : to ? to : "", out, why, size);
	if (!str_format(text, sizeof(text), "%s-%s", from, to) || strpbrk(from, "/-"))
		return refuse(from, why, size);
	return addrrange_read(text, out, why, size);
}

uint64_t addrrange_count(const struct addrrange *r)
{
	size_t size = size_of(r->family), low = size < 8 ? size : 8;
	uint64_t first = 0, last = 0;

	if (memcmp(r->first, r->last, size - low) != 0)
		return UINT64_MAX;
	for (size_t i = size - low; i < size; i++) {
		first = first << 8 | r->first[i];
		last = last << 8 | r->last[i];
	}
	return last - first == UINT64_MAX ? UINT64_MAX : last - first + 1;
}

static bool to_netaddr(const struct addrrange *r, const uint8_t *at, unsigned port,
		       struct netaddr *out)
{
	char text[TEXT_MAX];

	return inet_ntop(r->family, at, text, sizeof(text)) &&
	       netaddr_from_numeric(text, port, out);
}

bool addrwalk_next(struct addrwalk *w, const struct addrrange *ranges, size_t count, unsigned port,
		   struct netaddr *out)
{
	if (w->begun &&
	    memcmp(w->at, ranges[w->range].last, size_of(ranges[w->range].family)) != 0) {
		step(w->at, size_of(ranges[w->range].family), true);
		return to_netaddr(&ranges[w->range], w->at, port, out);
	}
	if (w->begun)
		w->range++;
	w->begun = w->range < count;
	if (!w->begun)
		return false;
	memcpy(w->at, ranges[w->range].first, sizeof(w->at));
	return to_netaddr(&ranges[w->range], w->at, port, out);
}
