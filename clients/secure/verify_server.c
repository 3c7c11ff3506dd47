#include "config.h"

#include "clients/secure/verify.h"

#include <string.h>
#include <time.h>

#include "clients/secure/probe.h"
#include "common/base/str.h"
#include "common/net/truststore.h"

enum { ANSWER_SIZE = 256, PIN_SIZE = 80 };

/* What --secure makes a failure is else only worth a word. */
static enum finding unless_secure(const struct verify_server *v, enum finding otherwise)
{
	return v->secure ? FINDING_FAILURE : otherwise;
}

/* ---- in the clear ---- */

/* One question on a connection of its own. */
static bool ask(const struct verify_server *v, const char *request, char *answer, char *error,
		size_t size)
{
	struct probe probe;
	bool ok = probe_connect(&probe, v->host, v->port, v->limit_s) &&
		  probe_ask(&probe, request, answer, ANSWER_SIZE);

	str_copy(error, size, probe.error);
	probe_close(&probe);
	return ok;
}

static void look_at_data(const struct verify_server *v, struct findings *f)
{
	char answer[ANSWER_SIZE], error[256];

	if (!ask(v, "LIST UPS", answer, error, sizeof(error)))
		findings_add(f, FINDING_OK, "clear-data", "not served in the clear: %s", error);
	else if (str_starts(answer, "BEGIN "))
		findings_add(f, unless_secure(v, FINDING_NOTE), "clear-data",
			     "served in the clear; \"LISTEN address port tls-required\" in "
			     "upsd.conf ends that");
	else
		findings_add(f, FINDING_OK, "clear-data", "not served in the clear: %s", answer);
}

/* No password is sent: a server that wants TLS refuses the name already. */
static void look_at_login(const struct verify_server *v, struct findings *f)
{
	char answer[ANSWER_SIZE], error[256];

	if (!ask(v, "USERNAME nut-verify", answer, error, sizeof(error)))
		findings_add(f, FINDING_OK, "clear-login", "refused in the clear: %s", error);
	else if (str_starts(answer, "OK"))
		findings_add(f, unless_secure(v, FINDING_WARNING), "clear-login",
			     "passwords are taken in the clear; \"LISTEN address port "
			     "tls-required\" in upsd.conf ends that");
	else
		findings_add(f, FINDING_OK, "clear-login", "refused in the clear: %s", answer);
}

/* False when there is nobody to talk to. */
static bool look_in_the_clear(const struct verify_server *v, struct findings *f)
{
	char answer[ANSWER_SIZE], error[256];

	if (!ask(v, "VER", answer, error, sizeof(error))) {
		findings_add(f, FINDING_FAILURE, "banner", "no answer to VER: %s%s", error,
			     v->direct ? "" : "; does the port speak TLS only (--direct)?");
		return false;
	}
	findings_add(f, FINDING_OK, "banner", "%s", answer);
	look_at_data(v, f);
	look_at_login(v, f);
	return true;
}

/* ---- the certificate ---- */

static void look_at_dates(const struct tls_peer *peer, struct findings *f)
{
	if (peer->not_before > time(NULL))
		findings_add(f, FINDING_FAILURE, "dates",
			     "not valid yet; is the date of this machine right?");
	else
		verify_end(f, "dates", peer->not_after);
}

static void look_at_strength(const struct tls_peer *peer, struct findings *f)
{
	const char *kind = peer->key_is_rsa ? "RSA" : "EC";
	unsigned least = peer->key_is_rsa ? VERIFY_RSA_BITS_MIN : VERIFY_EC_BITS_MIN;

	if (peer->key_bits < least)
		findings_add(f, FINDING_FAILURE, "strength", "%s key of %u bits is too weak", kind,
			     peer->key_bits);
	else
		findings_add(f, FINDING_OK, "strength", "%s key of %u bits", kind, peer->key_bits);
}

enum known { NOT_KNOWN, KNOWN, KNOWN_OTHERWISE };

static enum known look_up(const struct verify_server *v, const struct tls_peer *peer,
			  struct trust_entry *entry, struct findings *f)
{
	struct conf_report report = {0};
	struct truststore store;
	const struct trust_entry *e;
	int err = v->store ? truststore_read(v->store, &store, &report) : 0;

	if (!v->store)
		return NOT_KNOWN;
	if (err || report.errors)
		findings_add(f, FINDING_WARNING, "stored", "%s cannot be read: %s", v->store,
			     err ? strerror(err) : "it has bad lines");
	if (err)
		return NOT_KNOWN;
	e = truststore_find(&store, v->host, v->port);
	if (e)
		*entry = *e;
	truststore_free(&store);
	if (!e)
		return NOT_KNOWN;
	if (memcmp(entry->key_sha256, peer->key_sha256, TLS_SHA256_BYTES) == 0) {
		findings_add(f, FINDING_OK, "stored", "its key is the one in %s", v->store);
		return KNOWN;
	}
	findings_add(f, FINDING_FAILURE, "stored",
		     "ITS KEY IS NOT THE ONE IN %s: ask its administrator; if it is right: "
		     "nut-trust replace",
		     v->store);
	return KNOWN_OTHERWISE;
}

static void look_at_chain(const struct verify_server *v, const struct tls_peer *peer,
			  enum known known, struct findings *f)
{
	char pin[PIN_SIZE];

