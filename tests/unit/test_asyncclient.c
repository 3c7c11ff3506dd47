#include "config.h"

#include <netinet/in.h>
#include <setjmp.h>
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
#include "common/net/listener.h"
#include "common/ups/asyncclient.h"

enum { PATIENCE_MS = 60000, STEP_MS = 100, RULES_MAX = 16 };

/*
 * A server that answers by a script: the last rule whose words a request begins
 * with says what is sent.  NULL = never an answer, "!" = hangs up.
 */
struct rule {
	const char *request, *answer;
};

struct bench {
	struct loop *loop;
	struct resolver *resolver;
	struct listener *listener;
	struct lineconn *server;
	struct asyncclient *client;
	struct rule rules[RULES_MAX];
	size_t rule_count;
	struct buffer requests; /* what the server has got, lines joined by '|' */
	int connections;

	/* what the client told */
	int ups, downs, updates, refusals, replies;
	char why[200], refused_what[64];
	enum netwire_error refused_error, reply_error;
	enum netwire_availability availability;
	char reply[64];
	bool reply_lost;
	bool free_on_update;
};

static void rule(struct bench *b, const char *request, const char *answer)
{
	assert_true(b->rule_count < RULES_MAX);
	b->rules[b->rule_count++] = (struct rule){request, answer};
}

static void on_request(struct lineconn *conn, void *arg, const struct words *w)
{
	struct bench *b = arg;
	struct buffer line = {0};
	const char *answer = "ERR UNKNOWN-COMMAND\n";

	for (size_t i = 0; i < words_count(w); i++)
		buffer_appendf(&line, "%s%s", i ? " " : "", words_at(w, i));
	buffer_append_str(&b->requests, buffer_string(&line));
	buffer_append_char(&b->requests, '|');
	for (size_t i = 0; i < b->rule_count; i++)
		if (str_starts(buffer_string(&line), b->rules[i].request))
			answer = b->rules[i].answer;
	buffer_free(&line);
	if (!answer)
		return;
	if (!str_equal(answer, "!"))
		buffer_append_str(lineconn_out(conn), answer);
	else
		lineconn_finish(conn);
}

static void on_closed(struct lineconn *conn, void *arg, enum lineconn_end why, int err)
{
	struct bench *b = arg;

	(void)why, (void)err;
	if (b->server == conn)
		b->server = NULL;
	lineconn_free(conn);
}

static void on_accepted(void *arg, int fd, const struct sockaddr_storage *peer)
{
	static const struct lineconn_ops ops = {.line = on_request, .closed = on_closed};
	static const struct lineconn_limits limits = {{32, 4096}, 65536};
	struct bench *b = arg;

	(void)peer;
	b->connections++;
	lineconn_free(b->server);
	b->server = lineconn_new(b->loop, fd, &ops, &limits, b);
}

static void on_link(void *arg, enum asyncclient_state state, const char *why)
{
	struct bench *b = arg;

	if (state == ASYNCCLIENT_UP)
		b->ups++;
	if (state == ASYNCCLIENT_IDLE)
		b->downs++;
	str_copy(b->why, sizeof(b->why), why ? why : "");
}

static void on_update(void *arg, enum netwire_availability availability)
{
	struct bench *b = arg;

	b->updates++;
	b->availability = availability;
	if (b->free_on_update) {
		asyncclient_free(b->client);
		b->client = NULL;
	}
}

static void on_refused(void *arg, const char *what, enum netwire_error e)
{
	struct bench *b = arg;

	b->refusals++;
	b->refused_error = e;
	str_copy(b->refused_what, sizeof(b->refused_what), what);
}

static const struct asyncclient_ops ops = {on_link, on_update, on_refused};

