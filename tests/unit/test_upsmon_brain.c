/* The rulebook at work, in the group language: triggers, conditions, timers, verbs. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "tests/unit/brain_play.h"

static struct brain_play p;

static int end(void **state)
{
	(void)state;
	brain_play_end(&p);
	memset(&p, 0, sizeof(p));
	log_set_debug(0);
	return 0;
}

static void begin(const char *rules)
{
	struct buffer text = {0};

	buffer_append_str(&text, PLAY_DESK "MINSUPPLIES 1\n");
	buffer_append_str(&text, rules);
	brain_play_begin(&p, buffer_string(&text));
	buffer_free(&text);
}

static void expect(const char *said)
{
	brain_play_expect(&p, said);
}

/* A reading of desk, and all that comes of it at once. */
static void expect_read(const char *status, const char *said)
{
	brain_play_read(&p, 0, status);
	expect(said);
}

static void expect_charge(const char *status, const char *charge, const char *runtime,
			  const char *said)
{
	brain_play_values(&p, 0, status, charge, runtime);
	expect(said);
}

static void expect_pass(double seconds, const char *said)
{
	brain_play_pass(&p, seconds);
	expect(said);
}

/* ------------------------------------------------------------------ triggers */

static void every_word_of_a_status_begins_and_ends_an_event(void **state)
{
	static const char *const words[] = {"ALARM",   "BOOST", "BYPASS", "CAL", "CHRG", "ECO",
					    "DISCHRG", "FSD",   "LB",     "OFF", "OVER", "RB",
					    "TEST",    "TICK",  "TOCK",   "TRIM"};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char rules[256], status[32];

		str_format(rules, sizeof(rules),
			   "WHEN desk REPORTS None->%s : PRINT 'begins'\n"
			   "WHEN desk REPORTS %s->None : PRINT 'ends'\n",
			   words[i], words[i]);
		begin(rules);
		str_format(status, sizeof(status), "OL %s", words[i]);
		expect_read("OL", "");
		expect_read(status, "PRINT begins");
		expect_read(status, "");
		expect_read("OL", "PRINT ends");
		expect_read("OL", "");
		str_format(status, sizeof(status), "%s OB", words[i]);
		expect_read(status, "PRINT begins");
		end(NULL);
	}
	begin("");
}

static void line_power_and_battery_are_two_sides_of_one_fact(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS OL->OB : PRINT 'off' WHEN desk REPORTS OB->OL : PRINT 'on'");
	expect_read("OL", "");
	expect_read("OB", "PRINT off");
	expect_read("DISCHRG", "");
	expect_read("OB OL", "");
	expect_read("OL", "PRINT on");
	expect_read("CHRG", "");
	expect_read("OB", "PRINT off");
}

static void a_ups_that_begins_on_battery_tells_it(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS OL->OB : PRINT 'off'");
	expect_read("OB", "PRINT off");
}

static void contact_is_lost_and_found_once(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS COMM->NOCOMM : PRINT 'lost'\n"
	      "WHEN desk REPORTS NOCOMM->COMM : PRINT 'found'");
	expect_read("OL", "");
	brain_play_lose(&p, 0);
	expect("PRINT lost");
	brain_play_lose(&p, 0);
	expect_pass(400, "");
	expect_read("OL", "PRINT found");
	/* A driver that has not read its device yet knows as little as a server that is gone. */
	expect_read("WAIT", "PRINT lost");
	expect_read("WAIT", "");
	expect_read("OL", "PRINT found");
}

static void a_ups_that_never_answers_is_lost_at_last(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS COMM->NOCOMM : PRINT 'lost'");
	p.timed = true;
	expect_pass(1000, "300 PRINT lost");
}

static void levels_of_charge_are_events(void **state)
{
	(void)state;
	begin("LET battery.charge.low.1 = '60' LET battery.charge.low.2 = '40'\n"
	      "LET battery.charge.low.3 = '20'\n"
	      "WHEN desk REPORTS None->LB1 : PRINT '1' WHEN desk REPORTS LB1->None : PRINT '-1'\n"
	      "WHEN desk REPORTS None->LB2 : PRINT '2' WHEN desk REPORTS LB2->None : PRINT '-2'\n"
	      "WHEN desk REPORTS None->LB3 : PRINT '3' WHEN desk REPORTS LB3->None : PRINT '-3'");
	expect_charge("OL", "100", NULL, "");
	expect_charge("OB", "60", NULL, "PRINT 1");
	expect_charge("OB", "40.5", NULL, "");
	expect_charge("OB", "12", NULL, "PRINT 2; PRINT 3");
	expect_charge("OL", "21", NULL, "PRINT -3");
	expect_charge("OL", "100", NULL, "PRINT -1; PRINT -2");
	expect_charge("OL", "x", NULL, "");
}

