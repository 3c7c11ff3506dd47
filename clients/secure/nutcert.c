/*
 * nutcert: makes and shows the certificates of a NUT network.
 */
#include "config.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/secure/certfile.h"
#include "clients/secure/certmake.h"
#include "clients/secure/certshow.h"
#include "clients/secure/cmdline.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"

static const char usage[] =
	"usage: nutcert ca [options]                 an authority: ca.pem and ca.key\n"
	"       nutcert server [options] HOST...     a certificate for upsd, by the authority\n"
	"       nutcert client [options] USER        a certificate for a user, by the authority\n"
	"       nutcert self [options] HOST...       a certificate for upsd, without authority\n"
	"       nutcert renew [options] FILE         the same certificate and key, from today\n"
	"       nutcert show [--json] FILE           what is in a file\n"
	"       nutcert fingerprint FILE             what nut-trust takes as --sha256\n"
	"       nutcert join OUT FILE...             one file of certificate, chain and key\n";

enum { OPT_RSA = 256, OPT_DAYS, OPT_CA, OPT_ORGANIZATION, OPT_JSON, OPT_CERTIFICATE };

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 16384, NAME_MAX_BYTES = 64, OPERANDS_MAX = 64 };

static const struct option_row rows[] = {
	{'d', "directory", "DIR", "where files are made (the configuration folder)"},
	{'o', "output", "FILE", "the name of the file with the key"},
	{'n', "name", "NAME", "common name of the authority"},
	{OPT_ORGANIZATION, "organization", "NAME", "organization in the subject"},
	{OPT_CA, "ca", "FILE", "the authority's certificate (ca.pem), its key beside it"},
	{OPT_RSA, "rsa", "BITS", "an RSA key, 2048 bits or more, not one of P-256"},
	{OPT_DAYS, "days", "N", "how long it is valid; 0 = for ever"},
	{OPT_JSON, "json", NULL, "show: print JSON"},
	{OPT_CERTIFICATE, "certificate", NULL, "fingerprint: of the whole certificate"},
	{'V', "version", NULL, "show the version"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

struct request {
	const char *directory, *output, *name, *organization, *ca;
	unsigned rsa_bits;
	long days; /* -1 = what is usual */
	bool json, whole_certificate;
	const char *operands[OPERANDS_MAX];
	size_t count;
};

static const char *directory_of(const struct request *r)
{
	return r->directory ? r->directory : paths_conf();
}

static bool path_in(char *dst, size_t size, const char *directory, const char *stem,
		    const char *ending)
{
	size_t before = strlen(directory) + 1;

	if (!str_format(dst, size, "%s/%s%s", directory, stem, ending))
		return certfile_complain("%s/%s%s: the name is too long", directory, stem, ending);
	/* Of *.example.com and ::1 */
	for (char *p = dst + before; *p; p++)
		if (strchr("*:/", *p))
			*p = '_';
	return true;
}

/* The authority that --ca names, or ca.pem of the folder. */
static bool load_issuer(const struct request *r, const char *directory, struct certfile *issuer)
{
	char path[4096];

	if (!r->ca && !path_in(path, sizeof(path), directory, "ca", ".pem"))
		return false;
	if (!certfile_read_identity(r->ca ? r->ca : path, issuer))
		return certfile_complain("an authority is needed: make one with \"nutcert ca\", "
					 "or name it with --ca");
	if (X509_check_ca(sk_X509_value(issuer->certs, 0)) != 1)
		return certfile_complain("%s is not the certificate of an authority",
					 r->ca ? r->ca : path);
	return true;
}

static struct certmake_issuer issuer_of(const struct certfile *f)
{
	return (struct certmake_issuer){sk_X509_value(f->certs, 0), f->key};
}

/* Behind the certificate go those between it and the root, which clients have. */
static bool add_chain(struct certfile *made, const struct certfile *issuer)
{
	for (int i = 0; i < sk_X509_num(issuer->certs); i++) {
		X509 *cert = sk_X509_value(issuer->certs, i);

		if (X509_self_signed(cert, 0) == 1)
			continue;
		if (!X509_up_ref(cert) || !sk_X509_push(made->certs, cert))
			return certfile_complain("out of memory");
	}
	return true;
}

/* A key and its certificate. */
static bool make(const struct request *r, struct certmake_order *order, struct certfile *made)
{
	X509 *cert;

	if (r->days >= 0)
		order->days = r->days;
	order->organization = r->organization;
	made->certs = sk_X509_new_null();
	made->key = certmake_key(r->rsa_bits);
	if (!made->certs || !made->key)
		return false;
	cert = certmake(order, made->key);
	if (!cert || !sk_X509_push(made->certs, cert)) {
		X509_free(cert);
		return false;
	}
	return true;
}

static void print_pin(const struct certfile *made)
{
	char pin[CERTSHOW_PIN_SIZE];

	if (certshow_pin(sk_X509_value(made->certs, 0), CERTSHOW_KEY, pin))
		printf("key %s\n", pin);
}

/* ---- the commands; each returns the program's exit status ---- */

static int done(bool ok)
{
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Two files or none. */
static bool write_pair(const char *secret, const struct certfile *with_key,
		       enum certfile_access access, const char *public,
		       const struct certfile *without_key)
{
	if (!certfile_write(secret, with_key, access))
		return false;
	if (!certfile_write(public, without_key, CERTFILE_PUBLIC)) {
		unlink(secret);
		return false;
	}
	printf("%s\n%s\n", secret, public);
	return true;
}

static int make_ca(const struct request *r)
{
	struct certmake_order order = {.kind = CERTMAKE_CA, .days = CERTMAKE_CA_DAYS};
	struct certfile made = {0};
	char cert_path[4096], key_path[4096], host[256] = "", name[NAME_MAX_BYTES + 1];
	bool ok;

	gethostname(host, sizeof(host) - 1);
	/* Cut where the host's name is a long one. */
	str_format(name, sizeof(name), "NUT authority of %s", host);
	order.common_name = r->name ? r->name : name;
	ok = path_in(cert_path, sizeof(cert_path), directory_of(r), "ca", ".pem") &&
	     path_in(key_path, sizeof(key_path), directory_of(r), "ca", ".key") &&
	     make(r, &order, &made);
	if (ok) {
		struct certfile cert = {.certs = made.certs}, key = {.key = made.key};

		ok = write_pair(key_path, &key, CERTFILE_SECRET, cert_path, &cert);
	}
	certfile_free(&made);
	return done(ok);
}

static bool check_hosts(const struct request *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (!certmake_is_host(r->operands[i]))
			return certfile_complain("\"%s\" is neither a host name nor an address",
						 r->operands[i]);
	return true;
}

static struct certmake_order order_of_hosts(const struct request *r)
{
	return (struct certmake_order){.kind = CERTMAKE_SERVER,
				       .common_name = r->operands[0],
				       .hosts = r->operands,
				       .host_count = r->count,
				       .days = CERTMAKE_LEAF_DAYS};
}

/* For upsd or for a user, by the authority. */
static bool make_vouched(const struct request *r, struct certmake_order *order, const char *path)
{
	struct certfile issuer = {0}, made = {0};
	struct certmake_issuer by;
	bool ok = load_issuer(r, directory_of(r), &issuer);

	if (ok) {
		by = issuer_of(&issuer);
		order->issuer = &by;
		ok = make(r, order, &made) && add_chain(&made, &issuer) &&
		     certfile_write(path, &made, CERTFILE_DAEMON);
		order->issuer = NULL;
	}
	if (ok) {
		printf("%s\n", path);
		print_pin(&made);
	}
	certfile_free(&made);
	certfile_free(&issuer);
	return ok;
}

/* The file with the key: -o, or a name made of the operand. */
static bool output_path(const struct request *r, char *dst, size_t size, const char *ending)
{
	if (!r->output)
		return path_in(dst, size, directory_of(r), r->operands[0], ending);
	if (!str_copy(dst, size, r->output))
		return certfile_complain("%s: the name is too long", r->output);
	return true;
}

static int make_server(const struct request *r)
{
	struct certmake_order order = order_of_hosts(r);
	char path[4096];

	return done(check_hosts(r) && output_path(r, path, sizeof(path), ".cert.pem") &&
		    make_vouched(r, &order, path));
}

static bool check_user(const char *user)
{
	if (*user && *user != '.' && strlen(user) <= NAME_MAX_BYTES && !strpbrk(user, "/\n\r\t"))
		return true;
	return certfile_complain("\"%s\" cannot be the name of a user", user);
}

static int make_client(const struct request *r)
{
	struct certmake_order order = {
		.kind = CERTMAKE_CLIENT, .common_name = r->operands[0], .days = CERTMAKE_LEAF_DAYS};
	char path[4096];

	return done(check_user(r->operands[0]) &&
		    output_path(r, path, sizeof(path), ".client.pem") &&
		    make_vouched(r, &order, path));
}

/* The same files that mkNUTcert makes: key with certificate, and the certificate for clients. */
static int make_self(const struct request *r)
{
	struct certmake_order order = order_of_hosts(r);
	struct certfile made = {0};
	char path[4096], public[4096];
	bool ok = check_hosts(r) && output_path(r, path, sizeof(path), ".cert.pem") &&
		  path_in(public, sizeof(public), directory_of(r), r->operands[0],
			  "-client.cert.pem") &&
		  make(r, &order, &made);

	if (ok) {
		struct certfile cert = {.certs = made.certs};

		ok = write_pair(path, &made, CERTFILE_DAEMON, public, &cert);
	}
	if (ok)
		print_pin(&made);
	certfile_free(&made);
	return done(ok);
}

/* The folder of a file, where its authority is expected. */
static bool folder_of(char *dst, size_t size, const char *path)
{
	const char *slash = strrchr(path, '/');

	return str_format(dst, size, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".") ||
	       certfile_complain("%s: the name is too long", path);
}

static X509 *renewed(const struct request *r, const struct certfile *old, struct certfile *issuer)
{
	X509 *cert = sk_X509_value(old->certs, 0);
	char folder[4096];
	struct certmake_issuer by;

	if (X509_self_signed(cert, 0) == 1)
		return certmake_renewed(cert, old->key, r->days, NULL);
	if (!folder_of(folder, sizeof(folder), r->operands[0]) ||
	    !load_issuer(r, r->directory ? r->directory : folder, issuer))
		return NULL;
	by = issuer_of(issuer);
	if (X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(by.cert)) != 0) {
		certfile_complain("%s was made by another authority; name that with --ca",
				  r->operands[0]);
		return NULL;
	}
	return certmake_renewed(cert, old->key, r->days, &by);
}

static bool swap_first(struct certfile *f, X509 *cert)
{
	X509_free(sk_X509_shift(f->certs));
	if (sk_X509_unshift(f->certs, cert) > 0)
		return true;
	X509_free(cert);
	return certfile_complain("out of memory");
}

/* What "self" made for clients goes with the certificate that it was made of. */
static bool renew_public(const char *path, X509 *cert, const X509 *old)
{
	static const char ending[] = ".cert.pem";
	size_t len = strlen(path);
	struct certfile f = {0};
	char public[4096];
	bool ok;

	if (len < sizeof(ending) || !str_equal(path + len - (sizeof(ending) - 1), ending) ||
	    !str_format(public, sizeof(public), "%.*s-client%s", (int)(len - sizeof(ending) + 1),
			path, ending) ||
	    access(public, F_OK) != 0)
		return true;
	f.certs = sk_X509_new_null();
	ok = f.certs && X509_up_ref(cert) && sk_X509_push(f.certs, cert) > 0 &&
	     certfile_replace(public, &f, old);
	certfile_free(&f);
	return ok;
}

/* Only what was in the file goes back into it: an authority's key stays beside it. */
static int renew(const struct request *r)
{
	const char *path = r->operands[0];
	struct certfile f = {0}, in_file = {0}, issuer = {0};
	X509 *cert = NULL;
	bool ok = certfile_read_identity(path, &f) && certfile_read(path, &in_file);

	if (ok)
		cert = renewed(r, &f, &issuer);
	ok = cert && swap_first(&in_file, cert) &&
	     certfile_replace(path, &in_file, sk_X509_value(f.certs, 0)) &&
	     (issuer.certs || renew_public(path, cert, sk_X509_value(f.certs, 0)));
	if (ok)
		print_pin(&in_file);
	certfile_free(&f);
	certfile_free(&in_file);
	certfile_free(&issuer);
	return done(ok);
}

static int show(const struct request *r)
{
	struct certfile f = {0};
	bool ok = certfile_read(r->operands[0], &f);

	if (ok && r->json)
		certshow_print_json(&f, stdout);
	else if (ok)
		certshow_print(&f, stdout);
	certfile_free(&f);
	return done(ok);
}

static int fingerprint(const struct request *r)
{
	struct certfile f = {0};
	char pin[CERTSHOW_PIN_SIZE];
	bool ok = certfile_read(r->operands[0], &f);

	if (ok && sk_X509_num(f.certs) == 0)
		ok = certfile_complain("%s holds no certificate", r->operands[0]);
	ok = ok && certshow_pin(sk_X509_value(f.certs, 0),
				r->whole_certificate ? CERTSHOW_CERTIFICATE : CERTSHOW_KEY, pin);
	if (ok)
		printf("%s\n", pin);
	certfile_free(&f);
	return done(ok);
}

static bool key_has_certificate(const struct certfile *f)
{
	X509 *first = sk_X509_value(f->certs, 0);

	if (!f->key || (first && X509_check_private_key(first, f->key) == 1))
		return true;
	return certfile_complain("none of the certificates is that of the key");
}

static int join(const struct request *r)
{
	struct certfile f = {0};
	bool ok = true;

	for (size_t i = 1; ok && i < r->count; i++)
		ok = certfile_read(r->operands[i], &f);
	if (ok) {
		certfile_sort(&f);
		ok = key_has_certificate(&f) &&
		     certfile_write(r->operands[0], &f, f.key ? CERTFILE_DAEMON : CERTFILE_PUBLIC);
	}
	if (ok)
		printf("%s\n", r->operands[0]);
	certfile_free(&f);
	return done(ok);
}

static const struct command {
	const char *name;
	size_t least, most; /* operands */
	int (*run)(const struct request *r);
} commands[] = {
	{"ca", 0, 0, make_ca},
	{"server", 1, OPERANDS_MAX, make_server},
	{"client", 1, 1, make_client},
	{"self", 1, OPERANDS_MAX, make_self},
	{"renew", 1, 1, renew},
	{"show", 1, 1, show},
	{"fingerprint", 1, 1, fingerprint},
	{"join", 2, OPERANDS_MAX, join},
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* ---- the command line ---- */

static bool take_number(const char *option, const char *text, long min, long max, long *out)
{
	return str_to_long(text, min, max, out) ||
	       certfile_complain("%s wants a number from %ld to %ld, not \"%s\"", option, min, max,
				 text);
}

static bool take_option(struct request *r, int letter, const char *value)
{
	long bits;

	switch (letter) {
	case CMDLINE_OPERAND:
		if (r->count == OPERANDS_MAX)
			return certfile_complain("too many names");
		r->operands[r->count++] = value;
		return true;
	case 'd':
		r->directory = value;
		return true;
	case 'o':
		r->output = value;
		return true;
	case 'n':
		r->name = value;
		return strlen(value) <= NAME_MAX_BYTES ||
		       certfile_complain("-n is longer than %d bytes", NAME_MAX_BYTES);
	case OPT_ORGANIZATION:
		r->organization = value;
		return strlen(value) <= NAME_MAX_BYTES ||
		       certfile_complain("--organization is longer than %d bytes", NAME_MAX_BYTES);
	case OPT_CA:
		r->ca = value;
		return true;
	case OPT_RSA:
		if (!take_number("--rsa", value, RSA_BITS_MIN, RSA_BITS_MAX, &bits))
			return false;
		r->rsa_bits = (unsigned)bits;
		return true;
	case OPT_DAYS:
		return take_number("--days", value, 0, CERTMAKE_DAYS_MAX, &r->days);
	case OPT_JSON:
		r->json = true;
		return true;
	case OPT_CERTIFICATE:
		r->whole_certificate = true;
		return true;
	default:
		return false;
	}
}

static void print_help(FILE *out)
{
	fprintf(out, "%s\n", usage);
	options_print(rows, out);
}

/* The first operand is the command; the others are its own. */
static const struct command *take_command(struct request *r)
{
	const char *names[COMMANDS + 1] = {NULL};
	const char *guess;

	if (r->count == 0) {
		print_help(stderr);
		return NULL;
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		names[i] = commands[i].name;
		if (!str_equal(r->operands[0], commands[i].name))
			continue;
		r->count--;
		memmove(r->operands, r->operands + 1, r->count * sizeof(r->operands[0]));
		if (r->count >= commands[i].least && r->count <= commands[i].most)
			return &commands[i];
		fprintf(stderr, "%s", usage);
		return NULL;
	}
	guess = str_closest(r->operands[0], names);
	certfile_complain("unknown command %s%s%s%s", r->operands[0],
			  guess ? "; did you mean " : "", guess ? guess : "", guess ? "?" : "");
	return NULL;
}

int main(int argc, char **argv)
{
	struct request request = {.days = -1};
	const struct command *command;
	struct cmdline line;
	const char *value;
	int letter;

	log_init("nutcert");
	cmdline_begin(&line, rows, argc, argv);
	while ((letter = cmdline_next(&line, &value)) != OPTION_END) {
		if (letter == 'h' || letter == 'V') {
			log_banner("nutcert", true);
			if (letter == 'h')
				print_help(stdout);
			return EXIT_SUCCESS;
		}
		if (!take_option(&request, letter, value))
			return EXIT_FAILURE;
	}
	command = take_command(&request);
	return command ? command->run(&request) : EXIT_FAILURE;
}
