/*
 * upsd.conf.  Its lines are `KEYWORD words`; the keywords are a table.
 * Unknown ones only warn: a configuration of another version must not keep
 * upsd from starting.
 */
#include "config.h"

#include "server/conf.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

enum { DEFAULT_MAXAGE_S = 15, DEFAULT_TRACKING_DELAY_S = 3600 };

struct line {
	struct upsd_conf *conf;
	const struct conf_where *at;
	const char *keyword;
	char *const *args; /* behind the keyword */
	size_t count;
	struct conf_report *report;
};

static void set_number(const struct line *l, long min, long max, long *out)
{
	conf_parse_long(l->report, l->at, l->keyword, l->args[0], min, max, out);
}

/* Takes NUT's spelling of a switch: a word for yes or no, or any number. */
static void set_switch(const struct line *l, bool *out)
{
	long number;

	if (str_to_long(l->args[0], LONG_MIN, LONG_MAX, &number))
		*out = number != 0;
	else
		conf_parse_bool(l->report, l->at, l->keyword, l->args[0], out);
}

static void set_path(const struct line *l, char **out)
{
	if (l->args[0][0] == '/')
		str_replace(out, l->args[0]);
	else
		conf_error(l->report, l->at, "write it from the root, with a leading /",
			   "%s wants an absolute path, not \"%s\"", l->keyword, l->args[0]);
}

static void set_maxage(const struct line *l)
{
	set_number(l, 1, 86400, &l->conf->maxage_s);
}

static void set_tracking_delay(const struct line *l)
{
	set_number(l, 1, 31536000, &l->conf->tracking_delay_s);
}

static void set_maxconn(const struct line *l)
{
	set_number(l, 1, 1000000, &l->conf->max_connections);
}

static void set_debug_min(const struct line *l)
{
	long level;

	if (conf_parse_long(l->report, l->at, l->keyword, l->args[0], 0, 100, &level))
		l->conf->debug_min = (int)level;
}

static void set_allow_no_device(const struct line *l)
{
	set_switch(l, &l->conf->allow_no_device);
}

static void set_allow_not_all_listeners(const struct line *l)
{
	set_switch(l, &l->conf->allow_not_all_listeners);
}

static void set_sandbox(const struct line *l)
{
	conf_parse_bool(l->report, l->at, l->keyword, l->args[0], &l->conf->sandbox);
}

static void set_read_needs_login(const struct line *l)
{
	set_switch(l, &l->conf->read_needs_login);
}

static void set_statepath(const struct line *l)
{
	set_path(l, &l->conf->statepath);
}

static void set_datapath(const struct line *l)
{
	set_path(l, &l->conf->datapath);
}

static bool parse_security(const struct line *l, enum upsd_conf_security *out)
{
	*out = UPSD_CONF_OFFERED;
	if (l->count < 3)
		return true;
	if (str_equal(l->args[2], "tls-required"))
		*out = UPSD_CONF_REQUIRED;
	else if (str_equal(l->args[2], "tls"))
		*out = UPSD_CONF_AT_ONCE;
	else
		conf_error(l->report, l->at, "write tls, tls-required, or nothing",
			   "LISTEN does not know \"%s\"", l->args[2]);
	return *out != UPSD_CONF_OFFERED;
}

static void add_listen(const struct line *l)
{
	struct upsd_conf *c = l->conf;
	struct upsd_conf_listen *grown;
	const char *host = l->args[0];
	enum upsd_conf_security security;
	long port;

	if (!str_to_long(NUT_PORT, 1, 65535, &port))
		port = 3493;
	if (l->count > 1 &&
	    !conf_parse_long(l->report, l->at, "the port of LISTEN", l->args[1], 1, 65535, &port))
		return;
	if (!parse_security(l, &security))
		return;
	for (size_t i = 0; i < c->listen_count; i++) {
		if (c->listens[i].port != (unsigned)port ||
		    !str_caseequal(c->listens[i].host, host))
			continue;
		conf_warning(l->report, l->at, "delete one of them",
			     "LISTEN %s %ld stands in line %u already", host, port,
			     c->listens[i].line);
		return;
	}
	grown = realloc(c->listens, (c->listen_count + 1) * sizeof(*grown));
	if (!grown)
		return;
	c->listens = grown;
	grown[c->listen_count] = (struct upsd_conf_listen){.host = str_dup(host),
							   .security = security,
							   .port = (unsigned)port,
							   .line = l->at->line};
	if (grown[c->listen_count].host)
		c->listen_count++;
}