static int setup(void **state)
{
	static const struct listener_ops listener_ops = {.accepted = on_accepted};
	struct bench *b = calloc(1, sizeof(*b));
	struct netaddr a;

	assert_non_null(b);
	b->loop = loop_new();
	b->resolver = resolver_new(b->loop);
	assert_non_null(b->resolver);
	assert_true(netaddr_from_numeric("127.0.0.1", 0, &a));
	b->listener = listener_tcp(b->loop, (struct sockaddr *)&a.ss, a.len, &listener_ops, b);
	assert_non_null(b->listener);
	rule(b, "USERNAME", "OK\n");
	rule(b, "PASSWORD", "OK\n");
	rule(b, "LOGIN", "OK\n");
	rule(b, "LOGOUT", "OK Goodbye\n");
	rule(b, "PRIMARY", "OK PRIMARY-GRANTED\n");
	rule(b, "LIST VAR ups",
	     "BEGIN LIST VAR ups\n"
	     "VAR ups battery.charge \"90\"\n"
	     "VAR ups ups.status \"OL CHRG\"\n"
	     "END LIST VAR ups\n");
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	asyncclient_free(b->client);
	lineconn_free(b->server);
	listener_free(b->listener);
	resolver_free(b->resolver);
	loop_free(b->loop);
	buffer_free(&b->requests);
	free(b);
	return 0;
}

/* Limits that no busy machine reaches; tests that want one reached lower it. */
static struct asyncclient_config config(const struct bench *b)
{
	return (struct asyncclient_config){
		.host = "127.0.0.1",
		.port = listener_port(b->listener),
		.ups = "ups",
		.family = AF_UNSPEC,
		.poll_ms = 20,
		.dead_ms = PATIENCE_MS,
		.connect_ms = PATIENCE_MS,
		.retry_ms = 10,
		.retry_max_ms = 40,
	};
}

static void start(struct bench *b, const struct asyncclient_config *cfg)
{
	b->client = asyncclient_new(b->loop, b->resolver, cfg, &ops, b);
	assert_non_null(b->client);
}

static void turn_until_count(struct bench *b, const int *count, int want)
{
	long long until = clock_ms() + PATIENCE_MS;

	while (*count < want && clock_ms() < until)
		loop_turn(b->loop, STEP_MS);
	assert_true(*count >= want);
}

static void turn_until_requested(struct bench *b, const char *text)
{
	long long until = clock_ms() + PATIENCE_MS;

	while (!strstr(buffer_string(&b->requests), text) && clock_ms() < until)
		loop_turn(b->loop, STEP_MS);
	assert_non_null(strstr(buffer_string(&b->requests), text));
}

static void forget_requests(struct bench *b)
{
	buffer_clear(&b->requests);
}

static void push(struct bench *b, const char *text)
{
	assert_non_null(b->server);
	buffer_append_str(lineconn_out(b->server), text);
}

static const char *value(struct bench *b, const char *name)
{
	const char *text = state_get(asyncclient_values(b->client), name);

	return text ? text : "(none)";
}

/* ---------------------------------------------------------------- polling */

static void an_old_server_is_polled(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	start(b, &cfg);
	turn_until_count(b, &b->updates, 3);
	assert_int_equal(b->ups, 1);
	assert_int_equal(b->availability, NETWIRE_AVAIL_OK);
	assert_string_equal(value(b, "ups.status"), "OL CHRG");
	assert_string_equal(value(b, "battery.charge"), "90");
	assert_false(asyncclient_subscribed(b->client));
	assert_true(asyncclient_last_heard_ms(b->client) > 0);
	assert_true(str_starts(buffer_string(&b->requests), "SUBSCRIBE ups|LIST VAR ups|"));

	rule(b, "LIST VAR ups",
	     "BEGIN LIST VAR ups\nVAR ups ups.status \"OB\"\nEND LIST VAR ups\n");
	b->updates = 0;
	turn_until_count(b, &b->updates, 2);
	assert_string_equal(value(b, "ups.status"), "OB");
	assert_string_equal(value(b, "battery.charge"), "(none)");
}

