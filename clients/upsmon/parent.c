#include "config.h"

#include "clients/upsmon/parent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/run.h"

static const char token[] = "parent";

enum {
	DEADLINE_MAX_S = 24 * 60 * 60,
	PAUSE_MIN_MS = 250,       /* before another process is started in place of a dead one */
	PAUSE_MAX_MS = 30 * 1000, /* if they keep dying */
	SETTLED_MS = 60 * 1000,   /* who lived so long did not die of its start */
};

static volatile sig_atomic_t told_to_stop;

static void note_stop(int signo)
{
	told_to_stop = signo;
}

static void note_nothing(int signo)
{
	(void)signo; /* it only wakes ppoll() */
}

/* One of the two, and when it may be started again. */
struct charge {
	pid_t pid; /* 0 = does not run */
	long long since_ms, again_ms;
	long pause_ms;
};

struct parent {
	const struct parent_plan *plan;
	int handle;
	int keep;
	struct charge child, notifier;
	int fd, opener;  /* our ends of the child's sockets; -1 = closed */
	int link, names; /* of a notifier that waits for its child, until they are handed on */
	bool was_ready;  /* a child has come up once */
	bool clean;      /* it said BYE */
	bool ordered;    /* a command was run, or could not be */
	bool passed_on;  /* SIGTERM, to the child */
	int failed;      /* the command's end was bad */
	pid_t command;   /* SHUTDOWNCMD; 0 = not yet, or not any more */
	pid_t hooks;
	int decided;           /* which command */
	long long deadline_ms; /* of a shutdown that is decided; 0 = none */
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* --------------------------------------------------------------- signals */

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

/* ---------------------------------------------------------------- starting */

static bool pair(int ends[2], int type)
{
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0)
		return true;
	log_errno(token, errno, "no sockets for another process");
	return false;
}

/* What the parent holds is none of its charges' business. */
static void let_go(struct parent *p)
{
	close_end(&p->fd);
	close_end(&p->opener);
	close_end(&p->link);
	close_end(&p->names);
}

static void note_start(struct charge *c, pid_t pid)
{
	c->pid = pid > 0 ? pid : 0;
	c->since_ms = clock_ms();
}

/* Its ends for the child are kept in p->link and p->names. */
static bool start_notifier(struct parent *p)
{
	int link[2], names[2];
	pid_t pid;

	if (!p->plan->notifier)
		return true;
	if (!pair(link, SOCK_STREAM))
		return false;
	if (!pair(names, SOCK_STREAM)) {
		close(link[0]);
		close(link[1]);
		return false;
	}
	pid = fork();
	if (pid == 0) {
		let_go(p);
		close_end(&p->keep);
		close(link[0]);
		close(names[0]);
		run_fresh_signals();
		/* Not _exit(): leak checkers look at the end of each process. */
		exit(p->plan->notifier(p->plan->arg, link[1], names[1]));
	}
	close(link[1]);
	close(names[1]);
	close_end(&p->link);
	close_end(&p->names);
	p->link = link[0];
	p->names = names[0];
	note_start(&p->notifier, pid);
	if (pid < 0)
		log_errno(token, errno, "cannot start the process that notifies");
	return pid > 0;
}

/* A new notifier's ends, to the child that is there. */
static void hand_on(struct parent *p)
{
	const struct priv_message m = {.type = PRIV_NOTIFIER};
	const int fds[] = {p->link, p->names};

	if (p->fd >= 0 && p->link >= 0)
		priv_send_message(p->fd, &m, fds, 2);
	close_end(&p->link);
	close_end(&p->names);
}

static bool start_child(struct parent *p)
{
	int ends[2], opener[2];
	pid_t pid;

	if (priv_pair(ends) != 0 || !pair(opener, SOCK_SEQPACKET))
		return false;
	pid = fork();
	if (pid == 0) {
		const struct parent_ends mine = {
			.parent = ends[1],
			.opener = opener[1],
			.link = p->link,
			.names = p->names,
			.keep = p->keep,
			.notifier = p->plan->notifier != NULL,
			.again = p->was_ready,
		};

		close_end(&p->fd);
		close_end(&p->opener);
		close(ends[0]);
		close(opener[0]);
		run_fresh_signals();
		exit(p->plan->child(p->plan->arg, &mine));
	}
	close(ends[1]);
	close(opener[1]);
	close_end(&p->fd);
	close_end(&p->opener);
	close_end(&p->link);
	close_end(&p->names);
	p->fd = ends[0];
	p->opener = opener[0];
	note_start(&p->child, pid);
	if (pid < 0)
		log_errno(token, errno, "cannot start the process that watches");
	return pid > 0;
}

