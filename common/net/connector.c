#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/net/netaddr.h"

enum {
	SHARE_MIN_MS = 1000,
	UNIX_RETRY_MS = 50, /* a unix socket whose queue is full does not wait by itself */
};

struct connector {
	struct loop *loop;
	connector_fn *done;
	void *arg;
	struct loop_deferred begin;
	struct loop_watch *watch;
	struct loop_timer *limit, *again;
	int share_ms;
	int fd;
	int err;            /* of the last attempt that failed */
	size_t next, count; /* addrs[next - 1] is being tried */
	struct netaddr addrs[];
};

static void drop_attempt(struct connector *c)
{
	loop_watch_free(c->watch);
	c->watch = NULL;
	loop_timer_cancel(c->limit);
	loop_timer_cancel(c->again);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void connector_cancel(struct connector *c)
{
	if (!c)
		return;
	loop_defer_cancel(&c->begin);
	drop_attempt(c);
	loop_timer_free(c->limit);
	loop_timer_free(c->again);
	free(c);
}

static void finish(struct connector *c, int fd)
{
	connector_fn *done = c->done;
	void *arg = c->arg;
	int err = fd >= 0 ? 0 : c->err;

	connector_cancel(c);
	done(arg, fd, err);
}

static void connected(struct connector *c)
{
	int fd = c->fd;

	c->fd = -1;
	finish(c, fd);
}

static void writable(void *arg, int events);
static void try_next(struct connector *c);

/* 0 = connected, EINPROGRESS = we shall hear about it, else why it failed. */
static int ask_kernel(struct connector *c)
{
	const struct netaddr *a = &c->addrs[c->next - 1];

	if (connect(c->fd, (const struct sockaddr *)&a->ss, a->len) == 0)
		return 0;
	if (errno == EAGAIN && a->ss.ss_family == AF_UNIX) {
		loop_timer_set(c->again, UNIX_RETRY_MS);
		return EINPROGRESS;
	}
	/* An interrupted connect goes on by itself. */
	if (errno != EINPROGRESS && errno != EINTR)
		return errno;
	c->watch = loop_watch_new(c->loop, c->fd, LOOP_WRITE, writable, c);
	return c->watch ? EINPROGRESS : ENOMEM;
}

static void attempt_failed(struct connector *c, int err)
{
	c->err = err;
	drop_attempt(c);
	try_next(c);
}

static void limit_passed(void *arg)
{
	attempt_failed(arg, ETIMEDOUT);
}

static void take_outcome(struct connector *c, int err)
{
	if (err == 0)
		connected(c);
	else if (err != EINPROGRESS)
		attempt_failed(c, err);
}

static void writable(void *arg, int events)
{
	struct connector *c = arg;
	int err = 0;
	socklen_t len = sizeof(err);

	(void)events;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
		err = errno;
	take_outcome(c, err);
}

static void ask_again(void *arg)
{
	take_outcome(arg, ask_kernel(arg));
}

static int attempt(struct connector *c)
{
	int family = c->addrs[c->next - 1].ss.ss_family;

	c->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return errno;
	loop_timer_set(c->limit, c->share_ms);
	return ask_kernel(c);
}

static void try_next(struct connector *c)
{
	while (c->next < c->count) {
		int err;

		c->next++;
		err = attempt(c);
		if (err == EINPROGRESS)
			return;
		if (err == 0) {
			connected(c);
			return;
		}
		c->err = err;
		drop_attempt(c);
	}
	finish(c, -1);
}

static void begin(void *arg)
{
	try_next(arg);
}

struct connector *connector_start(struct loop *l, const struct netaddr *addrs, size_t count,
				  int timeout_ms, connector_fn *done, void *arg)
{
	struct connector *c = calloc(1, sizeof(*c) + count * sizeof(addrs[0]));

	if (!c)
		return NULL;
	c->loop = l;
	c->done = done;
	c->arg = arg;
	c->fd = -1;
	c->err = EADDRNOTAVAIL; /* for no address at all */
	c->count = count;
	if (count)
		memcpy(c->addrs, addrs, count * sizeof(addrs[0]));
	c->share_ms = count ? timeout_ms / (int)count : 0;
	if (c->share_ms < SHARE_MIN_MS)
		c->share_ms = SHARE_MIN_MS;
	c->limit = loop_timer_new(l, limit_passed, c);
	c->again = loop_timer_new(l, ask_again, c);
	if (!c->limit || !c->again) {
		loop_timer_free(c->limit);
		loop_timer_free(c->again);
		free(c);
		return NULL;
	}
	loop_defer(l, &c->begin, begin, c);
	return c;
}

struct connector *connector_start_unix(struct loop *l, const char *path, int timeout_ms,
				       connector_fn *done, void *arg)
{
	struct netaddr addr = {.len = sizeof(struct sockaddr_un)};
	struct sockaddr_un *un = (struct sockaddr_un *)&addr.ss;
	struct connector *c;
	bool fits;

	un->sun_family = AF_UNIX;
	fits = str_copy(un->sun_path, sizeof(un->sun_path), path);
	/* A path that no socket can have is told like any other failure: by `done`. */
	c = connector_start(l, &addr, fits ? 1 : 0, timeout_ms, done, arg);
	if (c && !fits)
		c->err = ENAMETOOLONG;
	return c;
}
