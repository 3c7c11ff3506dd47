#include "config.h"

#include "common/base/talk.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/str.h"

long long talk_deadline(int timeout_ms)
{
	return timeout_ms < 0 ? -1 : clock_ms() + timeout_ms;
}

/* False with errno ETIMEDOUT when the time is over. */
static bool wait_ready(int fd, short events, long long deadline)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		long long left = deadline < 0 ? -1 : deadline - clock_ms();
		int n;

		if (deadline >= 0 && left < 0)
			left = 0;
		n = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
		if (n == 0 && left <= 0) {
			errno = ETIMEDOUT;
			return false;
		}
	}
}

/* A listener whose backlog is full lets a non-blocking connect fail with EAGAIN: try until the time
 * is over. */
static bool connect_until(int fd, const struct sockaddr_un *a, long long deadline)
{
	enum { RETRY_MS = 20 };

	while (connect(fd, (const struct sockaddr *)a, sizeof(*a)) != 0) {
		if (errno != EAGAIN && errno != EINTR)
			return false;
		if (deadline >= 0 && clock_ms() >= deadline) {
			errno = ETIMEDOUT;
			return false;
		}
		poll(NULL, 0, RETRY_MS);
	}
	return true;
}

int talk_connect(const char *path, long long deadline)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd, err;

	if (!str_copy(a.sun_path, sizeof(a.sun_path), path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect_until(fd, &a, deadline))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

bool talk_send(int fd, const void *data, size_t len, long long deadline)
{
	const char *from = data;

	while (len > 0) {
		ssize_t n = send(fd, from, len, MSG_NOSIGNAL);

		if (n >= 0) {
			from += n;
			len -= (size_t)n;
		} else if (errno != EAGAIN && errno != EINTR) {
			return false;
		} else if (!wait_ready(fd, POLLOUT, deadline)) {
			return false;
		}
	}
	return true;
}

ssize_t talk_receive(int fd, void *data, size_t size, long long deadline)
{
	for (;;) {
		ssize_t n;

		if (!wait_ready(fd, POLLIN, deadline))
			return -1;
		n = recv(fd, data, size, 0);
		if (n >= 0 || (errno != EAGAIN && errno != EINTR))
			return n;
	}
}
