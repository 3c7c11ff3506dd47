/*
 * What the brain knows over a sleep, over the end of its process, and of what
 * comes next; what it tells of itself.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/status.h"
#include "tests/unit/brain_play.h"

#define PRIMARY   "MONITOR ups 1 u p primary\n"
#define SECONDARY "MONITOR ups 1 u p secondary\n"
#define COMMAND   "SHUTDOWNCMD /bin/true\nFINALDELAY 2\n"

static struct brain_play p;

static int end(void **state)
{
	(void)state;
	brain_play_end(&p);
	memset(&p, 0, sizeof(p));
	return 0;
}

/* Notices by log lines only: each is told once then. */
static void begin_classic(const char *conf)
{
	struct buffer text = {0};

	buffer_append_str(&text, conf);
	for (int n = 0; n < NOTICE_COUNT; n++)
		buffer_appendf(&text, "NOTIFYFLAG %s SYSLOG\nNOTIFYMSG %s \"%s %%s\"\n",
			       notice_name((enum notice)n), notice_name((enum notice)n),
			       notice_name((enum notice)n));
	brain_play_begin(&p, buffer_string(&text));
	buffer_free(&text);
	p.timed = true;
}

static void begin_group(const char *rules)
{
	struct buffer text = {0};

	buffer_append_str(&text, PLAY_DESK);
	buffer_append_str(&text, rules);
	brain_play_begin(&p, buffer_string(&text));
	buffer_free(&text);
	p.timed = true;
}

static void expect(const char *said)
{
	brain_play_expect(&p, said);
}

static void expect_pass(double seconds, const char *said)
{
	brain_play_pass(&p, seconds);
	expect(said);
}

/* ---------------------------------------------------------------------- sleep */

#define GRACE                                                                                      \
	"WHEN desk REPORTS OL->OB : STARTTIMER grace 60 WHEN desk REPORTS OB->OL : CANCELTIMER "   \
	"grace PRINT 'back' WHEN desk TIMEOUT grace : PRINT 'grace'\n"

static void timers_wait_for_readings_after_a_sleep(void **state)
{
	(void)state;
	begin_group(GRACE);
	brain_play_read(&p, 0, "OB");
	brain_play_pass(&p, 59);
	brain_forget(p.brain, p.now_ms);
	expect_pass(9, "");
	brain_play_read(&p, 0, "OL");
	expect_pass(100, "68 PRINT back");
}

static void a_timer_that_was_due_in_the_sleep_fires_with_the_first_reading(void **state)
{
	(void)state;
	begin_group(GRACE);
	brain_play_read(&p, 0, "OB");
	brain_play_pass(&p, 59);
	brain_forget(p.brain, p.now_ms);
	brain_play_pass(&p, 9);
	brain_play_read(&p, 0, "OB");
	expect_pass(100, "68 PRINT grace");
}

static void timers_wait_fifteen_seconds_at_most(void **state)
{
	(void)state;
	begin_group(GRACE);
	brain_play_read(&p, 0, "OB");
	brain_play_pass(&p, 50);
	brain_forget(p.brain, p.now_ms);
	brain_play_lose(&p, 0);
	expect_pass(100, "65 PRINT grace");
}

static void a_timer_that_is_not_due_yet_does_not_wait(void **state)
{
	(void)state;
	begin_group(GRACE);
	brain_play_read(&p, 0, "OB");
	brain_play_pass(&p, 10);
	brain_forget(p.brain, p.now_ms);
	expect_pass(100, "60 PRINT grace");
}

static void timers_wait_for_all_upses(void **state)
{
	(void)state;
	begin_group(GRACE "MONITOR other POWERVAL 1 UPSDUSER w PASSWORD 'p' TYPE primary\n");
	brain_play_read(&p, 0, "OB");
	brain_play_read(&p, 1, "OL");
	brain_play_pass(&p, 59);
	brain_forget(p.brain, p.now_ms);
	brain_play_read(&p, 0, "OB");
	expect_pass(4, "");
	brain_play_read(&p, 1, "OL");
	expect_pass(10, "63 PRINT grace");
}

static void an_outage_before_a_sleep_counts_no_more(void **state)
{
	(void)state;
	begin_classic(SECONDARY COMMAND "OBDURATION 100\n");
	brain_play_read(&p, 0, "OB LB");
	expect_pass(14, "0 LOG5 ONBATT ups; 0 LOG5 LOWBATT ups");
	brain_forget(p.brain, p.now_ms);
	expect_pass(30, "");
	brain_play_read(&p, 0, "OL");
	expect_pass(200, "");
}

