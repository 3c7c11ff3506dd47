/* upssched.conf: what it means, and what is said about its mistakes. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "clients/upssched/conf.h"
#include "common/base/buffer.h"

/* Folders that no ordinary user may write to, and a program that is everywhere. */
#define HEAD "CMDSCRIPT /bin/sh\nPIPEFN /etc/pipe\nLOCKFN /etc/lock\n"

static struct upssched_conf conf;
static struct conf_report report;
static struct buffer said;

static void note(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg;
	/* Without the folder, which is another one each time. */
	buffer_appendf(&said, "%c %s\n", severity == CONF_ERROR ? 'E' : 'W',
		       strstr(text, "conf:") ? strstr(text, "conf:") : text);
}

static int end(void **state)
{
	(void)state;
	upssched_conf_free(&conf);
	buffer_free(&said);
	return 0;
}

static void read_text(const char *text)
{
	char path[] = "/tmp/upsschedXXXXXX.conf";
	int fd = mkstemps(path, 5);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	end(NULL);
	report = (struct conf_report){.emit = note};
	assert_int_equal(upssched_conf_read(&conf, path, &report), 0);
	unlink(path);
}

static void expect_said(const char *part)
{
	if (!strstr(buffer_string(&said), part))
		fail_msg("not said: %s\nsaid:\n%s", part, buffer_string(&said));
}

static void expect_silence(void)
{
	assert_string_equal(buffer_string(&said), "");
}

static void a_file_has_what_it_says(void **state)
{
	const struct upssched_rule *r;

	(void)state;
	read_text("debug_min 3\n" HEAD "AT ONBATT ups@host START-TIMER \"two words\" 30\n"
		  "AT ONLINE * CANCEL-TIMER \"two words\" back\n"
		  "AT onbatt * START-TIMER-SHARED s 0\n"
		  "AT ONLINE * CANCEL-TIMER-MATCHED s\n"
		  "AT LOWBATT * EXECUTE low\n");
	expect_silence();
	assert_false(conf.unusable);
	assert_null(conf.missing);
	assert_string_equal(conf.script[0], "/bin/sh");
	assert_null(conf.script[1]);
	assert_string_equal(conf.pipe, "/etc/pipe");
	assert_string_equal(conf.lock, "/etc/lock");
	assert_int_equal(conf.debug_min, 3);
	assert_int_equal(conf.rule_count, 5);
	r = conf.rules;
	assert_int_equal(r[0].verb, UPSSCHED_START);
	assert_string_equal(r[0].type, "ONBATT");
	assert_string_equal(r[0].ups, "ups@host");
	assert_string_equal(r[0].name, "two words");
	assert_int_equal(r[0].seconds, 30);
	assert_null(r[0].otherwise);
	assert_int_equal(r[1].verb, UPSSCHED_CANCEL);
	assert_string_equal(r[1].otherwise, "back");
	assert_int_equal(r[2].verb, UPSSCHED_START_SHARED);
	assert_int_equal(r[2].seconds, 0);
	assert_int_equal(r[3].verb, UPSSCHED_CANCEL_MATCHED);
	assert_null(r[3].otherwise);
	assert_int_equal(r[4].verb, UPSSCHED_EXECUTE);
	assert_string_equal(r[4].name, "low");
}

static void the_script_may_have_arguments_in_both_ways(void **state)
{
	(void)state;
	read_text(
		"CMDSCRIPT /bin/sh -c \"a b\"\nPIPEFN /etc/p\nLOCKFN /etc/l\nAT FSD * EXECUTE x\n");
	expect_silence();
	assert_string_equal(conf.script[1], "-c");
	assert_string_equal(conf.script[2], "a b");
	assert_null(conf.script[3]);
	read_text(
		"CMDSCRIPT \"/bin/sh -c now\"\nPIPEFN /etc/p\nLOCKFN /etc/l\nAT FSD * EXECUTE x\n");
	expect_silence();
	assert_string_equal(conf.script[0], "/bin/sh");
	assert_string_equal(conf.script[2], "now");
}

