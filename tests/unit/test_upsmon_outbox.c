/*
 * The outbox with real notifiers in processes of their own, which are killed and
 * replaced; and with a notifier that the test plays.
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
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "clients/upsmon/notify/notifier.h"
#include "clients/upsmon/notify/outbox.h"
#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/resolver.h"

enum { PATIENCE_MS = 60000, STEP_MS = 50 };

static struct {
	struct loop *loop;
	struct outbox *outbox;
	char dir[64];
	char file[128]; /* of NUTLOG and what scripts write */
	struct buffer log, got;
	struct buffer heard; /* of the outbox's owner, words */
	pid_t notifier;
	int peer; /* the other end, where the test is the notifier */
	int resolved;
} t;

static void note_log(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg, (void)token;
	if (level != LOG_L_DEBUG)
		buffer_appendf(&t.log, "%s\n", text);
}

static void hear_begins(void *arg)
{
	(void)arg;
	buffer_append_str(&t.heard, "begins ");
}

static void hear_ends(void *arg)
{
	(void)arg;
	buffer_append_str(&t.heard, "ends ");
}

static void hear_lost(void *arg)
{
	(void)arg;
	buffer_append_str(&t.heard, "lost ");
}

static const struct outbox_ops ops = {hear_begins, hear_ends, hear_lost};

static int begin(void **state)
{
	(void)state;
	str_copy(t.dir, sizeof(t.dir), "/tmp/chn-outbox-XXXXXX");
	if (!mkdtemp(t.dir) || setenv("DIR", t.dir, 1) != 0 ||
	    !str_format(t.file, sizeof(t.file), "%s/x", t.dir))
		return -1;
	log_set_sink(note_log, NULL);
	t.loop = loop_new();
	t.outbox = outbox_new(t.loop, &ops, NULL);
	t.notifier = 0;
	t.peer = -1;
	t.resolved = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	outbox_free(t.outbox);
	loop_free(t.loop);
	log_set_sink(NULL, NULL);
	if (t.peer >= 0)
		close(t.peer);
	if (t.notifier > 0) {
		kill(t.notifier, SIGKILL);
		waitpid(t.notifier, NULL, 0);
	}
	buffer_free(&t.log);
	buffer_free(&t.got);
	buffer_free(&t.heard);
	unlink(t.file);
	return rmdir(t.dir);
}

static const char *read_all(int fd)
{
	char part[4096];
	ssize_t len;

	buffer_clear(&t.got);
	while ((len = read(fd, part, sizeof(part))) > 0)
		buffer_append(&t.got, part, (size_t)len);
	return buffer_string(&t.got);
}

static const char *read_file(void)
{
	int fd = open(t.file, O_RDONLY);
	const char *text = read_all(fd);

	if (fd >= 0)
		close(fd);
	return text;
}

/* names: its end of the pair for names, or -1. */
static void start_notifier(int names, int names_here)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	t.notifier = fork();
	if (t.notifier == 0) {
		close(pair[0]);
		if (names_here >= 0)
			close(names_here);
		_exit(notifier_run(pair[1], names));
	}
	close(pair[1]);
	outbox_link(t.outbox, pair[0]);
}

/* As a notifier that the test plays, in t.peer. */
static void play_notifier(void)
{
	int pair[2];

	if (t.peer >= 0)
		close(t.peer);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
	t.peer = pair[1];
	outbox_link(t.outbox, pair[0]);
}

static void turn_until_taken(void)
{
	long long until = clock_ms() + PATIENCE_MS;

	while (outbox_waiting(t.outbox) > 0 && clock_ms() < until)
		loop_turn(t.loop, STEP_MS);
	assert_int_equal(outbox_waiting(t.outbox), 0);
}

static void turn_until_heard(const char *text)
{
	long long until = clock_ms() + PATIENCE_MS;

	while (!strstr(buffer_string(&t.heard), text) && clock_ms() < until)
		loop_turn(t.loop, STEP_MS);
	assert_string_equal(buffer_string(&t.heard), text);
}

static int wait_for_notifier(void)
{
	int status;

	assert_int_equal(waitpid(t.notifier, &status, 0), t.notifier);
	t.notifier = 0;
	return status;
}

static void deliver(enum delivery_kind kind, const char *text)
{
	assert_true(outbox_deliver(t.outbox, &(struct delivery){.kind = kind, .text = text}));
}

