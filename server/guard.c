#include "config.h"

#include "server/guard.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "server/guard_private.h"

enum { RESTART_MS = 1000 /* at least, between two helpers */ };

struct guard_query {
	TAILQ_ENTRY(guard_query) list;
	struct guard *guard;
	struct guard_question question;
	uint64_t peer;
	bool asked;     /* the helper has it */
	bool tried;     /* a helper has died of it, perhaps */
	bool cancelled; /* nobody waits, but the helper is still at it */
	guard_fn *done;
	void *arg;
};
TAILQ_HEAD(query_list, guard_query);

struct guard {
	struct loop *loop;
	struct loop_watch *watch; /* NULL while there is no helper */
	struct loop_timer *restart;
	struct loop_deferred next; /* questions may be sent */
	struct query_list queries; /* oldest first */
	size_t asked;
	long long started_ms;
	uint32_t last_id;
	pid_t pid;
	int fd;
};

static const char token[] = "guard";

static bool start_helper(struct guard *g);

/* ---------------------------------------------------------------- questions */

static void query_free(struct guard_query *q)
{
	struct guard *g = q->guard;

	TAILQ_REMOVE(&g->queries, q, list);
	g->asked -= q->asked;
	secret_wipe(q, sizeof(*q));
	free(q);
}

static void finish(struct guard_query *q, bool yes)
{
	guard_fn *done = q->cancelled ? NULL : q->done;
	void *arg = q->arg;

	query_free(q);
	if (done)
		done(arg, yes);
}

static bool peer_waits(const struct guard *g, uint64_t peer)
{
	const struct guard_query *q;

	TAILQ_FOREACH(q, &g->queries, list)
	if (q->asked && q->peer == peer)
		return true;
	return false;
}

