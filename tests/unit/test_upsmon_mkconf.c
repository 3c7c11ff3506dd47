/* What nut-upsmon-mkconf makes of answers, read back as upsmon reads it. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "clients/upsmon/conf/groupconf.h"
#include "clients/upsmon/conf/mkconf.h"
#include "common/base/str.h"

static struct mkconf made;
static struct upsmon_conf conf;
static struct buffer text;

static int end(void **state)
{
	(void)state;
	mkconf_free(&made);
	upsmon_conf_free(&conf);
	buffer_free(&text);
	return 0;
}

static void answer(enum answer a, const char *value)
{
	assert_true(mkconf_take(&made, a, value));
}

static void begin(const char *plan, const char *ups)
{
	mkconf_free(&made);
	memset(&made, 0, sizeof(made));
	answer(ANSWER_PLAN, plan);
	answer(ANSWER_UPS, ups);
	answer(ANSWER_PASSWORD, "s'e\"c ret%");
}

static void note(void *arg, enum conf_severity severity, const char *problem)
{
	(void)arg;
	(void)severity;
	fail_msg("%s\nin:\n%s", problem, buffer_string(&text));
}

/* The file is made, and read without a word. */
static void make(void)
{
	int fd = memfd_create("made", MFD_CLOEXEC);
	struct conf_report report = {.emit = note};

	assert_true(mkconf_settle(&made));
	buffer_clear(&text);
	assert_true(mkconf_plan(&text, &made));
	assert_true(mkconf_verify(&text));
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(pwrite(fd, text.data, text.len, 0), (ssize_t)text.len);
	assert_true(groupconf_is(fd));
	upsmon_conf_free(&conf);
	assert_int_equal(groupconf_read_fd(&conf, fd, "made", &report), 0);
	close(fd);
}

static const struct rule *find_rule(int ups, enum fact fact, bool begins, const char *timer)
{
	for (size_t i = 0; i < conf.book.count; i++) {
		const struct rule *r = &conf.book.rules[i];

		if (r->ups == ups &&
		    (timer ? str_equal(r->timer, timer)
			   : r->trigger == TRIGGER_EVENT && r->fact == fact && r->begins == begins))
			return r;
	}
	return NULL;
}

static const struct rule_action *find_action(const struct rule *r, enum verb v, const char *timer)
{
	for (size_t i = 0; r && i < r->action_count; i++) {
		if (r->actions[i].verb == v && (!timer || str_equal(r->actions[i].timer, timer)))
			return &r->actions[i];
	}
	return NULL;
}

static const struct rule_action *event_action(int ups, enum fact fact, bool begins, enum verb v,
					      const char *timer)
{
	return find_action(find_rule(ups, fact, begins, NULL), v, timer);
}

static bool has_condition(const struct rule_action *a, enum fact fact, bool wanted)
{
	for (size_t i = 0; i < a->condition_count; i++) {
		if (a->conditions[i].kind == CONDITION_FACT && a->conditions[i].fact == fact &&
		    a->conditions[i].wanted == wanted)
			return true;
	}
	return false;
}

static void the_timed_plan_waits_and_goes_back_when_power_returns(void **state)
{
	const struct rule_action *a;

	(void)state;
	begin("timed", "desk");
	answer(ANSWER_GRACE, "90");
	make();
	assert_string_equal(conf.ups[0].system, "desk");
	assert_string_equal(conf.ups[0].password, "s'e\"c ret%");
	assert_string_equal(conf.ups[0].user, "monitor");
	assert_true(conf.ups[0].primary);
	a = event_action(0, FACT_OB, true, VERB_START_TIMER, "grace");
	assert_non_null(a);
	assert_int_equal(a->ms, 90000);
	a = event_action(0, FACT_OB, true, VERB_START_TIMER, "half");
	assert_int_equal(a->ms, 45000);
	for (size_t i = 0; i < 4; i++) {
		static const char *const timers[] = {"grace", "half", "decide", "final-delay"};

		assert_non_null(event_action(0, FACT_OB, false, VERB_CANCEL_TIMER, timers[i]));
	}
	a = find_action(find_rule(0, 0, false, "grace"), VERB_START_TIMER, "decide");
	assert_true(has_condition(a, FACT_OB, true));
	a = find_action(find_rule(0, 0, false, "decide"), VERB_START_TIMER, "final-delay");
	assert_int_equal(a->ms, 5000);
	assert_non_null(find_action(find_rule(0, 0, false, "final-delay"), VERB_SHUTDOWN, NULL));
	assert_int_equal(conf.command_count, 1);
	assert_string_equal(conf.commands[0], "exec '/sbin/shutdown' '-h' '0'");
}