static void write_log(const char *fmt, int number)
{
	struct delivery d = {.kind = DELIVERY_NUTLOG, .argc = 1, .argv = {t.file}};
	char text[64];

	str_format(text, sizeof(text), "%s%d", fmt, number);
	d.text = text;
	assert_true(outbox_deliver(t.outbox, &d));
}

/* ----------------------------------------------------------- real notifiers */

/* The numbers of the lines `... upsmon n<number>`, which must rise; how many there are. */
static int count_rising(const char *text)
{
	int count = 0;
	long last = -1;

	for (const char *p = text; (p = strstr(p, " upsmon n")); count++) {
		p += strlen(" upsmon n");
		if (strtol(p, NULL, 10) <= last)
			fail_msg("%ld is followed by %ld", last, strtol(p, NULL, 10));
		last = strtol(p, NULL, 10);
	}
	return count;
}

static void what_is_handed_over_is_carried_out_in_order(void **state)
{
	(void)state;
	start_notifier(-1, -1);
	for (int i = 0; i < 200; i++)
		write_log("n", i);
	turn_until_taken();
	outbox_free(t.outbox);
	t.outbox = NULL;
	assert_int_equal(wait_for_notifier(), 0);
	assert_int_equal(count_rising(read_file()), 200);
}

static void what_comes_without_a_notifier_waits_for_one(void **state)
{
	(void)state;
	write_log("n", 1);
	loop_turn(t.loop, 0);
	assert_int_equal(outbox_waiting(t.outbox), 1);
	start_notifier(-1, -1);
	write_log("n", 2);
	turn_until_taken();
	outbox_free(t.outbox);
	t.outbox = NULL;
	assert_int_equal(wait_for_notifier(), 0);
	assert_int_equal(count_rising(read_file()), 2);
}

/* One delivery may be lost with each notifier: that which was taken and not yet carried out. */
static void notifiers_that_are_killed_double_nothing(void **state)
{
	enum { KILLS = 30, A_TIME = 40 };
	int number = 0, count;

	(void)state;
	for (int i = 0; i < KILLS; i++) {
		start_notifier(-1, -1);
		for (int n = 0; n < A_TIME; n++)
			write_log("n", number++);
		/* It is killed at another point each time. */
		for (int turns = 0; turns < i % 8; turns++)
			loop_turn(t.loop, 1);
		kill(t.notifier, SIGKILL);
		wait_for_notifier();
		if (i % 2)
			loop_turn(t.loop, 0);
		/* As many wait as there is room for. */
		while (outbox_waiting(t.outbox) > OUTBOX_MAX - A_TIME) {
			start_notifier(-1, -1);
			turn_until_taken();
			kill(t.notifier, SIGKILL);
			wait_for_notifier();
		}
	}
	start_notifier(-1, -1);
	turn_until_taken();
	outbox_free(t.outbox);
	t.outbox = NULL;
	assert_int_equal(wait_for_notifier(), 0);
	count = count_rising(read_file());
	assert_true(count <= number);
	assert_true(count >= number - 2 * KILLS);
	assert_null(strstr(buffer_string(&t.log), "dropped"));
}

static void a_notifier_ends_when_what_it_started_has_ended(void **state)
{
	(void)state;
	start_notifier(-1, -1);
	deliver(DELIVERY_SHELL, "sleep 0.5; echo done >$DIR/x");
	turn_until_taken();
	outbox_free(t.outbox);
	t.outbox = NULL;
	assert_int_equal(wait_for_notifier(), 0);
	assert_string_equal(read_file(), "done\n");
}

static void last_words_are_still_carried_out(void **state)
{
	(void)state;
	start_notifier(-1, -1);
	for (int i = 0; i < 100; i++)
		write_log("n", i);
	outbox_flush(t.outbox);
	outbox_free(t.outbox);
	t.outbox = NULL;
	assert_int_equal(wait_for_notifier(), 0);
	assert_int_equal(count_rising(read_file()), 100);
}

static void a_notifier_is_deaf_to_signals(void **state)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};

	(void)state;
	start_notifier(-1, -1);
	write_log("n", 1);
	turn_until_taken();
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		assert_int_equal(kill(t.notifier, signals[i]), 0);
	write_log("n", 2);
	turn_until_taken();
	outbox_free(t.outbox);
	t.outbox = NULL;
	assert_int_equal(wait_for_notifier(), 0);
	assert_int_equal(count_rising(read_file()), 2);
}

