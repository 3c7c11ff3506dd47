#include "config.h"

#include "clients/libupsclient/transport.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"

static ssize_t plain_read(struct transport *t, void *data, size_t size)
{
	t->waits_for = POLLIN;
	return recv(t->fd, data, size, MSG_DONTWAIT);
}

/* A server that went away is an error to report, never a signal that ends the host program. */
static ssize_t plain_write(struct transport *t, const void *data, size_t size)
{
	t->waits_for = POLLOUT;
	return send(t->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void plain_close(struct transport *t)
{
	close(t->fd);
	t->fd = -1;
}

static const struct transport_ops plain_ops = {
	.secure = false,
	.read = plain_read,
	.write = plain_write,
	.close = plain_close,
};

void transport_open_plain(struct transport *t, int fd)
{
	t->ops = &plain_ops;
	t->fd = fd;
	t->waits_for = POLLIN;
	t->tls = NULL;
}

long long transport_deadline_in(double seconds)
{
	/* A century: beyond it the sum of milliseconds means nothing. */
	if (!(seconds > 0) || seconds > 3.2e9)
		return TRANSPORT_FOR_EVER;
	return clock_ms() + (long long)(seconds * 1000) + 1;
}

int transport_wait(int fd, short events, long long deadline_ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int timeout_ms = -1;
		int ready;

		if (deadline_ms != TRANSPORT_FOR_EVER) {
			long long left = deadline_ms - clock_ms();

			timeout_ms = left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
		}
		ready = poll(&p, 1, timeout_ms);
		if (ready > 0 || (ready < 0 && errno != EINTR))
			return ready;
		if (ready == 0 && clock_ms() >= deadline_ms)
			return 0;
	}
}
