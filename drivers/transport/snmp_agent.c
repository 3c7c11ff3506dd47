/*
 * Open and close; waiting for one question.
 */
#include "config.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/transport/snmp_private.h"

static const char token[] = "snmp";

enum {
	RESOLVE_MS = 15000,
	CONNECT_MS = 10000,
	MARGIN_MS =
		2000, /* questions run out of time by themselves; this is for a link that fails */
	TRY_MIN_MS = 100,
	PATIENCE_MAX = 4, /* times snmp_timeout, for agents that are known to be slow */
	VALUE_BYTES = 8,
	COMMUNITY_HEAD = 40, /* of an answer of v1 or v2c, without the community */
	DISCOVERIES_MAX = 4,
};

/* ---------------------------------------------------------------------------------- time */

long agent_budget_ms(const struct agent *a)
{
	return (long)a->cfg.timeout_ms * (long)(a->cfg.retries + 1);
}

int agent_try_ms(const struct agent *a, unsigned tries, long long silent_ms)
{
	long most = (long)a->cfg.timeout_ms * PATIENCE_MAX;
	long ms = a->rtt_ms * 2;
	long long left = agent_budget_ms(a) - silent_ms;

	if (ms > most)
		ms = most;
	if (ms < a->cfg.timeout_ms)
		ms = a->cfg.timeout_ms;
	/* Two tries for a loss; then it may be slow, or the way is crowded. */
	ms <<= tries / 2 < 3 ? tries / 2 : 3;
	if (ms > left)
		ms = (long)left;
	return ms > TRY_MIN_MS ? (int)ms : TRY_MIN_MS;
}

void agent_heard(struct agent *a, long long after_ms)
{
	long faded = a->rtt_ms - a->rtt_ms / 8;

	a->rtt_ms = after_ms > faded ? (long)after_ms : faded;
	if (a->host.alive)
		a->host.alive(a->host.arg);
}

bool agent_wait(struct agent *a, const bool *done, int ms)
{
	return a->host.wait_for(a->host.arg, done, ms);
}

/* ------------------------------------------------------------------------- one question */

struct exchange {
	struct agent *a;
	void (*answer)(void *arg, const netsnmp_pdu *pdu);
	void *arg;
	enum agent_result result;
	bool done;
};

static void on_answer(void *arg, enum agent_result r, const netsnmp_pdu *pdu)
{
	struct exchange *x = arg;

	x->result = r;
	x->done = true;
	if (r == AGENT_OK && pdu && x->answer)
		x->answer(x->arg, pdu);
}

/* Waits for a question that was asked with `x`. */
static enum agent_result await(struct exchange *x, bool asked, int ms)
{
	struct agent *a = x->a;
	long long start = clock_ms();

	if (!asked)
		return AGENT_FAILED;
	if (!agent_wait(a, &x->done, ms + MARGIN_MS)) {
		snmp_link_forget(a->link);
		return AGENT_ENDING;
	}
	if (!x->done) {
		snmp_link_forget(a->link);
		return AGENT_TIMEOUT;
	}
	snmp_link_counts(a->link)->turns++;
	if (x->result == AGENT_OK)
		agent_heard(a, clock_ms() - start);
	return x->result;
}

enum agent_result agent_prepare(struct agent *a, unsigned *discoveries)
{
	long long start = clock_ms(), silent;
	enum agent_result r = AGENT_OK;

	for (unsigned tries = 0; !snmp_link_is_ready(a->link); tries++) {
		struct exchange x = {.a = a};
		int ms;

		silent = clock_ms() - start;
		if (tries && (r != AGENT_TIMEOUT || silent >= agent_budget_ms(a)))
			return r == AGENT_OK ? AGENT_AUTH : r;
		if (tries == 0 && ++*discoveries > DISCOVERIES_MAX)
			return AGENT_AUTH;
		ms = agent_try_ms(a, tries, silent);
		r = await(&x, snmp_link_discover(a->link, ms, on_answer, &x), ms);
	}
	return snmp_link_is_broken(a->link) ? AGENT_FAILED : AGENT_OK;
}

enum agent_result agent_exchange(struct agent *a, netsnmp_pdu *(*make)(void *arg),
				 void (*answer)(void *arg, const netsnmp_pdu *pdu), void *arg)
{
	long long start = clock_ms();
	unsigned discoveries = 0;

	for (unsigned tries = 0;; tries++) {
		struct exchange x = {.a = a, .answer = answer, .arg = arg};
		enum agent_result r = agent_prepare(a, &discoveries);
		int ms = agent_try_ms(a, tries, clock_ms() - start);

		if (r != AGENT_OK)
			return r;
		r = await(&x, snmp_link_ask(a->link, make(arg), ms, on_answer, &x), ms);
		if (r != AGENT_TIMEOUT || clock_ms() - start >= agent_budget_ms(a))
			return r;
	}
}

/* ------------------------------------------------------------------------- open and close */

struct lookup {
	struct netaddr addrs[8];
	size_t count;
	const char *error;
	bool done;
};