static void a_poll_of_chosen_variables_asks_for_each(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	cfg.no_push = true;
	cfg.variables = "ups.status ups.alarm";
	rule(b, "GET VAR ups ups.status", "VAR ups ups.status \"OL\"\n");
	rule(b, "GET VAR ups ups.alarm", "ERR VAR-NOT-SUPPORTED\n");
	start(b, &cfg);
	turn_until_count(b, &b->updates, 1);
	assert_int_equal(b->availability, NETWIRE_AVAIL_OK);
	assert_string_equal(value(b, "ups.status"), "OL");
	assert_string_equal(value(b, "ups.alarm"), "(none)");
	assert_true(str_starts(buffer_string(&b->requests),
			       "GET VAR ups ups.status|GET VAR ups ups.alarm|"));

	rule(b, "GET VAR", "ERR DATA-STALE\n");
	b->updates = 0;
	turn_until_count(b, &b->updates, 2);
	assert_int_equal(b->availability, NETWIRE_AVAIL_STALE);
	/* The last known value stays. */
	assert_string_equal(value(b, "ups.status"), "OL");

	rule(b, "GET VAR", "ERR DRIVER-NOT-CONNECTED\n");
	b->updates = 0;
	turn_until_count(b, &b->updates, 2);
	assert_int_equal(b->availability, NETWIRE_AVAIL_DISCONNECTED);
	assert_int_equal(b->refusals, 0);
	assert_int_equal(b->downs, 0);
}

static void a_server_that_lets_nobody_read_is_told_once(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	rule(b, "LIST", "ERR ACCESS-DENIED\n");
	start(b, &cfg);
	turn_until_count(b, &b->updates, 3);
	assert_int_equal(b->availability, NETWIRE_AVAIL_STALE);
	assert_int_equal(b->refusals, 1);
	assert_string_equal(b->refused_what, "LIST VAR");
	assert_int_equal(b->refused_error, NETWIRE_ACCESS_DENIED);
}

static void an_unknown_ups_is_told_and_tried_again(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	rule(b, "LIST VAR", "ERR UNKNOWN-UPS\n");
	start(b, &cfg);
	turn_until_count(b, &b->refusals, 2);
	assert_int_equal(b->refused_error, NETWIRE_UNKNOWN_UPS);
	assert_int_equal(b->ups, 0);
	assert_true(b->connections >= 2);
	rule(b, "LIST VAR", "BEGIN LIST VAR ups\nEND LIST VAR ups\n");
	turn_until_count(b, &b->ups, 1);
}

static void strange_lines_in_a_list_are_skipped(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	rule(b, "LIST VAR",
	     "BEGIN LIST VAR ups\n"
	     "VAR ups\n"
	     "VAR ups broken \"un # escaped\"\n"
	     "\n"
	     "VAR ups ups.status \"OL\"\n"
	     "END LIST VAR ups\n");
	start(b, &cfg);
	turn_until_count(b, &b->updates, 2);
	assert_string_equal(value(b, "ups.status"), "OL");
	assert_int_equal(b->downs, 0);
}

/* ------------------------------------------------------------------- push */

static void offer_push(struct bench *b)
{
	rule(b, "SUBSCRIBE ups",
	     "OK SUBSCRIBE ups\n"
	     "EVENT VAR ups ups.status \"OL\"\n"
	     "EVENT STATE ups OK\n"
	     "EVENT SYNC ups\n");
	rule(b, "PING", "PONG\n");
}

static void a_server_with_push_is_subscribed_and_not_polled(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	cfg.patterns = "ups.* battery.charge";
	offer_push(b);
	start(b, &cfg);
	turn_until_count(b, &b->updates, 1);
	assert_true(asyncclient_subscribed(b->client));
	assert_int_equal(asyncclient_state(b->client), ASYNCCLIENT_UP);
	assert_string_equal(value(b, "ups.status"), "OL");
	turn_until_requested(b, "PING|PING|");
	assert_true(str_starts(buffer_string(&b->requests),
			       "SUBSCRIBE ups ups.* battery.charge|PING|"));
	assert_null(strstr(buffer_string(&b->requests), "LIST"));
}

static void a_change_arrives_as_it_happens(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	cfg.poll_ms = 30000;
	offer_push(b);
	start(b, &cfg);
	turn_until_count(b, &b->updates, 1);
	push(b, "EVENT VAR ups ups.status \"OB LB\"\nEVENT VAR ups ups.alarm \"x\"\n");
	turn_until_count(b, &b->updates, 2);
	assert_string_equal(value(b, "ups.status"), "OB LB");
	assert_string_equal(value(b, "ups.alarm"), "x");
	push(b, "EVENT DELVAR ups ups.alarm\nEVENT VAR other ups.status \"OL\"\n");
	turn_until_count(b, &b->updates, 3);
	assert_string_equal(value(b, "ups.alarm"), "(none)");
	assert_string_equal(value(b, "ups.status"), "OB LB");
	push(b, "EVENT STATE ups STALE\n");
	turn_until_count(b, &b->updates, 4);
	assert_int_equal(b->availability, NETWIRE_AVAIL_STALE);
	assert_false(state_fresh(asyncclient_values(b->client)));
}