static void a_line_is_for_its_type_and_its_ups(void **state)
{
	(void)state;
	read_text(HEAD "AT OnBatt ups@host EXECUTE a\nAT FSD * EXECUTE b\n");
	assert_true(upssched_rule_matches(&conf.rules[0], "ONBATT", "ups@host"));
	assert_false(upssched_rule_matches(&conf.rules[0], "ONBATT", "ups"));
	assert_false(upssched_rule_matches(&conf.rules[0], "ONBATT", "UPS@host"));
	assert_false(upssched_rule_matches(&conf.rules[0], "ONLINE", "ups@host"));
	assert_true(upssched_rule_matches(&conf.rules[1], "FSD", "any"));
	assert_true(upssched_rule_matches(&conf.rules[1], "FSD", ""));
}

static void what_an_at_line_needs_stands_above_it(void **state)
{
	(void)state;
	read_text("AT FSD * EXECUTE x\nAT FSD * EXECUTE y\n" HEAD);
	assert_true(conf.unusable);
	assert_string_equal(conf.missing, "CMDSCRIPT");
	expect_said("E conf:1: AT without a CMDSCRIPT above it; move it above the AT lines");
	assert_int_equal(report.errors, 1);
	read_text("CMDSCRIPT /bin/sh\nAT FSD * EXECUTE x\n");
	assert_string_equal(conf.missing, "PIPEFN");
	read_text("CMDSCRIPT /bin/sh\nPIPEFN /etc/p\nAT FSD * EXECUTE x\n");
	assert_string_equal(conf.missing, "LOCKFN");
	assert_true(conf.unusable);
}

static void a_mistake_costs_its_line_and_no_other(void **state)
{
	(void)state;
	read_text(HEAD "AT FSD * EXECUTE\n"
		       "AT FSD *\n"
		       "AT FSD * STRAT-TIMER x 5\n"
		       "AT FSD * START-TIMER x\n"
		       "AT FSD * START-TIMER x soon\n"
		       "AT FSD * START-TIMER x -1\n"
		       "AT FSD * START-TIMER x 99999999999999999999\n"
		       "AT FSD * START-TIMER \"\" 5\n"
		       "AT FSD * EXECUTE good\n");
	assert_false(conf.unusable);
	assert_int_equal(conf.rule_count, 1);
	assert_string_equal(conf.rules[0].name, "good");
	assert_int_equal(report.errors, 8);
	expect_said("E conf:4: EXECUTE wants a name, the line is ignored; for example AT LOWBATT");
	expect_said("E conf:5: AT wants a notify type, a UPS, and what to do");
	expect_said("E conf:6: AT knows no STRAT-TIMER, the line is ignored; did you mean "
		    "START-TIMER?");
	expect_said("E conf:7: START-TIMER wants a name and seconds");
	expect_said("E conf:8: START-TIMER wants seconds from 0 to 100000000, not \"soon\"");
	expect_said("E conf:9: START-TIMER wants seconds");
	expect_said("E conf:10: START-TIMER wants seconds");
	expect_said("E conf:11: START-TIMER wants a name, the line is ignored");
}

static void what_is_likely_a_slip_is_a_warning(void **state)
{
	(void)state;
	read_text(HEAD "PIPFN /etc/x\n"
		       "AT ONBAT * EXECUTE x\n"
		       "AT FSD * EXECUTE two words\n"
		       "AT FSD * START-TIMER x 5m\n"
		       "AT FSD * CANCEL-TIMER x \"\"\n");
	assert_int_equal(report.errors, 0);
	assert_int_equal(conf.rule_count, 4);
	expect_said("W conf:4: unknown word \"PIPFN\"; did you mean \"PIPEFN\"?");
	expect_said("W conf:5: unknown word \"ONBAT\"; did you mean \"ONBATT\"?");
	expect_said("W conf:6: \"words\" and what follows is ignored; put words that belong");
	expect_said("W conf:7: START-TIMER \"5m\" is taken as 5 seconds");
	assert_string_equal(conf.rules[1].name, "two");
	assert_int_equal(conf.rules[2].seconds, 5);
	assert_null(conf.rules[3].otherwise);
}

