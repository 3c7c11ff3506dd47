#include "config.h"

#include "clients/upsweb/conf.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/directives.h"
#include "common/base/str.h"
#include "common/net/netaddr.h"
#include "common/net/tls.h"

static const char unix_prefix[] = "unix:";

static const char *word(const struct directive_line *l, size_t i)
{
	return i < l->count ? l->words[i] : NULL;
}

static bool keep(const struct directive_line *l, char **dst, const char *text)
{
	if (str_replace(dst, text))
		return true;
	directive_no_memory(l);
	return false;
}

/* ------------------------------------------------------------------ directives */

static void add_listen(const struct directive_line *l, const char *host, unsigned port, bool tls)
{
	struct upsweb_conf *c = l->conf;
	struct upsweb_listen *n = calloc(1, sizeof(*n)), **at = &c->listens;

	if (!n || !keep(l, &n->host, host)) {
		free(n);
		return;
	}
	n->port = port;
	n->tls = tls;
	while (*at)
		at = &(*at)->next;
	*at = n;
}

static void take_listen(const struct directive_line *l)
{
	const char *host = word(l, 1), *last = word(l, l->count - 1);
	bool is_unix = str_starts(host, unix_prefix), tls = str_equal(last, "tls");
	struct netaddr addr;
	long port = UPSWEB_PORT;

	if (is_unix && (host[sizeof(unix_prefix) - 1] != '/' || l->count > 2)) {
		conf_error(l->report, l->at, "LISTEN unix:/run/nut/upsweb.sock",
			   "a unix socket is an absolute path, and nothing after it");
		return;
	}
	if (!is_unix && !netaddr_from_numeric(host, UPSWEB_PORT, &addr)) {
		conf_error(l->report, l->at, "LISTEN 127.0.0.1 8493, or 0.0.0.0 for all",
			   "\"%s\" is no address", host);
		return;
	}
	if (l->count > 2 + (size_t)tls &&
	    !conf_parse_long(l->report, l->at, "port", word(l, 2), 1, 65535, &port))
		return;
	add_listen(l, host, (unsigned)port, tls);
}

static void take_monitor(const struct directive_line *l)
{
	struct upsweb_conf *c = l->conf;
	struct upsweb_monitor *m = calloc(1, sizeof(*m)), **at = &c->monitors;
	const char *why;

	if (!m) {
		conf_error(l->report, l->at, NULL, "out of memory");
		return;
	}
	if (!netwire_parse_target(word(l, 1), &m->target, &why)) {
		conf_error(l->report, l->at, "MONITOR ups@host, or *@host for all of them",
			   "\"%s\": %s", word(l, 1), why);
		free(m);
		return;
	}
	if (word(l, 2) && *word(l, 2))
		keep(l, &m->text, word(l, 2));
	if (word(l, 3) && word(l, 4)) {
		keep(l, &m->user, word(l, 3));
		keep(l, &m->password, word(l, 4));
	}
	while (*at)
		at = &(*at)->next;
	*at = m;
}

static void take_certificate(const struct directive_line *l)
{
	struct upsweb_conf *c = l->conf;

	keep(l, &c->certificate, word(l, 1));
	if (word(l, 2))
		keep(l, &c->key, word(l, 2));
}

static void take_history(const struct directive_line *l)
{
	struct upsweb_conf *c = l->conf;
	bool yes = true;

	if (*word(l, 1) == '/') {
		keep(l, &c->history, word(l, 1));
		return;
	}
	if (!str_to_bool(word(l, 1), &yes) || yes) {
		conf_error(l->report, l->at, "HISTORY /var/lib/nut/upsweb.db, or HISTORY no",
			   "the history needs an absolute path");
		return;
	}
	str_replace(&c->history, NULL);
}

#define MEMBER(kind, member) DIRECTIVE_AT(kind, struct upsweb_conf, member)

