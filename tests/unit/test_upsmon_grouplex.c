/* The words of the group language. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "clients/upsmon/conf/grouplex.h"

static struct grouplex lex;
static struct group_token token;

static void begin(const char *text)
{
	grouplex_begin(&lex, text, strlen(text));
}

/* The next token is sound, and this. */
static void expect(enum group_token_kind kind, const char *text)
{
	grouplex_next(&lex, &token);
	if (token.kind != kind || token.problem != GROUP_SOUND || !group_token_is(&token, text))
		fail_msg("kind %d, problem %d, \"%.*s\" instead of kind %d, \"%s\"", token.kind,
			 token.problem, (int)token.len, token.text, kind, text);
}

static void expect_problem(enum group_token_kind kind, enum group_token_problem problem)
{
	grouplex_next(&lex, &token);
	assert_int_equal(token.kind, kind);
	assert_int_equal(token.problem, problem);
}

static void expect_end(void)
{
	expect(GROUP_END, "");
	expect(GROUP_END, "");
}

static void expect_at(unsigned line, unsigned column)
{
	assert_int_equal(token.at.line, line);
	assert_int_equal(token.at.column, column);
}

static void the_longest_word_is_one_word(void **state)
{
	(void)state;
	begin("OLDUPS IFFY TOO LB1x _a.b%c+d-e HOSTNAME");
	expect(GROUP_NAME, "OLDUPS");
	expect(GROUP_NAME, "IFFY");
	expect(GROUP_NAME, "TOO");
	expect(GROUP_NAME, "LB1x");
	expect(GROUP_NAME, "_a.b%c+d-e");
	expect(GROUP_NAME, "HOSTNAME");
	expect_end();
}

static void an_arrow_ends_a_name_that_could_have_a_dash(void **state)
{
	(void)state;
	begin("OL->OB a- b-->c");
	expect(GROUP_NAME, "OL");
	expect(GROUP_ARROW, "->");
	expect(GROUP_NAME, "OB");
	expect(GROUP_NAME, "a-");
	expect(GROUP_NAME, "b-");
	expect(GROUP_ARROW, "->");
	expect(GROUP_NAME, "c");
	expect_end();
}

static void digits_and_dots_are_numbers_and_addresses(void **state)
{
	(void)state;
	begin("5 0.5 127.0.0.1 1.2.3 .5 3com.example 1e3");
	for (int i = 0; i < 5; i++) {
		grouplex_next(&lex, &token);
		assert_int_equal(token.kind, GROUP_NUMBER);
	}
	expect(GROUP_WORD, "3com.example");
	expect(GROUP_WORD, "1e3");
	expect_end();
}

static void a_full_name_comes_in_its_parts(void **state)
{
	(void)state;
	begin("RACK:feed@power1.dc.example:401 ups@[fe80::1%eth0]:3493");
	expect(GROUP_NAME, "RACK");
	expect(GROUP_COLON, ":");
	expect(GROUP_NAME, "feed");
	expect(GROUP_AT, "@");
	expect(GROUP_NAME, "power1.dc.example");
	expect(GROUP_COLON, ":");
	expect(GROUP_NUMBER, "401");
	expect(GROUP_NAME, "ups");
	expect(GROUP_AT, "@");
	expect(GROUP_ADDRESS, "fe80::1%eth0");
	expect(GROUP_COLON, ":");
	expect(GROUP_NUMBER, "3493");
	expect_end();
}

static void five_pairs_of_quotes_hold_each_others_marks(void **state)
{
	(void)state;
	begin("'a\"»b' \"it's #1\" «'\"⎦» ⎡⸥\\⎦ ⸢\t«⸥ ''");
	expect(GROUP_QUOTED, "a\"»b");
	expect(GROUP_QUOTED, "it's #1");
	expect(GROUP_QUOTED, "'\"⎦");
	expect(GROUP_QUOTED, "⸥\\");
	expect(GROUP_QUOTED, "\t«");
	expect(GROUP_QUOTED, "");
	expect_end();
}

static void white_space_is_needed_nowhere(void **state)
{
	(void)state;
	begin("LET a=\"x\"b'y'#c\nd\v\f\r:e");
	expect(GROUP_NAME, "LET");
	expect(GROUP_NAME, "a");
	expect(GROUP_EQUALS, "=");
	expect(GROUP_QUOTED, "x");
	expect(GROUP_NAME, "b");
	expect(GROUP_QUOTED, "y");
	expect(GROUP_NAME, "d");
	expect(GROUP_COLON, ":");
	expect(GROUP_NAME, "e");
	expect_end();
}

