#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clients/nutconf/apcupsd.h"

static struct apcupsd_conf conf;
static struct apcupsd_plan plan;

static void make(const char *text, const char *const *scripts)
{
	apcupsd_plan_free(&plan);
	buffer_free(&conf.problems);
	apcupsd_read(&conf, "a.conf", text, strlen(text));
	apcupsd_plan_make(&plan, &conf, "secret", scripts, "/etc/nut");
}

static bool says(struct buffer *b, const char *text)
{
	return strstr(buffer_string(b), text) != NULL;
}

static void the_last_line_of_a_name_counts_and_case_does_not(void **state)
{
	(void)state;
	make("## apcupsd.conf v1.1 ##\nupstype usb\nTIMEOUT 10 # seconds\nTimeout 20\n", NULL);
	assert_true(plan.possible);
	assert_true(says(&plan.ups_conf, "[ups]\n\tdriver = usbhid-ups\n\tport = auto\n"));
	assert_true(says(&plan.upsmon_conf, "OBDURATION 20\n"));
	assert_true(says(&plan.notes, "a.conf:3: TIMEOUT 10: does not count: line 4"));
}

static void limits_become_limits(void **state)
{
	(void)state;
	make("UPSTYPE usb\nBATTERYLEVEL 5\nMINUTES 3\nTIMEOUT 0\n", NULL);
	assert_true(says(&plan.upsmon_conf, "OBCHARGE 5\n"));
	assert_true(says(&plan.upsmon_conf, "OBRUNTIME 180\n"));
	assert_false(says(&plan.upsmon_conf, "OBDURATION"));
	assert_true(says(&plan.notes, "a.conf:4: TIMEOUT 0: never"));
}

static void a_number_that_is_none_is_told(void **state)
{
	(void)state;
	make("UPSTYPE usb\nMINUTES three\n", NULL);
	assert_false(says(&plan.upsmon_conf, "OBRUNTIME"));
	assert_true(says(&plan.notes, "a.conf:2: MINUTES three: NOT CARRIED OVER"));
}

static void snmp_has_its_four_parts(void **state)
{
	(void)state;
	make("UPSTYPE snmp\nDEVICE card.example:1161:APC:tiger\n", NULL);
	assert_true(says(&plan.ups_conf, "\tdriver = snmp-ups\n\tport = card.example:1161\n"));
	assert_true(says(&plan.ups_conf, "community = tiger\n"));
	assert_true(says(&plan.ups_conf, "mibs = apcc\n"));
	make("UPSTYPE snmp\nDEVICE card.example\n", NULL);
	assert_true(says(&plan.ups_conf, "port = card.example\n"));
	assert_true(says(&plan.ups_conf, "community = private\n"));
}

static void what_has_no_driver_is_refused_with_the_reason(void **state)
{
	static const char *const files[] = {
		"UPSTYPE pcnet\nDEVICE 1.2.3.4:u:p\n",
		"UPSTYPE modbus\nDEVICE /dev/ttyS0\n",
		"UPSTYPE dumb\nUPSCABLE smart\nDEVICE /dev/ttyS0\n",
		"UPSTYPE apcsmart\n",
		"UPSTYPE net\n",
		"UPSTYPE test\n",
		"UPSTYPE magic\n",
		"TIMEOUT 3\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		make(files[i], NULL);
		assert_false(plan.possible);
		assert_true(says(&plan.notes, "NOT POSSIBLE: "));
	}
}

static void every_directive_is_told_with_its_line(void **state)
{
	(void)state;
	make("UPSTYPE usb\nKILLDELAY 30\nFROBNICATE 3\nUPSNAME My UPS\nDEVICE\n", NULL);
	assert_true(says(&plan.notes, "a.conf:1: UPSTYPE usb: ups.conf: driver = usbhid-ups"));
	assert_true(says(&plan.notes, "a.conf:2: KILLDELAY 30: not carried over"));
	assert_true(says(&plan.notes, "a.conf:3: FROBNICATE 3: NOT CARRIED OVER"));
	assert_true(says(&plan.notes, "a.conf:4: UPSNAME My UPS: ups.conf: [myups]"));
	assert_true(says(&plan.notes, "a.conf:5: DEVICE: nothing to do"));
	assert_int_equal(plan.not_carried, 2);
}

static void event_scripts_are_run_at_the_nearest_notice(void **state)
{
	static const char *const scripts[] = {"offbattery", "onbattery", "annoyme", "powerout",
					      NULL};

	(void)state;
	make("UPSTYPE usb\nSCRIPTDIR /etc/it's\n", scripts);
	assert_true(says(&plan.upsmon_conf, "NOTIFYCMD /etc/nut/apcupsd-events\n"));
	assert_true(says(&plan.upsmon_conf, "NOTIFYFLAG ONBATT SYSLOG+WALL+EXEC\n"));
	assert_true(says(&plan.script, "cd '/etc/it'\\''s' || exit 1\n"));
	assert_true(says(&plan.script, "ONBATT) run powerout; run onbattery;;\n"));
	assert_true(says(&plan.script, "ONLINE) run offbattery;;\n"));
	assert_true(says(&plan.notes, "annoyme: NOT CARRIED OVER"));
	make("UPSTYPE usb\n", NULL);
	assert_false(says(&plan.upsmon_conf, "NOTIFYCMD"));
	assert_int_equal(plan.script.len, 0);
	apcupsd_plan_free(&plan);
	buffer_free(&conf.problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_line_of_a_name_counts_and_case_does_not),
		cmocka_unit_test(limits_become_limits),
		cmocka_unit_test(a_number_that_is_none_is_told),
		cmocka_unit_test(snmp_has_its_four_parts),
		cmocka_unit_test(what_has_no_driver_is_refused_with_the_reason),
		cmocka_unit_test(every_directive_is_told_with_its_line),
		cmocka_unit_test(event_scripts_are_run_at_the_nearest_notice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