static void a_battery_timer_that_nothing_cancels_is_a_warning(void **state)
{
	(void)state;
	read_text(HEAD "AT ONBATT * START-TIMER early 600\nAT COMMBAD * START-TIMER gone 60\n");
	expect_said("timer early is started by ONBATT, and nothing cancels it; add a line with "
		    "ONLINE");
	assert_null(strstr(buffer_string(&said), "gone"));
	assert_int_equal(report.warnings, 1);
}

static void of_a_directive_that_is_there_twice_the_last_counts(void **state)
{
	(void)state;
	read_text(HEAD "PIPEFN /etc/other\nCMDSCRIPT /bin/true\nAT FSD * EXECUTE x\n");
	assert_string_equal(conf.pipe, "/etc/other");
	assert_string_equal(conf.script[0], "/bin/true");
	expect_said("W conf:4: PIPEFN is there twice, the last one counts");
	expect_said("W conf:5: CMDSCRIPT is there twice, the last one counts");
}

static void files_that_cannot_work_are_told(void **state)
{
	char text[512], path[200];

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	snprintf(text, sizeof(text), "PIPEFN %s\n", path);
	read_text(text);
	assert_true(conf.unusable);
	expect_said("the name of a socket has at most 107 bytes, that of PIPEFN has 199");
	read_text("CMDSCRIPT /bin/sh\nPIPEFN /etc/same\nLOCKFN /etc/same\nAT FSD * EXECUTE x\n");
	assert_true(conf.unusable);
	expect_said("PIPEFN and LOCKFN are the same file");
	read_text("CMDSCRIPT /no/such/script\nPIPEFN /no/such/folder/p\nLOCKFN lock\n"
		  "AT FSD * EXECUTE x\n");
	assert_false(conf.unusable);
	expect_said("CMDSCRIPT /no/such/script cannot be run: No such file");
	expect_said("the folder of PIPEFN, /no/such/folder: No such file");
	expect_said("LOCKFN lock is another file in each folder");
	read_text("CMDSCRIPT\nPIPEFN \"\"\n");
	expect_said("E conf:1: CMDSCRIPT wants a value");
	expect_said("E conf:2: PIPEFN wants a file name");
}

static void a_folder_that_all_may_write_to_is_a_warning(void **state)
{
	char folder[] = "/tmp/upsschedXXXXXX", text[256];

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 01777), 0);
	snprintf(text, sizeof(text),
		 "CMDSCRIPT /bin/sh\nPIPEFN %s/p\nLOCKFN /etc/l\n"
		 "AT FSD * EXECUTE x\n",
		 folder);
	read_text(text);
	expect_said("everybody may write to the folder of PIPEFN");
	assert_int_equal(chmod(folder, 0700), 0);
	read_text(text);
	expect_silence();
	rmdir(folder);
}

static void an_empty_file_is_fine_and_does_nothing(void **state)
{
	(void)state;
	read_text("# nothing\n");
	assert_int_equal(report.errors, 0);
	assert_false(conf.unusable);
	assert_int_equal(conf.debug_min, -1);
	expect_said("no AT line that can be used");
}

static void a_file_that_is_not_there_is_an_errno(void **state)
{
	(void)state;
	report = (struct conf_report){.emit = note};
	assert_int_equal(upssched_conf_read(&conf, "/no/such/file", &report), ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_has_what_it_says),
		cmocka_unit_test(the_script_may_have_arguments_in_both_ways),
		cmocka_unit_test(a_line_is_for_its_type_and_its_ups),
		cmocka_unit_test(what_an_at_line_needs_stands_above_it),
		cmocka_unit_test(a_mistake_costs_its_line_and_no_other),
		cmocka_unit_test(what_is_likely_a_slip_is_a_warning),
		cmocka_unit_test(a_battery_timer_that_nothing_cancels_is_a_warning),
		cmocka_unit_test(of_a_directive_that_is_there_twice_the_last_counts),
		cmocka_unit_test(files_that_cannot_work_are_told),
		cmocka_unit_test(a_folder_that_all_may_write_to_is_a_warning),
		cmocka_unit_test(an_empty_file_is_fine_and_does_nothing),
		cmocka_unit_test(a_file_that_is_not_there_is_an_errno),
	};

	return cmocka_run_group_tests_name("upssched.conf", tests, NULL, end);
}