#define TWO_FEEDS                                                                                  \
	"GROUP LOCAL CERTFILE ''\n"                                                                \
	"MONITOR a POWERVAL 1 UPSDUSER w PASSWORD 'p' TYPE primary\n"                              \
	"MONITOR b POWERVAL 1 UPSDUSER w PASSWORD 'p' TYPE primary\n"                              \
	"MINSUPPLIES 1\n"                                                                          \
	"WHEN a REPORTS None->LS : PRINT 'a low' WHEN a REPORTS LS->None : PRINT 'a fine'\n"       \
	"WHEN b REPORTS None->LS : PRINT 'b low' WHEN b REPORTS LS->None : PRINT 'b fine'\n"

static void low_supplies_are_told_of_every_ups_of_the_group(void **state)
{
	(void)state;
	brain_play_begin(&p, TWO_FEEDS "GROUP AWAY MONITOR c POWERVAL 1 UPSDUSER w PASSWORD 'p' "
				       "TYPE primary\nWHEN c REPORTS None->LS : PRINT 'c low'");
	brain_play_read(&p, 0, "OL");
	brain_play_read(&p, 1, "OL");
	expect("");
	brain_play_read(&p, 0, "OB");
	expect("");
	brain_play_read(&p, 1, "OFF OL");
	expect("PRINT a low; PRINT b low");
	brain_play_read(&p, 0, "OL");
	expect("PRINT a fine; PRINT b fine");
	brain_play_lose(&p, 0);
	expect("PRINT a low; PRINT b low");
	brain_play_read(&p, 0, "OL");
	expect("PRINT a fine; PRINT b fine");
	brain_play_read(&p, 2, "OB");
	expect("PRINT c low");
}

static void low_supplies_wait_for_the_first_word_of_all(void **state)
{
	(void)state;
	brain_play_begin(&p, TWO_FEEDS);
	brain_play_read(&p, 0, "OB");
	expect("");
	brain_play_read(&p, 1, "OB");
	expect("PRINT a low; PRINT b low");
}

static void what_begins_comes_first_and_all_in_one_go(void **state)
{
	(void)state;
	brain_play_begin(
		&p, TWO_FEEDS
		"LET battery.charge.low.1 = '50' LET battery.charge.low.2 = '20'\n"
		"WHEN b REPORTS OL->OB : PRINT 'OB' WHEN b REPORTS None->RB : PRINT 'RB'\n"
		"WHEN b REPORTS None->LB : PRINT 'LB' WHEN b REPORTS None->LB1 : PRINT 'LB1'\n"
		"WHEN b REPORTS None->LB2 : PRINT 'LB2' WHEN b REPORTS TRIM->None : PRINT '-TRIM'\n"
		"WHEN b REPORTS CHRG->None : PRINT '-CHRG'\n"
		"WHEN b REPORTS ALARM->None : PRINT '-ALARM'\n"
		"WHEN b REPORTS COMM->NOCOMM : PRINT 'NOCOMM'\n"
		"WHEN b REPORTS NOCOMM->COMM : PRINT 'COMM' WHEN b CHARGE BELOW 30 : PRINT '30'");
	brain_play_read(&p, 0, "OB");
	brain_play_values(&p, 1, "OL CHRG TRIM ALARM", "90", NULL);
	expect("");
	brain_play_values(&p, 1, "RB OB LB", "12", NULL);
	expect("PRINT RB; PRINT OB; PRINT LB; PRINT LB1; PRINT LB2; PRINT a low; PRINT b low; "
	       "PRINT -ALARM; PRINT -CHRG; PRINT -TRIM; PRINT 30");
	brain_play_lose(&p, 1);
	expect("PRINT NOCOMM");
	brain_play_values(&p, 1, "OL", "12", NULL);
	expect("PRINT a fine; PRINT b fine; PRINT COMM");
}

