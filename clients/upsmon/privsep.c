#include "config.h"

#include "clients/upsmon/privsep.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clients/upsmon/powerflag.h"
#include "clients/upsmon/spawn.h"
#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "parent";

enum { DEADLINE_MAX_S = 24 * 60 * 60 };

int priv_send(int fd, enum priv_type type, int value)
{
	struct priv_message m = {.type = type, .value = value};
	ssize_t len;

	do
		len = send(fd, &m, sizeof(m), MSG_NOSIGNAL);
	while (len < 0 && errno == EINTR);
	return len == sizeof(m) ? 0 : -1;
}

int priv_receive(int fd, struct priv_message *m)
{
	ssize_t len;

	do
		len = recv(fd, m, sizeof(*m), 0);
	while (len < 0 && errno == EINTR);
	if (len == 0)
		return 0;
	if (len > 0 && len != sizeof(*m)) {
		errno = EPROTO;
		return -1;
	}
	return len < 0 ? -1 : 1;
}

pid_t priv_split(int *fd)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	pid = fork();
	if (pid < 0) {
		int err = errno;

		close(ends[0]);
		close(ends[1]);
		errno = err;
		return -1;
	}
	*fd = ends[pid == 0];
	close(ends[pid != 0]);
	return pid;
}

/* ------------------------------------------------------------------ the act */

static void set_flag(const char *path)
{
	int err = powerflag_set(path);

	if (err)
		log_errno(token, err, "Failed to create power down flag! (%s)", path);
}

pid_t priv_execute(const struct priv_orders *orders)
{
	char shell[] = "/bin/sh", dash_c[] = "-c", *shell_text;
	char *argv[] = {shell, dash_c, NULL, NULL};
	pid_t pid;

	if (orders->powerdown_flag)
		set_flag(orders->powerdown_flag);
	if (!orders->shutdown_command) {
		errno = ENOENT;
		return -1;
	}
	argv[2] = shell_text = str_dup(orders->shutdown_command);
	pid = shell_text ? spawn_run(&(struct spawn){.argv = argv, .input = -1}) : -1;
	free(shell_text);
	return pid;
}

/* --------------------------------------------------------------- the parent */

static volatile sig_atomic_t told_to_stop;

static void note_stop(int signo)
{
	told_to_stop = signo;
}

static void note_nothing(int signo)
{
	(void)signo; /* it only wakes ppoll() */
}

struct parent {
	int fd;
	int handle;
	pid_t child, command; /* 0 = not there any more, or not yet */
	const struct priv_orders *orders;
	bool linked; /* the child's end is open */
	bool clean;  /* it said BYE */
	bool ordered;
	bool passed_on;        /* SIGTERM, to the child */
	int failed;            /* the command's end was bad */
	long long deadline_ms; /* of a shutdown that is decided; 0 = none */
};

/* Signals come in only while we wait, so that none is missed between a look and a wait. */
static void set_signals(sigset_t *waiting)
{
	static const int noted[] = {SIGTERM, SIGINT, SIGQUIT};
	static const int ignored[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE};
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	for (size_t i = 0; i < sizeof(noted) / sizeof(noted[0]); i++) {
		signal(noted[i], note_stop);
		sigaddset(&blocked, noted[i]);
	}
	signal(SIGCHLD, note_nothing);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, waiting);
}

static void obey(struct parent *p)
{
	if (p->ordered)
		return;
	p->ordered = true;
	p->command = priv_execute(p->orders);
	if (p->command > 0) {
		priv_send(p->fd, PRIV_STARTED, 0);
		return;
	}
	p->failed = errno;
	p->command = 0;
	log_errno(token, p->failed, "Unable to call shutdown command: %s",
		  p->orders->shutdown_command ? p->orders->shutdown_command : "none configured");
	priv_send(p->fd, PRIV_STARTED, p->failed);
}

static void set_deadline(struct parent *p, int seconds)
{
	if (seconds >= 0 && seconds <= DEADLINE_MAX_S)
		p->deadline_ms = clock_ms() + seconds * 1000LL;
}

/* What the child decided and cannot do any more. */
static void keep_deadline(struct parent *p)
{
	if (!p->deadline_ms || p->ordered || clock_ms() < p->deadline_ms)
		return;
	log_error(token, "a shutdown was decided and is overdue: %s",
		  p->child ? "upsmon hangs" : "upsmon has died");
	obey(p);
}

static bool is_busy(const struct parent *p)
{
	return p->child || p->command || (p->deadline_ms && !p->ordered);
}

static int wait_limit_ms(const struct parent *p)
{
	long long left = p->deadline_ms - clock_ms();

	if (!p->deadline_ms || p->ordered)
		return -1;
	return left > 0 ? (int)left : 0;
}

static void hear(struct parent *p)
{
	struct priv_message m;
	int result = priv_receive(p->fd, &m);

	if (result <= 0) {
		p->linked = false;
		return;
	}
	switch (m.type) {
	case PRIV_READY:
		if (p->handle >= 0)
			daemon_ready(p->handle);
		p->handle = -1;
		break;
	case PRIV_DECIDED:
		set_deadline(p, m.value);
		break;
	case PRIV_SHUTDOWN:
		obey(p);
		break;
	case PRIV_BYE:
		p->clean = true;
		p->deadline_ms = 0;
		break;
	default:
		log_error(token, "upsmon parent: got bogus message %u", (unsigned)m.type);
		shutdown(p->fd, SHUT_RDWR);
		p->linked = false;
	}
}

static void note_command_end(struct parent *p, int status)
{
	p->command = 0;
	p->failed = status;
	if (status)
		log_error(token,
			  "SHUTDOWNCMD failed (%s %d): this host goes on without power in reserve",
			  WIFSIGNALED(status) ? "signal" : "status",
			  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (p->linked)
		priv_send(p->fd, PRIV_FINISHED, status);
}

static void reap(struct parent *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == p->command)
			note_command_end(p, status);
		if (pid == p->child)
			p->child = 0;
	}
}

/* What the child said last may still wait to be read when its end is noticed. */
static void hear_out(struct parent *p)
{
	struct pollfd one = {.fd = p->fd, .events = POLLIN};

	while (p->linked && poll(&one, 1, 0) > 0)
		hear(p);
}

static void wait_for_news(struct parent *p, const sigset_t *waiting)
{
	struct pollfd one = {.fd = p->linked ? p->fd : -1, .events = POLLIN};
	int limit_ms = wait_limit_ms(p);
	struct timespec limit = {limit_ms / 1000, limit_ms % 1000 * 1000000L};

	if (ppoll(&one, 1, limit_ms < 0 ? NULL : &limit, waiting) > 0)
		hear(p);
}

/* Until child and command have ended, and nothing is left to be done. */
static void serve(struct parent *p, const sigset_t *waiting)
{
	while (is_busy(p)) {
		if (told_to_stop && !p->child)
			break; /* the system's own end has come to us */
		if (told_to_stop && !p->passed_on)
			p->passed_on = kill(p->child, SIGTERM) == 0;
		wait_for_news(p, waiting);
		reap(p);
		if (!p->child)
			hear_out(p);
		keep_deadline(p);
	}
}

int priv_parent_run(int fd, pid_t child, const struct priv_orders *orders, int handle)
{
	struct parent p = {
		.fd = fd, .handle = handle, .child = child, .orders = orders, .linked = true};
	sigset_t waiting;

	set_signals(&waiting);
	serve(&p, &waiting);
	close(p.fd);
	if (p.ordered)
		return p.failed ? 1 : 0;
	if (p.clean)
		return 0;
	log_error(token, "upsmon parent: exiting (child exited)");
	return 1;
}
