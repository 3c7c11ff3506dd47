#include "config.h"

#include "clients/cli/logtarget.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/str.h"

struct logtarget {
	char *path;
	int fd;
	bool failing;
};

static int open_path(const char *path)
{
	if (str_equal(path, "-"))
		return dup(STDOUT_FILENO);
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
}

struct logtarget *logtarget_open(const char *path)
{
	struct logtarget *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->path = str_dup(path);
	t->fd = t->path ? open_path(path) : -1;
	if (t->fd < 0) {
		int err = errno;

		free(t->path);
		free(t);
		errno = err;
		return NULL;
	}
	return t;
}

void logtarget_close(struct logtarget *t)
{
	if (!t)
		return;
	close(t->fd);
	free(t->path);
	free(t);
}

const char *logtarget_path(const struct logtarget *t)
{
	return t->path;
}

bool logtarget_is_stdout(const struct logtarget *t)
{
	return str_equal(t->path, "-");
}

void logtarget_reopen(struct logtarget *t)
{
	int fd = open_path(t->path);

	if (fd < 0) {
		log_errno("upslog", errno, "could not reopen logfile %s, going on with the old one",
			  t->path);
		return;
	}
	close(t->fd);
	t->fd = fd;
}

/* 0, or an errno value. */
static int write_all(int fd, struct iovec *parts, int count)
{
	while (count) {
		ssize_t n = writev(fd, parts, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		while (count && (size_t)n >= parts->iov_len) {
			n -= (ssize_t)parts->iov_len;
			parts++;
			count--;
		}
		if (count) {
			parts->iov_base = (char *)parts->iov_base + n;
			parts->iov_len -= (size_t)n;
		}
	}
	return 0;
}

void logtarget_write(struct logtarget *t, const char *line, size_t len)
{
	static char newline[] = "\n";
	struct iovec parts[] = {
		{.iov_base = (void *)(size_t)line, .iov_len = len},
		{.iov_base = newline, .iov_len = 1},
	};
	int err = write_all(t->fd, parts, 2);

	if (err && !t->failing)
		log_errno("upslog", err, "cannot write to logfile %s", t->path);
	if (!err && t->failing)
		log_notice("upslog", "logfile %s can be written to again", t->path);
	t->failing = err != 0;
}