static void on_resolved(void *arg, const struct netaddr *addrs, size_t count, const char *error)
{
	struct lookup *l = arg;

	l->error = error;
	l->done = true;
	for (size_t i = 0; i < count && l->count < sizeof(l->addrs) / sizeof(*l->addrs); i++)
		l->addrs[l->count++] = addrs[i];
}

/* As net-snmp's programs do: IPv4 if the name has both. */
static const struct netaddr *prefer(const struct lookup *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->addrs[i].ss.ss_family == AF_INET)
			return &l->addrs[i];
	return l->count ? &l->addrs[0] : NULL;
}

static enum agent_result resolve(struct agent *a)
{
	struct lookup l = {.count = 0};
	struct resolver_query *q;
	const struct netaddr *found;

	if (netaddr_from_numeric(a->cfg.host, a->cfg.port, &a->addr)) {
		if (a->cfg.family == AF_UNSPEC || a->cfg.family == a->addr.ss.ss_family)
			return AGENT_OK;
		agent_complain("%s is no address of that kind: leave udp6: or tcp6: away",
			       a->where);
		return AGENT_FAILED;
	}
	q = a->host.resolver ? resolver_ask(a->host.resolver, a->cfg.host, a->cfg.port,
					    a->cfg.family, on_resolved, &l)
			     : NULL;
	if (!q)
		return AGENT_FAILED;
	if (!agent_wait(a, &l.done, RESOLVE_MS) || !l.done) {
		resolver_cancel(q);
		if (l.done)
			return AGENT_ENDING;
		l.error = "no answer to that question";
	}
	found = prefer(&l);
	if (!found) {
		agent_complain("the address of %s is not known: %s", a->cfg.host,
			       l.error ? l.error : "there is none");
		return AGENT_FAILED;
	}
	a->addr = *found;
	return AGENT_OK;
}

struct dial {
	int fd, err;
	bool done;
};

static void on_connected(void *arg, int fd, int err)
{
	struct dial *d = arg;

	d->fd = fd;
	d->err = err;
	d->done = true;
}

static enum agent_result dial(struct agent *a, int *fd)
{
	struct dial d = {.fd = -1, .err = ETIMEDOUT};
	struct connector *c =
		connector_start(a->host.loop, &a->addr, 1, CONNECT_MS, on_connected, &d);

	if (!c)
		return AGENT_FAILED;
	if (!agent_wait(a, &d.done, CONNECT_MS + MARGIN_MS) && !d.done) {
		connector_cancel(c);
		return AGENT_ENDING;
	}
	if (!d.done)
		connector_cancel(c);
	*fd = d.fd;
	if (d.fd >= 0)
		return AGENT_OK;
	agent_complain("%s: no connection: %s", a->where, strerror(d.err));
	return AGENT_FAILED;
}

static enum agent_result establish(struct agent *a)
{
	enum agent_result r = resolve(a);
	int fd = -1;

	if (r == AGENT_OK && a->cfg.tcp)
		r = dial(a, &fd);
	if (r != AGENT_OK)
		return r;
	a->link = snmp_link_new(a->host.loop, &a->cfg, &a->keys, &a->addr, fd);
	if (a->link)
		return AGENT_OK;
	agent_complain("%s: no way there: %s", a->where, strerror(errno));
	return AGENT_FAILED;
}

static void name_place(struct agent *a)
{
	bool v6 = strchr(a->cfg.host, ':') != NULL;

	str_format(a->where, sizeof(a->where), "%s%s:%s%s%s:%u", a->cfg.tcp ? "tcp" : "udp",
		   v6 || a->cfg.family == AF_INET6 ? "6" : "", v6 ? "[" : "", a->cfg.host,
		   v6 ? "]" : "", a->cfg.port);
}

enum agent_result agent_open(const struct agent_config *cfg, const struct agent_host *host,
			     struct agent **out)
{
	struct agent *a = calloc(1, sizeof(*a));
	char why[256];
	enum agent_result r;

	if (!a || !agent_config_copy(&a->cfg, cfg)) {
		free(a);
		return AGENT_FAILED;
	}
	a->host = *host;
	a->window = AGENT_WINDOW;
	a->value_bytes = VALUE_BYTES;
	if (a->cfg.version != AGENT_V3)
		a->learned.head = COMMUNITY_HEAD + strlen(a->cfg.community);
	name_place(a);
	if (snmp_keys_make(&a->keys, &a->cfg, why, sizeof(why))) {
		r = establish(a);
	} else {
		log_error(token, "%s", why);
		r = AGENT_BADVALUE;
	}
	if (r == AGENT_OK) {
		*out = a;
		return r;
	}
	agent_close(a);
	return r;
}

void agent_close(struct agent *a)
{
	if (!a)
		return;
	snmp_link_free(a->link);
	snmp_keys_wipe(&a->keys);
	agent_config_free(&a->cfg);
	free(a);
}

const char *agent_where(const struct agent *a)
{
	return a->where;
}

const struct agent_counts *agent_counts(const struct agent *a)
{
	return snmp_link_counts(a->link);
}
