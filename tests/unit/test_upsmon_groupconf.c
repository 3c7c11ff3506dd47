/* The group language: what it means, and what is said about its mistakes. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include <cmocka.h>

#include "clients/upsmon/conf/groupconf.h"
#include "clients/upsmon/conf/groupparse.h"
#include "common/base/str.h"

#define WHO    "POWERVAL 1 UPSDUSER w PASSWORD 'p w' TYPE primary "
#define SITE   "GROUP LOCAL CERTFILE '' MONITOR desk " WHO "MINSUPPLIES 0\n"
#define ACTION SITE "WHEN desk REPORTS OL->OB : "
#define COVERED                                                                                    \
	"WHEN desk REPORTS None->LB : SHUTDOWNCMD '/sbin/x'\nWHEN desk REPORTS COMM->NOCOMM : "    \
	"PRINT ''\n"

static struct upsmon_conf conf;
static struct conf_report report;
static struct buffer said;

static void note(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg;
	buffer_appendf(&said, "%c %s\n", severity == CONF_ERROR ? 'E' : 'W', text);
}

static int open_text(const char *text, size_t len)
{
	char path[] = "/tmp/groupXXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	unlink(path);
	return fd;
}

static void read_bytes(const char *text, size_t len)
{
	int fd = open_text(text, len);

	upsmon_conf_free(&conf);
	buffer_clear(&said);
	report = (struct conf_report){.emit = note};
	assert_int_equal(groupconf_read_fd(&conf, fd, "u.conf", &report), 0);
	close(fd);
}

static void read_text(const char *text)
{
	read_bytes(text, strlen(text));
}

static int end(void **state)
{
	(void)state;
	upsmon_conf_free(&conf);
	buffer_free(&said);
	return 0;
}

static void expect_said(const char *part)
{
	if (!strstr(buffer_string(&said), part))
		fail_msg("not said: %s\nsaid:\n%s", part, buffer_string(&said));
}

static void expect_clean(const char *text)
{
	read_text(text);
	assert_string_equal(buffer_string(&said), "");
	assert_int_equal(report.errors + report.warnings, 0);
}

static void expect_accepted(const char *text)
{
	read_text(text);
	if (report.errors)
		fail_msg("said:\n%s", buffer_string(&said));
}

static const struct rule_action *action(size_t rule, size_t n)
{
	assert_true(rule < conf.book.count);
	assert_true(n < conf.book.rules[rule].action_count);
	return &conf.book.rules[rule].actions[n];
}

/* -------------------------------------------------------------- declarations */

static void a_short_file_has_the_defaults(void **state)
{
	(void)state;
	expect_clean("GROUP LOCAL CERTFILE '' MONITOR desk " WHO COVERED);
	assert_false(conf.classic);
	assert_int_equal(conf.group_count, 1);
	assert_string_equal(conf.groups[0].name, "LOCAL");
	assert_int_equal(conf.groups[0].min_supplies, 1);
	assert_int_equal(conf.ups_count, 1);
	assert_string_equal(conf.ups[0].system, "desk");
	assert_string_equal(conf.ups[0].target.ups, "desk");
	assert_string_equal(conf.ups[0].target.host, "localhost");
	assert_int_equal(conf.ups[0].target.port, 3493);
	assert_int_equal(conf.ups[0].power, 1);
	assert_string_equal(conf.ups[0].user, "w");
	assert_string_equal(conf.ups[0].password, "p w");
	assert_true(conf.ups[0].primary);
	assert_true(conf.ups[0].login);
	assert_int_equal(conf.ups[0].level[0], 50);
	assert_int_equal(conf.ups[0].level[1], 25);
	assert_int_equal(conf.ups[0].level[2], 12);
	assert_int_equal(conf.policy.poll, 5);
	assert_int_equal(conf.policy.poll_alert, 5);
	assert_int_equal(conf.policy.deadtime, 15);
	assert_int_equal(conf.shutdown_exit, CONF_EXIT_NEVER);
	assert_int_equal(conf.tls.host_count, 0);
	assert_null(conf.smtp.host);
	assert_null(conf.powerdown_flag);
	assert_null(conf.log_file);
	assert_null(conf.run_as_user);
	assert_int_equal(conf.debug_min, -1);
}

static void names_that_begin_like_keywords_are_names(void **state)
{
	(void)state;
	expect_clean("LET IFx = 'a' LET TO-do = 'b' LET TYPEs = IFx TO-do\n"
		     "GROUP HOSTS CERTFILE '' MONITOR OLDUPS POWERVAL 0 UPSDUSER USERx "
		     "PASSWORD 'p' TYPE secondary MINSUPPLIES 0\n"
		     "WHEN OLDUPS REPORTS OL->OB : STARTTIMER LBtimer 1 WALL TYPEs\n"
		     "WHEN OLDUPS TO LBtimer : PRINT 'x'");
	assert_string_equal(conf.ups[0].system, "HOSTS:OLDUPS");
	assert_string_equal(action(0, 1)->text, "ab");
}

static void words_of_ours_are_names_where_they_mean_nothing(void **state)
{
	(void)state;
	expect_clean("LET CHARGE = 'c' LET NOT = 'n' LET AND = CHARGE NOT LET OVER = AND\n"
		     "GROUP BELOW CERTFILE '' MONITOR RUNTIME POWERVAL 0 UPSDUSER ONBATTERY "
		     "PASSWORD 'p' TYPE secondary MINSUPPLIES 0\n"
		     "WHEN RUNTIME REPORTS None->OVER : STARTTIMER OVER 1 WALL OVER NOT AND "
		     "IF OVER->None AND NOT CHARGE BELOW 5 WALL CHARGE\n"
		     "WHEN RUNTIME TIMEOUT OVER : PRINT 'x'");
	assert_string_equal(action(0, 1)->text, "cnncn");
	assert_int_equal(action(0, 2)->condition_count, 2);
}

static void hosts_are_names_and_addresses_of_both_families(void **state)
{
	static const char *const rows[][2] = {
		{"power1.dc.example", "power1.dc.example"},
		{"10.0.0.7", "10.0.0.7"},
		{"[::1]", "::1"},
		{"[2001:db8::7]", "2001:db8::7"},
		{"3com.example", "3com.example"},
		{"\"power1\"", "power1"},
		{"'::1'", "::1"},
		{"'[::1]'", "::1"},
		{"\"3com-host\"", "3com-host"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text),
			 "GROUP G HOST %s PORT 401 CERTFILE '/c' MONITOR u POWERVAL 0 UPSDUSER w "
			 "PASSWORD 'p' TYPE slave MINSUPPLIES 0",
			 rows[i][0]);
		expect_clean(text);
		assert_string_equal(conf.ups[0].target.host, rows[i][1]);
		assert_int_equal(conf.ups[0].target.port, 401);
	}
	assert_string_equal(conf.ups[0].system, "G:u@3com-host:401");
	assert_false(conf.ups[0].primary);
	assert_false(conf.ups[0].login);
}