static void columns_count_characters(void **state)
{
	(void)state;
	begin("\xef\xbb\xbf«é» a # é\n\t⎡x⎦b");
	expect(GROUP_QUOTED, "é");
	expect_at(1, 1);
	expect(GROUP_NAME, "a");
	expect_at(1, 5);
	expect(GROUP_QUOTED, "x");
	expect_at(2, 2);
	expect(GROUP_NAME, "b");
	expect_at(2, 5);
	expect_end();
	expect_at(2, 6);
}

static void a_quote_ends_with_its_line_at_the_latest(void **state)
{
	static const char *const texts[] = {"'a\nb", "\"a\rb", "«a\r\nb", "«a\"\nb", "'a"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		begin(texts[i]);
		expect_problem(GROUP_QUOTED, GROUP_OPEN_QUOTE);
		expect_at(1, 1);
		if (i == 4)
			break;
		expect(GROUP_NAME, "b");
	}
	expect_end();
}

static void what_no_text_may_hold_is_told(void **state)
{
	(void)state;
	begin("'a\033[1m' '\xe9' '\xc2' 'ok' «\xff\xc2\xbb");
	expect_problem(GROUP_QUOTED, GROUP_CONTROL);
	expect_problem(GROUP_QUOTED, GROUP_NOT_UTF8);
	/* Half a character does not hide the quote behind it. */
	expect_problem(GROUP_QUOTED, GROUP_NOT_UTF8);
	expect(GROUP_QUOTED, "ok");
	expect_problem(GROUP_QUOTED, GROUP_NOT_UTF8);
	expect_end();
}

static void a_foreign_letter_spoils_its_word_once(void **state)
{
	(void)state;
	begin("größe \xe9t\xe9 -5 +x %y »");
	for (int i = 0; i < 6; i++)
		expect_problem(GROUP_STRAY, GROUP_BAD_WORD);
	expect_end();
}

static void other_characters_are_told_one_by_one(void **state)
{
	(void)state;
	begin("a;(>\\]");
	expect(GROUP_NAME, "a");
	for (int i = 0; i < 5; i++)
		expect_problem(GROUP_STRAY, GROUP_BAD_CHARACTER);
	expect_end();
	begin("[::1 x");
	expect_problem(GROUP_ADDRESS, GROUP_OPEN_BRACKET);
	expect(GROUP_NAME, "x");
}

static void a_nul_is_a_character_and_no_end(void **state)
{
	static const char text[] = "a\0b 'x\0y' # c\0d\ne";

	(void)state;
	grouplex_begin(&lex, text, sizeof(text) - 1);
	expect(GROUP_NAME, "a");
	expect_problem(GROUP_STRAY, GROUP_BAD_CHARACTER);
	expect(GROUP_NAME, "b");
	expect_problem(GROUP_QUOTED, GROUP_CONTROL);
	expect(GROUP_NAME, "e");
	expect_end();
}

static void names_are_told_from_other_words(void **state)
{
	(void)state;
	assert_true(grouplex_is("UPS-123", GROUP_NAME));
	assert_true(grouplex_is("_", GROUP_NAME));
	assert_false(grouplex_is("", GROUP_NAME));
	assert_false(grouplex_is("123", GROUP_NAME));
	assert_false(grouplex_is("1ups", GROUP_NAME));
	assert_true(grouplex_is("1ups", GROUP_WORD));
	assert_false(grouplex_is("a b", GROUP_NAME));
	assert_false(grouplex_is("a ", GROUP_NAME));
	assert_false(grouplex_is(" a", GROUP_NAME));
	assert_false(grouplex_is("a->", GROUP_NAME));
	assert_false(grouplex_is("é", GROUP_NAME));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_word_is_one_word),
		cmocka_unit_test(an_arrow_ends_a_name_that_could_have_a_dash),
		cmocka_unit_test(digits_and_dots_are_numbers_and_addresses),
		cmocka_unit_test(a_full_name_comes_in_its_parts),
		cmocka_unit_test(five_pairs_of_quotes_hold_each_others_marks),
		cmocka_unit_test(white_space_is_needed_nowhere),
		cmocka_unit_test(columns_count_characters),
		cmocka_unit_test(a_quote_ends_with_its_line_at_the_latest),
		cmocka_unit_test(what_no_text_may_hold_is_told),
		cmocka_unit_test(a_foreign_letter_spoils_its_word_once),
		cmocka_unit_test(other_characters_are_told_one_by_one),
		cmocka_unit_test(a_nul_is_a_character_and_no_end),
		cmocka_unit_test(names_are_told_from_other_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