static void rules_of_one_event_run_in_the_order_of_the_file(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS OL->OB : PRINT '1' WALL '2'\n"
	      "WHEN desk REPORTS OB->OL : PRINT 'x'\n"
	      "WHEN desk REPORTS OL->OB : EPRINT '3'");
	expect_read("OB", "PRINT 1; WALL 2; EPRINT 3");
}

/* ------------------------------------------------- levels that are triggers */

static void a_level_fires_once_until_the_value_was_above_it(void **state)
{
	(void)state;
	begin("WHEN desk CHARGE BELOW 30 : PRINT '30' WHEN desk RUNTIME BELOW 120 : PRINT '120'");
	expect_charge("OB", "31", "121", "");
	expect_charge("OB", "30", "121", "PRINT 30");
	expect_charge("OB", "29", "120", "PRINT 120");
	expect_charge("OB", "28", "60", "");
	expect_charge("OB", "31", "60", "");
	expect_charge("OB", "30", "60", "PRINT 30");
}

static void a_level_fires_again_after_power_was_back(void **state)
{
	(void)state;
	begin("WHEN desk CHARGE BELOW 30 : PRINT '30'");
	expect_charge("OL", "20", NULL, "");
	expect_charge("OB", "20", NULL, "PRINT 30");
	expect_charge("OL", "20", NULL, "");
	expect_charge("OB", "20", NULL, "PRINT 30");
}

static void a_value_that_is_not_told_for_a_while_is_not_above_its_level(void **state)
{
	(void)state;
	begin("WHEN desk CHARGE BELOW 30 : PRINT '30'");
	expect_charge("OB", "20", NULL, "PRINT 30");
	expect_charge("OB", NULL, NULL, "");
	expect_charge("OB", "20", NULL, "");
	brain_forget(p.brain, p.now_ms);
	brain_play_lose(&p, 0);
	expect_charge("OB", "19", NULL, "");
}

static void a_calibration_reaches_no_level(void **state)
{
	(void)state;
	begin("WHEN desk CHARGE BELOW 30 : PRINT '30'");
	expect_charge("OB CAL", "20", NULL, "");
	expect_charge("OB", "20", NULL, "PRINT 30");
}

static void each_of_many_levels_fires_once(void **state)
{
	struct buffer rules = {0}, all = {0};

	(void)state;
	for (int i = 0; i < 60; i++) {
		buffer_appendf(&rules, "WHEN desk RUNTIME BELOW %d : PRINT '%d'\n", 1000 + i, i);
		buffer_appendf(&all, "%sPRINT %d", i ? "; " : "", i);
	}
	begin(buffer_string(&rules));
	expect_charge("OB", NULL, "500", buffer_string(&all));
	expect_charge("OB", NULL, "490", "");
	brain_play_restart(&p, 300);
	expect_charge("OB", NULL, "480", "");
	buffer_free(&rules);
	buffer_free(&all);
}

/* ---------------------------------------------------------------- conditions */

static void an_if_holds_for_the_state_that_the_event_made(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS None->RB : IF OL->OB PRINT 'on battery' IF OB->OL PRINT 'on line' "
	      "IF None->LB1 PRINT 'level' IF NOCOMM->COMM PRINT 'there' PRINT 'always'\n"
	      "WHEN desk REPORTS COMM->NOCOMM : IF COMM->NOCOMM PRINT 'gone' "
	      "IF NOCOMM->COMM PRINT 'not gone'");
	expect_charge("OL RB", "100", NULL, "PRINT on line; PRINT there; PRINT always");
	expect_charge("OL", "100", NULL, "");
	expect_charge("RB OB", "40", NULL,
		      "PRINT on battery; PRINT level; PRINT there; PRINT always");
	brain_play_lose(&p, 0);
	expect("PRINT gone");
}

static void conditions_can_be_joined_and_reversed(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS None->RB : "
	      "IF OL->OB AND CHARGE BELOW 50 PRINT 'a' "
	      "IF NOT CHARGE BELOW 50 AND NOT RUNTIME BELOW 100 PRINT 'b' "
	      "IF RUNTIME BELOW 100 AND ONBATTERY OVER 60 PRINT 'c' "
	      "IF NOT ONBATTERY OVER 60 PRINT 'd'");
	expect_charge("OL RB", "80", "900", "PRINT b; PRINT d");
	expect_charge("OB", "80", "900", "");
	expect_charge("OB RB", "50", "900", "PRINT a; PRINT d");
	expect_charge("OB", "50", "90", "");
	brain_play_pass(&p, 60);
	expect_charge("OB RB", "50", "90", "PRINT a; PRINT c");
	expect_charge("OB", "51", "90", "");
	/* What is not known is not below anything. */
	expect_charge("OB RB", NULL, NULL, "PRINT b");
	/* A calibration is no outage. */
	expect_charge("OB CAL", NULL, NULL, "");
	expect_charge("OB CAL RB", NULL, NULL, "PRINT b; PRINT d");
}