static void note_answer(void *arg, const struct netaddr *addrs, size_t count, const char *error)
{
	(void)arg, (void)addrs;
	assert_null(error);
	assert_true(count > 0);
	t.resolved++;
}

static void turn_until_resolved(int want)
{
	long long until = clock_ms() + PATIENCE_MS;

	while (t.resolved < want && clock_ms() < until)
		loop_turn(t.loop, STEP_MS);
	assert_int_equal(t.resolved, want);
}

static void start_notifier_with_names(struct resolver *r)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	start_notifier(pair[1], pair[0]);
	close(pair[1]);
	resolver_link(r, pair[0]);
}

static pid_t child_of(pid_t parent)
{
	char path[64];
	long pid = 0;
	FILE *f;

	str_format(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)parent, (long)parent);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%ld", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	return (pid_t)pid;
}

static void a_notifier_looks_names_up_and_ends_when_it_cannot(void **state)
{
	struct resolver *r = resolver_new_remote(t.loop);
	pid_t helper;

	(void)state;
	start_notifier_with_names(r);
	resolver_ask(r, "localhost", 1, AF_INET, note_answer, NULL);
	turn_until_resolved(1);
	helper = child_of(t.notifier);
	if (helper <= 0) { /* no such file in this kernel */
		resolver_free(r);
		skip();
	}
	/* What was sent to it before is carried out all the same. */
	assert_int_equal(kill(t.notifier, SIGSTOP), 0);
	write_log("n", 1);
	outbox_flush(t.outbox);
	assert_int_equal(kill(helper, SIGKILL), 0);
	assert_int_equal(kill(t.notifier, SIGCONT), 0);
	assert_int_equal(WEXITSTATUS(wait_for_notifier()), 1);
	assert_int_equal(count_rising(read_file()), 1);

	start_notifier_with_names(r);
	resolver_ask(r, "localhost", 1, AF_INET, note_answer, NULL);
	turn_until_resolved(2);
	turn_until_taken();
	resolver_free(r);
	outbox_free(t.outbox);
	t.outbox = NULL;
	assert_int_equal(wait_for_notifier(), 0);
	assert_int_equal(count_rising(read_file()), 1);
}

/* ------------------------------------------------------- a notifier of the test's */

static void tell(const char *line)
{
	assert_int_equal(write(t.peer, line, strlen(line)), strlen(line));
}

static const char *sent(void)
{
	loop_turn(t.loop, 0);
	return read_all(t.peer);
}

static void full_of_letters_it_drops_the_oldest_log_lines_and_says_so(void **state)
{
	const char *text;

	(void)state;
	deliver(DELIVERY_PRINT, "first");
	for (int i = 0; i < 100; i++)
		deliver(DELIVERY_LOG, i ? "log" : "oldest");
	for (int i = 0; i < 200; i++)
		deliver(DELIVERY_PRINT, "print");
	assert_int_equal(outbox_waiting(t.outbox), OUTBOX_MAX);
	play_notifier();
	outbox_flush(t.outbox);
	text = sent();
	assert_non_null(strstr(text, "PRINT \"first\"\n"));
	assert_null(strstr(text, "oldest"));
	assert_string_equal(buffer_string(&t.log), "");
	for (int i = 0; i < OUTBOX_MAX; i++)
		tell("TAKEN\n");
	turn_until_taken();
	assert_string_equal(buffer_string(&t.log),
			    "45 messages were dropped while no notifier took them\n");
}

static void without_log_lines_the_oldest_of_all_goes(void **state)
{
	const char *text;

	(void)state;
	for (int i = 0; i <= OUTBOX_MAX; i++)
		write_log("n", i);
	play_notifier();
	outbox_flush(t.outbox);
	text = sent();
	assert_null(strstr(text, "\"n0\""));
	assert_non_null(strstr(text, "\"n1\""));
	assert_non_null(strstr(text, "\"n256\""));
}

