/* The socket by which people ask a running upsmon. */
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

#include "clients/upsmon/control.h"
#include "common/base/log.h"
#include "common/base/str.h"

enum { PEERS = 16, LOOK_MS = 20, TURNS = 3000, BIG = 6 * 1024 * 1024 };

static char dir[64], path[80];
static struct loop *loop;
static struct control *control;
static struct buffer asked; /* what the owner was asked for */
static size_t answer_bytes;

static void hush(void *arg, enum log_level level, const char *token, const char *text)
{
	(void)arg, (void)level, (void)token, (void)text;
}

static void describe(void *arg, struct buffer *out, bool json)
{
	assert_ptr_equal(arg, &asked);
	buffer_appendf(&asked, "describe%s;", json ? " json" : "");
	for (size_t i = 0; i < answer_bytes; i++)
		buffer_append_char(out, i % 64 == 63 ? '\n' : (char)('a' + i % 26));
	buffer_append_str(out, json ? "{}\n" : "all is well\n");
}

static void test_event(void *arg, const char *what, const char *ups, struct buffer *out)
{
	assert_ptr_equal(arg, &asked);
	buffer_appendf(&asked, "test %s of %s;", what, ups ? ups : "the first");
	buffer_appendf(out, "%s\n", str_equal(what, "NONSENSE") ? "ERR no such thing" : "OK told");
}

static const struct control_ops ops = {.describe = describe, .test = test_event};

static int begin(void **state)
{
	(void)state;
	log_set_sink(hush, NULL);
	str_copy(dir, sizeof(dir), "/tmp/controlXXXXXX");
	if (!mkdtemp(dir))
		return -1;
	str_format(path, sizeof(path), "%s/sock", dir);
	loop = loop_new();
	control = loop ? control_new(loop, path, (gid_t)-1, &ops, &asked) : NULL;
	answer_bytes = 0;
	return control ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	control_free(control);
	control = NULL;
	loop_free(loop);
	buffer_free(&asked);
	unlink(path);
	return rmdir(dir);
}

/* ------------------------------------------------------------------- asking */

struct outcome {
	int result; /* of control_ask(); 100 = it ended otherwise */
	struct buffer text;
};

/* In another process, while the loop turns here. */
static struct outcome ask(size_t count, const char *const *words)
{
	struct outcome o = {.result = 100};
	FILE *out = tmpfile();
	pid_t pid = fork();
	char data[4096];
	size_t len;
	int status = -1;

	assert_non_null(out);
	assert_true(pid >= 0);
	if (pid == 0) {
		int result = control_ask(path, count, words, out);

		fflush(out);
		_exit(result < 0 ? 99 : result);
	}
	for (int i = 0; i < TURNS && waitpid(pid, &status, WNOHANG) != pid; i++)
		loop_turn(loop, LOOK_MS);
	if (status != -1 && WIFEXITED(status))
		o.result = WEXITSTATUS(status) == 99 ? -1 : WEXITSTATUS(status);
	rewind(out);
	while ((len = fread(data, 1, sizeof(data), out)) > 0)
		buffer_append(&o.text, data, len);
	fclose(out);
	return o;
}

static void expect(const char *words, int result, const char *text, const char *owner)
{
	const char *list[4] = {NULL};
	char copy[128], *rest = copy;
	size_t count = 0;
	struct outcome o;

	str_copy(copy, sizeof(copy), words);
	while (count < 4 && (list[count] = strsep(&rest, " ")))
		count++;
	buffer_clear(&asked);
	o = ask(count, list);
	assert_int_equal(o.result, result);
	assert_string_equal(buffer_string(&o.text), text);
	assert_string_equal(buffer_string(&asked), owner);
	buffer_free(&o.text);
}

static void it_tells_the_status(void **state)
{
	(void)state;
	expect("STATUS", 0, "all is well\n", "describe;");
	expect("STATUS json", 0, "{}\n", "describe json;");
	expect("STATUS otherwise", 0, "all is well\n", "describe;");
}

static void it_rehearses_events(void **state)
{
	(void)state;
	expect("TEST ONBATT", 0, "OK told\n", "test ONBATT of the first;");
	expect("TEST OL->OB g:u@[::1]:1", 0, "OK told\n", "test OL->OB of g:u@[::1]:1;");
	expect("TEST NONSENSE", 1, "ERR no such thing\n", "test NONSENSE of the first;");
}

static void words_arrive_as_they_were_written(void **state)
{
	static const char *const words[] = {"TEST", "a \"b\" \\c#=", ""};
	struct outcome o;

	(void)state;
	buffer_clear(&asked);
	o = ask(3, words);
	assert_int_equal(o.result, 0);
	assert_string_equal(buffer_string(&asked), "test a \"b\" \\c#= of ;");
	buffer_free(&o.text);
}

static void a_question_that_is_none_is_refused(void **state)
{
	(void)state;
	expect("SHUTDOWN now", 1, "ERR unknown question\n", "");
	expect("TEST", 1, "ERR unknown question\n", "");
	expect("status", 1, "ERR unknown question\n", "");
	expect("TEST a b c", 0, "OK told\n", "test a of b;");
}

