#include "config.h"

#include "clients/upsmon/hooks.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "hooks";

enum {
	HOOKS_MAX = 256,
	AT_ONCE_MAX = 64,
	KILL_AFTER_MS = 1000,
	LOOK_MS = 20, /* how often ended hooks are looked for */
};

struct hook {
	char *name;
	pid_t pid; /* 0 = has ended */
	bool told; /* SIGTERM was sent */
};

struct run {
	const char *dir;
	struct dirent **list;
	long each_ms;
	long long end_ms; /* of all */
	bool failed;
};

/* Whether nobody but root and us could have put something there. */
static bool is_ours(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int is_name(const struct dirent *d)
{
	return !strpbrk(d->d_name, ".~#");
}

static bool may_run(const struct run *r, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (!str_format(path, sizeof(path), "%s/%s", r->dir, name) || stat(path, &st) != 0 ||
	    !S_ISREG(st.st_mode) || access(path, X_OK) != 0)
		return false;
	if (is_ours(&st))
		return true;
	log_warn(token, "%s is left out: others may change it; chown root, chmod go-w", path);
	return false;
}

/* A group of its own, so that what it starts can be ended with it. */
static pid_t start(const struct run *r, const char *name)
{
	char path[PATH_MAX], *argv[] = {path, NULL};
	pid_t pid;

	str_format(path, sizeof(path), "%s/%s", r->dir, name);
	pid = fork();
	if (pid != 0) {
		if (pid > 0)
			setpgid(pid, pid);
		return pid;
	}
	setpgid(0, 0);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	execv(path, argv);
	_exit(127);
}

static void note_end(struct run *r, struct hook *h, int status, long long began_ms)
{
	h->pid = 0;
	if (status)
		r->failed = true;
	if (h->told)
		return;
	if (status)
		log_warn(token, "%s ended with %s %d after %lld ms", h->name,
			 WIFSIGNALED(status) ? "signal" : "status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
			 clock_ms() - began_ms);
	else
		log_info(token, "%s is done after %lld ms", h->name, clock_ms() - began_ms);
}

/* What one that was told to end has started goes with it, while its group is surely its own. */
static bool has_ended(const struct hook *h, int *status)
{
	siginfo_t info = {0};

	if (h->told && waitid(P_PID, (id_t)h->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == h->pid)
		kill(-h->pid, SIGKILL);
	return waitpid(h->pid, status, WNOHANG) == h->pid;
}

static size_t reap(struct run *r, struct hook *hooks, size_t count, long long began_ms)
{
	size_t running = 0;
	int status;

	for (size_t i = 0; i < count; i++) {
		if (hooks[i].pid && has_ended(&hooks[i], &status))
			note_end(r, &hooks[i], status, began_ms);
		running += hooks[i].pid != 0;
	}
	return running;
}

static void end_late(struct run *r, struct hook *hooks, size_t count, int signo)
{
	r->failed = true;
	for (size_t i = 0; i < count; i++) {
		if (!hooks[i].pid)
			continue;
		if (!hooks[i].told)
			log_warn(token, "%s has used up its time and is ended", hooks[i].name);
		hooks[i].told = true;
		kill(-hooks[i].pid, signo);
	}
}

static void wait_for(struct run *r, struct hook *hooks, size_t count)
{
	long long began = clock_ms(), end = began + r->each_ms;

	bool termed = false;

	if (end > r->end_ms)
		end = r->end_ms;
	while (reap(r, hooks, count, began)) {
		long long now = clock_ms();

		if (now >= end + KILL_AFTER_MS)
			end_late(r, hooks, count, SIGKILL);
		else if (now >= end && !termed)
			end_late(r, hooks, count, SIGTERM);
		termed = now >= end;
		clock_sleep_ms(LOOK_MS);
		if (now >= end + 2 * KILL_AFTER_MS)
			return; /* in the kernel, out of reach */
	}
}

/* The number that a name begins with, or -1: no number runs alone. */
static long batch_of(const char *name)
{
	return isdigit((unsigned char)*name) ? strtol(name, NULL, 10) : -1;
}

/* Starts those from `first` on that belong together; returns where the next begin. */
static size_t run_batch(struct run *r, size_t first, size_t total)
{
	struct hook hooks[AT_ONCE_MAX] = {{0}};
	long batch = batch_of(r->list[first]->d_name);
	size_t count = 0, i = first;

	for (; i < total && count < AT_ONCE_MAX; i++) {
		const char *name = r->list[i]->d_name;

		if (i > first && (batch < 0 || batch_of(name) != batch))
			break;
		if (!may_run(r, name))
			continue;
		hooks[count].name = r->list[i]->d_name;
		hooks[count].pid = start(r, name);
		if (hooks[count].pid < 0) {
			log_errno(token, errno, "%s cannot be started", name);
			r->failed = true;
			continue;
		}
		count++;
	}
	if (count)
		wait_for(r, hooks, count);
	return i;
}

static void run_all(struct run *r, size_t total)
{
	for (size_t i = 0; i < total;) {
		if (clock_ms() >= r->end_ms) {
			log_warn(token, "no time is left for %s and those after it",
				 r->list[i]->d_name);
			r->failed = true;
			return;
		}
		i = run_batch(r, i, total);
	}
}

static void prepare(void)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	/* The end of the system's own services must not take the hooks along. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* If it has become stdin itself, it may not be closed behind our back. */
	if (null > STDIN_FILENO)
		dup2(null, STDIN_FILENO);
	else if (null == STDIN_FILENO)
		fcntl(null, F_SETFD, 0);
}

int hooks_run(const char *dir, long each_s, long limit_s)
{
	struct run r = {
		.dir = dir, .each_ms = each_s * 1000, .end_ms = clock_ms() + limit_s * 1000LL};
	struct stat st;
	int total;

	prepare();
	if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
		log_errno(token, errno ? errno : ENOTDIR, "SHUTDOWNHOOKS %s", dir);
		return 1;
	}
	if (!is_ours(&st)) {
		log_error(token,
			  "SHUTDOWNHOOKS %s: others may change it; chown root, chmod go-w: no "
			  "hook is run",
			  dir);
		return 1;
	}
	total = scandir(dir, &r.list, is_name, alphasort);
	if (total < 0) {
		log_errno(token, errno, "SHUTDOWNHOOKS %s", dir);
		return 1;
	}
	run_all(&r, total > HOOKS_MAX ? HOOKS_MAX : (size_t)total);
	for (int i = 0; i < total; i++)
		free(r.list[i]);
	free(r.list);
	return r.failed ? 1 : 0;
}
