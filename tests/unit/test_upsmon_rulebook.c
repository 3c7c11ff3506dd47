/* Facts and events, rules as data, and the texts that rules fill in. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "clients/upsmon/brain/facts.h"
#include "clients/upsmon/brain/rulebook.h"
#include "common/base/str.h"

/* -------------------------------------------------------------------- facts */

static void every_fact_begins_and_ends_in_an_event_that_reads_back(void **state)
{
	struct buffer b = {0};

	(void)state;
	for (unsigned i = 0; i < FACT_COUNT; i++) {
		for (int begins = 0; begins <= 1; begins++) {
			enum fact fact;
			bool found;
			char *arrow;

			buffer_clear(&b);
			facts_append_event(&b, (enum fact)(1u << i), begins);
			buffer_append_char(&b, '\0');
			arrow = strstr(b.data, "->");
			assert_non_null(arrow);
			*arrow = '\0';
			assert_true(facts_parse_event(b.data, arrow + 2, &fact, &found));
			assert_int_equal(fact, 1u << i);
			assert_int_equal(found, begins);
			assert_true(facts_is_word(b.data));
			assert_true(facts_is_word(arrow + 2));
		}
	}
	buffer_free(&b);
}

static void absence_has_the_word_that_the_language_gives_it(void **state)
{
	static const struct {
		enum fact fact;
		bool begins;
		const char *text;
	} rows[] = {
		{FACT_OB, true, "OL->OB"},           {FACT_OB, false, "OB->OL"},
		{FACT_NOCOMM, true, "COMM->NOCOMM"}, {FACT_NOCOMM, false, "NOCOMM->COMM"},
		{FACT_LB, true, "None->LB"},         {FACT_LS, false, "LS->None"},
		{FACT_LB3, true, "None->LB3"},       {FACT_TICK, false, "TICK->None"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer b = {0};

		facts_append_event(&b, rows[i].fact, rows[i].begins);
		assert_string_equal(buffer_string(&b), rows[i].text);
		buffer_free(&b);
	}
}

static void pairs_that_do_not_belong_together_are_no_events(void **state)
{
	static const char *const pairs[][2] = {{"OL", "LB"},     {"None", "OB"},   {"OB", "None"},
					       {"OL", "OL"},     {"None", "None"}, {"COMM", "OB"},
					       {"None", "COMM"}, {"LB", "LB1"},    {"ol", "ob"},
					       {"None", "XY"},   {"", "OB"},       {"None", ""}};
	enum fact fact;
	bool begins;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_false(facts_parse_event(pairs[i][0], pairs[i][1], &fact, &begins));
	assert_false(facts_is_word("TO"));
	assert_false(facts_is_word("none"));
	assert_null(facts_word((enum fact)0));
	assert_null(facts_word((enum fact)(FACT_OB | FACT_LB)));
	assert_string_equal(facts_word(FACT_LB1), "LB1");
}

static void a_status_tells_facts_in_the_order_of_its_words(void **state)
{
	enum fact order[FACT_COUNT];
	size_t count;

	(void)state;
	assert_int_equal(facts_of_status(" lb  OB\tDISCHRG LB ", 0, order, &count),
			 FACT_LB | FACT_OB | FACT_DISCHRG);
	assert_int_equal(count, 3);
	assert_int_equal(order[0], FACT_LB);
	assert_int_equal(order[1], FACT_OB);
	assert_int_equal(order[2], FACT_DISCHRG);
}

static void words_that_are_worked_out_are_not_believed_in_a_status(void **state)
{
	enum fact order[FACT_COUNT];
	size_t count;

	(void)state;
	assert_int_equal(facts_of_status("OL LB1 LS NOCOMM None FANCY LBX", 0, order, &count), 0);
	assert_int_equal(count, 0);
}

static void all_words_at_once_fit(void **state)
{
	enum fact order[FACT_COUNT];
	size_t count;

	(void)state;
	facts_of_status("OB ALARM BOOST BYPASS CAL CHRG DISCHRG FSD LB OFF OVER RB TEST TRIM ECO "
			"TICK TOCK OB ALARM BOOST BYPASS CAL CHRG DISCHRG FSD LB OFF OVER RB TEST",
			0, order, &count);
	assert_int_equal(count, 17);
}

static void a_status_without_ol_and_ob_leaves_that_as_it_was(void **state)
{
	enum fact order[FACT_COUNT];
	size_t count;

	(void)state;
	assert_int_equal(facts_of_status("TICK", FACT_OB | FACT_LB, order, &count),
			 FACT_TICK | FACT_OB);
	assert_int_equal(count, 1);
	assert_int_equal(facts_of_status("", FACT_OB, order, &count), FACT_OB);
	assert_int_equal(facts_of_status("OL", FACT_OB, order, &count), 0);
	assert_int_equal(facts_of_status("OFF", 0, order, &count), FACT_OFF);
	/* Both: the worse of the two. */
	assert_int_equal(facts_of_status("OL OB", 0, order, &count), FACT_OB);
}

/* ----------------------------------------------------------------- rulebook */

static void a_book_owns_what_was_put_into_it(void **state)
{
	struct rulebook book = {0};
	struct rule r = {.ups = 3, .trigger = TRIGGER_TIMEOUT, .timer = str_dup("grace")};
	struct rule_action mail = {.verb = VERB_MAIL,
				   .text = str_dup("text"),
				   .from = str_dup("a"),
				   .to = str_dup("b"),
				   .subject = str_dup("c")};
	struct rule_action start = {.verb = VERB_START_TIMER, .timer = str_dup("last"), .ms = 1500};
	struct rule_condition c = {.kind = CONDITION_CHARGE, .wanted = true, .limit = 20};
	struct rule *added;

	(void)state;
	assert_true(rule_action_add_condition(&mail, &c));
	c.wanted = false;
	assert_true(rule_action_add_condition(&mail, &c));
	added = rulebook_add(&book, &r);
	assert_ptr_equal(added, &book.rules[0]);
	assert_non_null(rule_add_action(added, &mail));
	assert_non_null(rule_add_action(added, &start));
	assert_non_null(rulebook_add(&book, &(struct rule){.ups = RULE_ANY_UPS}));
	assert_int_equal(book.count, 2);
	assert_int_equal(book.rules[0].action_count, 2);
	assert_int_equal(book.rules[0].actions[0].condition_count, 2);
	assert_false(book.rules[0].actions[0].conditions[1].wanted);
	assert_string_equal(book.rules[0].actions[1].timer, "last");
	assert_int_equal(book.rules[1].ups, RULE_ANY_UPS);
	/* Sanitizers see to it that all is given back. */
	rulebook_free(&book);
	assert_int_equal(book.count, 0);
	assert_null(book.rules);
	rulebook_free(&book);
}

static void every_verb_has_its_word(void **state)
{
	(void)state;
	for (int v = 0; v < VERB_COUNT; v++)
		assert_true(*verb_name((enum verb)v) != '\0');
	assert_string_equal(verb_name(VERB_SHUTDOWN), "SHUTDOWNCMD");
	assert_string_equal(verb_name(VERB_DESKTOP), "NOTIFY");
	assert_string_equal(verb_name(VERB_COUNT), "");
}

/* ---------------------------------------------------------------- templates */

static void expect_expanded(const char *text, double charge, const char *expected)
{
	const struct template_values v = {.ups = "desk",
					  .event = "OL->OB",
					  .banner = "nut@here",
					  .host = "here",
					  .extra = "50% %(u)s",
					  .charge = charge};
	struct buffer b = {0};

	template_expand(&b, text, &v);
	assert_string_equal(buffer_string(&b), expected);
	buffer_free(&b);
}

static void keys_become_what_they_stand_for(void **state)
{
	(void)state;
	expect_expanded("", 1, "");
	expect_expanded("plain", 1, "plain");
	expect_expanded("%(u)s|%(c)s|%(e)s|%(b)s|%(h)s|%%", 99.4, "desk|99|OL->OB|nut@here|here|%");
	expect_expanded("%(u)s%(u)s", 1, "deskdesk");
	expect_expanded("at %(c)s%%", -1, "at ?%");
	expect_expanded("%(c)s", 0, "0");
}

static void a_value_is_not_looked_into_for_keys(void **state)
{
	(void)state;
	expect_expanded("%(x)s!", 1, "50% %(u)s!");
	/* `%%` is over before the bracket. */
	expect_expanded("%%(u)s", 1, "%(u)s");
}

static void what_is_no_key_stays_as_it_is(void **state)
{
	(void)state;
	expect_expanded("5% %d %(u) %(uu)s %(", 1, "5% %d %(u) %(uu)s %(");
	expect_expanded("%", 1, "%");
}

static void a_missing_value_is_nothing(void **state)
{
	const struct template_values none = {.charge = -1};
	struct buffer b = {0};

	(void)state;
	template_expand(&b, "[%(u)s%(e)s%(b)s%(h)s%(x)s]", &none);
	assert_string_equal(buffer_string(&b), "[]");
	buffer_free(&b);
}

static void an_unknown_key_is_shown(void **state)
{
	static const char *const rows[][2] = {
		{"a %(q)s and more", "%(q)s"}, {"%d more", "%d"}, {"50% done", "%"},
		{"ends with %", "%"},          {"%(u", "%(u"},    {"%(u)d", "%(u)d"},
		{"%(charge)s", "%(charge)s"},  {"%%%", "%"},      {"%(\xc3\xa9)s", "%("}};
	char bad[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_false(template_valid(rows[i][0], bad, sizeof(bad)));
		assert_string_equal(bad, rows[i][1]);
	}
	assert_true(template_valid("%(u)s%(c)s%(e)s%(b)s%(h)s%(x)s%%", bad, sizeof(bad)));
	assert_true(template_valid("%%(q)s", bad, sizeof(bad)));
	assert_true(template_valid("", bad, sizeof(bad)));
}

static void a_key_is_found_where_it_is_one(void **state)
{
	(void)state;
	assert_true(template_has("a %d %(c)s", 'c'));
	assert_false(template_has("%%(c)s", 'c'));
	assert_false(template_has("%(u)s", 'c'));
	assert_true(template_has("%(%(c)s", 'c'));
	assert_false(template_has("", 'u'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fact_begins_and_ends_in_an_event_that_reads_back),
		cmocka_unit_test(absence_has_the_word_that_the_language_gives_it),
		cmocka_unit_test(pairs_that_do_not_belong_together_are_no_events),
		cmocka_unit_test(a_status_tells_facts_in_the_order_of_its_words),
		cmocka_unit_test(words_that_are_worked_out_are_not_believed_in_a_status),
		cmocka_unit_test(all_words_at_once_fit),
		cmocka_unit_test(a_status_without_ol_and_ob_leaves_that_as_it_was),
		cmocka_unit_test(a_book_owns_what_was_put_into_it),
		cmocka_unit_test(every_verb_has_its_word),
		cmocka_unit_test(keys_become_what_they_stand_for),
		cmocka_unit_test(a_value_is_not_looked_into_for_keys),
		cmocka_unit_test(what_is_no_key_stays_as_it_is),
		cmocka_unit_test(a_missing_value_is_nothing),
		cmocka_unit_test(an_unknown_key_is_shown),
		cmocka_unit_test(a_key_is_found_where_it_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
