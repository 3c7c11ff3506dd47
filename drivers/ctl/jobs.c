/*
 * Drivers run as children, many at once: to start (they go to the background
 * by themselves and their first process tells how it went), to cut the power
 * (-k), to be told something (-c).
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/ups/driverfolder.h"
#include "drivers/ctl/ctl.h"

enum {
	AT_ONCE = 32,
	LOOK_MS = 20,
	START_GRACE_MS = 5000,    /* a driver that keeps to maxstartdelay itself is a little late */
	SHUTDOWN_MS = 150 * 1000, /* then a hung -k is killed: the others come next */
	TELL_MS = 60 * 1000,
};

/* ------------------------------------------------------------------------------- words */

static void report_missing(const struct ctl_ups *ups, const char *folder, const char *program)
{
	char mend[512];

	if (errno != ENOENT) {
		log_errno("upsdrvctl", errno, "[%s] cannot run %s", ups->name, program);
		return;
	}
	driverfolder_mend(folder, ups->driver, mend, sizeof(mend));
	log_error("upsdrvctl", "[%s] there is no driver \"%s\" in %s; %s", ups->name, ups->driver,
		  folder, mend);
}

bool ctl_argv_begin(struct ctl_argv *a, const struct ctl_config *cfg, const struct ctl_ups *ups)
{
	const char *from_environment = getenv("NUT_DRIVERPATH");
	bool has_own = cfg->driverpath && !(from_environment && *from_environment);
	const char *folder = has_own ? cfg->driverpath : paths_driver();

	*a = (struct ctl_argv){0};
	if (!ups->driver || !*ups->driver) {
		log_error("upsdrvctl", "[%s] has no driver; add \"driver = ...\" to its section",
			  ups->name);
		return false;
	}
	if (strchr(ups->driver, '/') ||
	    !str_format(a->program, sizeof(a->program), "%s/%s", folder, ups->driver)) {
		log_error("upsdrvctl", "[%s] driver = %s: not the name of a program", ups->name,
			  ups->driver);
		return false;
	}
	if (access(a->program, X_OK) != 0) {
		report_missing(ups, folder, a->program);
		return false;
	}
	ctl_argv_add(a, a->program);
	ctl_argv_add(a, "-a");
	ctl_argv_add(a, ups->name);
	return true;
}

void ctl_argv_add(struct ctl_argv *a, const char *word)
{
	if (a->count < CTL_ARGV_MAX)
		a->words[a->count++] = word;
}

void ctl_argv_add_options(struct ctl_argv *a, const struct ctl_options *o)
{
	for (int i = 0; i < o->pass_debug && i < 9; i++)
		ctl_argv_add(a, "-D");
	if (o->chroot) {
		ctl_argv_add(a, "-r");
		ctl_argv_add(a, o->chroot);
	}
	if (o->user) {
		ctl_argv_add(a, "-u");
		ctl_argv_add(a, o->user);
	}
}

static void show(const struct ctl_argv *a)
{
	fputs("exec: ", stderr);
	for (size_t i = 0; i < a->count; i++)
		fprintf(stderr, " %s", a->words[i]);
	fputc('\n', stderr);
}

pid_t ctl_spawn(const struct ctl_argv *a, const struct ctl_options *o)
{
	sigset_t none;
	pid_t pid;

	if (o->testing || log_debug_level() >= 2)
		show(a);
	if (o->testing)
		return 0;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		log_errno("upsdrvctl", errno, "cannot fork");
	if (pid != 0)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(a->program, (char *const *)a->words);
	fprintf(stderr, "%s: %s\n", a->program, strerror(errno));
	_exit(1);
}

int ctl_become(const struct ctl_config *cfg, const struct ctl_ups *ups, const struct ctl_options *o)
{
	struct ctl_argv argv;

	if (!ctl_argv_begin(&argv, cfg, ups))
		return 1;
	ctl_argv_add(&argv, o->pid_files ? "-FF" : "-F");
	ctl_argv_add_options(&argv, o);
	if (o->testing || log_debug_level() >= 2)
		show(&argv);
	if (o->testing)
		return 0;
	fflush(NULL);
	execv(argv.program, (char *const *)argv.words);
	log_errno("upsdrvctl", errno, "cannot run %s", argv.program);
	return 1;
}

