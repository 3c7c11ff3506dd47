#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/net/loop.h"

enum { PATIENCE_MS = 30000 };

struct record {
	struct loop *loop;
	struct loop_deferred deferred;
	struct loop_timer *timer;
	struct loop_watch *watch;
	int calls;
	int events;
	char order[16];
	size_t count;
};

static void count_call(void *arg)
{
	struct record *r = arg;

	r->calls++;
}

static void stop_loop(void *arg)
{
	struct record *r = arg;

	r->calls++;
	loop_stop(r->loop);
}

static void turn_until_called(struct record *r)
{
	long long end = clock_ms() + PATIENCE_MS;

	while (r->calls == 0 && clock_ms() < end)
		assert_int_equal(loop_turn(r->loop, 1000), 0);
	assert_int_equal(r->calls, 1);
}

static int setup(void **state)
{
	struct record *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->loop = loop_new();
	assert_non_null(r->loop);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct record *r = *state;

	loop_timer_free(r->timer);
	loop_watch_free(r->watch);
	loop_free(r->loop);
	free(r);
	return 0;
}

static void a_timer_fires_once(void **state)
{
	struct record *r = *state;

	r->timer = loop_timer_new(r->loop, count_call, r);
	assert_false(loop_timer_pending(r->timer));
	loop_timer_set(r->timer, 1);
	assert_true(loop_timer_pending(r->timer));
	turn_until_called(r);
	assert_false(loop_timer_pending(r->timer));
	loop_turn(r->loop, 5);
	assert_int_equal(r->calls, 1);
}

static void a_timer_set_again_keeps_only_the_new_time(void **state)
{
	struct record *r = *state;
	long long begin = clock_ms();

	r->timer = loop_timer_new(r->loop, count_call, r);
	loop_timer_set(r->timer, 3600000);
	loop_timer_set(r->timer, 20);
	turn_until_called(r);
	/* The kernel's and our clocks may differ by a tick, not by half the time. */
	assert_true(clock_ms() - begin >= 10);
}

static void a_cancelled_timer_stays_silent(void **state)
{
	struct record *r = *state;

	r->timer = loop_timer_new(r->loop, count_call, r);
	loop_timer_set(r->timer, 1);
	loop_timer_cancel(r->timer);
	loop_turn(r->loop, 20);
	assert_int_equal(r->calls, 0);
}

static void free_own_timer(void *arg)
{
	struct record *r = arg;

	r->calls++;
	loop_timer_free(r->timer);
	r->timer = NULL;
}

static void a_timer_may_free_itself(void **state)
{
	struct record *r = *state;

	r->timer = loop_timer_new(r->loop, free_own_timer, r);
	loop_timer_set(r->timer, 0);
	turn_until_called(r);
}

static void a_turn_ends_after_its_limit(void **state)
{
	struct record *r = *state;
	long long begin = clock_ms();

	assert_int_equal(loop_turn(r->loop, 30), 0);
	assert_true(clock_ms() - begin >= 15);
	assert_int_equal(loop_turn(r->loop, 0), 0);
}

static void the_loop_runs_until_it_is_stopped(void **state)
{
	struct record *r = *state;

	r->timer = loop_timer_new(r->loop, stop_loop, r);
	loop_timer_set(r->timer, 1);
	assert_int_equal(loop_run(r->loop), 0);
	assert_int_equal(r->calls, 1);
}

static void note_events(void *arg, int events)
{
	struct record *r = arg;

	r->calls++;
	r->events = events;
}

static void a_watch_tells_what_is_ready(void **state)
{
	struct record *r = *state;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	r->watch = loop_watch_new(r->loop, fd[0], LOOP_READ, note_events, r);
	loop_turn(r->loop, 0);
	assert_int_equal(r->calls, 0);
	assert_int_equal(write(fd[1], "x", 1), 1);
	loop_turn(r->loop, PATIENCE_MS);
	assert_int_equal(r->events, LOOP_READ);

	assert_true(loop_watch_set(r->watch, 0));
	loop_turn(r->loop, 0);
	assert_int_equal(r->calls, 1);
	assert_true(loop_watch_set(r->watch, LOOP_READ));
	loop_turn(r->loop, PATIENCE_MS);
	assert_int_equal(r->calls, 2);

	loop_watch_free(r->watch);
	r->calls = 0;
	r->watch = loop_watch_new(r->loop, fd[1], 0, note_events, r);
	loop_turn(r->loop, 0);
	assert_int_equal(r->calls, 0);
	assert_true(loop_watch_set(r->watch, LOOP_READ | LOOP_WRITE));
	loop_turn(r->loop, PATIENCE_MS);
	assert_int_equal(r->events, LOOP_WRITE);
	loop_watch_free(r->watch);
	r->watch = NULL;
	close(fd[0]);
	close(fd[1]);
}

static void free_own_watch(void *arg, int events)
{
	struct record *r = arg;

	note_events(r, events);
	loop_watch_free(r->watch);
	r->watch = NULL;
}

static void a_watch_may_free_itself(void **state)
{
	struct record *r = *state;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	r->watch = loop_watch_new(r->loop, fd[1], LOOP_WRITE, free_own_watch, r);
	loop_turn(r->loop, PATIENCE_MS);
	loop_turn(r->loop, 0);
	assert_int_equal(r->calls, 1);
	close(fd[0]);
	close(fd[1]);
}

