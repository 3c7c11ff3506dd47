/*
 * nut-trust: the servers that this user or machine knows.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clients/cli/output.h"
#include "clients/secure/cmdline.h"
#include "clients/secure/probe.h"
#include "clients/secure/visible.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/truststore.h"
#include "common/ups/netwire.h"

static const char usage[] =
	"usage: nut-trust list [--json]                       the servers that are trusted\n"
	"       nut-trust show HOST[:PORT]                    what a server shows of itself\n"
	"       nut-trust add HOST[:PORT] [--sha256 PIN]      trust it from now on\n"
	"       nut-trust replace HOST[:PORT] [--sha256 PIN]  trust its new key, not the old one\n"
	"       nut-trust remove HOST[:PORT]                  trust it no more\n"
	"       nut-trust export [HOST[:PORT]...]             lines for the store of somebody "
	"else\n";

enum status {
	DONE = 0,
	WRONG = 1,       /* the command line, or the store */
	REFUSED = 2,     /* not the key that was given or is stored, expired, weak */
	UNREACHABLE = 3, /* no connection, or no TLS on it */
	UNKNOWN = 4,     /* nobody said that it is to be trusted */
};

enum { OPT_SHA256 = 256, OPT_JSON, OPT_SYSTEM, OPT_OFFLINE, OPT_DIRECT };
enum { OPERANDS_MAX = 256, WEAKEST_RSA_BITS = 2048, CONNECT_S = 10, PIN_SIZE = 80 };

