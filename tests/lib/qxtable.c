#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "tests/lib/qxtable.h"

static size_t unescape(char *text)
{
	size_t used = 0;

	for (const char *p = text; *p; p++) {
		if (p[0] == '\\' && p[1] == 'x' && p[2] && p[3]) {
			char digits[3] = {p[2], p[3], '\0'};

			text[used++] = (char)strtoul(digits, NULL, 16);
			p += 3;
		} else {
			text[used++] = *p;
		}
	}
	return used;
}

bool qxtable_take_line(struct qxtable *t, char *line)
{
	struct qxtable_answer *a = &t->answers[t->count];
	char *arrow = strstr(line, "=>");

	if (line[0] == '#')
		return true;
	t->checked = t->checked || str_equal(line, "crc");
	if (!arrow)
		return true;
	if (t->count == QXTABLE_ANSWERS_MAX ||
	    !str_copy(a->text, sizeof(a->text) - 3, arrow[2] == ' ' ? arrow + 3 : arrow + 2))
		return false;
	a->length = unescape(a->text);
	while (arrow > line && arrow[-1] == ' ')
		arrow--;
	if (!str_format(a->query, sizeof(a->query), "%.*s", (int)(arrow - line), line))
		return false;
	t->count++;
	return true;
}

static void add_check(char *text, size_t *len)
{
	unsigned total = 0;

	for (size_t i = 0; i < *len; i++) {
		total ^= (unsigned)(unsigned char)text[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			total = (total << 1 ^ (total & 0x8000 ? 0x1021U : 0)) & 0xffff;
	}
	for (int shift = 8; shift >= 0; shift -= 8) {
		unsigned byte = total >> shift & 0xff;

		text[(*len)++] = (char)(byte + (byte == '(' || byte == '\r' || byte == '\n'));
	}
}

void qxtable_finish(struct qxtable *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct qxtable_answer *a = &t->answers[i];

		if (a->length == 0)
			continue;
		if (t->checked)
			add_check(a->text, &a->length);
		a->text[a->length++] = '\r';
	}
}

const struct qxtable_answer *qxtable_find(const struct qxtable *t, const char *query, size_t len)
{
	len -= len > 0 && query[len - 1] == '\r';
	if (t->checked && len > 2)
		len -= 2;
	for (size_t i = 0; i < t->count; i++) {
		const char *pattern = t->answers[i].query;
		size_t n = strcspn(pattern, "*");

		if (n <= len && memcmp(pattern, query, n) == 0 && (pattern[n] == '*' || n == len))
			return &t->answers[i];
	}
	return NULL;
}
