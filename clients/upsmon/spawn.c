#include "config.h"

#include "clients/upsmon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/run.h"

static _Noreturn void become(const struct spawn *s)
{
	int input = s->input >= 0 ? s->input : open("/dev/null", O_RDONLY | O_CLOEXEC);

	run_fresh_signals();
	if (input > 0)
		dup2(input, STDIN_FILENO);
	for (const char *const *e = s->env; e && e[0]; e += 2)
		setenv(e[0], e[1], 1);
	execvp(s->argv[0], s->argv);
	_exit(127);
}

pid_t spawn_run(const struct spawn *s)
{
	sigset_t all, old;
	pid_t pid;
	int err;

	/* The child must not run our handlers, which write to the loop's own pipe. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		become(s);
	err = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = err;
	return pid;
}
