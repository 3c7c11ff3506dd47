#include "config.h"

#include <netinet/in.h>
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
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/net/resolver.h"

enum { PATIENCE_MS = 60000, STEP_MS = 100 };

struct asker {
	struct loop *loop;
	struct resolver *resolver;
	int calls;
	size_t count;
	char first[64];
	unsigned port;
	char error[128];
	bool free_resolver;
};

static void on_answer(void *arg, const struct netaddr *addrs, size_t count, const char *error)
{
	struct asker *a = arg;

	a->calls++;
	a->count = count;
	a->error[0] = '\0';
	if (error)
		str_copy(a->error, sizeof(a->error), error);
	if (count) {
		assert_true(netaddr_host(&addrs[0].ss, a->first, sizeof(a->first)));
		a->port = netaddr_port(&addrs[0].ss);
	}
	if (a->free_resolver) {
		resolver_free(a->resolver);
		a->resolver = NULL;
	}
}

static int setup(void **state)
{
	struct asker *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	a->loop = loop_new();
	a->resolver = resolver_new(a->loop);
	assert_non_null(a->resolver);
	*state = a;
	return 0;
}

static int teardown(void **state)
{
	struct asker *a = *state;

	resolver_free(a->resolver);
	loop_free(a->loop);
	free(a);
	/* Nobody is left behind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	return 0;
}

static void wait_for_calls(struct asker *a, int want)
{
	long long until = clock_ms() + PATIENCE_MS;

	while (a->calls < want && clock_ms() < until)
		loop_turn(a->loop, STEP_MS);
	assert_int_equal(a->calls, want);
}

static void a_name_is_looked_up(void **state)
{
	struct asker *a = *state;

	assert_non_null(resolver_ask(a->resolver, "localhost", 3493, AF_INET, on_answer, a));
	assert_int_equal(a->calls, 0);
	wait_for_calls(a, 1);
	assert_true(a->count > 0);
	assert_string_equal(a->first, "127.0.0.1");
	assert_int_equal(a->port, 3493);
}

static void a_numeric_address_is_answered_in_the_next_turn(void **state)
{
	struct asker *a = *state;

	assert_non_null(resolver_ask(a->resolver, "::1", 1, AF_UNSPEC, on_answer, a));
	assert_int_equal(a->calls, 0);
	loop_turn(a->loop, 0);
	assert_int_equal(a->calls, 1);
	assert_string_equal(a->first, "::1");
}

static void a_numeric_address_of_another_family_is_an_error(void **state)
{
	struct asker *a = *state;

	assert_non_null(resolver_ask(a->resolver, "::1", 1, AF_INET, on_answer, a));
	wait_for_calls(a, 1);
	assert_int_equal(a->count, 0);
	assert_true(a->error[0]);
}

/* Names that no look-up needs a network for. */
static void impossible_names_are_errors(void **state)
{
	struct asker *a = *state;
	char big[400];

	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_non_null(resolver_ask(a->resolver, big, 1, AF_UNSPEC, on_answer, a));
	wait_for_calls(a, 1);
	assert_int_equal(a->count, 0);
	assert_true(a->error[0]);
	assert_non_null(resolver_ask(a->resolver, "bad..name\n\"x #", 1, AF_UNSPEC, on_answer, a));
	wait_for_calls(a, 2);
	assert_int_equal(a->count, 0);
	assert_true(a->error[0]);
}

static void many_questions_at_once_are_all_answered(void **state)
{
	struct asker *a = *state;

	for (int i = 0; i < 100; i++)
		assert_non_null(resolver_ask(a->resolver, "localhost", 1, AF_INET, on_answer, a));
	wait_for_calls(a, 100);
	assert_string_equal(a->first, "127.0.0.1");
}

static void a_cancelled_question_is_not_answered(void **state)
{
	struct asker *a = *state;
	struct resolver_query *q = resolver_ask(a->resolver, "localhost", 1, AF_INET, on_answer, a);
	struct resolver_query *n = resolver_ask(a->resolver, "127.0.0.1", 1, AF_INET, on_answer, a);

	resolver_cancel(q);
	resolver_cancel(n);
	resolver_ask(a->resolver, "localhost", 7, AF_INET, on_answer, a);
	wait_for_calls(a, 1);
	assert_int_equal(a->port, 7);
}

static void the_resolver_may_be_freed_by_an_answer(void **state)
{
	struct asker *a = *state;

	a->free_resolver = true;
	resolver_ask(a->resolver, "localhost", 1, AF_INET, on_answer, a);
	resolver_ask(a->resolver, "localhost", 1, AF_INET, on_answer, a);
	wait_for_calls(a, 1);
	assert_null(a->resolver);
}

/* The only child that this process has. */
static pid_t find_helper(void)
{
	char path[64];
	long pid = 0;
	FILE *f;

	str_format(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
	f = fopen(path, "r");
	if (!f || fscanf(f, "%ld", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	return (pid_t)pid;
}

static void a_helper_that_dies_is_replaced(void **state)
{
	struct asker *a = *state;
	pid_t helper = find_helper();

	if (helper <= 0) /* no such file in this kernel */
		skip();
	assert_int_equal(kill(helper, SIGKILL), 0);
	resolver_ask(a->resolver, "localhost", 1, AF_INET, on_answer, a);
	wait_for_calls(a, 1);
	assert_string_equal(a->first, "127.0.0.1");
	assert_int_not_equal(find_helper(), helper);
}

static void a_helper_ends_with_its_parent(void **state)
{
	int fd[2];
	char c;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	child = fork();
	if (child == 0) {
		struct loop *l = loop_new();

		/* The helper keeps nothing of ours but the standard streams: hand it the pipe so.
		 */
		dup2(fd[1], STDOUT_FILENO);
		close(fd[0]);
		close(fd[1]);
		_exit(l && resolver_new(l) ? 0 : 1);
	}
	close(fd[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	/* The end of the pipe is seen once the helper has gone as well. */
	assert_int_equal(read(fd[0], &c, 1), 0);
	close(fd[0]);
}

static void a_forked_process_that_forgets_leaves_the_resolver_alone(void **state)
{
	struct asker *a = *state;
	int status;
	pid_t child = fork();

	if (child == 0) {
		resolver_forget(a->resolver);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	resolver_ask(a->resolver, "localhost", 1, AF_INET, on_answer, a);
	wait_for_calls(a, 1);
	assert_true(a->count > 0);
}

/* ------------------------------------------------- a helper in somebody else's care */

static int setup_remote(void **state)
{
	struct asker *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	a->loop = loop_new();
	a->resolver = resolver_new_remote(a->loop);
	assert_non_null(a->resolver);
	*state = a;
	return 0;
}

static pid_t serve_remotely(struct asker *a)
{
	int pair[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pid = resolver_serve(pair[0]);
	assert_true(pid > 0);
	close(pair[0]);
	resolver_link(a->resolver, pair[1]);
	return pid;
}

static void end_remote(struct asker *a, pid_t helper)
{
	int status;

	resolver_free(a->resolver);
	a->resolver = NULL;
	assert_int_equal(waitpid(helper, &status, 0), helper);
	assert_int_equal(status, 0);
}

static void a_remote_resolver_asks_when_it_is_linked(void **state)
{
	struct asker *a = *state;
	pid_t helper;

	resolver_ask(a->resolver, "localhost", 1, AF_INET, on_answer, a);
	resolver_ask(a->resolver, "::1", 1, AF_INET6, on_answer, a);
	/* What needs no helper is answered without one. */
	wait_for_calls(a, 1);
	assert_string_equal(a->first, "::1");
	helper = serve_remotely(a);
	wait_for_calls(a, 2);
	assert_string_equal(a->first, "127.0.0.1");
	end_remote(a, helper);
}

static void a_remote_resolver_asks_again_at_the_next_link(void **state)
{
	struct asker *a = *state;
	pid_t helper;
	int mute[2];
	char line[64];

	/* One that takes the question and dies of it. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, mute), 0);
	resolver_link(a->resolver, mute[1]);
	resolver_ask(a->resolver, "localhost", 1, AF_INET, on_answer, a);
	loop_turn(a->loop, 0);
	assert_true(read(mute[0], line, sizeof(line)) > 0);
	close(mute[0]);
	loop_turn(a->loop, STEP_MS);
	assert_int_equal(a->calls, 0);
	helper = serve_remotely(a);
	wait_for_calls(a, 1);
	assert_string_equal(a->first, "127.0.0.1");
	end_remote(a, helper);
}

static void a_question_that_kills_every_helper_is_given_up(void **state)
{
	struct asker *a = *state;

	resolver_ask(a->resolver, "localhost", 1, AF_INET, on_answer, a);
	for (int i = 0; a->calls == 0 && i < 10; i++) {
		int mute[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, mute), 0);
		resolver_link(a->resolver, mute[1]);
		loop_turn(a->loop, 0);
		close(mute[0]);
		loop_turn(a->loop, STEP_MS);
	}
	assert_int_equal(a->calls, 1);
	assert_int_equal(a->count, 0);
	assert_true(a->error[0]);
}

static void a_new_link_takes_the_place_of_the_old_one(void **state)
{
	struct asker *a = *state;
	pid_t old = serve_remotely(a), helper = serve_remotely(a);

	assert_int_equal(waitpid(old, NULL, 0), old);
	resolver_ask(a->resolver, "localhost", 1, AF_INET, on_answer, a);
	wait_for_calls(a, 1);
	assert_string_equal(a->first, "127.0.0.1");
	end_remote(a, helper);
}

#define REMOTE(name) cmocka_unit_test_setup_teardown(name, setup_remote, teardown)
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_is_looked_up),
		TEST(a_numeric_address_is_answered_in_the_next_turn),
		TEST(a_numeric_address_of_another_family_is_an_error),
		TEST(impossible_names_are_errors),
		TEST(many_questions_at_once_are_all_answered),
		TEST(a_cancelled_question_is_not_answered),
		TEST(the_resolver_may_be_freed_by_an_answer),
		TEST(a_helper_that_dies_is_replaced),
		cmocka_unit_test(a_helper_ends_with_its_parent),
		TEST(a_forked_process_that_forgets_leaves_the_resolver_alone),
		REMOTE(a_remote_resolver_asks_when_it_is_linked),
		REMOTE(a_remote_resolver_asks_again_at_the_next_link),
		REMOTE(a_question_that_kills_every_helper_is_given_up),
		REMOTE(a_new_link_takes_the_place_of_the_old_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
