#include "config.h"

#include "clients/nutconf/hide.h"

#include <string.h>

#include "clients/nutconf/lineedit.h"
#include "common/base/secretword.h"
#include "common/base/str.h"
#include "common/base/words.h"

/* Whether word i of a line is one. */
static bool is_secret(const struct lineedit *e, long line, size_t i)
{
	const char *first = lineedit_word(e, line, 0), *before;

	if (i == 4 && str_equal(first, "MONITOR"))
		return !str_equal(lineedit_word(e, line, 2), "POWERVAL");
	if (i == 2 && str_equal(first, "CERTIDENT"))
		return true;
	if (i == 0)
		return false;
	before = lineedit_word(e, line, i - 1);
	if (str_equal(before, "=") && i > 1)
		before = lineedit_word(e, line, i - 2);
	return secretword_is(before) && !str_equal(lineedit_word(e, line, i), "=");
}

static bool has_secret(const struct lineedit *e, long line)
{
	for (size_t i = 1; lineedit_word(e, line, i); i++)
		if (is_secret(e, line, i))
			return true;
	return false;
}

static bool has_line(const struct lineedit *e, const char *raw, size_t len)
{
	for (size_t i = 0; i < lineedit_count(e); i++) {
		size_t other_len;
		const char *other = lineedit_raw(e, (long)i, &other_len);

		if (other_len == len && memcmp(other, raw, len) == 0)
			return true;
	}
	return false;
}

static void append_hidden(const struct lineedit *e, long line, const char *shown,
			  struct buffer *out)
{
	size_t len;
	const char *raw = lineedit_raw(e, line, &len);

	for (size_t i = 0; i < len && (raw[i] == ' ' || raw[i] == '\t'); i++)
		buffer_append_char(out, raw[i]);
	for (size_t i = 0; lineedit_word(e, line, i); i++) {
		const char *word = lineedit_word(e, line, i);

		if (i)
			buffer_append_char(out, ' ');
		if (is_secret(e, line, i))
			buffer_append_str(out, shown);
		else if (str_equal(word, "="))
			buffer_append_str(out, word);
		else
			words_append_word(out, word);
	}
	buffer_append_char(out, '\n');
}

bool hide_secrets(const struct buffer *text, const struct buffer *known, const char *changed,
		  struct buffer *out)
{
	struct lineedit *e = lineedit_new(text->len ? text->data : "", text->len);
	struct lineedit *other = lineedit_new(known->len ? known->data : "", known->len);
	bool ok = e && other;

	for (size_t i = 0; ok && i < lineedit_count(e); i++) {
		size_t len;
		const char *raw = lineedit_raw(e, (long)i, &len);

		if (lineedit_is_bad(e, (long)i))
			buffer_append_str(out, "<a line that cannot be read>\n");
		else if (has_secret(e, (long)i))
			append_hidden(e, (long)i, has_line(other, raw, len) ? "<hidden>" : changed,
				      out);
		else
			buffer_append(out, raw, len);
	}
	lineedit_free(e);
	lineedit_free(other);
	return ok && !out->failed;
}
