#include "config.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clients/fleet/fleet.h"
#include "common/base/clock.h"
#include "common/base/str.h"
#include "common/net/lineconn.h"
#include "common/net/listener.h"
#include "common/ups/netwire.h"

enum { PATIENCE_MS = 60000, STEP_MS = 100, LINKS_MAX = 16 };

/* A server with two UPSes and their values, which hangs up when told. */
struct bench {
	struct loop *loop;
	struct resolver *resolver;
	struct listener *listener;
	struct fleet *fleet;
	struct lineconn *links[LINKS_MAX];
	const char *list;   /* the lines of LIST UPS */
	const char *status; /* of every UPS; NULL = ERR DATA-STALE */
	struct buffer told; /* "+id", "-id" */
	int changes;
};

static void answer(struct bench *b, struct buffer *out, const struct words *w)
{
	const char *ups = words_at(w, 2);

	if (words_count(w) == 2 && str_equal(words_at(w, 0), "LIST"))
		buffer_appendf(out, "BEGIN LIST UPS\n%sEND LIST UPS\n", b->list);
	else if (str_equal(words_at(w, 1), "UPSDESC"))
		buffer_appendf(out, "UPSDESC %s \"asked for\"\n", ups);
	else if (!str_equal(words_at(w, 0), "LIST"))
		buffer_append_str(out, "ERR UNKNOWN-COMMAND\n");
	else if (str_equal(ups, "nobody"))
		buffer_append_str(out, "ERR UNKNOWN-UPS\n");
	else if (str_equal(ups, "secret"))
		buffer_append_str(out, "ERR ACCESS-DENIED\n");
	else if (!b->status)
		buffer_append_str(out, "ERR DATA-STALE\n");
	else
		buffer_appendf(out,
			       "BEGIN LIST VAR %s\nVAR %s ups.status \"%s\"\nEND LIST VAR %s\n",
			       ups, ups, b->status, ups);
}

static void on_request(struct lineconn *conn, void *arg, const struct words *w)
{
	answer(arg, lineconn_out(conn), w);
}

static void on_closed(struct lineconn *conn, void *arg, enum lineconn_end why, int err)
{
	struct bench *b = arg;

	(void)why, (void)err;
	for (size_t i = 0; i < LINKS_MAX; i++)
		if (b->links[i] == conn)
			b->links[i] = NULL;
	lineconn_free(conn);
}

static void on_accepted(void *arg, int fd, const struct sockaddr_storage *peer)
{
	static const struct lineconn_ops ops = {.line = on_request, .closed = on_closed};
	static const struct lineconn_limits limits = {{32, 4096}, 65536};
	struct bench *b = arg;
	size_t i = 0;

	(void)peer;
	while (i < LINKS_MAX && b->links[i])
		i++;
	assert_true(i < LINKS_MAX);
	b->links[i] = lineconn_new(b->loop, fd, &ops, &limits, b);
}

static void on_added(void *arg, struct fleet_device *d)
{
	struct bench *b = arg;

	buffer_appendf(&b->told, "+%s ", fleet_device_ups(d));
	fleet_device_set_mark(d, b);
}

static void on_changed(void *arg, struct fleet_device *d)
{
	struct bench *b = arg;

	assert_ptr_equal(fleet_device_mark(d), b);
	b->changes++;
}

static void on_removed(void *arg, struct fleet_device *d)
{
	struct bench *b = arg;

	buffer_appendf(&b->told, "-%s ", fleet_device_ups(d));
}

static int setup(void **state)
{
	static const struct listener_ops listener_ops = {.accepted = on_accepted};
	static const struct fleet_ops fleet_ops = {on_added, on_changed, on_removed};
	struct bench *b = calloc(1, sizeof(*b));
	struct netaddr a;

	assert_non_null(b);
	b->loop = loop_new();
	b->resolver = resolver_new(b->loop);
	assert_true(netaddr_from_numeric("127.0.0.1", 0, &a));
	b->listener = listener_tcp(b->loop, (struct sockaddr *)&a.ss, a.len, &listener_ops, b);
	b->fleet = fleet_new(b->loop, b->resolver, 20, 20, &fleet_ops, b);
	assert_non_null(b->fleet);
	b->list = "UPS b \"the second\"\nUPS a \"the first\"\n";
	b->status = "OL";
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	fleet_free(b->fleet);
	for (size_t i = 0; i < LINKS_MAX; i++)
		lineconn_free(b->links[i]);
	listener_free(b->listener);
	resolver_free(b->resolver);
	loop_free(b->loop);
	buffer_free(&b->told);
	free(b);
	return 0;
}

static void watch(struct bench *b, const char *ups, const char *text)
{
	struct fleet_site site = {
		.ups = ups, .host = "127.0.0.1", .port = listener_port(b->listener), .text = text};

	assert_true(fleet_watch(b->fleet, &site));
}

static void wait_told(struct bench *b, const char *text)
{
	long long until = clock_ms() + PATIENCE_MS;

	while (!str_equal(buffer_string(&b->told), text) && clock_ms() < until)
		loop_turn(b->loop, STEP_MS);
	assert_string_equal(buffer_string(&b->told), text);
}

