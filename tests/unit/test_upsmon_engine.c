/*
 * The engine with servers that the test plays: asyncclient's functions are
 * defined here, so that links go up and down and values come in as each story
 * wants it, in virtual time.  The privileged parent is the other end of a
 * socket pair: what counts is whether it is ever told to shut down.
 */
#include "config.h"

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

#include "clients/upsmon/engine_impl.h"
#include "common/base/clock.h"
#include "common/base/str.h"

/* ---------------------------------------------------------- played servers */

struct asyncclient {
	struct asyncclient *next;
	char ups[64];
	char password[64];
	const struct asyncclient_ops *ops;
	void *arg;
	struct state *values;
	enum asyncclient_state state;
	bool logged_in;
	unsigned poll_ms, dead_ms;
	long long heard_ms;
	int reconnects;
	char request[64]; /* the last one */
	asyncclient_reply_fn *done;
	void *done_arg;
};

static struct asyncclient *clients;
static int freed;

struct asyncclient *asyncclient_new(struct loop *l, struct resolver *r,
				    const struct asyncclient_config *cfg,
				    const struct asyncclient_ops *ops, void *arg)
{
	struct asyncclient *c = calloc(1, sizeof(*c));

	(void)l;
	(void)r;
	assert_non_null(c);
	str_copy(c->ups, sizeof(c->ups), cfg->ups);
	str_copy(c->password, sizeof(c->password), cfg->password);
	c->ops = ops;
	c->arg = arg;
	c->values = state_new();
	c->poll_ms = cfg->poll_ms;
	c->dead_ms = cfg->dead_ms;
	c->next = clients;
	clients = c;
	return c;
}

void asyncclient_free(struct asyncclient *c)
{
	if (!c)
		return;
	for (struct asyncclient **p = &clients; *p; p = &(*p)->next) {
		if (*p == c) {
			*p = c->next;
			break;
		}
	}
	freed++;
	state_free(c->values);
	free(c);
}

const struct state *asyncclient_values(const struct asyncclient *c)
{
	return c->values;
}

enum asyncclient_state asyncclient_state(const struct asyncclient *c)
{
	return c->state;
}

bool asyncclient_logged_in(const struct asyncclient *c)
{
	return c->logged_in;
}

bool asyncclient_secure(const struct asyncclient *c)
{
	(void)c;
	return false;
}

void asyncclient_set_tls(struct asyncclient *c, struct tlspolicy *tls)
{
	(void)c;
	(void)tls;
}

bool asyncclient_subscribed(const struct asyncclient *c)
{
	(void)c;
	return true;
}

long long asyncclient_last_heard_ms(const struct asyncclient *c)
{
	return c->heard_ms;
}

void asyncclient_set_poll(struct asyncclient *c, unsigned poll_ms)
{
	c->poll_ms = poll_ms;
}

void asyncclient_reconnect(struct asyncclient *c)
{
	c->reconnects++;
	c->state = ASYNCCLIENT_IDLE;
}

bool asyncclient_request(struct asyncclient *c, size_t count, const char *const *words,
			 asyncclient_reply_fn *done, void *arg)
{
	if (c->state != ASYNCCLIENT_UP)
		return false;
	c->request[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(c->request);

		str_format(c->request + used, sizeof(c->request) - used, "%s%s", i ? " " : "",
			   words[i]);
	}
	c->done = done;
	c->done_arg = arg;
	return true;
}

static struct asyncclient *client(const char *ups)
{
	for (struct asyncclient *c = clients; c; c = c->next) {
		if (!strcmp(c->ups, ups))
			return c;
	}
	return NULL;
}

/* The server says: status and all is well. */
static void say(const char *ups, const char *status)
{
	struct asyncclient *c = client(ups);

	assert_non_null(c);
	if (c->state != ASYNCCLIENT_UP) {
		c->state = ASYNCCLIENT_UP;
		c->logged_in = true;
		c->ops->link(c->arg, ASYNCCLIENT_UP, NULL);
	}
	c->heard_ms = clock_ms();
	state_set(c->values, "ups.status", status);
	c->ops->update(c->arg, NETWIRE_AVAIL_OK);
}

