#include "config.h"

#include "clients/upsmon/notify/courier.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clients/upsmon/notify/desktop.h"
#include "clients/upsmon/notify/mail.h"
#include "clients/upsmon/notify/nutlog.h"
#include "clients/upsmon/spawn.h"
#include "common/base/log.h"
#include "common/base/str.h"

enum {
	RUNNING_MAX = 64, /* a NOTIFYCMD that never ends must not fill the process table */
	COURTESY_MAX = RUNNING_MAX / 2, /* walls and desktops leave room for what may matter more */
	COURTESY_LIMIT_MS = 30 * 1000,
	MAIL_LIMIT_MS = 60 * 1000,
	MAIL_GRACE_MS = 5 * 1000, /* for its process to say itself why it failed */
	WAITING_MAX = 512,
	WAITING_BYTES_MAX = 512 * 1024,
	WAITING_LIMIT_MS = 60 * 1000,
	FULL_LOG_S = 60,
};

static const char token[] = "notify";

enum interest {
	IN_ITS_END,       /* a bad one is logged */
	IN_ITS_DEATH,     /* by a signal; it says itself what else went wrong */
	IN_FIRST_FAILURE, /* no desktop that listens: told once until one does */
	IN_NEITHER,       /* no wall, or nobody to read it */
};

struct errand {
	pid_t pid;
	const char *what;
	long long deadline_ms; /* 0 = none */
	enum interest interest;
	bool killed;
	courier_done_fn *done;
	void *arg;
};

/* A delivery that waits, as a line of words. */
struct parcel {
	struct parcel *next;
	struct buffer line;
	const char *what;
	long long until_ms; /* then nobody wants it any more */
};

struct courier {
	struct loop *loop;
	struct loop_signal *child_ended;
	struct loop_timer *deadline;
	struct loop_deferred look; /* an adopted program may have ended before */
	struct nutlog *nutlog;
	loop_fn *idle;
	void *idle_arg;
	unsigned courtesy_ms, mail_ms;
	bool mail_told;               /* that there is none */
	bool desktop_told;            /* the last notice did not get there, and so it was said */
	struct log_throttle full;     /* what is left out */
	struct parcel *first, **last; /* what waits for a place, in its order */
	size_t waiting, waiting_bytes;
	size_t count;
	struct errand running[RUNNING_MAX];
};

/* --------------------------------------------------------- running programs */

static bool is_told(struct courier *c, const struct errand *e, int status)
{
	bool before = c->desktop_told;

	switch (e->interest) {
	case IN_ITS_END:
		return true;
	case IN_ITS_DEATH:
		return WIFSIGNALED(status);
	case IN_FIRST_FAILURE:
		c->desktop_told = status != 0;
		return !before;
	default:
		return false;
	}
}

static void log_end(struct courier *c, const struct errand *e, int status)
{
	if (e->killed)
		return;
	if (!is_told(c, e, status))
		log_debug(1, token, "%s ended with wait status %d", e->what, status);
	else if (WIFSIGNALED(status))
		log_warn(token, "%s was ended by signal %d", e->what, WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127)
		log_warn(token, "%s ended with status 127: does it exist, may it be run?", e->what);
	else if (WEXITSTATUS(status))
		log_warn(token, "%s ended with status %d", e->what, WEXITSTATUS(status));
}

static void start_waiting(struct courier *c);
static void drop_stale(struct courier *c, long long now_ms);

static void reap(void *arg)
{
	struct courier *c = arg;
	size_t before = c->count;
	int status;

	for (size_t i = c->count; i-- > 0;) {
		struct errand ended = c->running[i];

		/* Only our own: others have children, too. */
		if (waitpid(ended.pid, &status, WNOHANG) <= 0)
			continue;
		c->running[i] = c->running[--c->count];
		log_end(c, &ended, status);
		if (ended.done)
			ended.done(ended.arg, status);
	}
	start_waiting(c);
	if (before > 0 && c->count == 0 && c->idle)
		c->idle(c->idle_arg);
}

/* sudo, for one, is not ours to kill: it stays, and takes its place until it ends. */
static void kill_late(struct errand *e)
{
	e->deadline_ms = 0;
	if (kill(e->pid, SIGKILL) == 0) {
		e->killed = true;
		log_warn(token, "%s took too long and was killed", e->what);
	} else {
		log_warn_errno(token, errno, "%s takes too long and cannot be killed", e->what);
	}
}

