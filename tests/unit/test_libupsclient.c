#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "clients/libupsclient/fault.h"
#include "clients/libupsclient/upsclient.h"

/*
 * Debian 12's libupsclient6 2.8.0-7, measured with its own header: callers
 * allocate these, so a difference of one byte breaks programs.
 */
#if UINTPTR_MAX == UINT64_MAX
#define LAYOUT(name, lp64, ilp32) assert_int_equal(offsetof(UPSCONN_t, name), lp64)
#define SIZES(lp64, ilp32)        lp64
#else
#define LAYOUT(name, lp64, ilp32) assert_int_equal(offsetof(UPSCONN_t, name), ilp32)
#define SIZES(lp64, ilp32)        ilp32
#endif

static void the_structure_is_laid_out_as_old_programs_expect(void **state)
{
	(void)state;
	assert_int_equal(sizeof(PCONF_CTX_t), SIZES(368, 320));
	assert_int_equal(sizeof(UPSCONN_t), SIZES(744, 680));
	LAYOUT(port, 8, 4);
	LAYOUT(fd, 12, 8);
	LAYOUT(flags, 16, 12);
	LAYOUT(upserror, 20, 16);
	LAYOUT(syserrno, 24, 20);
	LAYOUT(upsclient_magic, 28, 24);
	LAYOUT(pc_ctx, 32, 28);
	LAYOUT(errbuf, 400, 348);
	LAYOUT(ssl, 656, 604);
	LAYOUT(readbuf, 664, 608);
	LAYOUT(readlen, 728, 672);
	LAYOUT(readidx, 736, 676);
}

static void every_error_name_of_the_protocol_has_a_number(void **state)
{
	static const struct {
		const char *name;
		int number;
	} expected[] = {
		{"VAR-NOT-SUPPORTED", 1},
		{"UNKNOWN-UPS", 4},
		{"ACCESS-DENIED", 6},
		{"PASSWORD-REQUIRED", 7},
		{"PASSWORD-INCORRECT", 8},
		{"MISSING-ARGUMENT", 9},
		{"DATA-STALE", 10},
		{"VAR-UNKNOWN", 11},
		{"ALREADY-LOGGED-IN", 12},
		{"ALREADY-SET-PASSWORD", 13},
		{"UNKNOWN-TYPE", 14},
		{"UNKNOWN-VAR", 15},
		{"READONLY", 16},
		{"TOO-LONG", 17},
		{"INVALID-VALUE", 18},
		{"SET-FAILED", 19},
		{"UNKNOWN-INSTCMD", 20},
		{"INSTCMD-FAILED", 21},
		{"CMD-NOT-SUPPORTED", 22},
		{"INVALID-USERNAME", 23},
		{"ALREADY-SET-USERNAME", 24},
		{"UNKNOWN-COMMAND", 25},
		{"INVALID-PASSWORD", 34},
		{"USERNAME-REQUIRED", 35},
		{"DRIVER-NOT-CONNECTED", 39},
		{"INVALID-ARGUMENT", 0},
		{"FEATURE-NOT-CONFIGURED", 0},
		{"SOMETHING-NEW", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct fault fault = fault_of_reply(netwire_error_of(expected[i].name));

		assert_int_equal(fault.number, expected[i].number);
	}
}

static void every_number_has_a_text(void **state)
{
	(void)state;
	for (int i = 0; i <= UPSCLI_ERR_MAX; i++)
		assert_non_null(fault_text(i));
	assert_null(fault_text(-1));
	assert_null(fault_text(UPSCLI_ERR_MAX + 1));
}

static void a_stranger_of_a_structure_is_refused_by_every_function(void **state)
{
	static UPSCONN_t blank;
	UPSCONN_t *bad[] = {NULL, &blank};
	const char *query[] = {"VAR", "ups"};
	size_t count;
	char **answer, line[16];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(upscli_fd(bad[i]), -1);
		assert_int_equal(upscli_upserror(bad[i]), -1);
		assert_int_equal(upscli_ssl(bad[i]), -1);
		assert_int_equal(upscli_get(bad[i], 2, query, &count, &answer), -1);
		assert_int_equal(upscli_list_start(bad[i], 2, query), -1);
		assert_int_equal(upscli_list_next(bad[i], 2, query, &count, &answer), -1);
		assert_int_equal(upscli_sendline(bad[i], "x\n", 2), -1);
		assert_int_equal(upscli_readline(bad[i], line, sizeof(line)), -1);
		assert_int_equal(upscli_disconnect(bad[i]), -1);
		assert_string_equal(upscli_strerror(bad[i]), "Invalid argument");
	}
}

