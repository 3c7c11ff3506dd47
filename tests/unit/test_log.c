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
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/errout.h"
#include "common/base/log.h"
#include "common/base/paths.h"

static char last_text[4096];
static enum log_level last_level;
static unsigned seen;

static void remember(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg;
	(void)token;
	last_level = level;
	seen++;
	strncpy(last_text, text, sizeof(last_text) - 1);
}

static int listen_to_log(void **state)
{
	(void)state;
	seen = 0;
	last_text[0] = '\0';
	log_set_sink(remember, NULL);
	return 0;
}

static int stop_listening(void **state)
{
	(void)state;
	log_set_sink(NULL, NULL);
	log_set_debug(0);
	clock_fake(false, 0);
	return 0;
}

static void a_forged_line_break_is_shown_not_made(void **state)
{
	(void)state;
	log_warn("t", "name \"%s\"", "a\nupsmon: all is well\x1b[2J");
	assert_string_equal(last_text, "name \"a\\x0aupsmon: all is well\\x1b[2J\"");
	assert_int_equal(last_level, LOG_L_WARNING);
}

static void an_endless_message_is_cut_and_stays_one_line(void **state)
{
	char *big = malloc(100000);

	(void)state;
	assert_non_null(big);
	memset(big, '\n', 99999);
	big[99999] = '\0';
	log_error("t", "%s", big);
	assert_true(strlen(last_text) < sizeof(last_text) - 1);
	assert_null(strchr(last_text, '\n'));
	free(big);
}

static void an_errno_is_spelt_out(void **state)
{
	(void)state;
	log_errno("t", ENOENT, "cannot open %s", "/x");
	assert_string_equal(last_text, "cannot open /x: No such file or directory");
	assert_int_equal(last_level, LOG_L_ERROR);
}

static void debug_lines_pass_up_to_the_level(void **state)
{
	(void)state;
	log_debug(1, "t", "hidden");
	assert_int_equal(seen, 0);
	log_set_debug(2);
	log_debug(2, "t", "shown");
	log_debug(3, "t", "hidden");
	assert_int_equal(seen, 1);
	assert_string_equal(last_text, "shown");
}

static void a_throttled_line_counts_what_it_held_back(void **state)
{
	struct log_throttle t = {0};
	unsigned missed = 99;

	(void)state;
	clock_fake(true, 5000);
	assert_true(log_throttle_pass(&t, 10, &missed));
	assert_int_equal(missed, 0);
	clock_fake_advance(9999);
	assert_false(log_throttle_pass(&t, 10, &missed));
	assert_false(log_throttle_pass(&t, 10, &missed));
	clock_fake_advance(1);
	assert_true(log_throttle_pass(&t, 10, &missed));
	assert_int_equal(missed, 2);
}

static int last_priority;

static int catch_syslog(void **state)
{
	(void)state;
	seen = 0;
	last_text[0] = '\0';
	log_to_stderr(false);
	log_to_syslog(true);
	return 0;
}

static int release_syslog(void **state)
{
	(void)state;
	log_set_syslog(NULL, NULL);
	log_to_syslog(false);
	log_to_stderr(true);
	return 0;
}

static void carry(void *arg, int priority, const char *text)
{
	seen++;
	last_priority = priority;
	strncpy(last_text, text, sizeof(last_text) - 1);
	if (arg)
		log_error("t", "cannot carry \"%s\"", text);
}

static void who_cannot_reach_syslog_has_its_lines_carried(void **state)
{
	(void)state;
	log_set_syslog(carry, NULL);
	log_warn("t", "a\tb");
	assert_int_equal(seen, 1);
	assert_int_equal(last_priority, LOG_WARNING);
	assert_string_equal(last_text, "a\\x09b");
	log_to_syslog(false);
	log_warn("t", "to nobody");
	assert_int_equal(seen, 1);
}

