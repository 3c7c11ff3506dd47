/*
 * Outages from their beginning to their end: a classic configuration with its
 * limits, hooks and waking, and two whole files in the group language.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/str.h"
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

/* Only orders and what they have to do with time are looked at. */
static void begin(const char *conf)
{
	brain_play_begin(&p, conf);
	p.timed = p.quiet = true;
}

/* As begin(), and all UPSes are on line power. */
static void begin_on_line(const char *conf)
{
	begin(conf);
	for (size_t i = 0; i < p.conf.ups_count; i++)
		brain_play_values(&p, i, "OL", "100", "1800");
	brain_play_expect(&p, "");
}

static void expect(const char *said)
{
	brain_play_expect(&p, said);
}

static void status_is(const char *status)
{
	brain_play_read(&p, 0, status);
}

static void values(const char *status, const char *charge, const char *runtime)
{
	brain_play_values(&p, 0, status, charge, runtime);
}

static void expect_pass(double seconds, const char *said)
{
	brain_play_pass(&p, seconds);
	expect(said);
}

/* ------------------------------------------------------------------- classic */

static void a_primary_sets_fsd_counts_secondaries_and_goes(void **state)
{
	(void)state;
	begin_on_line(PRIMARY COMMAND "HOSTSYNC 10\nNOTIFYFLAG ONBATT IGNORE\n");
	p.quiet = false;
	status_is("OB");
	expect_pass(60, "");
	status_is("OB LB");
	expect("60 LOG5 UPS ups battery is low; 60 WALL UPS ups battery is low; "
	       "60 DECIDED 0 in 17; 60 FSD 0");
	expect_pass(10, "60 WALL Executing automatic power-fail shutdown; "
			"60 LOG5 Auto logout and shutdown proceeding; "
			"60 WALL Auto logout and shutdown proceeding; 62 EXECUTE 0");
	status_is("OL");
	brain_force(p.brain, "once more", p.now_ms);
	p.quiet = true;
	expect_pass(100, "70 LOG5 UPS ups on line power; 70 WALL UPS ups on line power");
}

static void secondaries_have_hostsync_to_go(void **state)
{
	(void)state;
	begin_on_line(PRIMARY COMMAND "HOSTSYNC 10\n");
	p.others = 1;
	status_is("OB LB");
	expect_pass(5, "0 DECIDED 0 in 17; 0 FSD 0");
	expect_pass(10, "12.001 EXECUTE 0");
}

static void servers_that_do_not_answer_cost_five_seconds_and_hostsync(void **state)
{
	(void)state;
	begin_on_line(PRIMARY COMMAND "HOSTSYNC 10\n");
	p.mute = true;
	status_is("OB LB");
	expect_pass(30, "0 DECIDED 0 in 17; 0 FSD 0; 17.001 EXECUTE 0");
}

static void servers_that_are_gone_cost_nothing(void **state)
{
	(void)state;
	begin_on_line(PRIMARY COMMAND);
	p.deaf = true;
	status_is("OB LB");
	expect_pass(30, "0 DECIDED 0 in 22; 0 FSD 0; 2 EXECUTE 0");
}

static void a_secondary_goes_when_fsd_is_seen(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND);
	status_is("OB LB");
	expect_pass(10, "");
	status_is("OB LB FSD");
	expect_pass(10, "10 DECIDED 0 in 22; 12 EXECUTE 0");
}

static void a_secondary_goes_without_fsd_after_hostsync(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND "HOSTSYNC 20\n");
	status_is("OB LB");
	expect_pass(30, "20.001 DECIDED 0 in 27; 22.001 EXECUTE 0");
}

static void a_link_that_is_lost_on_battery_counts_as_low_after_deadtime(void **state)
{
	(void)state;
	begin_on_line(PRIMARY COMMAND "DEADTIME 30\n");
	status_is("OB");
	brain_play_pass(&p, 10);
	/* The last sign counts, not the moment in which it is clear that there is none. */
	p.heard[0] = false;
	brain_play_pass(&p, 2);
	brain_play_lose(&p, 0);
	expect_pass(60, "40 DECIDED 0 in 22; 40 FSD 0; 42 EXECUTE 0");
}

