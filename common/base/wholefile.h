/*
 * wholefile: a file that is read and replaced as one piece.
 *
 * A new text is written beside the file, to the disk, under a name of its own,
 * and takes the place in one step: at any time the file is there whole, old or
 * new.  Staging and placing are apart, so that several files can be ready
 * before the first is changed.  A symbolic link stays one; what it leads to is
 * replaced.
 */
#ifndef COMMON_BASE_WHOLEFILE_H
#define COMMON_BASE_WHOLEFILE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/base/buffer.h"

enum { WHOLEFILE_MAX = 16 * 1024 * 1024 };

/* Who a file is for, and may do what. */
struct wholefile_owner {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

/* Appends what an open file, or one by its name, holds; 0 or an errno value (EFBIG: too long). */
int wholefile_read_fd(int fd, struct buffer *text);
int wholefile_read(const char *path, struct buffer *text);

struct wholefile_staged {
	char fresh[PATH_MAX]; /* "" = none */
	char path[PATH_MAX];
};

/*
 * Writes a text that is to be `path`.  A file that is there gives its owner and
 * mode; `owner` is for a new one, NULL: the caller's, 0600.  0 or an errno value
 * (ENOENT also for a link that leads nowhere), and then nothing is left behind.
 */
int wholefile_stage(struct wholefile_staged *s, const char *path, const struct buffer *text,
		    const struct wholefile_owner *owner);

/* Puts it in its place; 0 or an errno value, and then it is gone. */
int wholefile_place(struct wholefile_staged *s);

/* Removes it, if it was not placed. */
void wholefile_drop(struct wholefile_staged *s);

/* Both in one. */
int wholefile_replace(const char *path, const struct buffer *text,
		      const struct wholefile_owner *owner);

#endif