/* ------------------------------------------------------------------ orders */

static void obey(struct parent *p, int command)
{
	if (p->ordered)
		return;
	p->ordered = true;
	p->command = priv_execute(&p->plan->orders, command);
	if (p->command > 0) {
		priv_send(p->fd, PRIV_STARTED, 0);
		return;
	}
	p->failed = errno;
	p->command = 0;
	log_errno(token, p->failed, "Unable to call shutdown command%s",
		  p->plan->orders.command_count ? "" : ": none configured");
	priv_send(p->fd, PRIV_STARTED, p->failed);
}

static void run_hooks(struct parent *p, int seconds)
{
	if (p->hooks)
		return;
	p->hooks = priv_run_hooks(&p->plan->orders, seconds > 0 ? seconds : 0);
	if (p->hooks > 0)
		return;
	log_errno(token, errno, "the hooks cannot be run");
	p->hooks = 0;
	priv_send(p->fd, PRIV_HOOKS_ENDED, 1);
}

static void decide(struct parent *p, const struct priv_message *m)
{
	if (m->value < 0 || m->value > DEADLINE_MAX_S)
		return;
	p->decided = m->command;
	p->deadline_ms = clock_ms() + m->value * 1000LL;
}

/* What the child decided and cannot do any more. */
static void keep_deadline(struct parent *p)
{
	if (!p->deadline_ms || p->ordered || clock_ms() < p->deadline_ms)
		return;
	log_error(token, "a shutdown was decided and is overdue: %s",
		  p->child.pid ? "upsmon hangs" : "upsmon has died");
	obey(p, p->decided);
}

static void take_ready(struct parent *p)
{
	p->was_ready = true;
	if (p->handle >= 0)
		daemon_ready(p->handle);
	p->handle = -1;
}

static void hear(struct parent *p)
{
	struct priv_message m;

	if (priv_receive(p->fd, &m, NULL) <= 0) {
		close_end(&p->fd);
		return;
	}
	switch (m.type) {
	case PRIV_READY:
		take_ready(p);
		break;
	case PRIV_DECIDED:
		decide(p, &m);
		break;
	case PRIV_HOOKS:
		run_hooks(p, m.value);
		break;
	case PRIV_SHUTDOWN:
		obey(p, m.value);
		break;
	case PRIV_BYE:
		p->clean = true;
		p->deadline_ms = 0;
		break;
	default:
		log_error(token, "upsmon parent: got bogus message %u", (unsigned)m.type);
		close_end(&p->fd);
	}
}

/* --------------------------------------------------------------------- ends */

static void note_command_end(struct parent *p, int status)
{
	p->command = 0;
	p->failed = status;
	if (status)
		log_error(token,
			  "SHUTDOWNCMD failed (%s %d): this host goes on without power in reserve",
			  WIFSIGNALED(status) ? "signal" : "status",
			  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	priv_send(p->fd, PRIV_FINISHED, status);
}

/* One that dies again and again is started less and less often, but for ever. */
static void note_death(struct charge *c, const char *what, int status)
{
	long long now = clock_ms();

	c->pid = 0;
	if (now - c->since_ms > SETTLED_MS || !c->pause_ms)
		c->pause_ms = PAUSE_MIN_MS;
	else if (c->pause_ms < PAUSE_MAX_MS)
		c->pause_ms *= 2;
	c->again_ms = now + c->pause_ms;
	if (WIFSIGNALED(status))
		log_error(token, "%s was ended by signal %d; starting another", what,
			  WTERMSIG(status));
	else
		log_error(token, "%s ended with status %d; starting another", what,
			  WEXITSTATUS(status));
}

/* Whether the child's end is none that a new one could mend. */
static bool is_over(const struct parent *p)
{
	return p->clean || !p->was_ready || p->ordered || p->deadline_ms || told_to_stop;
}

static void bury_child(struct parent *p, int status)
{
	p->child.pid = 0;
	while (p->fd >= 0) { /* what it said last may still wait to be read */
		struct pollfd one = {.fd = p->fd, .events = POLLIN};

		if (poll(&one, 1, 0) <= 0)
			break;
		hear(p);
	}
	close_end(&p->fd);
	close_end(&p->opener);
	if (is_over(p))
		return;
	note_death(&p->child, "upsmon", status);
	/* Its notifier ends with the link to it; the next child gets one of its own. */
	p->notifier.pid = 0;
}

static void reap(struct parent *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == p->command) {
			note_command_end(p, status);
		} else if (pid == p->hooks) {
			p->hooks = 0;
			priv_send(p->fd, PRIV_HOOKS_ENDED, status != 0);
		} else if (pid == p->child.pid) {
			bury_child(p, status);
		} else if (pid == p->notifier.pid) {
			p->notifier.pid = 0;
			if (p->child.pid && !p->clean && !told_to_stop)
				note_death(&p->notifier, "upsmon's notifier", status);
		}
	}
}

