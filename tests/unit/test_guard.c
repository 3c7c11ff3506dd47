/*
 * The process that answers what takes long.
 */
#include "config.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "server/guard.h"

enum { PATIENCE_MS = 60000, STEP_MS = 100, PEER = 7 };

/* crypt(3)'s word for "correct horse", quick to check. */
static const char hash[] = "$5$rounds=1000$Xo1hT7vC$tAFEDy6y6VMsmzRDZNVtj8ay42HNyq1GojO9B.c6jgB";
static const char password[] = "correct horse";

struct asker {
	struct loop *loop;
	struct guard *guard;
	int yes, no;
};

static void on_answer(void *arg, bool yes)
{
	struct asker *a = arg;

	a->yes += yes;
	a->no += !yes;
}

static int setup(void **state)
{
	struct asker *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	a->loop = loop_new();
	assert_non_null(a->loop);
	a->guard = guard_new(a->loop);
	assert_non_null(a->guard);
	*state = a;
	return 0;
}

static int teardown(void **state)
{
	struct asker *a = *state;

	guard_free(a->guard);
	loop_free(a->loop);
	free(a);
	return 0;
}

static void wait_for_answers(const struct asker *a, int count)
{
	long long end = clock_ms() + PATIENCE_MS;

	while (a->yes + a->no < count && clock_ms() < end)
		loop_turn(a->loop, STEP_MS);
	assert_int_equal(a->yes + a->no, count);
}

static struct guard_query *ask(struct asker *a, const char *text, uint64_t peer)
{
	struct guard_query *q = guard_ask(a->guard, hash, text, peer, on_answer, a);

	assert_non_null(q);
	return q;
}

static void only_the_right_password_fits(void **state)
{
	struct asker *a = *state;
	static char longest[600];

	ask(a, password, PEER);
	wait_for_answers(a, 1);
	assert_int_equal(a->yes, 1);
	memset(longest, 'x', sizeof(longest) - 1);
	ask(a, "", PEER);
	ask(a, "Correct horse", PEER);
	ask(a, hash, PEER);
	ask(a, longest, PEER);
	wait_for_answers(a, 5);
	assert_int_equal(a->yes, 1);
}

static void a_hash_that_is_none_fits_nothing(void **state)
{
	static const char *const hashes[] = {"", "*0", "*1", "$", "$y$", "correct horse"};
	struct asker *a = *state;
	int count = sizeof(hashes) / sizeof(hashes[0]);

	for (int i = 0; i < count; i++)
		assert_non_null(guard_ask(a->guard, hashes[i], password, PEER, on_answer, a));
	wait_for_answers(a, count);
	assert_int_equal(a->yes, 0);
}

static void many_questions_of_many_are_all_answered(void **state)
{
	struct asker *a = *state;

	for (uint64_t i = 0; i < 60; i++)
		ask(a, i % 3 ? "wrong" : password, i % 10);
	wait_for_answers(a, 60);
	assert_int_equal(a->yes, 20);
}

static void who_gives_up_is_not_told_and_others_are(void **state)
{
	struct asker *a = *state;
	struct guard_query *first = ask(a, password, 1), *second = ask(a, password, 1);

	ask(a, password, 2);
	loop_turn(a->loop, 0); /* the first is in the helper's hands now */
	guard_cancel(first);
	guard_cancel(second);
	ask(a, password, 1);
	wait_for_answers(a, 2);
	assert_int_equal(a->yes, 2);
}

static void a_guard_may_go_while_it_is_asked(void **state)
{
	struct asker *a = *state;

	for (uint64_t i = 0; i < 10; i++)
		ask(a, password, i);
	loop_turn(a->loop, 0);
	guard_free(a->guard);
	a->guard = NULL;
	assert_int_equal(a->yes + a->no, 0);
}

#ifdef HAVE_LIBWRAP
/* Where libwrap looks; it is made for tests to change them. */
extern char *hosts_allow_table;
extern char *hosts_deny_table;

static void libwrap_lets_in_by_user_and_address(void **state)
{
	const struct sockaddr_in here = {.sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr *from = (const struct sockaddr *)&here;
	char allow[] = "/tmp/test-guard-allow-XXXXXX", deny[] = "/tmp/test-guard-deny-XXXXXX";
	struct asker *a = *state;
	int allow_fd = mkstemp(allow), deny_fd = mkstemp(deny);

	assert_true(dprintf(allow_fd, "upsd: mon@127.0.0.1\n") > 0);
	assert_true(dprintf(deny_fd, "upsd: ALL@ALL\n") > 0);
	/* The helper may be nobody. */
	assert_int_equal(fchmod(allow_fd, 0644) + fchmod(deny_fd, 0644), 0);
	hosts_allow_table = allow;
	hosts_deny_table = deny;
	guard_free(a->guard);
	a->guard = guard_new(a->loop);
	assert_non_null(a->guard);
	assert_non_null(guard_ask_wrap(a->guard, "other", from, PEER, on_answer, a));
	wait_for_answers(a, 1);
	assert_int_equal(a->yes, 0);
	assert_non_null(guard_ask_wrap(a->guard, "mon", from, PEER, on_answer, a));
	wait_for_answers(a, 2);
	assert_int_equal(a->yes, 1);
	close(allow_fd);
	close(deny_fd);
	unlink(allow);
	unlink(deny);
}
#endif

#define WITH_GUARD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
#ifdef HAVE_CRYPT_R
	const struct CMUnitTest tests[] = {
		WITH_GUARD(only_the_right_password_fits),
		WITH_GUARD(a_hash_that_is_none_fits_nothing),
		WITH_GUARD(many_questions_of_many_are_all_answered),
		WITH_GUARD(who_gives_up_is_not_told_and_others_are),
		WITH_GUARD(a_guard_may_go_while_it_is_asked),
#ifdef HAVE_LIBWRAP
		WITH_GUARD(libwrap_lets_in_by_user_and_address),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
#else
	return 77; /* skipped */
#endif
}
