#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/upsmon/conf/mkconf.h"
#include "common/base/str.h"

static bool write_all(int fd, const struct buffer *b)
{
	for (size_t done = 0; done < b->len;) {
		ssize_t n = write(fd, b->data + done, b->len - done);

		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return fchmod(fd, 0600) == 0 && fsync(fd) == 0;
}

/* link(2) never takes the place of a file, whoever makes one meanwhile. */
static bool put_in_place(const char *fresh, const char *path, bool force)
{
	return force ? rename(fresh, path) == 0 : link(fresh, path) == 0;
}

int mkconf_write(const char *path, const struct buffer *b, bool force)
{
	char fresh[PATH_MAX];
	int fd, err = 0;

	if (!str_format(fresh, sizeof(fresh), "%s.XXXXXX", path))
		return ENAMETOOLONG;
	fd = mkostemp(fresh, O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (!write_all(fd, b))
		err = errno;
	if (close(fd) != 0 && !err)
		err = errno;
	if (!err && !put_in_place(fresh, path, force))
		err = errno;
	if (err || !force)
		unlink(fresh);
	return err;
}
