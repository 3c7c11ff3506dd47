#include "config.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/base/words.h"

static const struct words_limits wide = {.max_words = 64, .max_line = 1024};

/* Appends what one result was, in one line of text: `3 [a][=][b]`, `bad 2 quote without its end`.
 */
static void note(struct buffer *seen, const struct words *w, enum words_result r)
{
	static const char *const names[] = {"more", "", "too long", "bad"};

	buffer_appendf(seen, "%u", words_line_number(w));
	if (r != WORDS_LINE) {
		buffer_appendf(seen, " %s: %s\n", names[r], words_error(w));
		return;
	}
	buffer_append_str(seen, " ");
	for (size_t i = 0; i < words_count(w); i++) {
		if (words_is_equals(w, i))
			buffer_append_str(seen, "=");
		else
			buffer_appendf(seen, "[%s]", words_at(w, i));
		assert_ptr_equal(words_all(w)[i], words_at(w, i));
	}
	buffer_append_str(seen, "\n");
}

static void feed(struct buffer *seen, struct words *w, const char *text, size_t len)
{
	/* An exact copy, so that a sanitizer sees a step beyond the end. */
	char *copy = malloc(len ? len : 1);
	const char *p = copy;
	enum words_result r;

	assert_non_null(copy);
	memcpy(copy, text, len);
	while ((r = words_feed(w, &p, &len)) != WORDS_MORE)
		note(seen, w, r);
	assert_int_equal(len, 0);
	free(copy);
}

/* Everything that the reader made of a text fed in two parts. */
static char *read_in_two(enum words_dialect dialect, const struct words_limits *limits,
			 const char *text, size_t len, size_t cut)
{
	struct buffer seen = {0};
	struct words *w = words_new(dialect, limits);
	enum words_result r;

	assert_non_null(w);
	feed(&seen, w, text, cut);
	feed(&seen, w, text + cut, len - cut);
	r = words_end(w);
	if (r != WORDS_MORE)
		note(&seen, w, r);
	assert_int_equal(words_end(w), WORDS_MORE);
	words_free(w);
	buffer_string(&seen);
	assert_non_null(seen.data ? seen.data : (seen.data = calloc(1, 1)));
	return seen.data;
}

static void expect_len(enum words_dialect dialect, const struct words_limits *limits,
		       const char *text, size_t len, const char *expected)
{
	for (size_t cut = 0; cut <= len; cut++) {
		char *seen = read_in_two(dialect, limits, text, len, cut);

		if (strcmp(seen, expected) != 0)
			fail_msg("cut at %zu of \"%s\":\n%s, not\n%s", cut, text, seen, expected);
		free(seen);
	}
}

static void expect_file(const char *text, const char *expected)
{
	expect_len(WORDS_FILE, &wide, text, strlen(text), expected);
}

static void expect_wire(const char *text, const char *expected)
{
	expect_len(WORDS_WIRE, &wide, text, strlen(text), expected);
}

static void expect_both(const char *text, const char *expected)
{
	expect_file(text, expected);
	expect_wire(text, expected);
}

static void white_space_separates_words(void **state)
{
	(void)state;
	expect_both("GET VAR su700 ups.status\n", "1 [GET][VAR][su700][ups.status]\n");
	expect_both(" \t a \v\f b\r\n", "1 [a][b]\n");
	expect_both("a\nb\n", "1 [a]\n2 [b]\n");
}

static void an_empty_line_is_a_line_of_no_words(void **state)
{
	(void)state;
	expect_both("", "");
	expect_both("\n\n  \n", "1 \n2 \n3 \n");
	expect_both("# all of it\nx\n", "1 \n2 [x]\n");
}

static void a_last_line_without_newline_counts(void **state)
{
	(void)state;
	expect_both("a", "1 [a]\n");
	expect_both("a\nb c", "1 [a]\n2 [b][c]\n");
	expect_both("a \"b c\"", "1 [a][b c]\n");
	expect_both("# x", "1 \n");
	expect_file("a\\", "1 [a]\n");
	expect_wire("a\\", "1 bad: backslash at the end of the line\n");
}

