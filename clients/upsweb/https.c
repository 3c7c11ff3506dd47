#include "config.h"

#include "clients/upsweb/https.h"

#include <stdlib.h>

#include "common/base/log.h"

static const char token[] = "https";

#ifdef HAVE_UPSWEB_HTTPS

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

struct https {
	SSL_CTX *context;
};

static void complain(const char *what, const char *path)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	log_error(token, "%s %s: %s", path, what, why ? why : "unknown fault");
	ERR_clear_error();
}

static bool load(SSL_CTX *context, const char *certificate, const char *key)
{
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1) {
		complain("is no certificate that can be used", certificate);
		return false;
	}
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1) {
		complain("has no key that fits the certificate", key);
		return false;
	}
	return true;
}

struct https *https_new(const char *certificate, const char *key)
{
	struct https *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->context = SSL_CTX_new(TLS_server_method());
	if (s->context && SSL_CTX_set_min_proto_version(s->context, TLS1_2_VERSION) == 1 &&
	    load(s->context, certificate, key ? key : certificate)) {
		SSL_CTX_set_options(s->context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
							SSL_OP_CIPHER_SERVER_PREFERENCE);
		SSL_CTX_set_mode(s->context, SSL_MODE_RELEASE_BUFFERS);
		return s;
	}
	https_free(s);
	return NULL;
}

void https_free(struct https *s)
{
	if (!s)
		return;
	SSL_CTX_free(s->context);
	free(s);
}

struct bufferevent *https_connection(struct https *s, struct event_base *base)
{
	SSL *ssl = SSL_new(s->context);
	struct bufferevent *bev;

	if (!ssl)
		return NULL;
	bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
					     BEV_OPT_CLOSE_ON_FREE);
	if (bev)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	else
		SSL_free(ssl);
	return bev;
}

#else

struct https *https_new(const char *certificate, const char *key)
{
	(void)key;
	log_error(token, "%s is of no use: this build has no HTTPS", certificate);
	return NULL;
}

void https_free(struct https *s)
{
	(void)s;
}

struct bufferevent *https_connection(struct https *s, struct event_base *base)
{
	(void)s;
	(void)base;
	return NULL;
}

#endif
