#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/net/netaddr.h"

enum { PATIENCE_MS = 60000, STEP_MS = 100 };

struct caller {
	struct loop *loop;
	int calls, fd, err;
};

static void on_done(void *arg, int fd, int err)
{
	struct caller *c = arg;

	c->calls++;
	c->fd = fd;
	c->err = err;
}

static int setup(void **state)
{
	struct caller *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->loop = loop_new();
	c->fd = -1;
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct caller *c = *state;

	if (c->fd >= 0)
		close(c->fd);
	loop_free(c->loop);
	free(c);
	return 0;
}

static void wait_for_outcome(struct caller *c)
{
	long long until = clock_ms() + PATIENCE_MS;

	assert_int_equal(c->calls, 0);
	while (c->calls == 0 && clock_ms() < until)
		loop_turn(c->loop, STEP_MS);
	assert_int_equal(c->calls, 1);
}

/* A listening socket; the address it has got is stored. */
static int serve(const char *host, struct netaddr *a)
{
	int fd;

	assert_true(netaddr_from_numeric(host, 0, a));
	fd = socket(a->ss.ss_family, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a->ss, a->len), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a->ss, &a->len), 0);
	return fd;
}

/* An address where nobody listens: the port is bound, so that nobody else takes it meanwhile. */
static int hold_closed_port(struct netaddr *a)
{
	int fd;

	assert_true(netaddr_from_numeric("127.0.0.1", 0, a));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a->ss, a->len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a->ss, &a->len), 0);
	return fd;
}

static void numeric_addresses_become_text_and_back(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "192.0.2.255", "::1", "2001:db8::42"};
	struct netaddr a;
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		assert_true(netaddr_from_numeric(hosts[i], 3493, &a));
		assert_true(netaddr_host(&a.ss, text, sizeof(text)));
		assert_string_equal(text, hosts[i]);
		assert_int_equal(netaddr_port(&a.ss), 3493);
	}
}

static void names_and_rubbish_are_no_numeric_addresses(void **state)
{
	static const char *const hosts[] = {"", "localhost", "300.1.1.1", "1.2.3.4 ", ":::", "*"};
	struct netaddr a;

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		assert_false(netaddr_from_numeric(hosts[i], 1, &a));
	assert_false(netaddr_from_numeric("127.0.0.1", 65536, &a));
}

static void an_address_covers_itself_and_any_address_all_of_its_kind(void **state)
{
	static const struct {
		const char *wide, *addr;
		unsigned port;
		bool covers;
	} rows[] = {
		{"127.0.0.1", "127.0.0.1", 1, true},
		{"127.0.0.1", "127.0.0.1", 2, false},
		{"127.0.0.1", "127.0.0.2", 1, false},
		{"0.0.0.0", "127.0.0.1", 1, true},
		{"127.0.0.1", "0.0.0.0", 1, false},
		{"0.0.0.0", "::1", 1, false},
		{"::", "::1", 1, true},
		{"::", "127.0.0.1", 1, false},
		{"::1", "::1", 1, true},
		{"::1", "::2", 1, false},
		{"::", "::1", 2, false},
	};
	struct netaddr wide, addr;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(netaddr_from_numeric(rows[i].wide, 1, &wide));
		assert_true(netaddr_from_numeric(rows[i].addr, rows[i].port, &addr));
		assert_int_equal(netaddr_covers(&wide, &addr), rows[i].covers);
	}
	wide.ss.ss_family = addr.ss.ss_family = AF_UNIX;
	assert_false(netaddr_covers(&wide, &addr));
}

static void a_unix_peer_is_local_and_has_no_port(void **state)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNIX};
	char text[64], tiny[3];

	(void)state;
	assert_true(netaddr_host(&ss, text, sizeof(text)));
	assert_string_equal(text, "local");
	assert_int_equal(netaddr_port(&ss), 0);
	assert_false(netaddr_host(&ss, tiny, sizeof(tiny)));
	ss.ss_family = AF_UNSPEC;
	assert_false(netaddr_host(&ss, text, sizeof(text)));
}

static void a_connection_is_made_without_blocking(void **state)
{
	struct caller *c = *state;
	struct netaddr a;
	int server = serve("127.0.0.1", &a);

	assert_non_null(connector_start(c->loop, &a, 1, PATIENCE_MS, on_done, c));
	wait_for_outcome(c);
	assert_true(c->fd >= 0);
	assert_int_equal(c->err, 0);
	close(server);
}

