#include "config.h"

#include "clients/upsmon/notify/nutlog.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "nutlog";

const char nutlog_usual_path[] = "/var/log/NUT.log";

struct nutlog {
	char path[PATH_MAX];
	char day[16]; /* of the last line; "" = the next one needs a head */
	int fd;       /* -1 = not open */
	bool failing; /* and told so */
};

struct nutlog *nutlog_new(void)
{
	struct nutlog *n = calloc(1, sizeof(*n));

	if (n)
		n->fd = -1;
	return n;
}

static void let_go(struct nutlog *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
	n->day[0] = '\0';
}

void nutlog_free(struct nutlog *n)
{
	if (!n)
		return;
	let_go(n);
	free(n);
}

static bool is_still_there(const struct nutlog *n)
{
	struct stat here, there;

	return fstat(n->fd, &here) == 0 && stat(n->path, &there) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* A pipe that nobody reads must not hold us up. */
static bool take_hold(struct nutlog *n, const char *path)
{
	if (!str_equal(n->path, path) || (n->fd >= 0 && !is_still_there(n)))
		let_go(n);
	if (!str_copy(n->path, sizeof(n->path), path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (n->fd < 0)
		n->fd = open(path,
			     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
			     0600);
	return n->fd >= 0;
}

static void append_line(struct nutlog *n, struct buffer *b, const char *text, time_t now)
{
	struct tm tm = {0};
	char day[sizeof(n->day)] = "", clock[16] = "";

	localtime_r(&now, &tm);
	strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	if (!str_equal(day, n->day))
		buffer_appendf(b, "%s ####\n", day);
	str_copy(n->day, sizeof(n->day), day);
	buffer_appendf(b, "%s upsmon ", clock);
	for (const char *p = text; *p; p++)
		buffer_append_char(b, (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p);
	buffer_append_char(b, '\n');
}

static bool write_line(struct nutlog *n, const char *path, const char *text, time_t now)
{
	struct buffer b = {0};
	ssize_t len = -1;

	if (!take_hold(n, path))
		return false;
	append_line(n, &b, text, now);
	errno = ENOMEM;
	if (!b.failed)
		len = write(n->fd, b.data, b.len);
	buffer_free(&b);
	return len >= 0;
}

void nutlog_write(struct nutlog *n, const char *path, const char *text, time_t now)
{
	if (!*path)
		path = nutlog_usual_path;
	if (write_line(n, path, text, now)) {
		n->failing = false;
		return;
	}
	if (!n->failing)
		log_errno(token, errno, "cannot write NUTLOG's file %s", path);
	n->failing = true;
}
