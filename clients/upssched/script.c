#include "config.h"

#include "clients/upssched/script.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

#include "clients/upsmon/spawn.h"
#include "common/base/clock.h"
#include "common/base/command.h"
#include "common/base/log.h"

static const char token[] = "script";

pid_t script_start(char *const *script, const char *name, const struct wire_event *event)
{
	const char *env[] = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};
	char **argv = command_with(script, name);
	pid_t pid = -1;

	if (event) {
		env[0] = "UPSNAME";
		env[1] = event->ups;
		env[2] = "NOTIFYTYPE";
		env[3] = event->type;
		env[4] = "NOTIFYMSG";
		env[5] = event->message;
	}
	if (argv)
		pid = spawn_run(&(struct spawn){.argv = argv, .input = -1, .env = env});
	else
		errno = ENOMEM;
	if (pid < 0)
		log_errno(token, errno, "cannot run CMDSCRIPT for %s", name);
	command_free(argv);
	return pid;
}

void script_log_end(const char *name, int status)
{
	if (WIFSIGNALED(status))
		log_warn(token, "CMDSCRIPT %s was ended by signal %d", name, WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127)
		log_warn(token, "CMDSCRIPT %s ended with status 127: is it there, may it be run?",
			 name);
	else if (WEXITSTATUS(status))
		log_info(token, "CMDSCRIPT %s ended with status %d", name, WEXITSTATUS(status));
}

/* Sleeps until a child ends, which the caller looks at, or until the time is over. */
static bool wait_for_any(const sigset_t *child_ended, long long deadline)
{
	long long left = deadline - clock_ms();
	struct timespec ts = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};

	if (left <= 0)
		return false;
	sigtimedwait(child_ended, NULL, &ts);
	return true;
}

void script_run(char *const *script, const char *name, int limit_ms)
{
	long long deadline = clock_ms() + limit_ms;
	sigset_t child_ended, before;
	int status;
	pid_t pid, ended;

	sigemptyset(&child_ended);
	sigaddset(&child_ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_ended, &before);
	pid = script_start(script, name, NULL);
	do
		ended = pid < 0 ? pid : waitpid(pid, &status, WNOHANG);
	while (ended == 0 && wait_for_any(&child_ended, deadline));
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (ended > 0)
		script_log_end(name, status);
	else if (ended == 0)
		log_warn(token, "CMDSCRIPT %s has not ended yet, not waiting for it any longer",
			 name);
}
