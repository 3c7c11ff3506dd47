#include "config.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/helper.h"
#include "common/base/str.h"
#include "common/base/words.h"
#include "common/net/netaddr.h"
#include "common/net/resolver.h"
#include "common/net/resolver_private.h"

/*
 * Each question gets a process of its own: name services are plug-ins of
 * unknown quality, and one that crashes or hangs takes only its question along.
 * The helper itself does nothing that could fail, since a new one could not be
 * forked any more where the daemon has gone into a chroot.
 */
enum { QUESTION_LIMIT_S = 120 };

struct question {
	long id;
	int family;
	char host[RESOLVER_HOST_MAX + 1];
};

static struct worker {
	pid_t pid; /* 0 = free */
	long id;
} workers[RESOLVER_AT_ONCE];

/* One send for a line: lines of different processes do not mix. */
static void send_line(struct buffer *line)
{
	ssize_t n;

	buffer_append_char(line, '\n');
	if (line->failed)
		_exit(1);
	do
		n = send(HELPER_FD, line->data, line->len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	buffer_free(line);
}

static void append_addresses(struct buffer *b, const struct addrinfo *found)
{
	char host[NI_MAXHOST];

	for (int n = 0; found && n < RESOLVER_ADDRS_MAX; found = found->ai_next) {
		struct sockaddr_storage ss = {0};

		if (found->ai_addrlen > sizeof(ss))
			continue;
		memcpy(&ss, found->ai_addr, found->ai_addrlen);
		if (!netaddr_host(&ss, host, sizeof(host)))
			continue;
		buffer_append_char(b, ' ');
		words_append_word(b, host);
		n++;
	}
}

static _Noreturn void answer(const struct question *q)
{
	const struct addrinfo hints = {.ai_family = q->family, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	struct buffer line = {0};
	int code;

	helper_enter_worker(QUESTION_LIMIT_S);
	code = getaddrinfo(q->host, NULL, &hints, &found);
	buffer_appendf(&line, "ANSWER %ld %d", q->id, code);
	if (code == 0)
		append_addresses(&line, found);
	send_line(&line);
	_exit(0);
}

static void answer_failed(long id)
{
	struct buffer line = {0};

	buffer_appendf(&line, "ANSWER %ld %d", id, EAI_FAIL);
	send_line(&line);
}

/* Takes leave of workers that have ended; options as waitpid's. */
static void reap(int options)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, options)) > 0) {
		for (size_t i = 0; i < RESOLVER_AT_ONCE; i++) {
			if (workers[i].pid != pid)
				continue;
			workers[i].pid = 0;
			if (status != 0)
				answer_failed(workers[i].id);
		}
		options = WNOHANG;
	}
}

static struct worker *free_worker(void)
{
	for (size_t i = 0; i < RESOLVER_AT_ONCE; i++)
		if (workers[i].pid == 0)
			return &workers[i];
	return NULL;
}

/* Waits while too many are at work: further questions stay in the socket. */
static void take_question(const struct question *q)
{
	struct worker *w;

	while (!(w = free_worker()))
		reap(0);
	w->id = q->id;
	w->pid = fork();
	if (w->pid == 0)
		answer(q);
	if (w->pid > 0)
		return;
	w->pid = 0;
	answer_failed(q->id);
}

static bool read_question(const struct words *w, struct question *q)
{
	long family;

	if (words_count(w) != 4 || !str_equal(words_at(w, 0), "ASK") ||
	    !str_to_long(words_at(w, 1), 0, LONG_MAX, &q->id) ||
	    !str_to_long(words_at(w, 2), 0, AF_MAX, &family))
		return false;
	q->family = (int)family;
	return str_copy(q->host, sizeof(q->host), words_at(w, 3));
}

static void take_bytes(struct words *w, const char *p, size_t len)
{
	struct question q;

	while (len > 0)
		if (words_feed(w, &p, &len) == WORDS_LINE && read_question(w, &q))
			take_question(&q);
}

/* SIGCHLD comes only while it waits: `awake` is the mask for that. */
static void serve(struct words *w, const sigset_t *awake)
{
	struct pollfd parent = {.fd = HELPER_FD, .events = POLLIN};
	char in[1024];

	for (;;) {
		int ready = ppoll(&parent, 1, NULL, awake);
		ssize_t n;

		reap(WNOHANG);
		if (ready <= 0)
			continue;
		n = read(HELPER_FD, in, sizeof(in));
		if (n == 0 || (n < 0 && errno != EINTR))
			return;
		if (n > 0)
			take_bytes(w, in, (size_t)n);
	}
}

_Noreturn void resolver_helper_run(int fd)
{
	const struct words_limits limits = {RESOLVER_WORDS_MAX, RESOLVER_LINE_MAX};
	sigset_t awake;
	struct words *w;

	helper_enter("nut-resolver", fd, &awake);
	w = words_new(WORDS_WIRE, &limits);
	if (w)
		serve(w, &awake);
	_exit(w ? 0 : 1);
}

pid_t resolver_serve(int fd)
{
	pid_t pid = fork();

	if (pid == 0)
		resolver_helper_run(fd);
	return pid;
}
