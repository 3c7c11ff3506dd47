#include "config.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "clients/history/history.h"
#include "common/base/clock.h"
#include "common/base/str.h"

enum { PATH = 300, PATIENCE_MS = 60000 };

static const long long MIDNIGHT = 1790000000 / 86400 * 86400; /* a midnight */

struct bench {
	char folder[PATH], file[PATH], why[PATH];
	struct history_store *store;
	struct history_point points[400];
	size_t count;
	struct buffer text;
};

static struct history_store *open_at(struct bench *b)
{
	bool aside;

	if (history_store_open(&b->store, b->file, &aside, b->why, sizeof(b->why)) != HISTORY_OK)
		fail_msg("%s", b->why);
	return b->store;
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	str_copy(b->folder, sizeof(b->folder), "/tmp/chn-history-XXXXXX");
	assert_non_null(mkdtemp(b->folder));
	str_format(b->file, sizeof(b->file), "%s/history.db", b->folder);
	b->text.max = 1 << 20;
	open_at(b);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	DIR *dir = opendir(b->folder);
	char path[2 * PATH];

	history_store_close(b->store);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (e->d_name[0] != '.') {
			str_format(path, sizeof(path), "%s/%s", b->folder, e->d_name);
			unlink(path);
		}
	closedir(dir);
	rmdir(b->folder);
	buffer_free(&b->text);
	free(b);
	return 0;
}

static void take_point(void *arg, const struct history_point *p)
{
	struct bench *b = arg;

	assert_true(b->count < sizeof(b->points) / sizeof(b->points[0]));
	b->points[b->count++] = *p;
}

static long ask(struct bench *b, const char *var, long long from, long long to, long points)
{
	long step;

	b->count = 0;
	assert_int_equal(HISTORY_OK, history_store_points(b->store, "ups@host", var, from, to,
							  points, &step, take_point, b));
	return step;
}

static void put(struct bench *b, const char *var, long long t, double min, double avg, double max)
{
	const struct history_point p = {t, min, avg, max};

	assert_int_equal(HISTORY_OK, history_store_sample(b->store, "ups@host", var, &p));
}

/* A value each ten seconds, a saw tooth of ten minutes; summed up each minute as the keeper does.
 */
static void fill(struct bench *b, long long from, long long to)
{
	assert_int_equal(HISTORY_OK, history_store_begin(b->store));
	for (long long t = from; t < to; t += HISTORY_STEP_S) {
		double v = (double)(t % 600) / 10;

		put(b, "input.voltage", t, v, v, v);
		if (t % 3600 == 3590) {
			assert_int_equal(HISTORY_OK, history_store_commit(b->store));
			assert_int_equal(HISTORY_OK, history_store_tidy(b->store, t));
			assert_int_equal(HISTORY_OK, history_store_begin(b->store));
		}
	}
	assert_int_equal(HISTORY_OK, history_store_commit(b->store));
	assert_int_equal(HISTORY_OK, history_store_tidy(b->store, to));
}

static void what_was_put_in_comes_out(void **state)
{
	struct bench *b = *state;

	put(b, "battery.charge", MIDNIGHT, 98.5, 99.25, 100);
	put(b, "battery.charge", MIDNIGHT + 10, -3, -3, -3);
	put(b, "battery.charge", MIDNIGHT + 20, 0, NAN, 0);
	put(b, "battery.charge", MIDNIGHT + 30, 0, 1e300, 0);
	assert_int_equal(10, ask(b, "battery.charge", MIDNIGHT - 5, MIDNIGHT + 100, 1000));
	assert_int_equal(2, b->count);
	assert_true(b->points[0].time == MIDNIGHT && b->points[0].min == 98.5 &&
		    b->points[0].max == 100);
	assert_true(b->points[0].avg == 99.25);
	assert_true(b->points[1].time == MIDNIGHT + 10 && b->points[1].avg == -3 &&
		    b->points[1].max == -3);
	ask(b, "battery.runtime", MIDNIGHT - 5, MIDNIGHT + 100, 1000);
	assert_int_equal(0, b->count);
}

