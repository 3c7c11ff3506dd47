#include "config.h"

#include "clients/cli/logsource.h"

#include <stdlib.h>
#include <string.h>

#include "clients/libupsclient/private.h"
#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/nutauth.h"

enum {
	UPSHOST_MAX = 512,
	NAMES_MAX = 256 * 1024, /* of all UPSes of a server */
};

struct logsource {
	const char *name;   /* as the user wrote it */
	const char *server; /* the part of it behind the UPS's name */
	char *ups;
	char *host;
	uint16_t port;
	struct nutauth auth; /* how secure the connection must be */
	bool daemon;
	UPSCONN_t conn;
	bool tried; /* there was an attempt to connect */
	bool lost;  /* it failed, or the connection broke afterwards */
	long long not_before_ms;
};

static bool is_wildcard(const struct logsource *s)
{
	return str_equal(s->ups, "*");
}

struct logsource *logsource_new(const char *name, const char *authconf, bool daemon)
{
	struct logsource *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->name = name;
	s->server = name + strcspn(name, "@");
	if (upscli_splitname(name, &s->ups, &s->host, &s->port) < 0) {
		log_error("upslog", "Error: invalid UPS definition.  "
				    "Required format: upsname[@hostname[:port]]");
		logsource_free(s);
		return NULL;
	}
	s->daemon = daemon;
	if (!nutauth_find(authconf, NULL, s->host, s->port, &s->auth)) {
		logsource_free(s);
		return NULL;
	}
	return s;
}

void logsource_free(struct logsource *s)
{
	if (!s)
		return;
	logsource_disconnect(s);
	nutauth_free(&s->auth);
	free(s->ups);
	free(s->host);
	free(s);
}

static bool is_connected(struct logsource *s)
{
	return s->tried && upscli_fd(&s->conn) >= 0;
}

/* `why` may be "": the library knows. */
static void note_failure(struct logsource *s, const char *why)
{
	if (!why[0])
		why = upscli_strerror(&s->conn);
	if (!s->tried)
		log_warn("upslog", "Warning: initial connect failed: %s", why);
	else if (!s->lost)
		log_warn("upslog", "Warning: lost %s: %s", s->name, why);
	s->lost = true;
}

bool logsource_connect(struct logsource *s)
{
	struct upsclient_terms terms = {.demands = nutauth_demands(&s->auth, s->daemon)};
	long long begin_ms = clock_ms();
	bool ok;

	if (is_connected(s))
		return true;
	if (s->tried && begin_ms < s->not_before_ms)
		return false;
	ok = upsclient_connect_on(&s->conn, s->host, s->port, 0, &terms) == 0;
	if (!ok) {
		note_failure(s, terms.why);
	} else if (s->lost) {
		log_notice("upslog", "%s is back", s->name);
		s->lost = false;
	}
	s->tried = true;
	/* A server that lets us wait must not hold up the others most of the time. */
	s->not_before_ms = clock_ms() + 4 * (clock_ms() - begin_ms);
	return ok;
}

void logsource_disconnect(struct logsource *s)
{
	if (is_connected(s))
		upscli_disconnect(&s->conn);
}

/* All names of the server, each with its NUL, because asking for values ends a list. */
static bool fetch_names(struct logsource *s, struct buffer *names)
{
	const char *query[] = {"UPS"};
	char **item;
	size_t count;
	int more;

	if (upscli_list_start(&s->conn, 1, query) < 0) {
		if (!is_connected(s))
			note_failure(s, "");
		return false;
	}
	while ((more = upscli_list_next(&s->conn, 1, query, &count, &item)) == 1)
		if (count >= 2)
			buffer_append(names, item[1], strlen(item[1]) + 1);
	return more == 0 && !names->failed;
}

void logsource_each(struct logsource *s, logsource_each_fn *fn, void *arg)
{
	struct buffer names = {.max = NAMES_MAX};
	char upshost[UPSHOST_MAX];

	if (!is_wildcard(s)) {
		fn(arg, s, s->ups, s->name);
		return;
	}
	if (!is_connected(s) || !fetch_names(s, &names))
		fn(arg, s, NULL, s->name);
	else
		for (size_t at = 0; at < names.len; at += strlen(names.data + at) + 1) {
			str_format(upshost, sizeof(upshost), "%s%s", names.data + at, s->server);
			fn(arg, s, names.data + at, upshost);
		}
	buffer_free(&names);
}

const char *logsource_value(struct logsource *s, const char *ups, const char *variable)
{
	const char *query[] = {"VAR", ups, variable};
	size_t count;
	char **answer;

	if (!ups || !is_connected(s))
		return NULL;
	if (upscli_get(&s->conn, 3, query, &count, &answer) < 0) {
		/* Refusals leave the connection as it is. */
		if (!is_connected(s))
			note_failure(s, "");
		return NULL;
	}
	return count < 4 ? NULL : answer[3];
}
