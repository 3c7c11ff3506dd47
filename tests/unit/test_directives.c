#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/base/directives.h"

struct told {
	long count, speed, debug;
	bool yes, on;
	char *text, *path;
	size_t words;
};

struct more {
	long depth;
};

static struct told told;
static struct more more;
static struct buffer said;

static void take_words(const struct directive_line *l)
{
	struct told *t = l->conf;

	t->words = l->count - 1;
}

#define MEMBER(kind, member) DIRECTIVE_AT(kind, struct told, member)

static const struct directive rows[] = {
	{"COUNT", 1, DIRECTIVE_FROM(DIRECTIVE_LONG, struct told, count, 1, 10, 3)},
	{"SPEED", 1, DIRECTIVE_FROM(DIRECTIVE_NUMBER, struct told, speed, 0, 99, 7)},
	{"YES", 1, MEMBER(DIRECTIVE_BOOL, yes)},
	{"ON", 1, MEMBER(DIRECTIVE_SWITCH, on)},
	{"TEXT", 1, MEMBER(DIRECTIVE_TEXT, text)},
	{"PATH", 1, MEMBER(DIRECTIVE_PATH, path)},
	{"WORDS", 0, DIRECTIVE_BY(take_words)},
	{DIRECTIVE_DEBUG_MIN(struct told, debug)},
};

static const struct directive further_rows[] = {
	{"DEPTH", 1, DIRECTIVE_FROM(DIRECTIVE_LONG, struct more, depth, 0, 5, 2)},
};

static const struct directives further = {further_rows, 1, &more, CONF_WARNING, NULL, false};

static bool bare_is_ignored;

static void note(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg;
	buffer_appendf(&said, "%s %s\n", severity == CONF_ERROR ? "E" : "W", text);
}

/* Reads a text; what is said of it is in `said`. */
static void read_text(const char *text, enum conf_severity surplus)
{
	struct directives table = {.rows = rows,
				   .count = sizeof(rows) / sizeof(rows[0]),
				   .conf = &told,
				   .surplus = surplus,
				   .next = &further,
				   .bare_is_ignored = bare_is_ignored};
	struct conf_report report = {.emit = note};
	FILE *f = tmpfile();

	free(told.text);
	free(told.path);
	told = (struct told){.yes = false};
	buffer_free(&said);
	said = (struct buffer){.max = 65536};
	directives_defaults(&table);
	assert_non_null(f);
	assert_int_equal(fputs(text, f) < 0, 0);
	rewind(f);
	assert_int_equal(
		conffile_read_lines_fd(fileno(f), "conf", directives_line, &table, &report), 0);
	fclose(f);
}

static void expect(const char *text)
{
	if (!strstr(buffer_string(&said), text))
		fail_msg("\"%s\" is not in:\n%s", text, buffer_string(&said));
}

static void numbers_that_are_not_given_are_what_is_normal(void **state)
{
	(void)state;
	read_text("", CONF_ERROR);
	assert_int_equal(told.count, 3);
	assert_int_equal(told.speed, 7);
	assert_int_equal(told.debug, -1);
	assert_int_equal(more.depth, 2);
	assert_string_equal(buffer_string(&said), "");
}

static void each_kind_is_taken_into_its_member(void **state)
{
	(void)state;
	read_text("COUNT 4\nSPEED 8\nYES on\nON 2\nTEXT old\nTEXT \"a word\"\nPATH /a\n"
		  "WORDS a b c\ndebug_min 1\nDEPTH 5\n",
		  CONF_ERROR);
	assert_string_equal(buffer_string(&said), "");
	assert_int_equal(told.count, 4);
	assert_int_equal(told.speed, 8);
	assert_true(told.yes);
	assert_true(told.on);
	assert_string_equal(told.text, "a word");
	assert_string_equal(told.path, "/a");
	assert_int_equal(told.words, 3);
	assert_int_equal(told.debug, 1);
	assert_int_equal(more.depth, 5);
}

static void what_is_wrong_is_told_and_changes_nothing(void **state)
{
	(void)state;
	read_text("COUNT 11\nSPEED x\nYES maybe\nTEXT \"\"\nPATH a\nWORDS\nCOUNT = 5\n",
		  CONF_ERROR);
	expect("E conf:1: COUNT is \"11\"; it takes a whole number from 1 to 10");
	expect("E conf:2: SPEED is \"x\"; it takes a whole number from 0 to 99");
	expect("E conf:3: YES is \"maybe\"; it takes yes or no");
	expect("E conf:4: TEXT is empty");
	expect("E conf:5: PATH wants an absolute path, not \"a\"; write it from the root");
	expect("E conf:6: WORDS wants a value");
	expect("E conf:7: COUNT and its value are separated by a space; leave the = out");
	assert_int_equal(told.count, 3);
	assert_int_equal(told.speed, 7);
	assert_null(told.text);
	assert_null(told.path);
}

static void what_follows_the_digits_of_a_number_is_warned_of(void **state)
{
	(void)state;
	read_text("SPEED 15s\n", CONF_ERROR);
	expect("W conf:1: SPEED \"15s\" is taken as 15; write the number alone");
	assert_int_equal(told.speed, 15);
}

static void a_word_without_its_value_is_an_error_or_as_by_nut_nothing(void **state)
{
	(void)state;
	read_text("SPEED\n", CONF_ERROR);
	expect("E conf:1: SPEED wants a value");
	bare_is_ignored = true;
	read_text("SPEED\nCOUNT 4\n", CONF_ERROR);
	bare_is_ignored = false;
	expect("W conf:1: SPEED wants a value, the line is ignored");
	assert_int_equal(told.speed, 7);
	assert_int_equal(told.count, 4);
}

static void words_that_are_too_many_cost_the_line_or_themselves(void **state)
{
	(void)state;
	read_text("TEXT a b c\n", CONF_ERROR);
	expect("E conf:1: TEXT takes 1 value; \"b\" is too much; put words that belong together");
	assert_null(told.text);
	read_text("TEXT a b c\n", CONF_WARNING);
	expect("W conf:1: TEXT takes 1 value; \"b\" is too much; it and what follows is ignored");
	assert_string_equal(told.text, "a");
}

static void an_unknown_keyword_is_warned_of_with_the_closest_of_all_tables(void **state)
{
	(void)state;
	read_text("DEPHT 1\ncount 5\n", CONF_ERROR);
	expect("DEPTH");
	expect("W conf:2: ");
	assert_int_equal(told.count, 3);
	assert_int_equal(more.depth, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_that_are_not_given_are_what_is_normal),
		cmocka_unit_test(each_kind_is_taken_into_its_member),
		cmocka_unit_test(what_is_wrong_is_told_and_changes_nothing),
		cmocka_unit_test(what_follows_the_digits_of_a_number_is_warned_of),
		cmocka_unit_test(a_word_without_its_value_is_an_error_or_as_by_nut_nothing),
		cmocka_unit_test(words_that_are_too_many_cost_the_line_or_themselves),
		cmocka_unit_test(an_unknown_keyword_is_warned_of_with_the_closest_of_all_tables),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(told.text);
	free(told.path);
	buffer_free(&said);
	return failed;
}