static void the_second_value_of_a_moment_replaces_the_first(void **state)
{
	struct bench *b = *state;

	put(b, "ups.load", MIDNIGHT + 1, 5, 5, 5);
	put(b, "ups.load", MIDNIGHT + 9, 6, 6, 6);
	ask(b, "ups.load", MIDNIGHT, MIDNIGHT + 60, 100);
	assert_int_equal(1, b->count);
	assert_true(b->points[0].avg == 6);
}

static void a_long_time_is_told_in_as_many_points_as_asked(void **state)
{
	struct bench *b = *state;
	long step;

	fill(b, MIDNIGHT, MIDNIGHT + 2 * 86400);
	step = ask(b, "input.voltage", MIDNIGHT, MIDNIGHT + 2 * 86400, 100);
	assert_true(step >= 1728);
	assert_in_range(b->count, 60, 101);
	for (size_t i = 1; i + 1 < b->count; i++) {
		assert_true(b->points[i].time - b->points[i - 1].time == step);
		assert_true(b->points[i].min == 0 && b->points[i].max == 59);
		assert_true(fabs(b->points[i].avg - 29.5) < 1);
	}
}

static void the_last_hours_are_told_finely_and_what_is_older_coarsely(void **state)
{
	struct bench *b = *state;

	fill(b, MIDNIGHT, MIDNIGHT + 9 * 86400);
	assert_int_equal(
		10, ask(b, "input.voltage", MIDNIGHT + 9 * 86400 - 600, MIDNIGHT + 9 * 86400, 300));
	assert_int_equal(60, b->count);
	/* Two days old: there are minutes. */
	assert_int_equal(
		60, ask(b, "input.voltage", MIDNIGHT + 7 * 86400, MIDNIGHT + 7 * 86400 + 599, 300));
	assert_int_equal(10, b->count);
	assert_true(b->points[1].min == 6 && b->points[1].max == 11 && b->points[1].avg == 8.5);
	/* Eight days old: there are ten minutes. */
	assert_int_equal(600,
			 ask(b, "input.voltage", MIDNIGHT + 3600, MIDNIGHT + 3600 + 1199, 300));
	assert_int_equal(2, b->count);
	assert_true(b->points[0].min == 0 && b->points[0].max == 59 && b->points[0].avg == 29.5);
}

static void the_file_of_steady_days_stops_to_grow(void **state)
{
	struct bench *b = *state;
	struct history_point p = {0, 1, 1, 1};
	FILE *f;
	long size[2];

	for (int round = 0; round < 2; round++) {
		/* Beyond three hours of the finest level. */
		for (long long t = MIDNIGHT + round * 40000; t < MIDNIGHT + (round + 1) * 40000;
		     t += 10) {
			p.time = t;
			assert_int_equal(HISTORY_OK,
					 history_store_sample(b->store, "a@b", "ups.load", &p));
			if (t % 4000 == 0)
				history_store_tidy(b->store, t);
		}
		history_store_tidy(b->store, MIDNIGHT + (round + 1) * 40000);
		history_store_close(b->store);
		f = fopen(b->file, "r");
		fseek(f, 0, SEEK_END);
		size[round] = ftell(f);
		fclose(f);
		open_at(b);
	}
	assert_true(size[1] < size[0] + 32768);
}

/* --------------------------------------------------------------------- events */

static void take_event(void *arg, const struct history_event *e)
{
	struct bench *b = arg;

	buffer_appendf(&b->text, "%lld %s %s %s>%s;", e->n, e->id, e->text, e->from, e->to);
}

static void happen(struct bench *b, double t, const char *id, const char *from, const char *to)
{
	const struct history_event e = {0, t, id, "status", "x\"<y>", from, to, NULL};

	assert_int_equal(HISTORY_OK, history_store_event(b->store, &e));
}

static void events_come_newest_first_and_in_pages(void **state)
{
	struct bench *b = *state;

	happen(b, (double)MIDNIGHT, "a@b", "", "OL");
	happen(b, (double)MIDNIGHT + 1, "c@d", "", "OL");
	happen(b, (double)MIDNIGHT + 2, "a@b", "OL", "OB");
	assert_int_equal(HISTORY_OK, history_store_events(b->store, NULL, 0, 2, take_event, b));
	assert_string_equal("3 a@b x\"<y> OL>OB;2 c@d x\"<y> >OL;", buffer_string(&b->text));
	buffer_clear(&b->text);
	assert_int_equal(HISTORY_OK, history_store_events(b->store, NULL, 2, 2, take_event, b));
	assert_string_equal("1 a@b x\"<y> >OL;", buffer_string(&b->text));
	buffer_clear(&b->text);
	assert_int_equal(HISTORY_OK, history_store_events(b->store, "c@d", 0, 9, take_event, b));
	assert_string_equal("2 c@d x\"<y> >OL;", buffer_string(&b->text));
}

