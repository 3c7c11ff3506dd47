#include "config.h"

#include "common/base/helper.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/privilege.h"

static void wake(int signo)
{
	(void)signo;
}

/* *awake: the mask in which SIGCHLD comes through. */
static void reset_signals(sigset_t *awake)
{
	static const int deaf_to[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE};
	sigset_t child;

	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	/* Those are meant for the parent, whose end is ours. */
	for (size_t i = 0; i < sizeof(deaf_to) / sizeof(deaf_to[0]); i++)
		signal(deaf_to[i], SIG_IGN);
	signal(SIGCHLD, wake);
	sigemptyset(awake);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
}

static void keep_only(int fd)
{
	long limit = sysconf(_SC_OPEN_MAX);

	if (fd != HELPER_FD && dup2(fd, HELPER_FD) < 0)
		_exit(1);
#ifdef HAVE_CLOSE_RANGE
	if (close_range(HELPER_FD + 1, ~0U, 0) == 0)
		return;
#endif
	for (long i = HELPER_FD + 1; i < limit; i++)
		close((int)i);
}

/* Who started a daemon in the background waits for the end of what it prints. */
static void let_go_of_output(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close(null);
}

static void become_nobody(void)
{
	struct privilege nobody;

	if (geteuid() == 0 &&
	    (!privilege_lookup("nobody", NULL, &nobody) || !privilege_drop(&nobody)))
		_exit(1);
	privilege_no_new();
}

void helper_enter(const char *name, int fd, sigset_t *awake)
{
	reset_signals(awake);
	keep_only(fd);
	prctl(PR_SET_NAME, name);
	become_nobody();
	let_go_of_output();
}

void helper_enter_with_rights(const char *name, int fd)
{
	sigset_t awake;

	reset_signals(&awake);
	keep_only(fd);
	prctl(PR_SET_NAME, name);
	let_go_of_output();
	privilege_no_new();
}

void helper_enter_worker(unsigned limit_s)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(limit_s);
}