/* -------------------------------------------------------------------- restart */

static void nobody_is_told_twice_because_of_a_restart(void **state)
{
	(void)state;
	begin_classic(SECONDARY "MONITOR b 1 u p primary\nMONITOR c 0 u p primary\n" COMMAND);
	brain_read(p.brain, 0,
		   &(struct monitor_reading){.status = "OB RB FOO BAR ALARM OVER TRIM",
					     .alarm = "too \"hot\"",
					     .eco = true},
		   p.now_ms);
	brain_play_read(&p, 1, "OL FSD");
	brain_play_lose(&p, 2);
	brain_play_pass(&p, 10);
	p.said.len = 0;
	brain_play_restart(&p, 300);
	brain_read(p.brain, 0,
		   &(struct monitor_reading){.status = "OB RB FOO BAR ALARM OVER TRIM",
					     .alarm = "too \"hot\"",
					     .eco = true},
		   p.now_ms);
	brain_play_read(&p, 1, "OL FSD");
	brain_play_lose(&p, 2);
	expect_pass(10, "");
	brain_play_read(&p, 0, "OL");
	expect("20.3 LOG5 NOTECO ups; 20.3 LOG5 NOTOVER ups; 20.3 LOG5 NOTTRIM ups; "
	       "20.3 LOG5 NOTALARM ups; 20.3 LOG5 ONLINE ups; 20.3 LOG5 NOTOTHER ups");
	brain_play_read(&p, 2, "OL");
	expect("20.3 LOG5 COMMOK c");
}

static void an_alarm_of_any_length_survives_a_restart(void **state)
{
	static char alarm[8192];
	struct monitor_reading r = {.status = "OB ALARM", .alarm = alarm};

	(void)state;
	memset(alarm, '"', sizeof(alarm) - 1);
	begin_classic(SECONDARY COMMAND "NOTIFYFLAG ALARM IGNORE\n");
	brain_read(p.brain, 0, &r, p.now_ms);
	assert_true(brain_monitor(p.brain, 0)->flags & STATUS_OB);
	brain_play_restart(&p, 300);
	assert_true(brain_monitor(p.brain, 0)->flags & STATUS_OB);
	assert_string_equal(brain_monitor(p.brain, 0)->alarm, alarm);
}

static void times_go_on_over_a_restart(void **state)
{
	(void)state;
	begin_classic(SECONDARY COMMAND "OBDURATION 100\n");
	brain_play_read(&p, 0, "OB");
	brain_play_pass(&p, 50);
	brain_play_restart(&p, 5000);
	brain_play_read(&p, 0, "OB");
	expect("0 LOG5 ONBATT ups");
	expect_pass(100, "100 DECIDED 0 in 22; 100 LOG5 SHUTDOWN ; 102 EXECUTE 0");
}

static void a_server_that_is_dead_after_the_restart_counts_from_its_last_sign(void **state)
{
	(void)state;
	begin_classic(PRIMARY COMMAND "DEADTIME 20\n");
	brain_play_read(&p, 0, "OB");
	p.said.len = 0;
	brain_play_pass(&p, 10);
	brain_play_restart(&p, 5000);
	brain_play_pass(&p, 2);
	brain_play_lose(&p, 0);
	p.deaf = true;
	expect_pass(20, "17 LOG5 COMMBAD ups; 30 DECIDED 0 in 22; 30 FSD 0; "
			"30 LOG5 SHUTDOWN ; 32 EXECUTE 0");
}

static void a_ups_that_was_low_and_lost_still_is(void **state)
{
	(void)state;
	begin_classic(SECONDARY COMMAND "HOSTSYNC 60\nDEADTIME 20\n");
	brain_play_read(&p, 0, "OB");
	brain_play_lose(&p, 0);
	brain_play_pass(&p, 30);
	p.said.len = 0;
	brain_play_restart(&p, 5000);
	brain_play_lose(&p, 0);
	expect_pass(60, "60.001 DECIDED 0 in 67; 60.001 LOG5 SHUTDOWN ; 62.001 EXECUTE 0");
}

static void timers_go_on_over_a_restart(void **state)
{
	(void)state;
	begin_group(GRACE);
	brain_play_read(&p, 0, "OB");
	brain_play_pass(&p, 20);
	brain_play_restart(&p, 5000);
	brain_play_read(&p, 0, "OB");
	expect_pass(100, "60 PRINT grace");
}