static void the_displayed_name_leaves_out_what_everybody_has(void **state)
{
	static const struct {
		const char *group, *host, *port, *shown;
	} rows[] = {
		{"LOCAL", "localhost", "3493", "u"},
		{"LOCAL", "localhost", "401", "u@localhost:401"},
		{"RACK", "localhost", "3493", "RACK:u"},
		{"RACK", "nas", "3493", "RACK:u@nas:3493"},
		{"LOCAL", "[::1]", "3493", "u@[::1]:3493"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text),
			 "GROUP %s HOST %s PORT %s CERTFILE '/c' MONITOR u " WHO
			 "MINSUPPLIES 0 WHEN %s:u@%s:%s REPORTS OL->OB : SETFSD u",
			 rows[i].group, rows[i].host, rows[i].port, rows[i].group, rows[i].host,
			 rows[i].port);
		expect_clean(text);
		assert_string_equal(conf.ups[0].system, rows[i].shown);
	}
}

static void declarations_come_in_any_order(void **state)
{
	(void)state;
	expect_clean(
		"PORT 401 HOST nas GROUP A POLLFREQ 3 CERTFILE '/a.pem' LET m = 'x' MONITOR u " WHO
		"RUN_AS_USER nut MINSUPPLIES 0 WHEN u REPORTS OL->OB : WALL m\n"
		"POLLFREQALERT 2 GROUP B MONITOR v " WHO
		"SMTPSERVER 'mail' PORT 465 USER 'a' PASSWORD 'b' MINSUPPLIES 0 "
		"POWERDOWNFLAG '/run/nut/killpower'");
	assert_string_equal(conf.ups[0].system, "A:u@nas:401");
	/* HOST, PORT and CERTFILE stay in force. */
	assert_string_equal(conf.ups[1].system, "B:v@nas:401");
	assert_int_equal(conf.ups[1].group, 1);
	assert_int_equal(conf.policy.poll, 3);
	assert_int_equal(conf.policy.poll_alert, 2);
	assert_string_equal(conf.run_as_user, "nut");
	assert_string_equal(conf.powerdown_flag, "/run/nut/killpower");
}

static void mail_has_one_relay(void **state)
{
	(void)state;
	expect_clean("SMTPSERVER 'smtp.example' PORT 465 USER 'robot' PASSWORD '%(u)s' AUTHORITIES "
		     "'/etc/' 'ca.pem' " SITE
		     "WHEN desk REPORTS OL->OB : EMAIL FROM 'a@b' TO 'c@d' SUBJECT 's' MESSAGE 'm' "
		     "'n'");
	assert_string_equal(conf.smtp.host, "smtp.example");
	assert_int_equal(conf.smtp.port, 465);
	assert_string_equal(conf.smtp.user, "robot");
	assert_string_equal(conf.smtp.password, "%(u)s");
	assert_string_equal(conf.smtp.authorities, "/etc/ca.pem");
	assert_int_equal(action(0, 0)->verb, VERB_MAIL);
	assert_string_equal(action(0, 0)->from, "a@b");
	assert_string_equal(action(0, 0)->to, "c@d");
	assert_string_equal(action(0, 0)->subject, "s");
	assert_string_equal(action(0, 0)->text, "mn");
}

static void mail_without_a_relay_is_left_out(void **state)
{
	(void)state;
	read_text(ACTION "WALL 'a' EMAIL FROM 'a@b' TO 'c@d' SUBJECT 's' MESSAGE 'm' WALL 'b'");
	assert_int_equal(report.errors, 0);
	expect_said("W u.conf:2:37: warning 660: ");
	assert_int_equal(conf.book.rules[0].action_count, 2);
	assert_string_equal(action(0, 1)->text, "b");
	/* The relay may be told behind it. */
	expect_clean(ACTION "EMAIL FROM 'a@b' TO 'c@d' SUBJECT 's' MESSAGE 'm'\n"
			    "SMTPSERVER 'h' PORT 25 USER 'u' PASSWORD 'p'");
	assert_int_equal(conf.book.rules[0].action_count, 1);
}

static void fractions_of_poll_seconds_are_rounded_up(void **state)
{
	(void)state;
	expect_clean("POLLFREQ 0.2 POLLFREQALERT 2.5 " SITE);
	assert_int_equal(conf.policy.poll, 1);
	assert_int_equal(conf.policy.poll_alert, 3);
}

static void levels_belong_to_the_ups_before_them(void **state)
{
	(void)state;
	expect_clean(SITE
		     "LET n = '7' LET battery.charge.low.1 = '60' LET battery.charge.low.3 = n\n"
		     "GROUP B MONITOR v " WHO "MINSUPPLIES 0 LET battery.charge.low.2 = '0'\n"
		     "WHEN v REPORTS None->LB2 : NUTLOG 'below ' battery.charge.low.2 '%%'");
	assert_int_equal(conf.ups[0].level[0], 60);
	assert_int_equal(conf.ups[0].level[1], 25);
	assert_int_equal(conf.ups[0].level[2], 7);
	assert_int_equal(conf.ups[1].level[0], 50);
	assert_int_equal(conf.ups[1].level[1], 0);
	assert_string_equal(action(0, 0)->text, "below 0%%");
}

static void supplies_are_counted_in_each_group(void **state)
{
	(void)state;
	expect_accepted("GROUP A CERTFILE '' MINSUPPLIES 2 MONITOR u " WHO "MONITOR v " WHO
			"GROUP B MINSUPPLIES 0 MONITOR w POWERVAL 0 UPSDUSER w PASSWORD 'p' TYPE "
			"primary");
	assert_int_equal(conf.groups[0].min_supplies, 2);
	assert_int_equal(conf.groups[1].min_supplies, 0);
}

/* ----------------------------------------------------------- whom names mean */

static void one_name_may_be_in_several_groups_and_at_several_hosts(void **state)
{
	(void)state;
	expect_clean("GROUP A CERTFILE '/c' MINSUPPLIES 0 HOST h1 MONITOR ups " WHO
		     "HOST h2 MONITOR ups " WHO "GROUP B MINSUPPLIES 0 MONITOR ups " WHO "\n"
		     "WHEN ups REPORTS OL->OB : SETFSD A:ups@h1 SETFSD A:ups@h2:3493 SETFSD B:ups "
		     "SETFSD ups@h2");
	assert_int_equal(conf.ups_count, 3);
	assert_int_equal(conf.book.rules[0].ups, 2);
	assert_int_equal(action(0, 0)->number, 0);
	assert_int_equal(action(0, 1)->number, 1);
	assert_int_equal(action(0, 2)->number, 2);
	assert_int_equal(action(0, 3)->number, 2);
	read_text("GROUP A CERTFILE '/c' MINSUPPLIES 0 HOST h1 MONITOR ups " WHO
		  "HOST h2 MONITOR ups " WHO "WHEN ups REPORTS OL->OB : PRINT 'x'");
	expect_said("error 430: several UPSes ups");
	expect_said("such as A:ups@h2");
}

static void full_names_win_over_what_is_in_force_with_a_warning(void **state)
{
	(void)state;
	read_text("GROUP A MINSUPPLIES 0 CERTFILE '/c' GROUP B MINSUPPLIES 0 HOST h1 PORT 401\n"
		  "MONITOR A:u@h2:402 " WHO "MONITOR X:v@h1 " WHO);
	assert_int_equal(report.errors, 0);
	assert_int_equal(report.warnings, 4);
	expect_said("W u.conf:2:9: warning 221: ");
	expect_said("W u.conf:2:13: warning 222: HOST is h1, but the name says h2");
	expect_said("W u.conf:2:16: warning 223: PORT is 401, but the name says 402");
	assert_string_equal(conf.ups[0].system, "A:u@h2:402");
	assert_string_equal(conf.ups[1].system, "B:v@h1:401");
}

