#include "config.h"

#include "clients/libupsclient/secure.h"

#include <pthread.h>
#include <stdlib.h>

#include "clients/libupsclient/hostrules.h"
#include "clients/libupsclient/tlstransport.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/netwire.h"

enum {
	ANSWER_S = 5,     /* how long the answer to STARTTLS is waited for */
	HANDSHAKE_S = 30, /* also where the caller waits for a connection for ever */
};

/* ---- what upscli_init() was given ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	bool certverify;
	char *cert_path, *ident_name;
	char *ident_password;
} settings;

static bool keep(char **dst, const char *text)
{
	return !text || !*text || str_replace(dst, text);
}

static void forget_locked(void)
{
	free(settings.cert_path);
	free(settings.ident_name);
	secret_free(&settings.ident_password);
	settings.cert_path = settings.ident_name = NULL;
	settings.certverify = false;
}

/* Programs of users keep servers in the user's store, those without a home in the machine's. */
static struct tlspolicy_source source_locked(void)
{
	return (struct tlspolicy_source){
		.certverify = settings.certverify,
		.forcessl = -1,
		.cert_path = settings.cert_path,
		.ident_name = settings.ident_name,
		.ident_password = settings.ident_password,
		.daemon = !getenv("HOME"),
	};
}

static bool try_out(char *why, size_t size)
{
	struct tls_settings s = {
		.role = TLS_CLIENT,
		.cert_path = settings.cert_path,
		.ident_name = settings.ident_name,
		.ident_password = settings.ident_password,
	};
	struct tls_context *context;

	if (settings.certverify && !settings.cert_path) {
		str_format(why, size, "to verify servers it takes a certpath");
		return false;
	}
	if (!settings.cert_path && !settings.ident_name)
		return true;
	if (settings.ident_name && str_equal(tls_backend_name(), "OpenSSL")) {
		str_format(why, size,
			   "%s: with OpenSSL an own certificate is in a file, which upscli_init() "
			   "cannot name",
			   settings.ident_name);
		return false;
	}
	tlstransport_lock();
	context = tls_context_new(&s, why, size);
	tls_context_unref(context);
	tlstransport_unlock();
	return context != NULL;
}

bool secure_configure(int certverify, const char *certpath, const char *certname,
		      const char *certpasswd)
{
	char why[512];
	bool ok;

	pthread_mutex_lock(&lock);
	forget_locked();
	settings.certverify = certverify > 0;
	ok = keep(&settings.cert_path, certpath) && keep(&settings.ident_name, certname) &&
	     keep(&settings.ident_password, certpasswd);
	if (!ok)
		str_format(why, sizeof(why), "out of memory");
	else
		ok = try_out(why, sizeof(why));
	pthread_mutex_unlock(&lock);
	if (!ok)
		log_error("upsclient", "TLS cannot be set up: %s", why);
	return ok;
}

void secure_forget(void)
{
	pthread_mutex_lock(&lock);
	forget_locked();
	pthread_mutex_unlock(&lock);
}

/* ---- policies ---- */

static struct tlspolicy *new_policy(const struct tlspolicy_source *src, const char *host,
				    uint16_t port, char *why, size_t size)
{
	struct tlspolicy *p;

	tlstransport_lock();
	p = tlspolicy_new(src, host, port, why, size);
	tlstransport_unlock();
	return p;
}

struct tlspolicy *secure_policy(const char *host, uint16_t port, int flags, char *why, size_t size)
{
	struct host_rule rule = host_rules_find(host, port);
	struct tlspolicy_source src;
	struct tlspolicy *p;

	pthread_mutex_lock(&lock);
	src = source_locked();
	if (flags & UPSCLI_CONN_CERTVERIF)
		src.certverify = 1;
	if (rule.certverify >= 0)
		src.certverify = rule.certverify;
	src.forcessl = rule.forcessl >= 0 ? rule.forcessl : (flags & UPSCLI_CONN_REQSSL) != 0;
	src.plain = src.forcessl != 1 && !(flags & UPSCLI_CONN_TRYSSL);
	if (rule.certname[0])
		src.cert_name = rule.certname;
	p = new_policy(&src, host, port, why, size);
	pthread_mutex_unlock(&lock);
	return p;
}

struct tlspolicy *secure_policy_on(const struct upsclient_terms *terms, const char *host,
				   uint16_t port, char *why, size_t size)
{
	return new_policy(&terms->demands, host, port, why, size);
}

void secure_policy_free(struct tlspolicy *p)
{
	tlstransport_lock();
	tlspolicy_free(p);
	tlstransport_unlock();
}

