#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "clients/cgi/hosts.h"
#include "clients/cgi/imageargs.h"
#include "clients/cgi/imagekind.h"
#include "clients/cgi/statspage.h"
#include "clients/cgi/statuswords.h"
#include "clients/cgi/template.h"
#include "clients/cgi/upslink.h"
#include "common/base/clock.h"
#include "common/base/str.h"

/* ---------------------------------------------------------------- templates */

struct fake_page {
	struct buffer out;
	int ups, count;
};

static void add_text(void *arg, const char *text, size_t len)
{
	struct fake_page *p = arg;

	buffer_append(&p->out, text, len);
}

static void add_command(void *arg, const char *verb, const char *rest)
{
	struct fake_page *p = arg;

	buffer_appendf(&p->out, "<%s|%s|%d>", verb, rest ? rest : "-", p->ups);
}

/* `IFSUPP yes` holds, everything else does not. */
static bool is_yes(void *arg, const char *verb, const char *rest)
{
	(void)arg;
	(void)verb;
	return rest && str_equal(rest, "yes");
}

static bool go_first(void *arg)
{
	struct fake_page *p = arg;

	p->ups = 1;
	return p->count > 0;
}

static bool go_next(void *arg)
{
	struct fake_page *p = arg;

	return ++p->ups <= p->count;
}

static void check_template(int count, const char *text, const char *expected)
{
	struct fake_page fake = {.count = count};
	const struct template_page page = {.arg = &fake,
					   .text = add_text,
					   .command = add_command,
					   .holds = is_yes,
					   .first = go_first,
					   .next = go_next};

	template_run(text, strlen(text), &page);
	assert_string_equal(buffer_string(&fake.out), expected);
	buffer_free(&fake.out);
}

static void text_is_kept_and_commands_are_replaced(void **state)
{
	(void)state;
	check_template(1, "a @VAR x.y@ b@HOST@\nc", "a <VAR|x.y|0> b<HOST|-|0>\nc");
	check_template(1, "@STATUS @@STATUS , @", "<STATUS||0><STATUS|, |0>");
	check_template(1, "", "");
}

static void an_at_sign_alone_stands_for_itself(void **state)
{
	(void)state;
	check_template(1, "mail me@example.com\n@HOST@", "mail me@example.com\n<HOST|-|0>");
	check_template(1, "@", "@");
	check_template(1, "@HOST@@", "<HOST|-|0>@");
}

static void a_loop_repeats_its_lines_for_each_ups(void **state)
{
	(void)state;
	check_template(2, "a\n@FOREACHUPS@\n@HOST@\n@ENDFOR@\nb\n",
		       "a\n\n<HOST|-|1>\n\n<HOST|-|2>\n\nb\n");
	check_template(2, "@FOREACHUPS@ @HOST@ @ENDFOR@\nb\n", " <HOST|-|1> \n <HOST|-|2> \nb\n");
	check_template(0, "a @FOREACHUPS@\n@HOST@\n@ENDFOR@b", "a b");
}

static void every_loop_comes_to_its_end(void **state)
{
	(void)state;
	check_template(2, "@FOREACHUPS@\n@FOREACHUPS@\nx@ENDFOR@\n@ENDFOR@", "\n\nx\n\nx\n");
	check_template(2, "@FOREACHUPS@\nx", "\nx");
	check_template(2, "@ENDFOR@x@ENDFOR@\n", "x\n");
	check_template(2, "@FOREACHUPS@\n@IFSUPP no@ x\n@ENDFOR@y", "\nyy");
	check_template(2, "@FOREACHUPS@", "");
}

static void a_second_loop_begins_anew(void **state)
{
	(void)state;
	check_template(1, "@FOREACHUPS@\n1@ENDFOR@\n@FOREACHUPS@\n2@ENDFOR@", "\n1\n\n2");
}