static void the_standard_plan_waits_for_a_low_battery(void **state)
{
	(void)state;
	begin("standard", "desk");
	make();
	assert_null(find_rule(0, 0, false, "grace"));
	assert_null(event_action(0, FACT_OB, true, VERB_START_TIMER, "grace"));
	assert_non_null(event_action(0, FACT_LB, true, VERB_START_TIMER, "decide"));
}

/* In every plan. */
static void a_low_battery_counts_on_battery_only_whichever_comes_first(void **state)
{
	static const char *const plans[] = {"timed", "standard"};
	const struct rule_action *a;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		begin(plans[i], "desk");
		make();
		a = event_action(0, FACT_LB, true, VERB_START_TIMER, "decide");
		assert_true(has_condition(a, FACT_OB, true));
		a = event_action(0, FACT_OB, true, VERB_START_TIMER, "decide");
		assert_true(has_condition(a, FACT_LB, true));
	}
}

static void both_plans_have_levels_reach_battery_and_forced_shutdown(void **state)
{
	static const char *const plans[] = {"timed", "standard"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct rule *r;

		begin(plans[i], "desk");
		make();
		assert_int_equal(conf.ups[0].level[0], 75);
		assert_int_equal(conf.ups[0].level[1], 50);
		assert_int_equal(conf.ups[0].level[2], 25);
		for (unsigned f = FACT_LB1; f <= FACT_LB3; f <<= 1) {
			r = find_rule(0, (enum fact)f, true, NULL);
			assert_int_equal(r->action_count, 1);
			assert_int_equal(r->actions[0].verb, VERB_NUTLOG);
		}
		assert_int_equal(event_action(0, FACT_RB, true, VERB_START_TIMER, "rbwarntime")->ms,
				 43200000);
		r = find_rule(0, 0, false, "rbwarntime");
		assert_non_null(find_action(r, VERB_START_TIMER, "rbwarntime"));
		assert_non_null(find_action(r, VERB_DESKTOP, NULL));
		assert_non_null(event_action(0, FACT_RB, false, VERB_CANCEL_TIMER, "rbwarntime"));
		assert_non_null(
			event_action(0, FACT_NOCOMM, true, VERB_START_TIMER, "nocommwarntime"));
		assert_non_null(
			event_action(0, FACT_NOCOMM, false, VERB_CANCEL_TIMER, "nocommwarntime"));
		assert_true(
			has_condition(event_action(0, FACT_NOCOMM, true, VERB_START_TIMER, "dead"),
				      FACT_OB, true));
		assert_true(has_condition(
			find_action(find_rule(0, 0, false, "dead"), VERB_START_TIMER, "decide"),
			FACT_NOCOMM, true));
		assert_non_null(event_action(0, FACT_FSD, true, VERB_START_TIMER, "final-delay"));
		/* Who was told to go down does not come back half way. */
		assert_true(has_condition(
			event_action(0, FACT_OB, false, VERB_CANCEL_TIMER, "final-delay"), FACT_FSD,
			false));
		assert_non_null(find_rule(0, 0, false, "start"));
	}
}

static void a_primary_tells_its_secondaries_and_gives_them_time(void **state)
{
	const struct rule *r;

	(void)state;
	begin("timed", "desk");
	answer(ANSWER_SECONDARIES, "yes");
	make();
	r = find_rule(0, 0, false, "decide");
	assert_non_null(find_action(r, VERB_SET_FSD, NULL));
	assert_int_equal(find_action(r, VERB_START_TIMER, "final-delay")->ms, 15000);
	/* Only a primary does. */
	begin("timed", "desk");
	answer(ANSWER_SECONDARIES, "yes");
	answer(ANSWER_ROLE, "secondary");
	answer(ANSWER_FINAL_DELAY, "3");
	make();
	assert_false(conf.ups[0].primary);
	r = find_rule(0, 0, false, "decide");
	assert_null(find_action(r, VERB_SET_FSD, NULL));
	assert_int_equal(find_action(r, VERB_START_TIMER, "final-delay")->ms, 3000);
}

static void of_several_upses_one_is_enough_unless_told_otherwise(void **state)
{
	(void)state;
	begin("timed", "a");
	answer(ANSWER_UPS, "b");
	make();
	assert_int_equal(conf.ups_count, 2);
	assert_int_equal(conf.groups[0].min_supplies, 1);
	for (int u = 0; u < 2; u++) {
		const struct rule_action *a =
			event_action(u, FACT_OB, true, VERB_START_TIMER, "grace");

		assert_true(has_condition(a, FACT_LS, true));
		a = event_action(u, FACT_LS, true, VERB_START_TIMER, "grace");
		assert_true(has_condition(a, FACT_OB, true));
		assert_non_null(event_action(u, FACT_LS, false, VERB_CANCEL_TIMER, "grace"));
		a = event_action(u, FACT_LB, true, VERB_START_TIMER, "decide");
		assert_true(has_condition(a, FACT_LS, true));
		assert_true(has_condition(a, FACT_OB, true));
	}
	begin("standard", "a b c");
	answer(ANSWER_SUPPLIES, "3");
	make();
	assert_int_equal(conf.groups[0].min_supplies, 3);
	begin("standard", "a b");
	answer(ANSWER_SUPPLIES, "3");
	assert_false(mkconf_settle(&made));
}

