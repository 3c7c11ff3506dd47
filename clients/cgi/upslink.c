#include "config.h"

#include "clients/cgi/upslink.h"

#include <stdlib.h>
#include <string.h>

#include "clients/libupsclient/private.h"
#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/ups/netwire.h"
#include "common/ups/nutauth.h"

enum {
	VALUES_MAX = 4 * 1024 * 1024, /* bytes of one UPS */
	ITEM_WORDS = 4,               /* VAR ups name value */
	PATIENCE_MS = 30 * 1000,      /* of a visitor, and of web servers, with a whole page */
};

struct server {
	struct server *next;
	char host[256];
	unsigned port;
	UPSCONN_t conn;
	bool connected;
	bool logged_in;
	char why[1024];
};

struct upslink {
	bool may_login;
	long long end_ms; /* of patience */
	struct server *servers;
	struct server *server; /* of the present UPS; NULL before the first */
	char ups[256];
	char why[1024];
	bool fetched;
	struct buffer text; /* names and values, each with its NUL */
	struct upslink_variable *variables;
	size_t count;
};

struct upslink *upslink_new(bool may_login)
{
	struct upslink *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->may_login = may_login;
	l->end_ms = clock_ms() + PATIENCE_MS;
	l->text.max = VALUES_MAX;
	/* A visitor waits for the page: not as long as the system would try. */
	setenv("NUT_DEFAULT_CONNECT_TIMEOUT", "10", 0);
	return l;
}

static void forget_values(struct upslink *l)
{
	buffer_clear(&l->text);
	free(l->variables);
	l->variables = NULL;
	l->count = 0;
	l->fetched = false;
	l->why[0] = '\0';
}

void upslink_free(struct upslink *l)
{
	struct server *next;

	if (!l)
		return;
	forget_values(l);
	buffer_free(&l->text);
	for (struct server *s = l->servers; s; s = next) {
		next = s->next;
		if (s->connected)
			upscli_disconnect(&s->conn);
		free(s);
	}
	free(l);
}

/* --------------------------------------------------------------- connecting */

static void connect_server(struct server *s)
{
	struct upsclient_terms terms = {0};
	struct nutauth found;

	if (!nutauth_find(NULL, NULL, s->host, s->port, &found)) {
		str_copy(s->why, sizeof(s->why),
			 "nutauth.conf cannot be used; the web server's error log tells why");
		return;
	}
	terms.demands = nutauth_demands(&found, false);
	s->connected = upsclient_connect_on(&s->conn, s->host, (uint16_t)s->port, 0, &terms) == 0;
	if (!s->connected)
		str_copy(s->why, sizeof(s->why),
			 terms.why[0] ? terms.why : upscli_strerror(&s->conn));
	nutauth_free(&found);
}

/* NULL: no memory. */
static struct server *find_server(struct upslink *l, const char *host, unsigned port)
{
	struct server *s;

	for (s = l->servers; s; s = s->next)
		if (str_caseequal(s->host, host) && s->port == port)
			return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	str_copy(s->host, sizeof(s->host), host);
	s->port = port;
	s->next = l->servers;
	l->servers = s;
	connect_server(s);
	return s;
}

bool upslink_use(struct upslink *l, const char *target)
{
	struct netwire_target t;
	const char *why;

	forget_values(l);
	l->server = NULL;
	if (clock_ms() >= l->end_ms) {
		str_copy(l->why, sizeof(l->why), "not asked, because others took too long");
		return false;
	}
	if (!netwire_parse_target(target, &t, &why)) {
		str_copy(l->why, sizeof(l->why), why);
		return false;
	}
	str_copy(l->ups, sizeof(l->ups), t.ups);
	l->server = find_server(l, t.host, t.port);
	if (!l->server)
		str_copy(l->why, sizeof(l->why), "out of memory");
	else if (!upslink_is_connected(l))
		str_copy(l->why, sizeof(l->why), l->server->why);
	return upslink_is_connected(l);
}

const char *upslink_why(const struct upslink *l)
{
	return l->why;
}

bool upslink_is_connected(const struct upslink *l)
{
	return l->server && l->server->connected;
}

