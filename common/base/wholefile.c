#include "config.h"

#include "common/base/wholefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/str.h"

int wholefile_read_fd(int fd, struct buffer *text)
{
	char in[4096];
	size_t before = text->len;
	ssize_t n;
	int err = 0;

	while (!err && (n = read(fd, in, sizeof(in))) != 0) {
		if (n < 0)
			err = errno == EINTR ? 0 : errno;
		else if (text->len - before > WHOLEFILE_MAX)
			err = EFBIG;
		else
			buffer_append(text, in, (size_t)n);
	}
	/* Files with passwords are read, too. */
	secret_wipe(in, sizeof(in));
	return err ? err : text->failed ? ENOMEM : 0;
}

int wholefile_read(const char *path, struct buffer *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err;

	if (fd < 0)
		return errno;
	err = wholefile_read_fd(fd, text);
	close(fd);
	return err;
}

static int write_all(int fd, const struct buffer *text)
{
	for (size_t done = 0; done < text->len;) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0 && errno != EINTR)
			return errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* The owner first: a change of owner may take mode bits away. */
static int fill(int fd, const struct buffer *text, const struct wholefile_owner *owner)
{
	int err;

	if (owner && (fchown(fd, owner->uid, owner->gid) != 0 || fchmod(fd, owner->mode) != 0))
		return errno;
	err = write_all(fd, text);
	if (!err && fsync(fd) != 0)
		err = errno;
	return err;
}

/* Where the file really is, and whose it is. */
static int find_place(struct wholefile_staged *s, const char *path,
		      const struct wholefile_owner **owner, struct wholefile_owner *old)
{
	struct stat st;

	if (lstat(path, &st) != 0) {
		if (errno != ENOENT)
			return errno;
		return str_copy(s->path, sizeof(s->path), path) ? 0 : ENAMETOOLONG;
	}
	if (!realpath(path, s->path) || stat(s->path, &st) != 0)
		return errno;
	*old = (struct wholefile_owner){st.st_uid, st.st_gid, st.st_mode & 07777};
	*owner = old;
	return 0;
}

int wholefile_stage(struct wholefile_staged *s, const char *path, const struct buffer *text,
		    const struct wholefile_owner *owner)
{
	struct wholefile_owner old;
	int fd, err;

	s->fresh[0] = '\0';
	err = find_place(s, path, &owner, &old);
	if (err)
		return err;
	if (!str_format(s->fresh, sizeof(s->fresh), "%s.XXXXXX", s->path)) {
		*s->fresh = '\0';
		return ENAMETOOLONG;
	}
	fd = mkostemp(s->fresh, O_CLOEXEC);
	if (fd < 0) {
		*s->fresh = '\0';
		return errno;
	}
	err = fill(fd, text, owner);
	if (close(fd) != 0 && !err)
		err = errno;
	if (err)
		wholefile_drop(s);
	return err;
}

/* The new name is on the disk, too. A folder that cannot be told so does no harm. */
static void sync_folder(const char *path)
{
	char folder[PATH_MAX], *slash;
	int fd;

	str_copy(folder, sizeof(folder), path);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int wholefile_place(struct wholefile_staged *s)
{
	if (rename(s->fresh, s->path) != 0) {
		int err = errno;

		wholefile_drop(s);
		return err;
	}
	*s->fresh = '\0';
	sync_folder(s->path);
	return 0;
}

void wholefile_drop(struct wholefile_staged *s)
{
	if (*s->fresh)
		unlink(s->fresh);
	*s->fresh = '\0';
}

int wholefile_replace(const char *path, const struct buffer *text,
		      const struct wholefile_owner *owner)
{
	struct wholefile_staged s;
	int err = wholefile_stage(&s, path, text, owner);

	return err ? err : wholefile_place(&s);
}