static void conditions_choose_between_branches(void **state)
{
	(void)state;
	check_template(1, "@IFSUPP yes@a@ELSE@b@ENDIF@c", "ac");
	check_template(1, "@IFSUPP no@a@HOST@@ELSE@b@ENDIF@c", "bc");
	check_template(1, "@IFSUPP no@a@ENDIF@c", "c");
}

static void conditions_in_a_row_are_anded(void **state)
{
	static const char chain[] = "@IFSUPP %s@@IFSUPP %s@both@ELSE@@IFSUPP %s@first@ELSE@"
				    "@IFSUPP %s@second@ELSE@none@ENDIF@.";
	static const struct {
		const char *a, *b, *expected;
	} rows[] = {
		{"yes", "yes", "both."},
		{"yes", "no", "first."},
		{"no", "yes", "second."},
		{"no", "no", "none."},
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		str_format(text, sizeof(text), chain, rows[i].a, rows[i].b, rows[i].a, rows[i].b);
#pragma GCC diagnostic pop
		check_template(1, text, rows[i].expected);
	}
}

static void a_mark_is_only_at_the_very_beginning(void **state)
{
	(void)state;
	assert_true(template_is_marked("@NUT_UPSSTATS_TEMPLATE@\n", 24));
	assert_true(template_is_marked("@NUT_UPSSTATS_TEMPLATE my@\n", 27));
	assert_false(template_is_marked("<html>@NUT_UPSSTATS_TEMPLATE@", 29));
	assert_false(template_is_marked("@NUT", 4));
	assert_false(template_is_marked("", 0));
}

/* --------------------------------------------------------------- status page */

static void check_page(struct statspage page, const char *text, const char *expected)
{
	struct buffer out = {0};

	page.out = &out;
	statspage_run(&page, text, strlen(text));
	assert_string_equal(buffer_string(&out), expected);
	buffer_free(&out);
}

static struct monitor hostile = {.target = (char *)(size_t) "u@[::1]:1",
				 .text = (char *)(size_t) "<\"&'>"};

static void what_hosts_conf_says_is_escaped(void **state)
{
	const struct statspage page = {.monitors = &hostile, .count = 1, .refresh = 5};

	(void)state;
	check_page(page, "@HOSTDESC@ @HOST@", "&lt;&quot;&amp;&#39;&gt; u@[::1]:1");
	check_page(page, "@HOSTLINK@",
		   "<a href=\"upsstats.cgi?host=u@[::1]:1&amp;refresh=5\">"
		   "&lt;&quot;&amp;&#39;&gt;</a>");
	check_page(page, "@REFRESH@", "<META HTTP-EQUIV=\"Refresh\" CONTENT=\"5\">");
}

static void links_keep_the_templates_that_were_chosen(void **state)
{
	const struct statspage page = {.monitors = &hostile,
				       .count = 1,
				       .list_template = "a b.html",
				       .single_template = "c.html"};

	(void)state;
	check_page(page, "@UPSSTATSPATH /s?x\"@@TREELINK x@",
		   "<a href=\"/s?x&quot;?host=u@[::1]:1&amp;treemode&amp;template_list=a%20b.html"
		   "&amp;template_single=c.html\">x</a>");
}

static void numbers_may_stand_for_bounds(void **state)
{
	const struct statspage page = {.monitors = &hostile, .count = 1};

	(void)state;
	check_page(page, "@IFBETWEEN 0 5 3@in@ELSE@out@ENDIF@", "in");
	check_page(page, "@IFBETWEEN 0 5 6@in@ELSE@out@ENDIF@", "out");
	check_page(page, "@IFBETWEEN -3.5 5 -4@in@ELSE@out@ENDIF@", "out");
	check_page(page, "@IFBETWEEN 0 5 no.such@in@ELSE@out@ENDIF@", "in");
	check_page(page, "@IFBETWEEN 0@in@ELSE@out@ENDIF@", "in");
}