static void a_quote_opens_a_word_only_at_its_start(void **state)
{
	(void)state;
	expect_both("\"a b\" c\n", "1 [a b][c]\n");
	expect_both("\"a\"b\n", "1 [a][b]\n");
	expect_both("\"a\"\"b\"\n", "1 [a][b]\n");
	expect_both("a\"b\" c\n", "1 [a\"b\"][c]\n");
	expect_both("\"\" \"\"\n", "1 [][]\n");
	expect_both("'a b'\n", "1 ['a][b']\n");
}

static void a_backslash_makes_the_next_byte_literal(void **state)
{
	(void)state;
	expect_both("a\\ b \\\"c \\\\ \\# \\n\n", "1 [a b][\"c][\\][#][n]\n");
	expect_both("\"a\\\"b\\\\c\\#d\"\n", "1 [a\"b\\c#d]\n");
	expect_both("a\\=b\n", "1 [a=b]\n");
}

static void a_bare_equals_is_a_word_of_its_own(void **state)
{
	(void)state;
	expect_both("a=b\n", "1 [a]=[b]\n");
	expect_both("a = \"b=c\"\n", "1 [a]=[b=c]\n");
	expect_both("==\n", "1 ==\n");
	expect_both("\"=\" \\=\n", "1 [=][=]\n"); /* neither is bare */
}

static void a_comment_ends_the_line_and_keeps_the_word_begun(void **state)
{
	(void)state;
	expect_both("a b#c d\n", "1 [a][b]\n");
	expect_both("a # \"never closed\n", "1 [a]\n");
	expect_both("a # no joining \\\nb\n", "1 [a]\n2 [b]\n");
}

static void a_hash_in_quotes_is_taken_on_the_line_of_the_quote(void **state)
{
	(void)state;
	expect_both("a \"b # c\" d\ne\n", "1 [a][b # c][d]\n2 [e]\n");
	expect_both("\"#\" \"##a#\"# b\n", "1 [#][##a#]\n");
	/* Below it is a comment, which shows that the quote was forgotten. */
	expect_file("a \"b\nc # d\" e\nf\n",
		    "1 bad: # below the line of a quote, without a backslash\n3 [f]\n");
	expect_file("a \"b\nc \\# d\" e\nf\n", "1 [a][bc # d][e]\n3 [f]\n");
}

static void files_join_lines_by_backslash(void **state)
{
	(void)state;
	expect_file("a \\\nb\nc\n", "1 [a][b]\n3 [c]\n");
	expect_file("a\\\nb\n", "1 [ab]\n");
	expect_file("\"a\\\nb\"\n", "1 [ab]\n");
	expect_file("\\\n\\\n\nx\n", "1 \n4 [x]\n");
}

static void a_quoted_word_in_a_file_goes_on_over_newlines(void **state)
{
	(void)state;
	expect_file("\"a\nb\" c\nd\n", "1 [ab][c]\n3 [d]\n");
	expect_file("x\ny \"a\nb\n", "1 [x]\n2 bad: quote without its end\n");
	/* The comment shows the mistake, the line of the quote has it. */
	expect_file("x \"a\n# b\nc\n",
		    "1 bad: # below the line of a quote, without a backslash\n3 [c]\n");
}

static void on_a_wire_every_newline_ends_a_line(void **state)
{
	(void)state;
	expect_wire("a \"b\nc\n", "1 bad: quote without its end\n2 [c]\n");
	expect_wire("a \\\nc\n", "1 bad: backslash at the end of the line\n2 [c]\n");
	expect_wire("a \"b\\\nc\n", "1 bad: backslash at the end of the line\n2 [c]\n");
	expect_wire("a \"b", "1 bad: quote without its end\n");
}