static void hang_up(const char *ups)
{
	struct asyncclient *c = client(ups);

	c->state = ASYNCCLIENT_IDLE;
	c->ops->link(c->arg, ASYNCCLIENT_IDLE, "Connection refused");
}

static void answer(const char *ups, const char *line)
{
	static const struct words_limits limits = {.max_words = 16, .max_line = 256};
	struct asyncclient *c = client(ups);
	asyncclient_reply_fn *done = c->done;
	struct words *w = words_new(WORDS_WIRE, &limits);
	size_t len = strlen(line);

	assert_non_null(w);
	assert_non_null(done);
	c->done = NULL;
	assert_int_equal(words_feed(w, &line, &len), WORDS_LINE);
	if (!strcmp(words_at(w, 0), "ERR"))
		done(c->done_arg, netwire_error_of(words_at(w, 1)), w);
	else
		done(c->done_arg, NETWIRE_OK, w);
	words_free(w);
}

/* ------------------------------------------------------------------ a host */

static struct {
	char path[64];
	struct engine *engine;
	int parent;  /* the privileged parent's end */
	int decided; /* seconds that the parent was given */
	char logged[65536];
} t;

static void keep_log(void *arg, enum log_level level, const char *token, const char *text)
{
	size_t used = strlen(t.logged);

	(void)arg;
	(void)level;
	str_format(t.logged + used, sizeof(t.logged) - used, "%s: %s\n", token, text);
}

static void write_conf(const char *text)
{
	FILE *f = fopen(t.path, "w");

	assert_non_null(f);
	fputs(text, f);
	/* A test is no reason to write on people's terminals. */
	for (int i = 0; i < NOTICE_COUNT; i++)
		fprintf(f, "NOTIFYFLAG %s SYSLOG\n", notice_name((enum notice)i));
	fputs("SHUTDOWNCMD /bin/false\nFINALDELAY 0\nPOLLFREQALERT 1\nPOLLFREQ 2\nDEADTIME 15\n"
	      "HOSTSYNC 10\n",
	      f);
	fclose(f);
}

static int begin(void **state)
{
	int fd;

	(void)state;
	memset(&t, 0, sizeof(t));
	str_copy(t.path, sizeof(t.path), "/tmp/upsmonXXXXXX");
	fd = mkstemp(t.path);
	assert_true(fd >= 0);
	close(fd);
	log_set_sink(keep_log, NULL);
	clock_fake(true, 1000000);
	freed = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	engine_free(t.engine);
	assert_null(clients);
	close(t.parent);
	unlink(t.path);
	clock_fake(false, 0);
	log_set_sink(NULL, NULL);
	return 0;
}

