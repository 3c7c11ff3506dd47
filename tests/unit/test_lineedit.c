/*
 * Single lines of a configuration file change, all else of it stays.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clients/nutconf/lineedit.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct lineedit *edit(const char *text)
{
	struct lineedit *e = lineedit_new(text, strlen(text));

	assert_non_null(e);
	return e;
}

static void expect(struct lineedit *e, const char *text)
{
	struct buffer out = {0};

	assert_true(lineedit_text(e, &out));
	assert_string_equal(buffer_string(&out), text);
	buffer_free(&out);
	lineedit_free(e);
}

static void what_is_not_touched_stays_byte_by_byte(void **state)
{
	static const char text[] =
		"# a\n\n  FOO\t\"b c\"   # why\r\n\"open # \nBAR \\\n x\n\xff#no end";

	(void)state;
	expect(edit(text), text);
	expect(edit(""), "");
}

static void a_line_that_is_replaced_keeps_its_place_indentation_and_comment(void **state)
{
	struct lineedit *e = edit("# top\n  MAXAGE 15\t# seconds\nLISTEN ::1\n");

	(void)state;
	assert_true(lineedit_set(e, WORDS("MAXAGE"), WORDS("MAXAGE", "20")));
	expect(e, "# top\n  MAXAGE 20\t# seconds\nLISTEN ::1\n");
	e = edit("A \"x # \\# y\" z\nA \"\\#\" # c # d");
	lineedit_remove(e, 0);
	assert_true(lineedit_set(e, WORDS("A"), WORDS("A", "b c", "#")));
	expect(e, "A \"b c\" \\# # c # d\n");
}

static void other_lines_of_the_kind_go_when_one_is_set(void **state)
{
	struct lineedit *e = edit("M a 1\n# between\nM b 1\nM a 2\n");

	(void)state;
	assert_true(lineedit_set(e, WORDS("M", "a"), WORDS("M", "a", "3")));
	expect(e, "M a 3\n# between\nM b 1\n");
}

static void a_new_line_stands_behind_the_last_of_its_kind(void **state)
{
	struct lineedit *e = edit("LISTEN a\n# x\nMAXAGE 3\n");

	(void)state;
	assert_true(lineedit_add(e, WORDS("LISTEN", "b", "3493")));
	assert_true(lineedit_add(e, WORDS("STATEPATH", "/a b")));
	expect(e, "LISTEN a\nLISTEN b 3493\n# x\nMAXAGE 3\nSTATEPATH \"/a b\"\n");
}

static void a_file_without_a_last_newline_gets_it(void **state)
{
	struct lineedit *e = edit("A 1");

	(void)state;
	assert_true(lineedit_add(e, WORDS("B", "2")));
	expect(e, "A 1\nB 2\n");
	e = edit("A 1 \\");
	assert_true(lineedit_add(e, WORDS("B", "2")));
	expect(e, "A 1 \\\n\nB 2\n");
	e = edit("# \\");
	assert_true(lineedit_add(e, WORDS("B", "2")));
	expect(e, "# \\\n\nB 2\n");
}

static void nothing_is_written_into_an_open_quote(void **state)
{
	struct lineedit *e = edit("A 1\nB \"open\n more\n");

	(void)state;
	assert_true(lineedit_add(e, WORDS("C", "2")));
	expect(e, "A 1\nC 2\nB \"open\n more\n");
	e = edit("B \"open");
	assert_true(lineedit_put(e, "ups", "driver", WORDS("x")));
	expect(e, "[ups]\n\tdriver = x\nB \"open");
}

static void a_section_gets_its_setting_where_it_belongs(void **state)
{
	struct lineedit *e = edit("x = 1\n[a]\n  driver = one # old\n\n# about b\n[b]\nport=2\n");

	(void)state;
	assert_true(lineedit_put(e, "a", "driver", WORDS("two words")));
	assert_true(lineedit_put(e, "a", "port", WORDS("auto")));
	assert_true(lineedit_put(e, "b", "nolock", WORDS(NULL)));
	assert_true(lineedit_put(e, "c", "upsmon", WORDS("primary")));
	assert_true(lineedit_put(e, NULL, "maxretry", WORDS("3")));
	expect(e, "x = 1\nmaxretry = 3\n[a]\n  driver = \"two words\" # old\n\tport = auto\n\n# "
		  "about b\n"
		  "[b]\nport=2\n\tnolock\n\n[c]\n\tupsmon primary\n");
}

static void a_key_that_stands_twice_stands_once_then(void **state)
{
	struct lineedit *e = edit("[a]\nport = 1\n[b]\nport = 3\n[a]\nPORT = 2\n");

	(void)state;
	assert_string_equal(lineedit_value(e, "a", "port"), "2");
	assert_true(lineedit_put(e, "a", "port", WORDS("4")));
	assert_string_equal(lineedit_value(e, "a", "port"), "4");
	assert_string_equal(lineedit_value(e, "b", "port"), "3");
	assert_null(lineedit_value(e, "c", "port"));
	expect(e, "[a]\nport = 4\n[b]\nport = 3\n[a]\n");
}

static void a_section_goes_and_leaves_its_comments(void **state)
{
	struct lineedit *e = edit("[a]\n# mine\nport = 1\n[b]\nport = 3\n");
	char name[8];

	(void)state;
	assert_int_equal(lineedit_section(e, 0, name, sizeof(name)), 0);
	assert_string_equal(name, "a");
	assert_int_equal(lineedit_section(e, 1, name, sizeof(name)), 3);
	lineedit_remove_section(e, "a");
	assert_false(lineedit_has_section(e, "a"));
	expect(e, "# mine\n[b]\nport = 3\n");
}

static void the_end_of_lines_is_kept(void **state)
{
	struct lineedit *e = edit("A 1\r\nB 1 # c\r\n");

	(void)state;
	assert_true(lineedit_set(e, WORDS("A"), WORDS("A", "2")));
	assert_true(lineedit_set(e, WORDS("B"), WORDS("B", "2")));
	assert_true(lineedit_add(e, WORDS("C", "3")));
	expect(e, "A 2\r\nB 2 # c\r\nC 3\r\n");
}

static void a_value_with_control_characters_is_known(void **state)
{
	(void)state;
	assert_true(lineedit_can_hold("p \"#=\\\xc3\xa4"));
	assert_false(lineedit_can_hold("a\nb"));
	assert_false(lineedit_can_hold("\x7f"));
}

static void words_that_would_not_come_back_are_noticed(void **state)
{
	struct lineedit *e = edit("A 1\n");
	struct buffer out = {0};

	(void)state;
	/* Nobody can read a line of so many words. */
	for (int i = 0; i < 1100; i++)
		buffer_append_str(&out, "x ");
	assert_true(lineedit_says_anything(e));
	lineedit_free(e);
	e = edit(buffer_string(&out));
	assert_true(lineedit_says_anything(e));
	assert_true(lineedit_add(e, WORDS("B", "2")));
	buffer_clear(&out);
	assert_true(lineedit_text(e, &out));
	assert_int_equal(lineedit_obstacle(e), 0);
	assert_non_null(strstr(buffer_string(&out), "\nB 2\n"));
	lineedit_free(e);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_touched_stays_byte_by_byte),
		cmocka_unit_test(a_line_that_is_replaced_keeps_its_place_indentation_and_comment),
		cmocka_unit_test(other_lines_of_the_kind_go_when_one_is_set),
		cmocka_unit_test(a_new_line_stands_behind_the_last_of_its_kind),
		cmocka_unit_test(a_file_without_a_last_newline_gets_it),
		cmocka_unit_test(nothing_is_written_into_an_open_quote),
		cmocka_unit_test(a_section_gets_its_setting_where_it_belongs),
		cmocka_unit_test(a_key_that_stands_twice_stands_once_then),
		cmocka_unit_test(a_section_goes_and_leaves_its_comments),
		cmocka_unit_test(the_end_of_lines_is_kept),
		cmocka_unit_test(a_value_with_control_characters_is_known),
		cmocka_unit_test(words_that_would_not_come_back_are_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
