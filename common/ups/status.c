#include "config.h"

#include <string.h>

#include "common/base/str.h"
#include "common/ups/status.h"

static const struct status_row {
	const char *word;
	enum status_bit bit;
} status_rows[] = {
	{"OL", STATUS_OL},           {"OB", STATUS_OB},         {"LB", STATUS_LB},
	{"HB", STATUS_HB},           {"RB", STATUS_RB},         {"CHRG", STATUS_CHRG},
	{"DISCHRG", STATUS_DISCHRG}, {"BYPASS", STATUS_BYPASS}, {"CAL", STATUS_CAL},
	{"OFF", STATUS_OFF},         {"OVER", STATUS_OVER},     {"TRIM", STATUS_TRIM},
	{"BOOST", STATUS_BOOST},     {"FSD", STATUS_FSD},       {"ALARM", STATUS_ALARM},
	{"ECO", STATUS_ECO},         {"WAIT", STATUS_WAIT},
};

enum { STATUS_ROWS = sizeof(status_rows) / sizeof(*status_rows) };

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word from *text, which is advanced past it; NULL at the end. */
static const char *next_word(const char **text, size_t *len)
{
	const char *word;

	while (is_blank(**text))
		(*text)++;
	word = *text;
	while (**text && !is_blank(**text))
		(*text)++;
	*len = (size_t)(*text - word);
	return *len ? word : NULL;
}

uint32_t status_bit_of(const char *word, size_t len)
{
	for (size_t i = 0; i < STATUS_ROWS; i++) {
		if (strlen(status_rows[i].word) == len &&
		    str_ncasecmp(status_rows[i].word, word, len) == 0)
			return status_rows[i].bit;
	}
	return 0;
}

const char *status_word(enum status_bit bit)
{
	for (size_t i = 0; i < STATUS_ROWS; i++) {
		if (status_rows[i].bit == bit)
			return status_rows[i].word;
	}
	return NULL;
}

/* Where a word stands among the words of b, letter case aside; b->len if nowhere. */
static size_t find_word(const struct buffer *b, const char *word, size_t len)
{
	size_t start = 0;

	while (start < b->len) {
		size_t end = start;

		while (end < b->len && b->data[end] != ' ')
			end++;
		if (end - start == len && str_ncasecmp(b->data + start, word, len) == 0)
			return start;
		start = end + 1;
	}
	return b->len;
}

static bool append_once(struct buffer *b, const char *word, size_t len)
{
	if (find_word(b, word, len) < b->len)
		return true;
	if (b->len > 0)
		buffer_append_char(b, ' ');
	return buffer_append(b, word, len);
}

uint32_t status_parse(const char *text, struct buffer *others)
{
	uint32_t bits = 0;
	const char *word;
	size_t len;

	while ((word = next_word(&text, &len))) {
		uint32_t bit = status_bit_of(word, len);

		bits |= bit;
		if (!bit && others)
			append_once(others, word, len);
	}
	return bits;
}

void status_text_begin(struct status_text *s)
{
	buffer_clear(&s->words);
	s->alarm = false;
}

bool status_text_add(struct status_text *s, const char *word)
{
	const char *one;
	size_t len;
	bool ok = true;

	while ((one = next_word(&word, &len))) {
		if (status_bit_of(one, len) == STATUS_ALARM)
			s->alarm = true;
		else
			ok = append_once(&s->words, one, len) && ok;
	}
	return ok;
}

bool status_text_has(const struct status_text *s, const char *word)
{
	size_t len = strlen(word);

	if (status_bit_of(word, len) == STATUS_ALARM)
		return s->alarm;
	return find_word(&s->words, word, len) < s->words.len;
}

void status_text_remove(struct status_text *s, const char *word)
{
	size_t len = strlen(word), at, end;
	struct buffer *b = &s->words;

	if (status_bit_of(word, len) == STATUS_ALARM)
		s->alarm = false;
	at = find_word(b, word, len);
	if (at >= b->len)
		return;
	end = at + len;
	if (end < b->len)
		end++; /* the blank behind it */
	else if (at > 0)
		at--; /* the blank before the last word */
	memmove(b->data + at, b->data + end, b->len - end);
	b->len -= end - at;
}

const char *status_text_string(struct status_text *s)
{
	if (s->alarm && find_word(&s->words, "ALARM", 5) == s->words.len) {
		/* Put first here, and not earlier: it is the first word whenever it came. */
		struct buffer whole = {0};

		buffer_append_str(&whole, "ALARM");
		if (s->words.len > 0)
			buffer_append_char(&whole, ' ');
		buffer_append(&whole, s->words.data, s->words.len);
		buffer_free(&s->words);
		s->words = whole;
	}
	return buffer_string(&s->words);
}

void status_text_free(struct status_text *s)
{
	buffer_free(&s->words);
	s->alarm = false;
}
