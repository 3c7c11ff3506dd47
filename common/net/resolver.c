#include "config.h"

#include "common/net/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/lineconn.h"
#include "common/net/resolver_private.h"

enum {
	RESTART_MS = 1000, /* at least, between two helpers */
	TRIES_MAX = 3,     /* helpers that may die of one question */
	ID_MAX = 1000000000,
};

struct resolver {
	struct loop *loop;
	struct lineconn *conn; /* NULL while there is no helper */
	struct loop_timer *restart;
	struct resolver_query *queries;
	long long started_ms;
	pid_t pid;
	long last_id;
	bool remote; /* the helper is none of ours */
};

struct resolver_query {
	struct resolver *resolver;
	struct resolver_query *next, **prev;
	struct loop_deferred at_once; /* the answer needs no helper */
	struct netaddr numeric;
	const char *error; /* of at_once */
	char *host;
	resolver_fn *done;
	void *arg;
	unsigned port;
	int family;
	int tries;
	long id;
};

static const char token[] = "resolver";

/* --------------------------------------------------------------- questions */

void resolver_cancel(struct resolver_query *q)
{
	if (!q)
		return;
	if (q->prev) {
		*q->prev = q->next;
		if (q->next)
			q->next->prev = q->prev;
	}
	loop_defer_cancel(&q->at_once);
	free(q->host);
	free(q);
}

static void finish(struct resolver_query *q, const struct netaddr *addrs, size_t count,
		   const char *error)
{
	resolver_fn *done = q->done;
	void *arg = q->arg;

	resolver_cancel(q);
	done(arg, addrs, count, error);
}

static void finish_at_once(void *arg)
{
	struct resolver_query *q = arg;
	struct netaddr addr = q->numeric;

	finish(q, &addr, q->error ? 0 : 1, q->error);
}

static void answer_later(struct resolver_query *q, const char *error)
{
	q->error = error;
	loop_defer(q->resolver->loop, &q->at_once, finish_at_once, q);
}

static void ask_helper(struct resolver_query *q)
{
	struct lineconn *c = q->resolver->conn;
	struct buffer *out;

	/* Without a helper the next one will be asked. */
	if (!c)
		return;
	q->tries++;
	out = lineconn_out(c);
	buffer_appendf(out, "ASK %ld %d ", q->id, q->family);
	words_append_quoted(out, q->host);
	buffer_append_char(out, '\n');
}

static struct resolver_query *add_query(struct resolver *r, const char *host)
{
	struct resolver_query *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->host = str_dup(host);
	if (!q->host) {
		free(q);
		return NULL;
	}
	r->last_id = r->last_id % ID_MAX + 1;
	q->id = r->last_id;
	q->resolver = r;
	q->next = r->queries;
	q->prev = &r->queries;
	if (q->next)
		q->next->prev = &q->next;
	r->queries = q;
	return q;
}

struct resolver_query *resolver_ask(struct resolver *r, const char *host, unsigned port, int family,
				    resolver_fn *done, void *arg)
{
	struct resolver_query *q = add_query(r, host);

	if (!q)
		return NULL;
	q->port = port;
	q->family = family;
	q->done = done;
	q->arg = arg;
	if (netaddr_from_numeric(host, port, &q->numeric))
		answer_later(q, family == AF_UNSPEC || family == q->numeric.ss.ss_family
					? NULL
					: gai_strerror(EAI_NONAME));
	else if (strlen(host) > RESOLVER_HOST_MAX)
		answer_later(q, gai_strerror(EAI_NONAME));
	else
		ask_helper(q);
	return q;
}

/* ----------------------------------------------------------------- answers */

static struct resolver_query *find_query(const struct resolver *r, long id)
{
	struct resolver_query *q = r->queries;

	while (q && (q->id != id || q->at_once.prev))
		q = q->next;
	return q;
}

