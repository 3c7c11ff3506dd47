#include "config.h"

#include "clients/upsmon/powerflag.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { MAGIC_LEN = sizeof(POWERFLAG_MAGIC) - 1 };

enum powerflag powerflag_check(const char *path)
{
	char text[MAGIC_LEN];
	ssize_t len;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return errno == ENOENT ? POWERFLAG_ABSENT : POWERFLAG_FOREIGN;
	len = read(fd, text, sizeof(text));
	close(fd);
	return len == MAGIC_LEN && !memcmp(text, POWERFLAG_MAGIC, MAGIC_LEN) ? POWERFLAG_SET
									     : POWERFLAG_FOREIGN;
}

static int write_magic(int fd)
{
	ssize_t len = write(fd, POWERFLAG_MAGIC, MAGIC_LEN);

	if (len != MAGIC_LEN)
		return len < 0 ? errno : ENOSPC;
	return fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
}

int powerflag_set(const char *path)
{
	int fd, err;

	if (powerflag_check(path) == POWERFLAG_SET)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return errno;
	err = write_magic(fd);
	if (close(fd) != 0 && !err)
		err = errno;
	return err;
}

int powerflag_clear(const char *path)
{
	return unlink(path) == 0 ? 0 : errno;
}