static void big_letters_are_bounded_by_their_bytes(void **state)
{
	static char big[20000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	for (int i = 0; i < 30; i++)
		deliver(DELIVERY_PRINT, big);
	assert_int_equal(outbox_waiting(t.outbox), OUTBOX_BYTES_MAX / sizeof(big));
}

static void a_notifier_that_hangs_costs_bounded_memory(void **state)
{
	(void)state;
	play_notifier();
	for (int i = 0; i < 3 * OUTBOX_MAX; i++) {
		write_log("n", i);
		loop_turn(t.loop, 0);
	}
	assert_int_equal(outbox_waiting(t.outbox), OUTBOX_MAX);
	/* Those that it was sent are never pushed out. */
	assert_non_null(strstr(sent(), "\"n0\""));
}

static void what_an_old_notifier_has_taken_is_not_sent_to_the_new_one(void **state)
{
	(void)state;
	play_notifier();
	write_log("n", 1);
	write_log("n", 2);
	assert_non_null(strstr(sent(), "\"n2\""));
	/* It takes the first and dies; the news of the next one comes before that. */
	tell("TAKEN\n");
	play_notifier();
	loop_turn(t.loop, STEP_MS);
	loop_turn(t.loop, STEP_MS);
	assert_null(strstr(sent(), "\"n1\""));
	assert_non_null(strstr(buffer_string(&t.got), "\"n2\""));
	assert_string_equal(buffer_string(&t.heard), "");
}

static void each_notifier_learns_that_a_shutdown_must_wait(void **state)
{
	(void)state;
	outbox_hold_shutdown(t.outbox, true);
	play_notifier();
	assert_string_equal(sent(), "HOLD-SHUTDOWN\n");
	play_notifier();
	loop_turn(t.loop, STEP_MS);
	assert_string_equal(sent(), "HOLD-SHUTDOWN\n");
	outbox_hold_shutdown(t.outbox, true);
	outbox_hold_shutdown(t.outbox, false);
	assert_string_equal(sent(), "LET-SHUTDOWN\n");
}

static void a_sleep_begins_and_ends_also_when_the_notifier_is_lost(void **state)
{
	(void)state;
	play_notifier();
	tell("SLEEP begins\n");
	turn_until_heard("begins ");
	outbox_sleep_ready(t.outbox);
	assert_string_equal(sent(), "SLEEP-READY\n");
	tell("SLEEP ends\n");
	turn_until_heard("begins ends ");
	/* Nobody waits for it any more. */
	outbox_sleep_ready(t.outbox);
	assert_string_equal(sent(), "");
	tell("SLEEP ends\nSLEEP begins\n");
	turn_until_heard("begins ends begins ");
	close(t.peer);
	t.peer = -1;
	turn_until_heard("begins ends begins ends lost ");
}

static void a_log_line_about_a_delivery_does_not_come_back_for_ever(void **state)
{
	static char big[100000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	log_set_sink(NULL, NULL);
	log_set_syslog(outbox_log, t.outbox);
	log_to_stderr(false);
	log_to_syslog(true);
	play_notifier();
	assert_false(
		outbox_deliver(t.outbox, &(struct delivery){.kind = DELIVERY_WALL, .text = big}));
	assert_false(
		outbox_deliver(t.outbox, &(struct delivery){.kind = DELIVERY_LOG, .text = big}));
	log_warn("t", "hello");
	log_set_syslog(NULL, NULL);
	log_to_syslog(false);
	log_to_stderr(true);
	assert_string_equal(sent(), "LOG \"WALL is left out: too long, or no memory\" 3\n"
				    "LOG \"hello\" 4\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_handed_over_is_carried_out_in_order),
		TEST(what_comes_without_a_notifier_waits_for_one),
		TEST(notifiers_that_are_killed_double_nothing),
		TEST(a_notifier_ends_when_what_it_started_has_ended),
		TEST(last_words_are_still_carried_out),
		TEST(a_notifier_is_deaf_to_signals),
		TEST(a_notifier_looks_names_up_and_ends_when_it_cannot),
		TEST(full_of_letters_it_drops_the_oldest_log_lines_and_says_so),
		TEST(without_log_lines_the_oldest_of_all_goes),
		TEST(big_letters_are_bounded_by_their_bytes),
		TEST(a_notifier_that_hangs_costs_bounded_memory),
		TEST(what_an_old_notifier_has_taken_is_not_sent_to_the_new_one),
		TEST(each_notifier_learns_that_a_shutdown_must_wait),
		TEST(a_sleep_begins_and_ends_also_when_the_notifier_is_lost),
		TEST(a_log_line_about_a_delivery_does_not_come_back_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
