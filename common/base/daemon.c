#include "config.h"

#include "common/base/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/errout.h"
#include "common/base/log.h"
#include "common/base/str.h"

/* The starter's part: waits for the child's word, or its death, and ends with what it says. */
static _Noreturn void wait_for_child(int fd, unsigned patience_s)
{
	long long deadline = clock_ms() + (long long)patience_s * 1000;
	unsigned char status = 1;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		long long left = deadline - clock_ms();
		int ready;

		if (patience_s && left <= 0)
			_exit(1);
		ready = poll(&p, 1, !patience_s ? -1 : left > INT_MAX ? INT_MAX : (int)left);
		if (ready < 0 && errno != EINTR)
			_exit(1);
		if (ready <= 0)
			continue;
		if (read(fd, &status, 1) != 1)
			_exit(1);
		_exit(status);
	}
}

int daemon_fork(int *handle, unsigned patience_s)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		int err = errno;

		close(fds[0]);
		close(fds[1]);
		errno = err;
		return -1;
	}
	if (pid > 0) {
		close(fds[1]);
		wait_for_child(fds[0], patience_s);
	}
	close(fds[0]);
	setsid();
	*handle = fds[1];
	return 0;
}

static void tell_starter(int handle, unsigned char status)
{
	ssize_t n;

	do
		n = write(handle, &status, 1);
	while (n < 0 && errno == EINTR);
	close(handle);
}

static void let_go_of_output(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		/* The starter may hold a pipe's other end: whoever reads it shall see its end. */
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		errout_close();
		if (null > STDERR_FILENO)
			close(null);
	}
}

void daemon_detach(int handle)
{
	let_go_of_output();
	close(handle);
}

void daemon_ready(int handle)
{
	let_go_of_output();
	tell_starter(handle, 0);
}

void daemon_failed(int handle)
{
	tell_starter(handle, 1);
}

int daemon_pidfile_write(const char *path)
{
	char name[PATH_MAX];
	char text[32];
	int fd, err = 0;

	if (!str_format(name, sizeof(name), "%s.new", path) ||
	    !str_format(text, sizeof(text), "%ld\n", (long)getpid()))
		return ENAMETOOLONG;
	/* Never through a link that somebody put there. */
	if (unlink(name) != 0 && errno != ENOENT)
		return errno;
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err = errno ? errno : EIO;
	if (fchmod(fd, 0644) != 0 && !err)
		err = errno;
	if (close(fd) != 0 && !err)
		err = errno;
	if (!err && rename(name, path) != 0)
		err = errno;
	if (err)
		unlink(name);
	return err;
}

int daemon_pidfile_remove(const char *path)
{
	return unlink(path) == 0 ? 0 : errno;
}