static void wait_condition(struct bench *b, const struct fleet_device *d, enum fleet_condition c)
{
	long long until = clock_ms() + PATIENCE_MS;

	while (fleet_device_condition(d) != c && clock_ms() < until)
		loop_turn(b->loop, STEP_MS);
	assert_string_equal(fleet_condition_word(fleet_device_condition(d)),
			    fleet_condition_word(c));
}

static void all_of_a_server_come_and_go_in_order(void **state)
{
	struct bench *b = *state;

	watch(b, "*", NULL);
	wait_told(b, "+a +b ");
	assert_string_equal(fleet_device_text(fleet_at(b->fleet, 0)), "the first");
	b->list = "UPS c \"\"\nUPS b \"renamed\"\n";
	wait_told(b, "+a +b -a +c ");
	assert_int_equal(fleet_count(b->fleet), 2);
	assert_string_equal(fleet_device_text(fleet_at(b->fleet, 0)), "renamed");
	assert_string_equal(fleet_device_ups(fleet_at(b->fleet, 1)), "c");
	assert_null(fleet_at(b->fleet, 2));
	for (size_t i = 0; i < 2; i++) {
		struct fleet_device *d = fleet_at(b->fleet, i);

		assert_ptr_equal(fleet_find(b->fleet, fleet_device_id(d)), d);
	}
}

static void values_and_conditions_are_those_of_the_server(void **state)
{
	struct bench *b = *state;
	struct fleet_device *d;

	watch(b, "a", NULL);
	d = fleet_at(b->fleet, 0);
	assert_int_equal(fleet_device_condition(d), FLEET_CONNECTING);
	wait_condition(b, d, FLEET_OK);
	assert_string_equal(state_get(fleet_device_values(d), "ups.status"), "OL");
	b->status = NULL;
	wait_condition(b, d, FLEET_STALE);
	assert_true(strlen(fleet_device_why(d)) > 0);
	b->status = "OB";
	wait_condition(b, d, FLEET_OK);
	assert_string_equal(fleet_device_why(d), "");
	assert_string_equal(state_get(fleet_device_values(d), "ups.status"), "OB");
	assert_string_equal(fleet_device_text(d), "asked for");
	assert_true(b->changes >= 3);
}

static void a_refusal_and_an_unknown_ups_are_told_apart(void **state)
{
	struct bench *b = *state;

	watch(b, "secret", "text of ours");
	watch(b, "nobody", NULL);
	wait_condition(b, fleet_at(b->fleet, 0), FLEET_REFUSED);
	wait_condition(b, fleet_at(b->fleet, 1), FLEET_UNREACHABLE);
	assert_string_equal(fleet_device_text(fleet_at(b->fleet, 0)), "text of ours");
	assert_non_null(strstr(fleet_device_why(fleet_at(b->fleet, 0)), "ACCESS-DENIED"));
	assert_non_null(strstr(fleet_device_why(fleet_at(b->fleet, 1)), "nobody"));
}

static void a_ups_of_two_sites_is_watched_once(void **state)
{
	struct bench *b = *state;

	watch(b, "b", NULL);
	watch(b, NULL, NULL);
	watch(b, "b", NULL);
	wait_told(b, "+b +a ");
	assert_int_equal(fleet_count(b->fleet), 2);
	assert_int_equal(fleet_site_count(b->fleet), 3);
	assert_null(fleet_site_at(b->fleet, 1)->ups);
	assert_string_equal(fleet_site_why(b->fleet, 1), "");
}

static void a_server_that_is_away_is_told(void **state)
{
	struct bench *b = *state;
	long long until = clock_ms() + PATIENCE_MS;
	struct fleet_device *d;

	watch(b, "a", NULL);
	watch(b, "*", NULL);
	d = fleet_at(b->fleet, 0);
	wait_condition(b, d, FLEET_OK);
	listener_free(b->listener);
	b->listener = NULL;
	for (size_t i = 0; i < LINKS_MAX; i++)
		if (b->links[i])
			lineconn_finish(b->links[i]);
	wait_condition(b, d, FLEET_UNREACHABLE);
	/* What was known is kept. */
	assert_string_equal(state_get(fleet_device_values(d), "ups.status"), "OL");
	while (!*fleet_site_why(b->fleet, 1) && clock_ms() < until)
		loop_turn(b->loop, STEP_MS);
	assert_true(strlen(fleet_site_why(b->fleet, 1)) > 0);
}

static void ids_are_what_upsc_takes(void **state)
{
	struct bench *b = *state;
	static const struct {
		const char *host;
		unsigned port;
		const char *id;
	} samples[] = {{"h", 3493, "u@h"}, {"h", 4000, "u@h:4000"}, {"::1", 3493, "u@[::1]"}};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct fleet_site site = {
			.ups = "u", .host = samples[i].host, .port = samples[i].port};
		struct netwire_target t;
		const char *why;

		assert_true(fleet_watch(b->fleet, &site));
		assert_non_null(fleet_find(b->fleet, samples[i].id));
		assert_true(netwire_parse_target(samples[i].id, &t, &why));
		assert_string_equal(t.host, samples[i].host);
		assert_int_equal(t.port, samples[i].port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_of_a_server_come_and_go_in_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(values_and_conditions_are_those_of_the_server,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_refusal_and_an_unknown_ups_are_told_apart, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_ups_of_two_sites_is_watched_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_server_that_is_away_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(ids_are_what_upsc_takes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
