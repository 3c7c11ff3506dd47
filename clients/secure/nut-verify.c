/*
 * nut-verify: looks whether servers, and this machine, are as safe as they
 * should be.
 */
#include "config.h"

#include <stdio.h>

#include "clients/secure/cmdline.h"
#include "clients/secure/findings.h"
#include "clients/secure/verify.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/truststore.h"
#include "common/ups/netwire.h"

static const char usage[] =
	"usage: nut-verify [options] HOST[:PORT]...  servers\n"
	"       nut-verify [options] --files         the configuration of this machine\n"
	"       nut-verify [options]                 that, and the server on this machine\n";

/* A wrong command line; 0 to 3 are enum findings_status. */
enum { EXIT_USAGE = 64 };

enum { OPT_FILES = 256, OPT_SECURE, OPT_JSON, OPT_NAME, OPT_CA, OPT_CERT, OPT_DIRECT };
enum { HOSTS_MAX = 64, LIMIT_S = 10 };

static const struct option_row rows[] = {
	{OPT_FILES, "files", NULL, "look at this machine's files"},
	{OPT_SECURE, "secure", NULL, "nothing may be had without TLS"},
	{OPT_NAME, "name", "NAME", "what the certificate is to be for (the host)"},
	{OPT_CA, "ca", "PATH", "the authorities to believe, as CERTPATH"},
	{OPT_CERT, "cert", "FILE", "a certificate and key to show, as CERTFILE"},
	{OPT_DIRECT, "direct", NULL, "the port speaks TLS from the first byte, without STARTTLS"},
	{'s', "store", "FILE", "this store of known servers, not that of NUT_TRUST_STORE"},
	{'W', "timeout", "SECONDS", "how long to wait in each step (10)"},
	{OPT_JSON, "json", NULL, "print JSON"},
	{'V', "version", NULL, "show the version"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

struct request {
	struct verify_server server; /* all but host and port */
	const char *hosts[HOSTS_MAX];
	size_t count;
	bool files, json;
	char store[4096];
};

static bool take_operand(struct request *r, const char *word)
{
	if (r->count < HOSTS_MAX) {
		r->hosts[r->count++] = word;
		return true;
	}
	fprintf(stderr, "%s: too many servers\n", log_program());
	return false;
}

static bool take_seconds(struct request *r, const char *value)
{
	if (str_to_double(value, &r->server.limit_s) && r->server.limit_s > 0)
		return true;
	fprintf(stderr, "%s: -W wants a number of seconds, not \"%s\"\n", log_program(), value);
	return false;
}

static bool take_option(struct request *r, int letter, const char *value)
{
	switch (letter) {
	case CMDLINE_OPERAND:
		return take_operand(r, value);
	case OPT_FILES:
		r->files = true;
		return true;
	case OPT_SECURE:
		r->server.secure = true;
		return true;
	case OPT_NAME:
		r->server.name = value;
		return true;
	case OPT_CA:
		r->server.ca = value;
		return true;
	case OPT_CERT:
		r->server.cert = value;
		return true;
	case OPT_DIRECT:
		r->server.direct = true;
		return true;
	case OPT_JSON:
		r->json = true;
		return true;
	case 's':
		return str_copy(r->store, sizeof(r->store), value);
	case 'W':
		return take_seconds(r, value);
	default:
		return false;
	}
}

static bool look_at(const struct request *r, const char *word, struct findings *f)
{
	struct verify_server server = r->server;
	char host[256];
	const char *why;

	if (!netwire_parse_host(word, host, sizeof(host), &server.port, &why)) {
		fprintf(stderr, "%s: %s: %s\n", log_program(), word, why);
		return false;
	}
	server.host = host;
	findings_about(f, word);
	verify_server(&server, f);
	return true;
}

static int run(struct request *r)
{
	struct findings f;
	bool everything = r->count == 0 && !r->files;
	bool ok = true;
	int status;

	if (everything)
		r->hosts[r->count++] = "localhost";
	if (*r->store || truststore_path(r->store, sizeof(r->store), false))
		r->server.store = r->store;
	findings_begin(&f, stdout, r->json);
	if (everything || r->files) {
		findings_about(&f, "files");
		verify_files(&f);
	}
	for (size_t i = 0; ok && i < r->count; i++)
		ok = look_at(r, r->hosts[i], &f);
	status = findings_end(&f);
	return ok ? status : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct request request = {.server = {.limit_s = LIMIT_S}};
	struct cmdline line;
	const char *value;
	int letter;

	log_init("nut-verify");
	cmdline_begin(&line, rows, argc, argv);
	while ((letter = cmdline_next(&line, &value)) != OPTION_END) {
		if (letter == 'h' || letter == 'V') {
			log_banner("nut-verify", true);
			if (letter == 'h') {
				printf("%s\n", usage);
				options_print(rows, stdout);
			}
			return FINDINGS_FINE;
		}
		if (!take_option(&request, letter, value))
			return EXIT_USAGE;
	}
	return run(&request);
}