/* -------------------------------------------------------------------- timers */

static void a_timer_fires_once_at_its_time_to_the_millisecond(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS OL->OB : STARTTIMER t 2.125 WHEN desk TIMEOUT t : PRINT 't'");
	p.timed = true;
	brain_play_read(&p, 0, "OB");
	expect_pass(100, "2.125 PRINT t");
}

static void a_timer_that_is_cancelled_never_fires(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS OL->OB : STARTTIMER t 10 WHEN desk TIMEOUT t : PRINT 't'\n"
	      "WHEN desk REPORTS OB->OL : CANCELTIMER t CANCELTIMER other");
	brain_play_read(&p, 0, "OB");
	brain_play_pass(&p, 9.999);
	brain_play_read(&p, 0, "OL");
	expect_pass(100, "");
}

static void a_timer_that_is_started_again_begins_anew(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS None->RB : STARTTIMER t 10 WHEN desk TIMEOUT t : PRINT 't'");
	p.timed = true;
	brain_play_read(&p, 0, "OL RB");
	brain_play_pass(&p, 9);
	brain_play_read(&p, 0, "OL");
	brain_play_read(&p, 0, "OL RB");
	expect_pass(100, "19 PRINT t");
}

static void a_timer_belongs_to_the_ups_whose_rule_started_it(void **state)
{
	(void)state;
	brain_play_begin(
		&p, TWO_FEEDS
		"WHEN a REPORTS OL->OB : STARTTIMER t 5 WHEN b REPORTS OL->OB : STARTTIMER t 7\n"
		"WHEN a REPORTS OB->OL : CANCELTIMER t\n"
		"WHEN a TIMEOUT t : PRINT 'a' WHEN b TIMEOUT t : PRINT 'b'");
	p.timed = true;
	brain_play_read(&p, 0, "OB");
	brain_play_read(&p, 1, "OB");
	expect("0 PRINT a low; 0 PRINT b low");
	expect_pass(10, "5 PRINT a; 7 PRINT b");
	brain_play_read(&p, 0, "OL");
	brain_play_read(&p, 1, "OL");
	brain_play_read(&p, 0, "OB");
	brain_play_read(&p, 1, "OB");
	brain_play_read(&p, 0, "OL");
	p.said.len = 0;
	expect_pass(10, "17 PRINT b");
}

static void timers_of_one_moment_fire_in_the_order_of_their_start(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS OL->OB : STARTTIMER y 3 STARTTIMER x 3 STARTTIMER z 1\n"
	      "WHEN desk TIMEOUT x : PRINT 'x' WHEN desk TIMEOUT y : PRINT 'y'\n"
	      "WHEN desk TIMEOUT z : PRINT 'z' STARTTIMER w 2 WHEN desk TIMEOUT w : PRINT 'w'");
	brain_play_read(&p, 0, "OB");
	expect_pass(10, "PRINT z; PRINT y; PRINT x; PRINT w");
}

static void a_timer_can_take_another_one_back_at_the_same_moment(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS OL->OB : STARTTIMER x 3 STARTTIMER y 3\n"
	      "WHEN desk TIMEOUT x : CANCELTIMER y PRINT 'x' WHEN desk TIMEOUT y : PRINT 'y'");
	brain_play_read(&p, 0, "OB");
	expect_pass(10, "PRINT x");
}

static void a_timer_may_start_itself_again(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS None->RB : STARTTIMER t 4 WHEN desk REPORTS RB->None : "
	      "CANCELTIMER t\n"
	      "WHEN desk TIMEOUT t : PRINT 't' STARTTIMER t 4");
	p.timed = true;
	brain_play_read(&p, 0, "OL RB");
	expect_pass(13, "4 PRINT t; 8 PRINT t; 12 PRINT t");
	brain_play_read(&p, 0, "OL");
	expect_pass(13, "");
}

