#include "config.h"

#include "drivers/scan/mdnsscan.h"

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-common/error.h>
#include <avahi-common/simple-watch.h>
#include <net/if.h>

#include "common/base/clock.h"
#include "common/base/str.h"

enum { TURN_MS = 100, ADDRESS_MAX = 64, SERVERS_MAX = 1000, KINDS = 2 };

struct scan {
	AvahiSimplePoll *poll;
	AvahiClient *client;
	mdnsscan_fn *fn;
	void *arg;
	unsigned resolving, told;
	bool failed;
	struct kind {
		struct scan *scan;
		bool all_named;
	} kinds[KINDS];
};

/* Ours, and the one that NUT's scanner looks for. */
static const char *const types[KINDS] = {"_nut._tcp", "_upsd._tcp"};

static void tell(struct scan *s, AvahiIfIndex interface, const char *name, const char *host,
		 const AvahiAddress *address, unsigned port)
{
	struct mdnsscan_server found = {.name = name, .host = host, .port = port};
	char text[ADDRESS_MAX], link[IF_NAMESIZE];

	avahi_address_snprint(text, sizeof(text), address);
	if (address->proto == AVAHI_PROTO_INET6 && str_casestarts(text, "fe80:") &&
	    if_indextoname((unsigned)interface, link)) {
		char plain[ADDRESS_MAX];

		str_copy(plain, sizeof(plain), text);
		str_format(text, sizeof(text), "%s%%%s", plain, link);
	}
	found.address = text;
	if (s->told++ < SERVERS_MAX)
		s->fn(s->arg, &found);
}

static void on_resolved(AvahiServiceResolver *r, AvahiIfIndex interface, AvahiProtocol protocol,
			AvahiResolverEvent event, const char *name, const char *type,
			const char *domain, const char *host, const AvahiAddress *address,
			uint16_t port, AvahiStringList *txt, AvahiLookupResultFlags flags,
			void *arg)
{
	struct scan *s = arg;

	(void)protocol, (void)type, (void)domain, (void)txt, (void)flags;
	if (event == AVAHI_RESOLVER_FOUND)
		tell(s, interface, name, host, address, port);
	avahi_service_resolver_free(r);
	s->resolving--;
}

static void on_browsed(AvahiServiceBrowser *b, AvahiIfIndex interface, AvahiProtocol protocol,
		       AvahiBrowserEvent event, const char *name, const char *type,
		       const char *domain, AvahiLookupResultFlags flags, void *arg)
{
	struct kind *k = arg;
	struct scan *s = k->scan;

	(void)b, (void)flags;
	if (event == AVAHI_BROWSER_ALL_FOR_NOW)
		k->all_named = true;
	else if (event == AVAHI_BROWSER_FAILURE)
		s->failed = true;
	else if (event == AVAHI_BROWSER_NEW &&
		 avahi_service_resolver_new(s->client, interface, protocol, name, type, domain,
					    AVAHI_PROTO_UNSPEC, 0, on_resolved, s))
		s->resolving++;
}

static void on_client(AvahiClient *c, AvahiClientState state, void *arg)
{
	struct scan *s = arg;

	(void)c;
	if (state == AVAHI_CLIENT_FAILURE)
		s->failed = true;
}

static bool are_all_known(const struct scan *s)
{
	for (size_t i = 0; i < KINDS; i++)
		if (!s->kinds[i].all_named)
			return false;
	return s->resolving == 0;
}

/* False: the daemon is gone. */
static bool wait_for_all(struct scan *s, int timeout_ms)
{
	long long until = clock_ms() + timeout_ms;

	while (!s->failed && clock_ms() < until && !are_all_known(s))
		if (avahi_simple_poll_iterate(s->poll, TURN_MS) != 0)
			break;
	return !s->failed;
}

static bool browse_all(struct scan *s)
{
	for (size_t i = 0; i < KINDS; i++) {
		s->kinds[i].scan = s;
		if (!avahi_service_browser_new(s->client, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
					       types[i], NULL, 0, on_browsed, &s->kinds[i]))
			return false;
	}
	return true;
}

bool mdnsscan_run(int timeout_ms, mdnsscan_fn *fn, void *arg, char *why, size_t size)
{
	struct scan s = {.fn = fn, .arg = arg};
	int error = AVAHI_ERR_NO_MEMORY;
	bool ok = false;

	s.poll = avahi_simple_poll_new();
	if (s.poll)
		s.client =
			avahi_client_new(avahi_simple_poll_get(s.poll), 0, on_client, &s, &error);
	if (s.client) {
		ok = browse_all(&s) && wait_for_all(&s, timeout_ms);
		error = avahi_client_errno(s.client);
	}
	if (!ok)
		str_format(why, size, "avahi's daemon cannot be asked: %s", avahi_strerror(error));
	/* With it all that hangs on it. */
	if (s.client)
		avahi_client_free(s.client);
	if (s.poll)
		avahi_simple_poll_free(s.poll);
	return ok;
}