static void a_timer_that_ran_out_between_two_processes_waits_for_readings(void **state)
{
	(void)state;
	begin_group(GRACE);
	brain_play_read(&p, 0, "OB");
	brain_play_pass(&p, 58);
	brain_play_restart(&p, 5000);
	expect_pass(3, "");
	brain_play_restart(&p, 1000);
	expect_pass(3, "");
	brain_play_read(&p, 0, "OL");
	expect_pass(60, "70 PRINT back");
	brain_play_read(&p, 0, "OB");
	brain_play_pass(&p, 58);
	brain_play_restart(&p, 5000);
	brain_play_read(&p, 0, "OB");
	expect_pass(60, "193 PRINT grace");
}

static void overdue_timers_keep_their_order(void **state)
{
	(void)state;
	begin_group("WHEN desk REPORTS OL->OB : STARTTIMER b 2 STARTTIMER a 3\n"
		    "WHEN desk TIMEOUT a : PRINT 'a' WHEN desk TIMEOUT b : PRINT 'b'");
	brain_play_read(&p, 0, "OB");
	brain_play_restart(&p, 5000);
	brain_play_restart(&p, 5000);
	brain_play_read(&p, 0, "OB");
	expect_pass(1, "10 PRINT b; 10 PRINT a");
}

static void low_supplies_and_levels_are_not_told_again(void **state)
{
	(void)state;
	begin_group("WHEN desk REPORTS None->LS : PRINT 'LS' WHEN desk REPORTS LS->None : PRINT "
		    "'no LS' WHEN desk CHARGE BELOW 30 : PRINT '30' WHEN desk REPORTS OL->OB : "
		    "PRINT 'OB' WHEN desk REPORTS None->LB1 : PRINT 'LB1'");
	brain_play_values(&p, 0, "OB", "20", NULL);
	expect("0 PRINT OB; 0 PRINT LB1; 0 PRINT LS; 0 PRINT 30");
	brain_play_restart(&p, 1000);
	brain_play_values(&p, 0, "OB", "20", NULL);
	expect("");
	brain_play_values(&p, 0, "OL", "20", NULL);
	expect("1 PRINT no LS");
}

static void what_is_no_saved_state_changes_nothing(void **state)
{
	static const char *const lines[] = {
		"",
		"UPS",
		"UPS desk 1 1 2",
		"UPS nobody 1 1 2 0 0 1 5 5 0 0 0 0 0 0 0 0 0 \"\" \"\"",
		"UPS desk x 1 2 0 0 1 5 5 0 0 0 0 0 0 0 0 0 \"\" \"\"",
		"UPS desk 1 1 2 0 0 1 nan 5 0 0 0 0 0 0 0 0 0 \"\" \"\"",
		"UPS desk 1 1 2 0 0 1 5 5 0 0 0 0 x 0 0 0 0 \"\" \"\"",
		"UPS desk 9 1 2 0 0 1 5 5 0 0 0 0 0 0 0 0 0 \"\" \"\"",
		"LEVEL desk 99 5",
		"LEVEL nobody 2 5",
		"TIMER desk t x",
		"TIMER nobody t 5",
		"TIMER desk",
		"WAKE 3 0 0",
		"\"",
		"NONSENSE 1 2 3",
	};
	struct buffer before = {0}, after = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct buffer text = {0};

		begin_group(GRACE);
		buffer_clear(&before);
		buffer_clear(&after);
		brain_save(p.brain, &before, p.now_ms);
		buffer_appendf(&text, "%s\n", lines[i]);
		brain_restore(p.brain, buffer_string(&text), 0, p.now_ms);
		brain_save(p.brain, &after, p.now_ms);
		assert_string_equal(buffer_string(&before), buffer_string(&after));
		buffer_free(&text);
		end(NULL);
	}
	buffer_free(&before);
	buffer_free(&after);
	begin_group(GRACE);
}

static void it_wants_to_be_kept_after_changes_and_while_on_battery(void **state)
{
	struct buffer text = {0};

	(void)state;
	begin_group(GRACE);
	brain_play_read(&p, 0, "OL CHRG");
	assert_true(brain_wants_keeping(p.brain));
	brain_save(p.brain, &text, p.now_ms);
	assert_false(brain_wants_keeping(p.brain));
	brain_play_read(&p, 0, "OL CHRG");
	assert_false(brain_wants_keeping(p.brain));
	brain_play_read(&p, 0, "OB CHRG");
	brain_save(p.brain, &text, p.now_ms);
	assert_true(brain_wants_keeping(p.brain));
	buffer_free(&text);
}

