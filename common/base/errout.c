#include "config.h"

#include "common/base/errout.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"

enum { NAP_MS = 5 };

static struct {
	int fd;     /* -1: there is none */
	bool tried; /* for this device and inode */
	dev_t dev;
	ino_t ino;
	bool cut; /* the last line, in its middle */
} own = {.fd = -1};

static bool is_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_NONBLOCK);
}

/* Systems without /proc give the same description again for /dev/fd/2, and only a terminal has a
 * name. */
static int open_again(void)
{
	static const int flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open("/proc/self/fd/2", flags), low;
	char name[128];

	if (fd < 0 && ttyname_r(STDERR_FILENO, name, sizeof(name)) == 0)
		fd = open(name, flags);
	if (fd >= 0 && fd <= STDERR_FILENO) { /* started with stdin or stdout closed */
		low = fd;
		fd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		close(low);
	}
	return fd;
}

/* Those who close all descriptors have closed ours, too, and its number may be another file's by
 * now: then it is not for us to close, nor to write to. */
static bool still_ours(void)
{
	struct stat st;

	return own.fd >= 0 && fstat(own.fd, &st) == 0 && st.st_dev == own.dev &&
	       st.st_ino == own.ino && is_nonblocking(own.fd);
}

void errout_close(void)
{
	if (still_ours())
		close(own.fd);
	own.fd = -1;
	own.tried = false;
}

/* A descriptor of ours for what stderr is now, or -1. */
static int own_descriptor(const struct stat *now)
{
	if (own.tried && now->st_dev == own.dev && now->st_ino == own.ino &&
	    (own.fd < 0 || still_ours()))
		return own.fd;
	errout_close();
	own.dev = now->st_dev;
	own.ino = now->st_ino;
	own.fd = open_again();
	if (own.fd >= 0 && !still_ours()) {
		close(own.fd);
		own.fd = -1;
	}
	own.tried = true;
	return own.fd;
}

static bool has_reader(const struct stat *st)
{
	return S_ISFIFO(st->st_mode) || (S_ISCHR(st->st_mode) && isatty(STDERR_FILENO));
}

void errout_open(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == 0 && has_reader(&st))
		own_descriptor(&st);
}

/* A signal does not make the wait longer, nor a full pipe writable. */
static bool wait_until_writable(int ms)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
	long long end = clock_ms() + ms;
	int n = poll(&out, 1, ms);

	while (n < 0 && errno == EINTR) {
		long long left = end - clock_ms();

		n = poll(&out, 1, left > 0 ? (int)left : 0);
	}
	return n != 0;
}

/* One try, which does not block. */
static ssize_t put(int fd, bool is_socket, const char *bytes, size_t len)
{
	return is_socket ? send(STDERR_FILENO, bytes, len, MSG_DONTWAIT) : write(fd, bytes, len);
}

/* Naps are counted, so that neither signals nor a clock make more of them. */
static bool put_all(int fd, bool is_socket, const char *line, size_t len, int patience_ms)
{
	int naps = patience_ms / NAP_MS;
	size_t done = 0;

	while (done < len) {
		ssize_t n = put(fd, is_socket, line + done, len - done);

		if (n >= 0) {
			done += (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (naps-- == 0) {
				own.cut = own.cut || done > 0;
				return false;
			}
			poll(NULL, 0, NAP_MS);
		} else if (errno != EINTR) {
			return true; /* nobody is left to tell when stderr itself fails */
		}
	}
	return true;
}

static bool put_line(int fd, bool is_socket, const char *line, size_t len, int patience_ms)
{
	if (own.cut && !put_all(fd, is_socket, "\n", 1, patience_ms))
		return false;
	own.cut = false;
	return put_all(fd, is_socket, line, len, patience_ms);
}

bool errout_write(const char *line, size_t len, int patience_ms)
{
	struct stat st;
	bool is_socket = false;
	int fd = -1;

	if (fstat(STDERR_FILENO, &st) == 0) {
		is_socket = S_ISSOCK(st.st_mode);
		if (has_reader(&st))
			fd = own_descriptor(&st);
	}
	if (is_socket || fd >= 0)
		return put_line(fd, is_socket, line, len, patience_ms);
	if (!wait_until_writable(patience_ms))
		return false;
	return write(STDERR_FILENO, line, len) >= 0 || errno != EAGAIN;
}
