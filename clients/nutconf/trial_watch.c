/*
 * Runs the daemons of a trial, restarts them, and looks at both sides again and again.
 *
 * This process and all its children are an ordinary user's that cannot get other
 * rights (no_new_privs): whatever goes wrong here, the machine cannot be shut down by it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <poll.h>
#include <unistd.h>

#include "clients/nutconf/tools.h"
#include "clients/nutconf/trial.h"
#include "clients/nutconf/trial_conf.h"
#include "clients/nutconf/trial_events.h"
#include "clients/nutconf/trial_values.h"
#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/run.h"
#include "common/base/str.h"
#include "common/ups/status.h"

static const char token[] = "trial";

enum {
	CHILDREN_MAX = TRIAL_UPS_MAX + 2,
	PAUSE_MIN_MS = 1000,
	PAUSE_MAX_MS = 30 * 1000,
	WRITE_MS = 5000,
	PATIENCE_MS = 30 * 1000, /* for our side to come up */
	END_MS = 10 * 1000,
};

enum kind { SERVER, DRIVER, MONITOR };

struct child {
	enum kind kind;
	char name[96]; /* a driver's is that of its UPS */
	pid_t pid;
	long long not_before_ms;
	unsigned pause_ms;
};

struct seen {
	bool known, good;
	uint32_t bits;
};

struct watching {
	const struct trial_watch *w;
	struct trial_server ours;
	struct child children[CHILDREN_MAX]; /* upsd, drivers, upsmon */
	size_t count;
	struct seen seen[TRIAL_UPS_MAX];
	struct trial_values values;
	char line[1024]; /* of the log, its beginning */
	size_t line_len;
};

static volatile sig_atomic_t stopped;

static void on_stop(int signo)
{
	(void)signo;
	stopped = 1;
}

/* -------------------------------------------------------------------- the children */

static void redirect(const struct watching *x, const char *prefix, const char *name)
{
	char path[PATH_MAX];
	int out, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	str_format(path, sizeof(path), "%s/log/%s%s.log", x->w->dir, prefix, name);
	out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	dup2(null, STDIN_FILENO);
	dup2(out >= 0 ? out : null, STDOUT_FILENO);
	dup2(out >= 0 ? out : null, STDERR_FILENO);
}

/* Nothing of the live suite's, and no way to people: no syslog, no wall(1), no system bus. */
static void set_environment(const struct watching *x)
{
	char path[PATH_MAX];

	str_format(path, sizeof(path), "%s/conf", x->w->dir);
	setenv("NUT_CONFPATH", path, 1);
	str_format(path, sizeof(path), "%s/run", x->w->dir);
	setenv("NUT_STATEPATH", path, 1);
	setenv("NUT_ALTPIDPATH", path, 1);
	setenv("NUT_PIDPATH", path, 1);
	setenv("PATH", path, 1);
	setenv("NUT_DEBUG_SYSLOG", "stderr", 1);
	str_format(path, sizeof(path), "unix:path=%s/run/no-bus", x->w->dir);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", path, 1);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

static _Noreturn void become(const struct watching *x, const struct child *c)
{
	char path[PATH_MAX];
	bool found;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	run_fresh_signals();
	found = c->kind == DRIVER ? tools_find_driver(NULL, "dummy-ups", path, sizeof(path))
				  : tools_find(c->name, path, sizeof(path));
	redirect(x, c->kind == DRIVER ? "driver-" : "", c->name);
	set_environment(x);
	if (!found)
		fprintf(stderr,
			"the program of %s is not found; is it where the user of the trial "
			"(--user) may go?\n",
			c->name);
	else if (c->kind == SERVER)
		execl(path, path, "-F", (char *)NULL);
	else if (c->kind == MONITOR)
		execl(path, path, "-F", "-p", (char *)NULL);
	else
		execl(path, path, "-F", "-a", c->name, (char *)NULL);
	_exit(127);
}

/* Whatever somebody did to the file meanwhile. */
static bool may_start(const struct watching *x, const struct child *c)
{
	char path[PATH_MAX];
	const char *why = "its path is too long";

	if (c->kind != MONITOR)
		return true;
	if (str_format(path, sizeof(path), "%s/conf/upsmon.conf", x->w->dir) &&
	    trial_conf_is_harmless(path, x->w->dir, x->w->recorder, x->w->plan->port, &why))
		return true;
	log_error(token, "%s: %s: upsmon is not started", path, why);
	return false;
}

static void start_child(struct watching *x, struct child *c)
{
	c->not_before_ms = clock_ms() + c->pause_ms;
	c->pause_ms = c->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : c->pause_ms * 2;
	if (!may_start(x, c))
		return;
	c->pid = fork();
	if (c->pid == 0)
		become(x, c);
}

static void add_child(struct watching *x, enum kind kind, const char *name)
{
	struct child *c = &x->children[x->count++];

	*c = (struct child){.kind = kind, .pause_ms = PAUSE_MIN_MS};
	str_copy(c->name, sizeof(c->name), name);
}

/* After a shutdown that was only noted, the real machine would have gone: a new one begins when
 * the live side is quiet. */
static bool is_quiet(const struct watching *x)
{
	for (size_t i = 0; i < x->w->plan->count; i++) {
		const struct seen *s = &x->seen[i];

		/* One that is away for good is not waited for. */
		if (s->known && s->good && (s->bits & (STATUS_LB | STATUS_FSD | STATUS_OB)))
			return false;
	}
	return true;
}

/* FSD stays set in a upsd for as long as it runs. */
static void begin_anew(struct watching *x)
{
	for (size_t i = 0; i < x->count; i++) {
		if (x->children[i].kind == SERVER && x->children[i].pid > 0)
			kill(x->children[i].pid, SIGTERM);
	}
}

static void reap(struct watching *x)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < x->count; i++) {
			if (x->children[i].pid == pid)
				x->children[i].pid = 0;
		}
	}
}