static void ignore_access(const struct line *l)
{
	conf_warning(l->report, l->at, "limit access by LISTEN and a firewall",
		     "%s is no longer supported and is ignored", l->keyword);
}

static void set_certfile(const struct line *l)
{
	/* NSS keeps certificates in a database: as in NUT, the file is not for it. */
	if (str_equal(tls_backend_name(), "NSS")) {
		conf_warning(l->report, l->at, "name the database with CERTPATH",
			     "CERTFILE is for builds with OpenSSL; it is ignored");
		return;
	}
	set_path(l, &l->conf->tls.cert_file);
	l->conf->tls.wanted = true;
}

static void set_certpath(const struct line *l)
{
	set_path(l, &l->conf->tls.cert_path);
	/* With OpenSSL it only says whose clients are good. */
	if (str_equal(tls_backend_name(), "NSS"))
		l->conf->tls.wanted = true;
}

static void set_certident(const struct line *l)
{
	struct upsd_conf_tls *t = &l->conf->tls;

	if (l->count < 2) {
		conf_error(l->report, l->at, "CERTIDENT name password",
			   "CERTIDENT takes a name and a password");
		return;
	}
	str_replace(&t->ident_name, l->args[0]);
	secret_free(&t->ident_password);
	t->ident_password = str_dup(l->args[1]);
}

static void set_certrequest(const struct line *l)
{
	static const char *const words[][2] = {
		[TLS_REQUEST_NO] = {"0", "NO"},
		[TLS_REQUEST_ASK] = {"1", "REQUEST"},
		[TLS_REQUEST_REQUIRE] = {"2", "REQUIRE"},
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_equal(l->args[0], words[i][0]) && !str_caseequal(l->args[0], words[i][1]))
			continue;
		l->conf->tls.request = (enum tls_request)i;
		return;
	}
	conf_error(l->report, l->at, "write NO, REQUEST or REQUIRE",
		   "CERTREQUEST does not know \"%s\"", l->args[0]);
}

static void set_disable_weak(const struct line *l)
{
	bool disable;

	if (conf_parse_bool(l->report, l->at, l->keyword, l->args[0], &disable) && !disable)
		conf_warning(l->report, l->at, "take the line away",
			     "weak TLS stays off: 1.2 is the least that upsd speaks");
}

static const struct directive {
	const char *keyword;
	size_t max_args;
	void (*set)(const struct line *l);
} directives[] = {
	{"MAXAGE", 1, set_maxage},
	{"TRACKINGDELAY", 1, set_tracking_delay},
	{"MAXCONN", 1, set_maxconn},
	{"DEBUG_MIN", 1, set_debug_min},
	{"ALLOW_NO_DEVICE", 1, set_allow_no_device},
	{"ALLOW_NOT_ALL_LISTENERS", 1, set_allow_not_all_listeners},
	{"SANDBOX", 1, set_sandbox},
	{"READ_NEEDS_LOGIN", 1, set_read_needs_login},
	{"STATEPATH", 1, set_statepath},
	{"DATAPATH", 1, set_datapath},
	{"LISTEN", 3, add_listen},
	{"ACL", SIZE_MAX, ignore_access},
	{"ACCEPT", SIZE_MAX, ignore_access},
	{"REJECT", SIZE_MAX, ignore_access},
	{"CERTFILE", 1, set_certfile},
	{"CERTPATH", 1, set_certpath},
	{"CERTIDENT", 2, set_certident},
	{"CERTREQUEST", 1, set_certrequest},
	{"DISABLE_WEAK_SSL", 1, set_disable_weak},
};

enum { DIRECTIVE_COUNT = sizeof(directives) / sizeof(directives[0]) };