static const struct option_row rows[] = {
	{OPT_SHA256, "sha256", "PIN", "the key that it must have (nutcert fingerprint)"},
	{'s', "store", "FILE", "this store, not that of NUT_TRUST_STORE or ~/.config/nut"},
	{OPT_SYSTEM, "system", NULL, "the store of the daemons of this machine"},
	{OPT_OFFLINE, "offline", NULL, "with --sha256: do not ask the server"},
	{OPT_DIRECT, "direct", NULL, "the port speaks TLS from the first byte, without STARTTLS"},
	{'W', "connect-timeout", "SECONDS", "give up after that time (10)"},
	{OPT_JSON, "json", NULL, "list: print JSON"},
	{'V', "version", NULL, "show the version"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

struct request {
	const char *command;
	const char *operands[OPERANDS_MAX];
	size_t count;
	const char *store_option;
	char store[4096];
	bool system, json, offline, direct;
	bool pinned;
	unsigned char pin[TLS_SHA256_BYTES];
	double limit_s;
};

static enum status complain(enum status status, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static enum status complain(enum status status, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s: ", log_program());
	visible_print(stderr, text);
	putc('\n', stderr);
	return status;
}

/* ---- the store ---- */

static bool take_host(const char *text, struct trust_entry *e)
{
	const char *why;

	if (!netwire_parse_host(text, e->host, sizeof(e->host), &e->port, &why)) {
		complain(WRONG, "%s: %s", text, why);
		return false;
	}
	for (char *p = e->host; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 'a' - 'A');
	return true;
}

static void print_problem(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg;
	(void)severity;
	complain(WRONG, "%s", text);
}

static bool read_store(const struct request *r, struct truststore *t)
{
	struct conf_report report = {.emit = print_problem};
	int err = truststore_read(r->store, t, &report);

	if (!err && report.errors == 0)
		return true;
	if (err)
		complain(WRONG, "%s: %s", r->store, strerror(err));
	truststore_free(t);
	return false;
}

static enum status store_failed(const struct request *r, const struct trust_entry *e, int err)
{
	if (err == ENOENT)
		return complain(WRONG, "%s:%u is not in %s", e->host, e->port, r->store);
	if (err == EBADMSG)
		return complain(WRONG, "%s has bad lines, which a change would lose", r->store);
	return complain(WRONG, "%s: %s", r->store, strerror(err));
}

static void print_time(char *dst, size_t size, time_t t)
{
	struct tm tm;

	if (!t || !gmtime_r(&t, &tm) || strftime(dst, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		str_copy(dst, size, "unknown");
}

static void print_entry(const struct trust_entry *e)
{
	char pin[PIN_SIZE], until[32];
	bool expired = e->not_after && e->not_after < time(NULL);

	truststore_print_pin(pin, sizeof(pin), e->key_sha256);
	print_time(until, sizeof(until), e->not_after);
	printf("%s:%u %s %s %s%s ", e->host, e->port, pin, expired ? "expired" : "until", until,
	       e->flags & TRUST_NAME ? ", under another name" : "");
	visible_print(stdout, e->subject);
	putchar('\n');
}

static void print_json_entry(const struct trust_entry *e)
{
	char pin[PIN_SIZE], first[32], last[32], until[32];

	truststore_print_pin(pin, sizeof(pin), e->key_sha256);
	print_time(first, sizeof(first), e->first_seen);
	print_time(last, sizeof(last), e->last_seen);
	print_time(until, sizeof(until), e->not_after);
	fputs("{\"host\": ", stdout);
	output_json_string(stdout, e->host);
	printf(", \"port\": \"%u\", \"sha256\": \"%s\", \"other_name\": \"%s\", "
	       "\"first_seen\": \"%s\", \"last_seen\": \"%s\", \"not_after\": \"%s\", "
	       "\"subject\": ",
	       e->port, pin, e->flags & TRUST_NAME ? "yes" : "no", first, last, until);
	output_json_string(stdout, e->subject);
	putchar('}');
}

static enum status list(const struct request *r)
{
	struct truststore t;

	if (!read_store(r, &t))
		return WRONG;
	if (r->json)
		putchar('[');
	for (size_t i = 0; i < t.count; i++) {
		if (!r->json) {
			print_entry(&t.entries[i]);
			continue;
		}
		if (i > 0)
			fputs(", ", stdout);
		print_json_entry(&t.entries[i]);
	}
	if (r->json)
		puts("]");
	truststore_free(&t);
	return DONE;
}

static enum status export_entries(const struct request *r)
{
	struct truststore t;
	struct buffer b = {0};
	enum status status = DONE;

	if (!read_store(r, &t))
		return WRONG;
	for (size_t i = 0; i < t.count && r->count == 0; i++)
		truststore_append(&b, &t.entries[i]);
	for (size_t i = 0; i < r->count && status == DONE; i++) {
		const struct trust_entry *found;
		struct trust_entry e;

		if (!take_host(r->operands[i], &e)) {
			status = WRONG;
			continue;
		}
		found = truststore_find(&t, e.host, e.port);
		if (found)
			truststore_append(&b, found);
		else
			status = store_failed(r, &e, ENOENT);
	}
	if (status == DONE)
		fputs(buffer_string(&b), stdout);
	buffer_free(&b);
	truststore_free(&t);
	return status;
}

static enum status remove_entry(const struct request *r)
{
	struct trust_entry e = {0};
	int err;

	if (!take_host(r->operands[0], &e))
		return WRONG;
	err = truststore_remove(r->store, e.host, e.port);
	return err ? store_failed(r, &e, err) : DONE;
}

/* ---- a server ---- */

struct meeting {
	struct tls_peer peer;
	char protocol[32], cipher[64];
	bool name_ok;
};

/* Fills the meeting with what the server shows; nothing is judged. */
static enum status meet(const struct request *r, const struct trust_entry *e, struct meeting *m)
{
	struct tls_settings settings = {.role = TLS_CLIENT};
	enum status status = UNREACHABLE;
	enum probe_offer offer = PROBE_OFFERED;
	struct probe probe;
	struct tls_context *context;
	char why[256];

	context = tls_context_new(&settings, why, sizeof(why));
	if (!context)
		return complain(WRONG, "%s", why);
	if (probe_connect(&probe, e->host, e->port, r->limit_s) && !r->direct)
		offer = probe_ask_tls(&probe);
	if (!probe.connected || offer == PROBE_BROKEN) {
		complain(status, "%s:%u: %s", e->host, e->port, probe.error);
	} else if (offer == PROBE_NOT_OFFERED) {
		complain(status, "%s:%u has no TLS: it answers %s", e->host, e->port, probe.error);
	} else if (!probe_handshake(&probe, context, e->host)) {
		complain(status, "%s:%u: TLS failed: %s", e->host, e->port, probe.error);
	} else {
		tls_session_peer(probe_session(&probe), &m->peer);
		str_copy(m->protocol, sizeof(m->protocol),
			 tls_session_protocol(probe_session(&probe)));
		str_copy(m->cipher, sizeof(m->cipher), tls_session_cipher(probe_session(&probe)));
		m->name_ok = tls_session_peer_is(probe_session(&probe), e->host);
		status = m->peer.present
				 ? DONE
				 : complain(status, "%s:%u shows no certificate", e->host, e->port);
	}
	probe_close(&probe);
	tls_context_unref(context);
	return status;
}

static void print_field(FILE *out, const char *label, const char *text)
{
	fprintf(out, "%-12s ", label);
	visible_print(out, text);
	putc('\n', out);
}

static void print_meeting(FILE *out, const struct trust_entry *e, const struct meeting *m)
{
	const struct tls_peer *peer = &m->peer;
	char text[PIN_SIZE], dates[80];

	fprintf(out, "%-12s %s:%u, %s, %s\n", "server", e->host, e->port, m->protocol, m->cipher);
	print_field(out, "subject", peer->subject);
	print_field(out, "issuer", peer->issuer);
	print_field(out, "names", peer->names);
	print_time(text, sizeof(text), peer->not_before);
	str_format(dates, sizeof(dates), "from %s", text);
	print_time(text, sizeof(text), peer->not_after);
	fprintf(out, "%-12s %s until %s%s\n", "valid", dates, text,
		peer->dates_ok ? "" : ": NOT TODAY");
	fprintf(out, "%-12s %s, %u bits\n", "key", peer->key_is_rsa ? "RSA" : "EC", peer->key_bits);
	truststore_print_pin(text, sizeof(text), peer->certificate_sha256);
	print_field(out, "certificate", text);
	truststore_print_pin(text, sizeof(text), peer->key_sha256);
	print_field(out, "key pin", text);
	if (!m->name_ok)
		fprintf(out, "%-12s the certificate is not for %s\n", "WARNING", e->host);
}

static enum status show(const struct request *r)
{
	struct trust_entry e = {0};
	struct meeting m = {0};
	struct truststore t;
	const struct trust_entry *known;
	enum status status;

	if (!take_host(r->operands[0], &e) || !read_store(r, &t))
		return WRONG;
	status = meet(r, &e, &m);
	if (status == DONE) {
		known = truststore_find(&t, e.host, e.port);
		print_meeting(stdout, &e, &m);
		if (!known)
			status = UNKNOWN;
		else if (memcmp(known->key_sha256, m.peer.key_sha256, TLS_SHA256_BYTES) != 0)
			status = REFUSED;
		print_field(stdout, "stored",
			    status == DONE      ? "yes, this key"
			    : status == UNKNOWN ? "no"
						: "ANOTHER KEY");
	}
	truststore_free(&t);
	return status;
}

/* ---- adding and replacing ---- */

/* What no answer and no fingerprint makes good. */
static enum status refuse_bad(const struct trust_entry *e, const struct meeting *m)
{
	if (!m->peer.dates_ok)
		return complain(REFUSED,
				"%s:%u: its certificate is not valid today; is the date "
				"of this machine right?",
				e->host, e->port);
	if (m->peer.key_is_rsa && m->peer.key_bits < WEAKEST_RSA_BITS)
		return complain(REFUSED, "%s:%u: its key of %u bits is too weak", e->host, e->port,
				m->peer.key_bits);
	if (!m->peer.chain_ok && !m->peer.unknown_issuer)
		return complain(REFUSED, "%s:%u: its certificate is not good: %s", e->host, e->port,
				m->peer.problem);
	return DONE;
}

static bool ask_line(const char *question, char *line, size_t size)
{
	fprintf(stderr, "%s ", question);
	fflush(stderr);
	if (!fgets(line, (int)size, stdin))
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	return true;
}

/* Yes is "y", "yes", or the fingerprint itself, which is the safest answer. */
static bool agrees(const char *question, const struct meeting *m)
{
	unsigned char typed[TLS_SHA256_BYTES];
	char line[256];

	if (!ask_line(question, line, sizeof(line)))
		return false;
	if (truststore_parse_pin(line, typed))
		return memcmp(typed, m->peer.key_sha256, sizeof(typed)) == 0;
	return str_caseequal(line, "y") || str_caseequal(line, "yes");
}

static enum status ask_user(const struct request *r, const struct trust_entry *e,
			    const struct meeting *m)
{
	char pin[PIN_SIZE];

	print_meeting(stderr, e, m);
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		truststore_print_pin(pin, sizeof(pin), m->peer.key_sha256);
		return complain(UNKNOWN,
				"there is no terminal to ask on. To trust it: nut-trust %s "
				"%s:%u --sha256 %s",
				r->command, e->host, e->port, pin);
	}
	if (!agrees("Trust this server from now on? (yes, no, or its key pin)", m))
		return complain(UNKNOWN, "nothing was changed");
	if (!m->name_ok &&
	    !agrees("And although its certificate is not for this host? (yes, no)", m))
		return complain(UNKNOWN, "nothing was changed");
	return DONE;
}

/* Fills the entry with the server's key, if that is to be trusted. */
static enum status learn(const struct request *r, struct trust_entry *e)
{
	struct meeting m = {0};
	enum status status = meet(r, e, &m);
	char pin[PIN_SIZE];

	if (status == DONE)
		status = refuse_bad(e, &m);
	if (status != DONE)
		return status;
	truststore_print_pin(pin, sizeof(pin), m.peer.key_sha256);
	if (r->pinned && memcmp(r->pin, m.peer.key_sha256, sizeof(r->pin)) != 0)
		return complain(REFUSED, "%s:%u shows another key than that: %s", e->host, e->port,
				pin);
	/* Who names the key vouches for it, whatever name the certificate bears. */
	if (!r->pinned)
		status = ask_user(r, e, &m);
	memcpy(e->key_sha256, m.peer.key_sha256, sizeof(e->key_sha256));
	e->flags = m.name_ok ? 0 : TRUST_NAME;
	e->not_after = m.peer.not_after;
	str_copy(e->subject, sizeof(e->subject), m.peer.subject);
	return status;
}

static enum status make_entry(const struct request *r, struct trust_entry *e)
{
	e->first_seen = e->last_seen = time(NULL);
	if (!r->offline)
		return learn(r, e);
	if (!r->pinned)
		return complain(WRONG, "--offline needs --sha256");
	/* Nobody has seen its names yet: the key alone counts. */
	memcpy(e->key_sha256, r->pin, sizeof(e->key_sha256));
	e->flags = TRUST_NAME;
	return DONE;
}

/* The server is in the store: fine if it is the same key, else only "replace" helps. */
static enum status find_same(const struct request *r, const struct trust_entry *e)
{
	struct truststore t;
	const struct trust_entry *known;
	bool same;

	if (!read_store(r, &t))
		return WRONG;
	known = truststore_find(&t, e->host, e->port);
	same = known && memcmp(known->key_sha256, e->key_sha256, sizeof(e->key_sha256)) == 0;
	truststore_free(&t);
	if (same)
		return DONE;
	return complain(REFUSED,
			"%s:%u is stored with ANOTHER KEY. Ask its administrator; if the new one "
			"is right: nut-trust replace",
			e->host, e->port);
}

static enum status add(const struct request *r)
{
	struct trust_entry e = {0};
	enum status status;
	int err;

	if (!take_host(r->operands[0], &e))
		return WRONG;
	status = make_entry(r, &e);
	if (status != DONE)
		return status;
	err = truststore_add(r->store, &e);
	if (err == EEXIST)
		return find_same(r, &e);
	return err ? store_failed(r, &e, err) : DONE;
}

static enum status replace(const struct request *r)
{
	struct trust_entry e = {0};
	enum status status;
	int err;

	if (!take_host(r->operands[0], &e))
		return WRONG;
	status = make_entry(r, &e);
	if (status != DONE)
		return status;
	err = truststore_replace(r->store, &e);
	return err ? store_failed(r, &e, err) : DONE;
}

/* ---- the command line ---- */

static const struct command {
	const char *name;
	size_t least, most; /* operands */
	enum status (*run)(const struct request *r);
} commands[] = {
	{"list", 0, 0, list},
	{"show", 1, 1, show},
	{"add", 1, 1, add},
	{"replace", 1, 1, replace},
	{"remove", 1, 1, remove_entry},
	{"export", 0, OPERANDS_MAX, export_entries},
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out)
{
	fprintf(out, "%s\n", usage);
	options_print(rows, out);
}

static bool take_operand(struct request *r, const char *word)
{
	if (!r->command) {
		r->command = word;
		return true;
	}
	if (r->count == OPERANDS_MAX) {
		complain(WRONG, "too many servers");
		return false;
	}
	r->operands[r->count++] = word;
	return true;
}

static bool take_option(struct request *r, int letter, const char *value)
{
	switch (letter) {
	case CMDLINE_OPERAND:
		return take_operand(r, value);
	case OPT_SHA256:
		r->pinned = truststore_parse_pin(value, r->pin);
		if (!r->pinned)
			complain(WRONG, "--sha256 wants 64 hexadecimal digits, not \"%s\"", value);
		return r->pinned;
	case 's':
		r->store_option = value;
		return true;
	case OPT_SYSTEM:
		r->system = true;
		return true;
	case OPT_OFFLINE:
		r->offline = true;
		return true;
	case OPT_DIRECT:
		r->direct = true;
		return true;
	case OPT_JSON:
		r->json = true;
		return true;
	case 'W':
		if (str_to_double(value, &r->limit_s) && r->limit_s > 0)
			return true;
		complain(WRONG, "-W wants a number of seconds, not \"%s\"", value);
		return false;
	default:
		return false;
	}
}

static bool find_store(struct request *r)
{
	bool ok = r->store_option ? str_copy(r->store, sizeof(r->store), r->store_option)
				  : truststore_path(r->store, sizeof(r->store), r->system);

	if (!ok)
		complain(WRONG, "there is no home for a store; name one with --store");
	return ok;
}

static enum status run(struct request *r)
{
	const char *names[COMMANDS + 1] = {NULL};
	const char *guess;

	if (!r->command) {
		print_help(stderr);
		return WRONG;
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		names[i] = commands[i].name;
		if (!str_equal(r->command, commands[i].name))
			continue;
		if (r->count >= commands[i].least && r->count <= commands[i].most)
			return find_store(r) ? commands[i].run(r) : WRONG;
		fputs(usage, stderr);
		return WRONG;
	}
	guess = str_closest(r->command, names);
	return complain(WRONG, "unknown command %s%s%s%s", r->command,
			guess ? "; did you mean " : "", guess ? guess : "", guess ? "?" : "");
}

int main(int argc, char **argv)
{
	struct request request = {.limit_s = CONNECT_S};
	struct cmdline line;
	const char *value;
	int letter;

	log_init("nut-trust");
	cmdline_begin(&line, rows, argc, argv);
	while ((letter = cmdline_next(&line, &value)) != OPTION_END) {
		if (letter == 'h' || letter == 'V') {
			log_banner("nut-trust", true);
			if (letter == 'h')
				print_help(stdout);
			return DONE;
		}
		if (!take_option(&request, letter, value))
			return WRONG;
	}
	return run(&request);
}