enum daemon_pid_result daemon_pidfile_read(const char *path, pid_t *pid)
{
	char text[32];
	ssize_t len;
	long number;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return errno == ENOENT ? DAEMON_PID_ABSENT : DAEMON_PID_UNREADABLE;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return DAEMON_PID_UNREADABLE;
	text[len] = '\0';
	text[strcspn(text, " \r\n")] = '\0';
	if (!str_to_long(text, 1, INT_MAX, &number))
		return DAEMON_PID_UNREADABLE;
	*pid = (pid_t)number;
	return DAEMON_PID_OK;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* libtool's wrappers run programs from .libs under the name lt-<program>. */
static bool same_program(const char *running, const char *program)
{
	static const char deleted[] = " (deleted)";
	size_t len = strlen(program);

	running = base_name(running);
	if (str_starts(running, "lt-"))
		running += 3;
	/* A package upgrade replaces the file of a program that goes on running. */
	return strncmp(running, program, len) == 0 &&
	       (running[len] == '\0' || str_equal(running + len, deleted));
}

/* By what /proc/PID/stat says, "1 (name) S ...".  A process that has ended, and that nobody buries,
 * is none: in a container the first process may be one that does not. */
static bool stat_is(char *text, const char *program)
{
	char *name = strchr(text, '('), *end = strrchr(text, ')');

	if (!name || !end || end < name || end[1] != ' ' || end[2] == 'Z' || end[2] == 'X')
		return false;
	*end = '\0';
	/* The kernel keeps 15 bytes of a name. */
	return strncmp(name + 1, program, 15) == 0;
}

static bool process_is(pid_t pid, const char *program)
{
	char link[64], path[PATH_MAX], text[256];
	ssize_t len;
	int fd;

	if (!program || getenv("NUT_IGNORE_CHECKPROCNAME"))
		return true;
	str_format(link, sizeof(link), "/proc/%ld/exe", (long)pid);
	len = readlink(link, path, sizeof(path) - 1);
	if (len > 0) {
		path[len] = '\0';
		return same_program(path, program);
	}
	/* Another user's process does not show its file, but its name. */
	str_format(link, sizeof(link), "/proc/%ld/stat", (long)pid);
	fd = open(link, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return access("/proc/self", F_OK) != 0; /* no /proc here: no way to tell */
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	return stat_is(text, program);
}

enum daemon_pid_result daemon_signal_pid(pid_t pid, const char *program, int signo)
{
	if (pid <= 1 || !process_is(pid, program) || kill(pid, signo) != 0)
		return DAEMON_PID_FAILED;
	return DAEMON_PID_OK;
}

enum daemon_pid_result daemon_signal_file(const char *path, const char *program, int signo)
{
	pid_t pid;
	enum daemon_pid_result result = daemon_pidfile_read(path, &pid);

	if (result != DAEMON_PID_OK)
		return result;
	return daemon_signal_pid(pid, program, signo);
}

static const char *why_not(enum daemon_pid_result result)
{
	switch (result) {
	case DAEMON_PID_ABSENT:
		return "it has no pid file; is it running?";
	case DAEMON_PID_UNREADABLE:
		return "its pid file cannot be read";
	default:
		return "no such process of that name, or no right to it";
	}
}

int daemon_command(const char *program, const char *command, const char *pid, const char *pidfile)
{
	int signo = !*command                       ? 0
		    : str_starts("reload", command) ? SIGHUP
		    : str_starts("stop", command)   ? SIGTERM
						    : 0;
	enum daemon_pid_result result = DAEMON_PID_FAILED;
	long number;

	if (!signo) {
		log_error("main", "unknown command \"%s\": %s knows reload and stop", command,
			  program);
		return 1;
	}
	if (pid && !str_to_long(pid, 2, INT_MAX, &number)) {
		log_error("main", "\"%s\" is no process number", pid);
		return 1;
	}
	if (pid)
		result = daemon_signal_pid((pid_t)number, program, signo);
	else if (pidfile)
		result = daemon_signal_file(pidfile, program, signo);
	if (result == DAEMON_PID_OK)
		return 0;
	log_error("main", "%s was not told to %s: %s", program, signo == SIGHUP ? "reload" : "stop",
		  why_not(result));
	return 1;
}

/* A socket that is connected to the supervisor; -1 = there is none to speak to. */
static int notify_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(sa.sun_path) || (path[0] != '/' && path[0] != '@'))
		return -1;
	memcpy(sa.sun_path, path, len);
	if (path[0] == '@')
		sa.sun_path[0] = '\0'; /* an abstract socket */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&sa,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int kept_notify_socket = -1;

void daemon_notify_keep(void)
{
	if (kept_notify_socket < 0)
		kept_notify_socket = notify_socket();
}

void daemon_notify(const char *state)
{
	int fd = kept_notify_socket >= 0 ? kept_notify_socket : notify_socket();

	/* A supervisor that does not listen is no reason to stop guarding the power. */
	if (fd < 0)
		return;
	(void)!send(fd, state, strlen(state), MSG_NOSIGNAL);
	if (fd != kept_notify_socket)
		close(fd);
}

long daemon_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	long number;

	if (!usec || !str_to_long(usec, 1, LONG_MAX, &number))
		return 0;
	if (pid) {
		long wanted;

		if (!str_to_long(pid, 1, INT_MAX, &wanted) || wanted != (long)getpid())
			return 0;
	}
	return number / 2000 > 0 ? number / 2000 : 1;
}

void daemon_close_inherited(void)
{
#ifdef HAVE_CLOSE_RANGE
	if (close_range(STDERR_FILENO + 1, ~0U, 0) == 0)
		return;
#endif
	long max = sysconf(_SC_OPEN_MAX);

	/* Without close_range(2) a very high limit would cost seconds; inherited ones are low. */
	if (max < 0 || max > 4096)
		max = 4096;
	for (int fd = STDERR_FILENO + 1; fd < max; fd++)
		close(fd);
}
