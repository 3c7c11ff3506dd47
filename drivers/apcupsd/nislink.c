#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/netaddr.h"
#include "drivers/apcupsd/nislink.h"

static const char token[] = "nis";
static const char question[] = "\0\006status"; /* its length in front */

enum {
	QUESTION = 8,
	ADDRESSES_MAX = 16,
	READ = 4096,
	/* What is not taken apart yet: a record and its length. */
	UNREAD_MAX = NISREPLY_LINE_MAX + READ + 2,
};

struct nislink {
	struct loop *loop;
	struct resolver *resolver;
	char *host;
	unsigned port;

	struct resolver_query *query;
	struct connector *connector;
	struct loop_watch *watch;
	struct loop_timer *limit;
	int fd;
	bool used; /* it had an answer already */

	/* The question. */
	struct nisreply *into;
	bool *done; /* NULL: nobody asks */
	int timeout_ms;
	size_t sent;
	struct buffer in;
	char trouble[160]; /* "": none */
};

static void disconnect(struct nislink *n)
{
	resolver_cancel(n->query);
	connector_cancel(n->connector);
	loop_watch_free(n->watch);
	n->query = NULL;
	n->connector = NULL;
	n->watch = NULL;
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
	n->used = false;
	buffer_clear(&n->in);
}

static void finish(struct nislink *n)
{
	bool *done = n->done;

	loop_timer_cancel(n->limit);
	n->done = NULL;
	n->into = NULL;
	if (done)
		*done = true;
}

static void fail(struct nislink *n, const char *what)
{
	str_copy(n->trouble, sizeof(n->trouble), what);
	disconnect(n);
	finish(n);
}

static void on_limit(void *arg)
{
	fail(arg, "no answer in time");
}

/* ----------------------------------------------------------------------- the question */

static void connect_to(struct nislink *n);

/* The server may have hung up while nobody asked: then it did not see the question. */
static void lost(struct nislink *n, const char *why)
{
	bool again = n->used && n->done && n->into->seen == 0 && n->in.len == 0;

	if (!n->done)
		disconnect(n);
	else if (again)
		connect_to(n);
	else
		fail(n, why);
}

static void send_question(struct nislink *n)
{
	ssize_t len = send(n->fd, question + n->sent, QUESTION - n->sent, MSG_NOSIGNAL);

	if (len < 0 && errno != EAGAIN && errno != EINTR) {
		lost(n, strerror(errno));
		return;
	}
	n->sent += len > 0 ? (size_t)len : 0;
	loop_watch_set(n->watch, n->sent < QUESTION ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static void answered(struct nislink *n)
{
	n->trouble[0] = '\0';
	n->used = true;
	/* We would take the rest for the next answer. */
	if (n->in.len > 0)
		disconnect(n);
	finish(n);
}

static void take(struct nislink *n)
{
	enum nisreply_result r;

	if (!n->done || n->sent < QUESTION) {
		log_debug(1, token, "%s says something without being asked", n->host);
		if (n->done)
			fail(n, "it is no apcupsd: it speaks before it is asked");
		else
			disconnect(n);
		return;
	}
	r = nisreply_take(n->into, &n->in);
	if (r == NISREPLY_BAD)
		fail(n, "it is no apcupsd: its answer cannot be read");
	else if (r == NISREPLY_WHOLE)
		answered(n);
}

static void receive(struct nislink *n)
{
	char *to = buffer_reserve(&n->in, READ);
	ssize_t len = to ? recv(n->fd, to, READ, 0) : -1;

	if (!to) {
		lost(n, "out of memory");
	} else if (len > 0) {
		n->in.len += (size_t)len;
		take(n);
	} else if (len == 0) {
		lost(n, "it hung up");
	} else if (errno != EAGAIN && errno != EINTR) {
		lost(n, strerror(errno));
	}
}

static void on_ready(void *arg, int events)
{
	struct nislink *n = arg;

	if (events & LOOP_READ)
		receive(n);
	if ((events & LOOP_WRITE) && n->watch && n->done && n->sent < QUESTION)
		send_question(n);
}

/* ------------------------------------------------------------------------ the connection */

static void on_connected(void *arg, int fd, int err)
{
	struct nislink *n = arg;

	n->connector = NULL;
	if (fd < 0) {
		fail(n, strerror(err));
		return;
	}
	n->fd = fd;
	n->watch = loop_watch_new(n->loop, fd, LOOP_READ, on_ready, n);
	if (n->watch)
		send_question(n);
	else
		fail(n, "out of memory");
}

static void on_resolved(void *arg, const struct netaddr *addrs, size_t count, const char *error)
{
	struct nislink *n = arg;

	n->query = NULL;
	if (count == 0) {
		fail(n, error);
		return;
	}
	n->connector =
		connector_start(n->loop, addrs, count < ADDRESSES_MAX ? count : ADDRESSES_MAX,
				n->timeout_ms, on_connected, n);
	if (!n->connector)
		fail(n, "out of memory");
}

static void connect_to(struct nislink *n)
{
	disconnect(n);
	n->sent = 0;
	n->query = resolver_ask(n->resolver, n->host, n->port, AF_UNSPEC, on_resolved, n);
	if (!n->query)
		fail(n, "out of memory");
}

void nislink_ask(struct nislink *n, struct nisreply *into, int timeout_ms, bool *done)
{
	if (n->done)
		nislink_drop(n);
	*done = false;
	*into = (struct nisreply){.count = 0};
	n->into = into;
	n->done = done;
	n->timeout_ms = timeout_ms;
	n->sent = 0;
	str_copy(n->trouble, sizeof(n->trouble), "no answer yet");
	loop_timer_set(n->limit, timeout_ms);
	if (n->fd < 0)
		connect_to(n);
	else
		send_question(n);
}

void nislink_drop(struct nislink *n)
{
	disconnect(n);
	finish(n);
}

const char *nislink_trouble(const struct nislink *n)
{
	return n->trouble[0] ? n->trouble : NULL;
}

/* --------------------------------------------------------------------------------- life */

struct nislink *nislink_new(struct loop *l, struct resolver *r, const char *host, unsigned port)
{
	struct nislink *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->loop = l;
	n->resolver = r;
	n->port = port;
	n->fd = -1;
	n->in.max = UNREAD_MAX;
	n->host = str_dup(host);
	n->limit = loop_timer_new(l, on_limit, n);
	if (n->host && n->limit)
		return n;
	nislink_free(n);
	return NULL;
}

void nislink_free(struct nislink *n)
{
	if (!n)
		return;
	disconnect(n);
	loop_timer_free(n->limit);
	buffer_free(&n->in);
	free(n->host);
	free(n);
}