static void keep_running(struct watching *x)
{
	long long now = clock_ms();

	reap(x);
	for (size_t i = 0; i < x->count; i++) {
		struct child *c = &x->children[i];
		bool again = c->kind == MONITOR && c->not_before_ms;

		if (c->pid > 0 && now > c->not_before_ms + PAUSE_MAX_MS)
			c->pause_ms = PAUSE_MIN_MS;
		if (c->pid > 0 || now < c->not_before_ms || (again && !is_quiet(x)))
			continue;
		if (again)
			begin_anew(x);
		start_child(x, c);
	}
}

static void end_children(struct watching *x)
{
	long long deadline = clock_ms() + END_MS;
	bool left = true;

	for (size_t i = x->count; i-- > 0;) {
		if (x->children[i].pid > 0)
			kill(x->children[i].pid, SIGTERM);
	}
	while (left) {
		reap(x);
		left = false;
		for (size_t i = 0; i < x->count; i++) {
			left |= x->children[i].pid > 0;
			if (x->children[i].pid > 0 && clock_ms() > deadline)
				kill(x->children[i].pid, SIGKILL);
		}
		clock_sleep_ms(20);
	}
}

/* -------------------------------------------------------------------- the live side */

static void note_live(struct watching *x, const char *ups, const char *type, const char *how,
		      const char *text)
{
	struct trial_event e = {.ms = trial_now_ms(), .ours = false};
	char path[PATH_MAX];
	int err;

	str_copy(e.type, sizeof(e.type), type);
	str_copy(e.ups, sizeof(e.ups), ups);
	str_copy(e.how, sizeof(e.how), how);
	str_copy(e.text, sizeof(e.text), text);
	str_format(path, sizeof(path), "%s/events", x->w->dir);
	err = trial_event_append(path, &e);
	if (err)
		log_errno(token, err, "cannot write %s", path);
}

static const struct {
	uint32_t bit;
	const char *type;
} changes[] = {
	{STATUS_OB, "ONBATT"},
	{STATUS_LB, "LOWBATT"},
	{STATUS_FSD, "FSD"},
	{STATUS_RB, "REPLBATT"},
};

static void look_at_status(struct watching *x, size_t i)
{
	const struct trial_ups *u = &x->w->plan->upses[i];
	struct seen *s = &x->seen[i], now = {.known = true};
	char text[256] = "";

	now.good = trial_ask_status(&u->server, u->ups, text, sizeof(text));
	now.bits = now.good ? status_parse(text, NULL) : s->bits;
	if (s->known && s->good != now.good)
		note_live(x, u->name, now.good ? "COMMOK" : "COMMBAD", "status",
			  now.good ? text : trial_ask_error());
	for (size_t k = 0; s->known && k < sizeof(changes) / sizeof(changes[0]); k++) {
		if (now.bits & ~s->bits & changes[k].bit)
			note_live(x, u->name, changes[k].type, "status", text);
	}
	if (s->known && (now.bits & STATUS_OL) && (s->bits & STATUS_OB) && !(now.bits & STATUS_OB))
		note_live(x, u->name, "ONLINE", "status", text);
	*s = now;
}

static void look_at_line(struct watching *x, const char *line)
{
	const struct trial_plan *p = x->w->plan;
	char system[256];
	const char *type, *name;

	if (!trial_event_of_line(line, &type, system, sizeof(system)))
		return;
	name = *system ? trial_conf_name(p, &p->upses[0].server, system) : "";
	if (*name || !*system)
		note_live(x, name, type, "log", line);
}

