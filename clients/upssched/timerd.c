#include "config.h"

#include "clients/upssched/timerd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/upssched/timerd_private.h"
#include "common/base/daemon.h"
#include "common/base/paths.h"
#include "common/base/str.h"

static const char token[] = "timers";
static const char program[] = "upssched";

enum { START_S = 20 /* patience of the starter */ };

static void on_idle(void *arg)
{
	struct timerd *d = arg;

	log_info(token, "Timer queue empty, exiting");
	loop_stop(d->loop);
}

static void on_stop(void *arg)
{
	struct timerd *d = arg;

	if (d->schedule.timers.count)
		log_warn(token, "told to end: %zu timers will not come", d->schedule.timers.count);
	loop_stop(d->loop);
}

static bool set_up(struct timerd *d)
{
	static const struct {
		int signo;
		loop_fn *fn;
	} rows[] = {{SIGTERM, on_stop},
		    {SIGINT, on_stop},
		    {SIGQUIT, on_stop},
		    {SIGCHLD, timerd_on_script_end}};

	schedule_init(&d->schedule);
	d->loop = loop_new();
	if (!d->loop)
		return false;
	d->alarm = loop_timer_new(d->loop, timerd_on_alarm, d);
	d->idle = loop_timer_new(d->loop, on_idle, d);
	d->look = loop_timer_new(d->loop, timerd_on_look, d);
	if (!d->alarm || !d->idle || !d->look)
		return false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		d->signals[i] = loop_signal_new(d->loop, rows[i].signo, rows[i].fn, d);
		if (!d->signals[i])
			return false;
	}
	/* That of upsmon's terminal, and of its restarts. */
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	return timerd_listen(d);
}

static void tear_down(struct timerd *d)
{
	timerd_hang_up(d);
	loop_timer_free(d->alarm);
	loop_timer_free(d->idle);
	loop_timer_free(d->look);
	for (size_t i = 0; i < sizeof(d->signals) / sizeof(d->signals[0]); i++)
		loop_signal_free(d->signals[i]);
	loop_free(d->loop);
	schedule_free(&d->schedule);
	schedule_due_free(&d->held);
	for (size_t i = 0; i < d->script_count; i++)
		free(d->scripts[i].name);
}

static void write_pid_file(struct timerd *d)
{
	const char *folders[] = {paths_pid(), paths_altpid()};
	int err = 0;

	for (size_t i = 0; i < 2; i++) {
		str_format(d->pid_path, sizeof(d->pid_path), "%s/%s.pid", folders[i], program);
		err = daemon_pidfile_write(d->pid_path);
		if (!err)
			return;
	}
	log_warn_errno(token, err, "cannot write %s", d->pid_path);
	d->pid_path[0] = '\0';
}

/* Unless a daemon that has another PIPEFN has written its own. */
static void remove_pid_file(const struct timerd *d)
{
	pid_t pid;

	if (daemon_pidfile_read(d->pid_path, &pid) == DAEMON_PID_OK && pid == getpid())
		daemon_pidfile_remove(d->pid_path);
}

static void run(struct timerd *d, struct lock *lock, int handle)
{
	lock_release(lock);
	write_pid_file(d);
	log_info(token, "Timer daemon started");
	daemon_ready(handle);
	timerd_on_look(d);
	timerd_set_alarm(d);
	if (loop_run(d->loop) != 0)
		log_error(token, "no way to wait for anything: the timer daemon ends");
	remove_pid_file(d);
}

static _Noreturn void become_daemon(const struct upssched_conf *conf, struct lock *lock)
{
	struct timerd *d;
	int handle;

	/* Once more, so that upsmon's child may end, and the daemon leads a session. */
	if (daemon_fork(&handle, START_S) != 0) {
		log_errno(token, errno, "cannot start the timer daemon");
		_exit(EXIT_FAILURE);
	}
	d = calloc(1, sizeof(*d));
	if (d)
		d->conf = conf;
	if (d && set_up(d)) {
		run(d, lock, handle);
		tear_down(d);
		free(d);
		exit(EXIT_SUCCESS);
	}
	log_errno(token, errno, "the timer daemon cannot listen at PIPEFN %s", conf->pipe);
	daemon_failed(handle);
	exit(EXIT_FAILURE);
}

bool timerd_start(const struct upssched_conf *conf, struct lock *lock)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become_daemon(conf, lock);
	if (pid < 0) {
		log_errno(token, errno, "cannot start the timer daemon");
		return false;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}