/* --------------------------------------------------------------------- reload */

static void a_reload_keeps_what_is_known_and_the_timers(void **state)
{
	(void)state;
	begin_group(GRACE);
	brain_play_read(&p, 0, "OB");
	brain_play_pass(&p, 20);
	brain_play_reload(&p, "GROUP LOCAL CERTFILE ''\n"
			      "MONITOR new POWERVAL 0 UPSDUSER w PASSWORD 'p' TYPE primary\n"
			      "MONITOR desk POWERVAL 1 UPSDUSER w PASSWORD 'p' TYPE primary\n"
			      "WHEN desk REPORTS OL->OB : PRINT 'OB'\n"
			      "WHEN desk TIMEOUT grace : IF OL->OB PRINT 'new grace'");
	brain_play_read(&p, 1, "OB");
	expect_pass(100, "60 PRINT new grace");
}

static void a_ups_that_is_monitored_no_more_takes_its_timers_along(void **state)
{
	(void)state;
	begin_group(GRACE "MONITOR other POWERVAL 1 UPSDUSER w PASSWORD 'p' TYPE primary\n");
	brain_play_read(&p, 0, "OB");
	brain_play_reload(&p, "GROUP LOCAL CERTFILE ''\n"
			      "MONITOR other POWERVAL 1 UPSDUSER w PASSWORD 'p' TYPE primary\n");
	brain_play_reload(&p, PLAY_DESK GRACE);
	expect_pass(100, "");
	brain_play_read(&p, 0, "OB");
	expect_pass(100, "160 PRINT grace");
}

/* -------------------------------------------------------------------- notices */

static void nocomm_is_told_every_nocommwarntime(void **state)
{
	(void)state;
	begin_classic(SECONDARY COMMAND "NOCOMMWARNTIME 100\n");
	brain_play_read(&p, 0, "OL");
	brain_play_lose(&p, 0);
	expect_pass(350, "0 LOG5 COMMBAD ups; 100 LOG5 NOCOMM ups; 200 LOG5 NOCOMM ups; "
			 "300 LOG5 NOCOMM ups");
	end(NULL);
	begin_classic(SECONDARY COMMAND "NOCOMMWARNTIME 0\nPOLLFREQ 7\n");
	brain_play_read(&p, 0, "OL");
	brain_play_lose(&p, 0);
	expect_pass(15, "0 LOG5 COMMBAD ups; 0 LOG5 NOCOMM ups; 7 LOG5 NOCOMM ups; "
			"14 LOG5 NOCOMM ups");
}

static void notices_of_no_ups_name_none(void **state)
{
	(void)state;
	begin_classic(SECONDARY COMMAND "NOTIFYCMD \"/bin/n arg\"\nNOTIFYFLAG NOPARENT EXEC\n");
	p.timed = false;
	brain_tell(p.brain, NOTICE_SUSPEND_TIMEJUMP_UNEXPECTED, "", "12 s");
	brain_tell(p.brain, NOTICE_ALARM, "ups", "hot");
	expect("LOG5 SUSPEND_TIMEJUMP_UNEXPECTED 12 s; LOG5 ALARM ups");
}

/* ------------------------------------------------------------------- describe */

static const char *skip_value(const char *s, int depth);

static const char *skip_blank(const char *s)
{
	return s ? s + strspn(s, " \n\t\r") : NULL;
}

static const char *skip_string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	for (; *s != '"'; s++) {
		if ((unsigned char)*s < 0x20)
			return NULL;
		if (*s == '\\' && *++s != 'u' && !strchr("\"\\/bfnrt", *s))
			return NULL;
		if (*s == '\0')
			return NULL;
	}
	return s + 1;
}

static const char *skip_number(const char *s)
{
	char *number_end;

	if (!strchr("-0123456789", *s))
		return NULL;
	strtod(s, &number_end);
	return number_end;
}

/* Members or elements up to `close`. */
static const char *skip_list(const char *s, char close, bool named, int depth)
{
	s = skip_blank(s + 1);
	if (*s == close)
		return s + 1;
	for (;;) {
		if (named) {
			s = skip_blank(skip_string(s));
			if (!s || *s++ != ':')
				return NULL;
		}
		s = skip_blank(skip_value(skip_blank(s), depth + 1));
		if (!s || (*s != ',' && *s != close))
			return NULL;
		if (*s++ == close)
			return s;
		s = skip_blank(s);
	}
}

