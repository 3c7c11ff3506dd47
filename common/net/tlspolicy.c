#include "config.h"

#include "common/net/tlspolicy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "tls";

enum { WEAKEST_RSA_BITS = 2048 };

struct tlspolicy {
	enum tlspolicy_mode mode;
	enum tlspolicy_first_use first_use;
	bool daemon; /* has the machine's store, not a user's */
	bool verify; /* the chain has to be good, or the server stored */
	char host[256];
	unsigned port;
	char *cert_name;
	char store[4096]; /* "" = there is none */
	struct tls_context *context;
};

struct choice {
	const char *word;
	int value;
};

static const struct choice modes[] = {
	{"enforce", TLSPOLICY_ENFORCE}, {"1", TLSPOLICY_ENFORCE}, {"", TLSPOLICY_ENFORCE},
	{"relaxed", TLSPOLICY_OFFERED}, {"off", TLSPOLICY_OFF},   {NULL, 0},
};

static const struct choice first_uses[] = {
	{"ask", TLSPOLICY_ASK},
	{"strict", TLSPOLICY_STRICT},
	{"accept-new", TLSPOLICY_ACCEPT_NEW},
	{NULL, 0},
};

/* ---- the store ---- */

enum known { UNKNOWN, KNOWN, UNREADABLE };

/*
 * HOME may be somebody else's (sudo, su, a cron job): where nobody asked for a
 * store, one that is out of reach there is none of ours.
 */
static bool is_anothers(const struct tlspolicy *p, int err)
{
	const char *named = getenv("NUT_TRUST_STORE");

	return (err == EACCES || err == ENOTDIR) && !p->daemon && !(named && *named) &&
	       p->first_use == TLSPOLICY_NO_STORE;
}

static enum known look_up(const struct tlspolicy *p, struct trust_entry *found, char *why,
			  size_t size)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = (void *)token};
	struct truststore store;
	const struct trust_entry *e;
	enum known known = UNKNOWN;
	int err;

	if (!p->store[0])
		return UNKNOWN;
	err = truststore_read(p->store, &store, &report);
	if (is_anothers(p, err))
		return UNKNOWN;
	/* A bad line may have been this server's: what cannot be read is never taken for absent. */
	if (err || report.errors) {
		str_format(why, size, "the trust store %s cannot be read: %s", p->store,
			   err ? strerror(err) : "it has bad lines");
		truststore_free(&store);
		return UNREADABLE;
	}
	e = truststore_find(&store, p->host, p->port);
	if (e) {
		*found = *e;
		known = KNOWN;
	}
	truststore_free(&store);
	return known;
}

/* ---- the decision ---- */

/* A variable's choice: 1 with *out, 0 when it is not set, -1 when its value is none of them. */
static int choose(const char *variable, const struct choice *choices, const char *permitted,
		  int *out, char *why, size_t size)
{
	const char *value = getenv(variable);

	if (!value)
		return 0;
	for (; choices->word; choices++) {
		if (str_caseequal(value, choices->word)) {
			*out = choices->value;
			return 1;
		}
	}
	str_format(why, size, "%s is \"%s\"; it may be %s", variable, value, permitted);
	return -1;
}

/* Fills mode, first_use and verify. False with why. */
static bool decide(struct tlspolicy *p, const struct tlspolicy_source *src, char *why, size_t size)
{
	int mode = src->forcessl == 1 ? TLSPOLICY_ENFORCE
		   : src->plain       ? TLSPOLICY_OFF
				      : TLSPOLICY_OFFERED;
	int use = src->daemon ? TLSPOLICY_STRICT : TLSPOLICY_ASK;
	int told_mode, told_use;

	told_mode = choose("NUT_SECURE", modes, "enforce, relaxed or off", &mode, why, size);
	told_use = choose("NUT_TRUST", first_uses, "ask, strict or accept-new", &use, why, size);
	if (told_mode < 0 || told_use < 0)
		return false;
	if (src->forcessl == 1 && mode == TLSPOLICY_OFF) {
		str_format(why, size,
			   "NUT_SECURE=off contradicts FORCESSL 1; take one of them away");
		return false;
	}
	/* The environment may ask for more than the directive, never for less. */
	if (src->forcessl == 1)
		mode = TLSPOLICY_ENFORCE;
	p->mode = (enum tlspolicy_mode)mode;
	p->first_use =
		told_mode > 0 || told_use > 0 ? (enum tlspolicy_first_use)use : TLSPOLICY_NO_STORE;
	if (p->first_use == TLSPOLICY_ASK && !(isatty(STDIN_FILENO) && isatty(STDERR_FILENO)))
		p->first_use = TLSPOLICY_STRICT;
	p->verify = src->certverify == 1 || (told_mode > 0 && mode == TLSPOLICY_ENFORCE) ||
		    told_use > 0;
	if (p->mode == TLSPOLICY_OFF && src->plain && told_mode == 0) {
		struct trust_entry known;
		enum known found = look_up(p, &known, why, size);

		if (found == UNREADABLE)
			return false;
		/* Once secure, always secure. */
		if (found == UNKNOWN)
			return true;
		p->mode = TLSPOLICY_OFFERED;
	}
	if (src->certverify == 1 && !src->cert_path && p->first_use == TLSPOLICY_NO_STORE) {
		str_format(why, size,
			   "CERTVERIFY 1 needs the authorities to verify with; name them with "
			   "CERTPATH");
		return false;
	}
	return true;
}

