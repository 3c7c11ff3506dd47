#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/str.h"
#include "drivers/transport/holder.h"

static struct flock whole_file(void)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

bool holder_lock(int fd, pid_t *holder)
{
	struct flock lock = whole_file();
	int error;

	*holder = 0;
	if (fcntl(fd, F_SETLK, &lock) == 0)
		return true;
	error = errno;
	lock = whole_file();
	if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		*holder = lock.l_pid;
	errno = error;
	return false;
}

bool holder_command(pid_t pid, char *dst, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	str_format(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, dst, size - 1);
	close(fd);
	dst[n > 0 ? n : 0] = '\0';
	dst[strcspn(dst, "\n")] = '\0';
	return *dst != '\0';
}

void holder_name(pid_t pid, char *dst, size_t size)
{
	char name[64];

	if (pid > 0 && holder_command(pid, name, sizeof(name)))
		str_format(dst, size, "%s (pid %ld)", name, (long)pid);
	else if (pid > 0)
		str_format(dst, size, "pid %ld", (long)pid);
	else
		str_format(dst, size, "another program");
}

static bool has_open(const char *pid, const struct stat *node)
{
	char path[PATH_MAX];
	struct dirent *e;
	struct stat st;
	bool found = false;
	DIR *d;

	str_format(path, sizeof(path), "/proc/%s/fd", pid);
	d = opendir(path);
	while (d && !found && (e = readdir(d)))
		found = fstatat(dirfd(d), e->d_name, &st, 0) == 0 && st.st_dev == node->st_dev &&
			st.st_ino == node->st_ino;
	if (d)
		closedir(d);
	return found;
}

pid_t holder_find(const char *node)
{
	struct stat st;
	DIR *d = stat(node, &st) == 0 ? opendir("/proc") : NULL;
	struct dirent *e;
	pid_t pid = 0;
	long number;

	while (d && !pid && (e = readdir(d)))
		if (str_to_long(e->d_name, 1, INT_MAX, &number) && number != getpid() &&
		    has_open(e->d_name, &st))
			pid = (pid_t)number;
	if (d)
		closedir(d);
	return pid;
}