static void a_rule_with_another_server_means_the_only_ups_of_that_name(void **state)
{
	(void)state;
	read_text(SITE "WHEN desk@nas REPORTS OL->OB : SETFSD LOCAL:desk@localhost:401");
	assert_int_equal(report.errors, 0);
	expect_said("W u.conf:2:11: warning 224: ");
	expect_said("W u.conf:2:60: warning 225: ");
	assert_int_equal(conf.book.rules[0].ups, 0);
	assert_int_equal(action(0, 0)->number, 0);
}

static void a_short_name_is_looked_for_in_the_current_group_only(void **state)
{
	(void)state;
	read_text(SITE "GROUP B MINSUPPLIES 0 WHEN desk REPORTS OL->OB : PRINT 'x'");
	expect_said("E u.conf:2:28: error 430: ");
	expect_said("LOCAL:desk@localhost");
}

/* ---------------------------------------------------------------------- TLS */

static void a_certfile_demands_tls_of_its_server(void **state)
{
	(void)state;
	expect_clean("LET ca = '/etc/%(h)s.pem' GROUP A MINSUPPLIES 0 HOST h1 CERTFILE '/a' "
		     "MONITOR u " WHO "MONITOR v " WHO
		     "GROUP B MINSUPPLIES 0 HOST h2 PORT 401 CERTFILE ca MONITOR u " WHO);
	assert_int_equal(conf.tls.host_count, 2);
	assert_string_equal(conf.tls.hosts[0].host, "h1");
	assert_int_equal(conf.tls.hosts[0].port, 3493);
	assert_int_equal(conf.tls.hosts[0].certverify, 1);
	assert_int_equal(conf.tls.hosts[0].forcessl, 1);
	assert_string_equal(conf.tls.hosts[0].cert_path, "/a");
	assert_null(conf.tls.hosts[0].name);
	assert_int_equal(conf.tls.hosts[1].port, 401);
	assert_non_null(strstr(conf.tls.hosts[1].cert_path, ".pem"));
	assert_null(strchr(conf.tls.hosts[1].cert_path, '%'));
}

static void a_certfile_may_stand_behind_its_monitor(void **state)
{
	(void)state;
	expect_clean("GROUP A MINSUPPLIES 0 HOST h1 MONITOR u " WHO "CERTFILE '/a'\n"
		     "GROUP B MINSUPPLIES 0 CERTFILE '/b' HOST h2 MONITOR u " WHO);
	assert_int_equal(conf.tls.host_count, 2);
	assert_string_equal(conf.tls.hosts[0].cert_path, "/a");
	assert_string_equal(conf.tls.hosts[1].cert_path, "/b");
	assert_string_equal(conf.tls.hosts[1].host, "h2");
	/* The one that comes next is not for a server that was to have none. */
	expect_clean(SITE "GROUP B MINSUPPLIES 0 CERTFILE '/b' HOST h2 MONITOR u " WHO);
	assert_int_equal(conf.tls.host_count, 1);
	assert_string_equal(conf.tls.hosts[0].host, "h2");
}

static void a_server_elsewhere_needs_a_certfile(void **state)
{
	(void)state;
	read_text("GROUP A MINSUPPLIES 0 HOST h1 MONITOR u " WHO "MONITOR v " WHO);
	assert_int_equal(report.errors, 1);
	expect_said("E u.conf:1:39: error 560: h1:3493 has no CERTFILE");
	read_text("GROUP A MINSUPPLIES 0 HOST h1 CERTFILE '' MONITOR u " WHO);
	expect_said("error 560");
	for (int i = 0; i < 3; i++) {
		static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
		char text[256];

		snprintf(text, sizeof(text), "GROUP A MINSUPPLIES 0 HOST %s MONITOR u " WHO,
			 hosts[i]);
		read_text(text);
		assert_int_equal(report.errors, 0);
		expect_said("warning 560: ");
		assert_int_equal(conf.tls.host_count, 0);
	}
}

static void a_server_has_one_certfile(void **state)
{
	static const char *const texts[] = {
		"GROUP A MINSUPPLIES 0 HOST h CERTFILE '/a' MONITOR u " WHO
		"CERTFILE '/b' MONITOR v " WHO,
		"GROUP A MINSUPPLIES 0 HOST h CERTFILE '/a' CERTFILE '/b' MONITOR u " WHO,
		"GROUP A MINSUPPLIES 0 HOST h CERTFILE '/a' MONITOR u " WHO "CERTFILE '/b'",
		"GROUP A MINSUPPLIES 0 HOST h CERTFILE '/a' MONITOR u " WHO
		"GROUP B MINSUPPLIES 0 HOST H CERTFILE '/b' MONITOR v " WHO,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		read_text(texts[i]);
		assert_int_equal(report.errors, 1);
		expect_said("error 570: ");
	}
	expect_clean("GROUP A MINSUPPLIES 0 HOST h CERTFILE '/a' MONITOR u " WHO
		     "GROUP B MINSUPPLIES 0 CERTFILE '/a' MONITOR v " WHO
		     "GROUP C MINSUPPLIES 0 PORT 401 CERTFILE '/b' MONITOR v " WHO);
}

/* -------------------------------------------------------------------- rules */

static void all_triggers_are_understood(void **state)
{
	const struct rule *r;

	(void)state;
	expect_clean(SITE "WHEN desk REPORTS OL->OB : STARTTIMER t 0.5\n"
			  "WHEN desk REPORTS LB2->None : PRINT 'x'\n"
			  "WHEN desk REPORTS COMM->NOCOMM : PRINT 'x'\n"
			  "WHEN desk TIMEOUT t : PRINT 'x'\nWHEN desk TO start : PRINT 'x'\n"
			  "WHEN desk CHARGE BELOW 40 : PRINT 'x'\n"
			  "WHEN desk RUNTIME BELOW 300 : PRINT 'x'\n");
	r = conf.book.rules;
	assert_int_equal(conf.book.count, 7);
	assert_int_equal(r[0].trigger, TRIGGER_EVENT);
	assert_int_equal(r[0].fact, FACT_OB);
	assert_true(r[0].begins);
	assert_int_equal(r[0].actions[0].ms, 500);
	assert_int_equal(r[1].fact, FACT_LB2);
	assert_false(r[1].begins);
	assert_int_equal(r[2].fact, FACT_NOCOMM);
	assert_int_equal(r[3].trigger, TRIGGER_TIMEOUT);
	assert_string_equal(r[3].timer, "t");
	assert_string_equal(r[4].timer, "start");
	assert_int_equal(r[5].trigger, TRIGGER_CHARGE);
	assert_int_equal(r[5].limit, 40);
	assert_int_equal(r[6].trigger, TRIGGER_RUNTIME);
	assert_int_equal(r[6].limit, 300);
}