static void a_ups_that_goes_away_is_looked_for_again(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	offer_push(b);
	start(b, &cfg);
	turn_until_count(b, &b->updates, 1);
	push(b, "EVENT GONE ups\n");
	turn_until_count(b, &b->refusals, 1);
	assert_int_equal(b->refused_error, NETWIRE_UNKNOWN_UPS);
	turn_until_count(b, &b->ups, 2);
}

static void what_was_dropped_while_away_is_dropped_here_too(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	offer_push(b);
	start(b, &cfg);
	turn_until_count(b, &b->updates, 1);
	push(b, "EVENT VAR ups old.one \"1\"\n");
	turn_until_count(b, &b->updates, 2);
	assert_string_equal(value(b, "old.one"), "1");
	asyncclient_reconnect(b->client);
	turn_until_count(b, &b->ups, 2);
	turn_until_count(b, &b->updates, 3);
	assert_string_equal(value(b, "old.one"), "(none)");
	assert_string_equal(value(b, "ups.status"), "OL");
}

/* ------------------------------------------------------------------ login */

static void credentials_login_and_role_go_in_order(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	cfg.user = "joe";
	cfg.password = "a b\"#";
	cfg.login = true;
	cfg.primary = true;
	start(b, &cfg);
	turn_until_count(b, &b->updates, 1);
	assert_true(asyncclient_logged_in(b->client));
	assert_true(asyncclient_is_primary(b->client));
	assert_int_equal(b->refusals, 0);
	assert_true(
		str_starts(buffer_string(&b->requests),
			   "USERNAME joe|PASSWORD a b\"#|LOGIN ups|PRIMARY ups|SUBSCRIBE ups|"));
}

static void a_server_from_before_is_asked_for_master(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	cfg.user = "joe";
	cfg.password = "x";
	cfg.login = cfg.primary = true;
	rule(b, "PRIMARY", "ERR UNKNOWN-COMMAND\n");
	rule(b, "MASTER", "OK MASTER-GRANTED\n");
	start(b, &cfg);
	turn_until_count(b, &b->updates, 1);
	assert_true(asyncclient_is_primary(b->client));
	assert_int_equal(b->refusals, 0);
}

static void a_denied_role_is_told_and_reading_goes_on(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	cfg.user = "joe";
	cfg.password = "x";
	cfg.login = cfg.primary = true;
	rule(b, "PRIMARY", "ERR ACCESS-DENIED\n");
	rule(b, "MASTER", "ERR ACCESS-DENIED\n");
	start(b, &cfg);
	turn_until_count(b, &b->updates, 1);
	assert_true(asyncclient_logged_in(b->client));
	assert_false(asyncclient_is_primary(b->client));
	assert_int_equal(b->refusals, 1);
	assert_string_equal(b->refused_what, "PRIMARY");
	assert_int_equal(b->refused_error, NETWIRE_ACCESS_DENIED);
	assert_string_equal(value(b, "ups.status"), "OL CHRG");
}

static void a_refused_login_is_told_and_reading_goes_on(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	cfg.user = "joe";
	cfg.password = "wrong";
	cfg.login = cfg.primary = true;
	rule(b, "LOGIN", "ERR ACCESS-DENIED\n");
	start(b, &cfg);
	turn_until_count(b, &b->updates, 2);
	assert_false(asyncclient_logged_in(b->client));
	assert_int_equal(b->refusals, 1);
	assert_string_equal(b->refused_what, "LOGIN");
	assert_null(strstr(buffer_string(&b->requests), "PRIMARY"));
	assert_int_equal(b->downs, 0);
}