static void servers_elsewhere_are_verified(void **state)
{
	(void)state;
	begin("timed", "ups");
	answer(ANSWER_UPS, "ups@nas:401");
	answer(ANSWER_UPS, "ups@[::1]:402");
	answer(ANSWER_HOST, "power.example");
	answer(ANSWER_PORT, "4000");
	answer(ANSWER_CERTFILE, "/etc/100% sure.pem");
	answer(ANSWER_HEARTBEAT, "pulse");
	make();
	assert_string_equal(conf.ups[0].system, "ups@power.example:4000");
	assert_string_equal(conf.ups[1].system, "ups@nas:401");
	assert_string_equal(conf.ups[2].system, "ups@[::1]:402");
	assert_string_equal(conf.ups[3].system, "HB:pulse@power.example:4000");
	assert_int_equal(conf.tls.host_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(conf.tls.hosts[i].cert_path, "/etc/100% sure.pem");
		assert_int_equal(conf.tls.hosts[i].certverify, 1);
	}
	for (int u = 0; u < 3; u++)
		assert_non_null(find_rule(u, FACT_LB, true, NULL));
}

static void a_server_elsewhere_needs_its_file(void **state)
{
	static const char *const remote[] = {"ups@nas", "ups ups@nas", "ups@10.0.0.1"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		begin("timed", remote[i]);
		assert_false(mkconf_settle(&made));
	}
	begin("timed", "ups");
	answer(ANSWER_HOST, "[::1]");
	make();
	assert_string_equal(conf.ups[0].system, "ups@[::1]:3493");
	assert_int_equal(conf.tls.host_count, 0);
}

static void the_heartbeat_has_a_group_of_its_own(void **state)
{
	(void)state;
	begin("timed", "desk");
	answer(ANSWER_HEARTBEAT, "pulse");
	make();
	assert_int_equal(conf.group_count, 2);
	assert_int_equal(conf.groups[1].min_supplies, 0);
	assert_string_equal(conf.ups[1].system, "HB:pulse");
	assert_int_equal(conf.ups[1].power, 0);
	assert_false(conf.ups[1].login);
	assert_int_equal(event_action(1, FACT_TICK, true, VERB_START_TIMER, "late-TICK")->ms,
			 660000);
	assert_non_null(event_action(1, FACT_TICK, true, VERB_CANCEL_TIMER, "late-TOCK"));
	assert_non_null(event_action(1, FACT_TOCK, true, VERB_CANCEL_TIMER, "late-TICK"));
	assert_non_null(find_action(find_rule(1, 0, false, "late-TICK"), VERB_SYSLOG, NULL));
}

static void mail_is_sent_where_there_is_a_relay(void **state)
{
	const struct rule_action *a;

	(void)state;
	begin("timed", "desk");
	make();
	assert_null(strstr(buffer_string(&text), "EMAIL"));
	begin("timed", "desk");
	answer(ANSWER_MAIL_HOST, "smtp.example");
	answer(ANSWER_MAIL_USER, "robot");
	answer(ANSWER_MAIL_PASSWORD, "«»'\"%");
	answer(ANSWER_MAIL_FROM, "50%@a.example");
	answer(ANSWER_MAIL_TO, "ops@a.example");
	answer(ANSWER_HEARTBEAT, "pulse");
	make();
	assert_string_equal(conf.smtp.host, "smtp.example");
	assert_int_equal(conf.smtp.port, 465);
	assert_string_equal(conf.smtp.password, "«»'\"%");
	a = find_action(find_rule(0, 0, false, "start"), VERB_MAIL, NULL);
	assert_string_equal(a->from, "50%%@a.example");
	assert_string_equal(a->to, "ops@a.example");
	assert_non_null(event_action(0, FACT_RB, true, VERB_MAIL, NULL));
	assert_non_null(find_action(find_rule(0, 0, false, "nocommwarntime"), VERB_MAIL, NULL));
	assert_non_null(find_action(find_rule(1, 0, false, "late-TOCK"), VERB_MAIL, NULL));
}