UPSCONN_t *upslink_conn(struct upslink *l)
{
	return l->server ? &l->server->conn : NULL;
}

const char *upslink_ups(const struct upslink *l)
{
	return l->ups;
}

/* Once the connection is gone, it stays so for this page. */
static void note_failure(struct upslink *l)
{
	struct server *s = l->server;

	str_copy(l->why, sizeof(l->why), upscli_strerror(&s->conn));
	if (upscli_fd(&s->conn) >= 0)
		return;
	str_copy(s->why, sizeof(s->why), l->why);
	upscli_disconnect(&s->conn);
	s->connected = false;
}

bool upslink_exchange(struct upslink *l, size_t count, const char *const *words, char *reply,
		      size_t size)
{
	struct buffer line = {0};
	bool ok;

	if (!upslink_is_connected(l))
		return false;
	netwire_append_request(&line, count, words);
	ok = !line.failed && upscli_sendline(&l->server->conn, line.data, line.len) >= 0 &&
	     upscli_readline(&l->server->conn, reply, size) >= 0;
	if (line.data)
		secret_wipe(line.data, line.len);
	buffer_free(&line);
	if (!ok)
		note_failure(l);
	return ok;
}

/* ------------------------------------------------------------------- values */

static bool login(struct upslink *l)
{
	struct server *s = l->server;
	struct nutauth found;
	char reply[UPSCLI_NETBUF_LEN];
	bool ok = false;

	if (!l->may_login || s->logged_in || upscli_upserror(&s->conn) != UPSCLI_ERR_USERREQUIRED)
		return false;
	s->logged_in = true;
	if (!nutauth_find(NULL, NULL, s->host, s->port, &found))
		return false;
	if (found.user && found.password)
		ok = upslink_exchange(l, 2, (const char *[]){"USERNAME", found.user}, reply,
				      sizeof(reply)) &&
		     upslink_exchange(l, 2, (const char *[]){"PASSWORD", found.password}, reply,
				      sizeof(reply));
	nutauth_free(&found);
	return ok;
}

/* Gathers the texts; where they are is known only when all are there. */
static bool gather(struct upslink *l, size_t *count)
{
	const char *query[] = {"VAR", l->ups};
	UPSCONN_t *conn = &l->server->conn;
	size_t words;
	char **item;
	int more;

	if (upscli_list_start(conn, 2, query) < 0 &&
	    (!login(l) || upscli_list_start(conn, 2, query) < 0)) {
		if (upslink_is_connected(l))
			note_failure(l);
		return false;
	}
	while ((more = upscli_list_next(conn, 2, query, &words, &item)) == 1) {
		if (words < ITEM_WORDS)
			continue;
		buffer_append(&l->text, item[2], strlen(item[2]) + 1);
		buffer_append(&l->text, item[3], strlen(item[3]) + 1);
		(*count)++;
	}
	if (more < 0)
		note_failure(l);
	else if (l->text.failed)
		str_copy(l->why, sizeof(l->why), "the UPS has more values than are taken");
	return more == 0 && !l->text.failed;
}

static void fetch(struct upslink *l)
{
	size_t count = 0;
	const char *at;

	if (l->fetched)
		return;
	l->fetched = true;
	if (!upslink_is_connected(l) || !gather(l, &count) || count == 0)
		return;
	l->variables = calloc(count, sizeof(*l->variables));
	if (!l->variables) {
		str_copy(l->why, sizeof(l->why), "out of memory");
		return;
	}
	at = l->text.data;
	for (; l->count < count; l->count++) {
		l->variables[l->count].name = at;
		at += strlen(at) + 1;
		l->variables[l->count].value = at;
		at += strlen(at) + 1;
	}
}

const char *upslink_value(struct upslink *l, const char *name)
{
	fetch(l);
	for (size_t i = 0; i < l->count; i++)
		if (str_caseequal(l->variables[i].name, name))
			return l->variables[i].value;
	return NULL;
}

size_t upslink_variables(struct upslink *l, const struct upslink_variable **all)
{
	fetch(l);
	*all = l->variables;
	return l->count;
}
