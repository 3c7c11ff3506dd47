#include "config.h"

#include "common/net/tlsconn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

struct tlsconn {
	struct tls_session *session;
	int fd;
	bool ready;
	tlsconn_done_fn *done;
	void *arg;
};

static ssize_t pull(void *arg, void *data, size_t len)
{
	const struct tlsconn *t = arg;

	return recv(t->fd, data, len, 0);
}

static ssize_t push(void *arg, const void *data, size_t len)
{
	const struct tlsconn *t = arg;

	return send(t->fd, data, len, MSG_NOSIGNAL);
}

/* A TLS outcome in the terms of struct lineconn_transport. */
static ssize_t outcome(enum tls_result result, size_t done, int *want)
{
	switch (result) {
	case TLS_DONE:
		return (ssize_t)done;
	case TLS_WANT_READ:
		*want = LOOP_READ;
		errno = EAGAIN;
		return -1;
	case TLS_WANT_WRITE:
		*want = LOOP_WRITE;
		errno = EAGAIN;
		return -1;
	case TLS_CLOSED:
		return 0;
	case TLS_FAILED:
		break;
	}
	errno = EPROTO;
	return -1;
}

/* True when the handshake is over and agreed to; else *ret is what the caller returns. */
static bool shake_hands(struct tlsconn *t, int *want, ssize_t *ret)
{
	enum tls_result result;

	if (t->ready)
		return true;
	result = tls_session_handshake(t->session);
	if (result == TLS_WANT_READ || result == TLS_WANT_WRITE) {
		*ret = outcome(result, 0, want);
		return false;
	}
	if (!t->done(t->arg, t->session, result == TLS_DONE) || result != TLS_DONE) {
		errno = result == TLS_DONE ? EACCES : EPROTO;
		*ret = -1;
		return false;
	}
	t->ready = true;
	return true;
}

static ssize_t tlsconn_read(void *transport, void *data, size_t len, int *want)
{
	struct tlsconn *t = transport;
	enum tls_result result;
	size_t done;
	ssize_t ret;

	if (!shake_hands(t, want, &ret))
		return ret;
	result = tls_session_read(t->session, data, len, &done);
	return outcome(result, done, want);
}

static ssize_t tlsconn_write(void *transport, const void *data, size_t len, int *want)
{
	struct tlsconn *t = transport;
	enum tls_result result;
	size_t done;
	ssize_t ret;

	if (!shake_hands(t, want, &ret))
		return ret;
	result = tls_session_write(t->session, data, len, &done);
	return outcome(result, done, want);
}

static bool tlsconn_pending(void *transport)
{
	const struct tlsconn *t = transport;

	return tls_session_pending(t->session);
}

static void tlsconn_free(void *transport)
{
	struct tlsconn *t = transport;

	if (t->ready)
		tls_session_close(t->session);
	tls_session_free(t->session);
	free(t);
}

static const struct lineconn_transport transport = {
	.read = tlsconn_read,
	.write = tlsconn_write,
	.pending = tlsconn_pending,
	.free = tlsconn_free,
};

bool tlsconn_upgrade(struct lineconn *c, struct tls_context *ctx, const char *server_name,
		     tlsconn_done_fn *done, void *arg)
{
	struct tlsconn *t = malloc(sizeof(*t));
	struct tls_io io = {.pull = pull, .push = push, .arg = t};

	if (!t)
		return false;
	*t = (struct tlsconn){.fd = lineconn_fd(c), .done = done, .arg = arg};
	t->session = tls_session_new(ctx, &io, server_name);
	if (t->session && lineconn_upgrade(c, &transport, t))
		return true;
	tls_session_free(t->session);
	free(t);
	return false;
}