static void the_same_when_again_adds_actions(void **state)
{
	(void)state;
	expect_clean(SITE
		     "WHEN desk REPORTS OL->OB : WALL 'a'\nWHEN desk REPORTS OB->OL : WALL 'b'\n"
		     "WHEN LOCAL:desk REPORTS OL->OB : WALL 'c' WALL 'd'\n"
		     "WHEN desk TIMEOUT start : WALL 'e'\nWHEN desk TO start : WALL 'f'");
	assert_int_equal(conf.book.count, 3);
	assert_int_equal(conf.book.rules[0].action_count, 3);
	assert_string_equal(action(0, 0)->text, "a");
	assert_string_equal(action(0, 2)->text, "d");
	assert_string_equal(action(2, 1)->text, "f");
}

static void conditions_are_for_one_action(void **state)
{
	const struct rule_condition *c;

	(void)state;
	expect_clean(ACTION
		     "IF OL->OB WALL 'a' WALL 'b' IF LB->None WALL 'c'\n"
		     "IF None->LS AND CHARGE BELOW 30 AND NOT RUNTIME BELOW 600 AND ONBATTERY "
		     "OVER 90 AND NOT ONBATTERY OVER 91 AND NOCOMM->COMM DEBUG 2");
	assert_int_equal(action(0, 0)->condition_count, 1);
	c = action(0, 0)->conditions;
	assert_int_equal(c->kind, CONDITION_FACT);
	assert_int_equal(c->fact, FACT_OB);
	assert_true(c->wanted);
	assert_int_equal(action(0, 1)->condition_count, 0);
	assert_false(action(0, 2)->conditions[0].wanted);
	assert_int_equal(action(0, 3)->verb, VERB_DEBUG);
	assert_int_equal(action(0, 3)->condition_count, 6);
	c = action(0, 3)->conditions;
	assert_int_equal(c[0].fact, FACT_LS);
	assert_int_equal(c[1].kind, CONDITION_CHARGE);
	assert_true(c[1].wanted);
	assert_int_equal(c[1].limit, 30);
	assert_int_equal(c[2].kind, CONDITION_RUNTIME);
	assert_false(c[2].wanted);
	assert_int_equal(c[2].limit, 600);
	assert_int_equal(c[3].kind, CONDITION_ON_BATTERY);
	assert_int_equal(c[3].limit, 90);
	assert_false(c[4].wanted);
	assert_int_equal(c[5].fact, FACT_NOCOMM);
	assert_false(c[5].wanted);
}

static void all_actions_are_understood(void **state)
{
	static const enum verb verbs[] = {
		VERB_START_TIMER, VERB_CANCEL_TIMER, VERB_DEBUG,  VERB_SET_FSD, VERB_DESKTOP,
		VERB_WALL,        VERB_PRINT,        VERB_EPRINT, VERB_NUTLOG,  VERB_SYSLOG,
		VERB_SHELL,       VERB_SHUTDOWN,     VERB_WAKE,
	};
	size_t count = sizeof(verbs) / sizeof(verbs[0]);

	(void)state;
	expect_clean(ACTION
		     "STARTTIMER t 1.25 CANCELTIMER t DEBUG 1 SETFSD desk NOTIFY 'a' WALL 'b' "
		     "PRINT 'c' EPRINT 'd' NUTLOG 'e' SYSLOG 'f' SHELLCMD 'g' SHUTDOWN 'h' WAKE "
		     "'00:11:22:aa:BB:cc 10.0.0.255:9'\nWHEN desk TO t : PRINT ''");
	assert_int_equal(conf.book.rules[0].action_count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(action(0, i)->verb, verbs[i]);
	assert_int_equal(action(0, 0)->ms, 1250);
	assert_string_equal(action(0, 1)->timer, "t");
	assert_int_equal(action(0, 2)->number, 1);
	assert_int_equal(action(0, 3)->number, 0);
	assert_null(action(0, 11)->text);
	assert_int_equal(action(0, 11)->number, 0);
	assert_string_equal(action(0, 12)->text, "00:11:22:aa:BB:cc 10.0.0.255:9");
}

static void setfsd_takes_any_monitored_ups(void **state)
{
	(void)state;
	expect_clean(SITE "MONITOR a-long-name POWERVAL 1 UPSDUSER w PASSWORD 'p' TYPE secondary\n"
			  "WHEN desk REPORTS OL->OB : SETFSD a-long-name SETFSD desk");
	assert_int_equal(action(0, 0)->number, 1);
	assert_int_equal(action(0, 1)->number, 0);
}

static void the_tag_of_syslog_is_found_at_the_head_of_the_whole_text(void **state)
{
	static const struct {
		const char *text;
		int priority;
		const char *left;
	} rows[] = {
		{"'[emerg] a'", LOG_EMERG, "a"},
		{"'[alert]' 'b'", LOG_ALERT, "b"},
		{"'[crit] ' who 'c'", LOG_CRIT, "%(u)s: c"},
		{"tag", LOG_ERR, "in a LET"},
		{"'[' 'warning' ']d'", LOG_WARNING, "d"},
		{"' [notice] e'", LOG_NOTICE, "e"},
		{"'[info]f'", LOG_INFO, "f"},
		{"'[debug] g'", LOG_DEBUG, "g"},
		{"'no tag'", LOG_INFO, "no tag"},
		{"'[desk] is down'", LOG_INFO, "[desk] is down"},
		{"'[%(h)s] x'", LOG_INFO, "[%(h)s] x"},
		{"'[crit'", LOG_INFO, "[crit"},
		{"'[]'", LOG_INFO, "[]"},
		{"''", LOG_INFO, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text),
			 "LET who = '%%(u)s: ' LET tag = '[err] in a LET' " ACTION "SYSLOG %s",
			 rows[i].text);
		expect_clean(text);
		assert_int_equal(action(0, 0)->number, rows[i].priority);
		assert_string_equal(action(0, 0)->text, rows[i].left);
	}
	read_text(ACTION "SYSLOG '[warn] x'");
	assert_int_equal(report.errors, 0);
	expect_said("W u.conf:2:35: warning 510: [warn]");
	assert_string_equal(action(0, 0)->text, "[warn] x");
}

/* -------------------------------------------------------------------- texts */

static void parts_are_joined_with_nothing_between(void **state)
{
	(void)state;
	expect_clean(
		"LET a = \"1\" '2' «3» ⎡4⎦ ⸢5⸥ LET b = a 'x' a LET a = '0' LET c = a b\n" ACTION
		"WALL c \"#\" a PRINT ''");
	assert_string_equal(action(0, 0)->text, "012345x12345#0");
	assert_string_equal(action(0, 1)->text, "");
}

static void a_text_that_is_the_name_of_a_let_is_that_let(void **state)
{
	(void)state;
	expect_clean(
		"SMTPSERVER 'h' PORT 25 USER 'u' PASSWORD 'p' LET a = 'text' LET b = 'a'\n" ACTION
		"WALL 'a' WALL 'a' '' WALL b WALL 'A' "
		"EMAIL FROM 'a' TO a SUBJECT 'Msg' MESSAGE 'a' PRINT '[hostname]' PRINT hostname");
	assert_string_equal(action(0, 0)->text, "text");
	assert_string_equal(action(0, 1)->text, "a");
	assert_string_equal(action(0, 2)->text, "text");
	assert_string_equal(action(0, 3)->text, "A");
	assert_string_equal(action(0, 4)->from, "text");
	assert_string_equal(action(0, 4)->to, "text");
	assert_string_equal(action(0, 4)->subject, "Msg");
	assert_string_equal(action(0, 4)->text, "text");
	assert_string_equal(action(0, 5)->text, "[hostname]");
	assert_string_equal(action(0, 6)->text, "%(h)s");
}