static void take_outage(void *arg, double from, double to)
{
	struct bench *b = arg;

	buffer_appendf(&b->text, "%.0f-%.0f ", from - (double)MIDNIGHT, to - (double)MIDNIGHT);
}

static void outages_are_read_from_the_events(void **state)
{
	struct bench *b = *state;

	happen(b, (double)MIDNIGHT + 10, "a@b", "OL", "OB DISCHRG");
	happen(b, (double)MIDNIGHT + 15, "a@b", "OB DISCHRG", "OB LB");
	happen(b, (double)MIDNIGHT + 20, "a@b", "OB LB", "OL");
	happen(b, (double)MIDNIGHT + 50, "a@b", "OL", "OB");
	happen(b, (double)MIDNIGHT + 60, "c@d", "OB", "OL");
	history_store_outages(b->store, "a@b", MIDNIGHT, MIDNIGHT + 100, take_outage, b);
	assert_string_equal("10-20 50-100 ", buffer_string(&b->text));
	buffer_clear(&b->text);
	history_store_outages(b->store, "a@b", MIDNIGHT + 12, MIDNIGHT + 18, take_outage, b);
	assert_string_equal("12-18 ", buffer_string(&b->text));
}

static void answers_are_json_and_csv(void **state)
{
	struct bench *b = *state;
	static const char load[] = "ups.load", bad[] = "=1+2", quoted[] = "a\"b";
	const char *vars[] = {load, bad, quoted};
	const struct history_question q = {"ups@host", MIDNIGHT, MIDNIGHT + 100, 10, vars, 3};

	put(b, "ups.load", MIDNIGHT, 1, 2.5, 3);
	put(b, "=1+2", MIDNIGHT, 1, 1, 1);
	happen(b, (double)MIDNIGHT + 10, "ups@host", "OL", "OB");
	history_answer_points(b->store, &q, &b->text);
	str_format(
		b->why, sizeof(b->why),
		"{\"series\":{\"ups.load\":[[%lld,1,2.5,3]],\"=1+2\":[[%lld,1,1,1]],\"a\\\"b\":[]"
		"},\"from\":%lld,\"to\":%lld,\"step\":10,\"outages\":[[%lld.000,%lld.000]]}",
		MIDNIGHT, MIDNIGHT, MIDNIGHT, MIDNIGHT + 100, MIDNIGHT + 10, MIDNIGHT + 100);
	assert_string_equal(b->why, buffer_string(&b->text));
	buffer_clear(&b->text);
	history_answer_csv(b->store, &q, &b->text);
	assert_string_equal("time,name,min,avg,max\n2026-09-21T00:00:00Z,ups.load,1,2.5,3\n",
			    buffer_string(&b->text));
	buffer_clear(&b->text);
	history_answer_log(b->store, "", 0, 5, &b->text);
	assert_non_null(strstr(buffer_string(&b->text), "\"text\":\"x\\\"<y>\",\"from\":\"OL\""));
}

/* --------------------------------------------------------------------- faults */

static void scribble(const char *path, unsigned seed)
{
	FILE *f = fopen(path, "r+");
	long size;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	for (int i = 0; i < 64; i++) {
		seed = seed * 1103515245u + 12345u;
		fseek(f, (long)(seed % (unsigned)size), SEEK_SET);
		fputc((int)(seed >> 16 & 0xff), f);
	}
	fclose(f);
	if (seed & 0x100)
		assert_int_equal(0, truncate(path, size / 2));
}

/* Whatever is left of the file: it opens, or is put aside and a new one works. */
static void a_file_with_any_damage_never_stops_the_history(void **state)
{
	struct bench *b = *state;

	for (unsigned seed = 1; seed <= 40; seed++) {
		fill(b, MIDNIGHT, MIDNIGHT + 3600);
		history_store_close(b->store);
		b->store = NULL;
		scribble(b->file, seed * 7919);
		open_at(b);
		ask(b, "input.voltage", MIDNIGHT, MIDNIGHT + 3600, 10);
		history_store_close(b->store);
		unlink(b->file);
		open_at(b);
	}
}

