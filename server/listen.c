#include "config.h"

#include "server/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/netaddr.h"
#include "common/net/resolver.h"

enum { RETRY_MS = 5000, MAX_ADDRESSES = 16, MAX_PORT_TEXT = 8 };

static const char unix_prefix[] = "unix:";

/* One thing to listen on. */
struct endpoint {
	LIST_ENTRY(endpoint) list;
	struct listen_set *set;
	char *host; /* numeric, or a name */
	unsigned port;
	enum upsd_conf_security security;
	bool optional; /* a host without this address family does without it */
	bool keep;
	bool complained; /* a failure is told once */
	int err;         /* of the last try; 0: bound */
	struct listener *listener;
	struct netaddr bound; /* what the listener is bound to; not of a unix socket */
	bool served;          /* without a listener: another one of ours has that address */
	struct resolver_query *query;
};

struct listen_set {
	struct loop *loop;
	struct listen_config cfg;
	LIST_HEAD(endpoints, endpoint) endpoints;
	size_t count;
	struct loop_timer *retry;
	struct resolver *resolver; /* only if a name had to be looked up again */
};

/* ------------------------------------------------------------------ binding */

static void accepted(void *arg, int fd, const struct sockaddr_storage *peer)
{
	const struct endpoint *e = arg;

	e->set->cfg.accepted(e->set->cfg.arg, fd, peer, e->security);
}

static void refused(void *arg, int fd)
{
	const struct endpoint *e = arg;

	e->set->cfg.refused(e->set->cfg.arg, fd);
}

static const struct listener_ops ops = {.accepted = accepted, .refused = refused};

/* For people, in a static buffer. */
static const char *name_of(const struct endpoint *e)
{
	static char text[320];

	if (str_starts(e->host, unix_prefix))
		str_copy(text, sizeof(text), e->host);
	else
		str_format(text, sizeof(text), "%s port %u", e->host, e->port);
	return text;
}

static bool will_come(int err)
{
	return err == EADDRNOTAVAIL || err == EAFNOSUPPORT || err == ENODEV || err == ENOENT;
}

static void complain(struct endpoint *e, const char *why)
{
	bool serious = !e->optional || !will_come(e->err);

	if (e->complained)
		return;
	e->complained = true;
	if (serious)
		log_error("listen", "not listening on %s: %s%s", name_of(e), why,
			  will_come(e->err) ? "; trying again" : "");
	else
		log_info("listen", "not listening on %s: %s", name_of(e), why);
}

static struct listener *bind_address(struct endpoint *e, const struct netaddr *addr)
{
	const struct listen_set *s = e->set;
	struct listener *ln =
		listener_tcp(s->loop, (const struct sockaddr *)&addr->ss, addr->len, &ops, e);
	int fd;

	if (ln || errno != EACCES)
		return ln;
	fd = s->cfg.bind(s->cfg.arg, addr);
	if (fd < 0)
		return NULL;
	ln = listener_adopt(s->loop, fd, &ops, e);
	if (!ln) {
		int err = errno;

		close(fd);
		errno = err;
	}
	return ln;
}

/*
 * Whether one of our listeners has that address already, and demands the same of clients:
 * localhost and 127.0.0.1 may both be written, and an address beside the one for all.
 */
static bool is_ours(const struct endpoint *e, const struct netaddr *addr)
{
	const struct endpoint *other;

	LIST_FOREACH(other, &e->set->endpoints, list)
	if (other != e && other->listener && other->security == e->security &&
	    netaddr_covers(&other->bound, addr))
		return true;
	return false;
}

static void try_address(struct endpoint *e, const struct netaddr *addr)
{
	int family = e->set->cfg.family;

	if (family != AF_UNSPEC && family != addr->ss.ss_family)
		return;
	e->listener = bind_address(e, addr);
	e->err = e->listener ? 0 : errno;
	if (e->listener)
		e->bound = *addr;
	else if (e->err == EADDRINUSE && is_ours(e, addr))
		e->served = true;
}

