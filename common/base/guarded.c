#include "config.h"

#include "common/base/guarded.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/str.h"

enum { LINKS_MAX = 40 }; /* as the kernel's own limit */

struct walk {
	int folder;          /* how far we are */
	char rest[PATH_MAX]; /* what is still to go */
	unsigned links;
};

static bool is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

/* The entry of the folder; false with errno when it is not there, or others may replace it. */
static bool look_up(int folder, const char *name, struct stat *st)
{
	struct stat around;

	if (fstat(folder, &around) != 0 || fstatat(folder, name, st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	errno = EPERM;
	if (!is_ours(&around))
		return false;
	if (!(around.st_mode & (S_IWGRP | S_IWOTH)))
		return true;
	return (around.st_mode & S_ISVTX) && is_ours(st);
}

/* Cuts the next name off the rest; "" at the end. */
static void next_name(struct walk *w, char *name, size_t size)
{
	size_t begin = strspn(w->rest, "/");
	size_t len = strcspn(w->rest + begin, "/");

	name[0] = '\0';
	if (len < size) {
		memcpy(name, w->rest + begin, len);
		name[len] = '\0';
	}
	memmove(w->rest, w->rest + begin + len, strlen(w->rest + begin + len) + 1);
}

static bool start_at_root(struct walk *w)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return false;
	if (w->folder >= 0)
		close(w->folder);
	w->folder = root;
	return true;
}

/* What the link says comes before the rest. */
static bool follow(struct walk *w, const char *name)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t len = readlinkat(w->folder, name, target, sizeof(target) - 1);

	if (len < 0)
		return false;
	target[len] = '\0';
	if (++w->links > LINKS_MAX) {
		errno = ELOOP;
		return false;
	}
	str_copy(rest, sizeof(rest), w->rest);
	if (!str_format(w->rest, sizeof(w->rest), "%s/%s", target, rest)) {
		errno = ENAMETOOLONG;
		return false;
	}
	return target[0] != '/' || start_at_root(w);
}

static bool descend(struct walk *w, const char *name)
{
	int next = openat(w->folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (next < 0)
		return false;
	close(w->folder);
	w->folder = next;
	return true;
}

/* Neither a FIFO nor a device may keep us waiting. */
static int open_file(const struct walk *w, const char *name)
{
	int fd = openat(w->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

static int walk(struct walk *w)
{
	char name[NAME_MAX + 1];
	struct stat st;
	bool last;

	for (;;) {
		next_name(w, name, sizeof(name));
		if (!name[0]) {
			errno = EINVAL;
			return -1;
		}
		if (!look_up(w->folder, name, &st))
			return -1;
		last = w->rest[strspn(w->rest, "/")] == '\0';
		if (S_ISLNK(st.st_mode) ? !follow(w, name) : !last && !descend(w, name))
			return -1;
		if (last && !S_ISLNK(st.st_mode))
			return open_file(w, name);
	}
}

int guarded_open(const char *path)
{
	struct walk w = {.folder = -1};
	int fd, err;

	if (path[0] != '/' || !str_copy(w.rest, sizeof(w.rest), path)) {
		errno = path[0] == '/' ? ENAMETOOLONG : EINVAL;
		return -1;
	}
	if (!start_at_root(&w))
		return -1;
	fd = walk(&w);
	err = errno;
	close(w.folder);
	errno = err;
	return fd;
}