struct tlspolicy *tlspolicy_new(const struct tlspolicy_source *src, const char *host, unsigned port,
				char *why, size_t size)
{
	struct tlspolicy *p = calloc(1, sizeof(*p));
	struct tls_settings settings = {
		.role = TLS_CLIENT,
		.cert_file = src->cert_file,
		.cert_path = src->cert_path,
		.ident_name = src->ident_name,
		.ident_password = src->ident_password,
		.open = src->open,
		.open_arg = src->open_arg,
	};

	if (!p || (src->cert_name && !(p->cert_name = str_dup(src->cert_name)))) {
		str_format(why, size, "out of memory");
		goto failed;
	}
	p->port = port;
	p->daemon = src->daemon;
	if (!str_copy(p->host, sizeof(p->host), host)) {
		str_format(why, size, "the host's name is too long");
		goto failed;
	}
	if (src->no_store || !truststore_path(p->store, sizeof(p->store), src->daemon))
		p->store[0] = '\0';
	if (!decide(p, src, why, size))
		goto failed;
	if (p->mode == TLSPOLICY_OFF)
		return p;
	p->context = src->like && src->like->context ? tls_context_ref(src->like->context)
						     : tls_context_new(&settings, why, size);
	if (p->context)
		return p;
	/* A build without TLS, where nobody demanded any, works as it can. */
	if (str_equal(tls_backend_name(), "none") && p->mode == TLSPOLICY_OFFERED && !p->verify) {
		p->mode = TLSPOLICY_OFF;
		return p;
	}
failed:
	tlspolicy_free(p);
	return NULL;
}

void tlspolicy_free(struct tlspolicy *p)
{
	if (!p)
		return;
	tls_context_unref(p->context);
	free(p->cert_name);
	free(p);
}

enum tlspolicy_mode tlspolicy_mode(const struct tlspolicy *p)
{
	return p->mode;
}

struct tls_context *tlspolicy_context(const struct tlspolicy *p)
{
	return p->context;
}

/* ---- keeping a stranger ---- */

static int store_peer(const struct tlspolicy *p, const struct tls_peer *peer, bool name_ok)
{
	struct trust_entry e = {
		.port = p->port,
		.flags = name_ok ? 0 : TRUST_NAME,
		.first_seen = time(NULL),
		.not_after = peer->not_after,
	};

	if (!p->store[0])
		return ENOENT;
	e.last_seen = e.first_seen;
	str_copy(e.host, sizeof(e.host), p->host);
	str_copy(e.subject, sizeof(e.subject), peer->subject);
	memcpy(e.key_sha256, peer->key_sha256, sizeof(e.key_sha256));
	return truststore_add(p->store, &e);
}

/* ---- judgement ---- */

static bool is_the_host(const struct tlspolicy *p, const struct tls_session *s)
{
	return tls_session_peer_is(s, p->cert_name ? p->cert_name : p->host);
}

static enum tlspolicy_verdict refuse_dates(const struct tls_peer *peer, char *why, size_t size)
{
	bool early = peer->not_before > time(NULL);

	str_format(why, size, "its certificate %s; is this machine's date right?",
		   early ? "is not valid yet" : "has expired");
	return TLSPOLICY_REFUSE;
}

static enum tlspolicy_verdict judge_known(const struct tlspolicy *p, const struct tls_session *s,
					  const struct tls_peer *peer, const struct trust_entry *e,
					  char *why, size_t size)
{
	char pin[80];

	if (memcmp(e->key_sha256, peer->key_sha256, sizeof(e->key_sha256)) != 0) {
		truststore_print_pin(pin, sizeof(pin), peer->key_sha256);
		str_format(why, size,
			   "THE KEY OF %s:%u HAS CHANGED: either the server was set up anew, or "
			   "somebody is in between. Ask its administrator; if it is right: "
			   "nut-trust replace %s:%u --sha256 %s",
			   p->host, p->port, p->host, p->port, pin);
		return TLSPOLICY_REFUSE;
	}
	if (!peer->dates_ok)
		return refuse_dates(peer, why, size);
	if (!(e->flags & TRUST_NAME) && !is_the_host(p, s)) {
		str_format(why, size, "its certificate is for %s, not for %s",
			   peer->names[0] ? peer->names : peer->subject, p->host);
		return TLSPOLICY_REFUSE;
	}
	return TLSPOLICY_ACCEPT;
}