static void a_link_that_is_lost_on_line_power_shuts_nothing_down(void **state)
{
	(void)state;
	begin_on_line(PRIMARY COMMAND);
	brain_play_lose(&p, 0);
	expect_pass(10000, "");
}

#define TWO "MONITOR a 1 u p primary\nMONITOR b 1 u p secondary\nMINSUPPLIES 1\n" COMMAND

static void one_of_two_supplies_is_enough(void **state)
{
	(void)state;
	begin_on_line(TWO);
	brain_play_read(&p, 0, "OB LB");
	brain_play_read(&p, 1, "OB");
	expect_pass(100, "");
	brain_play_read(&p, 1, "OB LB FSD");
	expect_pass(10, "100 DECIDED 0 in 22; 100 FSD 0; 102 EXECUTE 0");
}

static void nothing_is_decided_any_more_once_we_are_told_to_stop(void **state)
{
	(void)state;
	begin_on_line(PRIMARY COMMAND);
	brain_stop(p.brain);
	status_is("OB LB");
	brain_force(p.brain, "by hand", p.now_ms);
	expect_pass(100, "");
}

static void a_stop_ends_a_shutdown_in_any_phase(void **state)
{
	static const char conf[] = PRIMARY COMMAND "SHUTDOWNHOOKS /etc 5 50\nFINALDELAY 0\n";

	(void)state;
	begin_on_line(conf);
	p.mute = true;
	status_is("OB LB");
	expect("0 DECIDED 0 in 70; 0 FSD 0");
	brain_stop(p.brain);
	brain_fsd_answered(p.brain, true, p.now_ms);
	p.mute = false;
	expect_pass(10, "");
	end(NULL);

	begin_on_line(conf);
	p.others = 1;
	status_is("OB LB");
	brain_play_pass(&p, 1);
	expect("0 DECIDED 0 in 70; 0 FSD 0");
	brain_stop(p.brain);
	brain_logins_answered(p.brain, 0, p.now_ms);
	expect("");
	end(NULL);

	begin_on_line(conf);
	p.hooks_s = -1;
	values("OB LB", NULL, "500");
	brain_play_pass(&p, 1);
	expect("0 DECIDED 0 in 70; 0 FSD 0; 0 HOOKS 50");
	brain_stop(p.brain);
	brain_hooks_ended(p.brain, p.now_ms);
	expect("");
}

/* -------------------------------------------------------------- native limits */

static void obduration_counts_from_the_beginning_of_the_outage(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND "OBDURATION 300\n");
	status_is("OB");
	brain_play_pass(&p, 200);
	status_is("OL");
	brain_play_pass(&p, 5);
	status_is("OB");
	brain_play_pass(&p, 100);
	brain_play_lose(&p, 0);
	brain_play_pass(&p, 5);
	status_is("OB");
	expect_pass(300, "505 DECIDED 0 in 22; 507 EXECUTE 0");
}

static void obcharge_and_obruntime_count_at_once(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND "OBCHARGE 40\nOBRUNTIME 240\n");
	values("OL", "30", "100");
	values("OB", "41", "241");
	expect_pass(10, "");
	values("OB", "40", "241");
	expect("10 DECIDED 0 in 22");
	end(NULL);
	begin_on_line(SECONDARY COMMAND "OBCHARGE 40\nOBRUNTIME 240\n");
	values("OB", NULL, "240");
	expect("0 DECIDED 0 in 22");
}

static void a_calibration_reaches_no_limit(void **state)
{
	(void)state;
	begin_on_line(PRIMARY COMMAND "OBDURATION 300\nOBCHARGE 40\nOBRUNTIME 240\n");
	values("OB CAL", "10", "20");
	expect_pass(1000, "");
	values("OB CAL LB", "10", "20");
	expect_pass(1000, "");
	values("OB", "50", "300");
	expect_pass(299, "");
	expect_pass(2, "2300 DECIDED 0 in 22; 2300 FSD 0");
}

static void a_calibration_is_no_part_of_hostsync(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND "HOSTSYNC 20\n");
	status_is("OB LB CAL");
	expect_pass(100, "");
	status_is("OB LB");
	expect_pass(30, "120.001 DECIDED 0 in 27; 122.001 EXECUTE 0");
}

