/*
 * groupsite: declarations: of the whole file, of groups, and of servers.
 *
 * One is in force until the next of its kind; groupups.c uses them.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "clients/upsmon/conf/groupparse.h"
#include "common/base/str.h"
#include "common/net/netaddr.h"

/* -------------------------------------------------------- of the whole file */

void group_take_poll(struct group_parser *g, const struct group_token *seconds, bool alert)
{
	double value;
	long *poll = alert ? &g->conf->policy.poll_alert : &g->conf->policy.poll;

	if (!group_number(g, seconds, alert ? "POLLFREQALERT" : "POLLFREQ", 0, GROUP_SECONDS_MAX,
			  &value))
		return;
	if (value == 0)
		group_error(g, &seconds->at, 330, NULL, "a poll interval is more than 0 seconds");
	else
		*poll = (long)value + ((double)(long)value < value);
}

void group_take_maxnotify(struct group_parser *g, const struct group_where *at)
{
	group_warning(g, at, 810, "take it out", "MAXNOTIFY has no effect");
}

static void take_path(struct group_parser *g, const char *what, char **dst)
{
	char *path = group_text_take_plain(g, what);

	if (!path)
		return;
	if (path[0] == '/') {
		free(*dst);
		*dst = path;
		return;
	}
	group_error(g, &g->text_at, 380, "begin it with /", "%s \"%s\" is no whole path", what,
		    path);
	free(path);
}

void group_take_powerdown_flag(struct group_parser *g)
{
	take_path(g, "POWERDOWNFLAG", &g->conf->powerdown_flag);
}

void group_take_log_file(struct group_parser *g)
{
	take_path(g, "LOGFILE", &g->conf->log_file);
}

void group_take_user(struct group_parser *g, const struct group_token *name)
{
	char *user = group_token_dup(g, name);

	if (!user)
		return;
	free(g->conf->run_as_user);
	g->conf->run_as_user = user;
}

/* ------------------------------------------------------------------- groups */

long group_find(const struct group_parser *g, const struct group_token *name)
{
	for (size_t i = 0; i < g->conf->group_count; i++) {
		if (group_token_is(name, g->conf->groups[i].name))
			return (long)i;
	}
	return -1;
}

void group_take_group(struct group_parser *g, const struct group_token *name)
{
	struct upsmon_conf *c = g->conf;
	char *copy;

	group_settle_certfile(g);
	g->ups = -1;
	g->group = group_find(g, name);
	if (g->group >= 0) {
		group_error(g, &name->at, 400, "give each group its own name",
			    "there is a GROUP %s already, in line %u", c->groups[g->group].name,
			    g->group_at[g->group].line);
		return;
	}
	if (!group_grow(g, &name->at, &c->groups, c->group_count, GROUP_UPS_MAX, sizeof(*c->groups),
			"groups") ||
	    !group_grow(g, &name->at, &g->group_at, c->group_count, GROUP_UPS_MAX,
			sizeof(*g->group_at), "groups"))
		return;
	copy = group_token_dup(g, name);
	if (!copy)
		return;
	g->group = (long)c->group_count;
	g->group_at[c->group_count] = name->at;
	c->groups[c->group_count++] = (struct conf_group){.name = copy, .min_supplies = 1};
}

bool group_is_open(struct group_parser *g, const struct group_where *at, const char *what)
{
	if (g->group >= 0)
		return true;
	group_error(g, at, 405, "GROUP and a name before it", "%s belongs to no group", what);
	return false;
}

void group_take_supplies(struct group_parser *g, const struct group_token *count)
{
	long value;

	if (group_whole(g, count, "MINSUPPLIES", 0, GROUP_POWER_MAX, &value) &&
	    group_is_open(g, &count->at, "MINSUPPLIES"))
		g->conf->groups[g->group].min_supplies = value;
}

/* ------------------------------------------------------------------ servers */

bool groupconf_host_is_local(const char *host)
{
	return str_caseequal(host, "localhost") || str_equal(host, "127.0.0.1") ||
	       str_equal(host, "::1");
}

static bool is_host_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._";

	return *text && text[strspn(text, letters)] == '\0';
}

/* A name, or an address with or without brackets. */
static bool read_host(const struct group_token *t, char *host, size_t size)
{
	struct group_token bare = *t;
	struct netaddr address;

	if (t->len > 2 && t->text[0] == '[' && t->text[t->len - 1] == ']') {
		bare.text++;
		bare.len -= 2;
		bare.kind = GROUP_ADDRESS;
	}
	if (bare.len >= size)
		return false;
	str_format(host, size, "%.*s", (int)bare.len, bare.text);
	return (bare.kind != GROUP_ADDRESS && is_host_name(host)) ||
	       (strchr(host, ':') && netaddr_from_numeric(host, 1, &address));
}

