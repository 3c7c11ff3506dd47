#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/log.h"
#include "common/base/sandbox.h"
#include "common/base/str.h"

static char dir[] = "/tmp/chestnut-sandbox-XXXXXX";
static char inside[64], outside[64];

static void hush(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg;
	(void)level;
	(void)token;
	(void)text;
}

static int make_dir(void **state)
{
	(void)state;
	log_set_sink(hush, NULL);
	if (!mkdtemp(dir))
		return -1;
	str_format(inside, sizeof(inside), "%s/in", dir);
	str_format(outside, sizeof(outside), "%s/out", dir);
	return mkdir(inside, 0700) == 0 && mkdir(outside, 0700) == 0 ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	rmdir(inside);
	rmdir(outside);
	return rmdir(dir);
}

/* Runs `fn` in a sandboxed child: its exit status, or minus the signal that ended it. */
static int in_sandbox(enum sandbox_calls calls, int (*fn)(const char *in_force))
{
	struct sandbox_path paths[] = {{inside, SANDBOX_WRITE}, {"/nonexistent", SANDBOX_READ}};
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fn(sandbox_enter(calls, paths, 2)));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

enum { GOOD, BAD, NO_FENCE = 77 };

static int works_normally(const char *in_force)
{
	char path[96];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid;
	int status;

	(void)in_force;
	if (fd < 0 || close(fd) != 0)
		return BAD;
	str_format(path, sizeof(path), "%s/file", inside);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) != 0 || unlink(path) != 0)
		return BAD;
	if (access("/etc/passwd", R_OK) != 0 || (fd = open("/etc/passwd", O_RDONLY)) < 0)
		return BAD;
	close(fd);
	pid = fork(); /* a helper process is normal work */
	if (pid == 0)
		_exit(GOOD);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? GOOD : BAD;
}

static int writes_elsewhere(const char *in_force)
{
	char path[96];

	if (!strstr(in_force, "landlock"))
		return NO_FENCE;
	str_format(path, sizeof(path), "%s/file", outside);
	if (open(path, O_CREAT | O_WRONLY, 0600) >= 0 || errno != EACCES)
		return BAD;
	if (open("/etc/passwd", O_WRONLY) >= 0)
		return BAD;
	return open(dir, O_RDONLY | O_DIRECTORY) < 0 ? GOOD : BAD;
}

static int starts_a_program(const char *in_force)
{
	static char *const argv[] = {(char *)"true", NULL};
	static char *const env[] = {NULL};

	if (!strstr(in_force, "seccomp"))
		return NO_FENCE;
	execve("/usr/bin/true", argv, env);
	return BAD;
}

static int mounts(const char *in_force)
{
	if (!strstr(in_force, "seccomp"))
		return NO_FENCE;
	mount("none", inside, "tmpfs", 0, NULL);
	return BAD;
}

static int opens_an_odd_socket(const char *in_force)
{
	if (!strstr(in_force, "seccomp"))
		return NO_FENCE;
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EAFNOSUPPORT ? GOOD : BAD;
}

static void assert_outcome(int outcome, int expected)
{
	if (outcome == NO_FENCE)
		skip();
	assert_int_equal(outcome, expected);
}

static void normal_work_goes_on(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(SANDBOX_NO_PROGRAMS, works_normally), GOOD);
	assert_int_equal(in_sandbox(SANDBOX_MAY_RUN_PROGRAMS, works_normally), GOOD);
}

static void files_outside_are_out_of_reach(void **state)
{
	(void)state;
	assert_outcome(in_sandbox(SANDBOX_NO_PROGRAMS, writes_elsewhere), GOOD);
}

static void starting_a_program_is_fatal_where_it_is_forbidden(void **state)
{
	(void)state;
	assert_outcome(in_sandbox(SANDBOX_NO_PROGRAMS, starts_a_program), -SIGSYS);
	assert_outcome(in_sandbox(SANDBOX_MAY_RUN_PROGRAMS, starts_a_program), 0);
}

static void mounting_is_fatal(void **state)
{
	(void)state;
	assert_outcome(in_sandbox(SANDBOX_MAY_RUN_PROGRAMS, mounts), -SIGSYS);
}

static void odd_sockets_are_refused(void **state)
{
	(void)state;
	assert_outcome(in_sandbox(SANDBOX_NO_PROGRAMS, opens_an_odd_socket), GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_work_goes_on),
		cmocka_unit_test(files_outside_are_out_of_reach),
		cmocka_unit_test(starting_a_program_is_fatal_where_it_is_forbidden),
		cmocka_unit_test(mounting_is_fatal),
		cmocka_unit_test(odd_sockets_are_refused),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
