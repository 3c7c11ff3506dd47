/* The courier with programs that really run; what they do is seen in a private folder. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include <utmpx.h>

#include <cmocka.h>

#include "clients/upsmon/notify/courier.h"
#include "clients/upsmon/notify/desktop.h"
#include "clients/upsmon/notify/nutlog.h"
#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"

enum { PATIENCE_MS = 60000, STEP_MS = 50 };

static struct {
	struct loop *loop;
	struct courier *courier;
	char dir[64];
	struct buffer log; /* lines */
	struct buffer got; /* of read_file() */
	int idle;
	int status;
} t;

static void note_log(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg, (void)token;
	if (level != LOG_L_DEBUG)
		buffer_appendf(&t.log, "%s\n", text);
}

static void note_idle(void *arg)
{
	(void)arg;
	t.idle++;
}

static int begin(void **state)
{
	(void)state;
	str_copy(t.dir, sizeof(t.dir), "/tmp/chn-courier-XXXXXX");
	if (!mkdtemp(t.dir) || setenv("DIR", t.dir, 1) != 0)
		return -1;
	log_set_sink(note_log, NULL);
	t.loop = loop_new();
	t.courier = courier_new(t.loop);
	t.idle = 0;
	t.status = -1;
	courier_when_idle(t.courier, note_idle, NULL);
	return 0;
}