static void bind_first(struct endpoint *e, const struct netaddr *addrs, size_t count)
{
	e->err = EADDRNOTAVAIL;
	e->served = false;
	for (size_t i = 0; i < count && !e->listener; i++)
		try_address(e, &addrs[i]);
	if (!e->listener && !e->served) {
		complain(e, strerror(e->err));
		return;
	}
	e->complained = false;
	if (e->listener) {
		e->served = false;
		log_info("listen", "listening on %s", name_of(e));
	} else {
		log_info("listen", "listening on %s: another LISTEN does that", name_of(e));
	}
}

static void resolved(void *arg, const struct netaddr *addrs, size_t count, const char *error)
{
	struct endpoint *e = arg;

	e->query = NULL;
	if (count) {
		bind_first(e, addrs, count);
		return;
	}
	e->err = ENOENT;
	complain(e, error);
}

/* Before upsd serves anybody a name may take its time. */
static void resolve_now(struct endpoint *e)
{
	const struct addrinfo hints = {.ai_family = e->set->cfg.family,
				       .ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct netaddr addrs[MAX_ADDRESSES];
	struct addrinfo *found = NULL;
	char port[MAX_PORT_TEXT];
	size_t count = 0;
	int rc;

	str_format(port, sizeof(port), "%u", e->port);
	rc = getaddrinfo(e->host, port, &hints, &found);
	if (rc) {
		resolved(e, NULL, 0, gai_strerror(rc));
		return;
	}
	for (const struct addrinfo *ai = found; ai && count < MAX_ADDRESSES; ai = ai->ai_next) {
		if (ai->ai_addrlen > sizeof(addrs[count].ss))
			continue;
		addrs[count] = (struct netaddr){.len = ai->ai_addrlen};
		memcpy(&addrs[count].ss, ai->ai_addr, ai->ai_addrlen);
		count++;
	}
	freeaddrinfo(found);
	resolved(e, addrs, count, NULL);
}

static void resolve_later(struct endpoint *e)
{
	struct listen_set *s = e->set;

	if (e->query)
		return;
	if (!s->resolver)
		s->resolver = resolver_new(s->loop);
	if (s->resolver)
		e->query = resolver_ask(s->resolver, e->host, e->port, s->cfg.family, resolved, e);
	if (!e->query)
		log_warn("listen", "cannot look up %s now", e->host);
}

static void bind_unix(struct endpoint *e)
{
	e->listener = listener_unix(e->set->loop, e->host + sizeof(unix_prefix) - 1, 0666,
				    (gid_t)-1, &ops, e);
	e->err = e->listener ? 0 : errno;
	if (e->listener) {
		e->complained = false;
		log_info("listen", "listening on %s", name_of(e));
	} else {
		complain(e, strerror(e->err));
	}
}

static void try_endpoint(struct endpoint *e, bool starting)
{
	struct netaddr addr;

	if (str_starts(e->host, unix_prefix))
		bind_unix(e);
	else if (netaddr_from_numeric(e->host, e->port, &addr))
		bind_first(e, &addr, 1);
	else if (starting)
		resolve_now(e);
	else
		resolve_later(e);
}

static bool is_settled(const struct endpoint *e)
{
	return e->listener || e->served;
}

static bool all_settled(const struct listen_set *s)
{
	const struct endpoint *e;

	LIST_FOREACH(e, &s->endpoints, list)
	if (!is_settled(e))
		return false;
	return true;
}

static void retry(void *arg)
{
	struct listen_set *s = arg;
	struct endpoint *e;

	LIST_FOREACH(e, &s->endpoints, list)
	if (!is_settled(e))
		try_endpoint(e, false);
	if (!all_settled(s))
		loop_timer_set(s->retry, RETRY_MS);
}

/* ------------------------------------------------------------------ the set */

static void drop(struct endpoint *e)
{
	LIST_REMOVE(e, list);
	e->set->count--;
	resolver_cancel(e->query);
	listener_free(e->listener);
	free(e->host);
	free(e);
}

static void want(struct listen_set *s, const char *host, unsigned port,
		 enum upsd_conf_security security, bool optional)
{
	struct endpoint *e;

	LIST_FOREACH(e, &s->endpoints, list)
	{
		if (e->port == port && str_caseequal(e->host, host)) {
			e->keep = true;
			e->security = security; /* of clients to come */
			return;
		}
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return;
	e->set = s;
	e->host = str_dup(host);
	if (!e->host) {
		free(e);
		return;
	}
	e->port = port;
	e->security = security;
	e->optional = optional;
	e->keep = true;
	LIST_INSERT_HEAD(&s->endpoints, e, list);
	s->count++;
}

static void want_row(struct listen_set *s, const struct upsd_conf_listen *row)
{
	bool v4 = s->cfg.family != AF_INET6, v6 = s->cfg.family != AF_INET;

	if (!str_equal(row->host, "*")) {
		want(s, row->host, row->port, row->security, false);
		return;
	}
	if (v4)
		want(s, "0.0.0.0", row->port, row->security, false);
	if (v6)
		want(s, "::", row->port, row->security, v4);
}

static void want_defaults(struct listen_set *s)
{
	bool v4 = s->cfg.family != AF_INET6, v6 = s->cfg.family != AF_INET;
	long port;

	if (!str_to_long(NUT_PORT, 1, 65535, &port))
		port = 3493;
	if (v4)
		want(s, "127.0.0.1", (unsigned)port, UPSD_CONF_OFFERED, v6);
	if (v6)
		want(s, "::1", (unsigned)port, UPSD_CONF_OFFERED, v4);
}

static struct listen_result summary(const struct listen_set *s)
{
	struct listen_result result = {0};
	const struct endpoint *e;

	LIST_FOREACH(e, &s->endpoints, list)
	{
		if (is_settled(e))
			result.bound++;
		else if (e->query || will_come(e->err))
			result.waiting++;
		else
			result.failed++;
	}
	return result;
}

struct listen_set *listen_set_new(struct loop *l, const struct listen_config *cfg)
{
	struct listen_set *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->loop = l;
	s->cfg = *cfg;
	LIST_INIT(&s->endpoints);
	s->retry = loop_timer_new(l, retry, s);
	if (!s->retry) {
		free(s);
		return NULL;
	}
	return s;
}

void listen_set_free(struct listen_set *s)
{
	if (!s)
		return;
	while (!LIST_EMPTY(&s->endpoints))
		drop(LIST_FIRST(&s->endpoints));
	resolver_free(s->resolver);
	loop_timer_free(s->retry);
	free(s);
}

static bool is_wildcard(const struct endpoint *e, struct netaddr *addr)
{
	return netaddr_from_numeric(e->host, e->port, addr) && netaddr_is_any(addr);
}

/* Who has one address is in the way of a new one for all, which then serves both.  Who has all of
 * them already, in other words (`::0`), stays. */
static void make_room(struct listen_set *s, const struct endpoint *wildcard,
		      const struct netaddr *addr)
{
	struct endpoint *e;

	LIST_FOREACH(e, &s->endpoints, list)
	{
		if (!e->listener || e->security != wildcard->security ||
		    netaddr_is_any(&e->bound) || !netaddr_covers(addr, &e->bound))
			continue;
		listener_free(e->listener);
		e->listener = NULL;
	}
}

static void bind_all(struct listen_set *s, bool starting)
{
	struct netaddr addr;
	struct endpoint *e;

	LIST_FOREACH(e, &s->endpoints, list)
	{
		e->complained = false;
		e->served = false;
		if (e->listener || !is_wildcard(e, &addr))
			continue;
		make_room(s, e, &addr);
		try_endpoint(e, starting);
	}
	LIST_FOREACH(e, &s->endpoints, list)
	if (!e->listener && !is_wildcard(e, &addr))
		try_endpoint(e, starting);
}

struct listen_result listen_set_apply(struct listen_set *s, const struct upsd_conf *conf,
				      bool starting)
{
	struct endpoint *e, *next;

	LIST_FOREACH(e, &s->endpoints, list)
	e->keep = false;
	for (size_t i = 0; i < conf->listen_count; i++)
		want_row(s, &conf->listens[i]);
	if (!conf->listen_count)
		want_defaults(s);
	/* First all that goes: a new address may be part of an old one's. */
	for (e = LIST_FIRST(&s->endpoints); e; e = next) {
		next = LIST_NEXT(e, list);
		if (e->keep)
			continue;
		if (e->listener)
			log_info("listen", "no longer listening on %s", name_of(e));
		drop(e);
	}
	bind_all(s, starting);
	if (!all_settled(s))
		loop_timer_set(s->retry, RETRY_MS);
	return summary(s);
}

size_t listen_set_count(const struct listen_set *s)
{
	return s->count;
}