static void the_next_address_is_tried_after_a_refusal(void **state)
{
	struct caller *c = *state;
	struct netaddr a[3];
	int closed = hold_closed_port(&a[0]), server = serve("127.0.0.1", &a[2]);

	a[1] = a[0];
	assert_non_null(connector_start(c->loop, a, 3, PATIENCE_MS, on_done, c));
	wait_for_outcome(c);
	assert_true(c->fd >= 0);
	close(server);
	close(closed);
}

static void the_last_refusal_is_told(void **state)
{
	struct caller *c = *state;
	struct netaddr a;
	int closed = hold_closed_port(&a);

	assert_non_null(connector_start(c->loop, &a, 1, PATIENCE_MS, on_done, c));
	wait_for_outcome(c);
	assert_int_equal(c->fd, -1);
	assert_int_equal(c->err, ECONNREFUSED);
	close(closed);
}

static void no_address_is_an_error_too(void **state)
{
	struct caller *c = *state;

	assert_non_null(connector_start(c->loop, NULL, 0, PATIENCE_MS, on_done, c));
	wait_for_outcome(c);
	assert_int_equal(c->fd, -1);
	assert_int_equal(c->err, EADDRNOTAVAIL);
}

/* A unix socket in the abstract name space (of Linux) whose queue is full, as a stuck driver's. */
static int serve_full_queue(char *path, size_t size, int *filler)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	str_format(path, size, "/tmp/chestnut-netaddr-%ld", (long)getpid());
	str_copy(un.sun_path, sizeof(un.sun_path), path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 0), 0);
	for (int i = 0; i < 2; i++) {
		filler[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(filler[i], (struct sockaddr *)&un, sizeof(un));
	}
	return fd;
}

static void a_unix_socket_with_a_full_queue_is_waited_for(void **state)
{
	struct caller *c = *state;
	int filler[2], accepted;
	char path[64];
	int server = serve_full_queue(path, sizeof(path), filler);

	assert_non_null(connector_start_unix(c->loop, path, PATIENCE_MS, on_done, c));
	for (int i = 0; i < 3; i++)
		loop_turn(c->loop, 20);
	assert_int_equal(c->calls, 0);
	accepted = accept(server, NULL, NULL);
	wait_for_outcome(c);
	assert_true(c->fd >= 0);
	close(accepted);
	close(filler[0]);
	close(filler[1]);
	close(server);
	unlink(path);
}

static void a_stuck_attempt_ends_with_its_share_of_the_time(void **state)
{
	struct caller *c = *state;
	int filler[2];
	char path[64];
	int server = serve_full_queue(path, sizeof(path), filler);

	assert_non_null(connector_start_unix(c->loop, path, 1000, on_done, c));
	wait_for_outcome(c);
	assert_int_equal(c->fd, -1);
	assert_int_equal(c->err, ETIMEDOUT);
	close(filler[0]);
	close(filler[1]);
	close(server);
	unlink(path);
}

static void a_missing_socket_and_an_impossible_path_are_told(void **state)
{
	struct caller *c = *state;
	char path[300];

	assert_non_null(connector_start_unix(c->loop, "/nonexistent/socket", 1000, on_done, c));
	wait_for_outcome(c);
	assert_int_equal(c->err, ENOENT);

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	c->calls = 0;
	assert_non_null(connector_start_unix(c->loop, path, 1000, on_done, c));
	wait_for_outcome(c);
	assert_int_equal(c->err, ENAMETOOLONG);
}

static void a_cancelled_attempt_stays_silent(void **state)
{
	struct caller *c = *state;
	struct netaddr a;
	int server = serve("127.0.0.1", &a);
	struct connector *one = connector_start(c->loop, &a, 1, PATIENCE_MS, on_done, c);
	struct connector *two = connector_start(c->loop, &a, 1, PATIENCE_MS, on_done, c);

	connector_cancel(one);
	wait_for_outcome(c);
	for (int i = 0; i < 3; i++)
		loop_turn(c->loop, 5);
	assert_int_equal(c->calls, 1);
	(void)two;
	close(server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numeric_addresses_become_text_and_back),
		cmocka_unit_test(names_and_rubbish_are_no_numeric_addresses),
		cmocka_unit_test(an_address_covers_itself_and_any_address_all_of_its_kind),
		cmocka_unit_test(a_unix_peer_is_local_and_has_no_port),
		TEST(a_connection_is_made_without_blocking),
		TEST(the_next_address_is_tried_after_a_refusal),
		TEST(the_last_refusal_is_told),
		TEST(no_address_is_an_error_too),
		TEST(a_unix_socket_with_a_full_queue_is_waited_for),
		TEST(a_stuck_attempt_ends_with_its_share_of_the_time),
		TEST(a_missing_socket_and_an_impossible_path_are_told),
		TEST(a_cancelled_attempt_stays_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
