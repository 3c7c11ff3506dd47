/*
 * However a text is cut, words reads the same from it; and what it has read
 * comes back from both ways of quoting.  The first byte chooses the dialect
 * and the limits, the second where the text is cut.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buffer.h"
#include "common/base/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		abort();
}

/* A result in a form that can be compared; lengths, so that no content can imitate it. */
static void note(struct buffer *seen, const struct words *w, enum words_result r)
{
	buffer_appendf(seen, "%d %u %zu", (int)r, words_line_number(w), words_count(w));
	for (size_t i = 0; i < words_count(w); i++) {
		const char *word = words_at(w, i);

		expect(words_all(w)[i] == word);
		buffer_appendf(seen, " %d %zu:", words_is_equals(w, i), strlen(word));
		buffer_append_str(seen, word);
	}
	expect(r == WORDS_LINE || (words_count(w) == 0 && words_error(w)[0]));
}

static void feed(struct buffer *seen, struct words *w, const char *text, size_t len)
{
	const char *p = text;
	enum words_result r;

	while ((r = words_feed(w, &p, &len)) != WORDS_MORE)
		note(seen, w, r);
	expect(len == 0);
}

static void read_in_two(struct buffer *seen, enum words_dialect dialect,
			const struct words_limits *limits, const char *text, size_t len, size_t cut)
{
	struct words *w = words_new(dialect, limits);
	enum words_result r;

	expect(w);
	feed(seen, w, text, cut);
	feed(seen, w, text + cut, len - cut);
	r = words_end(w);
	if (r != WORDS_MORE)
		note(seen, w, r);
	expect(!words_partial(w));
	words_free(w);
}

/* Writes the line w holds in quotes and reads it again. */
static void expect_round_trip(const struct words *w, const struct words_limits *limits,
			      bool (*quote)(struct buffer *, const char *))
{
	struct words *again = words_new(WORDS_WIRE, limits);
	struct buffer line = {0};
	const char *p;
	size_t len;

	expect(again);
	for (size_t i = 0; i < words_count(w); i++) {
		expect(quote(&line, words_at(w, i)));
		buffer_append_char(&line, ' ');
	}
	buffer_append_char(&line, '\n');
	p = line.data;
	len = line.len;
	expect(words_feed(again, &p, &len) == WORDS_LINE);
	expect(words_count(again) == words_count(w));
	for (size_t i = 0; i < words_count(w); i++) {
		expect(strcmp(words_at(again, i), words_at(w, i)) == 0);
		expect(!words_is_equals(again, i));
	}
	words_free(again);
	buffer_free(&line);
}

static void requote(enum words_dialect dialect, const struct words_limits *limits, const char *text,
		    size_t len)
{
	struct words *w = words_new(dialect, limits);
	enum words_result r;

	expect(w);
	while ((r = words_feed(w, &text, &len)) != WORDS_MORE) {
		if (r != WORDS_LINE)
			continue;
		expect_round_trip(w, limits, words_append_quoted);
		expect_round_trip(w, limits, words_append_word);
	}
	words_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer whole = {0}, parts = {0};
	struct words_limits limits = {.max_words = 1024, .max_line = 65536};
	enum words_dialect dialect;
	const char *text;
	size_t cut;

	if (size < 2)
		return 0;
	dialect = data[0] & 1 ? WORDS_FILE : WORDS_WIRE;
	if (data[0] & 2)
		limits = (struct words_limits){.max_words = 4, .max_line = 16};
	text = (const char *)data + 2;
	size -= 2;
	cut = size * data[1] / 255;
	read_in_two(&whole, dialect, &limits, text, size, size);
	read_in_two(&parts, dialect, &limits, text, size, cut);
	expect(whole.len == parts.len);
	expect(whole.len == 0 || memcmp(whole.data, parts.data, whole.len) == 0);
	requote(dialect, &limits, text, size);
	buffer_free(&whole);
	buffer_free(&parts);
	return 0;
}