static void set_deadline(struct courier *c, long long now_ms)
{
	long long first = LLONG_MAX;

	for (size_t i = 0; i < c->count; i++) {
		long long due = c->running[i].deadline_ms;

		if (due && due < first)
			first = due;
	}
	if (c->first && c->first->until_ms < first)
		first = c->first->until_ms;
	if (first < LLONG_MAX)
		loop_timer_set(c->deadline, first - now_ms);
	else
		loop_timer_cancel(c->deadline);
}

static void check_deadlines(void *arg)
{
	struct courier *c = arg;
	long long now_ms = loop_now_ms(c->loop);

	reap(c);
	for (size_t i = 0; i < c->count; i++) {
		struct errand *e = &c->running[i];

		if (e->deadline_ms && e->deadline_ms <= now_ms)
			kill_late(e);
	}
	drop_stale(c, now_ms);
	set_deadline(c, now_ms);
}

static bool is_courtesy(const struct errand *e)
{
	return e->interest == IN_NEITHER || e->interest == IN_FIRST_FAILURE;
}

/* Once a minute, however many they are. */
static void leave_out(struct courier *c, const char *what)
{
	unsigned missed;

	if (!log_throttle_pass(&c->full, FULL_LOG_S, &missed))
		return;
	if (missed)
		log_error(token, "%zu programs are running, %s is left out, and %u others before",
			  c->count, what, missed);
	else
		log_error(token, "%zu programs are running, %s is left out", c->count, what);
}

static bool has_room(struct courier *c, const struct errand *e)
{
	size_t max = is_courtesy(e) ? COURTESY_MAX : RUNNING_MAX;

	if (c->count < max)
		return true;
	leave_out(c, e->what);
	return false;
}

static void watch_over(struct courier *c, const struct errand *e, pid_t pid)
{
	c->running[c->count] = *e;
	c->running[c->count++].pid = pid;
	if (e->deadline_ms)
		set_deadline(c, loop_now_ms(c->loop));
}

/* e->deadline_ms is counted from now. */
static void start(struct courier *c, const struct spawn *s, struct errand e)
{
	pid_t pid;

	if (!has_room(c, &e))
		return;
	pid = spawn_run(s);
	if (pid < 0) {
		log_errno(token, errno, "Can't fork to notify: %s", e.what);
		return;
	}
	if (e.deadline_ms)
		e.deadline_ms += loop_now_ms(c->loop);
	watch_over(c, &e, pid);
}

/* ---------------------------------------------------------------- arguments */

struct command {
	char *argv[DELIVERY_ARGS_MAX + 4]; /* borrowed; nobody writes there */
	size_t count;
};

static void add_word(struct command *cmd, const char *word)
{
	cmd->argv[cmd->count++] = (char *)word;
	cmd->argv[cmd->count] = NULL;
}

static void add_words(struct command *cmd, const struct delivery *d)
{
	for (size_t i = 0; i < d->argc && i < DELIVERY_ARGS_MAX; i++)
		add_word(cmd, d->argv[i]);
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* ------------------------------------------------------------------- kinds */

static void carry_log(struct courier *c, const struct delivery *d)
{
	(void)c;
	log_forwarded(d->priority, d->text);
}

/* The reading end of a pipe that holds the text; as much of it as goes in without a reader. */
static int text_as_input(const char *text)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	if (write(ends[1], text, strlen(text)) < 0 || write(ends[1], "\n", 1) < 0)
		log_errno(token, errno, "cannot write to wall");
	close(ends[1]);
	return ends[0];
}

static void carry_wall(struct courier *c, const struct delivery *d)
{
	struct command cmd = {.count = 0};
	int input = text_as_input(d->text);

	if (input < 0) {
		log_errno(token, errno, "Can't fork to notify: wall");
		return;
	}
	if (d->argc == 0)
		add_word(&cmd, "wall");
	add_words(&cmd, d);
	start(c, &(struct spawn){.argv = cmd.argv, .input = input},
	      (struct errand){
		      .what = "wall", .deadline_ms = c->courtesy_ms, .interest = IN_NEITHER});
	close(input);
}