static void read_log(struct watching *x)
{
	ssize_t n;

	while (x->w->log_fd >= 0 && (n = read(x->w->log_fd, x->line + x->line_len,
					      sizeof(x->line) - 1 - x->line_len)) > 0) {
		char *from = x->line, *eol;

		x->line_len += (size_t)n;
		x->line[x->line_len] = '\0';
		while ((eol = strchr(from, '\n'))) {
			*eol = '\0';
			look_at_line(x, from);
			from = eol + 1;
		}
		x->line_len = strlen(from);
		memmove(x->line, from, x->line_len + 1);
		if (x->line_len == sizeof(x->line) - 1)
			x->line_len = 0; /* no line of a log is so long */
	}
}

/* ------------------------------------------------------------------------ the values */

static void look_at_values(struct watching *x, size_t i)
{
	const struct trial_ups *u = &x->w->plan->upses[i];
	struct trial_list before = {NULL, 0}, ours = {NULL, 0}, after = {NULL, 0};

	/* When one side has nothing to say that is an event, not a difference of values. */
	if (trial_ask_values(&u->server, u->ups, &before) &&
	    trial_ask_values(&x->ours, u->name, &ours) &&
	    trial_ask_values(&u->server, u->ups, &after) &&
	    !trial_values_look(&x->values, u->name, &before, &ours, &after, trial_now_ms()))
		log_error(token, "out of memory: values are not compared any more");
	trial_list_free(&before);
	trial_list_free(&ours);
	trial_list_free(&after);
}

static void write_values(struct watching *x)
{
	char path[PATH_MAX];
	int err;

	str_format(path, sizeof(path), "%s/values", x->w->dir);
	err = trial_values_write(&x->values, path);
	if (err)
		log_errno(token, err, "cannot write %s", path);
}

/* ------------------------------------------------------------------------------ life */

/* Every UPS that the live side serves is served by ours. */
static bool is_up(struct watching *x)
{
	char text[256];

	for (size_t i = 0; i < x->w->plan->count; i++) {
		const struct trial_ups *u = &x->w->plan->upses[i];

		if (trial_ask_status(&u->server, u->ups, text, sizeof(text)) &&
		    (!trial_ask_status(&x->ours, u->name, text, sizeof(text)) ||
		     str_equal(text, "WAIT")))
			return false;
	}
	return true;
}

static bool come_up(struct watching *x)
{
	long long deadline = clock_ms() + PATIENCE_MS;

	while (!stopped && clock_ms() < deadline) {
		keep_running(x);
		if (is_up(x))
			return true;
		clock_sleep_ms(100);
	}
	return false;
}

static void watch(struct watching *x)
{
	const struct trial_plan *p = x->w->plan;
	long long next_values = 0, next_write = 0;

	while (!stopped && (!p->until_ms || trial_now_ms() < p->until_ms)) {
		for (size_t i = 0; i < p->count; i++)
			look_at_status(x, i);
		read_log(x);
		keep_running(x);
		if (clock_ms() >= next_values) {
			for (size_t i = 0; i < p->count; i++)
				look_at_values(x, i);
			next_values = clock_ms() + p->every_ms;
		}
		if (clock_ms() >= next_write) {
			write_values(x);
			next_write = clock_ms() + (p->every_ms < WRITE_MS ? p->every_ms : WRITE_MS);
		}
		/* A signal ends the pause. */
		poll(NULL, 0, (int)p->poll_ms);
	}
	for (size_t i = 0; i < p->count; i++)
		look_at_status(x, i);
	read_log(x);
}

int trial_watch_run(const struct trial_watch *w)
{
	struct sigaction stop = {.sa_handler = on_stop};
	struct watching *x = calloc(1, sizeof(*x));
	int status = EXIT_FAILURE;

	if (!x)
		return EXIT_FAILURE;
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	x->w = w;
	str_copy(x->ours.host, sizeof(x->ours.host), "127.0.0.1");
	x->ours.port = w->plan->port;
	add_child(x, SERVER, "upsd");
	for (size_t i = 0; i < w->plan->count; i++)
		add_child(x, DRIVER, w->plan->upses[i].name);
	if (come_up(x)) {
		status = EXIT_SUCCESS;
		for (size_t i = 0; i < w->plan->count; i++)
			look_at_status(x, i);
		add_child(x, MONITOR, "upsmon");
		keep_running(x);
		daemon_ready(w->handle);
		redirect(x, "", "watch");
		watch(x);
		write_values(x);
	} else {
		daemon_failed(w->handle);
	}
	end_children(x);
	trial_values_free(&x->values);
	free(x);
	return status;
}