static void check_name(const char *text, const char *ups, const char *host, unsigned port)
{
	char *got_ups = NULL, *got_host = NULL;
	uint16_t got_port = 0;
	int result = upscli_splitname(text, &got_ups, &got_host, &got_port);

	assert_int_equal(result, ups ? 0 : -1);
	if (ups) {
		assert_string_equal(got_ups, ups);
		assert_string_equal(got_host, host);
		assert_int_equal(got_port, port);
	}
	free(got_ups);
	free(got_host);
}

static void a_name_is_split_into_ups_host_and_port(void **state)
{
	(void)state;
	check_name("ups", "ups", "localhost", 3493);
	check_name("ups@h", "ups", "h", 3493);
	check_name("ups@h:65535", "ups", "h", 65535);
	check_name("ups@[::1]", "ups", "::1", 3493);
	check_name("ups@[fe80::1%eth0]:7", "ups", "fe80::1%eth0", 7);
}

static void a_malformed_name_is_refused(void **state)
{
	static const char *const bad[] = {
		"",         "ups@",       "@h",          "ups:5",
		"ups@h:",   "ups@h:0",    "ups@h:65536", "ups@h:1x",
		"ups@[::1", "ups@[::1]x", "ups@[]",      "ups@h:-5",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_name(bad[i], NULL, NULL, 0);
	check_name(NULL, NULL, NULL, 0);
}

static void init_works_once_until_cleanup(void **state)
{
	(void)state;
	assert_int_equal(upscli_init(0, NULL, NULL, NULL), 1);
	assert_int_equal(upscli_init(0, NULL, NULL, NULL), -1);
	assert_int_equal(upscli_cleanup(), 1);
	assert_int_equal(upscli_init(0, NULL, NULL, NULL), 1);
	assert_int_equal(upscli_cleanup(), 1);
}

static void init_with_what_cannot_work_fails_and_can_be_tried_again(void **state)
{
	(void)state;
	assert_int_equal(upscli_init(1, "/nowhere", NULL, NULL), -1);
	assert_int_equal(upscli_init(1, NULL, NULL, NULL), -1);
	assert_int_equal(upscli_init(0, "/nowhere", "me", "secret"), -1);
	assert_int_equal(upscli_init(0, NULL, NULL, NULL), 1);
	assert_int_equal(upscli_cleanup(), 1);
}

/* ---- a server in a thread: takes one connection after the other ---- */

struct server {
	int listener;
	uint16_t port;
	pthread_t thread;
};

static void *serve_one(void *arg)
{
	int fd = (int)(intptr_t)arg;
	FILE *in = fdopen(fd, "r");
	char line[256];

	while (in && fgets(line, sizeof(line), in)) {
		char reply[512] = "ERR UNKNOWN-COMMAND\n";
		unsigned number;

		if (sscanf(line, "GET VAR ups v.%u", &number) == 1)
			snprintf(reply, sizeof(reply), "VAR ups v.%u \"%u\"\n", number, number);
		else if (strcmp(line, "LOGOUT\n") == 0)
			break;
		if (send(fd, reply, strlen(reply), MSG_NOSIGNAL) < 0)
			break;
	}
	if (in)
		fclose(in);
	return NULL;
}

static void *serve(void *arg)
{
	struct server *server = arg;

	for (;;) {
		int fd = accept(server->listener, NULL, NULL);
		pthread_t thread;

		if (fd < 0)
			return NULL;
		if (pthread_create(&thread, NULL, serve_one, (void *)(intptr_t)fd) == 0)
			pthread_detach(thread);
	}
}

static int start_server(void **state)
{
	static struct server server;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	server.listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server.listener, (struct sockaddr *)&at, len) < 0 ||
	    listen(server.listener, 64) < 0 ||
	    getsockname(server.listener, (struct sockaddr *)&at, &len) < 0)
		return -1;
	server.port = ntohs(at.sin_port);
	*state = &server;
	return pthread_create(&server.thread, NULL, serve, &server);
}

