/*
 * A message each way, over a socket that keeps messages apart: a question is a
 * struct question, an answer an errno value and, when that is 0, a descriptor.
 */
#include "config.h"

#include "common/net/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/fence.h"
#include "common/base/guarded.h"
#include "common/base/helper.h"
#include "common/base/log.h"
#include "common/base/privilege.h"
#include "common/base/str.h"
#include "common/net/listener.h"

enum { ANSWER_LIMIT_S = 10 };

enum request { REQUEST_OPEN, REQUEST_BIND };

struct question {
	uint32_t request; /* enum request */
	uint32_t index;   /* into the list */
};

struct opener {
	char *paths[OPENER_PATHS_MAX];
	size_t path_count;
	struct netaddr addrs[OPENER_ADDRS_MAX];
	size_t addr_count;
	pid_t pid; /* 0 = another process answers, which is not our child */
	int fd; /* -1 when it is of no use any more */
};

static const char token[] = "opener";

/* ---------------------------------------------------------------- the process */

static int serve_one(const struct opener_list *l, const struct question *q)
{
	const struct netaddr *addr;

	errno = EACCES;
	if (q->request == REQUEST_OPEN && q->index < l->path_count)
		return guarded_open(l->paths[q->index]);
	if (q->request != REQUEST_BIND || q->index >= l->addr_count)
		return -1;
	addr = &l->addrs[q->index];
	return listener_bind((const struct sockaddr *)&addr->ss, addr->len);
}

union control {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static bool send_answer(int to, int32_t err, int fd)
{
	struct iovec body = {&err, sizeof(err)};
	union control control = {0};
	struct msghdr message = {.msg_iov = &body, .msg_iovlen = 1};
	struct cmsghdr *header;

	if (fd >= 0) {
		message.msg_control = control.space;
		message.msg_controllen = sizeof(control.space);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	return sendmsg(to, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(err);
}

bool opener_answer(int from, const struct opener_list *l)
{
	struct question q;
	ssize_t n;
	bool sent;
	int fd;

	do
		n = recv(from, &q, sizeof(q), 0);
	while (n < 0 && errno == EINTR);
	/* The asker's end, or not our language. */
	if (n != (ssize_t)sizeof(q))
		return false;
	fd = serve_one(l, &q);
	sent = send_answer(from, fd < 0 ? errno : 0, fd);
	if (fd >= 0)
		close(fd);
	return sent;
}

static void confine(const struct opener_list *l)
{
	struct fence f = {.count = 0};

	for (size_t i = 0; i < l->path_count; i++)
		fence_allow_around(&f, l->paths[i], SANDBOX_READ);
	fence_close(&f, SANDBOX_NO_PROGRAMS);
}

static _Noreturn void run(const struct opener_list *l, int fd, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	helper_enter_with_rights("nut-opener", fd);
	privilege_hide_memory();
	if (l->sandbox)
		confine(l);
	while (opener_answer(HELPER_FD, l))
		continue;
	_exit(0);
}

/* ----------------------------------------------------------------- its owner */

void opener_list_path(struct opener_list *l, const char *path)
{
	if (path && l->path_count < OPENER_PATHS_MAX)
		l->paths[l->path_count++] = path;
}

void opener_list_addr(struct opener_list *l, const struct netaddr *addr)
{
	if (l->addr_count < OPENER_ADDRS_MAX)
		l->addrs[l->addr_count++] = *addr;
}

static bool copy_lists(struct opener *o, const struct opener_list *l)
{
	for (; o->path_count < l->path_count; o->path_count++) {
		o->paths[o->path_count] = str_dup(l->paths[o->path_count]);
		if (!o->paths[o->path_count])
			return false;
	}
	memcpy(o->addrs, l->addrs, sizeof(o->addrs));
	o->addr_count = l->addr_count;
	return true;
}

static void limit_patience(int fd)
{
	const struct timeval limit = {.tv_sec = ANSWER_LIMIT_S};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

static bool start(struct opener *o, const struct opener_list *l)
{
	pid_t parent = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	limit_patience(ends[0]);
	o->pid = fork();
	if (o->pid == 0)
		run(l, ends[1], parent);
	close(ends[1]);
	o->fd = ends[0];
	return o->pid > 0;
}

struct opener *opener_new(const struct opener_list *l)
{
	struct opener *o = calloc(1, sizeof(*o));
	int err;

	if (!o)
		return NULL;
	o->fd = -1;
	errno = ENOMEM;
	if (copy_lists(o, l) && start(o, l))
		return o;
	err = errno;
	opener_free(o);
	errno = err;
	return NULL;
}

struct opener *opener_new_remote(const struct opener_list *l, int fd)
{
	struct opener *o = calloc(1, sizeof(*o));

	if (o && copy_lists(o, l)) {
		o->fd = fd;
		limit_patience(fd);
		return o;
	}
	if (o)
		o->fd = -1;
	opener_free(o);
	errno = ENOMEM;
	return NULL;
}

void opener_free(struct opener *o)
{
	if (!o)
		return;
	if (o->fd >= 0) {
		close(o->fd); /* that ends it; one that did not answer is not waited for */
		if (o->pid > 0)
			waitpid(o->pid, NULL, 0);
	}
	for (size_t i = 0; i < o->path_count; i++)
		free(o->paths[i]);
	free(o);
}

/* A late answer would be taken for that to the next question. */
static void give_up(struct opener *o)
{
	log_errno(token, errno,
		  "the process that opens files for us is gone: a restart is needed to read root's "
		  "files again");
	close(o->fd);
	o->fd = -1;
}

static int received_fd(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

/* *err is what the opener says. */
static ssize_t receive(int socket, int32_t *err, int *fd)
{
	struct iovec body = {err, sizeof(*err)};
	union control control = {0};
	struct msghdr message = {.msg_iov = &body,
				 .msg_iovlen = 1,
				 .msg_control = control.space,
				 .msg_controllen = sizeof(control.space)};
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	*fd = n > 0 ? received_fd(&message) : -1;
	return n;
}

static int ask(struct opener *o, enum request request, size_t index)
{
	const struct question q = {.request = (uint32_t)request, .index = (uint32_t)index};
	int32_t err = 0;
	ssize_t n;
	int fd = -1;

	errno = EPIPE;
	n = send(o->fd, &q, sizeof(q), MSG_NOSIGNAL);
	if (n == (ssize_t)sizeof(q))
		n = receive(o->fd, &err, &fd);
	if (n <= 0) {
		give_up(o);
		errno = EACCES;
		return -1;
	}
	if (fd < 0)
		errno = err ? err : EIO;
	return fd;
}

/* As guarded_open() has it: a FIFO that nobody writes to would hold us up for ever. */
static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

int opener_open(struct opener *o, const char *path)
{
	int fd = open_file(path);

	/* In a chroot there is no such file. */
	if (fd >= 0 || (errno != EACCES && errno != ENOENT) || !o || o->fd < 0)
		return fd;
	for (size_t i = 0; i < o->path_count; i++)
		if (str_equal(o->paths[i], path))
			return ask(o, REQUEST_OPEN, i);
	return fd;
}

int opener_bind(struct opener *o, const struct netaddr *addr)
{
	errno = EACCES;
	for (size_t i = 0; o && o->fd >= 0 && i < o->addr_count; i++)
		if (o->addrs[i].len == addr->len &&
		    memcmp(&o->addrs[i].ss, &addr->ss, addr->len) == 0)
			return ask(o, REQUEST_BIND, i);
	return -1;
}