static void odd_answers_to_the_credentials_do_not_stop_a_login(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	cfg.user = "monuser";
	cfg.password = "secret";
	cfg.login = true;
	rule(b, "USERNAME", "ERR SOMETHING-ODD \"of a NAS\"\n");
	rule(b, "PASSWORD", "Hm?\n");
	start(b, &cfg);
	turn_until_count(b, &b->updates, 1);
	assert_true(asyncclient_logged_in(b->client));
	assert_int_equal(b->refusals, 0);
}

/* --------------------------------------------------------------- bad days */

static void a_server_that_hangs_up_is_called_again(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	start(b, &cfg);
	turn_until_count(b, &b->updates, 1);
	rule(b, "LIST", "!");
	turn_until_count(b, &b->downs, 1);
	assert_string_equal(b->why, "127.0.0.1 closed the connection");
	assert_string_equal(value(b, "ups.status"), "OL CHRG");
	assert_false(state_fresh(asyncclient_values(b->client)));
	turn_until_count(b, &b->downs, 3);
	b->rule_count--;
	turn_until_count(b, &b->ups, 2);
}

static void a_server_that_falls_silent_is_lost_after_the_dead_time(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	cfg.dead_ms = 150;
	offer_push(b);
	start(b, &cfg);
	/* On a machine that stalls for the dead time a first link may be lost as well. */
	turn_until_count(b, &b->ups, 1);
	b->downs = 0;
	rule(b, "PING", NULL);
	turn_until_count(b, &b->downs, 1);
	assert_non_null(strstr(b->why, "has stopped answering"));
}

static void a_server_that_never_answers_is_given_up_in_time(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	cfg.connect_ms = 100;
	rule(b, "SUBSCRIBE", NULL);
	start(b, &cfg);
	turn_until_count(b, &b->downs, 2);
	assert_int_equal(b->ups, 0);
	assert_non_null(strstr(b->why, "does not answer"));
}

static void a_port_where_nobody_listens_is_tried_again(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);
	struct netaddr a;
	socklen_t len = sizeof(a.ss);
	int held = socket(AF_INET, SOCK_STREAM, 0);

	/* Bound, so that nobody else takes it, but not listening. */
	assert_true(netaddr_from_numeric("127.0.0.1", 0, &a));
	assert_int_equal(bind(held, (struct sockaddr *)&a.ss, a.len), 0);
	assert_int_equal(getsockname(held, (struct sockaddr *)&a.ss, &len), 0);
	cfg.port = netaddr_port(&a.ss);
	start(b, &cfg);
	turn_until_count(b, &b->downs, 3);
	assert_non_null(strstr(b->why, "cannot connect to 127.0.0.1"));
	close(held);
}

static void a_name_that_nobody_has_is_told(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	cfg.host = "bad..name";
	start(b, &cfg);
	turn_until_count(b, &b->downs, 2);
	assert_non_null(strstr(b->why, "cannot find host bad..name"));
}

static void answers_to_nothing_are_ignored(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	cfg.poll_ms = 30000;
	offer_push(b);
	start(b, &cfg);
	turn_until_count(b, &b->updates, 1);
	push(b, "OK\nVAR ups ups.status \"forged\"\n\"half\nEVENT NONSENSE\nERR\n\n"
		"EVENT VAR ups ups.status \"OB\"\n");
	turn_until_count(b, &b->updates, 2);
	assert_string_equal(value(b, "ups.status"), "OB");
	assert_int_equal(b->downs, 0);
}

static void the_client_may_be_freed_when_it_tells(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	b->free_on_update = true;
	start(b, &cfg);
	turn_until_count(b, &b->updates, 1);
	assert_null(b->client);
	turn_until_requested(b, "LOGOUT|");
}

/* --------------------------------------------------- requests of the owner */

static void on_reply(void *arg, enum netwire_error e, const struct words *w)
{
	struct bench *b = arg;

	b->replies++;
	b->reply_error = e;
	b->reply_lost = !w;
	str_copy(b->reply, sizeof(b->reply), w ? words_at(w, words_count(w) - 1) : "");
}

