#include "config.h"

#include "clients/upssched/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/str.h"

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether the path still leads to the file that is open. */
static bool is_at(int fd, const char *path)
{
	struct stat open_file, named;

	return fstat(fd, &open_file) == 0 && lstat(path, &named) == 0 &&
	       same_file(&open_file, &named);
}

/* Ours holds the number of a process, NUT's holds nothing. */
enum content { CONTENT_NONE, CONTENT_PID, CONTENT_FOREIGN };

static enum content read_content(int fd)
{
	char text[32];
	ssize_t len = pread(fd, text, sizeof(text), 0);
	long pid;

	if (len == 0)
		return CONTENT_NONE;
	if (len < 0 || len == sizeof(text) || text[len - 1] != '\n')
		return CONTENT_FOREIGN;
	text[len - 1] = '\0';
	return str_to_long(text, 1, INT32_MAX, &pid) ? CONTENT_PID : CONTENT_FOREIGN;
}

/* True when it is the one that was there the last time, for long enough. */
static bool has_stayed(struct lock *l, const struct stat *st, long long now_ms)
{
	if (l->dev != st->st_dev || l->ino != st->st_ino) {
		l->dev = st->st_dev;
		l->ino = st->st_ino;
		l->since_ms = now_ms;
	}
	return now_ms - l->since_ms >= LOCK_GRACE_MS;
}

static void forget(struct lock *l)
{
	l->dev = 0;
	l->ino = 0;
}

/* The file is open and locked by nobody else, so that nobody else removes it either. */
static enum lock_state judge_open(struct lock *l, int fd, bool stayed)
{
	enum content content = read_content(fd);

	if (!is_at(fd, l->path))
		return LOCK_HELD; /* gone, or another one already: look again */
	if (content == CONTENT_FOREIGN)
		return LOCK_FOREIGN;
	if (content == CONTENT_NONE && !stayed)
		return LOCK_HELD;
	return unlink(l->path) == 0 ? LOCK_FREE : LOCK_FOREIGN;
}

enum lock_state lock_look(struct lock *l, long long now_ms)
{
	enum lock_state state = LOCK_HELD;
	struct stat st;
	bool stayed;
	int fd;

	if (lstat(l->path, &st) != 0) {
		forget(l);
		return LOCK_FREE;
	}
	if (!S_ISREG(st.st_mode))
		return LOCK_FOREIGN;
	stayed = has_stayed(l, &st, now_ms);
	fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		/* NUT's has no permissions at all, so its content cannot be known. */
		if (errno == EACCES && stayed && st.st_size == 0 && unlink(l->path) == 0)
			state = LOCK_FREE;
		return state;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		state = judge_open(l, fd, stayed);
	else
		l->since_ms = now_ms; /* its holder lives */
	close(fd);
	return state;
}

int lock_take(struct lock *l)
{
	char text[32];
	int fd = open(l->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	/* Somebody who looks at it has it locked for a moment, and removes it if we were stopped
	 * here for long. */
	while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
		continue;
	if (!is_at(fd, l->path)) {
		close(fd);
		return EEXIST;
	}
	l->fd = fd;
	str_format(text, sizeof(text), "%ld\n", (long)getpid());
	if (write(fd, text, strlen(text)) < 0)
		log_debug(1, "lock", "no number in %s: %s", l->path, strerror(errno));
	return 0;
}

void lock_release(struct lock *l)
{
	if (l->fd < 0)
		return;
	if (is_at(l->fd, l->path))
		unlink(l->path);
	close(l->fd);
	l->fd = -1;
}
