/*
 * upsdrvctl -F: keeps the drivers as children, and starts again those that
 * die, with growing pauses and without ever giving up.
 *
 * A driver that ends with 0 was told to (upsdrvctl stop, SIGTERM, a twin that
 * took its place): it is left alone until the next SIGHUP.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/loop.h"
#include "drivers/core/backoff.h"
#include "drivers/ctl/ctl.h"

enum {
	RESTART_FIRST_MS = 1000,
	RESTART_LONGEST_MS = 60 * 1000,
	SETTLED_MS = 60 * 1000, /* who lived for so long starts at the first pause again */
	END_MS = 10 * 1000,     /* for drivers to end by themselves, then they are killed */
};

struct supervisor;

struct ward {
	struct ward *next;
	struct supervisor *owner;
	char *name;
	char *driver; /* the program that was started */
	pid_t pid;    /* 0 = does not run */
	long long started_ms;
	struct loop_timer *restart;
	struct backoff backoff;
	bool told_to_end; /* its section is gone, or we end */
	bool replaced;    /* another driver takes its place when it has ended */
	bool found;       /* while ups.conf is read again */
};

struct supervisor {
	struct ctl_config *cfg;
	const struct ctl_options *options;
	const char *only;
	struct loop *loop;
	struct ward *wards;
	struct loop_timer *end;
	bool ending;
};

/* --------------------------------------------------------------------------- one driver */

static void plan_restart(struct ward *w)
{
	int pause_ms = backoff_next(&w->backoff);

	log_notice("upsdrvctl", "the driver of %s is started again in %d.%d s", w->name,
		   pause_ms / 1000, pause_ms % 1000 / 100);
	loop_timer_set(w->restart, pause_ms);
}

static void start(void *arg)
{
	struct ward *w = arg;
	struct supervisor *sv = w->owner;
	const struct ctl_ups *ups = ctl_config_find(sv->cfg, w->name);
	struct ctl_argv argv;

	if (!ups || w->pid > 0 || sv->ending)
		return;
	if (ctl_argv_begin(&argv, sv->cfg, ups) && str_replace(&w->driver, ups->driver)) {
		ctl_argv_add(&argv, sv->options->pid_files ? "-FF" : "-F");
		ctl_argv_add_options(&argv, sv->options);
		w->pid = ctl_spawn(&argv, sv->options);
	}
	if (w->pid > 0) {
		w->started_ms = clock_ms();
		log_debug(1, "upsdrvctl", "the driver of %s runs as pid %ld", w->name,
			  (long)w->pid);
		return;
	}
	w->pid = 0;
	plan_restart(w);
}

