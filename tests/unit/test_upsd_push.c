/*
 * SUBSCRIBE and its events.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "tests/unit/upsd_site.h"

static const char ups_conf[] = "[rack]\ndriver = dummy\nport = x\nalias = ups\n"
			       "[dead]\ndriver = dummy\nport = y\n";
static const char upsd_users[] = "[mon]\npassword = pw\nupsmon primary\n";
static const char dump[] = "SETINFO battery.charge \"100\"\nSETINFO input.voltage \"230\"\n"
			   "SETINFO ups.status \"OL\"\nDATAOK\nDUMPDONE\n";

#define PRESENT                                                                                    \
	"OK SUBSCRIBE rack\nEVENT VAR rack battery.charge \"100\"\nEVENT VAR rack input.voltage "  \
	"\"230\"\nEVENT VAR rack ups.status \"OL\"\nEVENT STATE rack OK\nEVENT SYNC rack\n"

static int set_up(void **state)
{
	*state = upsd_fixture_new(ups_conf, upsd_users, dump);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	upsd_fixture_free(*state);
	return 0;
}

#define ASK(f, text)  upsd_site_ask((f)->site, (f)->client, text)
#define SAYS(f, text) upsd_site_send((f)->site, (f)->driver, text)
#define HEAR(f)       upsd_site_read((f)->site, (f)->client)

static void a_subscriber_gets_the_present_state_and_then_changes(void **state)
{
	struct upsd_fixture *f = *state;

	assert_string_equal(ASK(f, "SUBSCRIBE rack\n"), PRESENT);
	SAYS(f, "SETINFO battery.charge \"99\"\n");
	assert_string_equal(HEAR(f), "EVENT VAR rack battery.charge \"99\"\n");
	SAYS(f, "SETINFO battery.charge \"99\"\n");
	assert_string_equal(HEAR(f), "");
	SAYS(f, "SETINFO new.one \"a\\\"b\"\n");
	assert_string_equal(HEAR(f), "EVENT VAR rack new.one \"a\\\"b\"\n");
	SAYS(f, "DELINFO new.one\n");
	assert_string_equal(HEAR(f), "EVENT DELVAR rack new.one\n");
	SAYS(f, "SETFLAGS battery.charge RW\nADDCMD x.y\n");
	assert_string_equal(HEAR(f), "");
}

static void status_and_state_come_first_in_a_batch(void **state)
{
	struct upsd_fixture *f = *state;

	ASK(f, "SUBSCRIBE rack\n");
	SAYS(f, "SETINFO a.first \"1\"\nDELINFO input.voltage\nDATASTALE\n"
		"SETINFO ups.status \"OB\"\n");
	assert_string_equal(HEAR(f), "EVENT VAR rack ups.status \"OB\"\nEVENT STATE rack STALE\n"
				     "EVENT DELVAR rack input.voltage\n"
				     "EVENT VAR rack a.first \"1\"\n");
}

static void patterns_choose_variables(void **state)
{
	struct upsd_fixture *f = *state;

	assert_string_equal(ASK(f, "SUBSCRIBE rack battery.* UPS.STATUS\n"),
			    "OK SUBSCRIBE rack\nEVENT VAR rack battery.charge \"100\"\n"
			    "EVENT VAR rack ups.status \"OL\"\nEVENT STATE rack OK\n"
			    "EVENT SYNC rack\n");
	SAYS(f, "SETINFO input.voltage \"0\"\nDELINFO input.voltage\n");
	assert_string_equal(HEAR(f), "");
	SAYS(f, "SETINFO battery.runtime \"5\"\n");
	assert_string_equal(HEAR(f), "EVENT VAR rack battery.runtime \"5\"\n");
}

static void names_are_echoed_as_the_client_writes_them(void **state)
{
	struct upsd_fixture *f = *state;

	assert_string_equal(ASK(f, "subscribe UPS nothing\n"),
			    "OK SUBSCRIBE UPS\nEVENT STATE UPS OK\nEVENT SYNC UPS\n");
	SAYS(f, "DATASTALE\n");
	assert_string_equal(HEAR(f), "EVENT STATE UPS STALE\n");
}

static void a_second_subscription_takes_the_place_of_the_first(void **state)
{
	struct upsd_fixture *f = *state;

	ASK(f, "SUBSCRIBE rack\n");
	assert_string_equal(ASK(f, "SUBSCRIBE ups ups.status\n"),
			    "OK SUBSCRIBE ups\nEVENT VAR ups ups.status \"OL\"\n"
			    "EVENT STATE ups OK\nEVENT SYNC ups\n");
	SAYS(f, "SETINFO battery.charge \"1\"\nSETINFO ups.status \"LB\"\n");
	assert_string_equal(HEAR(f), "EVENT VAR ups ups.status \"LB\"\n");
	assert_string_equal(ASK(f, "UNSUBSCRIBE rack\n"), "OK UNSUBSCRIBE rack\n");
	SAYS(f, "SETINFO ups.status \"OL\"\n");
	assert_string_equal(HEAR(f), "");
	assert_string_equal(ASK(f, "UNSUBSCRIBE rack\n"), "OK UNSUBSCRIBE rack\n");
}

static void wrong_requests_are_refused(void **state)
{
	static const char *const bad[] = {
		"SUBSCRIBE\n",          "SUBSCRIBE rack \"\"\n", "SUBSCRIBE rack \"a b\"\n",
		"SUBSCRIBE rack a=b\n", "UNSUBSCRIBE\n",         "UNSUBSCRIBE rack x\n"};
	struct upsd_fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_string_equal(ASK(f, bad[i]), "ERR INVALID-ARGUMENT\n");
	assert_string_equal(ASK(f, "SUBSCRIBE none\n"), "ERR UNKNOWN-UPS\n");
	assert_string_equal(ASK(f, "UNSUBSCRIBE none\n"), "ERR UNKNOWN-UPS\n");
}

static void the_fsd_latch_is_an_event(void **state)
{
	struct upsd_fixture *f = *state;
	int other = upsd_site_client(f->site);

	ASK(f, "SUBSCRIBE rack\n");
	upsd_site_ask(f->site, other, "USERNAME mon\nPASSWORD pw\nFSD rack\n");
	assert_string_equal(HEAR(f), "EVENT VAR rack ups.status \"FSD OL\"\n");
	SAYS(f, "SETINFO ups.status \"OB\"\n");
	assert_string_equal(HEAR(f), "EVENT VAR rack ups.status \"FSD OB\"\n");
	close(other);
}

static void a_driver_that_goes_and_comes_back_is_no_storm(void **state)
{
	struct upsd_fixture *f = *state;

	ASK(f, "SUBSCRIBE rack\n");
	close(f->driver);
	upsd_site_settle(f->site);
	assert_string_equal(HEAR(f), "EVENT STATE rack DISCONNECTED\n");
	f->driver = upsd_site_driver(f->site, "dummy-rack", "");
	assert_string_equal(HEAR(f), "EVENT VAR rack ups.status \"WAIT\"\nEVENT STATE rack OK\n");
	SAYS(f, "SETINFO battery.charge \"100\"\nSETINFO ups.status \"OL\"\nDATAOK\nDUMPDONE\n");
	assert_string_equal(HEAR(f), "EVENT VAR rack ups.status \"OL\"\n"
				     "EVENT DELVAR rack input.voltage\n");
}

static void a_ups_without_driver_can_be_subscribed_to(void **state)
{
	struct upsd_fixture *f = *state;
	int driver;

	assert_string_equal(ASK(f, "SUBSCRIBE dead\n"),
			    "OK SUBSCRIBE dead\nEVENT STATE dead DISCONNECTED\nEVENT SYNC dead\n");
	driver = upsd_site_driver(f->site, "dummy-dead", dump);
	assert_non_null(strstr(HEAR(f), "EVENT STATE dead OK\n"));
	close(driver);
}

static void a_ups_that_leaves_the_configuration_is_gone(void **state)
{
	struct upsd_fixture *f = *state;

	ASK(f, "SUBSCRIBE rack\nSUBSCRIBE dead\n");
	upsd_site_reload(f->site, "[dead]\ndriver = dummy\nport = y\n");
	assert_string_equal(HEAR(f), "EVENT GONE rack\n");
	assert_string_equal(ASK(f, "UNSUBSCRIBE rack\n"), "ERR UNKNOWN-UPS\n");
	assert_string_equal(ASK(f, "UNSUBSCRIBE dead\n"), "OK UNSUBSCRIBE dead\n");
}

static void a_change_is_sent_before_the_next_answer_about_that_ups(void **state)
{
	struct upsd_fixture *f = *state;

	ASK(f, "SUBSCRIBE rack\n");
	state_set(upses_find(&f->site->upsd.upses, "rack")->state, "battery.charge", "7");
	assert_string_equal(ASK(f, "GET VAR rack battery.charge\n"),
			    "EVENT VAR rack battery.charge \"7\"\n"
			    "VAR rack battery.charge \"7\"\n");
}

/* Reads nothing while the driver talks without end, then catches up. */
static void a_slow_subscriber_gets_the_newest_values_and_no_backlog(void **state)
{
	struct upsd_fixture *f = *state;
	char line[64];
	const char *rest;
	size_t len;

	ASK(f, "SUBSCRIBE rack\n");
	for (int i = 0; i < 40000; i++) {
		snprintf(line, sizeof(line), "SETINFO input.voltage \"%d\"\n", i);
		if (send(f->driver, line, strlen(line), MSG_NOSIGNAL) < 0)
			fail_msg("upsd does not read its driver");
		loop_turn(f->site->upsd.loop, 0);
	}
	SAYS(f, "SETINFO ups.status \"OB LB\"\n");
	rest = HEAR(f);
	len = strlen(rest);
	/* What the kernel and one backlog hold, not 40000 events. */
	assert_true(len < 40000 * strlen("EVENT VAR rack input.voltage \"10000\"\n") / 2);
	assert_non_null(strstr(rest, "EVENT VAR rack ups.status \"OB LB\"\n"
				     "EVENT VAR rack input.voltage \"39999\"\n"));
	assert_string_equal(ASK(f, "PING\n"), "PONG\n");
}