static void start_is_a_timer_that_runs_out_by_itself(void **state)
{
	(void)state;
	begin("WHEN desk TIMEOUT start : PRINT 'here' STARTTIMER start 60");
	p.timed = true;
	expect_pass(30, "1 PRINT here");
	expect_pass(60, "61 PRINT here");
}

static void a_file_without_a_rule_for_start_starts_no_timer(void **state)
{
	struct buffer text = {0};

	(void)state;
	begin("WHEN desk REPORTS OL->OB : PRINT ''");
	brain_describe(p.brain, &text, false, p.now_ms);
	assert_null(strstr(buffer_string(&text), "timer"));
	buffer_free(&text);
}

static void a_heartbeat_that_stops_is_told_of(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS None->TICK : CANCELTIMER tock-t STARTTIMER tick-t 660\n"
	      "WHEN desk REPORTS None->TOCK : CANCELTIMER tick-t STARTTIMER tock-t 660\n"
	      "WHEN desk TIMEOUT tick-t : PRINT 'tick' WHEN desk TIMEOUT tock-t : PRINT 'tock'");
	p.timed = true;
	for (int i = 0; i < 10; i++) {
		brain_play_read(&p, 0, i % 2 ? "TOCK" : "TICK");
		brain_play_pass(&p, 600);
	}
	expect("");
	expect_pass(1000, "6060 PRINT tock");
}

/* --------------------------------------------------------------------- verbs */

static void every_verb_reaches_whom_it_means(void **state)
{
	static const struct {
		const char *action, *said;
	} rows[] = {
		{"SYSLOG 'x'", "LOG6 x"},
		{"SYSLOG '[emerg] x'", "LOG0 x"},
		{"SYSLOG '[err] x'", "LOG3 x"},
		{"SYSLOG '[debug] x'", "LOG7 x"},
		{"WALL 'x'", "WALL x"},
		{"NOTIFY 'x'", "DESKTOP x"},
		{"PRINT 'x' 'y'", "PRINT xy"},
		{"EPRINT 'x'", "EPRINT x"},
		{"NUTLOG 'x'", "NUTLOG - OL->OB desk: x"},
		{"SHELLCMD '/bin/x'", "SHELL /bin/x"},
		{"WAKE '52:54:00:12:34:56 127.0.0.1:9'", "WAKE 52:54:00:12:34:56 127.0.0.1:9"},
		{"SETFSD desk", "FSD 0"},
		{"EMAIL FROM 'f' TO 't, u' SUBJECT 's %(e)s' MESSAGE 'm' \"n\"",
		 "MAIL relay:465 f>t, u [s OL->OB] mn"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer text = {0};

		buffer_appendf(&text,
			       "SMTPSERVER 'relay' PORT 465 USER 'u' PASSWORD 'p'\n" PLAY_DESK
			       "MINSUPPLIES 1 WHEN desk REPORTS OL->OB : %s",
			       rows[i].action);
		brain_play_begin(&p, buffer_string(&text));
		buffer_free(&text);
		expect_read("OB", rows[i].said);
		end(NULL);
	}
	begin("");
}

static void nutlog_goes_to_the_file_of_the_configuration(void **state)
{
	(void)state;
	brain_play_begin(&p, "LOGFILE '/var/log/x'\n" PLAY_DESK
			     "WHEN desk REPORTS OL->OB : NUTLOG 'x'");
	expect_read("OB", "NUTLOG /var/log/x OL->OB desk: x");
}

static void texts_are_filled_in_when_they_are_told(void **state)
{
	char host[64], said[256];

	(void)state;
	begin("LET w = '[%(h)s] %(u)s %(e)s at %(c)s%%'\n"
	      "WHEN desk REPORTS OL->OB : PRINT w STARTTIMER t 1 WHEN desk TIMEOUT t : PRINT w\n"
	      "WHEN desk CHARGE BELOW 20 : PRINT '%(e)s' WHEN desk RUNTIME BELOW 9 : PRINT "
	      "'%(e)s'");
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	str_format(said, sizeof(said), "PRINT [%s] desk OL->OB at 41%%", host);
	expect_charge("OB", "41.2", NULL, said);
	str_format(said, sizeof(said), "PRINT [%s] desk TO->t at ?%%", host);
	expect_charge("OB", NULL, NULL, "");
	expect_pass(2, said);
	expect_charge("OB", "19", "8", "PRINT CHARGE->20; PRINT RUNTIME->9");
}

static void debug_changes_what_is_logged(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS OL->OB : DEBUG 2 WHEN desk REPORTS OB->OL : DEBUG 0");
	brain_play_read(&p, 0, "OB");
	assert_int_equal(log_debug_level(), 2);
	brain_play_read(&p, 0, "OL");
	assert_int_equal(log_debug_level(), 0);
}

static void each_shutdowncmd_has_its_own_number_and_one_is_enough(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS None->LB : SHUTDOWNCMD '/sbin/low'\n"
	      "WHEN desk REPORTS None->FSD : SHUTDOWNCMD '/sbin/forced' SHUTDOWNCMD '/sbin/low'");
	expect_read("OB FSD", "DECIDED 1 in 5; EXECUTE 1");
	assert_string_equal(p.conf.commands[1], "exec '/sbin/forced'");

	expect_read("OB LB", "");
	expect_pass(60, "");
}