static int end(void **state)
{
	char *argv[] = {(char *)"rm", (char *)"-rf", t.dir, NULL};
	pid_t pid;

	(void)state;
	courier_free(t.courier);
	loop_free(t.loop);
	buffer_free(&t.log);
	buffer_free(&t.got);
	log_set_sink(NULL, NULL);
	pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static void in_dir(char path[128], const char *name)
{
	assert_true(str_format(path, 128, "%s/%s", t.dir, name));
}

/* "" if there is none. */
static const char *read_file(const char *name)
{
	char path[128], part[4096];
	ssize_t len;
	int fd;

	in_dir(path, name);
	buffer_clear(&t.got);
	fd = open(path, O_RDONLY);
	while (fd >= 0 && (len = read(fd, part, sizeof(part))) > 0)
		buffer_append(&t.got, part, (size_t)len);
	if (fd >= 0)
		close(fd);
	return buffer_string(&t.got);
}

static void run_until_idle(void)
{
	long long until = clock_ms() + PATIENCE_MS;

	while (courier_running(t.courier) > 0 && clock_ms() < until)
		loop_turn(t.loop, STEP_MS);
	assert_int_equal(courier_running(t.courier), 0);
}

static void deliver(const struct delivery *d)
{
	courier_deliver(t.courier, d);
}

static const char *logged(void)
{
	return buffer_string(&t.log);
}

static void a_notify_command_gets_text_and_environment_and_no_shell(void **state)
{
	(void)state;
	deliver(&(struct delivery){
		.kind = DELIVERY_EXEC,
		.text = "two words; $HOME `id`",
		.type = "ONBATT",
		.ups = "a@b",
		.argc = 4,
		.argv = {"/bin/sh", "-c", "printf '%s|' \"$0\" \"$@\" $NOTIFYTYPE $UPSNAME >$DIR/x",
			 "-x"}});
	assert_int_equal(courier_running(t.courier), 1);
	run_until_idle();
	assert_string_equal(read_file("x"), "-x|two words; $HOME `id`|ONBATT|a@b|");
	assert_int_equal(t.idle, 1);
	assert_string_equal(logged(), "");
}

static void a_shell_command_is_run_by_a_shell(void **state)
{
	(void)state;
	deliver(&(struct delivery){.kind = DELIVERY_SHELL, .text = "echo a$((1+2)) >$DIR/x"});
	run_until_idle();
	assert_string_equal(read_file("x"), "a3\n");
}

static void another_shell_may_be_named(void **state)
{
	(void)state;
	deliver(&(struct delivery){.kind = DELIVERY_SHELL,
				   .text = "echo $1",
				   .argc = 3,
				   .argv = {"/bin/sh", "-c", "printf %s \"$0\" >$DIR/x"}});
	run_until_idle();
	assert_string_equal(read_file("x"), "echo $1");
}

static void wall_reads_the_text(void **state)
{
	(void)state;
	deliver(&(struct delivery){.kind = DELIVERY_WALL,
				   .text = "lights\nout",
				   .argc = 3,
				   .argv = {"/bin/sh", "-c", "cat >$DIR/x"}});
	run_until_idle();
	assert_string_equal(read_file("x"), "lights\nout\n");
}

static void a_missing_wall_is_of_no_interest(void **state)
{
	(void)state;
	deliver(&(struct delivery){
		.kind = DELIVERY_WALL, .text = "t", .argc = 1, .argv = {"/nowhere/wall"}});
	run_until_idle();
	assert_string_equal(logged(), "");
}

static void a_bad_end_is_logged(void **state)
{
	(void)state;
	deliver(&(struct delivery){.kind = DELIVERY_SHELL, .text = "exit 3"});
	run_until_idle();
	deliver(&(struct delivery){.kind = DELIVERY_SHELL, .text = "kill -9 $$"});
	run_until_idle();
	deliver(&(struct delivery){
		.kind = DELIVERY_EXEC, .text = "t", .argc = 1, .argv = {"/nowhere/x"}});
	run_until_idle();
	assert_string_equal(logged(),
			    "SHELLCMD ended with status 3\n"
			    "SHELLCMD was ended by signal 9\n"
			    "NOTIFYCMD ended with status 127: does it exist, may it be run?\n");
}

static void what_hangs_is_killed_and_the_others_are_not(void **state)
{
	long long until = clock_ms() + PATIENCE_MS;

	(void)state;
	courier_set_limits(t.courier, 100, 100);
	deliver(&(struct delivery){
		.kind = DELIVERY_SHELL,
		.text = "while [ -d $DIR -a ! -e $DIR/go ]; do sleep 0.05; done; : >$DIR/x"});
	for (int i = 0; i < 2; i++)
		deliver(&(struct delivery){
			.kind = DELIVERY_WALL, .text = "t", .argc = 2, .argv = {"sleep", "1000"}});
	assert_int_equal(courier_running(t.courier), 3);
	while (courier_running(t.courier) > 1 && clock_ms() < until)
		loop_turn(t.loop, STEP_MS);
	assert_string_equal(logged(), "wall took too long and was killed\n"
				      "wall took too long and was killed\n");
	deliver(&(struct delivery){.kind = DELIVERY_SHELL, .text = ": >$DIR/go"});
	run_until_idle();
	assert_string_equal(logged(), "wall took too long and was killed\n"
				      "wall took too long and was killed\n");
}

static void scripts_that_never_end_do_not_fill_the_process_table(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++)
		deliver(&(struct delivery){
			.kind = DELIVERY_WALL,
			.text = "t",
			.argc = 3,
			.argv = {"/bin/sh", "-c",
				 "while [ -d $DIR -a ! -e $DIR/go ]; do sleep 0.1; done"}});
	/* Walls leave room for scripts. */
	assert_int_equal(courier_running(t.courier), 32);
	for (int i = 0; i < 40; i++)
		deliver(&(struct delivery){.kind = DELIVERY_SHELL,
					   .text = "while [ -d $DIR -a ! -e $DIR/go ]; do sleep "
						   "0.1; done; echo x >>$DIR/all"});
	assert_int_equal(courier_running(t.courier), 64);
	assert_int_equal(courier_waiting(t.courier), 8);
	assert_non_null(strstr(logged(), "32 programs are running, wall is left out"));
	assert_null(strstr(logged(), "SHELLCMD is left out"));
	assert_false(courier_adopt(t.courier, getpid(), "x", NULL, NULL));
	{
		char path[128];

		in_dir(path, "go");
		assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	}
	run_until_idle();
	assert_int_equal(strlen(read_file("all")),
			 40 * 2); /* what had to wait has come to its turn */
	deliver(&(struct delivery){.kind = DELIVERY_SHELL, .text = "echo again >$DIR/x"});
	run_until_idle();
	assert_string_equal(read_file("x"), "again\n");
}

