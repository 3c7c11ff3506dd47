#include "config.h"

#include "clients/libupsclient/tlstransport.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void tlstransport_lock(void)
{
	pthread_mutex_lock(&mutex);
}

void tlstransport_unlock(void)
{
	pthread_mutex_unlock(&mutex);
}

static ssize_t pull(void *arg, void *data, size_t len)
{
	const struct transport *t = arg;

	return recv(t->fd, data, len, MSG_DONTWAIT);
}

static ssize_t push(void *arg, const void *data, size_t len)
{
	const struct transport *t = arg;

	return send(t->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* A TLS outcome in the terms of struct transport_ops. */
static ssize_t outcome(struct transport *t, enum tls_result result, size_t done)
{
	switch (result) {
	case TLS_DONE:
		return (ssize_t)done;
	case TLS_WANT_READ:
		t->waits_for = POLLIN;
		errno = EAGAIN;
		return -1;
	case TLS_WANT_WRITE:
		t->waits_for = POLLOUT;
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

static ssize_t tls_read(struct transport *t, void *data, size_t size)
{
	size_t done;
	enum tls_result result = tls_session_read(t->tls, data, size, &done);

	return outcome(t, result, done);
}

static ssize_t tls_write(struct transport *t, const void *data, size_t size)
{
	size_t done;
	enum tls_result result = tls_session_write(t->tls, data, size, &done);

	if (result != TLS_CLOSED)
		return outcome(t, result, done);
	errno = EPIPE;
	return -1;
}

static void tls_close(struct transport *t)
{
	tls_session_close(t->tls);
	tlstransport_lock();
	tls_session_free(t->tls);
	tlstransport_unlock();
	close(t->fd);
	t->tls = NULL;
	t->fd = -1;
}

static const struct transport_ops tls_ops = {
	.secure = true,
	.read = tls_read,
	.write = tls_write,
	.close = tls_close,
};

bool tlstransport_begin(struct transport *t, struct tls_context *ctx, const char *server_name)
{
	const struct tls_io io = {.pull = pull, .push = push, .arg = t};

	tlstransport_lock();
	t->tls = tls_session_new(ctx, &io, server_name);
	tlstransport_unlock();
	if (!t->tls)
		return false;
	t->ops = &tls_ops;
	return true;
}

enum tls_result tlstransport_handshake(struct transport *t, long long deadline_ms)
{
	for (;;) {
		enum tls_result result = tls_session_handshake(t->tls);
		short events = result == TLS_WANT_WRITE ? POLLOUT : POLLIN;

		if (result != TLS_WANT_READ && result != TLS_WANT_WRITE)
			return result;
		if (transport_wait(t->fd, events, deadline_ms) <= 0)
			return result;
	}
}