static void the_scale_of_temperatures_can_be_asked_for(void **state)
{
	static const char text[] = "@IFEQ upsstats.use_celsius 1@C@ELSE@F@ENDIF@ @DEGREES@";
	const struct statspage page = {.monitors = &hostile, .count = 1};
	char fahrenheit[128];

	(void)state;
	check_page(page, text, "C &deg;C");
	str_format(fahrenheit, sizeof(fahrenheit), "@TEMPF@%s", text);
	check_page(page, fahrenheit, "F &deg;F");
}

static void a_page_of_no_ups_at_all_is_a_page(void **state)
{
	const struct statspage page = {0};

	(void)state;
	check_page(page, "a@HOST@@HOSTLINK@@IMG ups.load@@FOREACHUPS@\nx@ENDFOR@b", "ab");
	check_page(page, "@VAR x@", "Not supported");
}

/* ---------------------------------------------------------------- the status */

static void add_word(void *arg, const char *word)
{
	buffer_appendf(arg, "[%s]", word);
}

static void check_status(const char *status, const char *words, enum severity severity)
{
	struct buffer out = {0};

	statuswords_each(status, add_word, &out);
	assert_string_equal(buffer_string(&out), words);
	assert_int_equal(statuswords_severity(status), severity);
	buffer_free(&out);
}

static void a_status_is_told_in_words_and_by_its_worst(void **state)
{
	(void)state;
	check_status("OL CHRG", "[ONLINE]", SEVERITY_GOOD);
	check_status("OL TRIM OL", "[ONLINE][VOLTAGE TRIM]", SEVERITY_WARNING);
	check_status("TRIM  OB LB ", "[VOLTAGE TRIM][ON BATTERY][LOW BATTERY]", SEVERITY_ALARM);
	check_status("FSD OL", "[FORCED SHUTDOWN][ONLINE]", SEVERITY_ALARM);
	check_status("<b> OLX", "", SEVERITY_GOOD);
	check_status("", "", SEVERITY_GOOD);
}

/* ---------------------------------------------------------------------- link */

static void a_page_that_took_too_long_asks_no_more_servers(void **state)
{
	struct upslink *link;

	(void)state;
	clock_fake(true, 1000);
	link = upslink_new(false);
	assert_non_null(link);
	assert_false(upslink_use(link, "ups@host:x"));
	assert_null(strstr(upslink_why(link), "not asked"));
	clock_fake_advance(30000);
	assert_false(upslink_use(link, "ups@127.0.0.1:1"));
	assert_string_equal(upslink_why(link), "not asked, because others took too long");
	assert_false(upslink_is_connected(link));
	assert_null(upslink_value(link, "ups.status"));
	upslink_free(link);
	clock_fake(false, 0);
}

/* ---------------------------------------------------------------- hosts.conf */