static void what_waits_is_bounded_and_told_once(void **state)
{
	size_t lines = 0;
	char path[128];

	(void)state;
	for (int i = 0; i < 64 + 512 + 100; i++)
		deliver(&(struct delivery){
			.kind = DELIVERY_SHELL,
			.text = "while [ -d $DIR -a ! -e $DIR/go ]; do sleep 0.1; done"});
	assert_int_equal(courier_waiting(t.courier), 512);
	for (const char *p = logged(); (p = strstr(p, "left out")); p++)
		lines++;
	assert_int_equal(lines, 1);
	in_dir(path, "go");
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	run_until_idle();
	assert_int_equal(courier_waiting(t.courier), 0);
}

static void note_status(void *arg, int status)
{
	(void)arg;
	t.status = status;
}

static void an_adopted_program_is_looked_after_even_if_it_has_ended(void **state)
{
	pid_t pid = fork();
	siginfo_t info;

	(void)state;
	if (pid == 0)
		_exit(5);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	/* Its signal has come and gone. */
	loop_turn(t.loop, 0);
	assert_true(courier_adopt(t.courier, pid, "SHUTDOWNCMD", note_status, NULL));
	run_until_idle();
	assert_int_equal(WEXITSTATUS(t.status), 5);
	assert_string_equal(logged(), "SHUTDOWNCMD ended with status 5\n");
}

static void carry(void *arg, int priority, const char *text)
{
	(void)arg;
	buffer_appendf(&t.got, "%d %s\n", priority, text);
}

static void a_log_line_goes_to_syslog_with_its_priority(void **state)
{
	(void)state;
	log_set_syslog(carry, NULL);
	log_to_syslog(true);
	deliver(&(struct delivery){.kind = DELIVERY_LOG, .text = "a\nb", .priority = LOG_CRIT});
	log_to_syslog(false);
	log_set_syslog(NULL, NULL);
	assert_string_equal(buffer_string(&t.got), "2 a\\x0ab\n");
}

/* Runs fn with another descriptor in the place of stdout or stderr. */
static void with_output(int fd, int place, const struct delivery *d)
{
	int keep = dup(place);

	dup2(fd, place);
	deliver(d);
	dup2(keep, place);
	close(keep);
}

static void texts_are_printed_to_stdout_and_stderr(void **state)
{
	char path[128];
	int fd;

	(void)state;
	in_dir(path, "x");
	fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
	with_output(fd, STDOUT_FILENO, &(struct delivery){.kind = DELIVERY_PRINT, .text = "out"});
	with_output(fd, STDERR_FILENO, &(struct delivery){.kind = DELIVERY_EPRINT, .text = "err"});
	close(fd);
	assert_string_equal(read_file("x"), "out\nerr\n");
}

static void a_reader_who_is_asleep_stops_nothing(void **state)
{
	static char big[20000];
	int ends[2];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < 100; i++)
		with_output(ends[1], STDOUT_FILENO,
			    &(struct delivery){.kind = DELIVERY_PRINT, .text = big});
	/* Still here. */
	close(ends[0]);
	close(ends[1]);
}

/* ------------------------------------------------------------------ NUT's log */

/* Local time, so that the text is the same in every zone. */
static time_t at(int day, int hour)
{
	struct tm tm = {
		.tm_year = 126, .tm_mon = 2, .tm_mday = day, .tm_hour = hour, .tm_isdst = -1};

	return mktime(&tm);
}