bool group_read_host(struct group_parser *g, const struct group_token *t, char *host, size_t size)
{
	if (read_host(t, host, size))
		return true;
	group_error(g, &t->at, 450, "a name, an IPv4 address, or an IPv6 address in brackets",
		    "this is no host");
	return false;
}

void group_take_host(struct group_parser *g, const struct group_token *host)
{
	char name[sizeof(g->host)];

	if (!group_read_host(g, host, name, sizeof(name)))
		return;
	str_copy(g->host, sizeof(g->host), name);
	g->cert_unused = false;
}

void group_take_port(struct group_parser *g, const struct group_token *port)
{
	long value;

	if (!group_whole(g, port, "PORT", 1, 65535, &value))
		return;
	g->port = (unsigned)value;
	g->cert_unused = false;
}

struct tls_host *group_server_tls(const struct group_parser *g, const char *host, unsigned port)
{
	const struct tls_demands *d = &g->conf->tls;

	for (size_t i = 0; i < d->host_count; i++) {
		if (d->hosts[i].port == port && str_caseequal(d->hosts[i].host, host))
			return &d->hosts[i];
	}
	return NULL;
}

static bool is_watched(const struct group_parser *g, const char *host, unsigned port)
{
	for (size_t i = 0; i < g->conf->ups_count; i++) {
		const struct netwire_target *t = &g->conf->ups[i].target;

		if (t->port == port && str_caseequal(t->host, host))
			return true;
	}
	return false;
}

static void refuse_certfile(struct group_parser *g, const struct group_where *at)
{
	group_error(g, at, 570, "one server has one CERTFILE",
		    "another CERTFILE for %s:%u than before", g->host, g->port);
}

/* The CERTFILE in force is that of a server. */
void group_use_certfile(struct group_parser *g, const struct group_where *at, const char *host,
			unsigned port)
{
	struct tls_demands *d = &g->conf->tls;
	struct tls_host *known = group_server_tls(g, host, port), fresh = {.port = port};

	g->cert_unused = false;
	if (!g->cert || !*g->cert)
		return;
	if (known) {
		if (!str_equal(known->cert_path, g->cert))
			refuse_certfile(g, at);
		return;
	}
	if (!group_grow(g, at, &d->hosts, d->host_count, GROUP_UPS_MAX, sizeof(*d->hosts),
			"servers"))
		return;
	str_copy(fresh.host, sizeof(fresh.host), host);
	fresh.certverify = fresh.forcessl = 1;
	fresh.cert_path = str_dup(g->cert);
	if (fresh.cert_path)
		d->hosts[d->host_count++] = fresh;
	else
		group_no_memory(g);
}

void group_settle_certfile(struct group_parser *g)
{
	if (g->cert_unused && is_watched(g, g->host, g->port))
		group_use_certfile(g, &g->cert_at, g->host, g->port);
}

void group_take_certfile(struct group_parser *g)
{
	char *path = group_text_take_plain(g, "CERTFILE");

	if (!path)
		return;
	if (*path && *path != '/') {
		group_error(g, &g->text_at, 380, "begin it with /",
			    "CERTFILE \"%s\" is no whole path", path);
		free(path);
		return;
	}
	group_settle_certfile(g);
	/* A second one before anything could use the first: nobody can mean that. */
	if (g->cert_unused && !str_equal(g->cert, path))
		refuse_certfile(g, &g->text_at);
	free(g->cert);
	g->cert = path;
	g->cert_at = g->text_at;
	g->cert_unused = true;
}

void group_take_smtp(struct group_parser *g, const struct group_token *host,
		     const struct group_token *port, const struct group_token *user,
		     const struct group_token *password, bool authorities)
{
	struct conf_smtp *smtp = &g->conf->smtp;
	char name[256];
	long number;

	if (authorities)
		take_path(g, "AUTHORITIES", &smtp->authorities);
	if (!group_whole(g, port, "PORT", 1, 65535, &number))
		return;
	/* No mail is no danger to the machine. */
	if (!read_host(host, name, sizeof(name))) {
		group_warning(g, &host->at, 655, "the name or address of the mail relay",
			      "SMTPSERVER names no host, it is left out");
		return;
	}
	if (smtp->host)
		group_warning(g, &host->at, 650, "keep one of them",
			      "a second SMTPSERVER takes the place of the first");
	free(smtp->user);
	secret_free(&smtp->password);
	smtp->port = (unsigned)number;
	smtp->user = group_token_dup(g, user);
	smtp->password = group_token_dup(g, password);
	if (!str_replace(&smtp->host, name))
		group_no_memory(g);
}