static void a_limit_of_one_ups_is_its_own(void **state)
{
	(void)state;
	begin_on_line(TWO "OBDURATION 100\nOBDURATION 400 b\nOBCHARGE -1 b\nOBCHARGE 20\n");
	brain_play_values(&p, 0, "OB", "10", NULL);
	brain_play_values(&p, 1, "OB", "10", NULL);
	expect_pass(1000, "400 DECIDED 0 in 22; 400 FSD 0; 402 EXECUTE 0");
}

static void a_reload_brings_other_limits_at_once(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND);
	status_is("OB");
	expect_pass(500, "");
	brain_play_reload(&p, SECONDARY COMMAND "OBDURATION 300\n");
	expect("");
	expect_pass(0.1, "500 DECIDED 0 in 22");
}

/* ---------------------------------------------------------------------- hooks */

#define HOOKS "SHUTDOWNHOOKS /etc/nut/shutdown.d 30 100\n"

static void the_command_waits_for_hooks_and_for_finaldelay(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND HOOKS);
	p.hooks_s = 40;
	values("OB LB FSD", NULL, "900");
	expect_pass(60, "0 DECIDED 0 in 120; 0 HOOKS 100; 40 EXECUTE 0");
	end(NULL);
	begin_on_line(SECONDARY COMMAND HOOKS);
	p.hooks_s = 1;
	values("OB LB FSD", NULL, "900");
	expect_pass(60, "0 DECIDED 0 in 120; 0 HOOKS 100; 2 EXECUTE 0");
}

static void hooks_that_hang_are_left_behind(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND HOOKS);
	p.hooks_s = -1;
	values("OB LB FSD", NULL, "900");
	expect_pass(200, "0 DECIDED 0 in 120; 0 HOOKS 100; 100 EXECUTE 0");
}

static void hooks_have_what_the_battery_gives_but_a_reserve(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND HOOKS);
	p.hooks_s = -1;
	values("OB LB FSD", NULL, "75");
	expect_pass(200, "0 DECIDED 0 in 120; 0 HOOKS 55; 55 EXECUTE 0");
	end(NULL);
	begin_on_line(SECONDARY COMMAND HOOKS);
	values("OB LB FSD", NULL, "15");
	expect_pass(200, "0 DECIDED 0 in 120; 2 EXECUTE 0");
	end(NULL);
	begin_on_line(SECONDARY COMMAND HOOKS);
	p.hooks_s = -1;
	values("OB LB FSD", NULL, NULL);
	expect_pass(200, "0 DECIDED 0 in 120; 0 HOOKS 60; 60 EXECUTE 0");
}

static void the_weakest_battery_that_feeds_us_decides(void **state)
{
	(void)state;
	begin_on_line("MONITOR a 1 u p secondary\nMONITOR b 1 u p secondary\n"
		      "MONITOR c 0 u p secondary\nMINSUPPLIES 2\n" COMMAND HOOKS);
	p.hooks_s = -1;
	brain_play_values(&p, 1, "OB", NULL, "90");
	brain_play_values(&p, 2, "OB", NULL, "10");
	expect("");
	brain_play_values(&p, 0, "OB FSD", NULL, "110");
	expect_pass(100, "0 DECIDED 0 in 120; 0 HOOKS 70; 70 EXECUTE 0");
}

static void a_battery_that_fails_faster_cuts_the_hooks_short(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND HOOKS);
	p.hooks_s = -1;
	values("OB LB FSD", NULL, "300");
	expect_pass(10, "0 DECIDED 0 in 120; 0 HOOKS 100");
	values("OB LB FSD", NULL, "45");
	expect_pass(5, "");
	values("OB LB FSD", NULL, "300");
	expect_pass(50, "35 EXECUTE 0");
}

static void what_a_lost_ups_said_of_its_runtime_goes_by(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND HOOKS "DEADTIME 20\nHOSTSYNC 15\n");
	p.hooks_s = -1;
	values("OB", NULL, "90");
	brain_play_lose(&p, 0);
	/* Of 90 s there are 70 left, and 20 of them are the system's. */
	expect_pass(100, "20 DECIDED 0 in 120; 20 HOOKS 50; 70 EXECUTE 0");
}