static void a_file_that_is_none_is_put_aside(void **state)
{
	struct bench *b = *state;
	char aside_path[2 * PATH];
	bool aside = false;
	FILE *f;

	history_store_close(b->store);
	f = fopen(b->file, "w");
	for (int i = 0; i < 100; i++)
		fputs("this is somebody's letter, and no data base", f);
	fclose(f);
	assert_int_equal(HISTORY_OK,
			 history_store_open(&b->store, b->file, &aside, b->why, sizeof(b->why)));
	assert_true(aside);
	str_format(aside_path, sizeof(aside_path), "%s.broken", b->file);
	assert_int_equal(0, access(aside_path, R_OK));
	put(b, "ups.load", MIDNIGHT, 1, 1, 1);
}

/* In a process of its own, which may write no file beyond 60 kB. */
static int fill_up(struct bench *b)
{
	const struct rlimit limit = {60000, 60000};
	struct history_point p = {MIDNIGHT, 1, 1, 1};
	bool refused = false;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; i < 300 && !refused; i++) {
		if (history_store_begin(b->store) != HISTORY_OK)
			return 2;
		for (int n = 0; n < 100; n++, p.time += 10)
			history_store_sample(b->store, "ups@host", "ups.load", &p);
		refused = history_store_commit(b->store) == HISTORY_NO_ROOM;
		if (!refused && p.time > MIDNIGHT + 290000)
			return 3;
	}
	return refused && *history_store_why(b->store) ? 0 : 4;
}

static void a_full_disk_is_told_and_loses_nothing_that_was_there(void **state)
{
	struct bench *b = *state;
	pid_t pid;
	int status;

	put(b, "input.voltage", MIDNIGHT, 230, 230, 230);
	history_store_close(b->store);
	b->store = NULL;
	pid = fork();
	if (pid == 0) {
		bool aside;

		history_store_open(&b->store, b->file, &aside, b->why, sizeof(b->why));
		_exit(fill_up(b));
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, WEXITSTATUS(status));
	open_at(b);
	ask(b, "input.voltage", MIDNIGHT, MIDNIGHT + 60, 10);
	assert_int_equal(1, b->count);
	put(b, "input.voltage", MIDNIGHT + 10, 230, 230, 230);
}

static void a_kill_in_the_middle_loses_only_the_last_moment(void **state)
{
	struct bench *b = *state;
	int pipes[2], status;
	char byte;
	pid_t pid;

	history_store_close(b->store);
	b->store = NULL;
	assert_int_equal(0, pipe(pipes));
	pid = fork();
	if (pid == 0) {
		open_at(b);
		for (long long t = MIDNIGHT;; t += 10) {
			history_store_begin(b->store);
			put(b, "ups.load", t, 1, 1, 1);
			history_store_commit(b->store);
			if (t == MIDNIGHT + 500 && write(pipes[1], "x", 1) != 1)
				_exit(1);
		}
	}
	assert_int_equal(1, read(pipes[0], &byte, 1));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(pipes[0]);
	close(pipes[1]);
	open_at(b);
	ask(b, "ups.load", MIDNIGHT, MIDNIGHT + 509, 300);
	assert_int_equal(51, b->count);
}

/* ------------------------------------------------------------------- the keeper */

struct talk {
	struct loop *loop;
	struct history *history;
	struct buffer text;
	int replies;
	const char *id;
	long long from;
};

static void on_reply(void *arg, const char *why, struct buffer *body)
{
	struct talk *t = arg;

	buffer_clear(&t->text);
	buffer_append_str(&t->text, why ? why : buffer_string(body));
	t->replies++;
}

/* Asks until the answer has `wanted`. */
static void expect(struct talk *t, const char *wanted, bool log)
{
	long long end = clock_ms() + PATIENCE_MS;
	static const char load[] = "ups.load";
	const char *vars[] = {load};
	struct history_question q = {"ups@host", t->from, t->from + 4000, 10, vars, 1};

	do {
		int before = t->replies;
		struct history_ask *a = log ? history_ask_log(t->history, "", 0, 10, on_reply, t)
					    : history_ask_points(t->history, &q, on_reply, t);

		while (a && t->replies == before && clock_ms() < end)
			loop_turn(t->loop, 100);
		if (strstr(buffer_string(&t->text), wanted))
			return;
		loop_turn(t->loop, 100);
	} while (clock_ms() < end);
	fail_msg("no %s in %s", wanted, buffer_string(&t->text));
}

