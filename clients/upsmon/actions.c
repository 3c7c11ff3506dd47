#include "config.h"

#include "clients/upsmon/actions.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/upsmon/spawn.h"
#include "common/base/log.h"
#include "common/base/str.h"

/* A NOTIFYCMD that never ends must not fill the process table. */
enum { RUNNING_MAX = 64 };

static const char token[] = "notify";
static const char wall_name[] = "wall";

struct actions {
	struct loop_signal *child_ended;
	size_t count;
	struct child {
		pid_t pid;
		const char *what;
		actions_done_fn *done;
		void *arg;
	} running[RUNNING_MAX];
};

static void log_end(const char *what, int status)
{
	/* No wall, or nobody to read it: of no interest to anybody. */
	if (what == wall_name)
		return;
	if (WIFSIGNALED(status))
		log_warn(token, "%s was ended by signal %d", what, WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127)
		log_warn(token, "%s ended with status 127: does it exist, may it be run?", what);
	else if (WEXITSTATUS(status))
		log_warn(token, "%s ended with status %d", what, WEXITSTATUS(status));
}

static void reap(void *arg)
{
	struct actions *a = arg;
	int status;

	for (size_t i = a->count; i-- > 0;) {
		struct child ended = a->running[i];

		/* Only our own: the resolver has a child, too. */
		if (waitpid(ended.pid, &status, WNOHANG) <= 0)
			continue;
		a->running[i] = a->running[--a->count];
		log_end(ended.what, status);
		if (ended.done)
			ended.done(ended.arg, status);
	}
}

struct actions *actions_new(struct loop *l)
{
	struct actions *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->child_ended = loop_signal_new(l, SIGCHLD, reap, a);
	if (!a->child_ended) {
		free(a);
		return NULL;
	}
	return a;
}

void actions_free(struct actions *a)
{
	if (!a)
		return;
	loop_signal_free(a->child_ended);
	free(a);
}

bool actions_adopt(struct actions *a, pid_t pid, const char *what, actions_done_fn *done, void *arg)
{
	if (a->count == RUNNING_MAX)
		return false;
	a->running[a->count++] = (struct child){.pid = pid, .what = what, .done = done, .arg = arg};
	return true;
}

static void run(struct actions *a, const struct spawn *s, const char *what)
{
	pid_t pid;

	if (a->count == RUNNING_MAX) {
		log_error(token, "%d programs are running, %s is left out", RUNNING_MAX, what);
		return;
	}
	pid = spawn_run(s);
	if (pid < 0)
		log_errno(token, errno, "Can't fork to notify: %s", what);
	else
		actions_adopt(a, pid, what, NULL, NULL);
}

void actions_wall(struct actions *a, const char *text)
{
	char program[] = "wall", *argv[] = {program, NULL};
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0) {
		log_errno(token, errno, "Can't fork to notify: wall");
		return;
	}
	/* A notice is far shorter than what a pipe takes without a reader. */
	if (write(ends[1], text, strlen(text)) < 0 || write(ends[1], "\n", 1) < 0)
		log_errno(token, errno, "cannot write to wall");
	close(ends[1]);
	run(a, &(struct spawn){.argv = argv, .input = ends[0]}, wall_name);
	close(ends[0]);
}

static void exec_command(struct actions *a, char *const *command, enum notice n, const char *ups,
			 char *text)
{
	const char *env[] = {"NOTIFYTYPE", notice_name(n), "UPSNAME", ups, NULL};
	size_t count = 0;
	char **argv;

	while (command[count])
		count++;
	argv = calloc(count + 2, sizeof(*argv));
	if (!argv) {
		log_errno(token, ENOMEM, "Can't fork to notify: NOTIFYCMD");
		return;
	}
	for (size_t i = 0; i < count; i++)
		argv[i] = command[i];
	argv[count] = text;
	run(a, &(struct spawn){.argv = argv, .input = -1, .env = env}, "NOTIFYCMD");
	free(argv);
}

void actions_notify(struct actions *a, const struct upsmon_conf *conf, enum notice n,
		    const char *ups, const char *extra)
{
	unsigned flags = conf->notices[n].flags;
	/* A notice about no UPS has its details in the first place. */
	const char *first = *ups ? ups : extra;
	char text[NOTICE_TEXT_MAX];

	notice_format(text, sizeof(text), upsmon_conf_text(conf, n), first, *ups ? extra : NULL);
	log_debug(1, token, "%s for [%s]: %s", notice_name(n), ups, text);
	if (flags & NOTICE_IGNORE)
		return;
	if (flags & NOTICE_SYSLOG)
		log_notice(token, "%s", text);
	if (flags & NOTICE_WALL)
		actions_wall(a, text);
	if ((flags & NOTICE_EXEC) && conf->notify_command)
		exec_command(a, conf->notify_command, n, ups, text);
}
