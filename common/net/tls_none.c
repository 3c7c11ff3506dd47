/*
 * tls_none: the back end of a build that has neither OpenSSL nor NSS.  There is
 * never a context, so there is never a session either.
 */
#include "config.h"

#include "common/net/tls.h"

#include "common/base/str.h"

const char *tls_backend_name(void)
{
	return "none";
}

const char *tls_build_phrase(void)
{
	return "without SSL support";
}

struct tls_context *tls_context_new(const struct tls_settings *s, char *why, size_t size)
{
	(void)s;
	str_format(why, size,
		   "this build has no TLS; configure it with --with-openssl or --with-nss");
	return NULL;
}

struct tls_context *tls_context_ref(struct tls_context *c)
{
	return c;
}

void tls_context_unref(struct tls_context *c)
{
	(void)c;
}

time_t tls_context_not_after(const struct tls_context *c)
{
	(void)c;
	return 0;
}

struct tls_session *tls_session_new(struct tls_context *c, const struct tls_io *io,
				    const char *server_name)
{
	(void)c;
	(void)io;
	(void)server_name;
	return NULL;
}

void tls_session_free(struct tls_session *s)
{
	(void)s;
}

enum tls_result tls_session_handshake(struct tls_session *s)
{
	(void)s;
	return TLS_FAILED;
}

enum tls_result tls_session_read(struct tls_session *s, void *data, size_t len, size_t *done)
{
	(void)s;
	(void)data;
	(void)len;
	*done = 0;
	return TLS_FAILED;
}

enum tls_result tls_session_write(struct tls_session *s, const void *data, size_t len, size_t *done)
{
	(void)s;
	(void)data;
	(void)len;
	*done = 0;
	return TLS_FAILED;
}

bool tls_session_pending(const struct tls_session *s)
{
	(void)s;
	return false;
}

void tls_session_close(struct tls_session *s)
{
	(void)s;
}

const char *tls_session_error(const struct tls_session *s)
{
	(void)s;
	return "no TLS in this build";
}

const char *tls_session_protocol(const struct tls_session *s)
{
	(void)s;
	return "none";
}

const char *tls_session_cipher(const struct tls_session *s)
{
	(void)s;
	return "none";
}

void tls_session_peer(const struct tls_session *s, struct tls_peer *peer)
{
	(void)s;
	*peer = (struct tls_peer){0};
}

bool tls_session_peer_is(const struct tls_session *s, const char *name)
{
	(void)s;
	(void)name;
	return false;
}