static const char *skip_value(const char *s, int depth)
{
	static const char *const words[] = {"true", "false", "null"};

	if (!s || depth > 10)
		return NULL;
	for (size_t i = 0; i < 3; i++)
		if (str_starts(s, words[i]))
			return s + strlen(words[i]);
	if (*s == '{')
		return skip_list(s, '}', true, depth);
	if (*s == '[')
		return skip_list(s, ']', false, depth);
	return *s == '"' ? skip_string(s) : skip_number(s);
}

static const char *describe(bool json)
{
	static struct buffer text;

	buffer_clear(&text);
	brain_describe(p.brain, &text, json, p.now_ms);
	return buffer_string(&text);
}

static void expect_told(bool json, const char *part)
{
	if (!strstr(describe(json), part))
		fail_msg("not told: %s\ntold:\n%s", part, describe(json));
}

static void expect_json(void)
{
	const char *text = describe(true);
	const char *rest = skip_blank(skip_value(text, 0));

	if (!rest || *rest)
		fail_msg("no JSON:\n%s", text);
}

static void what_is_told_as_json_is_json(void **state)
{
	(void)state;
	begin_classic(
		"MONITOR \"u\\\"p\\\\s\\\t@[::1]\" 1 u p primary\nMONITOR b@h 0 u p secondary\n"
		"OBDURATION 100\n" COMMAND);
	expect_json();
	brain_play_values(&p, 0, "OB LB ALARM FOO", "12.5", "1e300");
	brain_play_values(&p, 1, "OL", "1e999", "-1");
	expect_json();
	brain_play_lose(&p, 1);
	brain_force(p.brain, "by hand", p.now_ms);
	expect_json();
	end(NULL);
	begin_classic("MONITOR \xc3\xbc\xff 1 u p primary\n" COMMAND);
	expect_json();
	expect_told(true, "\"ups\": \"\xc3\xbc\\u00ff\"");
	end(NULL);
	begin_group("WHEN desk REPORTS OL->OB : STARTTIMER a 10 STARTTIMER b 20 STARTTIMER c 30\n"
		    "WHEN desk TIMEOUT b : WALL 'x' SHUTDOWNCMD '/bin/x'\n");
	expect_json();
	brain_play_read(&p, 0, "OB");
	expect_json();
	expect_told(true, "\"timer\": \"b\", \"ups\": \"desk\", \"left_s\": 20, "
			  "\"then\": \"WALL, SHUTDOWNCMD\"");
}

static void the_next_thing_and_its_time_are_told(void **state)
{
	(void)state;
	begin_classic(SECONDARY COMMAND "OBDURATION 300\nHOSTSYNC 12\n");
	expect_told(false, "next: nothing, unless a UPS changes\n");
	expect_told(true, "\"next\": null");
	brain_play_read(&p, 0, "OB");
	brain_play_pass(&p, 60);
	expect_told(false, "next: in 240.0 s: UPS ups: on battery for OBDURATION: "
			   "this host shuts down\n");
	expect_told(true, "\"in_s\": 240.000");
	brain_play_read(&p, 0, "OB LB");
	expect_told(false, "next: in 12.0 s: UPS ups: on battery and low for HOSTSYNC");
	brain_play_lose(&p, 0);
	expect_told(false, "shutdown: none\n");
}

static void what_is_left_of_a_shutdown_is_told(void **state)
{
	(void)state;
	begin_classic(SECONDARY COMMAND "FINALDELAY 30\nNOTIFYFLAG SHUTDOWN IGNORE\n");
	brain_play_read(&p, 0, "OL");
	brain_force(p.brain, "by hand", p.now_ms);
	brain_play_pass(&p, 10);
	expect_told(false, "shutdown: final delay and hooks\n"
			   "next: in 20.0 s: the shutdown command runs\n");
	expect_told(true, "\"in_s\": 20.000, \"what\": \"the shutdown command runs\"");
}