/* NUT's CERTVERIFY 1: the chain must be good; the name counts where CERTHOST gives one. */
static enum tlspolicy_verdict judge_as_nut(const struct tlspolicy *p, const struct tls_session *s,
					   const struct tls_peer *peer, char *why, size_t size)
{
	if (!peer->chain_ok) {
		str_format(why, size, "its certificate cannot be verified: %s", peer->problem);
		return TLSPOLICY_REFUSE;
	}
	if (p->cert_name && !tls_session_peer_is(s, p->cert_name)) {
		str_format(why, size, "its certificate is for %s, not for %s",
			   peer->names[0] ? peer->names : peer->subject, p->cert_name);
		return TLSPOLICY_REFUSE;
	}
	return TLSPOLICY_ACCEPT;
}

static enum tlspolicy_verdict meet_stranger(const struct tlspolicy *p, const struct tls_peer *peer,
					    bool name_ok, char *why, size_t size)
{
	char pin[80];
	int err;

	truststore_print_pin(pin, sizeof(pin), peer->key_sha256);
	if (p->first_use == TLSPOLICY_ACCEPT_NEW && name_ok) {
		err = store_peer(p, peer, name_ok);
		if (err && err != EEXIST)
			log_warn_errno(token, err, "cannot store %s:%u in %s", p->host, p->port,
				       p->store);
		log_notice(token, "trusting %s:%u from now on (%s)", p->host, p->port, pin);
		return TLSPOLICY_ACCEPT;
	}
	str_format(why, size,
		   "nobody vouches for this server%s%s. To trust it: nut-trust add %s:%u "
		   "--sha256 %s",
		   name_ok ? "" : ", and its certificate is for ",
		   name_ok          ? ""
		   : peer->names[0] ? peer->names
				    : peer->subject,
		   p->host, p->port, pin);
	return p->first_use == TLSPOLICY_ASK ? TLSPOLICY_UNKNOWN : TLSPOLICY_REFUSE;
}

static enum tlspolicy_verdict judge_unknown(const struct tlspolicy *p, const struct tls_session *s,
					    const struct tls_peer *peer, char *why, size_t size)
{
	bool name_ok = is_the_host(p, s);

	if (!peer->dates_ok)
		return refuse_dates(peer, why, size);
	if (peer->key_is_rsa && peer->key_bits < WEAKEST_RSA_BITS) {
		str_format(why, size, "its key of %u bits is too weak", peer->key_bits);
		return TLSPOLICY_REFUSE;
	}
	if (peer->chain_ok && name_ok)
		return TLSPOLICY_ACCEPT;
	if (!peer->chain_ok && !peer->unknown_issuer) {
		str_format(why, size, "its certificate cannot be verified: %s", peer->problem);
		return TLSPOLICY_REFUSE;
	}
	return meet_stranger(p, peer, name_ok, why, size);
}

enum tlspolicy_verdict tlspolicy_judge(struct tlspolicy *p, const struct tls_session *s, char *why,
				       size_t size)
{
	struct trust_entry entry;
	struct tls_peer peer;

	*why = '\0';
	tls_session_peer(s, &peer);
	if (!peer.present) {
		str_format(why, size, "it shows no certificate");
		return TLSPOLICY_REFUSE;
	}
	switch (look_up(p, &entry, why, size)) {
	case UNREADABLE:
		return TLSPOLICY_REFUSE;
	case KNOWN:
		return judge_known(p, s, &peer, &entry, why, size);
	case UNKNOWN:
		break;
	}
	if (!p->verify)
		return TLSPOLICY_ACCEPT;
	if (p->first_use == TLSPOLICY_NO_STORE)
		return judge_as_nut(p, s, &peer, why, size);
	return judge_unknown(p, s, &peer, why, size);
}

int tlspolicy_remember(struct tlspolicy *p, const struct tls_session *s)
{
	struct tls_peer peer;

	tls_session_peer(s, &peer);
	return store_peer(p, &peer, is_the_host(p, s));
}

bool tlspolicy_may_go_clear(const struct tlspolicy *p, char *why, size_t size)
{
	struct trust_entry entry;

	*why = '\0';
	if (p->mode == TLSPOLICY_OFF)
		return true;
	if (p->mode == TLSPOLICY_ENFORCE || p->verify) {
		str_format(why, size, "%s:%u has no TLS, and it is demanded", p->host, p->port);
		return false;
	}
	switch (look_up(p, &entry, why, size)) {
	case UNKNOWN:
		return true;
	case KNOWN:
		str_format(why, size,
			   "%s:%u was known with TLS and has none now; if that is right: nut-trust "
			   "remove %s:%u",
			   p->host, p->port, p->host, p->port);
		return false;
	case UNREADABLE:
		break;
	}
	return false;
}