static void a_request_of_the_owner_gets_its_answer(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);
	const char *const count[] = {"GET", "NUMLOGINS", "ups"};
	const char *const fsd[] = {"FSD", "ups"};

	rule(b, "GET NUMLOGINS", "NUMLOGINS ups 2\n");
	rule(b, "FSD", "ERR ACCESS-DENIED\n");
	start(b, &cfg);
	assert_false(asyncclient_request(b->client, 3, count, on_reply, b));
	turn_until_count(b, &b->ups, 1);
	assert_true(asyncclient_request(b->client, 3, count, on_reply, b));
	assert_int_equal(b->replies, 0);
	turn_until_count(b, &b->replies, 1);
	assert_int_equal(b->reply_error, NETWIRE_OK);
	assert_string_equal(b->reply, "2");
	assert_true(asyncclient_request(b->client, 2, fsd, on_reply, b));
	turn_until_count(b, &b->replies, 2);
	assert_int_equal(b->reply_error, NETWIRE_ACCESS_DENIED);
}

static void a_request_on_a_lost_link_is_told_as_lost(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);
	const char *const fsd[] = {"FSD", "ups"};

	cfg.poll_ms = 30000;
	rule(b, "FSD", "!");
	start(b, &cfg);
	turn_until_count(b, &b->ups, 1);
	assert_true(asyncclient_request(b->client, 2, fsd, on_reply, b));
	assert_true(asyncclient_request(b->client, 2, fsd, on_reply, b));
	turn_until_count(b, &b->replies, 2);
	assert_true(b->reply_lost);
	assert_int_equal(b->reply_error, NETWIRE_UNKNOWN_ERROR);
}

static void polls_can_be_hastened(void **state)
{
	struct bench *b = *state;
	struct asyncclient_config cfg = config(b);

	cfg.poll_ms = 3600000;
	start(b, &cfg);
	turn_until_count(b, &b->updates, 1);
	forget_requests(b);
	asyncclient_poll_now(b->client);
	turn_until_requested(b, "LIST VAR ups|");
	forget_requests(b);
	asyncclient_set_poll(b->client, 10);
	turn_until_requested(b, "LIST VAR ups|LIST VAR ups|");
}

static void one_stuck_server_does_not_delay_another(void **state)
{
	struct bench *b = *state, *stuck;
	struct asyncclient_config cfg = config(b);
	void *other;

	setup(&other);
	stuck = other;
	/* Connects into the queue of a listener that nobody turns. */
	cfg.port = listener_port(stuck->listener);
	stuck->client = asyncclient_new(b->loop, b->resolver, &cfg, &ops, stuck);
	cfg = config(b);
	start(b, &cfg);
	turn_until_count(b, &b->updates, 5);
	assert_int_equal(stuck->ups, 0);
	teardown(&other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_old_server_is_polled),
		TEST(a_poll_of_chosen_variables_asks_for_each),
		TEST(a_server_that_lets_nobody_read_is_told_once),
		TEST(an_unknown_ups_is_told_and_tried_again),
		TEST(strange_lines_in_a_list_are_skipped),
		TEST(a_server_with_push_is_subscribed_and_not_polled),
		TEST(a_change_arrives_as_it_happens),
		TEST(a_ups_that_goes_away_is_looked_for_again),
		TEST(what_was_dropped_while_away_is_dropped_here_too),
		TEST(credentials_login_and_role_go_in_order),
		TEST(a_server_from_before_is_asked_for_master),
		TEST(a_denied_role_is_told_and_reading_goes_on),
		TEST(a_refused_login_is_told_and_reading_goes_on),
		TEST(odd_answers_to_the_credentials_do_not_stop_a_login),
		TEST(a_server_that_hangs_up_is_called_again),
		TEST(a_server_that_falls_silent_is_lost_after_the_dead_time),
		TEST(a_server_that_never_answers_is_given_up_in_time),
		TEST(a_port_where_nobody_listens_is_tried_again),
		TEST(a_name_that_nobody_has_is_told),
		TEST(answers_to_nothing_are_ignored),
		TEST(the_client_may_be_freed_when_it_tells),
		TEST(a_request_of_the_owner_gets_its_answer),
		TEST(a_request_on_a_lost_link_is_told_as_lost),
		TEST(polls_can_be_hastened),
		TEST(one_stuck_server_does_not_delay_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