static void keys_are_checked_in_the_whole_text(void **state)
{
	(void)state;
	expect_clean("LET a = '%(' 'u)s %' '% %(c)s%(e)s%(b)s%(h)s' " ACTION "WALL a '%' '%'");
	assert_string_equal(action(0, 0)->text, "%(u)s %% %(c)s%(e)s%(b)s%(h)s%%");
}

static void a_shutdown_command_is_made_of_words_that_no_shell_sees(void **state)
{
	char host[256] = "", expected[600];

	(void)state;
	gethostname(host, sizeof(host) - 1);
	expect_clean(
		"RUN_AS_USER watch " SITE
		"WHEN desk REPORTS None->LB : SHUTDOWNCMD \"/sbin/down  '%(u)s' $x;y\t%(e)s %%\"\n"
		"WHEN desk TO start : SHUTDOWN '/sbin/x %(e)s %(h)s %(b)s'\n"
		"WHEN desk CHARGE BELOW 30 : SHUTDOWN '%(e)s'\n"
		"WHEN desk RUNTIME BELOW 31 : SHUTDOWN '%(e)s'\n");
	assert_int_equal(conf.command_count, 4);
	assert_string_equal(conf.commands[0],
			    "exec '/sbin/down' ''\\''desk'\\''' '$x;y' 'None->LB' '%'");
	snprintf(expected, sizeof(expected), "exec '/sbin/x' 'TO->start' '%s' 'watch@%s'", host,
		 host);
	assert_string_equal(conf.commands[1], expected);
	assert_string_equal(conf.commands[2], "exec 'CHARGE->30'");
	assert_string_equal(conf.commands[3], "exec 'RUNTIME->31'");
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(action(i, 0)->number, i);
	assert_null(conf.shutdown_command);
}

static void equal_shutdown_commands_are_one(void **state)
{
	(void)state;
	expect_clean(SITE
		     "WHEN desk REPORTS None->LB : SHUTDOWNCMD '/sbin/x -h' SHUTDOWN '/sbin/y'\n"
		     "WHEN desk REPORTS None->FSD : SHUTDOWNCMD '/sbin/x' ' -h'");
	assert_int_equal(conf.command_count, 2);
	assert_int_equal(action(0, 0)->number, 0);
	assert_int_equal(action(0, 1)->number, 1);
	assert_int_equal(action(1, 0)->number, 0);
}

static void the_charge_is_no_part_of_a_shutdown_command(void **state)
{
	(void)state;
	read_text(ACTION "SHUTDOWN '/x %(c)s'");
	assert_int_equal(report.errors, 0);
	expect_said(
		"W u.conf:2:28: warning 325: the charge is not known here, %(c)s is taken as ?");
	assert_string_equal(conf.commands[0], "exec '/x' '?'");
}

/* ----------------------------------------------------------------- mistakes */

/* Each on its own: all that is said is one problem, and that begins so. */
static void every_mistake_has_its_number_and_place(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{SITE "POLLFREQ x",
		 "E u.conf:2:10: error 100: unexpected \"x\"; here belongs a number"},
		{SITE "WHEN desk REPRTS OL->OB : PRINT 'x'",
		 "E u.conf:2:11: error 100: unexpected \"REPRTS\"; did you mean REPORTS?"},
		{SITE "WHEN desk TO start :", "E u.conf:2:1: error 100: this WHEN does nothing"},
		{SITE "WHEN desk", "E u.conf:2:10: error 100: the file ends"},
		{SITE "LET x = \"abc\nLET y = 'c'", "E u.conf:2:9: error 110: "},
		{SITE "HOST [::1", "E u.conf:2:6: error 115: "},
		{SITE "PORT 401;",
		 "E u.conf:2:9: error 120: a character that means nothing here \";\""},
		{SITE "PORT -401",
		 "E u.conf:2:6: error 120: this is neither a name nor a number \"-401\""},
		{SITE "LET x = 'a\xe9'", "E u.conf:2:9: error 125: this text is not UTF-8"},
		{SITE "LET x = 'a\033'", "E u.conf:2:9: error 125: there is a control character"},
		{"GROUP A MINSUPPLIES 0 LET battery.charge.low.1 = '5' CERTFILE '' MONITOR u " WHO,
		 "E u.conf:1:27: error 305: "},
		{SITE "LET battery.charge.low.1 = '5.5'", "E u.conf:2:28: error 307: "},
		{SITE "LET battery.charge.low.1 = '101'", "E u.conf:2:28: error 307: "},
		{SITE "LET battery.charge.low.4 = '5'", "E u.conf:2:5: error 307: "},
		{SITE "LET x = 'ab %(q)s'", "E u.conf:2:9: error 310: \"%(q)s\" is no key"},
		{SITE "LET x = '%(x)s'", "E u.conf:2:9: error 310: \"%(x)s\" is no key"},
		{ACTION "WALL '100%'", "E u.conf:2:33: error 320: \"%\" is no key"},
		{SITE "LOGFILE '/%(u)s'", "E u.conf:2:9: error 320: LOGFILE is used before"},
		{SITE "POLLFREQ 1.2.3", "E u.conf:2:10: error 330: POLLFREQ wants a number"},
		{SITE "POLLFREQ 0", "E u.conf:2:10: error 330: a poll interval"},
		{SITE "PORT 65536",
		 "E u.conf:2:6: error 330: PORT wants a whole number from 1 to 65535"},
		{SITE "PORT 4.5", "E u.conf:2:6: error 330: "},
		{SITE "MINSUPPLIES .", "E u.conf:2:13: error 330: "},
		{ACTION "DEBUG 3",
		 "E u.conf:2:34: error 330: DEBUG wants a whole number from 0 to 2"},
		{ACTION "STARTTIMER t 99999999999", "E u.conf:2:41: error 330: "},
		{ACTION "IF CHARGE BELOW 101 PRINT ''", "E u.conf:2:44: error 330: "},
		{SITE "WHEN desk CHARGE BELOW 0.5 : PRINT ''", "E u.conf:2:24: error 330: "},
		{SITE "MONITOR u POWERVAL 0.5 UPSDUSER w PASSWORD 'p' TYPE primary",
		 "E u.conf:2:20: error 330: POWERVAL"},
		{SITE "LET x = yy", "E u.conf:2:9: error 340: there is no LET yy"},
		{ACTION "WALL 'x' WAL 'y'",
		 "E u.conf:2:37: error 340: there is no LET WAL; did you mean WALL?"},
		{"SMTPSERVER 'h' PORT 25 USER 'u' PASSWORD 'p'\n" ACTION
		 "EMAIL FROM '%d' TO 'a' SUBJECT 'b' MESSAGE 'c'",
		 "E u.conf:3:39: error 360: \"%d\""},
		{SITE "POWERDOWNFLAG 'killpower'", "E u.conf:2:15: error 380: "},
		{SITE "CERTFILE 'ca.pem'", "E u.conf:2:10: error 380: "},
		{SITE "GROUP LOCAL",
		 "E u.conf:2:7: error 400: there is a GROUP LOCAL already, in line 1"},
		{"CERTFILE '' MONITOR u " WHO, "E u.conf:1:21: error 405: "},
		{"MINSUPPLIES 0 " SITE, "E u.conf:1:13: error 405: "},
		{SITE "MONITOR desk@localhost:3493 " WHO,
		 "E u.conf:2:9: error 410: UPS desk is MONITORed already, in line 1"},
		{SITE "MONITOR u POWERVAL 0 UPSDUSER w PASSWORD 'p' TYPE boss",
		 "E u.conf:2:51: error 420: "},
		{SITE "WHEN dusk REPORTS OL->OB : PRINT 'x'",
		 "E u.conf:2:6: error 430: no UPS dusk"},
		{SITE "WHEN X:desk TO start : PRINT 'x'", "E u.conf:2:8: error 430: "},
		{SITE "WHEN desk REPORTS OL->LB : PRINT 'x'",
		 "E u.conf:2:19: error 440: there is no event OL->LB"},
		{SITE "WHEN desk REPORTS OL->Ob : PRINT 'x'", "E u.conf:2:19: error 440: "},
		{SITE "HOST 'a b'", "E u.conf:2:6: error 450: "},
		{SITE "HOST [::g]", "E u.conf:2:6: error 450: "},
		{SITE "HOST ''", "E u.conf:2:6: error 450: "},
		{ACTION "IF OB->LB PRINT ''", "E u.conf:2:31: error 460: there is no event OB->LB"},
		{ACTION "SHUTDOWNCMD ' '", "E u.conf:2:40: error 470: "},
		{ACTION "SETFSD other", "E u.conf:2:35: error 480: no UPS other"},
		{ACTION "WAKE '00:11:22:33:44'", "E u.conf:2:33: error 490: "},
		{ACTION "WAKE '00:11:22:33:44:55 nas'", "E u.conf:2:33: error 490: "},
		{ACTION "WAKE '00:11:22:33:44:5g'", "E u.conf:2:33: error 490: "},
		{ACTION "WAKE '00:11:22:33:44:55 10.0.0.1:0'", "E u.conf:2:33: error 490: "},
		{"GROUP A MINSUPPLIES 0 POLLFREQ 5", "E u.conf: error 910: no UPS to watch"},
		{"GROUP A MINSUPPLIES 3 CERTFILE '' MONITOR u " WHO "MONITOR v " WHO,
		 "E u.conf:1:7: error 990: the UPSes of group A feed 2 supplies, MINSUPPLIES is 3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static const char end[] = "\nE u.conf: error 920: of this file nothing is used\n";
		const char *text, *newline;

		read_text(rows[i].text);
		text = buffer_string(&said);
		newline = strchr(text, '\n');
		if (!str_starts(text, rows[i].expected) || !newline || !str_equal(newline, end))
			fail_msg("%s\nsaid:\n%sinstead of: %s", rows[i].text, text,
				 rows[i].expected);
		assert_int_equal(report.errors, 1);
	}
}

