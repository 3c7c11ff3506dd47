/* The programs before the shutdown command: which run, in which order, and for how long. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "clients/upsmon/hooks.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"

enum { PATIENCE_MS = 60000, LOOK_MS = 20, LONG_S = 3600 };

static char base[64], dir[80], out[80];

static void hush(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg, (void)level, (void)token, (void)text;
}

static int begin(void **state)
{
	(void)state;
	log_set_sink(hush, NULL);
	str_copy(base, sizeof(base), "/tmp/hooksXXXXXX");
	if (!mkdtemp(base))
		return -1;
	str_format(dir, sizeof(dir), "%s/hooks", base);
	str_format(out, sizeof(out), "%s/out", base);
	return mkdir(dir, 0700);
}

static int end(void **state)
{
	char command[128];
	pid_t pid = fork();
	char *argv[] = {(char[]){"rm"}, (char[]){"-rf"}, command, NULL};

	(void)state;
	str_copy(command, sizeof(command), base);
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static void path_of(char *path, size_t size, const char *name)
{
	assert_true(str_format(path, size, "%s/%s", dir, name));
}

/* A script that finds the folder of its results in $1 of its text: `$out` and `$base`. */
static void add_hook(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	path_of(path, sizeof(path), name);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\nout=%s\nbase=%s\nname=%s\n%s\n", out, base, name, text);
	fclose(f);
	assert_int_equal(chmod(path, 0700), 0);
}

#define SAY "echo $name >>$out"

/* In the process that is forked for it; its pid. */
static pid_t start_all(long each_s, long limit_s)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(hooks_run(dir, each_s, limit_s));
	return pid;
}

static int wait_end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int run_all(long each_s, long limit_s)
{
	return wait_end(start_all(each_s, limit_s));
}

