#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/net/lineconn.h"

enum { PATIENCE_MS = 60000, STEP_MS = 100 };

struct end {
	struct loop *loop;
	struct lineconn *conn;
	struct buffer log; /* what the callbacks saw */
	int peer;          /* blocking, the test's side */
	size_t lines;
	size_t max_seen; /* the largest backlog that a line found */
	bool closed, drained;
	enum lineconn_end why;
	int err;
	void *transport; /* taken at a line "upgrade" */
	bool upgraded;
};

static const struct lineconn_limits limits = {
	.words = {.max_words = 8, .max_line = 200},
	.max_backlog = 64 * 1024,
};

extern const struct lineconn_transport xor_transport;

/* Verbs of the test's protocol. */
static void on_line(struct lineconn *c, void *arg, const struct words *w)
{
	struct end *e = arg;
	const char *verb = words_at(w, 0);
	struct buffer *out;

	e->lines++;
	if (lineconn_backlog(c) > e->max_seen)
		e->max_seen = lineconn_backlog(c);
	if (str_equal(verb, "free")) {
		lineconn_free(c);
		e->conn = NULL;
		return;
	}
	out = lineconn_out(c);
	if (str_equal(verb, "big")) {
		for (int i = 0; i < 1000; i++)
			buffer_append_str(out, "0123456789012345678901234567890\n");
		return;
	}
	if (str_equal(verb, "quiet"))
		return;
	buffer_appendf(out, "ok %s\n", verb);
	if (str_equal(verb, "bye"))
		lineconn_finish(c);
	if (str_equal(verb, "pause"))
		lineconn_pause(c, true);
	if (str_equal(verb, "cut"))
		out->failed = true;
	if (str_equal(verb, "upgrade"))
		e->upgraded = lineconn_upgrade(c, &xor_transport, e->transport);
}

static void on_bad_line(struct lineconn *c, void *arg, enum words_result why, const char *text)
{
	struct end *e = arg;

	assert_true(text && text[0]);
	buffer_appendf(&e->log, "%s;", why == WORDS_TOO_LONG ? "long" : "bad");
	buffer_append_str(lineconn_out(c), "err\n");
}

static void on_closed(struct lineconn *c, void *arg, enum lineconn_end why, int err)
{
	struct end *e = arg;

	assert_false(e->closed);
	e->closed = true;
	e->why = why;
	e->err = err;
	lineconn_free(c);
	e->conn = NULL;
}

static void on_drained(struct lineconn *c, void *arg)
{
	struct end *e = arg;

	assert_int_equal(lineconn_backlog(c), 0);
	e->drained = true;
}

static const struct lineconn_ops ops = {on_line, on_bad_line, on_closed, on_drained};

static int setup(void **state)
{
	struct end *e = calloc(1, sizeof(*e));
	int pair[2];

	assert_non_null(e);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	e->loop = loop_new();
	e->peer = pair[0];
	e->conn = lineconn_new(e->loop, pair[1], &ops, &limits, e);
	assert_non_null(e->conn);
	*state = e;
	return 0;
}

static int teardown(void **state)
{
	struct end *e = *state;

	lineconn_free(e->conn);
	loop_free(e->loop);
	buffer_free(&e->log);
	if (e->peer >= 0)
		close(e->peer);
	free(e);
	return 0;
}