static void what_cannot_harm_is_a_warning(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ACTION "STARTTIMER t 0\nWHEN desk TO t : PRINT ''",
		 "W u.conf:2:41: warning 335: "},
		{"SMTPSERVER 'h' PORT 25 USER 'u' PASSWORD 'p'\n"
		 "SMTPSERVER 'h' PORT 26 USER 'u' PASSWORD 'p' " SITE,
		 "W u.conf:2:12: warning 650: "},
		{"SMTPSERVER '<relay>' PORT 25 USER 'u' PASSWORD 'p' " SITE,
		 "W u.conf:1:12: warning 655: "},
		{SITE "MAXNOTIFY 20", "W u.conf:2:1: warning 810: "},
		{ACTION "CANCELTIMER t",
		 "W u.conf:2:28: warning 830: no rule of desk starts the timer t"},
		{ACTION "STARTTIMER t 5",
		 "W u.conf:2:28: warning 831: nothing happens at the end of the timer: there is no "
		 "WHEN desk TIMEOUT t"},
		{SITE "WHEN desk TIMEOUT t : PRINT ''", "W u.conf:2:1: warning 832: "},
		{"GROUP A CERTFILE '' MONITOR u " WHO "WHEN u REPORTS None->LB : PRINT '' "
		 "WHEN u REPORTS COMM->NOCOMM : PRINT ''",
		 "W u.conf:1:7: warning 935: "},
		{"GROUP A CERTFILE '' MONITOR u " WHO "WHEN u TO start : SHUTDOWN '/x' "
		 "WHEN u REPORTS COMM->NOCOMM : PRINT ''",
		 "W u.conf:1:7: warning 940: "},
		{"GROUP A CERTFILE '' MONITOR u " WHO "WHEN u REPORTS None->LB : SHUTDOWN '/x'",
		 "W u.conf:1:7: warning 950: "},
		{"GROUP LOCAL CERTFILE '' MONITOR desk POWERVAL 1 UPSDUSER w PASSWORD 'p' TYPE "
		 "slave " COVERED,
		 "W u.conf:1:33: warning 960: "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		read_text(rows[i].text);
		if (!str_starts(buffer_string(&said), rows[i].expected) || report.errors ||
		    report.warnings != 1)
			fail_msg("%s\nsaid:\n%sinstead of: %s", rows[i].text, buffer_string(&said),
				 rows[i].expected);
	}
}

static void a_timer_belongs_to_the_ups_that_starts_it(void **state)
{
	(void)state;
	read_text(SITE "MONITOR b " WHO "WHEN desk REPORTS OL->OB : STARTTIMER t 5\n"
		       "WHEN b TIMEOUT t : PRINT ''");
	assert_int_equal(report.errors, 0);
	expect_said("warning 831: ");
	expect_said("warning 832: ");
}

static void all_mistakes_are_told_in_one_run(void **state)
{
	(void)state;
	read_text("POLLFREQ soon\n"
		  "LET a = 'x\n"
		  "GROUP LOCAL CERTFILE '' HOST ha:ha PORT 0\n"
		  "MONITOR desk POWERVAL 1 USER w PASSWORD 'p' TYPE primary\n"
		  "MONITOR b " WHO "\n"
		  "WHEN b REPORTS OL->OB : WALL a STARTTIMER 5 t WALL b PRINT 'x' 7\n"
		  "  IF None->FOO DEBUG 9\n"
		  "WHEN b REPORTS : PRINT 'x'\n"
		  "WHEN c TO start : PRINT '%'\n");
	expect_said("u.conf:1:10: error 100: ");
	expect_said("u.conf:2:9: error 110: ");
	expect_said("u.conf:3:32: error 100: ");
	expect_said("u.conf:3:41: error 330: ");
	expect_said("u.conf:4:25: error 100: unexpected \"USER\"; here belongs UPSDUSER, or "
		    "APCUPSDUSER");
	expect_said("u.conf:6:43: error 100: ");
	expect_said("u.conf:6:52: error 340: ");
	expect_said("u.conf:6:64: error 100: ");
	expect_said("u.conf:7:6: error 460: ");
	expect_said("u.conf:7:22: error 330: ");
	expect_said("u.conf:8:16: error 100: ");
	expect_said("u.conf:9:25: error 320: ");
	expect_said("u.conf:5:9: error 560: ");
	assert_int_equal(report.errors, 13);
}