static void start(const char *text)
{
	static char command[] = "/bin/false", *commands[] = {command, NULL};
	struct engine_options o = {.conf_path = t.path, .connect_ms = 10000};
	struct conf_report report = {.emit = NULL};
	struct upsmon_conf conf;
	int ends[2];

	write_conf(text);
	assert_int_equal(upsmon_conf_read(&conf, t.path, &report), 0);
	assert_int_equal(report.errors, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	o.parent_fd = ends[0];
	o.orders.commands = commands;
	o.orders.command_count = 1;
	t.parent = ends[1];
	t.engine = engine_new(&o, &conf);
	assert_non_null(t.engine);
	upsmon_conf_free(&conf);
}

static void pass(int seconds)
{
	for (int i = 0; i < seconds; i++) {
		clock_fake_advance(1000);
		for (struct asyncclient *c = clients; c; c = c->next) {
			if (c->state == ASYNCCLIENT_UP)
				c->heard_ms = clock_ms();
		}
		engine_tick(t.engine);
	}
}

/* Whether the parent was told to shut down. */
static bool shut_down(void)
{
	struct priv_message m;

	while (recv(t.parent, &m, sizeof(m), MSG_DONTWAIT) == sizeof(m)) {
		if (m.type == PRIV_SHUTDOWN)
			return true;
		assert_int_equal(m.type, PRIV_DECIDED);
		t.decided = m.value;
	}
	return false;
}

static void expect_logged(const char *part)
{
	if (!strstr(t.logged, part))
		fail_msg("not logged: %s\nlogged:\n%s", part, t.logged);
}

#define ONE_PRIMARY   "MONITOR ups@a 1 user pass primary\n"
#define ONE_SECONDARY "MONITOR ups@a 1 user pass secondary\n"

/* ------------------------------------------------------------------ stories */

static void a_primary_sets_fsd_waits_for_nobody_and_shuts_down(void **state)
{
	(void)state;
	start(ONE_PRIMARY);
	say("ups", "OL");
	pass(5);
	say("ups", "OB");
	pass(60);
	assert_false(shut_down());
	say("ups", "OB LB");
	assert_string_equal(client("ups")->request, "FSD ups");
	answer("ups", "OK FSD-SET\n");
	assert_string_equal(client("ups")->request, "GET NUMLOGINS ups");
	answer("ups", "NUMLOGINS ups 1\n");
	pass(1);
	assert_true(shut_down());
	assert_int_equal(t.decided, 5 + 10 + 0 + 5); /* FSD, HOSTSYNC, FINALDELAY, and then some */
	expect_logged("UPS ups@a: forced shutdown in progress");
	expect_logged("why: shutdown: UPS ups@a (primary, power value 1): status [OB LB]");
	expect_logged("Auto logout and shutdown proceeding");
}

static void a_primary_waits_for_a_secondary_and_no_longer_than_hostsync(void **state)
{
	(void)state;
	start(ONE_PRIMARY);
	say("ups", "OB LB");
	answer("ups", "OK FSD-SET\n");
	for (int i = 0; i < 10; i++) {
		answer("ups", "NUMLOGINS ups 2\n");
		pass(1);
		assert_false(shut_down());
	}
	answer("ups", "NUMLOGINS ups 2\n");
	pass(2);
	assert_true(shut_down());
	expect_logged("Host sync timer expired, forcing shutdown");
}

static void a_refused_fsd_does_not_stop_the_shutdown(void **state)
{
	(void)state;
	start(ONE_PRIMARY);
	say("ups", "OB LB");
	answer("ups", "ERR ACCESS-DENIED\n");
	answer("ups", "ERR DATA-STALE\n");
	pass(1);
	assert_true(shut_down());
	expect_logged("FSD set on UPS ups@a failed: ACCESS-DENIED");
}

static void stopped_with_all_links_lost_it_decides_nothing(void **state)
{
	(void)state;
	start("MONITOR ups@a 1 u p secondary\nMONITOR two@b 1 u p primary\n");
	say("ups", "OB BYPASS");
	say("two", "OB LB OFF");
	engine_stop(t.engine);
	hang_up("ups");
	hang_up("two");
	pass(3600);
	assert_false(shut_down());
	engine_user_fsd(t.engine);
	pass(10);
	assert_false(shut_down());
}

static void stopped_while_it_waits_for_secondaries_it_shuts_down_nothing(void **state)
{
	(void)state;
	start(ONE_PRIMARY);
	say("ups", "OB LB");
	answer("ups", "OK FSD-SET\n");
	engine_stop(t.engine);
	answer("ups", "NUMLOGINS ups 2\n");
	engine_free(t.engine);
	t.engine = NULL;
	assert_false(shut_down());
	expect_logged("SHUTDOWNCMD is not run");
}

/* The link goes, and with it the question that was on its way. */
static void lose_question(const char *ups)
{
	struct asyncclient *c = client(ups);
	asyncclient_reply_fn *done = c->done;

	assert_non_null(done);
	c->done = NULL;
	c->state = ASYNCCLIENT_IDLE;
	done(c->done_arg, NETWIRE_UNKNOWN_ERROR, NULL);
	c->ops->link(c->arg, ASYNCCLIENT_IDLE, "the server has closed the connection");
}

static void connects(const char *ups)
{
	struct asyncclient *c = client(ups);

	c->state = ASYNCCLIENT_CONNECTING;
	c->ops->link(c->arg, ASYNCCLIENT_CONNECTING, NULL);
}

static void an_fsd_whose_link_broke_is_sent_again(void **state)
{
	(void)state;
	start(ONE_PRIMARY);
	say("ups", "OB LB");
	assert_string_equal(client("ups")->request, "FSD ups");
	lose_question("ups");
	assert_int_equal(client("ups")->reconnects, 1);
	pass(1);
	assert_false(shut_down());
	connects("ups");
	say("ups", "OB LB FSD");
	assert_string_equal(client("ups")->request, "FSD ups");
	answer("ups", "OK FSD-SET\n");
	/* The secondaries of a new link are counted for a while. */
	answer("ups", "NUMLOGINS ups 1\n");
	pass(1);
	assert_false(shut_down());
	answer("ups", "NUMLOGINS ups 2\n");
	pass(5);
	assert_false(shut_down());
	answer("ups", "NUMLOGINS ups 1\n");
	pass(7);
	assert_true(shut_down());
}

static void an_fsd_whose_server_is_gone_is_not_waited_for(void **state)
{
	(void)state;
	start(ONE_PRIMARY);
	say("ups", "OB LB");
	lose_question("ups");
	connects("ups");
	hang_up("ups");
	pass(1);
	assert_true(shut_down());
	expect_logged("FSD set on UPS ups@a failed: not connected");
}

static void a_count_whose_link_broke_is_made_again(void **state)
{
	(void)state;
	start(ONE_PRIMARY);
	say("ups", "OB LB");
	answer("ups", "OK FSD-SET\n");
	lose_question("ups");
	pass(1);
	assert_false(shut_down());
	connects("ups");
	say("ups", "OB LB FSD");
	pass(1);
	assert_string_equal(client("ups")->request, "GET NUMLOGINS ups");
	answer("ups", "NUMLOGINS ups 2\n");
	pass(3);
	assert_false(shut_down());
}

static void what_an_old_link_still_says_after_a_sleep_is_not_believed(void **state)
{
	(void)state;
	start(ONE_PRIMARY);
	say("ups", "OB");
	pass(3);
	clock_fake_advance(3600 * 1000);
	say("ups", "OB LB"); /* it was in the line when the host went to sleep */
	assert_string_equal(client("ups")->request, "");
	expect_logged("The clock jumped by 3600 s");
	assert_true(loop_turn(t.engine->loop, 0) == 0);
	assert_int_equal(client("ups")->reconnects, 1);
	connects("ups");
	say("ups", "OL");
	pass(60);
	assert_false(shut_down());
	say("ups", "OB LB");
	assert_string_equal(client("ups")->request, "FSD ups");
}

static void a_host_that_slept_on_battery_asks_again_before_it_decides(void **state)
{
	(void)state;
	start(ONE_SECONDARY);
	say("ups", "OB BYPASS");
	pass(3);
	clock_fake_advance(3600 * 1000);
	hang_up("ups"); /* the server gave us up meanwhile */
	assert_true(loop_turn(t.engine->loop, 0) == 0);
	pass(60);
	assert_false(shut_down());
	expect_logged("The clock jumped by 3600 s");
	say("ups", "OB BYPASS");
	pass(60);
	assert_false(shut_down());
	hang_up("ups");
	pass(4);
	assert_true(shut_down());
}

static void stale_data_count_as_a_loss(void **state)
{
	struct asyncclient *c;

	(void)state;
	start(ONE_SECONDARY);
	say("ups", "OB");
	c = client("ups");
	c->ops->update(c->arg, NETWIRE_AVAIL_STALE);
	expect_logged("Communications with UPS ups@a lost");
	pass(14);
	assert_false(shut_down());
	pass(3);
	assert_true(shut_down());
}

static void a_reading_without_status_counts_as_a_loss(void **state)
{
	(void)state;
	start(ONE_SECONDARY);
	say("ups", "OL");
	say("ups", "");
	expect_logged("it has no ups.status");
	expect_logged("Communications with UPS ups@a lost");
	pass(100);
	assert_false(shut_down());
}

static void a_restarted_server_costs_nothing(void **state)
{
	(void)state;
	start(ONE_PRIMARY);
	for (int i = 0; i < 5; i++) {
		say("ups", "ALARM OB BYPASS CAL");
		pass(20);
		hang_up("ups");
		pass(2);
	}
	say("ups", "OL");
	pass(100);
	assert_false(shut_down());
}

static void shutdown_by_hand_needs_no_reason(void **state)
{
	(void)state;
	start("MINSUPPLIES 0\nMONITOR ups@a 0 u p primary\n");
	say("ups", "OL");
	engine_user_fsd(t.engine);
	answer("ups", "OK FSD-SET\n");
	answer("ups", "NUMLOGINS ups 1\n");
	pass(1);
	assert_true(shut_down());
}

static void forced_while_it_connects_it_tells_the_server_when_it_can(void **state)
{
	struct asyncclient *c;

	(void)state;
	start(ONE_PRIMARY);
	c = client("ups");
	c->state = ASYNCCLIENT_CONNECTING;
	engine_user_fsd(t.engine);
	pass(1);
	assert_false(shut_down());
	say("ups", "OL");
	assert_string_equal(c->request, "FSD ups");
	answer("ups", "OK FSD-SET\n");
	answer("ups", "NUMLOGINS ups 1\n");
	pass(1);
	assert_true(shut_down());
}

static void forced_with_a_server_that_is_gone_it_does_not_wait(void **state)
{
	(void)state;
	start("MONITOR ups@a 1 u p primary\nMONITOR two@b 1 u p primary\n");
	client("ups")->state = ASYNCCLIENT_CONNECTING;
	engine_user_fsd(t.engine);
	pass(1);
	assert_false(shut_down());
	hang_up("ups");
	pass(1);
	assert_true(shut_down());
}

static void power_that_comes_back_does_not_stop_a_shutdown(void **state)
{
	(void)state;
	start(ONE_PRIMARY);
	say("ups", "OB LB");
	answer("ups", "OK FSD-SET\n");
	say("ups", "FSD OL");
	answer("ups", "NUMLOGINS ups 1\n");
	pass(1);
	assert_true(shut_down());
	pass(10);
	assert_false(shut_down()); /* once is enough */
}

static void alert_conditions_quicken_the_poll(void **state)
{
	(void)state;
	start(ONE_PRIMARY);
	assert_int_equal(client("ups")->poll_ms, 2000);
	assert_int_equal(client("ups")->dead_ms, 10000);
	say("ups", "OB");
	assert_int_equal(client("ups")->poll_ms, 1000);
	say("ups", "OL");
	assert_int_equal(client("ups")->poll_ms, 2000);
}

static void a_refused_login_is_told_and_the_ups_is_watched(void **state)
{
	struct asyncclient *c;

	(void)state;
	start(ONE_SECONDARY);
	say("ups", "OL");
	c = client("ups");
	c->ops->refused(c->arg, "LOGIN ups", NETWIRE_ACCESS_DENIED);
	expect_logged("Login on UPS [ups@a] failed - got [ERR ACCESS-DENIED]");
	say("ups", "FSD OL");
	pass(1);
	assert_true(shut_down());
}

static void a_reload_with_errors_changes_nothing(void **state)
{
	(void)state;
	start(ONE_SECONDARY);
	say("ups", "OB");
	write_conf("MONITOR other@b 1 u p primary\nMONITOR ups@a 1\n");
	engine_reload(t.engine);
	expect_logged("conf"); /* file:line of the mistake */
	expect_logged("the old configuration goes on");
	assert_null(client("other"));
	assert_int_equal(freed, 0);
	say("ups", "FSD OB");
	pass(1);
	assert_true(shut_down());
}

static void a_reload_keeps_what_is_known_of_a_ups(void **state)
{
	(void)state;
	start("MONITOR ups@a 1 u p secondary\nMONITOR two@b 1 u p secondary\nMINSUPPLIES 2\n");
	say("ups", "OB LB");
	say("two", "OL");
	write_conf(
		"MINSUPPLIES 1\nMONITOR three@c 1 u p secondary\nMONITOR ups@a 1 u p secondary\n");
	engine_reload(t.engine);
	expect_logged("No longer monitoring UPS [two@b]");
	assert_null(client("two"));
	assert_int_equal(freed, 1);
	assert_int_equal(client("ups")->state, ASYNCCLIENT_UP);
	pass(20);
	assert_false(shut_down()); /* three is not yet contacted and counts */
	say("three", "FSD OL");
	pass(1);
	assert_true(shut_down());
}

static void a_new_password_or_role_makes_a_new_connection(void **state)
{
	(void)state;
	start(ONE_SECONDARY);
	say("ups", "OL");
	write_conf("MONITOR ups@a 1 user other secondary\n");
	engine_reload(t.engine);
	assert_int_equal(freed, 1);
	assert_string_equal(client("ups")->password, "other");
	write_conf("MONITOR ups@a 1 user other primary\n");
	engine_reload(t.engine);
	assert_int_equal(freed, 2);
	expect_logged("UPS [ups@a]: redefined as a primary");
	assert_false(strstr(t.logged, "other") != NULL);
}

static void a_lost_parent_is_told_and_watching_goes_on(void **state)
{
	(void)state;
	start(ONE_SECONDARY);
	say("ups", "OL");
	shutdown(t.parent, SHUT_RDWR);
	while (!strstr(t.logged, "Parent died"))
		assert_true(loop_turn(t.engine->loop, 1000) == 0);
	expect_logged("upsmon parent process died - shutdown impossible");
	say("ups", "OB");
	expect_logged("UPS ups@a on battery");
}

static void a_parent_that_dies_in_the_act_is_replaced_as_well_as_can_be(void **state)
{
	(void)state;
	start(ONE_SECONDARY);
	say("ups", "FSD OL");
	pass(1);
	assert_true(shut_down());
	shutdown(t.parent, SHUT_RDWR);
	while (!strstr(t.logged, "trying SHUTDOWNCMD without its privileges"))
		assert_true(loop_turn(t.engine->loop, 1000) == 0);
}

static void a_pause_of_ours_is_not_a_silence_of_theirs(void **state)
{
	(void)state;
	start(ONE_SECONDARY);
	say("ups", "OB");
	for (int i = 0; i < 4; i++) {
		clock_fake_advance(9000);
		engine_tick(t.engine);
	}
	hang_up("ups");
	pass(2);
	assert_false(shut_down());
}

static void servers_of_the_same_authorities_share_what_was_read(void **state)
{
	(void)state;
	start("MONITOR ups@a 1 u p secondary\nMONITOR two@b 1 u p secondary\n"
	      "MONITOR three@a 1 u p secondary\n");
	for (size_t i = 1; i < 3; i++)
		assert_ptr_equal(tlspolicy_context(t.engine->watches[i]->tls),
				 tlspolicy_context(t.engine->watches[0]->tls));
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		ROW(a_primary_sets_fsd_waits_for_nobody_and_shuts_down),
		ROW(a_primary_waits_for_a_secondary_and_no_longer_than_hostsync),
		ROW(a_refused_fsd_does_not_stop_the_shutdown),
		ROW(stopped_with_all_links_lost_it_decides_nothing),
		ROW(stopped_while_it_waits_for_secondaries_it_shuts_down_nothing),
		ROW(an_fsd_whose_link_broke_is_sent_again),
		ROW(an_fsd_whose_server_is_gone_is_not_waited_for),
		ROW(a_count_whose_link_broke_is_made_again),
		ROW(what_an_old_link_still_says_after_a_sleep_is_not_believed),
		ROW(a_host_that_slept_on_battery_asks_again_before_it_decides),
		ROW(stale_data_count_as_a_loss),
		ROW(a_reading_without_status_counts_as_a_loss),
		ROW(a_restarted_server_costs_nothing),
		ROW(shutdown_by_hand_needs_no_reason),
		ROW(forced_while_it_connects_it_tells_the_server_when_it_can),
		ROW(forced_with_a_server_that_is_gone_it_does_not_wait),
		ROW(power_that_comes_back_does_not_stop_a_shutdown),
		ROW(alert_conditions_quicken_the_poll),
		ROW(a_refused_login_is_told_and_the_ups_is_watched),
		ROW(a_reload_with_errors_changes_nothing),
		ROW(a_reload_keeps_what_is_known_of_a_ups),
		ROW(a_new_password_or_role_makes_a_new_connection),
		ROW(a_lost_parent_is_told_and_watching_goes_on),
		ROW(a_parent_that_dies_in_the_act_is_replaced_as_well_as_can_be),
		ROW(a_pause_of_ours_is_not_a_silence_of_theirs),
		ROW(servers_of_the_same_authorities_share_what_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
