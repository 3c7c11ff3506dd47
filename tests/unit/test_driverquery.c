#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/ups/driverquery.h"

enum { PATIENCE_MS = 60000, SHORT_MS = 50 };

/* A driver of one connection: for each line that begins so, it answers that; @ is the tracking id.
 */
struct answer {
	const char *request, *reply;
};

struct fake {
	char dir[32], path[64];
	int listener;
	pthread_t thread;
	const struct answer *answers;
	char heard[1024];
};

static const char *last_word(const char *line)
{
	const char *space = strrchr(line, ' ');

	return space ? space + 1 : line;
}

static void reply(FILE *f, const char *line, const struct answer *a)
{
	for (const char *p = a->reply; *p; p++) {
		if (*p == '@')
			fputs(last_word(line), f);
		else
			fputc(*p, f);
	}
	fflush(f);
}

static void *serve(void *arg)
{
	struct fake *k = arg;
	int fd = accept(k->listener, NULL, NULL);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r+");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strlen(k->heard) + strlen(line) + 2 < sizeof(k->heard)) {
			strncat(k->heard, line, sizeof(k->heard) - strlen(k->heard) - 1);
			strncat(k->heard, "\n", sizeof(k->heard) - strlen(k->heard) - 1);
		}
		for (const struct answer *a = k->answers; a->request; a++) {
			if (strncmp(line, a->request, strlen(a->request)) != 0)
				continue;
			if (!a->reply)
				goto out;
			fseek(f, 0, SEEK_CUR);
			reply(f, line, a);
			break;
		}
	}
out:
	if (f)
		fclose(f);
	return NULL;
}

static void start(struct fake *k, const struct answer *answers)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	memset(k, 0, sizeof(*k));
	k->answers = answers;
	strcpy(k->dir, "/tmp/test_query.XXXXXX");
	assert_non_null(mkdtemp(k->dir));
	snprintf(k->path, sizeof(k->path), "%s/drv-ups", k->dir);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", k->path);
	k->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(k->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(k->listener, 4), 0);
	assert_int_equal(pthread_create(&k->thread, NULL, serve, k), 0);
}

static void stop(struct fake *k)
{
	pthread_join(k->thread, NULL);
	close(k->listener);
	unlink(k->path);
	rmdir(k->dir);
}

static void a_driver_is_asked_for_its_pid_and_values(void **state)
{
	static const struct answer answers[] = {
		{"PING", "SETINFO a \"1\"\nPONG\n"},
		{"GETPID", "PID 4711\n"},
		{"DUMPVALUE ups.status", "SETINFO ups.status \"OL \\\"x\\\"\"\nDATAOK\nDUMPDONE\n"},
		{"DUMPVALUE", "DATASTALE\nDUMPDONE\n"},
		{NULL, NULL},
	};
	struct fake k;
	char value[64];

	(void)state;
	start(&k, answers);

	struct driverquery *q = driverquery_open(k.path, PATIENCE_MS);

	assert_non_null(q);
	assert_int_equal(driverquery_ping(q, PATIENCE_MS), 0);
	assert_int_equal(driverquery_pid(q, PATIENCE_MS), 4711);
	assert_int_equal(driverquery_value(q, "ups.status", value, sizeof(value), PATIENCE_MS), 0);
	assert_string_equal(value, "OL \"x\"");
	assert_int_equal(driverquery_value(q, "ups.status", value, 3, PATIENCE_MS), -1);
	assert_int_equal(driverquery_value(q, "none", value, sizeof(value), PATIENCE_MS), -1);
	driverquery_close(q);
	stop(&k);
	assert_string_equal(k.heard, "NOBROADCAST\nPING\nGETPID\nDUMPVALUE ups.status\n"
				     "DUMPVALUE ups.status\nDUMPVALUE none\nLOGOUT\n");
}

static void commands_wait_for_their_own_result(void **state)
{
	static const struct answer answers[] = {
		{"INSTCMD driver.reload", "TRACKING other 1\nSETINFO a \"1\"\nTRACKING @ 0\n"},
		{"INSTCMD load.off \"a b\"", "TRACKING @ 3\n"},
		{"SET ups.id", "TRACKING @ 2\n"},
		{NULL, NULL},
	};
	struct fake k;

	(void)state;
	start(&k, answers);

	struct driverquery *q = driverquery_open(k.path, PATIENCE_MS);

	assert_int_equal(driverquery_instcmd(q, "driver.reload", NULL, PATIENCE_MS), 0);
	assert_int_equal(driverquery_instcmd(q, "load.off", "a b", -1), 3);
	assert_int_equal(driverquery_set(q, "ups.id", "x\"y", PATIENCE_MS), 2);
	driverquery_close(q);
	stop(&k);
	assert_non_null(strstr(k.heard, "SET ups.id \"x\\\"y\" TRACKING "));
}

static void a_silent_driver_costs_no_more_than_the_time_given(void **state)
{
	static const struct answer answers[] = {{NULL, NULL}};
	struct fake k;
	char value[8];

	(void)state;
	start(&k, answers);

	struct driverquery *q = driverquery_open(k.path, PATIENCE_MS);

	assert_int_equal(driverquery_ping(q, SHORT_MS), -1);
	assert_int_equal(driverquery_pid(q, SHORT_MS), -1);
	assert_int_equal(driverquery_value(q, "a", value, sizeof(value), SHORT_MS), -1);
	assert_int_equal(driverquery_instcmd(q, "load.off", NULL, SHORT_MS), -1);
	driverquery_close(q);
	stop(&k);
}

static void a_driver_that_goes_ends_the_dialog(void **state)
{
	static const struct answer answers[] = {{"PING", NULL}, {NULL, NULL}};
	struct fake k;

	(void)state;
	start(&k, answers);

	struct driverquery *q = driverquery_open(k.path, PATIENCE_MS);

	assert_int_equal(driverquery_ping(q, -1), -1);
	assert_int_equal(driverquery_set(q, "a", "b", -1), -1);
	driverquery_close(q);
	stop(&k);
}

static void where_nobody_listens_nothing_opens(void **state)
{
	char path[400];

	(void)state;
	assert_null(driverquery_open("/nonexistent/drv-ups", SHORT_MS));
	assert_int_equal(errno, ENOENT);
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_null(driverquery_open(path, SHORT_MS));
	assert_int_equal(errno, ENAMETOOLONG);
	driverquery_close(NULL);
}

static void a_driver_that_never_accepts_is_given_up(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/tmp/test_query_full.XXXXXX"};
	struct driverquery *open[8] = {NULL};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), n = 0;

	(void)state;
	assert_true(close(mkstemp(a.sun_path)) == 0);
	unlink(a.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(listener, 1), 0);
	while (n < 8 && (open[n] = driverquery_open(a.sun_path, SHORT_MS)))
		n++;
	assert_in_range(n, 1, 7);
	assert_int_equal(errno, ETIMEDOUT);
	while (n > 0)
		driverquery_close(open[--n]);
	close(listener);
	unlink(a.sun_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_driver_is_asked_for_its_pid_and_values),
		cmocka_unit_test(commands_wait_for_their_own_result),
		cmocka_unit_test(a_silent_driver_costs_no_more_than_the_time_given),
		cmocka_unit_test(a_driver_that_goes_ends_the_dialog),
		cmocka_unit_test(where_nobody_listens_nothing_opens),
		cmocka_unit_test(a_driver_that_never_accepts_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
