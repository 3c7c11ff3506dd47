/*
 * The privileged parent, with a played child and notifier.  They and the commands
 * write what they do to one file; the parent runs in a process of its own.
 */
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

#include "clients/upsmon/keep.h"
#include "clients/upsmon/parent.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"

enum { PATIENCE_MS = 60000, LOOK_MS = 20 };

typedef int child_fn(const struct parent_ends *ends, int life);
typedef int notifier_fn(int link, int names, int life);

static char dir[64], out[80], flag[80], path[80], listed[80], unlisted[80], hooks[80];
static char commands[3][160];
static child_fn *child;
static notifier_fn *notifier;
static struct parent_plan plan;
static char *command_list[3];

static void hush(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg, (void)level, (void)token, (void)text;
}

/* --------------------------------------------------------------------- record */

static void append(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(90);
	close(fd);
}

__attribute__((format(printf, 1, 2))) static void note(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	append(out, text);
}

static const char *record(void)
{
	static char text[4096];
	int fd = open(out, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

	text[len > 0 ? len : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

static void expect_record(const char *text)
{
	assert_string_equal(record(), text);
}

static bool wait_for(const char *part)
{
	for (int waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
		if (strstr(record(), part))
			return true;
		clock_sleep_ms(LOOK_MS);
	}
	return false;
}

/* Which life of its kind this is, from 1 on: as many bytes as a file has. */
static int count_life(const char *kind)
{
	char file[128];
	struct stat st;

	str_format(file, sizeof(file), "%s/lives-%s", dir, kind);
	append(file, "x");
	return stat(file, &st) == 0 ? (int)st.st_size : 0;
}

/* ----------------------------------------------------------------------- life */

static int child_life(void *arg, const struct parent_ends *ends)
{
	(void)arg;
	return child(ends, count_life("child"));
}

static int notifier_life(void *arg, int link, int names)
{
	(void)arg;
	return notifier(link, names, count_life("notifier"));
}

static void forked(void *arg)
{
	(void)arg;
	count_life("forked");
}

static void make_file(const char *name, const char *text, mode_t mode)
{
	append(name, text);
	assert_int_equal(chmod(name, mode), 0);
}

static int begin(void **state)
{
	(void)state;
	log_set_sink(hush, NULL);
	str_copy(dir, sizeof(dir), "/tmp/parentXXXXXX");
	if (!mkdtemp(dir))
		return -1;
	str_format(out, sizeof(out), "%s/out", dir);
	str_format(flag, sizeof(flag), "%s/flag", dir);
	str_format(path, sizeof(path), "%s/sock", dir);
	str_format(listed, sizeof(listed), "%s/listed", dir);
	str_format(unlisted, sizeof(unlisted), "%s/unlisted", dir);
	str_format(hooks, sizeof(hooks), "%s/hooks", dir);
	make_file(listed, "l", 0600);
	make_file(unlisted, "u", 0600);
	make_file(path, "", 0600);
	str_format(commands[0], sizeof(commands[0]), "echo zero >>%s", out);
	str_format(commands[1], sizeof(commands[1]), "echo one >>%s", out);
	str_format(commands[2], sizeof(commands[2]), "echo two >>%s; exit 3", out);
	for (int i = 0; i < 3; i++)
		command_list[i] = commands[i];
	plan = (struct parent_plan){
		.orders = {.commands = command_list, .command_count = 3, .powerdown_flag = flag},
		.child = child_life,
		.forked = forked,
		.socket_path = path,
	};
	opener_list_path(&plan.files, listed);
	notifier = NULL;
	return 0;
}

static int end(void **state)
{
	char *argv[] = {(char[]){"rm"}, (char[]){"-rf"}, dir, NULL};
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static pid_t start(child_fn *fn)
{
	pid_t pid;

	child = fn;
	plan.notifier = notifier ? notifier_life : NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(parent_run(&plan, -1));
	return pid;
}

static int wait_end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int run(child_fn *fn)
{
	return wait_end(start(fn));
}

/* For the played ones: the next message, noted by the name and value. */
static void hear(const struct parent_ends *ends)
{
	static const char *const names[] = {[PRIV_STARTED] = "started",
					    [PRIV_FINISHED] = "finished",
					    [PRIV_HOOKS_ENDED] = "hooks",
					    [PRIV_NOTIFIER] = "notifier"};
	struct priv_message m = {0};

	if (priv_receive(ends->parent, &m, NULL) <= 0)
		note("no message\n");
	else if (m.type < sizeof(names) / sizeof(names[0]) && names[m.type])
		note("%s %d\n", names[m.type], m.value);
	else
		note("message %u\n", (unsigned)m.type);
}

static void say(const struct parent_ends *ends, enum priv_type type, int value)
{
	if (priv_send(ends->parent, type, value) != 0)
		note("unheard\n");
}

static void say_decided(const struct parent_ends *ends, int seconds, int command)
{
	const struct priv_message m = {.type = PRIV_DECIDED, .value = seconds, .command = command};

	priv_send_message(ends->parent, &m, NULL, 0);
}

/* ------------------------------------------------------------------------ ends */

static int comes_and_goes(const struct parent_ends *ends, int life)
{
	note("life %d%s\n", life, ends->again ? " again" : "");
	say(ends, PRIV_READY, 0);
	say(ends, PRIV_BYE, 0);
	return 0;
}

static void a_clean_end_of_the_child_is_the_end(void **state)
{
	char lives[128];
	struct stat st;

	(void)state;
	assert_int_equal(run(comes_and_goes), 0);
	expect_record("life 1\n");
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(flag, F_OK), -1);
	str_format(lives, sizeof(lives), "%s/lives-forked", dir);
	assert_int_equal(stat(lives, &st), 0);
	assert_int_equal(st.st_size, 1);
}

static int dies_at_once(const struct parent_ends *ends, int life)
{
	(void)ends;
	note("life %d\n", life);
	return 0;
}

static void a_child_that_never_comes_up_is_not_started_again(void **state)
{
	(void)state;
	assert_int_equal(run(dies_at_once), 1);
	expect_record("life 1\n");
	assert_int_equal(access(path, F_OK), -1);
}

static volatile sig_atomic_t told;

static void note_signal(int signo)
{
	told = signo;
}

static int waits_for_its_end(const struct parent_ends *ends, int life)
{
	struct sigaction sa = {.sa_handler = note_signal};
	sigset_t none;

	(void)life;
	sigaction(SIGTERM, &sa, NULL);
	sigemptyset(&none);
	say(ends, PRIV_READY, 0);
	note("waits\n");
	while (!told)
		clock_sleep_ms(LOOK_MS);
	note("told to stop\n");
	say(ends, PRIV_BYE, 0);
	return 0;
}

static void a_stop_is_passed_on(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGQUIT};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		pid_t pid = start(waits_for_its_end);

		assert_true(wait_for("waits\n"));
		kill(pid, SIGHUP);
		kill(pid, SIGUSR1);
		kill(pid, signals[i]);
		assert_int_equal(wait_end(pid), 0);
		expect_record("waits\ntold to stop\n");
		unlink(out);
	}
}

/* -------------------------------------------------------------------- restarts */

static int dies_three_times(const struct parent_ends *ends, int life)
{
	note("life %d%s at %lld\n", life, ends->again ? " again" : "", clock_ms());
	say(ends, PRIV_READY, 0);
	if (life < 4)
		raise(SIGKILL);
	say(ends, PRIV_BYE, 0);
	return 0;
}

static void a_child_that_dies_is_started_again_after_longer_and_longer_pauses(void **state)
{
	long long at[5] = {0};

	(void)state;
	assert_int_equal(run(dies_three_times), 0);
	assert_int_equal(sscanf(record(),
				"life 1 at %lld\nlife 2 again at %lld\nlife 3 again at %lld\n"
				"life 4 again at %lld\n",
				&at[1], &at[2], &at[3], &at[4]),
			 4);
	/* No sooner; how much later is the machine's affair. */
	assert_true(at[2] - at[1] >= 250);
	assert_true(at[3] - at[2] >= 500);
	assert_true(at[4] - at[3] >= 1000);
}

static int keeps_a_text(const struct parent_ends *ends, int life)
{
	struct buffer text = {0};
	long long written_ms = 0;

	say(ends, PRIV_READY, 0);
	if (life == 1) {
		buffer_append_str(&text, "what the first knew");
		if (keep_write(ends->keep, &text, 5) != 0)
			note("not kept\n");
		buffer_free(&text);
		raise(SIGKILL);
	}
	if (keep_read(ends->keep, &text, &written_ms))
		note("%s, at %lld\n", buffer_string(&text), written_ms);
	buffer_free(&text);
	say(ends, PRIV_BYE, 0);
	return 0;
}

static void the_next_child_has_the_memory_of_the_last(void **state)
{
	(void)state;
#ifndef HAVE_MEMFD_CREATE
	skip();
#endif
	assert_int_equal(run(keeps_a_text), 0);
	expect_record("what the first knew, at 5\n");
}

/* ---------------------------------------------------------------------- orders */

static int orders_a_shutdown(const struct parent_ends *ends, int life)
{
	(void)life;
	say(ends, PRIV_READY, 0);
	say_decided(ends, 3600, 0);
	say(ends, PRIV_SHUTDOWN, 1);
	say(ends, PRIV_SHUTDOWN, 0);
	hear(ends);
	hear(ends);
	return 0;
}

static void the_command_runs_once_behind_the_flag(void **state)
{
	(void)state;
	assert_int_equal(run(orders_a_shutdown), 0);
	assert_non_null(strstr(record(), "started 0\n"));
	assert_non_null(strstr(record(), "finished 0\n"));
	assert_non_null(strstr(record(), "one\n"));
	assert_null(strstr(record(), "zero\n"));
	assert_int_equal(access(flag, F_OK), 0);
	assert_int_equal(access(path, F_OK), -1);
}

static int orders_what_fails(const struct parent_ends *ends, int life)
{
	(void)life;
	say(ends, PRIV_READY, 0);
	say(ends, PRIV_SHUTDOWN, 2);
	hear(ends);
	hear(ends);
	return 0;
}

static void a_command_that_fails_is_told(void **state)
{
	(void)state;
	assert_int_equal(run(orders_what_fails), 1);
	assert_non_null(strstr(record(), "finished 768\n"));
}

static int orders_what_there_is_not(const struct parent_ends *ends, int life)
{
	(void)life;
	say(ends, PRIV_READY, 0);
	say(ends, PRIV_SHUTDOWN, 3);
	hear(ends);
	return 0;
}

static void a_command_that_is_not_there_is_told(void **state)
{
	char said[64];

	(void)state;
	assert_int_equal(run(orders_what_there_is_not), 1);
	str_format(said, sizeof(said), "started %d\n", ENOENT);
	expect_record(said);
}

static int decides_and_dies(const struct parent_ends *ends, int life)
{
	note("life %d\n", life);
	say(ends, PRIV_READY, 0);
	say_decided(ends, 1, 1);
	raise(SIGKILL);
	return 0;
}

static void a_decision_survives_who_decided(void **state)
{
	(void)state;
	assert_int_equal(run(decides_and_dies), 0);
	expect_record("life 1\none\n");
	assert_int_equal(access(flag, F_OK), 0);
}

static int decides_and_hangs(const struct parent_ends *ends, int life)
{
	(void)life;
	say(ends, PRIV_READY, 0);
	say_decided(ends, 1, 0);
	hear(ends);
	hear(ends);
	return 0;
}

static void a_child_that_hangs_does_not_hold_its_decision_up(void **state)
{
	(void)state;
	assert_int_equal(run(decides_and_hangs), 0);
	assert_non_null(strstr(record(), "started 0\n"));
	assert_non_null(strstr(record(), "zero\n"));
}

static int decides_and_is_stopped(const struct parent_ends *ends, int life)
{
	(void)life;
	say(ends, PRIV_READY, 0);
	say_decided(ends, 1, 0);
	say(ends, PRIV_BYE, 0);
	return 0;
}

static void a_clean_end_takes_a_decision_back(void **state)
{
	(void)state;
	assert_int_equal(run(decides_and_is_stopped), 0);
	expect_record("");
	assert_int_equal(access(flag, F_OK), -1);
}

static int talks_nonsense(const struct parent_ends *ends, int life)
{
	say(ends, PRIV_READY, 0);
	if (life == 1) {
		say(ends, (enum priv_type)99, 0);
		hear(ends);
		return 0;
	}
	say(ends, PRIV_BYE, 0);
	return 0;
}

static void nobody_listens_to_nonsense(void **state)
{
	(void)state;
	assert_int_equal(run(talks_nonsense), 0);
	expect_record("no message\n");
}

/* ----------------------------------------------------------------------- hooks */

static int runs_hooks(const struct parent_ends *ends, int life)
{
	(void)life;
	say(ends, PRIV_READY, 0);
	say(ends, PRIV_HOOKS, 60);
	hear(ends);
	say(ends, PRIV_BYE, 0);
	return 0;
}

static void hooks_are_run_and_their_end_is_told(void **state)
{
	char hook[128], text[256];

	(void)state;
	assert_int_equal(mkdir(hooks, 0700), 0);
	str_format(hook, sizeof(hook), "%s/10-a", hooks);
	str_format(text, sizeof(text), "#!/bin/sh\necho hook >>%s\n", out);
	make_file(hook, text, 0700);
	plan.orders.hook_dir = hooks;
	plan.orders.hook_each = 60;
	assert_int_equal(run(runs_hooks), 0);
	expect_record("hook\nhooks 0\n");
	str_format(hook, sizeof(hook), "%s/20-b", hooks);
	make_file(hook, "#!/bin/sh\nexit 1\n", 0700);
	unlink(out);
	assert_int_equal(run(runs_hooks), 0);
	expect_record("hook\nhooks 1\n");
}

static void hooks_that_are_not_configured_end_at_once(void **state)
{
	(void)state;
	assert_int_equal(run(runs_hooks), 0);
	expect_record("hooks 1\n");
}

/* ----------------------------------------------------------------------- files */

static void note_open(struct opener *o, const char *name)
{
	int fd = opener_open(o, name);
	char byte = '-';

	if (fd >= 0 && read(fd, &byte, 1) != 1)
		byte = '?';
	note("%c", byte);
	if (fd >= 0)
		close(fd);
}

/* It thinks it may have both. */
static int opens_files(const struct parent_ends *ends, int life)
{
	struct opener_list l = {0};
	struct opener *o;

	(void)life;
	opener_list_path(&l, listed);
	opener_list_path(&l, unlisted);
	if (setgid(65534) != 0 || setuid(65534) != 0)
		return 1;
	say(ends, PRIV_READY, 0);
	o = opener_new_remote(&l, ends->opener);
	/* Nobody may write the record. */
	for (int i = 0; i < 2; i++) {
		int fd = opener_open(o, listed);

		if (fd < 0 || opener_open(o, unlisted) >= 0)
			return 1;
		close(fd);
	}
	opener_free(o);
	say(ends, PRIV_BYE, 0);
	return 0;
}

static void only_the_files_of_the_list_are_opened(void **state)
{
	struct opener_list l = {0};
	struct opener *o;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(run(opens_files), 0);
	/* What we may read ourselves needs no opener. */
	o = opener_new_remote(&l, -1);
	assert_non_null(o);
	note_open(o, listed);
	note_open(o, unlisted);
	opener_free(o);
	expect_record("lu");
}

/* -------------------------------------------------------------------- notifier */

/* Says which life it is; ends with the link. */
static int greets(int link, int names, int life)
{
	char byte = (char)('0' + life);

	if (write(link, &byte, 1) != 1 || write(names, &byte, 1) != 1)
		return 1;
	if (read(link, &byte, 1) == 1 && byte == 'x')
		raise(SIGKILL);
	note("notifier %d ends\n", life);
	return 0;
}

static void note_greeting(int link, int names)
{
	char a = '-', b = '-';

	if (read(link, &a, 1) != 1 || read(names, &b, 1) != 1)
		note("no greeting\n");
	note("greeted by %c%c\n", a, b);
}

static int loses_its_notifier(const struct parent_ends *ends, int life)
{
	struct priv_message m = {0};
	int fds[PRIV_FDS_MAX];

	(void)life;
	say(ends, PRIV_READY, 0);
	if (!ends->notifier)
		note("no notifier is promised\n");
	note_greeting(ends->link, ends->names);
	if (write(ends->link, "x", 1) != 1)
		note("nobody hears\n");
	if (priv_receive(ends->parent, &m, fds) <= 0 || m.type != PRIV_NOTIFIER)
		note("no new notifier\n");
	note_greeting(fds[0], fds[1]);
	say(ends, PRIV_BYE, 0);
	return 0;
}

static void a_notifier_that_dies_is_replaced_and_handed_on(void **state)
{
	(void)state;
	notifier = greets;
	assert_int_equal(run(loses_its_notifier), 0);
	assert_true(wait_for("notifier 2 ends\n"));
	expect_record("greeted by 11\ngreeted by 22\nnotifier 2 ends\n");
}

static int dies_and_has_another(const struct parent_ends *ends, int life)
{
	say(ends, PRIV_READY, 0);
	note_greeting(ends->link, ends->names);
	if (life == 1)
		raise(SIGKILL);
	say(ends, PRIV_BYE, 0);
	return 0;
}

static void each_child_has_a_notifier_of_its_own(void **state)
{
	(void)state;
	notifier = greets;
	assert_int_equal(run(dies_and_has_another), 0);
	assert_true(wait_for("notifier 1 ends\n"));
	assert_true(wait_for("notifier 2 ends\n"));
	assert_non_null(strstr(record(), "greeted by 11\n"));
	assert_non_null(strstr(record(), "greeted by 22\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_clean_end_of_the_child_is_the_end),
		TEST(a_child_that_never_comes_up_is_not_started_again),
		TEST(a_stop_is_passed_on),
		TEST(a_child_that_dies_is_started_again_after_longer_and_longer_pauses),
		TEST(the_next_child_has_the_memory_of_the_last),
		TEST(the_command_runs_once_behind_the_flag),
		TEST(a_command_that_fails_is_told),
		TEST(a_command_that_is_not_there_is_told),
		TEST(a_decision_survives_who_decided),
		TEST(a_child_that_hangs_does_not_hold_its_decision_up),
		TEST(a_clean_end_takes_a_decision_back),
		TEST(nobody_listens_to_nonsense),
		TEST(hooks_are_run_and_their_end_is_told),
		TEST(hooks_that_are_not_configured_end_at_once),
		TEST(only_the_files_of_the_list_are_opened),
		TEST(a_notifier_that_dies_is_replaced_and_handed_on),
		TEST(each_child_has_a_notifier_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