enum { NAMES = 12, NONE = -1 };

/* What a subscriber believes: the number that is each variable's value, or NONE. */
static void replay(const char *events, int values[NAMES])
{
	int name, value;

	for (const char *line = events; *line; line = strchr(line, '\n') + 1) {
		if (sscanf(line, "EVENT VAR rack v%d \"%d\"", &name, &value) == 2)
			values[name] = value;
		else if (sscanf(line, "EVENT DELVAR rack v%d", &name) == 1)
			values[name] = NONE;
	}
}

/* The driver says anything in any order, comes and goes; the client reads now and then. */
static void a_subscriber_ends_up_with_what_is_true(void **state)
{
	struct upsd_fixture *f = *state;
	int truth[NAMES], believed[NAMES];
	char line[64];

	for (int i = 0; i < NAMES; i++)
		truth[i] = believed[i] = NONE;
	srand(1);
	ASK(f, "SUBSCRIBE rack v*\n");
	for (int i = 0; i < 5000; i++) {
		int name = rand() % NAMES, what = rand() % 100;

		if (what < 70) {
			truth[name] = i;
			snprintf(line, sizeof(line), "SETINFO v%d \"%d\"\n", name, i);
			SAYS(f, line);
		} else if (what < 90) {
			truth[name] = NONE;
			snprintf(line, sizeof(line), "DELINFO v%d\n", name);
			SAYS(f, line);
		} else if (what < 98) {
			replay(HEAR(f), believed);
		} else {
			close(f->driver);
			upsd_site_settle(f->site);
			f->driver = upsd_site_driver(f->site, "dummy-rack", "DATAOK\nDUMPDONE\n");
			for (int k = 0; k < NAMES; k++)
				truth[k] = NONE;
		}
	}
	replay(HEAR(f), believed);
	assert_memory_equal(believed, truth, sizeof(truth));
}

