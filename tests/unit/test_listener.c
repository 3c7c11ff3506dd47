#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/listener.h"
#include "common/net/netaddr.h"

enum { PATIENCE_MS = 60000, STEP_MS = 100, KEPT_MAX = 64 };

struct host {
	struct loop *loop;
	struct listener *listener;
	char dir[64], path[100];
	int kept[KEPT_MAX];
	size_t accepted, refused;
	char from[64];
	bool free_on_accept;
	unsigned log_lines;
};

static void on_accepted(void *arg, int fd, const struct sockaddr_storage *peer)
{
	struct host *h = arg;

	assert_true(h->accepted < KEPT_MAX);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(netaddr_host(peer, h->from, sizeof(h->from)));
	h->kept[h->accepted++] = fd;
	if (h->free_on_accept) {
		listener_free(h->listener);
		h->listener = NULL;
	}
}

static void on_refused(void *arg, int fd)
{
	struct host *h = arg;

	h->refused++;
	assert_int_equal(send(fd, "full\n", 5, MSG_NOSIGNAL), 5);
}

static const struct listener_ops ops = {on_accepted, on_refused};

static void count_line(void *arg, enum log_level level, const char *token, const char *text)
{
	struct host *h = arg;

	(void)level, (void)token, (void)text;
	h->log_lines++;
}

static int setup(void **state)
{
	struct host *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	str_copy(h->dir, sizeof(h->dir), "/tmp/chestnut-listener-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	str_format(h->path, sizeof(h->path), "%s/socket", h->dir);
	h->loop = loop_new();
	log_set_sink(count_line, h);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct host *h = *state;

	listener_free(h->listener);
	for (size_t i = 0; i < h->accepted; i++)
		close(h->kept[i]);
	loop_free(h->loop);
	log_set_sink(NULL, NULL);
	unlink(h->path);
	rmdir(h->dir);
	free(h);
	return 0;
}

static struct listener *listen_on(struct host *h, const char *host, unsigned port)
{
	struct netaddr a;

	assert_true(netaddr_from_numeric(host, port, &a));
	return listener_tcp(h->loop, (struct sockaddr *)&a.ss, a.len, &ops, h);
}

static int dial(const char *host, unsigned port)
{
	struct netaddr a;
	int fd;

	assert_true(netaddr_from_numeric(host, port, &a));
	fd = socket(a.ss.ss_family, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a.ss, a.len), 0);
	return fd;
}

static void turn_until_count(struct host *h, const size_t *count, size_t want)
{
	long long until = clock_ms() + PATIENCE_MS;

	while (*count < want && clock_ms() < until)
		loop_turn(h->loop, STEP_MS);
	assert_int_equal(*count, want);
}

static void connections_are_handed_out_with_their_addresses(void **state)
{
	struct host *h = *state;
	int a, b;

	h->listener = listen_on(h, "127.0.0.1", 0);
	assert_non_null(h->listener);
	assert_true(listener_port(h->listener) > 0);
	a = dial("127.0.0.1", listener_port(h->listener));
	b = dial("127.0.0.1", listener_port(h->listener));
	turn_until_count(h, &h->accepted, 2);
	assert_string_equal(h->from, "127.0.0.1");
	close(a);
	close(b);
}

/* A port that is free for IPv6 may be taken by somebody else for IPv4: then another one is tried.
 */
static struct listener *listen_on_both(struct host *h)
{
	for (int i = 0; i < 100; i++) {
		struct listener *six = listen_on(h, "::", 0);

		if (!six)
			return NULL;
		h->listener = listen_on(h, "0.0.0.0", listener_port(six));
		if (h->listener)
			return six;
		listener_free(six);
	}
	return NULL;
}

static void ipv6_and_ipv4_share_a_port(void **state)
{
	struct host *h = *state;
	struct listener *six = listen_on(h, "::", 0);
	int fd;

	if (!six) /* no IPv6 on this machine */
		skip();
	listener_free(six);
	six = listen_on_both(h);
	assert_non_null(six);
	fd = dial("127.0.0.1", listener_port(six));
	turn_until_count(h, &h->accepted, 1);
	assert_string_equal(h->from, "127.0.0.1");
	close(fd);
	listener_free(six);
}

static void a_port_in_use_and_a_foreign_address_are_told_apart(void **state)
{
	struct host *h = *state;

	h->listener = listen_on(h, "127.0.0.1", 0);
	assert_null(listen_on(h, "127.0.0.1", listener_port(h->listener)));
	assert_int_equal(errno, EADDRINUSE);
	assert_null(listen_on(h, "192.0.2.1", 0));
	assert_int_equal(errno, EADDRNOTAVAIL);
}

static void a_paused_listener_lets_connections_wait(void **state)
{
	struct host *h = *state;
	int fd;

	h->listener = listen_on(h, "127.0.0.1", 0);
	listener_pause(h->listener, true);
	fd = dial("127.0.0.1", listener_port(h->listener));
	loop_turn(h->loop, 20);
	assert_int_equal(h->accepted, 0);
	listener_pause(h->listener, false);
	turn_until_count(h, &h->accepted, 1);
	close(fd);
}