	truststore_print_pin(pin, sizeof(pin), peer->key_sha256);
	if (peer->chain_ok)
		findings_add(f, FINDING_OK, "chain", "vouched for by %s", peer->issuer);
	else if (!peer->unknown_issuer)
		findings_add(f, FINDING_FAILURE, "chain", "%s", peer->problem);
	else if (known == KNOWN)
		findings_add(f, FINDING_OK, "chain", "nobody vouches for it, but its key is known");
	else
		findings_add(
			f, FINDING_FAILURE, "chain",
			"%s; name its authority with --ca, or: nut-trust add %s:%u --sha256 %s",
			peer->problem, v->host, v->port, pin);
}

static void look_at_name(const struct verify_server *v, const struct probe *probe,
			 const struct tls_peer *peer, bool other_name_known, struct findings *f)
{
	const char *name = v->name ? v->name : v->host;

	if (tls_session_peer_is(probe_session(probe), name))
		findings_add(f, FINDING_OK, "name", "it is for %s", name);
	else if (other_name_known)
		findings_add(f, FINDING_OK, "name", "it is not for %s, which is known", name);
	else
		findings_add(f, FINDING_FAILURE, "name", "it is for %s, not for %s",
			     peer->names[0] ? peer->names : peer->subject, name);
}

static void look_at_certificate(const struct verify_server *v, const struct probe *probe,
				struct findings *f)
{
	struct trust_entry entry = {0};
	struct tls_peer peer;
	enum known known;

	tls_session_peer(probe_session(probe), &peer);
	if (!peer.present) {
		findings_add(f, FINDING_FAILURE, "chain", "the server shows no certificate");
		return;
	}
	known = look_up(v, &peer, &entry, f);
	look_at_chain(v, &peer, known, f);
	look_at_name(v, probe, &peer, known == KNOWN && (entry.flags & TRUST_NAME), f);
	look_at_dates(&peer, f);
	look_at_strength(&peer, f);
}

/* ---- TLS ---- */

/* Under TLS 1.3 the handshake is over for the client before the server looks at its certificate. */
static void look_behind(const struct verify_server *v, struct probe *probe, struct findings *f)
{
	char answer[ANSWER_SIZE];

	if (probe_ask(probe, "VER", answer, sizeof(answer)))
		findings_add(f, FINDING_OK, "client-certificate", "%s",
			     v->cert ? "not refused" : "none is demanded");
	else
		findings_add(f, FINDING_FAILURE, "client-certificate",
			     "the server ends it after the handshake: %s; %s", probe->error,
			     v->cert ? "does it take this certificate?"
				     : "it may demand a certificate (--cert)");
}

static void look_at_session(const struct verify_server *v, struct probe *probe, struct findings *f)
{
	const char *protocol = tls_session_protocol(probe_session(probe));

	findings_add(f, FINDING_OK, "handshake", "%s", tls_session_cipher(probe_session(probe)));
	if (str_equal(protocol, "TLSv1.3"))
		findings_add(f, FINDING_OK, "version", "%s", protocol);
	else
		findings_add(f, FINDING_WARNING, "version", "%s, and TLSv1.3 is to be had",
			     protocol);
	look_at_certificate(v, probe, f);
	look_behind(v, probe, f);
}

static void look_at_tls(const struct verify_server *v, struct tls_context *context,
			struct findings *f)
{
	enum probe_offer offer = PROBE_OFFERED;
	struct probe probe;

	if (!probe_connect(&probe, v->host, v->port, v->limit_s)) {
		findings_add_unreachable(f, "tcp", probe.error);
		return;
	}
	if (!v->direct)
		offer = probe_ask_tls(&probe);
	if (offer == PROBE_BROKEN)
		findings_add(f, FINDING_FAILURE, "starttls", "no answer: %s", probe.error);
	else if (offer == PROBE_NOT_OFFERED)
		findings_add(f, FINDING_FAILURE, "starttls", "not offered: %s", probe.error);
	else if (!v->direct)
		findings_add(f, FINDING_OK, "starttls", "offered");
	if (offer != PROBE_OFFERED)
		goto out;
	if (probe_handshake(&probe, context, v->name ? v->name : v->host))
		look_at_session(v, &probe, f);
	else
		findings_add(f, FINDING_FAILURE, "handshake", "%s", probe.error);
out:
	probe_close(&probe);
}

static struct tls_context *make_context(const struct verify_server *v, char *why, size_t size)
{
	bool nss = str_equal(tls_backend_name(), "NSS");
	struct tls_settings settings = {
		.role = TLS_CLIENT,
		.cert_path = v->ca,
		.cert_file = nss ? NULL : v->cert,
		.ident_name = nss ? v->cert : NULL,
	};

	return tls_context_new(&settings, why, size);
}

void verify_server(const struct verify_server *v, struct findings *f)
{
	struct tls_context *context;
	struct probe probe;
	char why[256];

	if (!probe_connect(&probe, v->host, v->port, v->limit_s)) {
		findings_add_unreachable(f, "tcp", probe.error);
		return;
	}
	probe_close(&probe);
	findings_add(f, FINDING_OK, "tcp", "connected");
	if (!v->direct && !look_in_the_clear(v, f))
		return;
	context = make_context(v, why, sizeof(why));
	if (!context) {
		findings_add(f, FINDING_FAILURE, "handshake", "%s", why);
		return;
	}
	look_at_tls(v, context, f);
	tls_context_unref(context);
}