static void nuts_log_has_a_head_for_each_session_and_day(void **state)
{
	struct nutlog *n = nutlog_new();
	char path[128];
	struct stat st;

	(void)state;
	in_dir(path, "x");
	nutlog_write(n, path, "one", at(1, 10));
	nutlog_write(n, path, "two\nlines", at(1, 23));
	nutlog_write(n, path, "three", at(2, 0));
	nutlog_free(n);
	n = nutlog_new();
	nutlog_write(n, path, "four", at(2, 1));
	nutlog_free(n);
	assert_string_equal(read_file("x"), "2026-03-01 ####\n"
					    "10:00:00 upsmon one\n"
					    "23:00:00 upsmon two lines\n"
					    "2026-03-02 ####\n"
					    "00:00:00 upsmon three\n"
					    "2026-03-02 ####\n"
					    "01:00:00 upsmon four\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
}

static void nuts_log_is_made_anew_when_it_was_moved_away(void **state)
{
	struct nutlog *n = nutlog_new();
	char path[128], away[128];

	(void)state;
	in_dir(path, "x");
	in_dir(away, "y");
	nutlog_write(n, path, "one", at(1, 10));
	assert_int_equal(rename(path, away), 0);
	nutlog_write(n, path, "two", at(1, 11));
	nutlog_free(n);
	assert_string_equal(read_file("y"), "2026-03-01 ####\n10:00:00 upsmon one\n");
	assert_string_equal(read_file("x"), "2026-03-01 ####\n11:00:00 upsmon two\n");
}

static void a_log_that_cannot_be_written_is_told_once_until_it_can(void **state)
{
	struct nutlog *n = nutlog_new();
	char path[128], dir[128], want[300];

	(void)state;
	in_dir(dir, "d");
	in_dir(path, "d/x");
	nutlog_write(n, path, "one", at(1, 10));
	nutlog_write(n, path, "two", at(1, 10));
	assert_int_equal(mkdir(dir, 0700), 0);
	nutlog_write(n, path, "three", at(1, 10));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	nutlog_write(n, path, "four", at(1, 10));
	nutlog_free(n);
	str_format(want, sizeof(want),
		   "cannot write NUTLOG's file %s: No such file or directory\n"
		   "cannot write NUTLOG's file %s: No such file or directory\n",
		   path, path);
	assert_string_equal(logged(), want);
}

static void a_pipe_that_nobody_reads_is_no_log(void **state)
{
	struct delivery d = {.kind = DELIVERY_NUTLOG, .text = "t", .argc = 1};
	char path[128];

	(void)state;
	in_dir(path, "fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	d.argv[0] = path;
	deliver(&d);
	assert_non_null(strstr(logged(), "cannot write NUTLOG's file"));
}

/* ------------------------------------------------------------------ desktops */

static void add_login(int fd, const char *user, const char *line, const char *host)
{
	struct utmpx entry = {.ut_type = USER_PROCESS, .ut_pid = getpid()};

	memcpy(entry.ut_user, user, strnlen(user, sizeof(entry.ut_user)));
	memcpy(entry.ut_line, line, strnlen(line, sizeof(entry.ut_line)));
	memcpy(entry.ut_host, host, strnlen(host, sizeof(entry.ut_host)));
	assert_int_equal(write(fd, &entry, sizeof(entry)), sizeof(entry));
}

/* A program in front of all others that writes its environment and words to a file of its name. */
static void fake_program(const char *name)
{
	static const char script[] =
		"#!/bin/sh\n"
		"{ printf '%s|' \"$DISPLAY\" \"$DBUS_SESSION_BUS_ADDRESS\" \"$@\"; echo; } "
		">>$DIR/${0##*/}.out\n"
		"exit ${FAIL:-0}\n";
	char path[128];
	int fd;

	in_dir(path, name);
	fd = open(path, O_CREAT | O_WRONLY, 0700);
	assert_int_equal(write(fd, script, strlen(script)), strlen(script));
	close(fd);
}

/* Somebody else than who runs the tests. */
static const char *other;

static int begin_desktops(void **state)
{
	static char utmp[128];
	struct passwd *me;
	char path[1024];
	int fd;

	if (begin(state) != 0)
		return -1;
	unsetenv("DISPLAY");
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	unsetenv("FAIL");
	str_format(path, sizeof(path), "%s:%s", t.dir, getenv("PATH"));
	setenv("PATH", path, 1);
	fake_program("notify-send");
	fake_program("sudo");
	fake_program("runuser");
	in_dir(utmp, "utmp");
	fd = open(utmp, O_CREAT | O_WRONLY, 0600);
	me = getpwuid(geteuid());
	if (me) {
		add_login(fd, me->pw_name, "pts/0", "10.0.0.1");
		add_login(fd, me->pw_name, "tty7", ":0");
		add_login(fd, me->pw_name, "tty8", ":2");
	}
	other = me && str_equal(me->pw_name, "nobody") ? "daemon" : "nobody";
	add_login(fd, other, ":1.0", "");
	add_login(fd, "no-such-user", "tty7", ":3");
	add_login(fd, "bin", "tty9", ":4;x");
	close(fd);
	desktop_look_in(utmp);
	return me && getpwnam(other) ? 0 : -1;
}

static int end_desktops(void **state)
{
	char *path = strdup(getenv("PATH") + strlen(t.dir) + 1);

	desktop_look_in(NULL);
	setenv("PATH", path, 1);
	free(path);
	unsetenv("FAIL");
	return end(state);
}

static void a_notice_is_shown_on_each_desktop_as_its_user(void **state)
{
	char mine[256], others[256];
	unsigned long uid = getpwnam(other)->pw_uid;

	(void)state;
	deliver(&(struct delivery){.kind = DELIVERY_DESKTOP, .text = "lights out; $HOME"});
	assert_int_equal(courier_running(t.courier), 2);
	run_until_idle();
	str_format(mine, sizeof(mine),
		   ":0|unix:path=/run/user/%lu/bus|-t|0|-u|critical|lights out; $HOME|\n",
		   (unsigned long)geteuid());
	assert_string_equal(read_file("notify-send.out"), mine);
	str_format(others, sizeof(others),
		   "||%s|%s|%sDISPLAY=:1.0|DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/%lu/bus|"
		   "notify-send|-t|0|-u|critical|lights out; $HOME|\n",
		   geteuid() ? "-n|-u" : "-u", other, geteuid() ? "" : "--|env|", uid);
	assert_string_equal(read_file(geteuid() ? "sudo.out" : "runuser.out"), others);
	assert_string_equal(logged(), "");
}

static void another_program_may_show_it_and_no_text_is_an_option(void **state)
{
	char path[128], want[256];
	struct delivery d = {.kind = DELIVERY_DESKTOP, .text = "--help", .argc = 2};

	(void)state;
	fake_program("shout");
	in_dir(path, "shout");
	d.argv[0] = path;
	d.argv[1] = "-x";
	deliver(&d);
	run_until_idle();
	str_format(want, sizeof(want), ":0|unix:path=/run/user/%lu/bus|-x|--|--help|\n",
		   (unsigned long)geteuid());
	assert_string_equal(read_file("shout.out"), want);
}

static void desktops_that_cannot_be_reached_are_told_once(void **state)
{
	(void)state;
	setenv("FAIL", "3", 1);
	for (int i = 0; i < 2; i++) {
		deliver(&(struct delivery){.kind = DELIVERY_DESKTOP, .text = "t"});
		run_until_idle();
	}
	assert_string_equal(logged(), "notify-send ended with status 3\n");
}

#define DESKTOP(name) cmocka_unit_test_setup_teardown(name, begin_desktops, end_desktops)
#define TEST(name)    cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_notify_command_gets_text_and_environment_and_no_shell),
		TEST(a_shell_command_is_run_by_a_shell),
		TEST(another_shell_may_be_named),
		TEST(wall_reads_the_text),
		TEST(a_missing_wall_is_of_no_interest),
		TEST(a_bad_end_is_logged),
		TEST(what_hangs_is_killed_and_the_others_are_not),
		TEST(scripts_that_never_end_do_not_fill_the_process_table),
		TEST(what_waits_is_bounded_and_told_once),
		TEST(an_adopted_program_is_looked_after_even_if_it_has_ended),
		TEST(a_log_line_goes_to_syslog_with_its_priority),
		TEST(texts_are_printed_to_stdout_and_stderr),
		TEST(a_reader_who_is_asleep_stops_nothing),
		TEST(nuts_log_has_a_head_for_each_session_and_day),
		TEST(nuts_log_is_made_anew_when_it_was_moved_away),
		TEST(a_log_that_cannot_be_written_is_told_once_until_it_can),
		TEST(a_pipe_that_nobody_reads_is_no_log),
		DESKTOP(a_notice_is_shown_on_each_desktop_as_its_user),
		DESKTOP(another_program_may_show_it_and_no_text_is_an_option),
		DESKTOP(desktops_that_cannot_be_reached_are_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