static void a_big_answer_comes_whole(void **state)
{
	static const char *const words[] = {"STATUS"};
	struct outcome o;

	(void)state;
	answer_bytes = BIG;
	o = ask(1, words);
	assert_int_equal(o.result, 0);
	assert_int_equal(o.text.len, BIG + strlen("all is well\n"));
	assert_memory_equal(o.text.data + BIG, "all is well\n", strlen("all is well\n"));
	buffer_free(&o.text);
}

static void whoever_serves_nobody_is_told_of(void **state)
{
	static const char *const words[] = {"STATUS"};
	char longer[200];

	(void)state;
	control_free(control);
	control = NULL;
	unlink(path);
	assert_int_equal(control_ask(path, 1, words, stdout), -1);
	assert_int_equal(errno, ENOENT);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(control_ask(longer, 1, words, stdout), -1);
	assert_int_equal(errno, ENAMETOOLONG);
}

static void the_socket_is_for_us_and_our_group(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0660);
	errno = 0;
	assert_null(control_new(loop, path, (gid_t)-1, &ops, &asked));
	assert_int_equal(errno, EADDRINUSE);
}

/* -------------------------------------------------------------------- peers */

static int reach(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	str_copy(un.sun_path, sizeof(un.sun_path), path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&un, sizeof(un)), 0);
	loop_turn(loop, 0);
	return fd;
}

/* All that comes until the other end closes. */
static const char *read_all(int fd)
{
	static char text[4096];
	size_t len = 0;

	for (int i = 0; i < TURNS; i++) {
		ssize_t got = recv(fd, text + len, sizeof(text) - 1 - len, MSG_DONTWAIT);

		if (got == 0 || (got < 0 && errno != EAGAIN))
			break;
		len += got > 0 ? (size_t)got : 0;
		loop_turn(loop, LOOK_MS);
	}
	text[len] = '\0';
	return text;
}

static bool is_open(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void one_question_gets_one_answer(void **state)
{
	int fd = reach();

	(void)state;
	send_text(fd, "STATUS\nSTATUS json\nTEST x\n");
	assert_string_equal(read_all(fd), "all is well\n");
	assert_string_equal(buffer_string(&asked), "describe;");
	close(fd);
}

static void a_question_may_come_in_pieces(void **state)
{
	int fd = reach();

	(void)state;
	send_text(fd, "TE");
	loop_turn(loop, 0);
	send_text(fd, "ST \"OL->");
	loop_turn(loop, 0);
	send_text(fd, "OB\"\n");
	assert_string_equal(read_all(fd), "OK told\n");
	close(fd);
}

static void a_peer_that_goes_away_is_forgotten(void **state)
{
	(void)state;
	for (int i = 0; i < 3 * PEERS; i++) {
		int fd = reach();

		send_text(fd, i % 2 ? "STATUS\n" : "STA");
		close(fd);
		loop_turn(loop, LOOK_MS);
		loop_turn(loop, 0);
	}
	expect("STATUS", 0, "all is well\n", "describe;");
}

static void lines_without_end_or_sense_cost_nothing_but_their_peer(void **state)
{
	char text[2000];
	int fd = reach();

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	send_text(fd, text);
	send_text(fd, "\n\"\nA B C D E F G H I J\n");
	loop_turn(loop, LOOK_MS);
	expect("STATUS", 0, "all is well\n", "describe;");
	close(fd);
}

/* Those that never speak hold all places, until their time is over. */
static void peers_that_never_speak_are_sent_away(void **state)
{
	int silent[PEERS], late;

	(void)state;
	for (int i = 0; i < PEERS; i++)
		silent[i] = reach();
	late = reach();
	loop_turn(loop, 0);
	assert_string_equal(read_all(late), "");
	assert_false(is_open(late));
	for (int i = 0; i < PEERS; i++) {
		assert_string_equal(read_all(silent[i]), "");
		assert_false(is_open(silent[i]));
		close(silent[i]);
	}
	close(late);
	expect("STATUS", 0, "all is well\n", "describe;");
}

static void the_end_takes_open_peers_along(void **state)
{
	int silent = reach(), asking = reach();

	(void)state;
	send_text(asking, "STATUS\n");
	control_free(control);
	control = NULL;
	assert_string_equal(read_all(silent), "");
	assert_false(is_open(silent));
	assert_false(is_open(asking));
	close(silent);
	close(asking);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(it_tells_the_status),
		TEST(it_rehearses_events),
		TEST(words_arrive_as_they_were_written),
		TEST(a_question_that_is_none_is_refused),
		TEST(a_big_answer_comes_whole),
		TEST(whoever_serves_nobody_is_told_of),
		TEST(the_socket_is_for_us_and_our_group),
		TEST(one_question_gets_one_answer),
		TEST(a_question_may_come_in_pieces),
		TEST(a_peer_that_goes_away_is_forgotten),
		TEST(lines_without_end_or_sense_cost_nothing_but_their_peer),
		TEST(peers_that_never_speak_are_sent_away),
		TEST(the_end_takes_open_peers_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