static struct hosts read_hosts(const char *text, unsigned errors)
{
	int fd = memfd_create("hosts", MFD_CLOEXEC);
	struct conf_report report = {0};
	struct hosts hosts;
	char path[64];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	str_format(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(hosts_read(&hosts, path, &report), 0);
	assert_int_equal(report.errors, errors);
	close(fd);
	return hosts;
}

static void visitors_name_a_ups_as_the_file_does_and_no_other(void **state)
{
	struct hosts h = read_hosts("MONITOR a@h \"A\"\nMONITOR \"b@h:3493\" B\n", 0);

	(void)state;
	assert_int_equal(h.count, 2);
	assert_string_equal(hosts_find(&h, "a@h")->text, "A");
	assert_null(hosts_find(&h, "a@h:3493"));
	assert_null(hosts_find(&h, "A@h"));
	assert_null(hosts_find(&h, ""));
	hosts_free(&h);
}

static void a_line_that_is_wrong_is_told_and_left_out(void **state)
{
	struct hosts h = read_hosts("MONITOR a@h\nMONITOR a@h:x \"A\"\nCUSTOM_TEMPLATE_LIST\n"
				    "CUSTOM_TEMPLATE_LIST ../x.html\nMONITOR c@h \"C\"\n",
				    4);

	(void)state;
	assert_int_equal(h.count, 1);
	assert_string_equal(h.monitors[0].text, "C");
	hosts_free(&h);
}

static void only_listed_templates_are_allowed_each_for_its_kind(void **state)
{
	struct hosts h =
		read_hosts("CUSTOM_TEMPLATE_LIST a.html\nCUSTOM_TEMPLATE_SINGLE b.htm\n", 0);

	(void)state;
	assert_true(hosts_allows_template(&h, HOSTS_LIST, "a.html"));
	assert_true(hosts_allows_template(&h, HOSTS_SINGLE, "b.htm"));
	assert_false(hosts_allows_template(&h, HOSTS_LIST, "b.htm"));
	assert_false(hosts_allows_template(&h, HOSTS_SINGLE, "upsd.users"));
	hosts_free(&h);
}

/* --------------------------------------------------------------------- images */

static void image_arguments_stay_within_their_bounds(void **state)
{
	static const char query[] = "width=1&height=9999&bar_col=0xFF00FF&back_col=16777216&"
				    "tempmin=-5&tempmax=x&scale_height=0200";
	const struct web_form_limits limits = {.max_fields = 9, .max_name = 64, .max_value = 64};
	long args[IMAGEARG_COUNT];
	struct web_form form;

	(void)state;
	assert_int_equal(web_form_parse(&form, query, strlen(query), &limits), WEB_FORM_OK);
	imageargs_read(args, &form);
	assert_int_equal(args[IMAGEARG_WIDTH], 50);
	assert_int_equal(args[IMAGEARG_HEIGHT], 500);
	assert_int_equal(args[IMAGEARG_BAR_COL], 0xFF00FF);
	assert_int_equal(args[IMAGEARG_BACK_COL], 0xFFFFFF);
	assert_int_equal(args[IMAGEARG_TEMPMIN], -5);
	assert_int_equal(args[IMAGEARG_TEMPMAX], 40);
	assert_int_equal(args[IMAGEARG_SCALE_HEIGHT], 200);
	assert_int_equal(args[IMAGEARG_SUMMARY_COL], 0xFFFF00);
	web_form_free(&form);
	assert_true(imageargs_knows("bar_col"));
	assert_false(imageargs_knows("onload"));
}

static struct imagescale make_scale(enum imagerule rule, struct imagefacts facts)
{
	struct imagescale s;

