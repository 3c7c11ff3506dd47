/* upsmon.conf: what it means, and what is said about its mistakes. */
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

#include "clients/upsmon/conf/conf.h"
#include "common/base/buffer.h"

#define MONITOR "MONITOR ups@localhost 1 monuser secret primary\n"
#define COMMAND "SHUTDOWNCMD /bin/true\n"

static struct upsmon_conf conf;
static struct conf_report report;
static struct buffer said;

static void note(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg;
	/* Without the folder, which is another one each time. */
	buffer_appendf(&said, "%c %s\n", severity == CONF_ERROR ? 'E' : 'W',
		       strstr(text, "conf:") ? strstr(text, "conf:") : text);
}

static void read_text(const char *text)
{
	char path[] = "/tmp/upsmonXXXXXX.conf";
	int fd = mkstemps(path, 5);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	upsmon_conf_free(&conf);
	buffer_clear(&said);
	report = (struct conf_report){.emit = note};
	assert_int_equal(upsmon_conf_read(&conf, path, &report), 0);
	unlink(path);
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

static void a_short_file_has_the_defaults(void **state)
{
	(void)state;
	read_text(MONITOR COMMAND);
	assert_string_equal(buffer_string(&said), "");
	assert_int_equal(conf.policy.min_supplies, 1);
	assert_int_equal(conf.policy.poll, 5);
	assert_int_equal(conf.policy.poll_alert, 5);
	assert_int_equal(conf.policy.hostsync, 15);
	assert_int_equal(conf.policy.deadtime, 15);
	assert_int_equal(conf.policy.rbwarn, 43200);
	assert_int_equal(conf.policy.nocommwarn, 300);
	assert_int_equal(conf.policy.final_delay, 5);
	assert_int_equal(conf.policy.off, 30);
	assert_int_equal(conf.policy.oblb, 0);
	assert_int_equal(conf.policy.over, -1);
	assert_true(conf.policy.alarm_critical);
	assert_int_equal(conf.shutdown_exit, CONF_EXIT_AT_ONCE);
	assert_int_equal(conf.poll_fail_throttle, -1);
	assert_null(conf.powerdown_flag);
	assert_null(conf.notify_command);
	assert_int_equal(conf.notices[NOTICE_ONLINE].flags, NOTICE_SYSLOG | NOTICE_WALL);
	assert_string_equal(upsmon_conf_text(&conf, NOTICE_ONLINE), "UPS %s on line power");
}

static void a_monitor_line_says_what_where_and_as_whom(void **state)
{
	(void)state;
	read_text("MONITOR a@[::1]:4000 2 u \"p w\" master\nMONITOR b 0 u p slave\n" COMMAND);
	assert_int_equal(report.errors, 0);
	assert_int_equal(conf.ups_count, 2);
	assert_string_equal(conf.ups[0].system, "a@[::1]:4000");
	assert_string_equal(conf.ups[0].target.ups, "a");
	assert_string_equal(conf.ups[0].target.host, "::1");
	assert_int_equal(conf.ups[0].target.port, 4000);
	assert_int_equal(conf.ups[0].power, 2);
	assert_string_equal(conf.ups[0].password, "p w");
	assert_true(conf.ups[0].primary);
	assert_string_equal(conf.ups[1].target.host, "localhost");
	assert_false(conf.ups[1].primary);
	assert_int_equal(upsmon_conf_power(&conf), 2);
}

static void all_mistakes_are_told_in_one_run(void **state)
{
	(void)state;
	read_text("MONITOR a 1 u p\nMONITOR b x u p primary\nDEADTIME soon\nPOLLFREQ -3\n" MONITOR
			  COMMAND "CERTIDENT x\nPOWERDOWNFLAG killpower\n");
	assert_int_equal(report.errors, 6);
	expect_said("conf:1: MONITOR wants five words, not 4");
	expect_said("conf:2: the power value of MONITOR is \"x\"");
	expect_said("conf:3: DEADTIME is \"soon\"");
	expect_said("conf:4: POLLFREQ is \"-3\"");
	expect_said("conf:7: CERTIDENT takes a name");
	expect_said("conf:8: POWERDOWNFLAG wants an absolute path, not \"killpower\"");
}

static void what_cannot_harm_is_a_warning(void **state)
{
	(void)state;
	read_text(MONITOR COMMAND
		  "DEADTIM 20\nNOTIFYFLAG ONLINE SYSLOG+MAIL\nNOTIFYFLAG ONLIN SYSLOG\n"
		  "NOTIFYMSG ONBATT \"%d\"\n" MONITOR "DEADTIME 20s\nSHUTDOWNEXIT maybe\n"
		  "MONITOR c 0 u p boss\nNOTIFYCMD\nRUN_AS_USER\n");
	assert_int_equal(report.errors, 0);
	assert_int_equal(report.warnings, 10);
	expect_said("conf:11: NOTIFYCMD wants a value, the line is ignored");
	expect_said("DEADTIME");
	expect_said("Invalid notify flag: [MAIL]");
	expect_said("conf:5: ");
	expect_said("conf:6: NOTIFYMSG");
	expect_said("monitored twice");
	assert_int_equal(conf.policy.deadtime, 20);
	assert_int_equal(conf.notices[NOTICE_ONLINE].flags, NOTICE_SYSLOG | NOTICE_WALL);
	assert_int_equal(conf.ups_count, 2);
}

static void too_little_power_is_an_error(void **state)
{
	(void)state;
	read_text(MONITOR COMMAND "MINSUPPLIES 2\n");
	assert_int_equal(report.errors, 1);
	expect_said("insufficient power configured");
	read_text(COMMAND);
	assert_int_equal(report.errors, 1);
	expect_said("no UPS to watch");
}

static void no_shutdown_command_is_a_warning(void **state)
{
	(void)state;
	read_text(MONITOR);
	assert_int_equal(report.errors, 0);
	expect_said("no shutdown command defined");
}

static void shutdown_words_reach_the_shell_unchanged(void **state)
{
	(void)state;
	read_text(MONITOR "SHUTDOWNCMD \"/sbin/shutdown -h +0\"\n");
	assert_string_equal(conf.shutdown_command, "/sbin/shutdown -h +0");
	read_text(MONITOR "SHUTDOWNCMD /bin/logger \"it's $HOME\" x\n");
	assert_string_equal(conf.shutdown_command, "/bin/logger 'it'\\''s $HOME' 'x'");
}

static void shutdown_exit_is_a_word_or_seconds(void **state)
{
	(void)state;
	read_text(MONITOR COMMAND "SHUTDOWNEXIT no\n");
	assert_int_equal(conf.shutdown_exit, CONF_EXIT_NEVER);
	read_text(MONITOR COMMAND "SHUTDOWNEXIT 17\n");
	assert_int_equal(conf.shutdown_exit, 17);
	read_text(MONITOR COMMAND "SHUTDOWNEXIT yes\n");
	assert_int_equal(conf.shutdown_exit, CONF_EXIT_AT_ONCE);
}

static void notify_command_is_words_or_one_old_string(void **state)
{
	(void)state;
	read_text(MONITOR COMMAND "NOTIFYCMD /bin/echo \"a b\" c\n");
	assert_string_equal(conf.notify_command[0], "/bin/echo");
	assert_string_equal(conf.notify_command[1], "a b");
	assert_string_equal(conf.notify_command[2], "c");
	assert_null(conf.notify_command[3]);
	read_text(MONITOR COMMAND "NOTIFYCMD \"/bin/echo -n now\"\n");
	assert_string_equal(conf.notify_command[0], "/bin/echo");
	assert_string_equal(conf.notify_command[2], "now");
	assert_null(conf.notify_command[3]);
}

static void notices_take_other_texts_and_flags(void **state)
{
	char text[64];

	(void)state;
	read_text(MONITOR COMMAND
		  "NOTIFYMSG onbatt \"%s at 100%%: %s\"\nNOTIFYFLAG ONBATT EXEC+SYSLOG\n"
		  "NOTIFYFLAG NOCOMM IGNORE\n");
	assert_string_equal(buffer_string(&said), "");
	assert_int_equal(conf.notices[NOTICE_ONBATT].flags, NOTICE_EXEC | NOTICE_SYSLOG);
	assert_int_equal(conf.notices[NOTICE_NOCOMM].flags, NOTICE_IGNORE);
	notice_format(text, sizeof(text), upsmon_conf_text(&conf, NOTICE_ONBATT), "u@h", "more");
	assert_string_equal(text, "u@h at 100%: more");
	notice_format(text, sizeof(text), "UPS %s is %s", "u@h", NULL);
	assert_string_equal(text, "UPS u@h is ");
	notice_format(text, 8, "UPS %s is %s", "u@h", NULL);
	assert_string_equal(text, "UPS u@h");
}

static void every_notice_has_a_name_and_a_valid_text(void **state)
{
	enum notice found;

	(void)state;
	for (int i = 0; i < NOTICE_COUNT; i++) {
		assert_true(notice_find(notice_name((enum notice)i), &found));
		assert_int_equal(found, i);
		assert_true(notice_text_valid(notice_default_text((enum notice)i)));
	}
	assert_false(notice_find("", &found));
	assert_false(notice_text_valid("50% of %s"));
	assert_false(notice_text_valid("%s %s %s"));
	assert_false(notice_text_valid("%"));
}

/* -------------------------------------------------------- directives of our own */

#define TWO "MONITOR a@h 1 u p primary\nMONITOR b 1 u p secondary\n"

static void expect_limits(size_t ups, long duration, long charge, long runtime)
{
	assert_int_equal(conf.ups[ups].limits.duration, duration);
	assert_int_equal(conf.ups[ups].limits.charge, charge);
	assert_int_equal(conf.ups[ups].limits.runtime, runtime);
}

static void without_limits_there_are_none(void **state)
{
	(void)state;
	read_text(TWO COMMAND);
	expect_limits(0, -1, -1, -1);
	assert_null(conf.hook_dir);
	assert_int_equal(conf.policy.hook_all, 0);
	assert_int_equal(conf.wake_count, 0);
	assert_int_equal(conf.policy.wake_stable, 120);
	assert_int_equal(conf.policy.wake_charge, -1);
	assert_int_equal(conf.policy.boot_charge, -1);
	assert_true(conf.sandbox);
}

static void limits_are_for_all_or_for_one_ups(void **state)
{
	(void)state;
	/* In any order, and before the UPS they are about. */
	read_text("OBCHARGE 30 b\n" TWO COMMAND
		  "OBDURATION 600\nOBCHARGE 20\nOBRUNTIME 300\nOBDURATION -1 a@h\n"
		  "OBRUNTIME 90 b\nOBRUNTIME 100 b\n");
	assert_string_equal(buffer_string(&said), "");
	expect_limits(0, -1, 20, 300);
	expect_limits(1, 600, 30, 100);
}

static void limits_of_nothing_are_limits(void **state)
{
	(void)state;
	read_text(TWO COMMAND "OBDURATION 0\nOBCHARGE 0\nOBRUNTIME 0\n");
	assert_int_equal(report.errors, 0);
	expect_limits(0, 0, 0, 0);
}

static void limits_that_are_wrong_are_errors(void **state)
{
	(void)state;
	read_text(TWO COMMAND "OBDURATION\nOBDURATION 10m\nOBDURATION -2\nOBCHARGE 101\n"
			      "OBCHARGE 20%\nOBRUNTIME 1e3\nOBRUNTIME 100000001\n"
			      "OBCHARGE 20 A@h\nOBCHARGE 20 a\nOBDURATION 60 a@h b\n");
	assert_int_equal(report.errors, 10);
	expect_said("conf:4: OBDURATION wants a value");
	expect_said("conf:5: OBDURATION is \"10m\"; it takes a whole number from -1 to 100000000");
	expect_said("conf:6: OBDURATION is \"-2\"");
	expect_said("conf:7: OBCHARGE is \"101\"; it takes a whole number from -1 to 100");
	expect_said("conf:8: OBCHARGE is \"20%\"");
	expect_said("conf:9: OBRUNTIME is \"1e3\"");
	expect_said("conf:10: OBRUNTIME is \"100000001\"");
	expect_said("conf:11: no MONITOR line names UPS \"A@h\"; write it as MONITOR does");
	expect_said("conf:12: no MONITOR line names UPS \"a\"");
	expect_said("conf:13: OBDURATION is for one UPS, or for all");
}

static void hooks_have_a_folder_and_two_times(void **state)
{
	(void)state;
	read_text(MONITOR COMMAND "SHUTDOWNHOOKS /etc/nut/shutdown.d\n");
	assert_string_equal(buffer_string(&said), "");
	assert_string_equal(conf.hook_dir, "/etc/nut/shutdown.d");
	assert_int_equal(conf.policy.hook_each, 30);
	assert_int_equal(conf.policy.hook_all, 120);
	read_text(MONITOR COMMAND "SHUTDOWNHOOKS \"/a b\" 200\n");
	assert_string_equal(conf.hook_dir, "/a b");
	assert_int_equal(conf.policy.hook_each, 200);
	assert_int_equal(conf.policy.hook_all, 200);
	read_text(MONITOR COMMAND "SHUTDOWNHOOKS /x 5 7\nSHUTDOWNHOOKS /y 6 60\n");
	assert_string_equal(conf.hook_dir, "/y");
	assert_int_equal(conf.policy.hook_each, 6);
	assert_int_equal(conf.policy.hook_all, 60);
}

static void hooks_that_are_wrong_are_errors(void **state)
{
	(void)state;
	read_text(MONITOR COMMAND "SHUTDOWNHOOKS\nSHUTDOWNHOOKS shutdown.d\nSHUTDOWNHOOKS /x 0\n"
				  "SHUTDOWNHOOKS /x 3601\nSHUTDOWNHOOKS /x 5 x\n"
				  "SHUTDOWNHOOKS /x 5 3601\nSHUTDOWNHOOKS /x 5 6 7\n");
	assert_int_equal(report.errors, 7);
	expect_said("conf:3: SHUTDOWNHOOKS wants a value");
	expect_said("conf:4: SHUTDOWNHOOKS \"shutdown.d\" is no whole path of a folder; "
		    "SHUTDOWNHOOKS /etc/nut/shutdown.d 30 120");
	expect_said("conf:5: SHUTDOWNHOOKS, time for each, is \"0\"");
	expect_said("conf:6: SHUTDOWNHOOKS, time for each, is \"3601\"");
	expect_said("conf:7: SHUTDOWNHOOKS, time for all, is \"x\"");
	expect_said("conf:8: SHUTDOWNHOOKS, time for all, is \"3601\"");
	expect_said("conf:9: SHUTDOWNHOOKS takes a folder and two times");
}

static void machines_are_woken_in_the_order_of_their_stages(void **state)
{
	static const struct {
		const char *target;
		long after;
	} wakes[] = {
		{"52:54:00:00:00:02", 0},
		{"52-54-00-00-00-04 [::1]:7", 0},
		{"52:54:00:00:00:03 192.0.2.255:9", 20},
		{"52:54:00:00:00:01 192.0.2.255", 60},
		{"52:54:00:00:00:05", 60},
	};

	(void)state;
	read_text(MONITOR COMMAND
		  "WAKEONLAN 52:54:00:00:00:01 192.0.2.255 60\n"
		  "WAKEONLAN 52:54:00:00:00:02\n"
		  "WAKEONLAN 52:54:00:00:00:03 192.0.2.255:9 20\n"
		  "WAKEONLAN 52-54-00-00-00-04 [::1]:7\n"
		  "WAKEONLAN 52:54:00:00:00:05 60\nWAKESTABLE 300\nWAKECHARGE 75\n");
	assert_string_equal(buffer_string(&said), "");
	assert_int_equal(conf.wake_count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(conf.wakes[i].target, wakes[i].target);
		assert_int_equal(conf.wakes[i].after, wakes[i].after);
	}
	assert_int_equal(conf.policy.wake_stable, 300);
	assert_int_equal(conf.policy.wake_charge, 75);
}

static void machines_that_nobody_can_wake_are_errors(void **state)
{
	(void)state;
	read_text(MONITOR COMMAND
		  "WAKEONLAN\nWAKEONLAN nas\nWAKEONLAN 52:54:00:00:00\n"
		  "WAKEONLAN 52:54:00:00:00:01 nas.example\n"
		  "WAKEONLAN 52:54:00:00:00:01 192.0.2.255 soon\n"
		  "WAKEONLAN 52:54:00:00:00:01 192.0.2.255 -5\n"
		  "WAKEONLAN 52:54:00:00:00:01 192.0.2.255 5 6\n"
		  "WAKESTABLE -1\nWAKESTABLE soon\nWAKECHARGE 101\nWAKECHARGE -2\n");
	assert_int_equal(report.errors, 11);
	expect_said("conf:3: WAKEONLAN wants a value");
	expect_said("conf:4: WAKEONLAN: a card's address is six bytes");
	expect_said("conf:5: WAKEONLAN: a card's address is six bytes");
	expect_said("conf:6: WAKEONLAN: where to send it has to be a numeric address");
	expect_said("WAKEONLAN 52:54:00:12:34:56 192.0.2.255:9 30");
	expect_said("conf:7: WAKEONLAN: \"soon\" is no number of seconds");
	expect_said("conf:8: WAKEONLAN: \"-5\" is no number of seconds");
	expect_said("conf:9: WAKEONLAN: too many words");
	expect_said("conf:10: WAKESTABLE is \"-1\"");
	expect_said("conf:11: WAKESTABLE is \"soon\"");
	expect_said("conf:12: WAKECHARGE is \"101\"");
	expect_said("conf:13: WAKECHARGE is \"-2\"");
	assert_int_equal(conf.wake_count, 0);
}

static void boot_waits_for_a_charge_and_not_for_ever(void **state)
{
	(void)state;
	read_text(MONITOR COMMAND "BOOTCHARGE 40\n");
	assert_string_equal(buffer_string(&said), "");
	assert_int_equal(conf.policy.boot_charge, 40);
	assert_int_equal(conf.policy.boot_limit, 3600);
	read_text(MONITOR COMMAND "BOOTCHARGE 40 600\n");
	assert_int_equal(conf.policy.boot_limit, 600);
	read_text(MONITOR COMMAND "BOOTCHARGE\nBOOTCHARGE 101\nBOOTCHARGE x\nBOOTCHARGE 40 0\n"
				  "BOOTCHARGE 40 soon\n");
	assert_int_equal(report.errors, 5);
	expect_said("conf:3: BOOTCHARGE wants a value");
	expect_said("conf:4: BOOTCHARGE is \"101\"");
	expect_said("conf:5: BOOTCHARGE is \"x\"");
	expect_said("conf:6: BOOTCHARGE, time to wait, is \"0\"");
	expect_said("conf:7: BOOTCHARGE, time to wait, is \"soon\"");
}

static void the_sandbox_can_be_left_off(void **state)
{
	(void)state;
	read_text(MONITOR COMMAND "SANDBOX no\n");
	assert_int_equal(report.errors, 0);
	assert_false(conf.sandbox);
	read_text(MONITOR COMMAND "SANDBOX on\n");
	assert_true(conf.sandbox);
	read_text(MONITOR COMMAND "SANDBOX maybe\nSANDBOX\n");
	assert_int_equal(report.errors, 2);
	expect_said("conf:3: SANDBOX is \"maybe\"; it takes yes or no");
}

int main(void)
{
#define ROW(name) cmocka_unit_test_teardown(name, end)
	const struct CMUnitTest tests[] = {
		ROW(a_short_file_has_the_defaults),
		ROW(a_monitor_line_says_what_where_and_as_whom),
		ROW(all_mistakes_are_told_in_one_run),
		ROW(what_cannot_harm_is_a_warning),
		ROW(too_little_power_is_an_error),
		ROW(no_shutdown_command_is_a_warning),
		ROW(shutdown_words_reach_the_shell_unchanged),
		ROW(shutdown_exit_is_a_word_or_seconds),
		ROW(notify_command_is_words_or_one_old_string),
		ROW(notices_take_other_texts_and_flags),
		ROW(every_notice_has_a_name_and_a_valid_text),
		ROW(without_limits_there_are_none),
		ROW(limits_are_for_all_or_for_one_ups),
		ROW(limits_of_nothing_are_limits),
		ROW(limits_that_are_wrong_are_errors),
		ROW(hooks_have_a_folder_and_two_times),
		ROW(hooks_that_are_wrong_are_errors),
		ROW(machines_are_woken_in_the_order_of_their_stages),
		ROW(machines_that_nobody_can_wake_are_errors),
		ROW(boot_waits_for_a_charge_and_not_for_ever),
		ROW(the_sandbox_can_be_left_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
