#include "config.h"

#include "clients/libupsclient/hostrules.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/str.h"
#include "common/ups/netwire.h"

struct entry {
	struct entry *next;
	char host[256];
	unsigned port;
	struct host_rule rule;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *entries;

static const struct entry *find_locked(const char *host, unsigned port)
{
	for (const struct entry *e = entries; e; e = e->next)
		if (e->port == port && str_caseequal(e->host, host))
			return e;
	return NULL;
}

bool host_rules_add(const char *address, const struct host_rule *rule)
{
	struct entry *e = calloc(1, sizeof(*e));
	const char *why;

	if (!e)
		return false;
	if (!address || !netwire_parse_host(address, e->host, sizeof(e->host), &e->port, &why)) {
		free(e);
		return false;
	}
	e->rule = *rule;
	pthread_mutex_lock(&lock);
	if (find_locked(e->host, e->port)) {
		free(e);
	} else {
		e->next = entries;
		entries = e;
	}
	pthread_mutex_unlock(&lock);
	return true;
}

struct host_rule host_rules_find(const char *host, uint16_t port)
{
	struct host_rule rule = {.certverify = -1, .forcessl = -1};
	const struct entry *e;

	pthread_mutex_lock(&lock);
	e = find_locked(host, port);
	if (e)
		rule = e->rule;
	pthread_mutex_unlock(&lock);
	return rule;
}

void host_rules_clear(void)
{
	struct entry *old;

	pthread_mutex_lock(&lock);
	old = entries;
	entries = NULL;
	pthread_mutex_unlock(&lock);
	while (old) {
		struct entry *next = old->next;

		free(old);
		old = next;
	}
}