static void power_that_fails_while_hooks_run_sets_them_a_limit(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND HOOKS);
	p.hooks_s = -1;
	brain_force(p.brain, "by hand", p.now_ms);
	expect_pass(10, "0 DECIDED 0 in 120; 0 HOOKS 100");
	values("OB", NULL, "40");
	expect_pass(100, "30 EXECUTE 0");
}

/* --------------------------------------------------------------------- waking */

#define WAKE                                                                                       \
	"WAKEONLAN 52:54:00:00:00:02 127.0.0.1 60\nWAKEONLAN 52:54:00:00:00:01 127.0.0.1\n"        \
	"WAKEONLAN 52:54:00:00:00:03 127.0.0.1 60\nWAKESTABLE 100\nWAKECHARGE 50\n"
#define FIRST  "WAKE 52:54:00:00:00:01 127.0.0.1"
#define SECOND "WAKE 52:54:00:00:00:02 127.0.0.1"
#define THIRD  "WAKE 52:54:00:00:00:03 127.0.0.1"

static void others_are_woken_in_stages_after_the_start(void **state)
{
	(void)state;
	begin(SECONDARY COMMAND WAKE);
	brain_play_pass(&p, 10);
	values("OL", "90", NULL);
	expect_pass(1000, "110 " FIRST "; 170 " SECOND "; 170 " THIRD);
	values("OL", "95", NULL);
	expect_pass(1000, "");
}

static void others_are_woken_after_an_outage(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND WAKE);
	brain_play_pass(&p, 1000);
	p.said.len = 0;
	values("OB", "80", NULL);
	expect_pass(50, "");
	values("OL", "40", NULL);
	expect_pass(500, "");
	values("OL", "50", NULL);
	expect_pass(500, "1650 " FIRST "; 1710 " SECOND "; 1710 " THIRD);
}

static void power_that_fails_again_begins_the_waking_anew(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND WAKE);
	expect_pass(120, "100 " FIRST);
	values("OB", "90", NULL);
	expect_pass(30, "");
	values("OL", "90", NULL);
	expect_pass(300, "250 " FIRST "; 310 " SECOND "; 310 " THIRD);
}

static void a_ups_that_is_lost_for_a_moment_is_not_stable(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND WAKE);
	expect_pass(50, "");
	brain_play_lose(&p, 0);
	values("OL", "90", NULL);
	expect_pass(60, "");
	expect_pass(60, "150 " FIRST);
}

static void a_battery_that_does_not_tell_its_charge_is_as_good_as_it_gets(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND WAKE);
	values("OL", NULL, NULL);
	expect_pass(110, "100 " FIRST);
}

static void nobody_is_woken_while_any_ups_that_feeds_us_is_not_well(void **state)
{
	static const char *const bad[] = {"OL LB", "OL FSD", "OL OFF", "OB", "WAIT"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin("MONITOR a 1 u p secondary\nMONITOR b 1 u p secondary\nMONITOR c 0 u p "
		      "secondary\nOFFDURATION -1\n" COMMAND WAKE);
		brain_play_read(&p, 0, "OL");
		brain_play_read(&p, 1, bad[i]);
		brain_play_read(&p, 2, "OB");
		expect_pass(300, "");
		brain_play_read(&p, 1, "OL");
		expect_pass(110, "400 " FIRST);
		end(NULL);
	}
	begin(PRIMARY COMMAND);
}

static void stages_go_on_where_another_process_ended(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND WAKE "WAKESTABLE 20\n");
	expect_pass(50, "20 " FIRST);
	brain_play_restart(&p, 1000);
	values("OL", "90", NULL);
	expect_pass(50, "80 " SECOND "; 80 " THIRD);
}

static void nobody_is_woken_once_a_shutdown_has_begun(void **state)
{
	(void)state;
	begin_on_line(SECONDARY COMMAND WAKE);
	brain_play_pass(&p, 99);
	brain_force(p.brain, "by hand", p.now_ms);
	expect_pass(500, "99 DECIDED 0 in 22; 101 EXECUTE 0");
}

