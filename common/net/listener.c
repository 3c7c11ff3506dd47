#include "config.h"

#include "common/net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/netaddr.h"

enum {
	BACKLOG = 4096,   /* the kernel cuts it to its own limit */
	ACCEPT_MAX = 256, /* connections of one wake-up, so that the others are served too */
	REST_MS = 1000,   /* after the kernel had no memory, or no descriptor at all */
	COMPLAIN_S = 60,
};

struct listener {
	struct loop *loop;
	const struct listener_ops *ops;
	void *arg;
	struct loop_watch *watch;
	struct loop_timer *rest;
	struct log_throttle complaint, relief; /* at the limit it comes and goes */
	bool exhausted, paused;
	bool busy, freed; /* freed while connections are handed out: released afterwards */
	int fd;
	int reserve; /* given up for a moment to refuse somebody; -1 = none left */
	char *path;  /* unix sockets */
	dev_t dev;
	ino_t ino;
};

static const char token[] = "listener";

static int open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void update_watch(struct listener *ln)
{
	bool wanted = !ln->paused && !loop_timer_pending(ln->rest);

	if (!loop_watch_set(ln->watch, wanted ? LOOP_READ : 0))
		log_error(token, "no memory to wait for connections");
}

static void rested(void *arg)
{
	update_watch(arg);
}

static void take_a_rest(struct listener *ln)
{
	loop_timer_set(ln->rest, REST_MS);
	update_watch(ln);
}

static void complain(struct listener *ln, int err)
{
	unsigned missed;

	ln->exhausted = true;
	if (log_throttle_pass(&ln->complaint, COMPLAIN_S, &missed))
		log_errno(token, err,
			  "cannot take more connections; raise the limit of open files "
			  "(ulimit -n, LimitNOFILE=)");
}

