#include "config.h"

#ifdef HAVE_CRYPT_R
#include <crypt.h>
#endif
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#ifdef HAVE_LIBWRAP
#include <tcpd.h>
#endif
#include <unistd.h>

#include "common/base/helper.h"
#include "common/base/str.h"
#include "server/guard_private.h"

enum {
	QUESTION_LIMIT_S = 30,
	/* A worker's exit status that says yes. Not 0: rules of hosts.allow may run other programs
	 * in its place. */
	YES_STATUS = 77,
};

#ifdef HAVE_LIBWRAP
/* libwrap leaves them to its user: how grave what it logs is. */
int allow_severity = LOG_INFO;
int deny_severity = LOG_WARNING;
#endif

/* The parent asks GUARD_AT_ONCE questions at most. */
static struct worker {
	pid_t pid; /* 0 = free */
	uint32_t id;
} workers[GUARD_AT_ONCE];

static void answer(uint32_t id, bool yes)
{
	struct guard_answer a;
	ssize_t n;

	memset(&a, 0, sizeof(a)); /* the padding too */
	a.id = id;
	a.yes = yes;
	do
		n = send(HELPER_FD, &a, sizeof(a), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
}

static bool fits(const struct guard_question *q)
{
#ifdef HAVE_CRYPT_R
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *made = data ? crypt_r(q->password, q->hash, data) : NULL;

	/* The process ends with this answer: nothing is left to be wiped. */
	return made && secret_equal(q->hash, made);
#else
	(void)q;
	return false;
#endif
}

static bool lets_in(struct guard_question *q)
{
#ifdef HAVE_LIBWRAP
	struct request_info request;

	if (q->from.ss_family != AF_INET && q->from.ss_family != AF_INET6)
		return false;
	request_init(&request, RQ_DAEMON, "upsd", RQ_CLIENT_SIN, &q->from, RQ_USER, q->user, 0);
	sock_methods(&request);
	return hosts_access(&request) != 0;
#else
	(void)q;
	return false;
#endif
}

static void take_question(struct guard_question *q)
{
	struct worker *w = workers;

	while (w < workers + GUARD_AT_ONCE && w->pid)
		w++;
	if (w == workers + GUARD_AT_ONCE) {
		answer(q->id, false);
		return;
	}
	w->id = q->id;
	w->pid = fork();
	if (w->pid == 0) {
		helper_enter_worker(QUESTION_LIMIT_S);
		_exit((q->kind == GUARD_WRAP ? lets_in(q) : fits(q)) ? YES_STATUS : 1);
	}
	if (w->pid > 0)
		return;
	w->pid = 0;
	answer(q->id, false);
}

/* A worker's exit status is its answer, so one that crashes has said no. */
static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < GUARD_AT_ONCE; i++) {
			if (workers[i].pid != pid)
				continue;
			workers[i].pid = 0;
			answer(workers[i].id,
			       WIFEXITED(status) && WEXITSTATUS(status) == YES_STATUS);
		}
	}
}

static bool read_question(struct guard_question *q)
{
	ssize_t n = recv(HELPER_FD, q, sizeof(*q), 0);

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		_exit(0);
	q->user[sizeof(q->user) - 1] = '\0';
	q->hash[sizeof(q->hash) - 1] = '\0';
	q->password[sizeof(q->password) - 1] = '\0';
	return n == (ssize_t)sizeof(*q);
}

_Noreturn void guard_helper_run(int fd)
{
	struct pollfd parent = {.fd = HELPER_FD, .events = POLLIN};
	struct guard_question q;
	sigset_t awake;

	helper_enter("nut-guard", fd, &awake);
	for (;;) {
		int ready = ppoll(&parent, 1, NULL, &awake);

		reap();
		if (ready > 0 && read_question(&q))
			take_question(&q);
		secret_wipe(&q, sizeof(q));
	}
}