/* ------------------------------------------------ one box, timed and staged */

static const char office[] =
	"POLLFREQ 5  POLLFREQALERT 2\n"
	"SMTPSERVER 'smtp.office.example' PORT 465 USER 'ups-robot' PASSWORD 'change-me'\n"
	"LET who    = '%(u)s %(e)s at %(c)s%%: '\n"
	"LET onbatt = who 'grace'\nLET back = who 'back'\nLET bye = who 'bye'\n"
	"LET ca     = '/etc/nut/pki/upsd-ca.pem'\n"
	"GROUP LOCAL HOST localhost PORT 3493 CERTFILE ca\n"
	"MONITOR desk POWERVAL 1 UPSDUSER watcher PASSWORD 'w-secret' TYPE primary\n"
	"MINSUPPLIES 1\n"
	"LET battery.charge.low.1 = '60'\nLET battery.charge.low.2 = '40'\n"
	"LET battery.charge.low.3 = '20'\n"
	"WHEN desk REPORTS OL->OB : WALL onbatt SYSLOG '[warning] ' onbatt STARTTIMER grace 180\n"
	"WHEN desk REPORTS OB->OL : CANCELTIMER grace CANCELTIMER last WALL back NUTLOG back\n"
	"WHEN desk TIMEOUT grace  : IF OL->OB WALL bye IF OL->OB STARTTIMER last 10\n"
	"WHEN desk REPORTS None->LB1 : NUTLOG who 'level 1'\n"
	"WHEN desk REPORTS None->LB2 : SHELLCMD '/usr/local/sbin/stop-batch-jobs'\n"
	"WHEN desk REPORTS None->LB3 : IF OL->OB STARTTIMER last 10\n"
	"WHEN desk REPORTS None->LB  : STARTTIMER last 5\n"
	"WHEN desk TIMEOUT last      : SHUTDOWNCMD '/sbin/shutdown -h now'\n"
	"WHEN desk REPORTS COMM->NOCOMM : STARTTIMER mute 300 IF OL->OB STARTTIMER last 5\n"
	"WHEN desk REPORTS NOCOMM->COMM : CANCELTIMER mute\n"
	"WHEN desk TIMEOUT mute : NUTLOG who 'silent'\n"
	"WHEN desk REPORTS None->RB : STARTTIMER rb 43200\n"
	"     EMAIL FROM 'ups@office.example' TO 'ops@office.example'\n"
	"           SUBJECT 'battery' MESSAGE who 'replace battery'\n"
	"WHEN desk TIMEOUT rb : STARTTIMER rb 43200 NUTLOG who 'still bad'\n"
	"WHEN desk REPORTS RB->None : CANCELTIMER rb\n"
	"GROUP PULSE HOST localhost PORT 3493 CERTFILE ca\n"
	"MONITOR pulse POWERVAL 0 UPSDUSER watcher PASSWORD 'w-secret' TYPE primary\n"
	"MINSUPPLIES 0\n"
	"WHEN pulse REPORTS None->TICK : CANCELTIMER tock-t STARTTIMER tick-t 660\n"
	"WHEN pulse REPORTS None->TOCK : CANCELTIMER tick-t STARTTIMER tock-t 660\n"
	"WHEN pulse TIMEOUT tick-t : SYSLOG '[crit] ' who 'broken'\n"
	"WHEN pulse TIMEOUT tock-t : SYSLOG '[crit] ' who 'broken'\n";

static void begin_office(void)
{
	begin_on_line(office);
	p.quiet = false;
	brain_play_read(&p, 1, "OL TICK");
	expect("");
}

#define OUTAGE(at, charge)                                                                         \
	at " WALL desk OL->OB at " charge "%: grace; " at " LOG4 desk OL->OB at " charge "%: "     \
											 "grace"

static void the_office_outlives_a_short_outage(void **state)
{
	(void)state;
	begin_office();
	values("OB", "100", NULL);
	expect(OUTAGE("0", "100"));
	brain_play_pass(&p, 170);
	values("OL", "70", NULL);
	expect("170 WALL desk OB->OL at 70%: back; 170 NUTLOG - OB->OL desk: desk OB->OL at 70%: "
	       "back");
	expect_pass(400, "");
}

