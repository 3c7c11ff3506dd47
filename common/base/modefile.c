#include "config.h"

#include "common/base/modefile.h"

#include <string.h>

#include "common/base/str.h"

struct assignment {
	size_t begin, end; /* of the value, quotes included */
	unsigned line;
	bool found;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static size_t skip_blanks(const char *text, size_t len, size_t i)
{
	while (i < len && is_blank(text[i]))
		i++;
	return i;
}

/* The end of a quoted piece that begins at i; one that is open ends with the text. */
static size_t skip_quotes(const char *text, size_t len, size_t i)
{
	char quote = text[i++];

	while (i < len && text[i] != quote)
		i += quote == '"' && text[i] == '\\' && i + 1 < len ? 2 : 1;
	return i < len ? i + 1 : len;
}

/* The end of a word of the shell: its quotes may go over several lines. */
static size_t skip_word(const char *text, size_t len, size_t i)
{
	while (i < len && !is_blank(text[i]) && !strchr("\n;&|", text[i])) {
		if (text[i] == '\'' || text[i] == '"')
			i = skip_quotes(text, len, i);
		else
			i += text[i] == '\\' && i + 1 < len ? 2 : 1;
	}
	return i;
}

static size_t name_length(const char *text, size_t len, size_t i)
{
	size_t n = 0;

	while (i + n < len && is_name_char(text[i + n]))
		n++;
	return n;
}

/* A command of the shell at i: if it assigns to the name, that is noted. Returns its first byte
 * that is none of the assignment. */
static size_t take_command(const char *text, size_t len, size_t i, const char *name,
			   struct assignment *a, size_t *value)
{
	size_t n = name_length(text, len, i);

	if (n == 6 && strncmp(text + i, "export", n) == 0 && i + n < len && is_blank(text[i + n])) {
		i = skip_blanks(text, len, i + n);
		n = name_length(text, len, i);
	}
	if (!n || i + n >= len || text[i + n] != '=')
		return i;
	*value = i + n + 1;
	if (strlen(name) == n && strncmp(text + i, name, n) == 0) {
		a->begin = *value;
		a->found = true;
	}
	return *value;
}

static unsigned count_lines(const char *text, size_t from, size_t to)
{
	unsigned n = 0;

	for (; from < to; from++)
		n += text[from] == '\n';
	return n;
}

/* The last assignment to a name. */
static struct assignment find(const char *text, size_t len, const char *name)
{
	struct assignment last = {.found = false};
	unsigned line = 1;
	size_t i = 0;

	while (i < len) {
		struct assignment a = {.line = line};
		size_t start = i, value = len;

		i = skip_blanks(text, len, i);
		if (i < len && text[i] == '#') {
			const char *end = memchr(text + i, '\n', len - i);

			i = end ? (size_t)(end - text) : len;
		} else {
			i = skip_word(text, len, take_command(text, len, i, name, &a, &value));
			a.end = i;
			if (a.found)
				last = a;
		}
		/* A separator, or what this does not understand. */
		if (i < len && strchr("\n;&|", text[i]))
			i++;
		line += count_lines(text, start, i);
	}
	return last;
}

static void append_plain(const char *text, size_t from, size_t to, struct buffer *value)
{
	char quote = '\0';

	for (size_t i = from; i < to; i++) {
		char c = text[i];

		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
			continue;
		}
		/* In double quotes a backslash stays before what needs none. */
		if (c == '\\' && quote != '\'' && i + 1 < to &&
		    (!quote || strchr("\"\\$`\n", text[i + 1]))) {
			c = text[++i];
			if (c == '\n')
				continue;
		}
		buffer_append_char(value, c);
	}
}

bool modefile_get(const char *text, size_t len, const char *name, struct buffer *value,
		  unsigned *line)
{
	struct assignment a = find(text, len, name);

	if (!a.found)
		return false;
	append_plain(text, a.begin, a.end, value);
	if (line)
		*line = a.line;
	return true;
}

/* In single quotes where a shell would see more in it than text. */
static void append_value(struct buffer *out, const char *value)
{
	bool plain = *value != '\0';

	for (const char *p = value; *p; p++)
		plain &= is_name_char(*p) || strchr("-./:,@%+", *p);
	if (plain) {
		buffer_append_str(out, value);
		return;
	}
	buffer_append_char(out, '\'');
	for (; *value; value++) {
		if (*value == '\'')
			buffer_append_str(out, "'\\''");
		else
			buffer_append_char(out, *value);
	}
	buffer_append_char(out, '\'');
}

bool modefile_set(const char *text, size_t len, const char *name, const char *value,
		  struct buffer *out)
{
	struct assignment a = find(text, len, name);

	if (a.found) {
		buffer_append(out, text, a.begin);
		append_value(out, value);
		buffer_append(out, text + a.end, len - a.end);
		return !out->failed;
	}
	buffer_append(out, text, len);
	if (len && text[len - 1] != '\n')
		buffer_append_char(out, '\n');
	buffer_appendf(out, "%s=", name);
	append_value(out, value);
	return buffer_append_char(out, '\n');
}
