#include "config.h"

#include "common/base/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"

enum { STATUS_MISSING = 127, STATUS_SIGNAL = 128, LOOK_MS = 10 };

void run_fresh_signals(void)
{
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The child: `told` gets the errno of an exec that failed, and closes at one that did not. */
static _Noreturn void become(const struct run *r, int out, int told)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int err;

	setpgid(0, 0);
	run_fresh_signals();
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(r->with_errors ? out : null, STDERR_FILENO);
	for (const char *const *e = r->env; e && e[0]; e += 2)
		setenv(e[0], e[1], 1);
	execvp(r->argv[0], (char *const *)r->argv);
	err = errno;
	if (write(told, &err, sizeof(err)) < 0)
		_exit(STATUS_MISSING);
	_exit(STATUS_MISSING);
}

/* What is there now; false at the end of the output. */
static bool take_output(int from, const struct run *r, struct buffer *said, size_t *kept)
{
	char part[4096];
	ssize_t n = read(from, part, sizeof(part));

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	if ((size_t)n > r->max - *kept)
		n = (ssize_t)(r->max - *kept);
	*kept += (size_t)n;
	if (said)
		buffer_append(said, part, (size_t)n);
	return true;
}

/* Until the program ends: what it left in the background may keep the output open for ever.  False:
 * it was too slow. */
static bool listen_to(pid_t pid, int from, const struct run *r, struct buffer *said, int *how)
{
	long long deadline = clock_ms() + r->limit_ms;
	bool open = from >= 0, ended;
	size_t kept = 0;

	do {
		struct pollfd p = {.fd = open ? from : -1, .events = POLLIN};

		ended = waitpid(pid, how, WNOHANG) == pid;
		while (open && poll(&p, 1, ended ? 0 : LOOK_MS) > 0) {
			open = take_output(from, r, said, &kept);
			if (clock_ms() >= deadline)
				return false;
		}
		if (!open && !ended)
			clock_sleep_ms(LOOK_MS);
		if (!ended && clock_ms() >= deadline)
			return false;
	} while (!ended);
	return true;
}

static enum run_end follow(pid_t pid, int from, int told, const struct run *r, struct buffer *said,
			   int *status)
{
	bool missing, in_time;
	int err, how = 0;

	/* Comes at once: the pipe is closed by the exec. */
	missing = read(told, &err, sizeof(err)) == sizeof(err);
	in_time = listen_to(pid, from, r, said, &how);
	if (!in_time) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		waitpid(pid, &how, 0);
		return RUN_LATE;
	}
	if (missing) {
		errno = err;
		return RUN_MISSING;
	}
	*status = WIFEXITED(how) ? WEXITSTATUS(how) : STATUS_SIGNAL + WTERMSIG(how);
	return RUN_ENDED;
}

enum run_end run_program(const struct run *r, struct buffer *said, int *status)
{
	int out[2] = {-1, -1}, told[2] = {-1, -1}, err;
	enum run_end end = RUN_FAILED;
	pid_t pid;

	if (pipe2(told, O_CLOEXEC) != 0)
		return RUN_FAILED;
	if (r->output <= 0 && pipe2(out, O_CLOEXEC) != 0)
		goto out;
	pid = fork();
	if (pid == 0)
		become(r, r->output > 0 ? r->output : out[1], told[1]);
	close(told[1]);
	told[1] = -1;
	if (out[1] >= 0)
		close(out[1]);
	out[1] = -1;
	if (pid > 0)
		end = follow(pid, out[0], told[0], r, said, status);
out:
	err = errno;
	for (int i = 0; i < 2; i++) {
		if (out[i] >= 0)
			close(out[i]);
		if (told[i] >= 0)
			close(told[i]);
	}
	errno = err;
	return end;
}

bool run_went_well(const struct run *r, struct buffer *said)
{
	int status;

	return run_program(r, said, &status) == RUN_ENDED && status == 0;
}