static void control_bytes_are_dropped(void **state)
{
	(void)state;
	expect_len(WORDS_WIRE, &wide, "a\0b \x01 \"\t\r\x7f\" \\\0 c\x1b[2J\n", 20,
		   "1 [ab][][c[2J]\n");
}

static void a_line_too_long_is_dropped_up_to_its_newline(void **state)
{
	const struct words_limits tight = {.max_words = 64, .max_line = 4};

	(void)state;
	expect_len(WORDS_WIRE, &tight, "ab cd\nx\n", 8, "1 [ab][cd]\n2 [x]\n");
	expect_len(WORDS_WIRE, &tight, "ab cde f\nx\n", 11, "1 too long: line too long\n2 [x]\n");
	expect_len(WORDS_WIRE, &tight, "abcde", 5, "1 too long: line too long\n");
	expect_len(WORDS_WIRE, &tight, "====\n", 5, "1 ====\n");
	expect_len(WORDS_WIRE, &tight, "=====\n", 6, "1 too long: line too long\n");
	expect_len(WORDS_WIRE, &tight, "abcd\\e\n", 7, "1 too long: line too long\n");
	/* White space and comments cost nothing and are not counted. */
	expect_len(WORDS_WIRE, &tight, "  a   b    # long\n", 18, "1 [a][b]\n");
}

static void a_word_too_many_is_an_error_and_not_a_silent_cut(void **state)
{
	const struct words_limits tight = {.max_words = 2, .max_line = 100};

	(void)state;
	expect_len(WORDS_FILE, &tight, "a b\na b c\nd\n", 12,
		   "1 [a][b]\n2 too long: too many words\n3 [d]\n");
	expect_len(WORDS_FILE, &tight, "a=b\n", 4, "1 too long: too many words\n");
	expect_len(WORDS_FILE, &tight, "a b \"\"\n", 7, "1 too long: too many words\n");
	expect_len(WORDS_FILE, &tight, "a b \\c\n", 7, "1 too long: too many words\n");
}

static void words_survive_the_growth_of_their_line(void **state)
{
	const struct words_limits large = {.max_words = 5000, .max_line = 100000};
	struct words *w = words_new(WORDS_FILE, &large);
	struct buffer text = {0};
	const char *p;
	size_t len;
	char expected[16];

	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		buffer_appendf(&text, "w%u=", i);
	buffer_append_str(&text, "\n");
	p = text.data;
	len = text.len;
	assert_int_equal(words_feed(w, &p, &len), WORDS_LINE);
	assert_int_equal(words_count(w), 4000);
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(expected, sizeof(expected), "w%u", i);
		assert_string_equal(words_at(w, 2 * i), expected);
		assert_true(words_is_equals(w, 2 * i + 1));
	}
	assert_string_equal(words_at(w, 4000), "");
	assert_false(words_is_equals(w, 4000));
	words_free(w);
	buffer_free(&text);
}

/* Every state a byte can meet, by the text that leads there. */
static const struct {
	const char *before;
	enum { GAP, WORD, QUOTED, ESCAPED, ESCAPED_QUOTED, COMMENT, RUBBISH } state;
} places[] = {
	{"x ", GAP},
	{"x y", WORD},
	{"x \"y", QUOTED},
	{"x y\\", ESCAPED},
	{"x \"y\\", ESCAPED_QUOTED},
	{"x #y", COMMENT},
	{"\"\n#", RUBBISH},
};