/* -------------------------------------------------------------------------------- jobs */

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_DONE, JOB_FAILED };

struct job {
	const struct ctl_ups *ups;
	struct ctl_argv argv;
	enum job_state state;
	pid_t pid;
	long attempts_left;
	long long due_ms;      /* waiting: not before */
	long long deadline_ms; /* running: 0 = none */
};

struct job_rules {
	const char *what;   /* "start" */
	bool retries;       /* maxretry and retrydelay count */
	bool leave_running; /* at the deadline the child is left alone, else it is killed */
	long limit_ms;      /* 0 = the UPS's maxstartdelay */
	const struct ctl_options *options;
};

static void job_begin(struct job *j, const struct job_rules *rules)
{
	long long limit = rules->limit_ms;

	if (limit == 0 && j->ups->maxstartdelay >= 0)
		limit = j->ups->maxstartdelay * 1000LL + START_GRACE_MS;
	j->attempts_left--;
	j->pid = ctl_spawn(&j->argv, rules->options);
	if (j->pid == 0 || (j->pid > 0 && rules->retries && j->ups->nowait)) {
		j->state = JOB_DONE;
		return;
	}
	j->state = j->pid < 0 ? JOB_FAILED : JOB_RUNNING;
	j->deadline_ms = limit > 0 ? clock_ms() + limit : 0;
}

static void job_ended(struct job *j, int status, const struct job_rules *rules)
{
	const char *name = j->ups->name;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		j->state = JOB_DONE;
		return;
	}
	j->state = JOB_FAILED;
	if (WIFSIGNALED(status))
		log_error("upsdrvctl", "%s of %s failed: the driver was killed by %s", rules->what,
			  name, strsignal(WTERMSIG(status)));
	else
		log_error("upsdrvctl", "%s of %s failed: the driver's exit status was %d",
			  rules->what, name, WEXITSTATUS(status));
	if (!rules->retries || j->attempts_left <= 0)
		return;
	log_notice("upsdrvctl", "trying %s again in %ld s", name, j->ups->retrydelay);
	j->state = JOB_WAITING;
	j->due_ms = clock_ms() + j->ups->retrydelay * 1000LL;
}

static void job_late(struct job *j, const struct job_rules *rules)
{
	j->state = JOB_FAILED;
	if (rules->leave_running) {
		log_warn("upsdrvctl", "the driver of %s is still starting", j->ups->name);
		return;
	}
	log_error("upsdrvctl", "%s of %s takes too long: killing the driver", rules->what,
		  j->ups->name);
	kill(j->pid, SIGKILL);
	waitpid(j->pid, NULL, 0);
}

static bool job_look(struct job *j, const struct job_rules *rules, unsigned *running)
{
	int status;

	if (j->state == JOB_WAITING && *running < AT_ONCE && clock_ms() >= j->due_ms)
		job_begin(j, rules);
	if (j->state == JOB_RUNNING && waitpid(j->pid, &status, WNOHANG) == j->pid)
		job_ended(j, status, rules);
	else if (j->state == JOB_RUNNING && j->deadline_ms > 0 && clock_ms() >= j->deadline_ms)
		job_late(j, rules);
	if (j->state == JOB_RUNNING)
		(*running)++;
	return j->state == JOB_RUNNING || j->state == JOB_WAITING;
}

/* Sleeps until a child ends, or for a moment: deadlines and pauses are looked at in between. */
static void wait_a_moment(void)
{
	struct timespec ts = {.tv_nsec = LOOK_MS * 1000000L};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &ts);
}

static unsigned jobs_run(struct job *jobs, size_t count, const struct job_rules *rules)
{
	unsigned failed = 0;
	bool busy = count > 0;

	while (busy) {
		unsigned running = 0;

		busy = false;
		for (size_t i = 0; i < count; i++)
			busy |= job_look(&jobs[i], rules, &running);
		if (busy)
			wait_a_moment();
	}
	for (size_t i = 0; i < count; i++)
		failed += jobs[i].state == JOB_FAILED;
	return failed;
}