static void the_office_goes_after_its_grace(void **state)
{
	(void)state;
	begin_office();
	values("OB", "100", NULL);
	brain_play_pass(&p, 100);
	values("OB", "60", NULL);
	brain_play_pass(&p, 30);
	values("OB", "35", NULL);
	expect(OUTAGE("0", "100") "; 100 NUTLOG - None->LB1 desk: desk None->LB1 at 60%: level 1; "
				  "130 SHELL /usr/local/sbin/stop-batch-jobs");
	expect_pass(400, "180 WALL desk TO->grace at 35%: bye; 190 DECIDED 0 in 5; 190 EXECUTE 0");
}

static void the_office_is_saved_by_power_in_the_last_moment(void **state)
{
	(void)state;
	begin_office();
	values("OB", "100", NULL);
	brain_play_pass(&p, 189.9);
	p.said.len = 0;
	values("OL", "50", NULL);
	expect("189.9 NUTLOG - None->LB1 desk: desk None->LB1 at 50%: level 1; "
	       "189.9 WALL desk OB->OL at 50%: back; "
	       "189.9 NUTLOG - OB->OL desk: desk OB->OL at 50%: back");
	expect_pass(400, "");
}

static void the_office_goes_sooner_with_a_weak_battery(void **state)
{
	(void)state;
	begin_office();
	values("OB", "21", NULL);
	p.said.len = 0;
	brain_play_pass(&p, 50);
	p.quiet = true;
	values("OB", "20", NULL);
	expect_pass(400, "60 DECIDED 0 in 5; 60 EXECUTE 0");
	end(NULL);

	begin_office();
	values("OB", "21", NULL);
	p.said.len = 0;
	values("OB LB", "21", NULL);
	expect_pass(100, "5 DECIDED 0 in 5; 5 EXECUTE 0");
}

static void the_office_does_not_wait_for_a_ups_that_is_lost_on_battery(void **state)
{
	(void)state;
	begin_office();
	values("OB", "100", NULL);
	p.said.len = 0;
	brain_play_pass(&p, 20);
	brain_play_lose(&p, 0);
	expect_pass(100, "25 DECIDED 0 in 5; 25 EXECUTE 0");
}

static void the_office_tells_of_silence_on_line_power_only(void **state)
{
	(void)state;
	begin_office();
	brain_play_lose(&p, 0);
	brain_play_pass(&p, 200);
	values("OL", "100", NULL);
	expect_pass(200, "");
	brain_play_lose(&p, 0);
	brain_play_read(&p, 1, "OL TOCK");
	expect_pass(600, "700 NUTLOG - TO->mute desk: desk TO->mute at 100%: silent");
}

static void the_office_is_reminded_of_its_battery_twice_a_day(void **state)
{
	static const char still[] = "NUTLOG - TO->rb desk: desk TO->rb at 100%: still bad";
	char said[512];

	(void)state;
	begin_office();
	brain_play_read(&p, 1, "OL");
	values("OL RB", "100", NULL);
	expect("0 MAIL smtp.office.example:465 ups@office.example>ops@office.example [battery] "
	       "desk None->RB at 100%: replace battery");
	brain_play_pass(&p, 2 * 43200 + 10);
	str_format(said, sizeof(said),
		   "660 LOG2 PULSE:pulse TO->tick-t at ?%%: broken; 43200 %s; 86400 %s", still,
		   still);
	expect(said);
	values("OL", "100", NULL);
	expect_pass(43300, "");
}

/* -------------------------------------------- two feeds and a site that is watched */

