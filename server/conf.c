/*
 * upsd.conf.
 * Unknown ones only warn: a configuration of another version must not keep
 * upsd from starting.
 */
#include "config.h"

#include "server/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/directives.h"
#include "common/base/str.h"

static bool parse_security(const struct directive_line *l, enum upsd_conf_security *out)
{
	*out = UPSD_CONF_OFFERED;
	if (l->count < 4)
		return true;
	if (str_equal(l->words[3], "tls-required"))
		*out = UPSD_CONF_REQUIRED;
	else if (str_equal(l->words[3], "tls"))
		*out = UPSD_CONF_AT_ONCE;
	else
		conf_error(l->report, l->at, "write tls, tls-required, or nothing",
			   "LISTEN does not know \"%s\"", l->words[3]);
	return *out != UPSD_CONF_OFFERED;
}

static void add_listen(const struct directive_line *l)
{
	struct upsd_conf *c = l->conf;
	struct upsd_conf_listen *grown;
	const char *host = l->words[1];
	enum upsd_conf_security security;
	long port;

	if (!str_to_long(NUT_PORT, 1, 65535, &port))
		port = 3493;
	if (l->count > 2 &&
	    !conf_parse_long(l->report, l->at, "the port of LISTEN", l->words[2], 1, 65535, &port))
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

static void ignore_access(const struct directive_line *l)
{
	conf_warning(l->report, l->at, "limit access by LISTEN and a firewall",
		     "%s is no longer supported and is ignored", l->words[0]);
}

static void set_certfile(const struct directive_line *l)
{
	struct upsd_conf *c = l->conf;

	/* NSS keeps certificates in a database: as in NUT, the file is not for it. */
	if (str_equal(tls_backend_name(), "NSS")) {
		conf_warning(l->report, l->at, "name the database with CERTPATH",
			     "CERTFILE is for builds with OpenSSL; it is ignored");
		return;
	}
	directive_path(l, l->words[1], &c->tls.cert_file);
	c->tls.wanted = true;
}

static void set_certpath(const struct directive_line *l)
{
	struct upsd_conf *c = l->conf;

	directive_path(l, l->words[1], &c->tls.cert_path);
	/* With OpenSSL it only says whose clients are good. */
	if (str_equal(tls_backend_name(), "NSS"))
		c->tls.wanted = true;
}

static void set_certident(const struct directive_line *l)
{
	struct upsd_conf_tls *t = &((struct upsd_conf *)l->conf)->tls;

	if (l->count < 3) {
		conf_error(l->report, l->at, "CERTIDENT name password",
			   "CERTIDENT takes a name and a password");
		return;
	}
	str_replace(&t->ident_name, l->words[1]);
	secret_free(&t->ident_password);
	t->ident_password = str_dup(l->words[2]);
}

static void set_certrequest(const struct directive_line *l)
{
	struct upsd_conf *c = l->conf;
	static const char *const words[][2] = {
		[TLS_REQUEST_NO] = {"0", "NO"},
		[TLS_REQUEST_ASK] = {"1", "REQUEST"},
		[TLS_REQUEST_REQUIRE] = {"2", "REQUIRE"},
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_equal(l->words[1], words[i][0]) &&
		    !str_caseequal(l->words[1], words[i][1]))
			continue;
		c->tls.request = (enum tls_request)i;
		return;
	}
	conf_error(l->report, l->at, "write NO, REQUEST or REQUIRE",
		   "CERTREQUEST does not know \"%s\"", l->words[1]);
}

static void set_disable_weak(const struct directive_line *l)
{
	bool disable;

	if (conf_parse_bool(l->report, l->at, l->words[0], l->words[1], &disable) && !disable)
		conf_warning(l->report, l->at, "take the line away",
			     "weak TLS stays off: 1.2 is the least that upsd speaks");
}

#define MEMBER(kind, member) DIRECTIVE_AT(kind, struct upsd_conf, member)
#define NUMBER(member, min, max, normal)                                                           \
	DIRECTIVE_FROM(DIRECTIVE_NUMBER, struct upsd_conf, member, min, max, normal)

static const struct directive rows[] = {
	{"MAXAGE", 1, NUMBER(maxage_s, 1, 86400, 15)},
	{"TRACKINGDELAY", 1, NUMBER(tracking_delay_s, 1, 31536000, 3600)},
	{"MAXCONN", 1, NUMBER(max_connections, 1, 1000000, 0)},
	{DIRECTIVE_DEBUG_MIN(struct upsd_conf, debug_min)},
	{"ALLOW_NO_DEVICE", 1, MEMBER(DIRECTIVE_SWITCH, allow_no_device)},
	{"ALLOW_NOT_ALL_LISTENERS", 1, MEMBER(DIRECTIVE_SWITCH, allow_not_all_listeners)},
	{"SANDBOX", 1, MEMBER(DIRECTIVE_BOOL, sandbox)},
	{"READ_NEEDS_LOGIN", 1, MEMBER(DIRECTIVE_SWITCH, read_needs_login)},
	{"STATEPATH", 1, MEMBER(DIRECTIVE_PATH, statepath)},
	{"DATAPATH", 1, MEMBER(DIRECTIVE_PATH, datapath)},
	{"LISTEN", 3, DIRECTIVE_BY(add_listen)},
	{"ACL", 0, DIRECTIVE_BY(ignore_access)},
	{"ACCEPT", 0, DIRECTIVE_BY(ignore_access)},
	{"REJECT", 0, DIRECTIVE_BY(ignore_access)},
	{"CERTFILE", 1, DIRECTIVE_BY(set_certfile)},
	{"CERTPATH", 1, DIRECTIVE_BY(set_certpath)},
	{"CERTIDENT", 2, DIRECTIVE_BY(set_certident)},
	{"CERTREQUEST", 1, DIRECTIVE_BY(set_certrequest)},
	{"DISABLE_WEAK_SSL", 1, DIRECTIVE_BY(set_disable_weak)},
};

static struct directives table_of(struct upsd_conf *c)
{
	return (struct directives){rows, sizeof(rows) / sizeof(rows[0]), c, CONF_WARNING, NULL,
				   false};
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
	struct directives table;

	if (!c)
		return NULL;
	table = table_of(c);
	directives_defaults(&table);
	c->sandbox = true;
	return c;
}

bool upsd_conf_read_server(struct upsd_conf *c, const char *path, struct conf_report *r)
{
	struct directives table = table_of(c);
	int err = conffile_read_lines(path, directives_line, &table, r);

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