static pid_t keeper_pid(void)
{
	char path[64];
	long pid = 0;
	FILE *f;

	str_format(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "r");
	if (!f || fscanf(f, "%ld", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	return (pid_t)pid;
}

static void the_keeper_keeps_and_answers_and_may_be_killed(void **state)
{
	struct bench *b = *state;
	struct talk t = {.loop = loop_new(), .text = {.max = 1 << 20}, .from = time(NULL) - 100};
	const struct history_event e = {
		0,       (double)time(NULL), "ups@host", "status", "on \"battery\"", "OL", "OB",
		"#cause"};
	pid_t first;

	history_store_close(b->store);
	b->store = NULL;
	t.history = history_new(t.loop, b->file);
	assert_non_null(t.history);
	first = keeper_pid();
	history_value(t.history, "ups@host", "ups.load", 12.5);
	history_event(t.history, &e);
	expect(&t,
	       "\"text\":\"on \\\"battery\\\"\",\"from\":\"OL\",\"to\":\"OB\",\"cause\":\"#cause\"",
	       true);
	expect(&t, ",12.5,12.5,12.5]", false);
	if (first > 0) {
		kill(first, SIGKILL);
		while (keeper_pid() == first)
			loop_turn(t.loop, 100);
		expect(&t, "12.5,12.5]", false);
	}
	history_free(t.history);
	loop_free(t.loop);
	buffer_free(&t.text);
	wait(NULL);
	open_at(b);
}

static void a_question_that_nobody_wants_any_more_is_not_answered(void **state)
{
	struct bench *b = *state;
	struct talk t = {.loop = loop_new(), .text = {.max = 1 << 20}, .from = time(NULL) - 100};
	struct history_ask *a;

	history_store_close(b->store);
	b->store = NULL;
	t.history = history_new(t.loop, b->file);
	a = history_ask_log(t.history, "", 0, 10, on_reply, &t);
	assert_non_null(a);
	history_ask_cancel(a);
	expect(&t, "{\"events\":[]}", true);
	assert_non_null(strstr(buffer_string(&t.text), "events"));
	history_free(t.history);
	loop_free(t.loop);
	buffer_free(&t.text);
	wait(NULL);
}

/* Also those that nobody waits for any more are in its way. */
static void questions_do_not_pile_up_before_the_keeper(void **state)
{
	struct bench *b = *state;
	struct talk t = {.loop = loop_new(), .text = {.max = 1 << 20}, .from = time(NULL) - 100};
	struct history_ask *a;
	int asked = 0;

	history_store_close(b->store);
	b->store = NULL;
	t.history = history_new(t.loop, b->file);
	assert_non_null(t.history);
	while ((a = history_ask_log(t.history, "", 0, 10, on_reply, &t))) {
		history_ask_cancel(a);
		assert_true(++asked < 1000);
	}
	assert_true(asked > 10);
	expect(&t, "{\"events\":[]}", true);
	history_free(t.history);
	loop_free(t.loop);
	buffer_free(&t.text);
	wait(NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(what_was_put_in_comes_out),
		T(the_second_value_of_a_moment_replaces_the_first),
		T(a_long_time_is_told_in_as_many_points_as_asked),
		T(the_last_hours_are_told_finely_and_what_is_older_coarsely),
		T(the_file_of_steady_days_stops_to_grow),
		T(events_come_newest_first_and_in_pages),
		T(outages_are_read_from_the_events),
		T(answers_are_json_and_csv),
		T(a_file_with_any_damage_never_stops_the_history),
		T(a_file_that_is_none_is_put_aside),
		T(a_full_disk_is_told_and_loses_nothing_that_was_there),
		T(a_kill_in_the_middle_loses_only_the_last_moment),
		T(the_keeper_keeps_and_answers_and_may_be_killed),
		T(a_question_that_nobody_wants_any_more_is_not_answered),
		T(questions_do_not_pile_up_before_the_keeper),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
