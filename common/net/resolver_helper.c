#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/privilege.h"
#include "common/base/str.h"
#include "common/base/words.h"
#include "common/net/netaddr.h"
#include "common/net/resolver_private.h"

enum {
	PARENT_FD = 3,
	STACK_SIZE = 512 * 1024, /* name services are plug-ins of unknown appetite */
};

struct question {
	long id;
	int family;
	char host[RESOLVER_HOST_MAX + 1];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t one_done = PTHREAD_COND_INITIALIZER;
static int at_work;

static void send_all(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(PARENT_FD, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			_exit(0); /* the parent has gone */
		data += n;
		len -= (size_t)n;
	}
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

static void *answer(void *arg)
{
	struct question *q = arg;
	const struct addrinfo hints = {.ai_family = q->family, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	struct buffer line = {0};
	int code = getaddrinfo(q->host, NULL, &hints, &found);

	buffer_appendf(&line, "ANSWER %ld %d", q->id, code);
	if (code == 0) {
		append_addresses(&line, found);
		freeaddrinfo(found);
	}
	buffer_append_char(&line, '\n');
	if (line.failed)
		_exit(1); /* out of memory: the parent starts a fresh helper and asks again */
	pthread_mutex_lock(&lock);
	send_all(line.data, line.len);
	at_work--;
	pthread_cond_signal(&one_done);
	pthread_mutex_unlock(&lock);
	buffer_free(&line);
	free(q);
	return NULL;
}

static struct question *read_question(const struct words *w)
{
	struct question *q;
	long id, family;

	if (words_count(w) != 4 || !str_equal(words_at(w, 0), "ASK") ||
	    !str_to_long(words_at(w, 1), 0, LONG_MAX, &id) ||
	    !str_to_long(words_at(w, 2), 0, AF_MAX, &family))
		return NULL;
	q = calloc(1, sizeof(*q));
	if (!q)
		_exit(1);
	q->id = id;
	q->family = (int)family;
	if (str_copy(q->host, sizeof(q->host), words_at(w, 3)))
		return q;
	free(q);
	return NULL;
}

/* Waits while too many are at work: further questions stay in the socket. */
static void take_question(struct question *q, const pthread_attr_t *attr)
{
	pthread_t thread;

	pthread_mutex_lock(&lock);
	while (at_work >= RESOLVER_AT_ONCE)
		pthread_cond_wait(&one_done, &lock);
	at_work++;
	pthread_mutex_unlock(&lock);
	if (pthread_create(&thread, attr, answer, q) != 0)
		answer(q);
}

static void serve(const pthread_attr_t *attr, struct words *w)
{
	char in[1024];
	const char *p;
	size_t len;
	ssize_t n;

	while ((n = read(PARENT_FD, in, sizeof(in))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		p = in;
		len = (size_t)n;
		while (len > 0) {
			struct question *q = NULL;

			if (words_feed(w, &p, &len) == WORDS_LINE)
				q = read_question(w);
			if (q)
				take_question(q, attr);
		}
	}
}

static void reset_signals(void)
{
	static const int deaf_to[] = {SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGPIPE};
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	/* Those are meant for the parent, whose end is ours. */
	for (size_t i = 0; i < sizeof(deaf_to) / sizeof(deaf_to[0]); i++)
		signal(deaf_to[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void keep_only(int fd)
{
	long limit = sysconf(_SC_OPEN_MAX);

	if (fd != PARENT_FD && dup2(fd, PARENT_FD) < 0)
		_exit(1);
#ifdef HAVE_CLOSE_RANGE
	if (close_range(PARENT_FD + 1, ~0U, 0) == 0)
		return;
#endif
	for (long i = PARENT_FD + 1; i < limit; i++)
		close((int)i);
}

/* Who started a daemon in the background waits for the end of what it prints. */
static void let_go_of_output(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close(null);
}

static void become_nobody(void)
{
	struct privilege nobody;

	if (geteuid() == 0 &&
	    (!privilege_lookup("nobody", NULL, &nobody) || !privilege_drop(&nobody)))
		_exit(1);
	privilege_no_new();
}

_Noreturn void resolver_helper_run(int fd)
{
	const struct words_limits limits = {RESOLVER_WORDS_MAX, RESOLVER_LINE_MAX};
	pthread_attr_t attr;
	struct words *w;

	reset_signals();
	keep_only(fd);
	prctl(PR_SET_NAME, "nut-resolver");
	become_nobody();
	let_go_of_output();
	w = words_new(WORDS_WIRE, &limits);
	if (!w || pthread_attr_init(&attr) != 0 ||
	    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) != 0 ||
	    pthread_attr_setstacksize(&attr, STACK_SIZE) != 0)
		_exit(1);
	serve(&attr, w);
	_exit(0);
}
