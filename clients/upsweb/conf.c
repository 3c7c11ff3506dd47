#include "config.h"

#include "clients/upsweb/conf.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/net/netaddr.h"
#include "common/net/tls.h"

static const char unix_prefix[] = "unix:";

struct line {
	struct upsweb_conf *conf;
	const struct conf_where *at;
	size_t count;
	char *const *words;
	struct conf_report *report;
};

static const char *word(const struct line *l, size_t i)
{
	return i < l->count ? l->words[i] : NULL;
}

static bool keep(const struct line *l, char **dst, const char *text)
{
	if (str_replace(dst, text))
		return true;
	conf_error(l->report, l->at, NULL, "out of memory");
	return false;
}

/* ------------------------------------------------------------------ directives */

static void add_listen(const struct line *l, const char *host, unsigned port, bool tls)
{
	struct upsweb_listen *n = calloc(1, sizeof(*n)), **at = &l->conf->listens;

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

static void take_listen(const struct line *l)
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

static void take_monitor(const struct line *l)
{
	struct upsweb_monitor *m = calloc(1, sizeof(*m)), **at = &l->conf->monitors;
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

static void take_certificate(const struct line *l)
{
	keep(l, &l->conf->certificate, word(l, 1));
	if (word(l, 2))
		keep(l, &l->conf->key, word(l, 2));
}

static void take_history(const struct line *l)
{
	bool yes = true;

	if (*word(l, 1) == '/') {
		keep(l, &l->conf->history, word(l, 1));
		return;
	}
	if (!str_to_bool(word(l, 1), &yes) || yes) {
		conf_error(l->report, l->at, "HISTORY /var/lib/nut/upsweb.db, or HISTORY no",
			   "the history needs an absolute path");
		return;
	}
	str_replace(&l->conf->history, NULL);
}

static void take_user(const struct line *l)
{
	keep(l, &l->conf->user, word(l, 1));
}

static void take_control(const struct line *l)
{
	conf_parse_bool(l->report, l->at, "CONTROL", word(l, 1), &l->conf->control);
}

static void take_sandbox(const struct line *l)
{
	conf_parse_bool(l->report, l->at, "SANDBOX", word(l, 1), &l->conf->sandbox);
}

static void take_pollfreq(const struct line *l)
{
	conf_parse_long(l->report, l->at, "POLLFREQ", word(l, 1), 1, 3600, &l->conf->poll_s);
}

static void take_demand(const struct line *l)
{
	tls_demands_take(&l->conf->demands, l->at, l->count, l->words, l->report);
}

static const struct directive {
	const char *name;
	size_t least; /* words, its name included */
	void (*take)(const struct line *l);
} directives[] = {
	{"LISTEN", 2, take_listen},           {"MONITOR", 2, take_monitor},
	{"CERTIFICATE", 2, take_certificate}, {"HISTORY", 2, take_history},
	{"RUN_AS_USER", 2, take_user},        {"CONTROL", 2, take_control},
	{"SANDBOX", 2, take_sandbox},         {"POLLFREQ", 2, take_pollfreq},
	{"CERTPATH", 2, take_demand},         {"CERTFILE", 2, take_demand},
	{"CERTIDENT", 2, take_demand},        {"CERTHOST", 2, take_demand},
	{"CERTVERIFY", 2, take_demand},       {"FORCESSL", 2, take_demand},
};

enum { DIRECTIVES = sizeof(directives) / sizeof(directives[0]) };

static void take_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *r)
{
	const struct line l = {arg, at, count, words, r};
	const char *known[DIRECTIVES + 1] = {NULL};

	for (size_t i = 0; i < DIRECTIVES; i++) {
		known[i] = directives[i].name;
		if (!str_equal(words[0], directives[i].name))
			continue;
		if (count < directives[i].least)
			conf_error(r, at, NULL, "%s needs a value", words[0]);
		else
			directives[i].take(&l);
		return;
	}
	conf_unknown(r, at, words[0], known);
}

/* ----------------------------------------------------------------------- whole */

static void check(const struct line *l)
{
	bool tls = false;

	for (const struct upsweb_listen *n = l->conf->listens; n; n = n->next)
		tls = tls || n->tls;
	if (tls && !l->conf->certificate)
		conf_error(l->report, l->at, "CERTIFICATE /etc/nut/upsweb.pem",
			   "LISTEN has tls, and there is no certificate to show");
#ifndef HAVE_UPSWEB_HTTPS
	if (tls)
		conf_error(l->report, l->at,
			   "listen on 127.0.0.1 or unix: behind a web server that does TLS",
			   "this build has no HTTPS, which needs OpenSSL");
#endif
#ifndef HAVE_SQLITE
	if (l->conf->history)
		conf_error(l->report, l->at, "HISTORY no", "this build has no SQLite");
#endif
	tls_demands_check(&l->conf->demands, l->at, l->report);
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
	struct upsweb_conf *c = calloc(1, sizeof(*c));
	const struct conf_where whole = {.file = path};
	struct line l = {.conf = c, .at = &whole, .report = r};
	int err;

	if (!c)
		return NULL;
	c->poll_s = 5;
	c->sandbox = true;
	default_history(c);
	err = conffile_read_lines(path, take_line, c, r);
	if (err)
		conf_error(r, NULL, NULL, "%s cannot be read: %s", path, conffile_why(err));
	if (!c->listens)
		add_listen(&l, "127.0.0.1", UPSWEB_PORT, false);
	if (!c->monitors) {
		char all[] = "*@localhost", name[] = "MONITOR";
		char *const words[] = {name, all};

		l.words = words;
		l.count = 2;
		take_monitor(&l);
	}
	check(&l);
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