/* --------------------------------------------------------------------- loop */

static bool child_is_due(const struct parent *p)
{
	return !p->child.pid && !is_over(p);
}

static bool notifier_is_due(const struct parent *p)
{
	return p->child.pid && p->plan->notifier && !p->notifier.pid && !p->clean && !told_to_stop;
}

static void start_again(struct parent *p)
{
	long long now = clock_ms();

	if (child_is_due(p) && now >= p->child.again_ms) {
		if (!p->notifier.pid)
			start_notifier(p);
		if (!start_child(p))
			p->child.again_ms = now + PAUSE_MAX_MS;
	}
	if (notifier_is_due(p) && now >= p->notifier.again_ms) {
		if (start_notifier(p))
			hand_on(p);
		else
			p->notifier.again_ms = now + PAUSE_MAX_MS;
	}
}

static void sooner(long long *due, long long ms)
{
	if (*due < 0 || ms < *due)
		*due = ms;
}

static int wait_limit_ms(const struct parent *p)
{
	long long due = -1, left;

	if (p->deadline_ms && !p->ordered)
		sooner(&due, p->deadline_ms);
	if (child_is_due(p))
		sooner(&due, p->child.again_ms);
	if (notifier_is_due(p))
		sooner(&due, p->notifier.again_ms);
	left = due - clock_ms();
	return due < 0 ? -1 : left > 0 ? (int)left : 0;
}

static bool is_busy(const struct parent *p)
{
	return p->child.pid || p->command || (p->deadline_ms && !p->ordered) || child_is_due(p);
}

static void wait_for_news(struct parent *p, const sigset_t *waiting)
{
	struct pollfd polled[] = {{.fd = p->fd, .events = POLLIN},
				  {.fd = p->opener, .events = POLLIN}};
	int limit_ms = wait_limit_ms(p);
	struct timespec limit = {limit_ms / 1000, limit_ms % 1000 * 1000000L};

	if (ppoll(polled, 2, limit_ms < 0 ? NULL : &limit, waiting) <= 0)
		return;
	if (polled[0].revents)
		hear(p);
	if (polled[1].revents && !opener_answer(p->opener, &p->plan->files))
		close_end(&p->opener);
}

/* Until child and command have ended, and nothing is left to be done. */
static void serve(struct parent *p, const sigset_t *waiting)
{
	while (is_busy(p)) {
		if (told_to_stop && !p->child.pid)
			break; /* the system's own end has come to us */
		if (told_to_stop && !p->passed_on)
			p->passed_on = kill(p->child.pid, SIGTERM) == 0;
		wait_for_news(p, waiting);
		reap(p);
		keep_deadline(p);
		start_again(p);
	}
}

static int memory_for_the_child(void)
{
#ifdef HAVE_MEMFD_CREATE
	return memfd_create("upsmon-keep", MFD_CLOEXEC);
#else
	return -1;
#endif
}

int parent_run(const struct parent_plan *plan, int handle)
{
	struct parent p = {.plan = plan,
			   .handle = handle,
			   .keep = memory_for_the_child(),
			   .fd = -1,
			   .opener = -1,
			   .link = -1,
			   .names = -1};
	sigset_t waiting;

	set_signals(&waiting);
	if (!start_notifier(&p) || !start_child(&p))
		return 1;
	if (plan->forked)
		plan->forked(plan->arg);
	serve(&p, &waiting);
	let_go(&p);
	if (plan->socket_path)
		unlink(plan->socket_path);
	if (p.ordered)
		return p.failed ? 1 : 0;
	if (p.clean)
		return 0;
	log_error(token, "upsmon parent: exiting (child exited)");
	return 1;
}