static void carry_exec(struct courier *c, const struct delivery *d)
{
	const char *env[] = {"NOTIFYTYPE", or_empty(d->type), "UPSNAME", or_empty(d->ups), NULL};
	struct command cmd = {.count = 0};

	if (d->argc == 0)
		return;
	add_words(&cmd, d);
	add_word(&cmd, d->text);
	start(c, &(struct spawn){.argv = cmd.argv, .input = -1, .env = env},
	      (struct errand){.what = "NOTIFYCMD"});
}

static void carry_shell(struct courier *c, const struct delivery *d)
{
	struct command cmd = {.count = 0};

	add_words(&cmd, d);
	if (d->argc == 0) {
		add_word(&cmd, access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh");
		add_word(&cmd, "-c");
	}
	add_word(&cmd, d->text);
	start(c, &(struct spawn){.argv = cmd.argv, .input = -1},
	      (struct errand){.what = "SHELLCMD"});
}

static void carry_mail(struct courier *c, const struct delivery *d)
{
	struct errand e = {.what = "mail", .interest = IN_ITS_DEATH};
	pid_t pid;

	if (!mail_available) {
		if (!c->mail_told)
			log_error(token, "EMAIL: this upsmon was built without libcurl and "
					 "sends no mail");
		c->mail_told = true;
		return;
	}
	if (!has_room(c, &e))
		return;
	pid = mail_start(&d->mail, d->text, c->mail_ms);
	if (pid < 0) {
		log_errno(token, errno, "cannot start the process that sends mail");
		return;
	}
	e.deadline_ms = loop_now_ms(c->loop) + c->mail_ms + MAIL_GRACE_MS;
	watch_over(c, &e, pid);
}

static void carry_desktop(struct courier *c, const struct delivery *d)
{
	struct desktop desktops[DESKTOPS_MAX];
	size_t count = desktop_list(desktops, DESKTOPS_MAX);
	struct desktop_command cmd;

	for (size_t i = 0; i < count; i++) {
		desktop_command(&cmd, &desktops[i], d);
		start(c, &(struct spawn){.argv = cmd.argv, .input = -1},
		      (struct errand){.what = "notify-send",
				      .deadline_ms = c->courtesy_ms,
				      .interest = IN_FIRST_FAILURE});
	}
}

/* A reader who is asleep must not hold us up: what does not go in at once is lost. */
static void print_line(int fd, const char *text)
{
	struct pollfd out = {.fd = fd, .events = POLLOUT};
	size_t len = strnlen(text, PIPE_BUF - 1);
	char line[PIPE_BUF];

	memcpy(line, text, len);
	line[len++] = '\n';
	if (poll(&out, 1, 0) != 1 || write(fd, line, len) < 0)
		log_debug(1, token, "descriptor %d takes no text", fd);
}

static void carry_print(struct courier *c, const struct delivery *d)
{
	(void)c;
	print_line(d->kind == DELIVERY_PRINT ? STDOUT_FILENO : STDERR_FILENO, d->text);
}

static void carry_nutlog(struct courier *c, const struct delivery *d)
{
	nutlog_write(c->nutlog, d->argc ? d->argv[0] : "", d->text, time(NULL));
}

static void carry(struct courier *c, const struct delivery *d)
{
	static void (*const carriers[DELIVERY_COUNT])(struct courier *, const struct delivery *) = {
		[DELIVERY_LOG] = carry_log,       [DELIVERY_WALL] = carry_wall,
		[DELIVERY_EXEC] = carry_exec,     [DELIVERY_SHELL] = carry_shell,
		[DELIVERY_MAIL] = carry_mail,     [DELIVERY_DESKTOP] = carry_desktop,
		[DELIVERY_PRINT] = carry_print,   [DELIVERY_EPRINT] = carry_print,
		[DELIVERY_NUTLOG] = carry_nutlog,
	};
	struct delivery whole = *d;

	if ((size_t)d->kind >= DELIVERY_COUNT)
		return;
	whole.text = or_empty(d->text);
	carriers[d->kind](c, &whole);
}

/* ------------------------------------------------------------------ waiting */

/* What scripts and people must not miss waits for a place; a wall is of its moment. */
static const char *may_wait(const struct delivery *d)
{
	switch (d->kind) {
	case DELIVERY_EXEC:
		return "NOTIFYCMD";
	case DELIVERY_SHELL:
		return "SHELLCMD";
	case DELIVERY_MAIL:
		return "mail";
	default:
		return NULL;
	}
}

static void drop_parcel(struct courier *c)
{
	struct parcel *p = c->first;

	c->first = p->next;
	if (!c->first)
		c->last = &c->first;
	c->waiting--;
	c->waiting_bytes -= p->line.len;
	/* There may be a password in it. */
	secret_wipe(p->line.data, p->line.len);
	buffer_free(&p->line);
	free(p);
}

static void put_aside(struct courier *c, const struct delivery *d, const char *what)
{
	struct parcel *p = calloc(1, sizeof(*p));

	if (!p || c->waiting >= WAITING_MAX || !delivery_append(&p->line, d) ||
	    c->waiting_bytes + p->line.len > WAITING_BYTES_MAX) {
		leave_out(c, what);
		if (p)
			buffer_free(&p->line);
		free(p);
		return;
	}
	p->what = what;
	p->until_ms = loop_now_ms(c->loop) + WAITING_LIMIT_MS;
	*c->last = p;
	c->last = &p->next;
	c->waiting++;
	c->waiting_bytes += p->line.len;
	set_deadline(c, loop_now_ms(c->loop));
}

static void carry_parcel(struct courier *c, const struct parcel *p)
{
	struct words *w = words_new(WORDS_WIRE, &delivery_limits);
	const char *text = p->line.data;
	size_t len = p->line.len;
	struct delivery d;

	if (w && words_feed(w, &text, &len) == WORDS_LINE && delivery_parse(w, &d))
		carry(c, &d);
	words_free(w);
}

static void start_waiting(struct courier *c)
{
	while (c->first && c->count < RUNNING_MAX) {
		carry_parcel(c, c->first);
		drop_parcel(c);
	}
}

static void drop_stale(struct courier *c, long long now_ms)
{
	while (c->first && c->first->until_ms <= now_ms) {
		leave_out(c, c->first->what);
		drop_parcel(c);
	}
}

void courier_deliver(struct courier *c, const struct delivery *d)
{
	const char *what = may_wait(d);

	if (what && (c->first || c->count >= RUNNING_MAX))
		put_aside(c, d, what);
	else
		carry(c, d);
}

/* -------------------------------------------------------------------- life */

struct courier *courier_new(struct loop *l)
{
	struct courier *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->loop = l;
	c->last = &c->first;
	c->courtesy_ms = COURTESY_LIMIT_MS;
	c->mail_ms = MAIL_LIMIT_MS;
	c->child_ended = loop_signal_new(l, SIGCHLD, reap, c);
	c->deadline = loop_timer_new(l, check_deadlines, c);
	c->nutlog = nutlog_new();
	if (c->child_ended && c->deadline && c->nutlog)
		return c;
	courier_free(c);
	return NULL;
}

void courier_free(struct courier *c)
{
	if (!c)
		return;
	loop_signal_free(c->child_ended);
	loop_timer_free(c->deadline);
	loop_defer_cancel(&c->look);
	while (c->first)
		drop_parcel(c);
	nutlog_free(c->nutlog);
	free(c);
}

bool courier_adopt(struct courier *c, pid_t pid, const char *what, courier_done_fn *done, void *arg)
{
	if (c->count == RUNNING_MAX)
		return false;
	watch_over(c, &(struct errand){.what = what, .done = done, .arg = arg}, pid);
	loop_defer(c->loop, &c->look, reap, c);
	return true;
}

size_t courier_running(const struct courier *c)
{
	return c->count;
}

size_t courier_waiting(const struct courier *c)
{
	return c->waiting;
}

void courier_when_idle(struct courier *c, loop_fn *fn, void *arg)
{
	c->idle = fn;
	c->idle_arg = arg;
}

void courier_set_limits(struct courier *c, unsigned courtesy_ms, unsigned mail_ms)
{
	c->courtesy_ms = courtesy_ms;
	c->mail_ms = mail_ms;
}
