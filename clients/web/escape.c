#include "config.h"

#include "clients/web/escape.h"

#include <string.h>

#include "common/base/str.h"

static const char unreserved[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
static const char replacement[] = "\xEF\xBF\xBD";

struct row {
	char c;
	const char *as;
};

static const struct row html_rows[] = {
	{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}, {0, NULL},
};

static const char *html_entity(char c)
{
	for (const struct row *row = html_rows; row->as; row++)
		if (row->c == c)
			return row->as;
	return NULL;
}

/* A byte that is no UTF-8, as the letter that it is in ISO 8859-1. */
static void append_latin1(struct buffer *b, unsigned char c)
{
	if (c < 0xA0) {
		buffer_append_str(b, replacement);
		return;
	}
	buffer_append_char(b, (char)(0xC0 | c >> 6));
	buffer_append_char(b, (char)(0x80 | (c & 0x3F)));
}

bool web_append_html(struct buffer *b, const char *text)
{
	while (*text) {
		unsigned char c = (unsigned char)*text;
		size_t len = str_utf8_length(text);
		const char *entity = html_entity(*text);

		if (entity)
			buffer_append_str(b, entity);
		else if (len == 0)
			append_latin1(b, c);
		else if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7F)
			buffer_append_str(b, replacement);
		else
			buffer_append(b, text, len);
		text += len ? len : 1;
	}
	return !b->failed;
}

static bool append_percent(struct buffer *b, const char *text, const char *also)
{
	for (; *text; text++) {
		if (strchr(unreserved, *text) || strchr(also, *text))
			buffer_append_char(b, *text);
		else
			buffer_appendf(b, "%%%02X", (unsigned char)*text);
	}
	return !b->failed;
}

bool web_append_url(struct buffer *b, const char *text)
{
	return append_percent(b, text, "");
}

bool web_append_query_value(struct buffer *b, const char *text)
{
	return append_percent(b, text, "@:,/[]");
}

bool web_append_js(struct buffer *b, const char *text)
{
	buffer_append_char(b, '"');
	while (*text) {
		unsigned char c = (unsigned char)*text;
		size_t len = str_utf8_length(text);

		if (len == 0 || c < 0x20 || strchr("\"'\\<>&`/=\x7F", c))
			buffer_appendf(b, "\\u%04x", c);
		else if (str_starts(text, "\xE2\x80\xA8") || str_starts(text, "\xE2\x80\xA9"))
			/* Ends of lines to older engines. */
			buffer_append_str(b, text[2] == '\xA8' ? "\\u2028" : "\\u2029");
		else
			buffer_append(b, text, len);
		text += len ? len : 1;
	}
	buffer_append_char(b, '"');
	return !b->failed;
}