static int accept_one(struct listener *ln, struct sockaddr_storage *peer)
{
	socklen_t len = sizeof(*peer);

	memset(peer, 0, sizeof(*peer));
	return accept4(ln->fd, (struct sockaddr *)peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Uses the descriptor in reserve. False when there was none, or nobody to refuse. */
static bool refuse_one(struct listener *ln)
{
	struct sockaddr_storage peer;
	int fd;

	if (ln->reserve < 0)
		return false;
	close(ln->reserve);
	fd = accept_one(ln, &peer);
	if (fd >= 0) {
		if (ln->ops->refused)
			ln->ops->refused(ln->arg, fd);
		close(fd);
	}
	ln->reserve = open_reserve();
	return fd >= 0;
}

/* True when the next connection may be asked for. */
static bool accept_failed(struct listener *ln, int err)
{
	switch (err) {
	case EAGAIN:
#if EWOULDBLOCK != EAGAIN
	case EWOULDBLOCK:
#endif
		return false;
	case EMFILE:
	case ENFILE:
		complain(ln, err);
		if (refuse_one(ln))
			return true;
		take_a_rest(ln);
		return false;
	case ENOBUFS:
	case ENOMEM:
		complain(ln, err);
		take_a_rest(ln);
		return false;
	default:
		/* The fate of that one connection (accept(2)): reset, filtered, interrupted. */
		return true;
	}
}

static void recovered(struct listener *ln)
{
	unsigned missed;

	ln->exhausted = false;
	if (ln->reserve < 0)
		ln->reserve = open_reserve();
	if (log_throttle_pass(&ln->relief, COMPLAIN_S, &missed))
		log_notice(token, "connections are taken again");
}

static void release(struct listener *ln)
{
	close(ln->fd);
	if (ln->reserve >= 0)
		close(ln->reserve);
	free(ln->path);
	free(ln);
}

static void ready(void *arg, int events)
{
	struct listener *ln = arg;

	(void)events;
	ln->busy = true;
	for (int i = 0; i < ACCEPT_MAX && !ln->freed && !ln->paused; i++) {
		struct sockaddr_storage peer;
		int fd = accept_one(ln, &peer);

		if (fd >= 0 && ln->exhausted)
			recovered(ln);
		if (fd >= 0)
			ln->ops->accepted(ln->arg, fd, &peer);
		else if (!accept_failed(ln, errno))
			break;
	}
	ln->busy = false;
	if (ln->freed)
		release(ln);
}

/* Takes over fd, which is bound. */
static struct listener *start(struct loop *l, int fd, const struct listener_ops *ops, void *arg)
{
	struct listener *ln = calloc(1, sizeof(*ln));

	if (!ln)
		goto fail;
	ln->loop = l;
	ln->fd = fd;
	ln->ops = ops;
	ln->arg = arg;
	if (listen(fd, BACKLOG) != 0)
		goto fail;
	ln->rest = loop_timer_new(l, rested, ln);
	ln->watch = loop_watch_new(l, fd, LOOP_READ, ready, ln);
	if (!ln->rest || !ln->watch) {
		errno = ENOMEM;
		goto fail;
	}
	ln->reserve = open_reserve();
	return ln;
fail:
	if (ln) {
		loop_timer_free(ln->rest);
		loop_watch_free(ln->watch);
	}
	free(ln);
	return NULL;
}

static void close_keeping_errno(int fd)
{
	int err = errno;

	close(fd);
	errno = err;
}

int listener_bind(const struct sockaddr *sa, socklen_t len)
{
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (sa->sa_family != AF_INET6 ||
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
	    bind(fd, sa, len) == 0)
		return fd;
	close_keeping_errno(fd);
	return -1;
}

struct listener *listener_adopt(struct loop *l, int fd, const struct listener_ops *ops, void *arg)
{
	return start(l, fd, ops, arg);
}

struct listener *listener_tcp(struct loop *l, const struct sockaddr *sa, socklen_t len,
			      const struct listener_ops *ops, void *arg)
{
	int fd = listener_bind(sa, len);
	struct listener *ln = fd >= 0 ? start(l, fd, ops, arg) : NULL;

	if (fd >= 0 && !ln)
		close_keeping_errno(fd);
	return ln;
}

/* ------------------------------------------------------------ unix sockets */

/* False with EADDRINUSE when something other than a forgotten socket is there. */
static bool make_room(const struct sockaddr_un *un)
{
	struct stat st;
	int fd, err;

	if (lstat(un->sun_path, &st) != 0)
		return errno == ENOENT;
	err = EADDRINUSE;
	if (S_ISSOCK(st.st_mode)) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return false;
		if (connect(fd, (const struct sockaddr *)un, sizeof(*un)) != 0 &&
		    errno == ECONNREFUSED)
			err = 0;
		close(fd);
	}
	if (err == 0 && unlink(un->sun_path) == 0)
		return true;
	if (err)
		errno = err;
	return false;
}

/* The socket is never open to more than it shall be, not even for a moment. */
static bool bind_unix(int fd, const struct sockaddr_un *un, mode_t mode, gid_t group)
{
	mode_t before = umask(0777);
	int rc = bind(fd, (const struct sockaddr *)un, sizeof(*un));

	umask(before);
	if (rc != 0)
		return false;
	if ((group == (gid_t)-1 || chown(un->sun_path, (uid_t)-1, group) == 0) &&
	    chmod(un->sun_path, mode) == 0)
		return true;
	rc = errno;
	unlink(un->sun_path);
	errno = rc;
	return false;
}

static struct listener *serve_unix(struct loop *l, int fd, const struct sockaddr_un *un,
				   const struct listener_ops *ops, void *arg)
{
	struct listener *ln = start(l, fd, ops, arg);
	struct stat st;

	if (!ln) {
		unlink(un->sun_path);
		return NULL;
	}
	ln->path = str_dup(un->sun_path);
	if (ln->path && lstat(ln->path, &st) == 0) {
		ln->dev = st.st_dev;
		ln->ino = st.st_ino;
	}
	return ln;
}

struct listener *listener_unix(struct loop *l, const char *path, mode_t mode, gid_t group,
			       const struct listener_ops *ops, void *arg)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct listener *ln = NULL;
	int fd;

	if (!str_copy(un.sun_path, sizeof(un.sun_path), path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	if (!make_room(&un))
		return NULL;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	if (bind_unix(fd, &un, mode, group))
		ln = serve_unix(l, fd, &un, ops, arg);
	if (!ln)
		close_keeping_errno(fd);
	return ln;
}

static void remove_own_file(const struct listener *ln)
{
	struct stat st;

	if (ln->path && lstat(ln->path, &st) == 0 && st.st_dev == ln->dev && st.st_ino == ln->ino)
		unlink(ln->path);
}

void listener_free(struct listener *ln)
{
	if (!ln || ln->freed)
		return;
	remove_own_file(ln);
	loop_watch_free(ln->watch);
	loop_timer_free(ln->rest);
	ln->watch = NULL;
	ln->rest = NULL;
	ln->freed = true;
	if (!ln->busy)
		release(ln);
}

unsigned listener_port(const struct listener *ln)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	memset(&ss, 0, sizeof(ss));
	if (getsockname(ln->fd, (struct sockaddr *)&ss, &len) != 0)
		return 0;
	return netaddr_port(&ss);
}

void listener_pause(struct listener *ln, bool pause)
{
	ln->paused = pause;
	update_watch(ln);
}