/* What docs/grammar.md says that a byte gives, with "z" behind it; NULL = nothing but an error. */
static const char *rule(int place, unsigned char c, bool wire, char *out, size_t size)
{
	bool control = c < 0x20 || c == 0x7f;
	bool space = c == ' ' || (c >= '\t' && c <= '\r');
	bool escaped = place == ESCAPED || place == ESCAPED_QUOTED;
	const char *shape = "1 [x][y?z]\n";

	switch (place) {
	case COMMENT:
		return c == '\n' ? "1 [x]\n2 [z]\n" : "1 [x]\n";
	case RUBBISH:
		if (wire)
			return c == '\n' ? "1 bad: quote without its end\n2 \n3 [z]\n"
					 : "1 bad: quote without its end\n2 \n";
		return c == '\n'
			       ? "1 bad: # below the line of a quote, without a backslash\n3 [z]\n"
			       : "1 bad: # below the line of a quote, without a backslash\n";
	case GAP:
		shape = c == '=' ? "1 [x]=[z]\n" : "1 [x][?z]\n";
		if (c == '"')
			return "1 bad: quote without its end\n";
		if (c == '\\' || space || control)
			shape = "1 [x][z]\n";
		break;
	case WORD:
		if (c == '\\' || (control && !space))
			shape = "1 [x][yz]\n";
		else if (space || c == '=')
			shape = c == '=' ? "1 [x][y]=[z]\n" : "1 [x][y][z]\n";
		break;
	case QUOTED:
		if (c == '"')
			return "1 [x][y][z]\n";
		if (c != '\n' || !wire)
			return "1 bad: quote without its end\n";
		return "1 bad: quote without its end\n2 [z]\n";
	default:
		if (c == '\n' && wire)
			return "1 bad: backslash at the end of the line\n2 [z]\n";
		if (place == ESCAPED_QUOTED)
			return "1 bad: quote without its end\n";
		if (control)
			shape = "1 [x][yz]\n";
		break;
	}
	if (!escaped && c == '\n')
		return place == WORD ? "1 [x][y]\n2 [z]\n" : "1 [x]\n2 [z]\n";
	if (!escaped && c == '#')
		return place == WORD ? "1 [x][y]\n" : "1 [x]\n";
	snprintf(out, size, "%s", shape);
	if (strchr(out, '?'))
		*strchr(out, '?') = (char)c;
	return out;
}

static void every_byte_in_every_state_follows_the_grammar(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		for (int c = 0; c < 256; c++) {
			char text[16], out[64];
			size_t len = strlen(places[i].before);

			memcpy(text, places[i].before, len);
			text[len] = (char)c;
			text[len + 1] = 'z';
			for (int wire = 0; wire < 2; wire++)
				expect_len(wire ? WORDS_WIRE : WORDS_FILE, &wide, text, len + 2,
					   rule(places[i].state, (unsigned char)c, wire, out,
						sizeof(out)));
		}
	}
}

/* A small generator of our own: the same texts on every machine. */
static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void any_text_reads_the_same_however_it_is_cut(void **state)
{
	static const char bytes[] = "ab =\"\\#\n\n \t\r\x01\xc3";
	const struct words_limits tight = {.max_words = 5, .max_line = 9};
	unsigned seed = 1;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		enum words_dialect dialect = round % 2 ? WORDS_FILE : WORDS_WIRE;
		char text[24], *whole;

		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = bytes[next_random(&seed) % (sizeof(bytes) - 1)];
		whole = read_in_two(dialect, &tight, text, sizeof(text), 0);
		expect_len(dialect, &tight, text, sizeof(text), whole);
		free(whole);
	}
}

static void a_line_is_partial_from_its_first_byte_to_its_end(void **state)
{
	struct words *w = words_new(WORDS_WIRE, &wide);
	const char *p = "a b\nc \"#x";
	size_t len = strlen(p);

	(void)state;
	assert_false(words_partial(w));
	assert_int_equal(words_count(w), 0);
	assert_int_equal(words_feed(w, &p, &len), WORDS_LINE);
	assert_false(words_partial(w));
	assert_int_equal(words_count(w), 2);
	assert_int_equal(words_feed(w, &p, &len), WORDS_MORE);
	assert_true(words_partial(w)); /* still to be skipped up to its newline */
	assert_int_equal(words_count(w), 0);
	words_reset(w);
	assert_false(words_partial(w));
	p = "d\n";
	len = 2;
	assert_int_equal(words_feed(w, &p, &len), WORDS_LINE);
	assert_string_equal(words_at(w, 0), "d");
	words_free(w);
}