/* Exact letters, as NUT has it; only DEBUG_MIN is written in any case. */
static const struct directive *find_directive(const char *word)
{
	for (size_t i = 0; i < DIRECTIVE_COUNT; i++)
		if (str_equal(directives[i].keyword, word) ||
		    (directives[i].set == set_debug_min && str_caseequal("DEBUG_MIN", word)))
			return &directives[i];
	return NULL;
}

static void report_unknown(const struct line *l)
{
	const char *known[DIRECTIVE_COUNT + 1];

	for (size_t i = 0; i < DIRECTIVE_COUNT; i++)
		known[i] = directives[i].keyword;
	known[DIRECTIVE_COUNT] = NULL;
	conf_unknown(l->report, l->at, l->keyword, known);
}

/* A port for TLS only needs something to do TLS with. */
static void check_tls(const struct upsd_conf *c, const char *path, struct conf_report *r)
{
	for (size_t i = 0; i < c->listen_count && !c->tls.wanted; i++) {
		const struct conf_where at = {.file = path, .line = c->listens[i].line};

		if (c->listens[i].security != UPSD_CONF_OFFERED)
			conf_error(r, &at, "name upsd's certificate with CERTFILE",
				   "this port demands TLS, which is not set up");
	}
}

static void take_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *r)
{
	const struct line l = {.conf = arg,
			       .at = at,
			       .keyword = words[0],
			       .args = words + 1,
			       .count = count - 1,
			       .report = r};
	const struct directive *d = find_directive(l.keyword);

	if (!d) {
		report_unknown(&l);
		return;
	}
	if (!l.count) {
		conf_error(r, at, NULL, "%s has no value", l.keyword);
		return;
	}
	if (str_equal(l.args[0], "=")) {
		conf_error(r, at, "leave the = out", "%s and its value are separated by a space",
			   l.keyword);
		return;
	}
	if (l.count > d->max_args)
		conf_warning(r, at, NULL,
			     "%s takes %zu value%s; \"%s\" and what follows is ignored", l.keyword,
			     d->max_args, d->max_args == 1 ? "" : "s", l.args[d->max_args]);
	d->set(&l);
}

/* The environment wins over the file. NUT looks at the first letters only. */
static void apply_environment(const char *name, bool *out)
{
	static const char *const yes[] = {"TRUE", "YES", "ON", "1"};
	static const char *const no[] = {"FALSE", "NO", "OFF", "0"};
	const char *value = getenv(name);

	for (size_t i = 0; value && i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (str_casestarts(value, yes[i]))
			*out = true;
		if (str_casestarts(value, no[i]))
			*out = false;
	}
}

struct upsd_conf *upsd_conf_new(void)
{
	struct upsd_conf *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->maxage_s = DEFAULT_MAXAGE_S;
	c->tracking_delay_s = DEFAULT_TRACKING_DELAY_S;
	c->debug_min = -1;
	c->sandbox = true;
	return c;
}

bool upsd_conf_read_server(struct upsd_conf *c, const char *path, struct conf_report *r)
{
	int err = conffile_read_lines(path, take_line, c, r);

	if (err) {
		const struct conf_where whole = {.file = path};

		conf_error(r, &whole,
			   err == ETIMEDOUT
				   ? NULL
				   : "create it (it may be empty) and let upsd's group read it",
			   "cannot be read: %s", conffile_why(err));
		return false;
	}
	check_tls(c, path, r);
	apply_environment("ALLOW_NO_DEVICE", &c->allow_no_device);
	apply_environment("ALLOW_NOT_ALL_LISTENERS", &c->allow_not_all_listeners);
	conf_warn_if_world_readable(r, path);
	return true;
}

void upsd_conf_free(struct upsd_conf *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->listen_count; i++)
		free(c->listens[i].host);
	free(c->listens);
	upsd_conf_free_devices(c);
	free(c->statepath);
	free(c->driverpath);
	free(c->datapath);
	free(c->tls.cert_file);
	free(c->tls.cert_path);
	free(c->tls.ident_name);
	secret_free(&c->tls.ident_password);
	free(c);
}