static void a_mistake_does_not_hide_the_next_one(void **state)
{
	(void)state;
	read_text(ACTION
		  "STARTTIMER 5 x STARTTIMER 6 y WALL : WALL = IF 3 DEBUG x SETFSD 7 8\n"
		  "PORT x PORT y GROUP 5 GROUP 6 LET 7 LET 8 MONITOR = MONITOR = WHEN : WHEN :");
	assert_int_equal(report.errors, 17);
	expect_said("u.conf:2:39: error 100: ");
	expect_said("u.conf:2:54: error 100: ");
	expect_said("u.conf:3:13: error 100: ");
	expect_said("u.conf:3:29: error 100: ");
	expect_said("u.conf:3:41: error 100: ");
	expect_said("u.conf:3:61: error 100: ");
	expect_said("u.conf:3:75: error 100: ");
}

static void what_follows_from_a_mistake_is_not_told_again(void **state)
{
	(void)state;
	read_text("LET a = '%d' GROUP A CERTFILE '' MONITOR u " WHO "\n"
		  "WHEN u REPORTS OL->OB : WALL a SHUTDOWN a SETFSD u CANCELTIMER t");
	assert_int_equal(report.errors, 2); /* the command is empty then */
	read_text("LET a = 5 GROUP A CERTFILE '' MONITOR u " WHO "WHEN u TO start : WALL a");
	assert_int_equal(report.errors, 1);
	read_text("GROUP A CERTFILE '' MONITOR u POWERVAL one\nLET battery.charge.low.1 = '7'\n"
		  "WHEN u TO start : SETFSD u");
	assert_int_equal(report.errors, 1);
	read_text("MONITOR u " WHO "WHEN u TO start : SETFSD u");
	assert_int_equal(report.errors, 1);
}

static void passwords_are_never_shown(void **state)
{
	static const char *const texts[] = {
		SITE "MONITOR u POWERVAL 1 UPSDUSER w PASSWORD hunter2 TYPE primary",
		SITE "MONITOR u POWERVAL 1 UPSDUSER w PASSWORD hunt\xc3\xa9r2 TYPE primary",
		SITE "MONITOR u POWERVAL 1 UPSDUSER w PASSWORD $hunter2! TYPE primary",
		SITE "MONITOR u POWERVAL 1 UPSDUSER w PASSWORD 'hunter2 TYPE primary\n",
		SITE "MONITOR u POWERVAL 1 UPSDUSER w PASSWORD 'x' hunter2 TYPE primary\n",
		SITE "MONITOR u POWERVAL 1 UPSDUSER 'w' 'hunter2' TYPE primary\n",
		SITE "MONITOR u POWERVAL 1 UPSDUSER w PASSWORD '\033hunter2' TYPE primary",
		SITE "SMTPSERVER 'h' PORT 1 USER 'u' PASSWORD hunter2",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		read_text(texts[i]);
		assert_true(report.errors > 0);
		assert_null(strstr(buffer_string(&said), "hunt"));
	}
}

/* ------------------------------------------------------------------- limits */

static void a_file_of_nothing_but_mistakes_is_given_up(void **state)
{
	static char text[20000];

	(void)state;
	memset(text, ';', sizeof(text) - 1);
	read_text(text);
	expect_said("error 135: more than 100 errors");
	assert_int_equal(report.errors, GROUP_PROBLEMS_MAX + 1);
}

static void a_let_of_lets_does_not_grow_beyond_bounds(void **state)
{
	struct buffer b = {0};

	(void)state;
	buffer_append_str(&b, "LET a0 = '0123456789'\n");
	for (int i = 1; i < 60; i++)
		buffer_appendf(&b, "LET a%d = a%d a%d\n", i, i - 1, i - 1);
	buffer_append_str(&b, ACTION "WALL a59");
	read_text(buffer_string(&b));
	expect_said("error 370: ");
	assert_int_equal(report.errors, 1);
	buffer_free(&b);
}

static void all_texts_together_have_a_bound(void **state)
{
	struct buffer b = {0};

	(void)state;
	buffer_append_str(&b, "LET a = '0123456789abcdef'\n");
	for (int i = 0; i < 11; i++)
		buffer_append_str(&b, "LET a = a a\n");
	buffer_append_str(&b, ACTION);
	for (int i = 0; i < 1000; i++)
		buffer_append_str(&b, "WALL a '%%'\n");
	read_text(buffer_string(&b));
	expect_said("error 370: ");
	buffer_free(&b);
}

static void expect_bound(const char *head, const char *each, int count, const char *error)
{
	struct buffer b = {0};

	buffer_append_str(&b, head);
	for (int i = 0; i < count; i++) {
		const char *number = strchr(each, '#');

		buffer_append(&b, each, (size_t)(number - each));
		buffer_appendf(&b, "%d%s", i, number + 1);
	}
	read_text(buffer_string(&b));
	expect_said(error);
	buffer_free(&b);
}

static void there_are_bounds_of_everything(void **state)
{
	(void)state;
	expect_bound(SITE, "MONITOR u# POWERVAL 0 UPSDUSER w PASSWORD 'p' TYPE primary\n", 1000,
		     "error 375: more than 1000 UPSes");
	expect_bound(SITE, "GROUP g# MINSUPPLIES 0\n", 1000, "error 375: more than 1000 groups");
	expect_bound(SITE, "LET l# = ''\n", 1001, "error 375: more than 1000 LETs");
	expect_bound(SITE, "WHEN desk TIMEOUT t# : PRINT ''\n", 10001,
		     "error 375: more than 10000 WHENs");
	expect_bound(ACTION, "PRINT '#'\n", 20001, "error 375: more than 20000 actions");
	expect_bound(ACTION "IF OL->OB ", "AND CHARGE BELOW #\n", 16,
		     "error 375: more than 16 conditions");
	expect_bound(SITE, "MAXNOTIFY #\n", 300, "warning 810: ");
	assert_int_equal(report.warnings, GROUP_PROBLEMS_MAX);
}

static void a_file_that_is_too_long_is_an_error(void **state)
{
	size_t len = GROUP_FILE_MAX + 1;
	char *text = malloc(len);

	(void)state;
	memset(text, ' ', len);
	memcpy(text, SITE, sizeof(SITE) - 1);
	read_bytes(text, len - 1);
	assert_int_equal(report.errors, 0);
	read_bytes(text, len);
	expect_said("E u.conf: error 130: ");
	free(text);
}

static void nuls_in_a_text_are_one_mistake(void **state)
{
	static const char text[] = "LET a = 'x' " ACTION "WALL 'a\0\0\0\0\0\0\0\0\0\0\0\0'";

	(void)state;
	read_bytes(text, sizeof(text) - 1);
	assert_int_equal(report.errors, 1);
	expect_said("error 125: ");
}

static void a_file_open_to_everybody_is_warned_of(void **state)
{
	int fd = open_text(SITE, sizeof(SITE) - 1);

	(void)state;
	assert_int_equal(fchmod(fd, 0644), 0);
	upsmon_conf_free(&conf);
	buffer_clear(&said);
	report = (struct conf_report){.emit = note};
	assert_int_equal(groupconf_read_fd(&conf, fd, "u.conf", &report), 0);
	expect_said("W u.conf is world readable; chmod o-rwx u.conf");
	close(fd);
}