static void ended(struct ward *w, int status)
{
	w->pid = 0;
	if (w->told_to_end || w->owner->ending)
		return;
	if (w->replaced) {
		w->replaced = false;
		start(w);
		return;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		log_notice("upsdrvctl", "the driver of %s ended because it was told to", w->name);
		return;
	}
	/* It asked for it: reload-or-exit found something that only a new start takes up. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGUSR1) {
		start(w);
		return;
	}
	if (WIFSIGNALED(status))
		log_error("upsdrvctl", "the driver of %s was killed by %s", w->name,
			  strsignal(WTERMSIG(status)));
	else
		log_error("upsdrvctl", "the driver of %s ended with status %d", w->name,
			  WEXITSTATUS(status));
	if (clock_ms() - w->started_ms >= SETTLED_MS)
		backoff_reset(&w->backoff);
	plan_restart(w);
}

static void ward_free(struct ward *w)
{
	loop_timer_free(w->restart);
	free(w->name);
	free(w->driver);
	free(w);
}

static struct ward *ward_new(struct supervisor *sv, const char *name)
{
	struct ward *w = calloc(1, sizeof(*w));
	struct ward **at = &sv->wards;

	if (!w)
		return NULL;
	w->owner = sv;
	w->backoff = (struct backoff){RESTART_FIRST_MS, RESTART_LONGEST_MS, 0};
	w->name = str_dup(name);
	w->restart = loop_timer_new(sv->loop, start, w);
	if (!w->name || !w->restart) {
		ward_free(w);
		return NULL;
	}
	while (*at)
		at = &(*at)->next;
	*at = w;
	return w;
}

/* ------------------------------------------------------------------------- all of them */

static struct ward *find_ward(const struct supervisor *sv, const char *name)
{
	struct ward *w = sv->wards;

	while (w && !str_equal(w->name, name))
		w = w->next;
	return w;
}

/* Brings the wards in line with the configuration: new ones start, gone ones end. */
static void adjust(struct supervisor *sv)
{
	for (struct ward *w = sv->wards; w; w = w->next)
		w->found = false;
	for (size_t i = 0; i < sv->cfg->count; i++) {
		const struct ctl_ups *ups = &sv->cfg->upses[i];
		struct ward *w;

		if (sv->only && !str_equal(sv->only, ups->name))
			continue;
		w = find_ward(sv, ups->name);
		if (!w && !(w = ward_new(sv, ups->name))) {
			log_error("upsdrvctl", "out of memory: %s is not served", ups->name);
			continue;
		}
		w->found = true;
		w->told_to_end = false;
		if (w->pid == 0) {
			start(w);
		} else if (!str_equal(w->driver, ups->driver)) {
			w->replaced = true;
			kill(w->pid, SIGTERM);
		}
	}
	for (struct ward *w = sv->wards; w; w = w->next) {
		if (w->found || w->told_to_end)
			continue;
		log_notice("upsdrvctl", "%s is no more in ups.conf: ending its driver", w->name);
		w->told_to_end = true;
		loop_timer_cancel(w->restart);
		if (w->pid > 0)
			kill(w->pid, SIGTERM);
	}
}

static void signal_all(const struct supervisor *sv, int signo)
{
	for (const struct ward *w = sv->wards; w; w = w->next) {
		if (w->pid > 0)
			kill(w->pid, signo);
	}
}

static void stop_if_all_ended(struct supervisor *sv)
{
	for (const struct ward *w = sv->wards; w; w = w->next) {
		if (w->pid > 0)
			return;
	}
	loop_stop(sv->loop);
}

static void on_child(void *arg)
{
	struct supervisor *sv = arg;

	/* Each by its pid: nobody else's children are taken away. */
	for (struct ward *w = sv->wards; w; w = w->next) {
		int status;

		if (w->pid > 0 && waitpid(w->pid, &status, WNOHANG) == w->pid)
			ended(w, status);
	}
	if (sv->ending)
		stop_if_all_ended(sv);
}

static void on_end(void *arg)
{
	struct supervisor *sv = arg;

	if (sv->ending)
		return;
	log_notice("upsdrvctl", "ending, and the drivers with it");
	daemon_notify("STOPPING=1");
	sv->ending = true;
	signal_all(sv, SIGTERM);
	loop_timer_set(sv->end, END_MS);
	stop_if_all_ended(sv);
}

static void on_end_of_patience(void *arg)
{
	struct supervisor *sv = arg;

	log_warn("upsdrvctl", "not all drivers end by themselves: killing them");
	signal_all(sv, SIGKILL);
}

static void on_hangup(void *arg)
{
	static char token[] = "ups.conf";
	struct conf_report report = {.emit = conf_emit_log, .arg = token};
	struct supervisor *sv = arg;
	struct ctl_config fresh;

	/* The drivers first: those started below have read the new file anyway. */
	signal_all(sv, SIGHUP);
	if (!ctl_config_read(&fresh, &report)) {
		log_error("upsdrvctl", "going on with the drivers as they were");
		return;
	}
	ctl_config_free(sv->cfg);
	*sv->cfg = fresh;
	adjust(sv);
}

static void on_usr1(void *arg)
{
	signal_all(arg, SIGUSR1);
}

static void on_urgent(void *arg)
{
	signal_all(arg, SIGURG);
}

int ctl_supervise(struct ctl_config *cfg, const char *only, const struct ctl_options *o)
{
	static const struct {
		int signo;
		loop_fn *fn;
	} rows[] = {
		{SIGCHLD, on_child}, {SIGTERM, on_end},  {SIGINT, on_end},    {SIGQUIT, on_end},
		{SIGHUP, on_hangup}, {SIGUSR1, on_usr1}, {SIGURG, on_urgent},
	};
	enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
	struct supervisor sv = {.cfg = cfg, .options = o, .only = only, .loop = loop_new()};
	struct loop_signal *signals[COUNT] = {0};
	int rc = -1;

	if (!sv.loop || !(sv.end = loop_timer_new(sv.loop, on_end_of_patience, &sv)))
		goto out;
	for (size_t i = 0; i < COUNT; i++) {
		signals[i] = loop_signal_new(sv.loop, rows[i].signo, rows[i].fn, &sv);
		if (!signals[i])
			goto out;
	}
	adjust(&sv);
	daemon_notify("READY=1");
	rc = loop_run(sv.loop);
out:
	if (rc != 0)
		log_error("upsdrvctl", "cannot supervise: no memory, or the event loop failed");
	while (sv.wards) {
		struct ward *w = sv.wards;

		sv.wards = w->next;
		ward_free(w);
	}
	for (size_t i = 0; i < COUNT; i++)
		loop_signal_free(signals[i]);
	loop_timer_free(sv.end);
	if (sv.loop)
		loop_free(sv.loop);
	return rc == 0 ? 0 : 1;
}