static void timers_are_told_with_what_they_do(void **state)
{
	(void)state;
	begin_group("WHEN desk REPORTS OL->OB : STARTTIMER grace 60\n"
		    "WHEN desk TIMEOUT grace : WALL 'x' IF OL->OB SHUTDOWNCMD '/bin/x'\n");
	brain_play_read(&p, 0, "OB");
	brain_play_pass(&p, 10);
	expect_told(false, "timer grace of desk: 50.0 s left: WALL, SHUTDOWNCMD\n");
	expect_told(false, "next: in 50.0 s: timer grace of desk runs out: WALL, SHUTDOWNCMD\n");
	brain_play_pass(&p, 49);
	brain_forget(p.brain, p.now_ms);
	brain_play_pass(&p, 5);
	expect_told(false, "timer grace of desk: 0.0 s left: ");
	expect_told(true, "\"left_s\": 0,");
}

/* ------------------------------------------------------------------- rehearsal */

static void expect_test(const char *what, const char *ups, bool found, const char *answer,
			const char *said)
{
	struct buffer text = {0};

	assert_int_equal(brain_test(p.brain, what, ups, &text, p.now_ms), found);
	if (!strstr(buffer_string(&text), answer))
		fail_msg("answered: %s", buffer_string(&text));
	buffer_free(&text);
	expect(said);
}

static void a_rehearsal_of_the_group_language_only_tells(void **state)
{
	(void)state;
	begin_group("WHEN desk REPORTS OL->OB : WALL '%(u)s %(e)s' IF None->LB PRINT 'low'\n"
		    "     STARTTIMER t 5 SETFSD desk SHELLCMD '/bin/x' WAKE '52:54:00:12:34:56'\n"
		    "     SHUTDOWNCMD '/bin/y' DEBUG 2\n"
		    "WHEN desk TIMEOUT t : EPRINT 't'");
	p.timed = false;
	expect_test("OL->OB", NULL, true, "OK OL->OB for desk: 2 ways of telling were used\n",
		    "WALL desk OL->OB; PRINT low");
	expect_test("TO->t", "desk", true, "OK ", "EPRINT t");
	expect_test("OB->OL", "desk", false, "ERR no rule is for \"OB->OL\"\n", "");
	expect_test("OL->OB", "x\"y", false, "ERR no UPS \"x\"y\" is monitored\n", "");
	expect_pass(10, "");
	assert_int_equal(log_debug_level(), 0);
}

static void a_rehearsal_of_a_notice_names_the_ups(void **state)
{
	(void)state;
	begin_classic(SECONDARY "MONITOR b 1 u p primary\n" COMMAND "NOTIFYFLAG ONLINE IGNORE\n");
	p.timed = false;
	expect_test("onbatt", NULL, true, "OK ", "LOG5 ONBATT ups");
	expect_test("SHUTDOWN", "b", true, "OK ", "LOG5 SHUTDOWN b");
	expect_test("NONSENSE", "b", false, "ERR ", "");
	expect_pass(10, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, end)
	const struct CMUnitTest tests[] = {
		TEST(timers_wait_for_readings_after_a_sleep),
		TEST(a_timer_that_was_due_in_the_sleep_fires_with_the_first_reading),
		TEST(timers_wait_fifteen_seconds_at_most),
		TEST(a_timer_that_is_not_due_yet_does_not_wait),
		TEST(timers_wait_for_all_upses),
		TEST(an_outage_before_a_sleep_counts_no_more),
		TEST(nobody_is_told_twice_because_of_a_restart),
		TEST(an_alarm_of_any_length_survives_a_restart),
		TEST(times_go_on_over_a_restart),
		TEST(a_server_that_is_dead_after_the_restart_counts_from_its_last_sign),
		TEST(a_ups_that_was_low_and_lost_still_is),
		TEST(timers_go_on_over_a_restart),
		TEST(a_timer_that_ran_out_between_two_processes_waits_for_readings),
		TEST(overdue_timers_keep_their_order),
		TEST(low_supplies_and_levels_are_not_told_again),
		TEST(what_is_no_saved_state_changes_nothing),
		TEST(it_wants_to_be_kept_after_changes_and_while_on_battery),
		TEST(a_reload_keeps_what_is_known_and_the_timers),
		TEST(a_ups_that_is_monitored_no_more_takes_its_timers_along),
		TEST(nocomm_is_told_every_nocommwarntime),
		TEST(notices_of_no_ups_name_none),
		TEST(what_is_told_as_json_is_json),
		TEST(the_next_thing_and_its_time_are_told),
		TEST(what_is_left_of_a_shutdown_is_told),
		TEST(timers_are_told_with_what_they_do),
		TEST(a_rehearsal_of_the_group_language_only_tells),
		TEST(a_rehearsal_of_a_notice_names_the_ups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