static const struct directive rows[] = {
	{"LISTEN", 3, DIRECTIVE_BY(take_listen)},
	{"MONITOR", 4, DIRECTIVE_BY(take_monitor)},
	{"CERTIFICATE", 2, DIRECTIVE_BY(take_certificate)},
	{"HISTORY", 1, DIRECTIVE_BY(take_history)},
	{"RUN_AS_USER", 1, MEMBER(DIRECTIVE_TEXT, user)},
	{"CONTROL", 1, MEMBER(DIRECTIVE_BOOL, control)},
	{"SANDBOX", 1, MEMBER(DIRECTIVE_BOOL, sandbox)},
	{"POLLFREQ", 1, DIRECTIVE_FROM(DIRECTIVE_LONG, struct upsweb_conf, poll_s, 1, 3600, 5)},
};

/* ----------------------------------------------------------------------- whole */

static void check(const struct upsweb_conf *c, const struct conf_where *at, struct conf_report *r)
{
	bool tls = false;

	for (const struct upsweb_listen *n = c->listens; n; n = n->next)
		tls = tls || n->tls;
	if (tls && !c->certificate)
		conf_error(r, at, "CERTIFICATE /etc/nut/upsweb.pem",
			   "LISTEN has tls, and there is no certificate to show");
#ifndef HAVE_UPSWEB_HTTPS
	if (tls)
		conf_error(r, at, "listen on 127.0.0.1 or unix: behind a web server that does TLS",
			   "this build has no HTTPS, which needs OpenSSL");
#endif
#ifndef HAVE_SQLITE
	if (c->history)
		conf_error(r, at, "HISTORY no", "this build has no SQLite");
#endif
	tls_demands_check(&c->demands, at, r);
}

/* systemd names the folder that it made for us; elsewhere HISTORY does. */
static void default_history(struct upsweb_conf *c)
{
#ifdef HAVE_SQLITE
	const char *folder = getenv("STATE_DIRECTORY");
	char path[4096];

	if (folder && *folder == '/' && !strchr(folder, ':') &&
	    str_format(path, sizeof(path), "%s/upsweb.db", folder))
		str_replace(&c->history, path);
#else
	(void)c;
#endif
}

struct upsweb_conf *upsweb_conf_read(const char *path, struct conf_report *r)
{
	static char all[] = "*@localhost", name[] = "MONITOR";
	char *const words[] = {name, all};
	struct upsweb_conf *c = calloc(1, sizeof(*c));
	const struct conf_where whole = {.file = path};
	const struct directive_line usual = {c, &whole, 2, words, r};
	struct directives demands,
		table = {rows, sizeof(rows) / sizeof(rows[0]), c, CONF_ERROR, &demands};
	int err;

	if (!c)
		return NULL;
	demands = tls_demands_directives(&c->demands);
	directives_defaults(&table);
	c->sandbox = true;
	default_history(c);
	err = conffile_read_lines(path, directives_line, &table, r);
	if (err)
		conf_error(r, NULL, NULL, "%s cannot be read: %s", path, conffile_why(err));
	if (!c->listens)
		add_listen(&usual, "127.0.0.1", UPSWEB_PORT, false);
	if (!c->monitors)
		take_monitor(&usual);
	check(c, &whole, r);
	return c;
}

static void free_listens(struct upsweb_listen *n)
{
	while (n) {
		struct upsweb_listen *next = n->next;

		free(n->host);
		free(n);
		n = next;
	}
}

static void free_monitors(struct upsweb_monitor *m)
{
	while (m) {
		struct upsweb_monitor *next = m->next;

		free(m->text);
		free(m->user);
		secret_free(&m->password);
		free(m);
		m = next;
	}
}

void upsweb_conf_free(struct upsweb_conf *c)
{
	if (!c)
		return;
	free_listens(c->listens);
	free_monitors(c->monitors);
	tls_demands_free(&c->demands);
	free(c->certificate);
	free(c->key);
	free(c->history);
	free(c->user);
	free(c);
}