static void a_listener_may_be_freed_while_it_hands_out(void **state)
{
	struct host *h = *state;
	int a, b;

	h->listener = listen_on(h, "127.0.0.1", 0);
	h->free_on_accept = true;
	a = dial("127.0.0.1", listener_port(h->listener));
	b = dial("127.0.0.1", listener_port(h->listener));
	turn_until_count(h, &h->accepted, 1);
	loop_turn(h->loop, 5);
	assert_int_equal(h->accepted, 1);
	close(a);
	close(b);
}

static void out_of_descriptors_newcomers_are_refused_and_later_welcome(void **state)
{
	struct host *h = *state;
	struct rlimit before, tight;
	int caller[3], spare;
	char in[8] = "";

	h->listener = listen_on(h, "127.0.0.1", 0);
	for (int i = 0; i < 3; i++)
		caller[i] = dial("127.0.0.1", listener_port(h->listener));
	/* The lowest free descriptor is the first one forbidden. */
	spare = dup(caller[0]);
	close(spare);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	tight = before;
	tight.rlim_cur = (rlim_t)spare;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	turn_until_count(h, &h->refused, 3);
	assert_int_equal(h->accepted, 0);
	assert_int_equal(h->log_lines, 1);
	assert_int_equal(recv(caller[2], in, 5, 0), 5);
	assert_string_equal(in, "full\n");
	assert_int_equal(recv(caller[2], in, 5, 0), 0);

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	spare = dial("127.0.0.1", listener_port(h->listener));
	turn_until_count(h, &h->accepted, 1);
	assert_int_equal(h->log_lines, 2);
	close(spare);
	for (int i = 0; i < 3; i++)
		close(caller[i]);
}

static int dial_unix(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(str_copy(un.sun_path, sizeof(un.sun_path), path));
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

static void a_unix_socket_has_its_mode_and_goes_with_its_listener(void **state)
{
	struct host *h = *state;
	struct stat st;
	int fd;

	h->listener = listener_unix(h->loop, h->path, 0660, getegid(), &ops, h);
	assert_non_null(h->listener);
	assert_int_equal(listener_port(h->listener), 0);
	assert_int_equal(stat(h->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	fd = dial_unix(h->path);
	turn_until_count(h, &h->accepted, 1);
	assert_string_equal(h->from, "local");
	close(fd);
	listener_free(h->listener);
	h->listener = NULL;
	assert_int_equal(stat(h->path, &st), -1);
}

static void a_forgotten_socket_is_replaced_and_a_served_one_is_not(void **state)
{
	struct host *h = *state;
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	str_copy(un.sun_path, sizeof(un.sun_path), h->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
	h->listener = listener_unix(h->loop, h->path, 0600, (gid_t)-1, &ops, h);
	assert_non_null(h->listener);
	assert_null(listener_unix(h->loop, h->path, 0600, (gid_t)-1, &ops, h));
	assert_int_equal(errno, EADDRINUSE);
}

static void a_file_in_the_way_is_left_alone(void **state)
{
	struct host *h = *state;
	FILE *f = fopen(h->path, "w");

	assert_non_null(f);
	fclose(f);
	assert_null(listener_unix(h->loop, h->path, 0600, (gid_t)-1, &ops, h));
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(access(h->path, F_OK), 0);
}

static void a_successors_socket_is_not_removed(void **state)
{
	struct host *h = *state;
	struct listener *old = listener_unix(h->loop, h->path, 0600, (gid_t)-1, &ops, h);

	assert_non_null(old);
	unlink(h->path);
	h->listener = listener_unix(h->loop, h->path, 0600, (gid_t)-1, &ops, h);
	assert_non_null(h->listener);
	listener_free(old);
	assert_int_equal(access(h->path, F_OK), 0);
}

static void a_path_too_long_for_a_socket_is_told(void **state)
{
	struct host *h = *state;
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_null(listener_unix(h->loop, path, 0600, (gid_t)-1, &ops, h));
	assert_int_equal(errno, ENAMETOOLONG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(connections_are_handed_out_with_their_addresses),
		TEST(ipv6_and_ipv4_share_a_port),
		TEST(a_port_in_use_and_a_foreign_address_are_told_apart),
		TEST(a_paused_listener_lets_connections_wait),
		TEST(a_listener_may_be_freed_while_it_hands_out),
		TEST(out_of_descriptors_newcomers_are_refused_and_later_welcome),
		TEST(a_unix_socket_has_its_mode_and_goes_with_its_listener),
		TEST(a_forgotten_socket_is_replaced_and_a_served_one_is_not),
		TEST(a_file_in_the_way_is_left_alone),
		TEST(a_successors_socket_is_not_removed),
		TEST(a_path_too_long_for_a_socket_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
