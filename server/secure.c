#include "config.h"

#include "server/secure.h"

#include <stdint.h>
#include <time.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/tlsconn.h"
#include "server/upsd.h"

enum {
	COMPLAINT_INTERVAL_S = 10,
	DAY_S = 86400,
	WARN_DAYS = 30,
};

static const char token[] = "tls";

static int open_certificate(void *arg, const char *path)
{
	return opener_open(arg, path);
}

bool secure_load(const struct upsd_conf *conf, struct opener *opener, struct tls_context **context)
{
	const struct upsd_conf_tls *t = &conf->tls;
	const struct tls_settings settings = {
		.role = TLS_SERVER,
		.cert_file = t->cert_file,
		.cert_path = t->cert_path,
		.ident_name = t->ident_name,
		.ident_password = t->ident_password,
		.request = t->request,
		.open = open_certificate,
		.open_arg = opener,
	};
	char why[512];

	struct conf_report warnings = {.emit = conf_emit_log, .arg = (void *)(uintptr_t)token};

	*context = NULL;
	if (!t->wanted)
		return true;
	if (t->cert_file)
		conf_warn_if_world_readable(&warnings, t->cert_file);
	*context = tls_context_new(&settings, why, sizeof(why));
	if (*context)
		return true;
	log_error(token, "TLS is configured and cannot be set up: %s", why);
	return false;
}

static bool handshake_over(void *arg, struct tls_session *session, bool ok)
{
	static struct log_throttle failures;
	struct client *c = arg;
	struct tls_peer peer;
	unsigned missed;

	if (!ok) {
		if (log_throttle_pass(&failures, COMPLAINT_INTERVAL_S, &missed))
			log_notice(token, "TLS with %s failed: %s (%u more since the last notice)",
				   client_host(c), tls_session_error(session), missed);
		return true; /* lineconn ends it anyway */
	}
	c->secure = true;
	tls_session_peer(session, &peer);
	log_debug(1, token, "%s: %s, %s%s%s", client_host(c), tls_session_protocol(session),
		  tls_session_cipher(session), peer.present ? ", client certificate " : "",
		  peer.present ? peer.subject : "");
	return true;
}

bool secure_client(struct client *c)
{
	if (!tlsconn_upgrade(c->conn, c->server->tls, NULL, handshake_over, c))
		return false;
	c->upgraded = true;
	return true;
}

void secure_watch_expiry(const struct tls_context *context, long long now_ms)
{
	static long long next_ms;
	time_t end = context ? tls_context_not_after(context) : 0;
	long days;

	if (!end || now_ms < next_ms)
		return;
	next_ms = now_ms + DAY_S * 1000LL;
	days = (long)((end - time(NULL)) / DAY_S);
	if (end <= time(NULL))
		log_error(token, "upsd's certificate has expired: clients that verify it refuse to "
				 "connect; renew it and reload");
	else if (days < WARN_DAYS)
		log_warn(token, "upsd's certificate expires in %ld days; renew it and reload",
			 days);
}