static const char rack[] =
	"POLLFREQ 5\nLET w = '%(u)s %(e)s '\n"
	"SMTPSERVER 'relay' PORT 465 USER 'u' PASSWORD 'p'\n"
	"GROUP RACK HOST power1.dc.example PORT 401 CERTFILE '/etc/nut/pki/power1.pem'\n"
	"MONITOR feedA POWERVAL 1 UPSDUSER rack PASSWORD 'a' TYPE secondary\n"
	"MONITOR feedB POWERVAL 1 UPSDUSER rack PASSWORD 'a' TYPE secondary\n"
	"MINSUPPLIES 1\n"
	"WHEN feedA REPORTS OL->OB : SYSLOG '[warning] ' w 'feed A on battery'\n"
	"WHEN feedB REPORTS OL->OB : SYSLOG '[warning] ' w 'feed B on battery'\n"
	"WHEN feedA REPORTS None->LS : SYSLOG '[crit] ' w 'both feeds gone' STARTTIMER drain 300\n"
	"WHEN feedA REPORTS LS->None : CANCELTIMER drain\n"
	"WHEN feedA TIMEOUT drain : SHUTDOWNCMD '/sbin/poweroff'\n"
	"WHEN feedA REPORTS None->FSD : SHUTDOWNCMD '/sbin/poweroff'\n"
	"WHEN feedB REPORTS None->FSD : SHUTDOWNCMD '/sbin/poweroff'\n"
	"WHEN feedA REPORTS COMM->NOCOMM : NUTLOG w 'lost' IF None->LS STARTTIMER drain 30\n"
	"WHEN feedA REPORTS None->LB : NUTLOG w\nWHEN feedB REPORTS None->LB : NUTLOG w\n"
	"WHEN feedB REPORTS COMM->NOCOMM : NUTLOG w 'lost'\n"
	"GROUP AWAY HOST power2.branch.example PORT 401 CERTFILE '/etc/nut/pki/power2.pem'\n"
	"MONITOR branch POWERVAL 0 UPSDUSER eyes PASSWORD 'b' TYPE secondary\n"
	"MINSUPPLIES 0\n"
	"WHEN branch REPORTS OL->OB : EMAIL FROM 'ups@dc' TO 'net@dc' SUBJECT 'branch' MESSAGE w\n";

#define FEED_A "RACK:feedA@power1.dc.example:401"
#define FEED_B "RACK:feedB@power1.dc.example:401"

static void begin_rack(void)
{
	begin_on_line(rack);
	p.quiet = false;
}

static void the_rack_lives_on_either_feed(void **state)
{
	(void)state;
	begin_rack();
	brain_play_read(&p, 0, "OB");
	expect("0 LOG4 " FEED_A " OL->OB feed A on battery");
	brain_play_pass(&p, 4000);
	brain_play_read(&p, 0, "OB LB");
	brain_play_read(&p, 0, "OL");
	brain_play_read(&p, 1, "OB");
	expect("4000 NUTLOG - None->LB " FEED_A ": " FEED_A " None->LB ; "
	       "4000 LOG4 " FEED_B " OL->OB feed B on battery");
	expect_pass(4000, "");
}

static void the_rack_drains_when_both_feeds_are_gone(void **state)
{
	(void)state;
	begin_rack();
	brain_play_read(&p, 0, "OB");
	brain_play_pass(&p, 100);
	p.said.len = 0;
	brain_play_read(&p, 1, "OB");
	expect("100 LOG4 " FEED_B " OL->OB feed B on battery; "
	       "100 LOG2 " FEED_A " None->LS both feeds gone");
	brain_play_pass(&p, 299);
	brain_play_read(&p, 0, "OL");
	expect_pass(400, "");
	brain_play_read(&p, 0, "OB");
	p.said.len = 0;
	expect_pass(400, "1099 DECIDED 0 in 5; 1099 EXECUTE 0");
}

static void the_rack_drains_sooner_when_it_sees_nothing_any_more(void **state)
{
	(void)state;
	begin_rack();
	brain_play_read(&p, 0, "OB");
	brain_play_read(&p, 1, "OB");
	p.said.len = 0;
	brain_play_pass(&p, 100);
	brain_play_lose(&p, 0);
	expect("100 NUTLOG - COMM->NOCOMM " FEED_A ": " FEED_A " COMM->NOCOMM lost");
	expect_pass(100, "130 DECIDED 0 in 5; 130 EXECUTE 0");
}