static void a_shutdown_of_the_rules_takes_no_detours(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS None->LB : SHUTDOWNCMD '/sbin/low'");
	p.timed = true;
	expect_read("OB LB", "0 DECIDED 0 in 5; 0 EXECUTE 0");
	expect_pass(100, "");
}

static void by_hand_the_classic_sequence_runs(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS None->LB : SHUTDOWNCMD '/sbin/low'");
	p.timed = true;
	brain_play_read(&p, 0, "OL");
	brain_force(p.brain, "by hand", p.now_ms);
	expect("0 DECIDED 0 in 25; 0 FSD 0");
	expect_pass(30, "5 EXECUTE 0");
}

static void nothing_shuts_a_group_down_but_its_rules(void **state)
{
	(void)state;
	begin("WHEN desk REPORTS OB->OL : PRINT 'x'");
	expect_charge("OB LB FSD", "0", "0", "");
	brain_play_lose(&p, 0);
	expect_pass(4000, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, end)
	const struct CMUnitTest tests[] = {
		TEST(every_word_of_a_status_begins_and_ends_an_event),
		TEST(line_power_and_battery_are_two_sides_of_one_fact),
		TEST(a_ups_that_begins_on_battery_tells_it),
		TEST(contact_is_lost_and_found_once),
		TEST(a_ups_that_never_answers_is_lost_at_last),
		TEST(levels_of_charge_are_events),
		TEST(low_supplies_are_told_of_every_ups_of_the_group),
		TEST(low_supplies_wait_for_the_first_word_of_all),
		TEST(what_begins_comes_first_and_all_in_one_go),
		TEST(rules_of_one_event_run_in_the_order_of_the_file),
		TEST(a_level_fires_once_until_the_value_was_above_it),
		TEST(a_level_fires_again_after_power_was_back),
		TEST(a_value_that_is_not_told_for_a_while_is_not_above_its_level),
		TEST(a_calibration_reaches_no_level),
		TEST(each_of_many_levels_fires_once),
		TEST(an_if_holds_for_the_state_that_the_event_made),
		TEST(conditions_can_be_joined_and_reversed),
		TEST(a_timer_fires_once_at_its_time_to_the_millisecond),
		TEST(a_timer_that_is_cancelled_never_fires),
		TEST(a_timer_that_is_started_again_begins_anew),
		TEST(a_timer_belongs_to_the_ups_whose_rule_started_it),
		TEST(timers_of_one_moment_fire_in_the_order_of_their_start),
		TEST(a_timer_can_take_another_one_back_at_the_same_moment),
		TEST(a_timer_may_start_itself_again),
		TEST(start_is_a_timer_that_runs_out_by_itself),
		TEST(a_file_without_a_rule_for_start_starts_no_timer),
		TEST(a_heartbeat_that_stops_is_told_of),
		TEST(every_verb_reaches_whom_it_means),
		TEST(nutlog_goes_to_the_file_of_the_configuration),
		TEST(texts_are_filled_in_when_they_are_told),
		TEST(debug_changes_what_is_logged),
		TEST(each_shutdowncmd_has_its_own_number_and_one_is_enough),
		TEST(a_shutdown_of_the_rules_takes_no_detours),
		TEST(by_hand_the_classic_sequence_runs),
		TEST(nothing_shuts_a_group_down_but_its_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