static void a_signal_is_delivered_in_the_loop(void **state)
{
	struct record *r = *state;
	struct loop_signal *s = loop_signal_new(r->loop, SIGUSR1, stop_loop, r);

	assert_non_null(s);
	raise(SIGUSR1);
	assert_int_equal(r->calls, 0);
	assert_int_equal(loop_run(r->loop), 0);
	assert_int_equal(r->calls, 1);
	loop_signal_free(s);
}

static void put_off_work_runs_once_at_the_end_of_the_turn(void **state)
{
	struct record *r = *state;

	loop_defer(r->loop, &r->deferred, count_call, r);
	loop_defer(r->loop, &r->deferred, count_call, r);
	assert_int_equal(r->calls, 0);
	loop_turn(r->loop, PATIENCE_MS);
	assert_int_equal(r->calls, 1);
	loop_turn(r->loop, 0);
	assert_int_equal(r->calls, 1);
}

struct step {
	struct record *record;
	struct loop_deferred deferred;
	struct step *cancels;
	char name;
};

static void note_step(void *arg)
{
	struct step *s = arg;

	s->record->order[s->record->count++] = s->name;
	if (s->cancels)
		loop_defer_cancel(&s->cancels->deferred);
}

static void put_off_work_runs_in_the_order_of_asking(void **state)
{
	struct record *r = *state;
	struct step a = {.record = r, .name = 'a'}, b = {.record = r, .name = 'b'},
		    c = {.record = r, .name = 'c'};

	loop_defer(r->loop, &a.deferred, note_step, &a);
	loop_defer(r->loop, &b.deferred, note_step, &b);
	loop_defer(r->loop, &c.deferred, note_step, &c);
	loop_turn(r->loop, 0);
	assert_string_equal(r->order, "abc");
}

static void put_off_work_may_cancel_other_work(void **state)
{
	struct record *r = *state;
	struct step b = {.record = r, .name = 'b'}, c = {.record = r, .name = 'c'};
	struct step a = {.record = r, .name = 'a', .cancels = &b};

	loop_defer(r->loop, &a.deferred, note_step, &a);
	loop_defer(r->loop, &b.deferred, note_step, &b);
	loop_defer(r->loop, &c.deferred, note_step, &c);
	loop_turn(r->loop, 0);
	assert_string_equal(r->order, "ac");
}

static void defer_again(void *arg)
{
	struct record *r = arg;

	if (++r->calls < 3)
		loop_defer(r->loop, &r->deferred, defer_again, r);
}

static void work_put_off_again_runs_in_the_next_turn_without_waiting(void **state)
{
	struct record *r = *state;

	loop_defer(r->loop, &r->deferred, defer_again, r);
	loop_turn(r->loop, -1);
	assert_int_equal(r->calls, 1);
	/* Without a limit: this would hang if the turn waited for an event. */
	loop_turn(r->loop, -1);
	assert_int_equal(r->calls, 2);
	loop_turn(r->loop, -1);
	assert_int_equal(r->calls, 3);
}

static void read_now_twice(void *arg)
{
	struct record *r = arg;
	long long first = loop_now_ms(r->loop);

	clock_fake_advance(500);
	r->calls = first == loop_now_ms(r->loop);
}

static void the_time_stands_still_within_a_turn(void **state)
{
	struct record *r = *state;

	clock_fake(true, 1000);
	loop_defer(r->loop, &r->deferred, read_now_twice, r);
	loop_turn(r->loop, 0);
	assert_int_equal(r->calls, 1);
	assert_int_equal(loop_now_ms(r->loop), 1500);
	clock_fake(false, 0);
}

static void systemds_watchdog_is_fed_again_and_again(void **state)
{
	struct record *r = *state;
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char folder[] = "/tmp/chestnut-loop-XXXXXX", text[64];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), fed = 0;

	assert_non_null(mkdtemp(folder));
	assert_true(str_format(sa.sun_path, sizeof(sa.sun_path), "%s/notify", folder));
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	setenv("NOTIFY_SOCKET", sa.sun_path, 1);
	assert_true(loop_watchdog(r->loop, 0));
	assert_true(loop_watchdog(r->loop, 5));
	for (long long end = clock_ms() + PATIENCE_MS; fed < 3 && clock_ms() < end;) {
		ssize_t n;

		loop_turn(r->loop, 100);
		while ((n = recv(fd, text, sizeof(text) - 1, 0)) > 0) {
			text[n] = '\0';
			assert_string_equal(text, "WATCHDOG=1");
			fed++;
		}
	}
	unsetenv("NOTIFY_SOCKET");
	close(fd);
	unlink(sa.sun_path);
	rmdir(folder);
	assert_true(fed >= 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_timer_fires_once),
		TEST(a_timer_set_again_keeps_only_the_new_time),
		TEST(a_cancelled_timer_stays_silent),
		TEST(a_timer_may_free_itself),
		TEST(a_turn_ends_after_its_limit),
		TEST(the_loop_runs_until_it_is_stopped),
		TEST(a_watch_tells_what_is_ready),
		TEST(a_watch_may_free_itself),
		TEST(a_signal_is_delivered_in_the_loop),
		TEST(put_off_work_runs_once_at_the_end_of_the_turn),
		TEST(put_off_work_runs_in_the_order_of_asking),
		TEST(put_off_work_may_cancel_other_work),
		TEST(work_put_off_again_runs_in_the_next_turn_without_waiting),
		TEST(the_time_stands_still_within_a_turn),
		TEST(systemds_watchdog_is_fed_again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