static void a_feed_that_is_lost_on_line_power_feeds_nobody(void **state)
{
	(void)state;
	begin_rack();
	brain_play_lose(&p, 1);
	expect("0 NUTLOG - COMM->NOCOMM " FEED_B ": " FEED_B " COMM->NOCOMM lost");
	brain_play_read(&p, 0, "OB");
	expect("0 LOG4 " FEED_A " OL->OB feed A on battery; "
	       "0 LOG2 " FEED_A " None->LS both feeds gone");
	brain_play_pass(&p, 10);
	brain_play_read(&p, 1, "OL");
	expect_pass(1000, "");
}

static void the_rack_obeys_the_fsd_of_either_primary(void **state)
{
	(void)state;
	begin_rack();
	brain_play_read(&p, 1, "OL FSD");
	expect_pass(10, "0 DECIDED 0 in 5; 0 EXECUTE 0");
}

static void the_branch_is_only_told_of(void **state)
{
	static const char mail[] =
		"0 MAIL relay:465 ups@dc>net@dc [branch] AWAY:branch@power2.branch.example:401 "
		"OL->OB ";

	(void)state;
	begin_rack();
	brain_play_read(&p, 2, "OB LB FSD");
	brain_play_lose(&p, 2);
	expect_pass(4000, mail);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, end)
	const struct CMUnitTest tests[] = {
		TEST(a_primary_sets_fsd_counts_secondaries_and_goes),
		TEST(secondaries_have_hostsync_to_go),
		TEST(servers_that_do_not_answer_cost_five_seconds_and_hostsync),
		TEST(servers_that_are_gone_cost_nothing),
		TEST(a_secondary_goes_when_fsd_is_seen),
		TEST(a_secondary_goes_without_fsd_after_hostsync),
		TEST(a_link_that_is_lost_on_battery_counts_as_low_after_deadtime),
		TEST(a_link_that_is_lost_on_line_power_shuts_nothing_down),
		TEST(one_of_two_supplies_is_enough),
		TEST(nothing_is_decided_any_more_once_we_are_told_to_stop),
		TEST(a_stop_ends_a_shutdown_in_any_phase),
		TEST(obduration_counts_from_the_beginning_of_the_outage),
		TEST(obcharge_and_obruntime_count_at_once),
		TEST(a_calibration_reaches_no_limit),
		TEST(a_calibration_is_no_part_of_hostsync),
		TEST(a_limit_of_one_ups_is_its_own),
		TEST(a_reload_brings_other_limits_at_once),
		TEST(the_command_waits_for_hooks_and_for_finaldelay),
		TEST(hooks_that_hang_are_left_behind),
		TEST(hooks_have_what_the_battery_gives_but_a_reserve),
		TEST(the_weakest_battery_that_feeds_us_decides),
		TEST(a_battery_that_fails_faster_cuts_the_hooks_short),
		TEST(what_a_lost_ups_said_of_its_runtime_goes_by),
		TEST(power_that_fails_while_hooks_run_sets_them_a_limit),
		TEST(others_are_woken_in_stages_after_the_start),
		TEST(others_are_woken_after_an_outage),
		TEST(power_that_fails_again_begins_the_waking_anew),
		TEST(a_ups_that_is_lost_for_a_moment_is_not_stable),
		TEST(a_battery_that_does_not_tell_its_charge_is_as_good_as_it_gets),
		TEST(nobody_is_woken_while_any_ups_that_feeds_us_is_not_well),
		TEST(stages_go_on_where_another_process_ended),
		TEST(nobody_is_woken_once_a_shutdown_has_begun),
		TEST(the_office_outlives_a_short_outage),
		TEST(the_office_goes_after_its_grace),
		TEST(the_office_is_saved_by_power_in_the_last_moment),
		TEST(the_office_goes_sooner_with_a_weak_battery),
		TEST(the_office_does_not_wait_for_a_ups_that_is_lost_on_battery),
		TEST(the_office_tells_of_silence_on_line_power_only),
		TEST(the_office_is_reminded_of_its_battery_twice_a_day),
		TEST(the_rack_lives_on_either_feed),
		TEST(the_rack_drains_when_both_feeds_are_gone),
		TEST(the_rack_drains_sooner_when_it_sees_nothing_any_more),
		TEST(a_feed_that_is_lost_on_line_power_feeds_nobody),
		TEST(the_rack_obeys_the_fsd_of_either_primary),
		TEST(the_branch_is_only_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