/* Hands over what the helper has room for; the socket always takes as many. */
static void send_questions(void *arg)
{
	struct guard *g = arg;
	struct guard_query *q;

	TAILQ_FOREACH(q, &g->queries, list)
	{
		if (!g->watch || g->asked == GUARD_AT_ONCE)
			return;
		if (q->asked || peer_waits(g, q->peer))
			continue;
		q->asked = true;
		g->asked++;
		if (send(g->fd, &q->question, sizeof(q->question), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			log_debug(1, token, "a question cannot be sent: %s", strerror(errno));
	}
}

static struct guard_query *add_query(struct guard *g, enum guard_kind kind, uint64_t peer,
				     guard_fn *done, void *arg)
{
	struct guard_query *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->guard = g;
	q->peer = peer;
	q->done = done;
	q->arg = arg;
	q->question.id = ++g->last_id;
	q->question.kind = kind;
	TAILQ_INSERT_TAIL(&g->queries, q, list);
	loop_defer(g->loop, &g->next, send_questions, g);
	return q;
}

struct guard_query *guard_ask(struct guard *g, const char *hash, const char *password,
			      uint64_t peer, guard_fn *done, void *arg)
{
	struct guard_query *q = add_query(g, GUARD_PASSWORD, peer, done, arg);

	if (!q)
		return NULL;
	str_copy(q->question.hash, sizeof(q->question.hash), hash);
	/* One that is too long fits nothing; cut, it might. */
	if (!str_copy(q->question.password, sizeof(q->question.password), password))
		q->question.hash[0] = '\0';
	return q;
}

bool guard_has_wrap(void)
{
#ifdef HAVE_LIBWRAP
	return true;
#else
	return false;
#endif
}

struct guard_query *guard_ask_wrap(struct guard *g, const char *user, const struct sockaddr *from,
				   uint64_t peer, guard_fn *done, void *arg)
{
	struct guard_query *q = add_query(g, GUARD_WRAP, peer, done, arg);

	if (!q)
		return NULL;
	/* Without an address the helper says no: a cut name might be somebody else's. */
	if (!str_copy(q->question.user, sizeof(q->question.user), user))
		return q;
	if (from->sa_family == AF_INET)
		memcpy(&q->question.from, from, sizeof(struct sockaddr_in));
	if (from->sa_family == AF_INET6)
		memcpy(&q->question.from, from, sizeof(struct sockaddr_in6));
	return q;
}

void guard_cancel(struct guard_query *q)
{
	if (!q)
		return;
	/* What the helper works at still takes its place there. */
	if (q->asked)
		q->cancelled = true;
	else
		query_free(q);
}

/* ------------------------------------------------------------------- helper */

static void bury(struct guard *g)
{
	if (g->watch) {
		loop_watch_free(g->watch);
		g->watch = NULL;
	}
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
	if (g->pid <= 0)
		return;
	kill(g->pid, SIGKILL);
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	g->pid = 0;
}

/* Each question in hand gets one more helper; if that dies too, the answer is no. */
static void ask_again(struct guard *g, bool started)
{
	struct guard_query *q, *next;

	for (q = TAILQ_FIRST(&g->queries); q; q = next) {
		bool tried = q->tried;

		next = TAILQ_NEXT(q, list);
		if (!q->asked)
			continue;
		q->asked = false;
		q->tried = true;
		g->asked--;
		if (tried || !started || q->cancelled)
			finish(q, false);
	}
}

/* Without a helper nobody waits for one: whoever asks meanwhile is told no. */
static void deny_all(struct guard *g)
{
	while (!TAILQ_EMPTY(&g->queries))
		finish(TAILQ_FIRST(&g->queries), false);
}

static void start_again(void *arg)
{
	struct guard *g = arg;
	bool started = start_helper(g);

	ask_again(g, started);
	if (started) {
		loop_defer(g->loop, &g->next, send_questions, g);
		return;
	}
	log_warn_errno(token, errno,
		       "cannot start the process that checks hashed passwords: "
		       "they are all taken for wrong");
	deny_all(g);
	loop_timer_set(g->restart, RESTART_MS);
}

static void helper_died(struct guard *g)
{
	long long age = loop_now_ms(g->loop) - g->started_ms;

	bury(g);
	log_warn(token, "the process that checks hashed passwords has died; starting another");
	loop_timer_set(g->restart, age >= RESTART_MS ? 0 : RESTART_MS - age);
}

static void take_answer(struct guard *g, const struct guard_answer *a)
{
	struct guard_query *q;

	TAILQ_FOREACH(q, &g->queries, list)
	{
		if (!q->asked || q->question.id != a->id)
			continue;
		finish(q, a->yes);
		break;
	}
	loop_defer(g->loop, &g->next, send_questions, g);
}

static void readable(void *arg, int events)
{
	struct guard *g = arg;
	struct guard_answer a;
	ssize_t n = recv(g->fd, &a, sizeof(a), MSG_DONTWAIT);

	(void)events;
	if (n == (ssize_t)sizeof(a))
		take_answer(g, &a);
	else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		helper_died(g);
}

static bool start_helper(struct guard *g)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	g->pid = fork();
	if (g->pid == 0)
		guard_helper_run(pair[1]);
	close(pair[1]);
	g->fd = pair[0];
	g->started_ms = loop_now_ms(g->loop);
	if (g->pid > 0)
		g->watch = loop_watch_new(g->loop, g->fd, LOOP_READ, readable, g);
	if (g->watch)
		return true;
	bury(g);
	return false;
}

struct guard *guard_new(struct loop *l)
{
	struct guard *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->loop = l;
	g->fd = -1;
	TAILQ_INIT(&g->queries);
	g->restart = loop_timer_new(l, start_again, g);
	if (g->restart && start_helper(g))
		return g;
	guard_free(g);
	return NULL;
}

void guard_free(struct guard *g)
{
	if (!g)
		return;
	while (!TAILQ_EMPTY(&g->queries))
		query_free(TAILQ_FIRST(&g->queries));
	loop_defer_cancel(&g->next);
	loop_timer_free(g->restart);
	bury(g);
	free(g);
}