static void on_line(struct lineconn *c, void *arg, const struct words *w)
{
	struct netaddr addrs[RESOLVER_ADDRS_MAX];
	struct resolver_query *q;
	size_t count = 0;
	long id, code;

	(void)c;
	if (words_count(w) < 3 || !str_equal(words_at(w, 0), "ANSWER") ||
	    !str_to_long(words_at(w, 1), 0, ID_MAX, &id) ||
	    !str_to_long(words_at(w, 2), -10000, 10000, &code))
		return;
	/* Cancelled questions are answered all the same. */
	q = find_query(arg, id);
	if (!q)
		return;
	for (size_t i = 3; i < words_count(w) && count < RESOLVER_ADDRS_MAX; i++)
		if (netaddr_from_numeric(words_at(w, i), q->port, &addrs[count]))
			count++;
	if (code == 0 && count == 0)
		code = EAI_NONAME;
	finish(q, addrs, count, code ? gai_strerror((int)code) : NULL);
}

/* ------------------------------------------------------------------ helper */

static void bury(struct resolver *r)
{
	if (r->pid > 0 && waitpid(r->pid, NULL, WNOHANG) == 0) {
		kill(r->pid, SIGKILL);
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	r->pid = 0;
}

static void ask_all_again(struct resolver *r)
{
	for (struct resolver_query *q = r->queries; q; q = q->next) {
		if (q->at_once.prev)
			continue;
		if (q->tries < TRIES_MAX)
			ask_helper(q);
		else
			answer_later(q, "the process that looks names up keeps dying");
	}
}

static void on_closed(struct lineconn *c, void *arg, enum lineconn_end why, int err)
{
	struct resolver *r = arg;
	long long age = loop_now_ms(r->loop) - r->started_ms;

	(void)why, (void)err;
	lineconn_free(c);
	r->conn = NULL;
	log_debug(1, token, "the process that looks names up has died; %s another",
		  r->remote ? "waiting for" : "starting");
	if (r->remote)
		return;
	bury(r);
	loop_timer_set(r->restart, age >= RESTART_MS ? 0 : RESTART_MS - age);
}

/* Takes over fd. */
static bool link_helper(struct resolver *r, int fd)
{
	static const struct lineconn_ops ops = {.line = on_line, .closed = on_closed};
	static const struct lineconn_limits limits = {
		.words = {RESOLVER_WORDS_MAX, RESOLVER_LINE_MAX},
		.max_backlog = 1024 * 1024,
	};

	r->started_ms = loop_now_ms(r->loop);
	r->conn = lineconn_new(r->loop, fd, &ops, &limits, r);
	return r->conn;
}

static bool start_helper(struct resolver *r)
{
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	r->pid = resolver_serve(pair[1]);
	err = errno;
	close(pair[1]);
	if (r->pid < 0) {
		close(pair[0]);
		errno = err;
		return false;
	}
	if (link_helper(r, pair[0]))
		return true;
	bury(r);
	errno = ENOMEM;
	return false;
}

static void start_again(void *arg)
{
	struct resolver *r = arg;

	if (!start_helper(r)) {
		log_warn_errno(token, errno, "cannot start the process that looks names up");
		loop_timer_set(r->restart, RESTART_MS);
		return;
	}
	ask_all_again(r);
}

struct resolver *resolver_new(struct loop *l)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->loop = l;
	r->restart = loop_timer_new(l, start_again, r);
	if (r->restart && start_helper(r))
		return r;
	loop_timer_free(r->restart);
	free(r);
	return NULL;
}

struct resolver *resolver_new_remote(struct loop *l)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->loop = l;
	r->remote = true;
	return r;
}

void resolver_link(struct resolver *r, int fd)
{
	lineconn_free(r->conn);
	if (link_helper(r, fd))
		ask_all_again(r);
	else
		log_errno(token, ENOMEM, "cannot reach the process that looks names up");
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	while (r->queries)
		resolver_cancel(r->queries);
	lineconn_free(r->conn);
	loop_timer_free(r->restart);
	bury(r);
	free(r);
}

void resolver_forget(struct resolver *r)
{
	/* The loop, its events and their kernel side are the parent's: only the descriptor goes. */
	if (r && r->conn)
		close(lineconn_fd(r->conn));
}
