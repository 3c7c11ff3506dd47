/*
 * Whatever stands in a file, changing one line of it leaves all others as they
 * are, byte by byte, and what was written is read as it was meant.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clients/nutconf/lineedit.h"
#include "common/base/str.h"
#include "common/base/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct words_limits limits = {.max_words = 1024, .max_line = 64 * 1024};

static void expect(bool truth)
{
	if (!truth)
		abort();
}

/* A file's lines one by one; those that the edit is about are left out. */
struct reader {
	const char *text;
	size_t left;
	struct words *words;
	bool sections, inside;
	const char *line; /* the piece, without the newlines behind it */
	size_t len;
};

static bool is_target(struct reader *r)
{
	const char *first = words_at(r->words, 0);

	if (!r->sections)
		return str_equal(first, "MAXAGE");
	if (first[0] == '[')
		r->inside = str_equal(first, "[ups]");
	return r->inside && first[0] != '[' && str_caseequal(first, "driver");
}

static bool next(struct reader *r)
{
	while (r->left > 0) {
		enum words_result what;

		r->line = r->text;
		what = words_feed(r->words, &r->text, &r->left);
		if (what == WORDS_MORE)
			what = words_end(r->words);
		r->len = (size_t)(r->text - r->line);
		while (r->len > 0 && r->line[r->len - 1] == '\n')
			r->len--;
		if (what != WORDS_LINE || !is_target(r))
			return true;
	}
	return false;
}

/* All lines of the one are lines of the other, in the same order. */
static void expect_all(const char *before, size_t before_len, const char *after, size_t after_len,
		       bool sections)
{
	struct reader a = {before, before_len, words_new(WORDS_FILE, &limits),
			   .sections = sections};
	struct reader b = {after, after_len, words_new(WORDS_FILE, &limits), .sections = sections};

	while (a.words && b.words && next(&a)) {
		bool found = false;

		while (!found && next(&b))
			found = a.len == b.len && memcmp(a.line, b.line, a.len) == 0;
		expect(found);
	}
	words_free(a.words);
	words_free(b.words);
}

static void change_a_line(const char *text, size_t len, const char *value)
{
	const char *const like[] = {"MAXAGE", NULL}, *const words[] = {"MAXAGE", value, NULL};
	struct lineedit *e = lineedit_new(text, len), *again;
	struct buffer out = {0};

	expect(e && lineedit_set(e, like, words) && lineedit_text(e, &out));
	expect_all(text, len, out.data, out.len, false);
	again = lineedit_new(out.data, out.len);
	expect(again && lineedit_find(again, 0, words) >= 0);
	expect(lineedit_find(again, lineedit_find(again, 0, like) + 1, like) < 0);
	lineedit_remove_all(again, like);
	expect(lineedit_find(again, 0, like) < 0);
	lineedit_free(again);
	lineedit_free(e);
	buffer_free(&out);
}

static void change_a_setting(const char *text, size_t len, const char *value)
{
	const char *const values[] = {value, NULL};
	struct lineedit *e = lineedit_new(text, len), *again;
	struct buffer out = {0};

	expect(e && lineedit_put(e, "ups", "driver", values) && lineedit_text(e, &out));
	expect_all(text, len, out.data, out.len, true);
	again = lineedit_new(out.data, out.len);
	expect(again && str_equal(lineedit_value(again, "ups", "driver"), value));
	lineedit_remove_section(again, "ups");
	expect(!lineedit_has_section(again, "ups"));
	lineedit_free(again);
	lineedit_free(e);
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const values[] = {"20", "", "a b", "\"#\\=", "x=y", "[ups]"};
	const char *value;

	if (!size)
		return 0;
	value = values[data[0] % (sizeof(values) / sizeof(values[0]))];
	change_a_line((const char *)data + 1, size - 1, value);
	change_a_setting((const char *)data + 1, size - 1, value);
	return 0;
}