static void odd_answers_are_quoted(void **state)
{
	(void)state;
	begin("timed", "desk");
	answer(ANSWER_USER, "WALL");
	answer(ANSWER_COMMAND, "/sbin/x 100% 'a\"");
	answer(ANSWER_FLAG, "/run/it's");
	make();
	assert_string_equal(conf.ups[0].user, "WALL");
	assert_string_equal(conf.commands[0], "exec '/sbin/x' '100%' ''\\''a\"'");
	assert_string_equal(conf.powerdown_flag, "/run/it's");
}

static void what_no_quotes_can_hold_is_refused(void **state)
{
	(void)state;
	begin("timed", "desk");
	answer(ANSWER_PASSWORD, "\"'»⎦⸥");
	assert_true(mkconf_settle(&made));
	buffer_clear(&text);
	assert_false(mkconf_plan(&text, &made));
}

static void wrong_answers_are_refused(void **state)
{
	static const struct {
		enum answer a;
		const char *text;
	} rows[] = {
		{ANSWER_PLAN, "slow"},      {ANSWER_UPS, ""},          {ANSWER_UPS, "123"},
		{ANSWER_UPS, "a@h:x"},      {ANSWER_UPS, "a b->c"},    {ANSWER_HOST, "a b"},
		{ANSWER_HOST, ""},          {ANSWER_PORT, "0"},        {ANSWER_PORT, "65536"},
		{ANSWER_USER, ""},          {ANSWER_PASSWORD, ""},     {ANSWER_PASSWORD, "a\tb"},
		{ANSWER_PASSWORD, "\xe9"},  {ANSWER_ROLE, "boss"},     {ANSWER_SECONDARIES, "x"},
		{ANSWER_SUPPLIES, "0"},     {ANSWER_CERTFILE, "ca"},   {ANSWER_GRACE, "9"},
		{ANSWER_FINAL_DELAY, "0"},  {ANSWER_COMMAND, ""},      {ANSWER_FLAG, "x"},
		{ANSWER_HEARTBEAT, "a@b"},  {ANSWER_MAIL_PORT, "25x"}, {ANSWER_MAIL_USER, ""},
		{ANSWER_MAIL_FROM, "root"}, {ANSWER_MAIL_TO, "a @b"},
	};

	(void)state;
	mkconf_free(&made);
	memset(&made, 0, sizeof(made));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_false(mkconf_take(&made, rows[i].a, rows[i].text));
		assert_null(made.answers[rows[i].a]);
	}
}

static void what_cannot_be_guessed_is_needed(void **state)
{
	(void)state;
	begin("timed", "desk");
	answer(ANSWER_MAIL_HOST, "smtp.example");
	assert_false(mkconf_settle(&made));
	mkconf_free(&made);
	memset(&made, 0, sizeof(made));
	answer(ANSWER_UPS, "desk");
	assert_false(mkconf_settle(&made));
}

static void a_file_is_made_whole_and_never_lost(void **state)
{
	char folder[] = "/tmp/mkconfXXXXXX", path[64], read_back[16] = "";
	struct buffer b = {0};
	struct stat st;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(folder));
	str_format(path, sizeof(path), "%s/f", folder);
	buffer_append_str(&b, "one");
	assert_int_equal(mkconf_write(path, &b, false), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_nlink, 1);
	buffer_append_str(&b, "two");
	assert_int_equal(mkconf_write(path, &b, false), EEXIST);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(mkconf_write(path, &b, true), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fread(read_back, 1, sizeof(read_back) - 1, f), 6);
	fclose(f);
	assert_string_equal(read_back, "onetwo");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkconf_write("/nonexistent/f", &b, false), ENOENT);
	/* Nothing else was left there. */
	assert_int_equal(rmdir(folder), 0);
	buffer_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_timed_plan_waits_and_goes_back_when_power_returns),
		cmocka_unit_test(the_standard_plan_waits_for_a_low_battery),
		cmocka_unit_test(a_low_battery_counts_on_battery_only_whichever_comes_first),
		cmocka_unit_test(both_plans_have_levels_reach_battery_and_forced_shutdown),
		cmocka_unit_test(a_primary_tells_its_secondaries_and_gives_them_time),
		cmocka_unit_test(of_several_upses_one_is_enough_unless_told_otherwise),
		cmocka_unit_test(servers_elsewhere_are_verified),
		cmocka_unit_test(a_server_elsewhere_needs_its_file),
		cmocka_unit_test(the_heartbeat_has_a_group_of_its_own),
		cmocka_unit_test(mail_is_sent_where_there_is_a_relay),
		cmocka_unit_test(odd_answers_are_quoted),
		cmocka_unit_test(what_no_quotes_can_hold_is_refused),
		cmocka_unit_test(wrong_answers_are_refused),
		cmocka_unit_test(what_cannot_be_guessed_is_needed),
		cmocka_unit_test(a_file_is_made_whole_and_never_lost),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
