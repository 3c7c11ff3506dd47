#include "config.h"

#include "clients/upsweb/https.h"

#include <stdlib.h>

#include "common/base/conffile.h"
#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "https";

#ifdef HAVE_UPSWEB_HTTPS

#include <event2/bufferevent_ssl.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <unistd.h>

struct https {
	SSL_CTX *context;
	char *certificate, *key; /* paths */
};

static bool complain(const char *what, const char *path)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	log_error(token, "%s %s: %s", path, what, why ? why : "unknown fault");
	ERR_clear_error();
	return false;
}

/* By conffile_open(), since we may not read it ourselves any more. */
static BIO *open_pem(const char *path)
{
	int fd = conffile_open(path);
	BIO *bio;

	if (fd < 0) {
		log_error(token, "%s cannot be read: %s", path, conffile_why(errno));
		return NULL;
	}
	bio = BIO_new_fd(fd, BIO_CLOSE);
	if (!bio)
		close(fd);
	return bio;
}

/* Ours first, then those above it. */
static bool take_chain(SSL_CTX *context, BIO *bio)
{
	X509 *one = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
	bool ok = one && SSL_CTX_use_certificate(context, one) == 1;

	X509_free(one);
	while (ok && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		if (SSL_CTX_add0_chain_cert(context, one) != 1) {
			X509_free(one);
			ok = false;
		}
	/* It has ended, as it has to. */
	if (ok)
		ERR_clear_error();
	return ok;
}

static int no_password(char *text, int size, int writing, void *arg)
{
	(void)text, (void)size, (void)writing, (void)arg;
	return -1;
}

static bool take_key(SSL_CTX *context, BIO *bio)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	bool ok = key && SSL_CTX_use_PrivateKey(context, key) == 1 &&
		  SSL_CTX_check_private_key(context) == 1;

	EVP_PKEY_free(key);
	return ok;
}

static bool load(SSL_CTX *context, const char *path, bool (*take)(SSL_CTX *context, BIO *bio),
		 const char *otherwise)
{
	BIO *bio = open_pem(path);
	bool ok = bio && take(context, bio);

	if (bio && !ok)
		complain(otherwise, path);
	BIO_free(bio);
	return ok;
}

static SSL_CTX *new_context(const struct https *s)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
	    load(context, s->certificate, take_chain, "is no certificate that can be used") &&
	    load(context, s->key ? s->key : s->certificate, take_key,
		 "has no key that fits the certificate")) {
		SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
						     SSL_OP_CIPHER_SERVER_PREFERENCE);
		SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
		return context;
	}
	SSL_CTX_free(context);
	return NULL;
}

struct https *https_new(const char *certificate, const char *key)
{
	struct https *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (str_replace(&s->certificate, certificate) && str_replace(&s->key, key))
		s->context = new_context(s);
	if (s->context)
		return s;
	https_free(s);
	return NULL;
}

bool https_reload(struct https *s)
{
	SSL_CTX *context = new_context(s);

	if (!context)
		return false;
	/* Connections that there are hold on to the old one. */
	SSL_CTX_free(s->context);
	s->context = context;
	return true;
}

void https_free(struct https *s)
{
	if (!s)
		return;
	SSL_CTX_free(s->context);
	free(s->certificate);
	free(s->key);
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

bool https_protects(struct bufferevent *b)
{
	return bufferevent_openssl_get_ssl(b) != NULL;
}

#else

struct https *https_new(const char *certificate, const char *key)
{
	(void)key;
	log_error(token, "%s is of no use: this build has no HTTPS", certificate);
	return NULL;
}

bool https_reload(struct https *s)
{
	(void)s;
	return true;
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

bool https_protects(struct bufferevent *b)
{
	(void)b;
	return false;
}

#endif