static struct job *jobs_new(size_t count)
{
	struct job *jobs = calloc(count > 0 ? count : 1, sizeof(*jobs));

	if (!jobs)
		log_error("upsdrvctl", "out of memory");
	return jobs;
}

/* ------------------------------------------------------------------------------- verbs */

unsigned ctl_start(const struct ctl_config *cfg, const struct ctl_ups *const *upses, size_t count,
		   const struct ctl_options *o)
{
	struct job_rules rules = {
		.what = "start", .retries = true, .leave_running = true, .options = o};
	struct job *jobs = jobs_new(count);
	unsigned failed;

	if (!jobs)
		return 1;
	for (size_t i = 0; i < count; i++) {
		struct job *j = &jobs[i];

		j->ups = upses[i];
		j->attempts_left = j->ups->maxretry;
		j->state = JOB_DONE;
		if (j->ups->maxretry == 0) {
			log_notice("upsdrvctl", "%s is not started: its maxretry is 0",
				   j->ups->name);
			continue;
		}
		j->state = JOB_FAILED;
		if (!ctl_argv_begin(&j->argv, cfg, j->ups))
			continue;
		ctl_argv_add_options(&j->argv, o);
		if (o->pass_debug > 0)
			ctl_argv_add(&j->argv, "-B");
		j->state = JOB_WAITING;
	}
	failed = jobs_run(jobs, count, &rules);
	free(jobs);
	return failed;
}

/* All UPSes of one order at once: none of them has to wait for another one to give up. */
static unsigned shut_down_order(const struct ctl_config *cfg, const struct ctl_ups *const *upses,
				size_t count, long order, const struct ctl_options *o)
{
	struct job_rules rules = {.what = "shutdown", .limit_ms = SHUTDOWN_MS, .options = o};
	struct job *jobs = jobs_new(count);
	unsigned failed;

	if (!jobs)
		return 1;
	for (size_t i = 0; i < count; i++) {
		struct job *j = &jobs[i];

		j->ups = upses[i];
		j->state = JOB_DONE;
		if (j->ups->sdorder != order)
			continue;
		j->state = ctl_argv_begin(&j->argv, cfg, j->ups) ? JOB_WAITING : JOB_FAILED;
		ctl_argv_add_options(&j->argv, o);
		ctl_argv_add(&j->argv, "-k");
	}
	failed = jobs_run(jobs, count, &rules);
	free(jobs);
	return failed;
}

/* The lowest order above `above`; false when there is none. */
static bool next_order(const struct ctl_ups *const *upses, size_t count, long above, long *order)
{
	bool found = false;

	for (size_t i = 0; i < count; i++) {
		long mine = upses[i]->sdorder;

		if (mine > above && (!found || mine < *order)) {
			*order = mine;
			found = true;
		}
	}
	return found;
}

unsigned ctl_shutdown(const struct ctl_config *cfg, const struct ctl_ups *const *upses,
		      size_t count, bool named, const struct ctl_options *o)
{
	unsigned failed = 0;
	long order = named ? LONG_MIN : -1;

	while (next_order(upses, count, order, &order))
		failed += shut_down_order(cfg, upses, count, order, o);
	return failed;
}

unsigned ctl_tell(const struct ctl_config *cfg, const struct ctl_ups *const *upses, size_t count,
		  const char *command, const struct ctl_options *o)
{
	struct job_rules rules = {.what = command, .limit_ms = TELL_MS, .options = o};
	struct job *jobs = jobs_new(count);
	unsigned failed;

	if (!jobs)
		return 1;
	for (size_t i = 0; i < count; i++) {
		struct job *j = &jobs[i];

		j->ups = upses[i];
		j->state = ctl_argv_begin(&j->argv, cfg, j->ups) ? JOB_WAITING : JOB_FAILED;
		ctl_argv_add(&j->argv, "-q");
		ctl_argv_add(&j->argv, "-c");
		ctl_argv_add(&j->argv, command);
	}
	failed = jobs_run(jobs, count, &rules);
	free(jobs);
	return failed;
}
