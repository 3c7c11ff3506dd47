#include "config.h"

#include "clients/upsmon/conf/tls.h"

#include <stdlib.h>

#include "common/base/str.h"

struct line {
	struct tls_demands *demands;
	const struct conf_where *at;
	size_t count;
	char *const *words;
	struct conf_report *report;
};

static void store(const struct line *l, char **dst, const char *text)
{
	if (!str_replace(dst, text))
		conf_error(l->report, l->at, NULL, "out of memory");
}

static void take_path(const struct line *l)
{
	store(l, &l->demands->cert_path, l->words[1]);
}

static void take_file(const struct line *l)
{
	store(l, &l->demands->cert_file, l->words[1]);
}

static void take_ident(const struct line *l)
{
	if (l->count < 3) {
		conf_error(l->report, l->at, "CERTIDENT name password",
			   "CERTIDENT takes a name and a password");
		return;
	}
	store(l, &l->demands->ident_name, l->words[1]);
	secret_free(&l->demands->ident_password);
	store(l, &l->demands->ident_password, l->words[2]);
}

/* Only 1 switches on, as in NUT; whatever else there is means no, though not in silence. */
static bool is_on(const struct line *l, const char *word)
{
	if (!str_equal(word, "0") && !str_equal(word, "1"))
		conf_warning(l->report, l->at, "write 0 or 1", "%s \"%s\" is taken as 0",
			     l->words[0], word);
	return str_equal(word, "1");
}

static void take_verify(const struct line *l)
{
	l->demands->certverify = is_on(l, l->words[1]);
}

static void take_force(const struct line *l)
{
	l->demands->forcessl = is_on(l, l->words[1]);
}

static int host_choice(const struct line *l, size_t i)
{
	if (i >= l->count || str_equal(l->words[i], "-1"))
		return -1;
	return is_on(l, l->words[i]);
}

static void take_host(const struct line *l)
{
	struct tls_demands *d = l->demands;
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
		conf_error(l->report, l->at, NULL, "out of memory");
		return;
	}
	d->hosts[d->host_count++] = host;
}

void tls_demands_take(struct tls_demands *d, const struct conf_where *at, size_t count,
		      char *const *words, struct conf_report *r)
{
	static const struct {
		const char *name;
		void (*take)(const struct line *l);
	} rows[] = {
		{"CERTPATH", take_path},     {"CERTFILE", take_file},  {"CERTIDENT", take_ident},
		{"CERTVERIFY", take_verify}, {"FORCESSL", take_force}, {"CERTHOST", take_host},
	};
	const struct line l = {.demands = d, .at = at, .count = count, .words = words, .report = r};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_equal(rows[i].name, words[0]))
			rows[i].take(&l);
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
