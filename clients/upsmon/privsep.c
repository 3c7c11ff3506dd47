#include "config.h"

#include "clients/upsmon/privsep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/upsmon/hooks.h"
#include "clients/upsmon/powerflag.h"
#include "clients/upsmon/spawn.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "parent";

enum { FLAG_LIMIT_MS = 2000, FLAG_LOOK_MS = 2 };

/* ---------------------------------------------------------------- messages */

union control {
	char space[CMSG_SPACE(PRIV_FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

int priv_pair(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

int priv_send_message(int fd, const struct priv_message *m, const int *fds, size_t count)
{
	struct iovec body = {.iov_base = (void *)(uintptr_t)m, .iov_len = sizeof(*m)};
	struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};
	union control control = {{0}};
	ssize_t len;

	if (count > 0 && count <= PRIV_FDS_MAX) {
		struct cmsghdr *header;

		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	}
	do
		len = sendmsg(fd, &message, MSG_NOSIGNAL);
	while (len < 0 && errno == EINTR);
	return len == sizeof(*m) ? 0 : -1;
}

int priv_send(int fd, enum priv_type type, int value)
{
	return priv_send_message(fd, &(struct priv_message){.type = type, .value = value}, NULL, 0);
}

/* Keeps those that were asked for, closes the others. */
static void take_fds(struct msghdr *message, int *fds)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	size_t count;

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return;
	count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (size_t i = 0; i < count && i < PRIV_FDS_MAX; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
		if (fds)
			fds[i] = fd;
		else
			close(fd);
	}
}

int priv_receive(int fd, struct priv_message *m, int *fds)
{
	struct iovec body = {.iov_base = m, .iov_len = sizeof(*m)};
	union control control;
	struct msghdr message = {.msg_iov = &body,
				 .msg_iovlen = 1,
				 .msg_control = control.space,
				 .msg_controllen = sizeof(control.space)};
	ssize_t len;

	for (size_t i = 0; fds && i < PRIV_FDS_MAX; i++)
		fds[i] = -1;
	do
		len = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len == 0)
		return 0;
	if (len > 0)
		take_fds(&message, fds);
	if (len > 0 && len != sizeof(*m)) {
		errno = EPROTO;
		return -1;
	}
	return len < 0 ? -1 : 1;
}

/* ----------------------------------------------------------------- the act */

static void log_flag(const char *path, int err)
{
	if (err)
		log_errno(token, err, "Failed to create power down flag! (%s)", path);
}

/* In a process of its own: a disk that hangs must not cost the shutdown. */
static void set_flag(const char *path)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(powerflag_set(path));
	if (pid < 0) {
		log_flag(path, powerflag_set(path));
		return;
	}
	for (int waited = 0; waited < FLAG_LIMIT_MS; waited += FLAG_LOOK_MS) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			log_flag(path, WIFEXITED(status) ? WEXITSTATUS(status) : EIO);
			return;
		}
		clock_sleep_ms(FLAG_LOOK_MS);
	}
	log_error(token, "the disk takes too long for the power down flag %s: going on without",
		  path);
}

pid_t priv_execute(const struct priv_orders *orders, int command)
{
	char shell[] = "/bin/sh", dash_c[] = "-c", *shell_text;
	char *argv[] = {shell, dash_c, NULL, NULL};
	pid_t pid;

	if (orders->powerdown_flag)
		set_flag(orders->powerdown_flag);
	if (command < 0 || (size_t)command >= orders->command_count) {
		errno = ENOENT;
		return -1;
	}
	argv[2] = shell_text = str_dup(orders->commands[command]);
	pid = shell_text ? spawn_run(&(struct spawn){.argv = argv, .input = -1}) : -1;
	free(shell_text);
	return pid;
}

pid_t priv_run_hooks(const struct priv_orders *orders, long limit_s)
{
	pid_t pid;

	if (!orders->hook_dir) {
		errno = ENOENT;
		return -1;
	}
	pid = fork();
	if (pid == 0)
		_exit(hooks_run(orders->hook_dir, orders->hook_each, limit_s));
	return pid;
}
