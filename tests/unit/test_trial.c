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

#include "clients/nutconf/trial_conf.h"
#include "clients/nutconf/trial_events.h"
#include "clients/nutconf/trial_site.h"
#include "clients/nutconf/trial_values.h"
#include "common/base/str.h"

static char folder[] = "/tmp/trial-test-XXXXXX";
static char path[PATH_MAX];

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static const char *in_folder(const char *name)
{
	str_format(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int drop_folder(void **state)
{
	static const char *const names[] = {"upsmon.conf", "upsd.conf", "values", "events",
					    "trial"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(in_folder(names[i]));
	return rmdir(folder);
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(in_folder(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* ----------------------------------------------------------------------- values */

static struct trial_list one(const char *value)
{
	struct trial_list l = {NULL, 0};

	if (value)
		assert_true(trial_list_add(&l, "ups.load", value));
	return l;
}

static void look(struct trial_values *v, const char *before, const char *ours, const char *after,
		 long long ms)
{
	struct trial_list b = one(before), o = one(ours), a = one(after);

	assert_true(trial_values_look(v, "rack", &b, &o, &a, ms));
	trial_list_free(&b);
	trial_list_free(&o);
	trial_list_free(&a);
}

static void a_value_that_moved_between_two_looks_is_no_difference(void **state)
{
	struct trial_values v = {NULL, 0};

	(void)state;
	look(&v, "20", "20", "21", 1);
	look(&v, "20", "21", "21", 2);
	assert_int_equal(v.count, 1);
	assert_int_equal(v.rows[0].equal, 2);
	trial_values_free(&v);
}

static void a_difference_that_passes_does_not_last(void **state)
{
	struct trial_values v = {NULL, 0};

	(void)state;
	for (int i = 0; i < 10; i++)
		look(&v, "21", "20", "21", 100 * i);
	look(&v, "21", "21", "21", 2000);
	look(&v, "21", "20", "21", 90000);
	assert_false(trial_value_lasted(&v.rows[0]));
	assert_int_equal(v.rows[0].looks - v.rows[0].equal, 11);
	trial_values_free(&v);
}

static void a_difference_that_stays_lasts_and_is_remembered(void **state)
{
	struct trial_values v = {NULL, 0}, again = {NULL, 0};

	(void)state;
	for (int i = 0; i < 4; i++)
		look(&v, "21", NULL, "21", 1000 + 3000 * i);
	assert_true(trial_value_lasts(&v.rows[0]));
	look(&v, "21", "21", "21", 20000);
	assert_false(trial_value_lasts(&v.rows[0]));
	assert_true(trial_value_lasted(&v.rows[0]));
	assert_int_equal(trial_values_write(&v, in_folder("values")), 0);
	assert_int_equal(trial_values_read(&again, in_folder("values")), 0);
	assert_int_equal(again.count, 1);
	assert_memory_equal(&again.rows[0], &v.rows[0], sizeof(v.rows[0]));
	assert_string_equal(again.rows[0].ours, "(absent)");
	assert_int_equal(again.rows[0].lasted_from_ms, 1000);
	assert_int_equal(again.rows[0].lasted_to_ms, 10000);
	trial_values_free(&v);
	trial_values_free(&again);
}

/* ----------------------------------------------------------------------- events */

static void note(long long ms, bool ours, const char *type, const char *how)
{
	struct trial_event e = {.ms = ms, .ours = ours, .ups = "rack", .text = "a \"text\""};

	str_copy(e.type, sizeof(e.type), type);
	str_copy(e.how, sizeof(e.how), how);
	assert_int_equal(trial_event_append(in_folder("events"), &e), 0);
}

static void events_find_their_partners(void **state)
{
	struct trial_events e = {NULL, 0};

	(void)state;
	unlink(in_folder("events"));
	note(5000, true, "ONBATT", "notice");
	note(4000, false, "ONBATT", "status");
	note(9000, false, "LOWBATT", "status");
	note(100000, true, "ONBATT", "notice");
	assert_int_equal(trial_events_read(&e, in_folder("events")), 0);
	trial_events_pair(&e, 60000);
	assert_int_equal(e.count, 4);
	assert_int_equal(e.rows[0].other, 1);
	assert_int_equal(e.rows[1].other, 0);
	assert_int_equal(e.rows[2].other, -1);
	assert_int_equal(e.rows[3].other, -1);
	assert_string_equal(e.rows[0].text, "a \"text\"");
	trial_events_free(&e);
}

static void what_the_log_tells_counts_before_the_status(void **state)
{
	struct trial_events e = {NULL, 0};

	(void)state;
	unlink(in_folder("events"));
	note(1000, false, "ONBATT", "status");
	note(1500, true, "ONBATT", "notice");
	note(2000, false, "ONBATT", "log");
	assert_int_equal(trial_events_read(&e, in_folder("events")), 0);
	trial_events_pair(&e, 60000);
	assert_int_equal(e.count, 2);
	assert_string_equal(e.rows[1].how, "log");
	assert_int_equal(e.rows[1].other, 0);
	trial_events_free(&e);
}

static void lines_of_a_log_are_understood(void **state)
{
	const char *type;
	char system[256];

	(void)state;
	assert_true(trial_event_of_line("Nov 1 h upsmon[7]: UPS rack@nas:3493 on battery", &type,
					system, sizeof(system)));
	assert_string_equal(type, "ONBATT");
	assert_string_equal(system, "rack@nas:3493");
	assert_true(trial_event_of_line("UPS a@b: forced shutdown in progress", &type, system,
					sizeof(system)));
	assert_string_equal(type, "FSD");
	assert_string_equal(system, "a@b");
	assert_false(trial_event_of_line("UPS of my neighbour on battery", &type, system,
					 sizeof(system)));
	assert_false(trial_event_of_line("nothing", &type, system, sizeof(system)));
}

/* ------------------------------------------------------------------ configuration */

static const struct trial_server here = {"localhost", 3493};

static void make(struct trial_conf *c, struct trial_plan *p, const char *upsmon)
{
	*p = (struct trial_plan){.port = 13493, .count = 1};
	str_copy(p->upses[0].name, sizeof(p->upses[0].name), "rack");
	str_copy(p->upses[0].ups, sizeof(p->upses[0].ups), "rack");
	p->upses[0].server = here;
	put("upsmon.conf", upsmon);
	assert_true(trial_conf_make(c, p, &here, folder, "/var/lib/t", "/usr/bin/nutconf", "pw"));
}

static void what_acts_stays_out_and_what_decides_comes_in(void **state)
{
	struct trial_conf c;
	struct trial_plan p;
	const char *text;

	(void)state;
	make(&c, &p,
	     "MONITOR rack@127.0.0.1 1 ann tiger master\nSHUTDOWNCMD \"halt\"\nNOTIFYCMD /x\n"
	     "POWERDOWNFLAG /etc/killpower\nHOSTSYNC 22\nSHUTDOWNHOOKS /h\nWAKEONLAN 1\n"
	     "RUN_AS_USER root\nCERTPATH /c\nNOTIFYFLAG ONBATT SYSLOG+WALL\n"
	     "OBCHARGE 40 rack@localhost\n");
	text = buffer_string(&c.upsmon_conf);
	assert_non_null(strstr(text, "MONITOR rack@127.0.0.1:13493 1 trial pw master\n"));
	assert_non_null(strstr(text, "HOSTSYNC 22\n"));
	assert_non_null(strstr(text, "OBCHARGE 40 rack@127.0.0.1:13493\n"));
	assert_null(strstr(text, "tiger"));
	assert_null(strstr(text, "halt"));
	assert_null(strstr(text, "killpower\n/etc"));
	assert_null(strstr(text, "HOOKS"));
	assert_null(strstr(text, "WAKEON"));
	assert_null(strstr(text, "RUN_AS"));
	assert_null(strstr(text, "CERT"));
	assert_null(strstr(text, "WALL"));
	trial_conf_free(&c);
}

static void ups_of_other_servers_get_names_of_their_own(void **state)
{
	struct trial_conf c;
	struct trial_plan p;

	(void)state;
	make(&c, &p, "MONITOR rack@nas.lan 1 a b slave\nMONITOR rack@[::1]:3493 1 a b slave\n");
	assert_int_equal(p.count, 2);
	assert_string_equal(p.upses[1].name, "rack-nas-lan");
	assert_non_null(strstr(buffer_string(&c.ups_conf), "port = \"rack@nas.lan:3493\"\n"));
	assert_string_equal(trial_conf_name(&p, &here, "rack@localhost"), "rack");
	assert_string_equal(trial_conf_name(&p, &here, "rack@nas.lan:3493"), "rack-nas-lan");
	assert_string_equal(trial_conf_name(&p, &here, "rack@other"), "");
	trial_conf_free(&c);
}

static void names_that_could_leave_their_file_are_not_taken(void **state)
{
	struct trial_conf c;
	struct trial_plan p = {.port = 13493};

	(void)state;
	assert_true(trial_conf_is_plain("rack-1.a_b"));
	assert_false(trial_conf_is_plain("../x"));
	assert_false(trial_conf_is_plain("a/b"));
	assert_false(trial_conf_is_plain("a]\nb"));
	assert_false(trial_conf_is_plain(".."));
	assert_false(trial_conf_is_plain(""));
	put("upsmon.conf", "MONITOR \"a\\\"b@nas\" 1 a b slave\n");
	assert_false(trial_conf_make(&c, &p, &here, folder, "/d", "/n", "pw"));
	trial_conf_free(&c);
}

static bool is_harmless(const char *text)
{
	const char *why;

	put("upsmon.conf", text);
	return trial_conf_is_harmless(in_folder("upsmon.conf"), "/d", "/n", 13493, &why);
}

static void only_what_can_do_no_harm_is_started(void **state)
{
	static const char good[] = "SHUTDOWNCMD \"'/n' trial record '/d' shutdown\"\n";
	static const char *const bad[] = {
		"SHUTDOWNCMD halt\n",
		"SHUTDOWNHOOKS /h\n",
		"NOTIFYCMD /bin/mail\n",
		"NOTIFYFLAG FSD EXEC+WALL\n",
		"POWERDOWNFLAG /etc/killpower\n",
		"MONITOR a@127.0.0.1:3493 1 a b primary\n",
		"MONITOR a@nas:13493 1 a b primary\n",
		"WAKEONLAN 02:00:5e:10:00:01\n",
		"\"open\n",
	};
	char text[512];
	struct trial_conf c;
	struct trial_plan p;
	const char *why;

	(void)state;
	assert_true(is_harmless(good));
	assert_false(is_harmless("HOSTSYNC 3\n"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		str_format(text, sizeof(text), "%s%s", good, bad[i]);
		assert_false(is_harmless(text));
	}
	/* What is made passes. */
	make(&c, &p, "MONITOR rack@localhost 1 a b primary\nOBCHARGE 40\n");
	put("upsmon.conf", buffer_string(&c.upsmon_conf));
	assert_true(trial_conf_is_harmless(in_folder("upsmon.conf"), "/var/lib/t",
					   "/usr/bin/nutconf", 13493, &why));
	trial_conf_free(&c);
}

static void the_plan_is_read_as_it_was_written(void **state)
{
	struct trial_plan p = {.port = 1234,
			       .started_ms = 5,
			       .until_ms = 6,
			       .poll_ms = 7,
			       .every_ms = 8,
			       .log = "/var/log/a b",
			       .count = 1},
			  again;

	(void)state;
	str_copy(p.upses[0].name, sizeof(p.upses[0].name), "rack");
	str_copy(p.upses[0].ups, sizeof(p.upses[0].ups), "Rack 1");
	p.upses[0].server = here;
	assert_int_equal(trial_plan_write(&p, folder), 0);
	assert_int_equal(trial_plan_read(&again, folder), 0);
	assert_int_equal(again.port, 1234);
	assert_int_equal(again.every_ms, 8);
	assert_string_equal(again.log, "/var/log/a b");
	assert_string_equal(again.upses[0].ups, "Rack 1");
	assert_int_equal(again.upses[0].server.port, 3493);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_that_moved_between_two_looks_is_no_difference),
		cmocka_unit_test(a_difference_that_passes_does_not_last),
		cmocka_unit_test(a_difference_that_stays_lasts_and_is_remembered),
		cmocka_unit_test(events_find_their_partners),
		cmocka_unit_test(what_the_log_tells_counts_before_the_status),
		cmocka_unit_test(lines_of_a_log_are_understood),
		cmocka_unit_test(what_acts_stays_out_and_what_decides_comes_in),
		cmocka_unit_test(ups_of_other_servers_get_names_of_their_own),
		cmocka_unit_test(names_that_could_leave_their_file_are_not_taken),
		cmocka_unit_test(only_what_can_do_no_harm_is_started),
		cmocka_unit_test(the_plan_is_read_as_it_was_written),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