static void what_cannot_be_read_gives_its_errno(void **state)
{
	int fd = open("/", O_RDONLY);

	(void)state;
	upsmon_conf_free(&conf);
	report = (struct conf_report){.emit = note};
	assert_int_equal(groupconf_read_fd(&conf, fd, "u.conf", &report), EISDIR);
	assert_false(groupconf_is(fd));
	close(fd);
}

/* -------------------------------------------------------------- whole files */

static bool is_group(const char *text)
{
	int fd = open_text(text, strlen(text));
	bool is;

	lseek(fd, 3, SEEK_SET);
	is = groupconf_is(fd);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	close(fd);
	return is;
}

static void the_language_is_known_by_the_word_group(void **state)
{
	(void)state;
	assert_true(is_group("POLLFREQ 5\nGROUP LOCAL"));
	assert_true(is_group("CERTFILE 'x'GROUP\tLOCAL"));
	assert_true(is_group("# don't\nGROUP"));
	assert_true(is_group("LET a = 'open\nGROUP LOCAL"));
	assert_false(is_group(""));
	assert_false(is_group("POLLFREQ 5\nMONITOR ups@localhost 1 u p primary\n"));
	assert_false(is_group("MONITOR GROUP@localhost 1 u p primary\n"));
	assert_false(is_group("MONITOR ups@GROUP 1 u p primary\n"));
	assert_false(is_group("# GROUP LOCAL\n"));
	assert_false(is_group("NOTIFYMSG ONLINE \"GROUP is back\"\n"));
	assert_false(is_group("RUN_AS_USER GROUPS\nRUN_AS_USER MY-GROUP\nMYGROUP x\nGROUP-A\n"));
}

static char whole[65536];

/* A file of the source tree, if it is known where that is. */
static void load(const char *name)
{
	const char *top = getenv("abs_top_srcdir");
	char path[4096];
	ssize_t len;
	int fd;

	if (!top)
		skip();
	str_format(path, sizeof(path), "%s/%s", top, name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	len = read(fd, whole, sizeof(whole) - 1);
	close(fd);
	assert_true(len > 0);
	whole[len] = '\0';
}

static void files_of_the_original_tools_are_accepted(void **state)
{
	static const char *const names[] = {"tests/system/groupconf/timed.conf",
					    "tests/system/groupconf/standard.conf",
					    "tests/system/groupconf/heartbeat.conf"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		load(names[i]);
		assert_true(is_group(whole));
		expect_clean(whole);
	}
}

static void the_samples_read_without_a_complaint(void **state)
{
	(void)state;
	load("conf/UPSmon.conf.sample");
	assert_true(is_group(whole));
	expect_clean(whole);
	load("conf/UPSmon.conf-rack.sample");
	expect_clean(whole);
	load("conf/upsmon.conf.sample");
	assert_false(is_group(whole));
}

/* All that stands between lines of dashes. */
static void the_examples_of_the_manual_read_without_a_complaint(void **state)
{
	struct buffer b = {0};
	size_t blocks = 0;

	(void)state;
	load("docs/man/UPSmon.conf.5.adoc");
	for (char *p = whole, *from; (from = strstr(p, "\n----\n")); blocks++) {
		p = strstr(from + 6, "\n----\n");
		assert_non_null(p);
		buffer_append(&b, from + 6, (size_t)(p - from - 5));
		p += 5;
	}
	assert_true(blocks >= 3);
	expect_clean(buffer_string(&b));
	buffer_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_file_has_the_defaults),
		cmocka_unit_test(names_that_begin_like_keywords_are_names),
		cmocka_unit_test(words_of_ours_are_names_where_they_mean_nothing),
		cmocka_unit_test(hosts_are_names_and_addresses_of_both_families),
		cmocka_unit_test(the_displayed_name_leaves_out_what_everybody_has),
		cmocka_unit_test(declarations_come_in_any_order),
		cmocka_unit_test(mail_has_one_relay),
		cmocka_unit_test(mail_without_a_relay_is_left_out),
		cmocka_unit_test(fractions_of_poll_seconds_are_rounded_up),
		cmocka_unit_test(levels_belong_to_the_ups_before_them),
		cmocka_unit_test(supplies_are_counted_in_each_group),
		cmocka_unit_test(one_name_may_be_in_several_groups_and_at_several_hosts),
		cmocka_unit_test(full_names_win_over_what_is_in_force_with_a_warning),
		cmocka_unit_test(a_rule_with_another_server_means_the_only_ups_of_that_name),
		cmocka_unit_test(a_short_name_is_looked_for_in_the_current_group_only),
		cmocka_unit_test(a_certfile_demands_tls_of_its_server),
		cmocka_unit_test(a_certfile_may_stand_behind_its_monitor),
		cmocka_unit_test(a_server_elsewhere_needs_a_certfile),
		cmocka_unit_test(a_server_has_one_certfile),
		cmocka_unit_test(all_triggers_are_understood),
		cmocka_unit_test(the_same_when_again_adds_actions),
		cmocka_unit_test(conditions_are_for_one_action),
		cmocka_unit_test(all_actions_are_understood),
		cmocka_unit_test(setfsd_takes_any_monitored_ups),
		cmocka_unit_test(the_tag_of_syslog_is_found_at_the_head_of_the_whole_text),
		cmocka_unit_test(parts_are_joined_with_nothing_between),
		cmocka_unit_test(a_text_that_is_the_name_of_a_let_is_that_let),
		cmocka_unit_test(keys_are_checked_in_the_whole_text),
		cmocka_unit_test(a_shutdown_command_is_made_of_words_that_no_shell_sees),
		cmocka_unit_test(equal_shutdown_commands_are_one),
		cmocka_unit_test(the_charge_is_no_part_of_a_shutdown_command),
		cmocka_unit_test(every_mistake_has_its_number_and_place),
		cmocka_unit_test(what_cannot_harm_is_a_warning),
		cmocka_unit_test(a_timer_belongs_to_the_ups_that_starts_it),
		cmocka_unit_test(all_mistakes_are_told_in_one_run),
		cmocka_unit_test(a_mistake_does_not_hide_the_next_one),
		cmocka_unit_test(what_follows_from_a_mistake_is_not_told_again),
		cmocka_unit_test(passwords_are_never_shown),
		cmocka_unit_test(a_file_of_nothing_but_mistakes_is_given_up),
		cmocka_unit_test(a_let_of_lets_does_not_grow_beyond_bounds),
		cmocka_unit_test(all_texts_together_have_a_bound),
		cmocka_unit_test(there_are_bounds_of_everything),
		cmocka_unit_test(a_file_that_is_too_long_is_an_error),
		cmocka_unit_test(nuls_in_a_text_are_one_mistake),
		cmocka_unit_test(a_file_open_to_everybody_is_warned_of),
		cmocka_unit_test(what_cannot_be_read_gives_its_errno),
		cmocka_unit_test(the_language_is_known_by_the_word_group),
		cmocka_unit_test(files_of_the_original_tools_are_accepted),
		cmocka_unit_test(the_samples_read_without_a_complaint),
		cmocka_unit_test(the_examples_of_the_manual_read_without_a_complaint),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