static void send_text(struct end *e, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(e->peer, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Turns until the peer can read exactly `text`. */
static void expect(struct end *e, const char *text)
{
	long long until = clock_ms() + PATIENCE_MS;
	size_t len = strlen(text), got = 0;
	char in[4096];

	assert_true(len < sizeof(in));
	while (got < len && clock_ms() < until) {
		ssize_t n = recv(e->peer, in + got, len - got, MSG_DONTWAIT);

		if (n > 0)
			got += (size_t)n;
		else if (n == 0)
			break;
		else
			loop_turn(e->loop, STEP_MS);
	}
	in[got] = '\0';
	assert_string_equal(in, text);
}

static void turn_until(struct end *e, const bool *flag)
{
	long long until = clock_ms() + PATIENCE_MS;

	while (!*flag && clock_ms() < until)
		loop_turn(e->loop, STEP_MS);
	assert_true(*flag);
}

/* Turns until nothing more happens, for proofs of absence. */
static void settle(struct end *e)
{
	for (int i = 0; i < 5; i++)
		loop_turn(e->loop, 5);
}

static void assert_peer_sees_end(struct end *e)
{
	char c;

	assert_int_equal(recv(e->peer, &c, 1, 0), 0);
}

static void a_line_is_answered(void **state)
{
	send_text(*state, "hello world\n");
	expect(*state, "ok hello\n");
}

static void several_lines_of_one_read_are_answered_in_order(void **state)
{
	send_text(*state, "a\nb\r\nc 1 2\n");
	expect(*state, "ok a\nok b\nok c\n");
}

static void a_line_in_pieces_is_put_together(void **state)
{
	struct end *e = *state;

	send_text(e, "he");
	settle(e);
	send_text(e, "llo wor");
	settle(e);
	assert_int_equal(e->lines, 0);
	send_text(e, "ld\nnext\n");
	expect(e, "ok hello\nok next\n");
}

static void two_connections_with_half_lines_do_not_mix(void **state)
{
	struct end *a = *state, *b;
	void *other;

	setup(&other);
	b = other;
	lineconn_free(b->conn);
	loop_free(b->loop);
	b->loop = a->loop;
	close(b->peer);
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	b->peer = pair[0];
	b->conn = lineconn_new(a->loop, pair[1], &ops, &limits, b);

	send_text(a, "aa");
	send_text(b, "bb");
	settle(a);
	send_text(a, "AA\n");
	send_text(b, "BB\n");
	expect(a, "ok aaAA\n");
	expect(b, "ok bbBB\n");

	send_text(b, "half a line of one that is freed");
	settle(b);
	lineconn_free(b->conn);
	send_text(a, "whole\n");
	expect(a, "ok whole\n");
	b->conn = NULL;
	b->loop = NULL;
	teardown(&other);
}

static void a_line_too_long_is_told_once_and_skipped(void **state)
{
	struct end *e = *state;
	char big[1002];

	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 2] = '\n';
	big[sizeof(big) - 1] = '\0';
	send_text(e, big);
	send_text(e, "1 2 3 4 5 6 7 8 9 10\n\"open\nfine\n");
	expect(e, "err\nerr\nerr\nok fine\n");
	assert_string_equal(buffer_string(&e->log), "long;long;bad;");
}

static void the_end_of_the_peer_is_told_after_its_lines(void **state)
{
	struct end *e = *state;

	send_text(e, "last\nhalf");
	shutdown(e->peer, SHUT_WR);
	expect(e, "ok last\n");
	turn_until(e, &e->closed);
	assert_int_equal(e->why, LINECONN_EOF);
	assert_int_equal(e->lines, 1);
	assert_peer_sees_end(e);
}

static void a_connection_may_be_freed_in_its_own_line(void **state)
{
	struct end *e = *state;

	send_text(e, "one\nfree\nnever\n");
	expect(e, "");
	while (e->conn)
		loop_turn(e->loop, STEP_MS);
	settle(e);
	assert_int_equal(e->lines, 2);
	assert_false(e->closed);
}

static void finishing_writes_the_rest_and_hands_out_nothing_more(void **state)
{
	struct end *e = *state;

	send_text(e, "a\nbye\nnever\n");
	expect(e, "ok a\nok bye\n");
	turn_until(e, &e->closed);
	assert_int_equal(e->why, LINECONN_FINISHED);
	assert_int_equal(e->lines, 2);
	assert_peer_sees_end(e);
}

static void a_finishing_connection_does_not_wait_for_ever(void **state)
{
	struct end *e = *state;

	for (int i = 0; i < 20; i++)
		send_text(e, "big\n");
	send_text(e, "bye\n");
	/* Whatever fits the socket is there, the rest never is taken. */
	settle(e);
	lineconn_finish(e->conn);
	turn_until(e, &e->closed);
	assert_int_equal(e->why, LINECONN_ERROR);
	assert_int_equal(e->err, ETIMEDOUT);
}

static void output_from_elsewhere_is_written_at_the_end_of_the_turn(void **state)
{
	struct end *e = *state;

	buffer_append_str(lineconn_out(e->conn), "news\n");
	assert_int_equal(lineconn_backlog(e->conn), 5);
	expect(e, "news\n");
	assert_int_equal(lineconn_backlog(e->conn), 0);
}

static void a_cut_append_ends_the_connection_without_a_cut_line(void **state)
{
	struct end *e = *state;

	send_text(e, "cut\nnever\n");
	turn_until(e, &e->closed);
	assert_int_equal(e->why, LINECONN_ERROR);
	assert_int_equal(e->err, ENOBUFS);
	assert_peer_sees_end(e);
}

static void an_append_beyond_the_limit_ends_the_connection(void **state)
{
	struct end *e = *state;
	struct buffer *out = lineconn_out(e->conn);
	static const char filler[65536];

	for (int i = 0; i < 80; i++)
		buffer_append(out, filler, sizeof(filler));
	assert_true(out->failed);
	turn_until(e, &e->closed);
	assert_int_equal(e->err, ENOBUFS);
}

static size_t drain(struct end *e, size_t want)
{
	long long until = clock_ms() + PATIENCE_MS;
	static char in[16384];
	size_t got = 0;

	while (got < want && clock_ms() < until) {
		ssize_t n = recv(e->peer, in, sizeof(in), MSG_DONTWAIT);

		if (n > 0)
			got += (size_t)n;
		else
			loop_turn(e->loop, STEP_MS);
	}
	return got;
}

static void a_peer_that_never_reads_costs_bounded_memory(void **state)
{
	struct end *e = *state;
	enum { REQUESTS = 3000 }; /* 12 kB of requests for 96 MB of answers */
	const size_t requests = REQUESTS;
	static char text[4 * REQUESTS + 1];

	for (size_t i = 0; i < requests; i++)
		memcpy(text + 4 * i, "big\n", 4);
	send_text(e, text);
	settle(e);
	assert_true(e->lines < requests);
	assert_true(lineconn_backlog(e->conn) <= limits.max_backlog + 32000);
	assert_false(e->drained);

	assert_int_equal(drain(e, requests * 32000), requests * 32000);
	assert_int_equal(e->lines, requests);
	assert_true(e->max_seen <= limits.max_backlog + 32000);
	turn_until(e, &e->drained);
	send_text(e, "still there\n");
	expect(e, "ok still\n");
}

static void a_tiny_send_buffer_only_makes_it_slower(void **state)
{
	struct end *e = *state;
	int tiny = 1;

	assert_int_equal(
		setsockopt(lineconn_fd(e->conn), SOL_SOCKET, SO_SNDBUF, &tiny, sizeof(tiny)), 0);
	send_text(e, "big\nbig\nlast\n");
	assert_int_equal(drain(e, 64000 + 8), 64000 + 8);
	assert_int_equal(e->lines, 3);
}

static void bytes_that_come_one_by_one_make_the_same_lines(void **state)
{
	struct end *e = *state;
	const char *text = "say \"a \\\" b\" c\nagain\n";

	for (; *text; text++) {
		assert_int_equal(send(e->peer, text, 1, 0), 1);
		loop_turn(e->loop, 0);
	}
	expect(e, "ok say\nok again\n");
}

static void a_paused_connection_keeps_what_it_has_read(void **state)
{
	struct end *e = *state;

	send_text(e, "pause\na\nb\n");
	expect(e, "ok pause\n");
	send_text(e, "c\n");
	settle(e);
	assert_int_equal(e->lines, 1);
	lineconn_pause(e->conn, false);
	expect(e, "ok a\nok b\nok c\n");
}

static void writing_to_a_peer_that_has_gone_raises_no_signal(void **state)
{
	struct end *e = *state;

	signal(SIGPIPE, SIG_DFL);
	send_text(e, "quiet\nwhy\n");
	close(e->peer);
	e->peer = -1;
	buffer_append_str(lineconn_out(e->conn), "news\n");
	turn_until(e, &e->closed);
	assert_int_equal(e->why, LINECONN_ERROR);
	assert_int_equal(e->err, EPIPE);
	/* What it had said before was heard. */
	assert_int_equal(e->lines, 2);
}

static void a_pipe_works_as_well(void **state)
{
	struct end *e = *state;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	lineconn_free(e->conn);
	close(e->peer);
	e->peer = fd[1];
	e->conn = lineconn_new(e->loop, fd[0], &ops, &limits, e);
	assert_int_equal(write(fd[1], "quiet\nquiet\n", 12), 12);
	close(fd[1]);
	e->peer = -1;
	turn_until(e, &e->closed);
	assert_int_equal(e->why, LINECONN_EOF);
	assert_int_equal(e->lines, 2);
}

/* ------------------------------------------------- another way for the bytes */

/*
 * Scrambles with XOR, reads whole blocks and yields them bit by bit, and wants
 * a handshake of one byte each way first, as TLS would.
 */
struct scrambler {
	int fd;
	bool greeted, freed;
	char block[64];
	size_t have, given;
};

static ssize_t xor_read(void *t, void *data, size_t len, int *want)
{
	struct scrambler *s = t;
	ssize_t n;

	*want = LOOP_READ;
	if (s->have == s->given) {
		n = recv(s->fd, s->block, sizeof(s->block), 0);
		if (n <= 0)
			return n;
		s->have = (size_t)n;
		s->given = 0;
		if (!s->greeted) {
			assert_int_equal(s->block[0], 'H');
			assert_int_equal(send(s->fd, "h", 1, MSG_NOSIGNAL), 1);
			s->greeted = true;
			s->given = 1;
		}
	}
	if (s->have == s->given) {
		errno = EAGAIN;
		return -1;
	}
	if (len > 3)
		len = 3;
	if (len > s->have - s->given)
		len = s->have - s->given;
	for (size_t i = 0; i < len; i++)
		((char *)data)[i] = s->block[s->given++] ^ 0x55;
	return (ssize_t)len;
}

static ssize_t xor_write(void *t, const void *data, size_t len, int *want)
{
	struct scrambler *s = t;
	char out[10];

	if (!s->greeted) {
		*want = LOOP_READ;
		errno = EAGAIN;
		return -1;
	}
	*want = LOOP_WRITE;
	if (len > sizeof(out))
		len = sizeof(out);
	for (size_t i = 0; i < len; i++)
		out[i] = ((const char *)data)[i] ^ 0x55;
	return send(s->fd, out, len, MSG_NOSIGNAL);
}

static bool xor_pending(void *t)
{
	const struct scrambler *s = t;

	return s->have > s->given;
}

static void xor_free(void *t)
{
	((struct scrambler *)t)->freed = true;
}

const struct lineconn_transport xor_transport = {xor_read, xor_write, xor_pending, xor_free};

static void scramble(char *text)
{
	for (; *text; text++)
		*text ^= 0x55;
}

static void an_upgrade_protects_what_follows(void **state)
{
	struct end *e = *state;
	struct scrambler s = {.fd = lineconn_fd(e->conn)};
	char request[] = "first line\nsecond one\n", reply[] = "ok first\nok second\n";

	e->transport = &s;
	send_text(e, "upgrade\n");
	expect(e, "ok upgrade\n");
	assert_true(e->upgraded);
	send_text(e, "H");
	expect(e, "h");
	scramble(request);
	scramble(reply);
	send_text(e, request);
	expect(e, reply);
	/* Read with the handshake, several lines pending inside the transport only. */
	lineconn_free(e->conn);
	e->conn = NULL;
	assert_true(s.freed);
}

static void output_waits_for_the_handshake_of_the_transport(void **state)
{
	struct end *e = *state;
	struct scrambler s = {.fd = lineconn_fd(e->conn)};
	char secret[] = "secret news\n";

	e->transport = &s;
	send_text(e, "upgrade\n");
	expect(e, "ok upgrade\n");
	buffer_append_str(lineconn_out(e->conn), secret);
	settle(e);
	assert_true(lineconn_backlog(e->conn) > 0);
	send_text(e, "H");
	expect(e, "h");
	scramble(secret);
	expect(e, secret);
	lineconn_free(e->conn);
	e->conn = NULL;
}

static void an_upgrade_with_bytes_in_the_clear_behind_it_is_refused(void **state)
{
	struct end *e = *state;
	struct scrambler s = {.fd = lineconn_fd(e->conn)};

	e->transport = &s;
	send_text(e, "upgrade\nsmuggled\n");
	expect(e, "ok upgrade\nok smuggled\n");
	assert_false(e->upgraded);
	assert_false(s.freed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_is_answered),
		TEST(several_lines_of_one_read_are_answered_in_order),
		TEST(a_line_in_pieces_is_put_together),
		TEST(two_connections_with_half_lines_do_not_mix),
		TEST(a_line_too_long_is_told_once_and_skipped),
		TEST(the_end_of_the_peer_is_told_after_its_lines),
		TEST(a_connection_may_be_freed_in_its_own_line),
		TEST(finishing_writes_the_rest_and_hands_out_nothing_more),
		TEST(a_finishing_connection_does_not_wait_for_ever),
		TEST(output_from_elsewhere_is_written_at_the_end_of_the_turn),
		TEST(a_cut_append_ends_the_connection_without_a_cut_line),
		TEST(an_append_beyond_the_limit_ends_the_connection),
		TEST(a_peer_that_never_reads_costs_bounded_memory),
		TEST(a_tiny_send_buffer_only_makes_it_slower),
		TEST(bytes_that_come_one_by_one_make_the_same_lines),
		TEST(a_paused_connection_keeps_what_it_has_read),
		TEST(writing_to_a_peer_that_has_gone_raises_no_signal),
		TEST(a_pipe_works_as_well),
		TEST(an_upgrade_protects_what_follows),
		TEST(output_waits_for_the_handshake_of_the_transport),
		TEST(an_upgrade_with_bytes_in_the_clear_behind_it_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