static void a_reader_at_rest_is_small(void **state)
{
	const struct words_limits large = {.max_words = 50000, .max_line = 1000000};
	struct words *w = words_new(WORDS_WIRE, &large);

	(void)state;
	assert_true(malloc_usable_size(w) < 200);
	words_free(w);
	words_free(NULL);
}

static void what_is_quoted_reads_back_as_it_was(void **state)
{
	static const char *const texts[] = {"",    " ",       "a",    "a b",      "a=b",
					    "=",   "\"",      "\\",   "#",        "\"a\" b\\",
					    "a#b", "\\\"#= ", "a\"b", "\xc3\xa4", "\x80\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		bool (*const quoters[])(struct buffer *, const char *) = {words_append_quoted,
									  words_append_word};

		for (size_t q = 0; q < 2; q++) {
			struct buffer line = {0};
			char expected[64];

			snprintf(expected, sizeof(expected), "1 [before][%s][behind]\n", texts[i]);
			buffer_append_str(&line, "before ");
			assert_true(quoters[q](&line, texts[i]));
			buffer_append_str(&line, " behind\n");
			expect_both(buffer_string(&line), expected);
			buffer_free(&line);
		}
	}
}

static void quoting_is_as_others_of_the_suite_do_it(void **state)
{
	struct buffer b = {0};

	(void)state;
	words_append_quoted(&b, "a \"b\" \\ #c");
	assert_string_equal(buffer_string(&b), "\"a \\\"b\\\" \\\\ \\#c\"");
	buffer_clear(&b);
	words_append_quoted(&b, "two\r\nlines\x01\x7f");
	assert_string_equal(buffer_string(&b), "\"twolines\"");
	buffer_clear(&b);
	words_append_word(&b, "plain");
	words_append_word(&b, "\n");
	words_append_word(&b, "a\"b");
	assert_string_equal(buffer_string(&b), "plain\"\"a\\\"b");
	buffer_free(&b);
}

static void quoting_into_a_full_buffer_says_so(void **state)
{
	struct buffer b = {.max = 4};

	(void)state;
	assert_true(words_append_quoted(&b, "ab"));
	buffer_clear(&b);
	assert_false(words_append_quoted(&b, "abc"));
	buffer_clear(&b);
	assert_false(words_append_word(&b, "a#b#"));
	buffer_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(white_space_separates_words),
		cmocka_unit_test(an_empty_line_is_a_line_of_no_words),
		cmocka_unit_test(a_last_line_without_newline_counts),
		cmocka_unit_test(a_quote_opens_a_word_only_at_its_start),
		cmocka_unit_test(a_backslash_makes_the_next_byte_literal),
		cmocka_unit_test(a_bare_equals_is_a_word_of_its_own),
		cmocka_unit_test(a_comment_ends_the_line_and_keeps_the_word_begun),
		cmocka_unit_test(a_hash_in_quotes_is_taken_on_the_line_of_the_quote),
		cmocka_unit_test(files_join_lines_by_backslash),
		cmocka_unit_test(a_quoted_word_in_a_file_goes_on_over_newlines),
		cmocka_unit_test(on_a_wire_every_newline_ends_a_line),
		cmocka_unit_test(control_bytes_are_dropped),
		cmocka_unit_test(a_line_too_long_is_dropped_up_to_its_newline),
		cmocka_unit_test(a_word_too_many_is_an_error_and_not_a_silent_cut),
		cmocka_unit_test(words_survive_the_growth_of_their_line),
		cmocka_unit_test(every_byte_in_every_state_follows_the_grammar),
		cmocka_unit_test(any_text_reads_the_same_however_it_is_cut),
		cmocka_unit_test(a_line_is_partial_from_its_first_byte_to_its_end),
		cmocka_unit_test(a_reader_at_rest_is_small),
		cmocka_unit_test(what_is_quoted_reads_back_as_it_was),
		cmocka_unit_test(quoting_is_as_others_of_the_suite_do_it),
		cmocka_unit_test(quoting_into_a_full_buffer_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
