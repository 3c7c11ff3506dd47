#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/privilege.h"
#include "common/base/str.h"

static char dir[] = "/tmp/chestnut-daemon-XXXXXX";
static char file[256];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	str_format(file, sizeof(file), "%s/x.pid", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(dir);
}

static void put(const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void a_pid_file_is_written_whole_and_read_back(void **state)
{
	struct stat st;
	pid_t pid = 0;

	(void)state;
	assert_int_equal(daemon_pidfile_write(file), 0);
	assert_int_equal(daemon_pidfile_write(file), 0);
	assert_int_equal(daemon_pidfile_read(file, &pid), DAEMON_PID_OK);
	assert_int_equal(pid, getpid());
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(daemon_pidfile_remove(file), 0);
	assert_int_equal(daemon_pidfile_read(file, &pid), DAEMON_PID_ABSENT);
	assert_int_equal(daemon_pidfile_write("/nonexistent/x.pid"), ENOENT);
}

static void a_pid_file_of_rubbish_names_nobody(void **state)
{
	static const char *const rubbish[] = {
		"", "\n", "abc\n", "-5\n", "0\n", "12x\n", "99999999999999999999\n"};
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < sizeof(rubbish) / sizeof(*rubbish); i++) {
		put(rubbish[i]);
		assert_int_equal(daemon_pidfile_read(file, &pid), DAEMON_PID_UNREADABLE);
		assert_int_equal(daemon_signal_file(file, NULL, 0), DAEMON_PID_UNREADABLE);
	}
}

static void init_and_strangers_are_never_signalled(void **state)
{
	(void)state;
	put("1\n");
	assert_int_equal(daemon_signal_file(file, NULL, 0), DAEMON_PID_FAILED);
	assert_int_equal(daemon_signal_pid(0, NULL, 0), DAEMON_PID_FAILED);
	assert_int_equal(daemon_signal_pid(getpid(), "test_daemon", 0), DAEMON_PID_OK);
	assert_int_equal(daemon_signal_pid(getpid(), "upsd", 0), DAEMON_PID_FAILED);
	setenv("NUT_IGNORE_CHECKPROCNAME", "1", 1);
	assert_int_equal(daemon_signal_pid(getpid(), "upsd", 0), DAEMON_PID_OK);
	unsetenv("NUT_IGNORE_CHECKPROCNAME");
}

static void a_process_that_has_ended_is_none_though_nobody_buries_it(void **state)
{
	siginfo_t info;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(daemon_signal_pid(pid, "test_daemon", 0), DAEMON_PID_FAILED);
	waitpid(pid, NULL, 0);
}

/* Starts a background process whose body is `fn`; returns the starter's exit status. */
static int start(void (*fn)(int handle), unsigned patience_s)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int handle;

		if (daemon_fork(&handle, patience_s) != 0)
			_exit(99);
		fn(handle);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void is_ready(int handle)
{
	daemon_ready(handle);
}

static void has_failed(int handle)
{
	daemon_failed(handle);
}

static void dies(int handle)
{
	(void)handle;
	raise(SIGKILL);
}

static void never_says(int handle)
{
	(void)handle;
	alarm(20); /* its own end, should nobody wait */
	pause();
}

static void the_starter_ends_as_the_daemon_says(void **state)
{
	(void)state;
	assert_int_equal(start(is_ready, 0), 0);
	assert_int_equal(start(has_failed, 0), 1);
	assert_int_equal(start(dies, 0), 1);
	assert_int_equal(start(never_says, 1), 1);
}

static void systemd_hears_what_it_is_told(void **state)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char got[64] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)state;
	str_format(sa.sun_path, sizeof(sa.sun_path), "%s/notify", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	setenv("NOTIFY_SOCKET", sa.sun_path, 1);
	daemon_notify("READY=1");
	assert_int_equal(recv(fd, got, sizeof(got) - 1, 0), 7);
	assert_string_equal(got, "READY=1");
	close(fd);
	unlink(sa.sun_path);
	daemon_notify("READY=1"); /* nobody listens: no harm */
	unsetenv("NOTIFY_SOCKET");
}

static void the_watchdog_is_fed_twice_a_period(void **state)
{
	(void)state;
	assert_int_equal(daemon_watchdog_ms(), 0);
	setenv("WATCHDOG_USEC", "3000000", 1);
	assert_int_equal(daemon_watchdog_ms(), 1500);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(daemon_watchdog_ms(), 0);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "soon", 1);
	assert_int_equal(daemon_watchdog_ms(), 0);
	unsetenv("WATCHDOG_USEC");
}

static void hush(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)level;
	(void)token;
	str_copy(arg, 512, text);
}

static void a_missing_user_is_named_with_the_mend(void **state)
{
	char said[512] = "";
	struct privilege p;

	(void)state;
	log_set_sink(hush, said);
	assert_false(privilege_lookup("no-such-user-here", NULL, &p));
	log_set_sink(NULL, NULL);
	assert_non_null(strstr(said, "no-such-user-here"));
	assert_non_null(strstr(said, "useradd"));
	assert_true(privilege_lookup("root", "root", &p));
	assert_int_equal(p.uid, 0);
	assert_int_equal(p.gid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pid_file_is_written_whole_and_read_back),
		cmocka_unit_test(a_pid_file_of_rubbish_names_nobody),
		cmocka_unit_test(init_and_strangers_are_never_signalled),
		cmocka_unit_test(a_process_that_has_ended_is_none_though_nobody_buries_it),
		cmocka_unit_test(the_starter_ends_as_the_daemon_says),
		cmocka_unit_test(systemd_hears_what_it_is_told),
		cmocka_unit_test(the_watchdog_is_fed_twice_a_period),
		cmocka_unit_test(a_missing_user_is_named_with_the_mend),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