static const char *read_file(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY);
	ssize_t len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

	text[len > 0 ? len : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

static void expect_out(const char *text)
{
	assert_string_equal(read_file(out), text);
}

static pid_t pid_in(const char *name)
{
	char path[256];

	str_format(path, sizeof(path), "%s/%s", base, name);
	return (pid_t)atol(read_file(path));
}

static bool wait_until(bool (*is)(pid_t pid), pid_t pid)
{
	for (long long waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
		if (is(pid))
			return true;
		clock_sleep_ms(LOOK_MS);
	}
	return false;
}

/* One that nobody has waited for yet counts as gone. */
static bool is_gone(pid_t pid)
{
	char path[64], *paren;

	if (kill(pid, 0) != 0)
		return true;
	str_format(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	paren = strrchr(read_file(path), ')');
	return paren && paren[1] == ' ' && paren[2] == 'Z';
}

static bool out_is_there(pid_t pid)
{
	(void)pid;
	return *read_file(out) != '\0';
}

/* --------------------------------------------------------------------- which */

static void hooks_run_one_after_the_other_in_the_order_of_their_names(void **state)
{
	(void)state;
	add_hook("20-b", "echo begin 20 >>$out; sleep 0.1; echo end 20 >>$out");
	add_hook("05-a", "echo begin 05 >>$out; sleep 0.1; echo end 05 >>$out");
	add_hook("zz", SAY);
	add_hook("aa", SAY);
	assert_int_equal(run_all(LONG_S, LONG_S), 0);
	expect_out("begin 05\nend 05\nbegin 20\nend 20\naa\nzz\n");
}

static void hooks_of_the_same_number_run_at_the_same_time(void **state)
{
	(void)state;
	/* Each waits for the other. */
	add_hook("10-a", "touch $base/a; while [ ! -e $base/b ]; do sleep 0.05; done");
	add_hook("10-b", "touch $base/b; while [ ! -e $base/a ]; do sleep 0.05; done");
	add_hook("11-c", SAY);
	assert_int_equal(run_all(LONG_S, LONG_S), 0);
	expect_out("11-c\n");
}

static void hooks_without_a_number_run_alone(void **state)
{
	(void)state;
	add_hook("a", "echo begin >>$out; sleep 0.1; echo end >>$out");
	add_hook("b", SAY);
	assert_int_equal(run_all(LONG_S, LONG_S), 0);
	expect_out("begin\nend\nb\n");
}

static void an_empty_folder_is_done_at_once(void **state)
{
	(void)state;
	assert_int_equal(run_all(LONG_S, LONG_S), 0);
	expect_out("");
}

static void what_is_no_hook_is_left_out(void **state)
{
	char path[256];

	(void)state;
	add_hook("10-a.sh", SAY);
	add_hook(".hidden", SAY);
	add_hook("10-b~", SAY);
	add_hook("#10-c#", SAY);
	add_hook("10-d", SAY);
	path_of(path, sizeof(path), "10-d");
	assert_int_equal(chmod(path, 0600), 0);
	path_of(path, sizeof(path), "10-e");
	assert_int_equal(mkdir(path, 0700), 0);
	path_of(path, sizeof(path), "10-f");
	assert_int_equal(mkfifo(path, 0700), 0);
	path_of(path, sizeof(path), "10-g");
	assert_int_equal(symlink("nowhere", path), 0);
	add_hook("20-x", SAY);
	/* Only root may run what nobody may. */
	assert_int_equal(run_all(LONG_S, LONG_S), 0);
	expect_out("20-x\n");
}

static void a_link_is_what_it_points_to(void **state)
{
	char from[256], to[256];

	(void)state;
	add_hook("10-a", "echo linked >>$out");
	path_of(from, sizeof(from), "10-a");
	str_format(to, sizeof(to), "%s/elsewhere.sh", base);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(symlink(to, from), 0);
	assert_int_equal(run_all(LONG_S, LONG_S), 0);
	expect_out("linked\n");
}

static void what_others_may_change_is_left_out(void **state)
{
	char path[256];

	(void)state;
	add_hook("10-a", SAY);
	add_hook("20-b", SAY);
	add_hook("30-c", SAY);
	path_of(path, sizeof(path), "10-a");
	assert_int_equal(chmod(path, 0770), 0);
	path_of(path, sizeof(path), "20-b");
	assert_int_equal(chmod(path, 0702), 0);
	assert_int_equal(run_all(LONG_S, LONG_S), 0);
	expect_out("30-c\n");
}

static void what_somebody_else_owns_is_left_out(void **state)
{
	char path[256];

	(void)state;
	if (geteuid() != 0)
		skip();
	add_hook("10-a", SAY);
	add_hook("10-b", SAY);
	path_of(path, sizeof(path), "10-a");
	assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	assert_int_equal(run_all(LONG_S, LONG_S), 0);
	expect_out("10-b\n");
}

static void in_a_folder_that_others_may_change_nothing_runs(void **state)
{
	(void)state;
	add_hook("10-a", SAY);
	assert_int_equal(chmod(dir, 0770), 0);
	assert_int_equal(run_all(LONG_S, LONG_S), 1);
	assert_int_equal(chmod(dir, 0707), 0);
	assert_int_equal(run_all(LONG_S, LONG_S), 1);
	if (geteuid() == 0) {
		assert_int_equal(chmod(dir, 0700), 0);
		assert_int_equal(chown(dir, 12345, (gid_t)-1), 0);
		assert_int_equal(run_all(LONG_S, LONG_S), 1);
	}
	expect_out("");
}

static void a_folder_that_is_none_is_told_of(void **state)
{
	(void)state;
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(run_all(LONG_S, LONG_S), 1);
	close(open(dir, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(run_all(LONG_S, LONG_S), 1);
}

/* ---------------------------------------------------------------------- ends */

static void a_hook_that_fails_does_not_stop_the_others(void **state)
{
	(void)state;
	add_hook("10-a", "exit 3");
	add_hook("20-b", SAY);
	add_hook("30-c", "kill -KILL $$");
	add_hook("40-d", SAY);
	assert_int_equal(run_all(LONG_S, LONG_S), 1);
	expect_out("20-b\n40-d\n");
}

static void a_hook_that_hangs_is_ended_and_the_next_runs(void **state)
{
	(void)state;
	add_hook("10-a", "trap 'echo term >>$out; exit 0' TERM; sleep 3600 & wait");
	add_hook("20-b", SAY);
	assert_int_equal(run_all(1, LONG_S), 1);
	expect_out("term\n20-b\n");
}

static void a_hook_that_will_not_end_is_killed(void **state)
{
	(void)state;
	add_hook("10-a", "trap '' TERM; while :; do sleep 3600; done");
	add_hook("20-b", SAY);
	assert_int_equal(run_all(1, LONG_S), 1);
	expect_out("20-b\n");
}

static void the_time_of_all_is_shared_by_all(void **state)
{
	(void)state;
	add_hook("10-a", SAY "; exec sleep 3600");
	add_hook("20-b", SAY "; exec sleep 3600");
	assert_int_equal(run_all(LONG_S, 1), 1);
	expect_out("10-a\n");
}

static void what_a_hook_that_is_ended_has_started_ends_with_it(void **state)
{
	bool gone;
	pid_t child;

	(void)state;
	/* The script obeys; what it has started does not. */
	add_hook("10-a", "sh -c 'trap \"\" TERM; echo $$ >$0/pid.new; mv $0/pid.new $0/pid; "
			 "while :; do sleep 3600; done' $base &\n"
			 "while [ ! -e $base/pid ]; do sleep 0.05; done\n"
			 "trap 'exit 0' TERM; sleep 3600 & wait");
	assert_int_equal(run_all(1, LONG_S), 1);
	child = pid_in("pid");
	assert_true(child > 0);
	gone = wait_until(is_gone, child);
	kill(child, SIGKILL);
	assert_true(gone);
}

static void what_a_hook_leaves_behind_of_its_own_will_lives_on(void **state)
{
	pid_t child;

	(void)state;
	add_hook("10-a", "sleep 3600 >/dev/null 2>&1 & echo $! >$base/pid");
	add_hook("20-b", SAY);
	assert_int_equal(run_all(LONG_S, LONG_S), 0);
	child = pid_in("pid");
	assert_true(child > 0);
	assert_int_equal(kill(child, 0), 0);
	kill(child, SIGKILL);
}

static void the_end_of_the_systems_services_does_not_take_hooks_along(void **state)
{
	pid_t pid;

	(void)state;
	add_hook("10-a", SAY "; while [ ! -e $base/go ]; do sleep 0.05; done; echo done >>$out");
	pid = start_all(LONG_S, LONG_S);
	assert_true(wait_until(out_is_there, 0));
	kill(pid, SIGTERM);
	kill(pid, SIGHUP);
	str_format(out, sizeof(out), "%s/go", base);
	close(open(out, O_WRONLY | O_CREAT, 0600));
	str_format(out, sizeof(out), "%s/out", base);
	assert_int_equal(wait_end(pid), 0);
	expect_out("10-a\ndone\n");
}

static void a_hook_has_the_usual_signals_and_nothing_to_read(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	/* 32 and 33 are the C library's own: whoever ignores them hands that on. */
	add_hook("10-a", "read line && echo input >>$out\n"
			 "grep -E 'SigBlk|SigIgn' /proc/self/status | tr -d '\\t' | "
			 "sed s/:0000000180000000/:0000000000000000/ >>$out");
	assert_true(pid >= 0);
	if (pid == 0) {
		sigset_t all;

		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		signal(SIGUSR1, SIG_IGN);
		signal(SIGPIPE, SIG_IGN);
		close(STDIN_FILENO);
		_exit(hooks_run(dir, LONG_S, LONG_S));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	expect_out("SigBlk:0000000000000000\nSigIgn:0000000000000000\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(hooks_run_one_after_the_other_in_the_order_of_their_names),
		TEST(hooks_of_the_same_number_run_at_the_same_time),
		TEST(hooks_without_a_number_run_alone),
		TEST(an_empty_folder_is_done_at_once),
		TEST(what_is_no_hook_is_left_out),
		TEST(a_link_is_what_it_points_to),
		TEST(what_others_may_change_is_left_out),
		TEST(what_somebody_else_owns_is_left_out),
		TEST(in_a_folder_that_others_may_change_nothing_runs),
		TEST(a_folder_that_is_none_is_told_of),
		TEST(a_hook_that_fails_does_not_stop_the_others),
		TEST(a_hook_that_hangs_is_ended_and_the_next_runs),
		TEST(a_hook_that_will_not_end_is_killed),
		TEST(the_time_of_all_is_shared_by_all),
		TEST(what_a_hook_that_is_ended_has_started_ends_with_it),
		TEST(what_a_hook_leaves_behind_of_its_own_will_lives_on),
		TEST(the_end_of_the_systems_services_does_not_take_hooks_along),
		TEST(a_hook_has_the_usual_signals_and_nothing_to_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