	assert_true(imagescale_make(&s, rule, &facts));
	return s;
}

static void mains_are_shown_between_their_transfer_limits(void **state)
{
	struct imagescale s = make_scale(
		IMAGERULE_UTILITY,
		(struct imagefacts){
			.value = 231, .has_low = true, .low = 200, .has_high = true, .high = 250});

	(void)state;
	assert_int_equal(s.low, 170);
	assert_int_equal(s.high, 270);
	assert_int_equal(imagescale_zone(&s, 199), IMAGEZONE_WARN);
	assert_int_equal(imagescale_zone(&s, 201), IMAGEZONE_NEUTRAL);
	assert_int_equal(imagescale_zone(&s, 230), IMAGEZONE_OK);
	assert_int_equal(imagescale_zone(&s, 251), IMAGEZONE_WARN);
}

static void batteries_and_mains_are_guessed_by_their_voltage(void **state)
{
	struct imagescale s = make_scale(IMAGERULE_BATTERY, (struct imagefacts){.value = 13.6});

	(void)state;
	/* 10.6 to 14.8 around 12, in tenths. */
	assert_int_equal(s.per_unit, 10);
	assert_int_equal(imagescale_zone(&s, 10.5), IMAGEZONE_WARN);
	assert_int_equal(imagescale_zone(&s, 11.5), IMAGEZONE_NEUTRAL);
	assert_int_equal(imagescale_zone(&s, 13.6), IMAGEZONE_OK);
	assert_int_equal(imagescale_zone(&s, 15), IMAGEZONE_WARN);
	s = make_scale(IMAGERULE_UTILITY, (struct imagefacts){.value = 120});
	assert_int_equal(imagescale_zone(&s, 110), IMAGEZONE_OK);
	assert_int_equal(imagescale_zone(&s, 89), IMAGEZONE_WARN);
}

static void a_frequency_needs_its_nominal_one(void **state)
{
	struct imagefacts facts = {.value = 50.1};
	struct imagescale s;

	(void)state;
	assert_false(imagescale_make(&s, IMAGERULE_FREQUENCY, &facts));
	facts.has_nominal = true;
	facts.nominal = 50;
	assert_true(imagescale_make(&s, IMAGERULE_FREQUENCY, &facts));
	assert_int_equal(s.low, 40);
	assert_int_equal(s.high, 60);
}

static void facts_out_of_all_reason_make_no_scale(void **state)
{
	static const struct imagefacts mad[] = {
		{.value = 1e300},
		{.value = 230, .has_nominal = true, .nominal = -1e9},
		{.value = 230, .has_low = true, .low = 999999, .has_high = true, .high = -999999},
		{.value = 230, .has_low = true, .low = -999999, .has_high = true, .high = 999999},
		{.value = 230, .has_nominal = true, .nominal = 0},
	};
	struct imagescale s;

	(void)state;
	for (size_t i = 0; i < sizeof(mad) / sizeof(mad[0]); i++)
		assert_false(imagescale_make(&s, IMAGERULE_BATTERY, &mad[i]) &&
			     imagescale_make(&s, IMAGERULE_UTILITY, &mad[i]));
	assert_false(imagescale_make(&s, IMAGERULE_TEMPERATURE,
				     &(struct imagefacts){.tempmin = 40, .tempmax = 40}));
}

static void every_kind_of_bar_has_a_label_and_a_unit(void **state)
{
	(void)state;
	assert_string_equal(imagekind_find("ups.load")->label, "UPS load");
	assert_string_equal(imagekind_find("input.L2-N.voltage")->unit, "VAC");
	assert_null(imagekind_find("ups.status"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_kept_and_commands_are_replaced),
		cmocka_unit_test(an_at_sign_alone_stands_for_itself),
		cmocka_unit_test(a_loop_repeats_its_lines_for_each_ups),
		cmocka_unit_test(every_loop_comes_to_its_end),
		cmocka_unit_test(a_second_loop_begins_anew),
		cmocka_unit_test(conditions_choose_between_branches),
		cmocka_unit_test(conditions_in_a_row_are_anded),
		cmocka_unit_test(a_mark_is_only_at_the_very_beginning),
		cmocka_unit_test(what_hosts_conf_says_is_escaped),
		cmocka_unit_test(links_keep_the_templates_that_were_chosen),
		cmocka_unit_test(numbers_may_stand_for_bounds),
		cmocka_unit_test(the_scale_of_temperatures_can_be_asked_for),
		cmocka_unit_test(a_page_of_no_ups_at_all_is_a_page),
		cmocka_unit_test(a_status_is_told_in_words_and_by_its_worst),
		cmocka_unit_test(a_page_that_took_too_long_asks_no_more_servers),
		cmocka_unit_test(visitors_name_a_ups_as_the_file_does_and_no_other),
		cmocka_unit_test(a_line_that_is_wrong_is_told_and_left_out),
		cmocka_unit_test(only_listed_templates_are_allowed_each_for_its_kind),
		cmocka_unit_test(image_arguments_stay_within_their_bounds),
		cmocka_unit_test(mains_are_shown_between_their_transfer_limits),
		cmocka_unit_test(batteries_and_mains_are_guessed_by_their_voltage),
		cmocka_unit_test(a_frequency_needs_its_nominal_one),
		cmocka_unit_test(facts_out_of_all_reason_make_no_scale),
		cmocka_unit_test(every_kind_of_bar_has_a_label_and_a_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