static void subscribers_come_and_go_without_harm(void **state)
{
	struct upsd_fixture *f = *state;
	int clients[6];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 6; i++) {
			clients[i] = upsd_site_client(f->site);
			upsd_site_send(f->site, clients[i], "SUBSCRIBE rack\nSUBSCRIBE dead\n");
		}
		SAYS(f, round % 2 ? "SETINFO ups.status \"OL\"\n" : "SETINFO ups.status \"OB\"\n");
		for (int i = 0; i < 6; i++)
			close(clients[i]);
		SAYS(f, "DELINFO x\nSETINFO x \"1\"\n");
	}
	assert_string_equal(ASK(f, "PING\n"), "PONG\n");
}

#define IN_SITE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SITE(a_subscriber_gets_the_present_state_and_then_changes),
		IN_SITE(status_and_state_come_first_in_a_batch),
		IN_SITE(patterns_choose_variables),
		IN_SITE(names_are_echoed_as_the_client_writes_them),
		IN_SITE(a_second_subscription_takes_the_place_of_the_first),
		IN_SITE(wrong_requests_are_refused),
		IN_SITE(the_fsd_latch_is_an_event),
		IN_SITE(a_driver_that_goes_and_comes_back_is_no_storm),
		IN_SITE(a_ups_without_driver_can_be_subscribed_to),
		IN_SITE(a_ups_that_leaves_the_configuration_is_gone),
		IN_SITE(a_change_is_sent_before_the_next_answer_about_that_ups),
		IN_SITE(a_slow_subscriber_gets_the_newest_values_and_no_backlog),
		IN_SITE(a_subscriber_ends_up_with_what_is_true),
		IN_SITE(subscribers_come_and_go_without_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