/* ---- STARTTLS ---- */

static long long sooner(long long deadline_ms, double seconds)
{
	long long limit_ms = transport_deadline_in(seconds);

	return deadline_ms != TRANSPORT_FOR_EVER && deadline_ms < limit_ms ? deadline_ms : limit_ms;
}

static struct fault fail(struct upsclient_terms *terms, const char *text)
{
	str_copy(terms->why, sizeof(terms->why), text);
	return fault_make(UPSCLI_ERR_SSLERR, 0);
}

/* *granted: the server has TLS. Whatever is not OK means that it has not, as with NUT. */
static struct fault ask_for_tls(struct session *s, long long deadline_ms, bool *granted)
{
	static const char starttls[] = "STARTTLS\n";
	enum netwire_error error;
	struct fault fault;

	deadline_ms = sooner(deadline_ms, ANSWER_S);
	fault = session_send(s, starttls, sizeof(starttls) - 1, deadline_ms);
	if (!fault_is(fault))
		fault = session_read_words(s, deadline_ms);
	if (fault.number == UPSCLI_ERR_PARSE)
		fault = fault_none();
	else if (!fault_is(fault))
		*granted = netwire_classify(s->words, &error) == NETWIRE_R_OK;
	return fault;
}

static struct fault shake_hands(struct session *s, long long deadline_ms,
				struct upsclient_terms *terms)
{
	switch (tlstransport_handshake(&s->transport, sooner(deadline_ms, HANDSHAKE_S))) {
	case TLS_DONE:
		return fault_none();
	case TLS_FAILED:
		return fail(terms, tls_session_error(s->transport.tls));
	case TLS_CLOSED:
		return fail(terms, "peer disconnected");
	case TLS_WANT_READ:
	case TLS_WANT_WRITE:
		break;
	}
	return fail(terms, "the handshake took too long");
}

static bool ask_the_user(const struct session *s, struct tlspolicy *p, const char *host,
			 uint16_t port, const struct upsclient_terms *terms)
{
	struct tls_peer peer;
	struct upsclient_stranger stranger = {.host = host, .port = port, .peer = &peer};
	const char *name = terms->demands.cert_name ? terms->demands.cert_name : host;
	int err;

	if (!terms->trust)
		return false;
	tls_session_peer(s->transport.tls, &peer);
	stranger.name_ok = tls_session_peer_is(s->transport.tls, name);
	if (!terms->trust(terms->arg, &stranger))
		return false;
	err = tlspolicy_remember(p, s->transport.tls);
	if (err)
		log_warn_errno("upsclient", err, "%s:%u cannot be kept in the trust store", host,
			       (unsigned)port);
	return true;
}

static struct fault judge(struct session *s, struct tlspolicy *p, const char *host, uint16_t port,
			  struct upsclient_terms *terms)
{
	enum tlspolicy_verdict verdict =
		tlspolicy_judge(p, s->transport.tls, terms->why, sizeof(terms->why));

	if (verdict == TLSPOLICY_UNKNOWN && ask_the_user(s, p, host, port, terms))
		verdict = TLSPOLICY_ACCEPT;
	if (verdict == TLSPOLICY_ACCEPT) {
		terms->why[0] = '\0';
		return fault_none();
	}
	terms->untrusted = true;
	return fault_make(UPSCLI_ERR_SSLERR, 0);
}

struct fault secure_session(struct session *s, struct tlspolicy *p, const char *host, uint16_t port,
			    struct upsclient_terms *terms, long long deadline_ms)
{
	bool granted = false;
	struct fault fault;

	if (tlspolicy_mode(p) == TLSPOLICY_OFF)
		return fault_none();
	fault = ask_for_tls(s, deadline_ms, &granted);
	if (fault_is(fault))
		return fault;
	if (!granted)
		return tlspolicy_may_go_clear(p, terms->why, sizeof(terms->why))
			       ? fault_none()
			       : fault_make(UPSCLI_ERR_SSLFAIL, 0);
	/* They could be anybody's, and would be taken for the server's own words. */
	if (s->in_at != s->in_len)
		return fail(terms, "the server sent bytes in the clear behind its answer to "
				   "STARTTLS");
	if (!tlstransport_begin(&s->transport, tlspolicy_context(p), host))
		return fault_make(UPSCLI_ERR_NOMEM, 0);
	fault = shake_hands(s, deadline_ms, terms);
	return fault_is(fault) ? fault : judge(s, p, host, port, terms);
}