static void a_journal_that_reads_stderr_is_not_told_twice(void **state)
{
	struct stat st;
	char stream[64];

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	log_to_stderr(true);
	log_set_syslog(carry, NULL);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_to_syslog(true);
	log_warn("t", "once");
	assert_int_equal(seen, 0);
	/* Another file, as for a program whose stderr was sent elsewhere. */
	assert_int_equal(setenv("JOURNAL_STREAM", "1:1", 1), 0);
	log_to_syslog(true);
	log_warn("t", "there and there");
	assert_int_equal(seen, 1);
	/* In the background nothing is left but syslog. */
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_to_syslog(true);
	log_to_stderr(false);
	log_warn("t", "from the background");
	assert_int_equal(seen, 2);
	unsetenv("JOURNAL_STREAM");
}

static void a_line_from_inside_the_carrier_is_not_carried(void **state)
{
	(void)state;
	log_set_syslog(carry, &seen);
	log_notice("t", "once");
	assert_int_equal(seen, 1);
	assert_string_equal(last_text, "once");
	log_notice("t", "again");
	assert_int_equal(seen, 2);
}

static void a_forwarded_line_goes_to_syslog_alone_and_forges_nothing(void **state)
{
	int keep = dup(STDERR_FILENO), ends[2];
	char c;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	log_set_syslog(carry, NULL);
	log_to_stderr(true);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	log_forwarded(LOG_CRIT, "a\nupsmon: all is well");
	dup2(keep, STDERR_FILENO);
	close(keep);
	assert_int_equal(last_priority, LOG_CRIT);
	assert_string_equal(last_text, "a\\x0aupsmon: all is well");
	assert_int_equal(read(ends[0], &c, 1), 0);
	close(ends[0]);
}

static void the_environment_beats_the_configured_state_path(void **state)
{
	char file[64];

	(void)state;
	unsetenv("NUT_STATEPATH");
	assert_true(paths_set_state("/somewhere"));
	assert_string_equal(paths_state(), "/somewhere");
	setenv("NUT_STATEPATH", "/env", 1);
	assert_false(paths_set_state("/elsewhere"));
	assert_string_equal(paths_state(), "/env");
	assert_true(paths_state_file(file, sizeof(file), "a-b"));
	assert_string_equal(file, "/env/a-b");
	assert_true(paths_state_file(file, sizeof(file), "/abs"));
	assert_string_equal(file, "/abs");
	assert_false(paths_state_file(file, 5, "a-b"));
	unsetenv("NUT_STATEPATH");
}

static void on_alarm(int signo)
{
	(void)signo;
}

/* Signals interrupt the wait for a reader who hangs: the pipe is no emptier for that. */
static void a_full_pipe_does_not_hold_us_up_when_signals_come(void **state)
{
	const struct itimerval every_20_ms = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
	struct sigaction alarm_action = {.sa_handler = on_alarm}, old;
	int ends[2], saved = dup(STDERR_FILENO);
	char full[512] = {0};
	long long before;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], full, sizeof(full)) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	sigaction(SIGALRM, &alarm_action, &old);
	dup2(ends[1], STDERR_FILENO);
	log_set_sink(NULL, NULL);
	before = clock_ms();
	setitimer(ITIMER_REAL, &every_20_ms, NULL);
	log_error("test", "nobody reads this");
	setitimer(ITIMER_REAL, &never, NULL);
	dup2(saved, STDERR_FILENO);
	sigaction(SIGALRM, &old, NULL);
	close(saved);
	close(ends[0]);
	close(ends[1]);
	/* The patience was used up once, in spite of the signals. */
	assert_true(clock_ms() - before >= 250);
}