static int stop_server(void **state)
{
	struct server *server = *state;

	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
	return 0;
}

enum { ROUNDS = 20, QUESTIONS = 50, THREADS = 6 };

/* Returns the number of answers that were wrong. */
static void *ask_much(void *arg)
{
	const struct server *server = arg;
	intptr_t wrong = 0;

	for (int round = 0; round < ROUNDS; round++) {
		UPSCONN_t ups;

		upscli_add_host_cert("elsewhere", NULL, 0, 0);
		if (upscli_connect(&ups, "127.0.0.1", server->port, UPSCLI_CONN_TRYSSL) < 0) {
			wrong++;
			continue;
		}
		for (int i = 0; i < QUESTIONS; i++) {
			char name[32];
			const char *query[] = {"VAR", "ups", name};
			size_t count;
			char **answer;

			snprintf(name, sizeof(name), "v.%d", i);
			if (upscli_get(&ups, 3, query, &count, &answer) < 0 || count != 4 ||
			    atoi(answer[3]) != i)
				wrong++;
		}
		upscli_disconnect(&ups);
	}
	return (void *)wrong;
}

static void threads_with_connections_of_their_own_do_not_meet(void **state)
{
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_much, *state), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *wrong;

		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_int_equal((intptr_t)wrong, 0);
	}
	upscli_cleanup();
}

static void a_server_that_must_be_secure_is_never_spoken_to_in_the_clear(void **state)
{
	const struct server *server = *state;
	char address[64];
	UPSCONN_t ups;

	snprintf(address, sizeof(address), "127.0.0.1:%u", server->port);
	assert_int_equal(upscli_connect(&ups, "127.0.0.1", server->port, UPSCLI_CONN_REQSSL), -1);
	assert_int_equal(upscli_upserror(&ups), UPSCLI_ERR_SSLFAIL);
	assert_int_equal(upscli_connect(&ups, "127.0.0.1", server->port,
					UPSCLI_CONN_TRYSSL | UPSCLI_CONN_CERTVERIF),
			 -1);
	assert_string_equal(upscli_strerror(&ups), "SSL is not available");
	upscli_add_host_cert(address, NULL, -1, 1);
	assert_int_equal(upscli_connect(&ups, "127.0.0.1", server->port, 0), -1);
	assert_int_equal(upscli_upserror(&ups), UPSCLI_ERR_SSLFAIL);
	assert_int_equal(upscli_fd(&ups), -1);
	upscli_cleanup();
	assert_int_equal(upscli_connect(&ups, "127.0.0.1", server->port, 0), 0);
	assert_int_equal(upscli_ssl(&ups), 0);
	upscli_disconnect(&ups);
}

/* A listener that is full takes no connection and refuses none. */
static void connecting_is_given_up_in_time(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct timeval short_time = {0, 200000};
	UPSCONN_t ups[8];
	int refused = 0;

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 0), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	for (size_t i = 0; i < 8; i++) {
		if (upscli_tryconnect(&ups[i], "127.0.0.1", ntohs(at.sin_port), 0, &short_time) <
		    0) {
			refused++;
			assert_int_equal(upscli_upserror(&ups[i]), UPSCLI_ERR_CONNFAILURE);
			assert_int_equal(ups[i].syserrno, ETIMEDOUT);
		}
	}
	close(listener);
	for (size_t i = 0; i < 8; i++)
		upscli_disconnect(&ups[i]);
	assert_true(refused > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_structure_is_laid_out_as_old_programs_expect),
		cmocka_unit_test(every_error_name_of_the_protocol_has_a_number),
		cmocka_unit_test(every_number_has_a_text),
		cmocka_unit_test(a_stranger_of_a_structure_is_refused_by_every_function),
		cmocka_unit_test(a_name_is_split_into_ups_host_and_port),
		cmocka_unit_test(a_malformed_name_is_refused),
		cmocka_unit_test(init_works_once_until_cleanup),
		cmocka_unit_test(init_with_what_cannot_work_fails_and_can_be_tried_again),
		cmocka_unit_test_setup_teardown(threads_with_connections_of_their_own_do_not_meet,
						start_server, stop_server),
		cmocka_unit_test_setup_teardown(
			a_server_that_must_be_secure_is_never_spoken_to_in_the_clear, start_server,
			stop_server),
		cmocka_unit_test(connecting_is_given_up_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
