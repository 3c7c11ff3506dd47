#include "config.h"

#include "clients/upsmon/conf/tls.h"

#include <stdlib.h>

#include "common/base/directives.h"
#include "common/base/str.h"

static void store(const struct directive_line *l, char **dst, const char *text)
{
	if (!str_replace(dst, text))
		directive_no_memory(l);
}

static void take_ident(const struct directive_line *l)
{
	struct tls_demands *d = l->conf;

	if (l->count < 3) {
		conf_error(l->report, l->at, "CERTIDENT name password",
			   "CERTIDENT takes a name and a password");
		return;
	}
	store(l, &d->ident_name, l->words[1]);
	secret_free(&d->ident_password);
	store(l, &d->ident_password, l->words[2]);
}

/* Only 1 switches on, as in NUT; whatever else there is means no, though not in silence. */
static bool is_on(const struct directive_line *l, const char *word)
{
	if (!str_equal(word, "0") && !str_equal(word, "1"))
		conf_warning(l->report, l->at, "write 0 or 1", "%s \"%s\" is taken as 0",
			     l->words[0], word);
	return str_equal(word, "1");
}

static void take_verify(const struct directive_line *l)
{
	struct tls_demands *d = l->conf;

	d->certverify = is_on(l, l->words[1]);
}

static void take_force(const struct directive_line *l)
{
	struct tls_demands *d = l->conf;

	d->forcessl = is_on(l, l->words[1]);
}

static int host_choice(const struct directive_line *l, size_t i)
{
	if (i >= l->count || str_equal(l->words[i], "-1"))
		return -1;
	return is_on(l, l->words[i]);
}

static void take_host(const struct directive_line *l)
{
	struct tls_demands *d = l->conf;
	struct tls_host host = {.certverify = host_choice(l, 3), .forcessl = host_choice(l, 4)};
	struct tls_host *grown;
	const char *why;

	if (l->count < 3) {
		conf_error(l->report, l->at, "CERTHOST host name verify forcessl",
			   "CERTHOST takes a host and the name in its certificate");
		return;
	}
	if (!netwire_parse_host(l->words[1], host.host, sizeof(host.host), &host.port, &why)) {
		conf_error(l->report, l->at, NULL, "CERTHOST %s: %s", l->words[1], why);
		return;
	}
	grown = realloc(d->hosts, (d->host_count + 1) * sizeof(*grown));
	if (grown)
		d->hosts = grown;
	host.name = str_dup(l->words[2]);
	if (!grown || !host.name) {
		free(host.name);
		directive_no_memory(l);
		return;
	}
	d->hosts[d->host_count++] = host;
}

#define MEMBER(kind, member) DIRECTIVE_AT(kind, struct tls_demands, member)

static const struct directive rows[] = {
	{"CERTVERIFY", 1, DIRECTIVE_BY(take_verify)},
	{"FORCESSL", 1, DIRECTIVE_BY(take_force)},
	{"CERTHOST", 4, DIRECTIVE_BY(take_host)},
	{"CERTPATH", 1, MEMBER(DIRECTIVE_TEXT, cert_path)},
	{"CERTFILE", 1, MEMBER(DIRECTIVE_TEXT, cert_file)},
	{"CERTIDENT", 2, DIRECTIVE_BY(take_ident)},
};

struct directives tls_demands_directives(struct tls_demands *d)
{
	return (struct directives){rows, sizeof(rows) / sizeof(rows[0]), d, CONF_WARNING, NULL,
				   false};
}

void tls_demands_check(const struct tls_demands *d, const struct conf_where *file,
		       struct conf_report *r)
{
	if (d->forcessl && !d->certverify)
		conf_warning(r, file, "set CERTVERIFY 1 and CERTPATH",
			     "FORCESSL 1 without CERTVERIFY 1 encrypts, but does not make sure who "
			     "the server is");
}

static const struct tls_host *find_host(const struct tls_demands *d,
					const struct netwire_target *server)
{
	for (size_t i = 0; i < d->host_count; i++)
		if (d->hosts[i].port == server->port &&
		    str_caseequal(d->hosts[i].host, server->host))
			return &d->hosts[i];
	return NULL;
}

static const char *authorities_for(const struct tls_demands *d, const struct netwire_target *server)
{
	const struct tls_host *host = find_host(d, server);

	return host && host->cert_path ? host->cert_path : d->cert_path;
}

bool tls_demands_alike(const struct tls_demands *d, const struct netwire_target *a,
		       const struct netwire_target *b)
{
	return str_equal(authorities_for(d, a), authorities_for(d, b));
}

struct tlspolicy *tls_demands_policy(const struct tls_demands *d,
				     const struct netwire_target *server,
				     const struct tlspolicy *like, char *why, size_t size)
{
	const struct tls_host *host = find_host(d, server);
	const struct tlspolicy_source source = {
		.certverify = host && host->certverify >= 0 ? host->certverify : d->certverify,
		.forcessl = host && host->forcessl >= 0 ? host->forcessl : d->forcessl,
		.cert_name = host ? host->name : NULL,
		.cert_path = authorities_for(d, server),
		.cert_file = d->cert_file,
		.ident_name = d->ident_name,
		.ident_password = d->ident_password,
		.daemon = true,
		.open = d->open,
		.open_arg = d->open_arg,
		.no_store = d->no_store,
		.like = like,
	};

	return tlspolicy_new(&source, server->host, server->port, why, size);
}

void tls_demands_free(struct tls_demands *d)
{
	for (size_t i = 0; i < d->host_count; i++) {
		free(d->hosts[i].name);
		free(d->hosts[i].cert_path);
	}
	free(d->hosts);
	free(d->cert_path);
	free(d->cert_file);
	free(d->ident_name);
	secret_free(&d->ident_password);
	*d = (struct tls_demands){0};
}