/* A child logs `lines` long lines to stderr `fd`; true: it came to an end by itself. */
static bool a_child_gets_its_lines_out(int fd, int lines)
{
	char text[1500];
	pid_t child = fork();
	int status;

	if (child == 0) {
		memset(text, 'x', sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		dup2(fd, STDERR_FILENO);
		log_set_sink(NULL, NULL);
		while (lines-- > 0)
			log_error("test", "%s", text);
		_exit(0);
	}
	for (int i = 0; i < 2000; i++) {
		if (waitpid(child, &status, WNOHANG) == child)
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		usleep(10000);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return false;
}

/* While there is room for a part of a line poll() calls it writable. */
static void a_terminal_that_nobody_reads_does_not_stop_us(void **state)
{
	int screen = posix_openpt(O_RDWR | O_NOCTTY), tty;

	(void)state;
	assert_true(screen >= 0 && grantpt(screen) == 0 && unlockpt(screen) == 0);
	tty = open(ptsname(screen), O_RDWR | O_NOCTTY);
	assert_true(tty >= 0);
	assert_true(a_child_gets_its_lines_out(tty, 60));
	assert_int_equal(fcntl(tty, F_GETFL) & O_NONBLOCK, 0);
	close(tty);
	close(screen);
}

static void a_socket_that_nobody_reads_does_not_stop_us(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_true(a_child_gets_its_lines_out(ends[1], 400));
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	close(ends[0]);
	close(ends[1]);
}

/* Once the reader is back it gets whole lines, and learns how many are lost. */
static void lines_that_a_stuck_reader_missed_are_counted(void **state)
{
	int ends[2], saved = dup(STDERR_FILENO);
	char text[1500], *all = calloc(1, 1 << 20);
	size_t len = 0;
	ssize_t n;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(pipe(ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	log_set_sink(NULL, NULL);
	dup2(ends[1], STDERR_FILENO);
	for (int i = 0; i < 100; i++)
		log_error("test", "%s", text);
	while ((n = read(ends[0], all + len, (1 << 20) - 1 - len)) > 0)
		len += (size_t)n;
	log_error("test", "read again");
	while ((n = read(ends[0], all + len, (1 << 20) - 1 - len)) > 0)
		len += (size_t)n;
	dup2(saved, STDERR_FILENO);
	close(saved);
	errout_close();
	assert_non_null(strstr(all, "x\n"));
	assert_non_null(strstr(all, " lines of the log are lost here\nread again\n"));
	/* Nothing of ours keeps the pipe open. */
	close(ends[1]);
	assert_int_equal(read(ends[0], text, 1), 0);
	close(ends[0]);
	free(all);
}

/* Whoever closes all descriptors may open a file of another kind under our number. */
static void a_number_that_is_another_file_now_is_neither_written_nor_closed(void **state)
{
	int ends[2], other[2], saved = dup(STDERR_FILENO), next;
	char got[64] = {0};

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pipe(other), 0);
	fcntl(other[0], F_SETFL, O_NONBLOCK);
	errout_close();
	dup2(ends[1], STDERR_FILENO);
	next = dup(ends[1]); /* the number that comes next is ours */
	close(next);
	errout_open();
	assert_true(fcntl(next, F_GETFL) & O_NONBLOCK);
	dup2(other[1], next);
	log_set_sink(NULL, NULL);
	log_error("test", "where to?");
	errout_close();
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(read(ends[0], got, sizeof(got) - 1), 10);
	assert_string_equal(got, "where to?\n");
	assert_int_equal(read(other[0], got, 1), -1);
	assert_true(fcntl(next, F_GETFD) >= 0);
	close(next);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(other[i]);
	}
}

#define CARRYING(f)  cmocka_unit_test_setup_teardown(f, catch_syslog, release_syslog)
#define LISTENING(f) cmocka_unit_test_setup_teardown(f, listen_to_log, stop_listening)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_pipe_does_not_hold_us_up_when_signals_come),
		cmocka_unit_test(a_terminal_that_nobody_reads_does_not_stop_us),
		cmocka_unit_test(a_socket_that_nobody_reads_does_not_stop_us),
		cmocka_unit_test(lines_that_a_stuck_reader_missed_are_counted),
		cmocka_unit_test(a_number_that_is_another_file_now_is_neither_written_nor_closed),
		LISTENING(a_forged_line_break_is_shown_not_made),
		LISTENING(an_endless_message_is_cut_and_stays_one_line),
		LISTENING(an_errno_is_spelt_out),
		LISTENING(debug_lines_pass_up_to_the_level),
		LISTENING(a_throttled_line_counts_what_it_held_back),
		CARRYING(who_cannot_reach_syslog_has_its_lines_carried),
		CARRYING(a_journal_that_reads_stderr_is_not_told_twice),
		CARRYING(a_line_from_inside_the_carrier_is_not_carried),
		CARRYING(a_forwarded_line_goes_to_syslog_alone_and_forges_nothing),
		LISTENING(the_environment_beats_the_configured_state_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
