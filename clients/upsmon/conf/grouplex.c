#include "config.h"

#include "clients/upsmon/conf/grouplex.h"

#include <string.h>

#include "common/base/str.h"

static const struct quote {
	const char *open, *close;
} quotes[] = {
	{"'", "'"},
	{"\"", "\""},
	{"\xc2\xab", "\xc2\xbb"},         /* « » */
	{"\xe2\x8e\xa1", "\xe2\x8e\xa6"}, /* ⎡ ⎦ */
	{"\xe2\xb8\xa2", "\xe2\xb8\xa5"}, /* ⸢ ⸥ */
};

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

static bool is_beyond_ascii(char c)
{
	return (unsigned char)c >= 0x80;
}

/* The text ends with a NUL, which is part of no mark and no UTF-8 sequence. */
static bool stands(const char *p, const char *mark)
{
	return strncmp(p, mark, strlen(mark)) == 0;
}

static const struct quote *quote_at(const char *p)
{
	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
		if (stands(p, quotes[i].open))
			return &quotes[i];
	}
	return NULL;
}

/* Steps over `bytes`, none of them a newline. */
static void step(struct grouplex *l, size_t bytes)
{
	for (; bytes; bytes--, l->p++)
		l->at.column += ((unsigned char)*l->p & 0xc0) != 0x80;
}

static void skip_comment(struct grouplex *l)
{
	size_t left = (size_t)(l->end - l->p);
	const char *newline = memchr(l->p, '\n', left);

	step(l, newline ? (size_t)(newline - l->p) : left);
}

static void skip_blanks(struct grouplex *l)
{
	while (l->p < l->end) {
		if (*l->p == '\n') {
			l->p++;
			l->at.line++;
			l->at.column = 1;
		} else if (is_space(*l->p)) {
			step(l, 1);
		} else if (*l->p == '#') {
			skip_comment(l);
		} else {
			return;
		}
	}
}

/* ------------------------------------------------------------------- tokens */

static enum group_token_problem problem_of(const char *p)
{
	if (is_control(*p))
		return GROUP_CONTROL;
	return str_utf8_length(p) ? GROUP_SOUND : GROUP_NOT_UTF8;
}

static void take_quoted(struct grouplex *l, struct group_token *t, const struct quote *q)
{
	size_t len;

	t->kind = GROUP_QUOTED;
	step(l, strlen(q->open));
	t->text = l->p;
	while (!stands(l->p, q->close)) {
		if (l->p == l->end || *l->p == '\n' || *l->p == '\r') {
			t->problem = GROUP_OPEN_QUOTE;
			t->len = (size_t)(l->p - t->text);
			return;
		}
		if (t->problem == GROUP_SOUND)
			t->problem = problem_of(l->p);
		len = str_utf8_length(l->p);
		step(l, len ? len : 1);
	}
	t->len = (size_t)(l->p - t->text);
	step(l, strlen(q->close));
}

static void take_address(struct grouplex *l, struct group_token *t)
{
	t->kind = GROUP_ADDRESS;
	step(l, 1);
	t->text = l->p;
	while (is_letter(*l->p) || is_digit(*l->p) || (*l->p && strchr(":.%-", *l->p)))
		step(l, 1);
	t->len = (size_t)(l->p - t->text);
	if (*l->p == ']')
		step(l, 1);
	else
		t->problem = GROUP_OPEN_BRACKET;
}

/* Letters that no name has belong to the word all the same, so that it is told once. */
static bool goes_on(const char *p)
{
	if (is_letter(*p) || is_digit(*p))
		return true;
	if (is_beyond_ascii(*p))
		return !quote_at(p);
	return *p && strchr("._%+-", *p) && !stands(p, "->");
}

static void take_word(struct grouplex *l, struct group_token *t)
{
	bool number = true, foreign = false;

	for (; goes_on(l->p); step(l, 1)) {
		number = number && (is_digit(*l->p) || *l->p == '.');
		foreign = foreign || is_beyond_ascii(*l->p);
	}
	t->len = (size_t)(l->p - t->text);
	if (foreign || strchr("%+-", t->text[0])) {
		t->kind = GROUP_STRAY;
		t->problem = GROUP_BAD_WORD;
	} else if (number) {
		t->kind = GROUP_NUMBER;
	} else {
		t->kind = is_letter(t->text[0]) ? GROUP_NAME : GROUP_WORD;
	}
}

static void take_symbol(struct grouplex *l, struct group_token *t)
{
	static const struct {
		const char *text;
		enum group_token_kind kind;
	} symbols[] = {
		{"->", GROUP_ARROW}, {":", GROUP_COLON}, {"=", GROUP_EQUALS}, {"@", GROUP_AT}};

	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		if (!stands(l->p, symbols[i].text))
			continue;
		t->kind = symbols[i].kind;
		t->len = strlen(symbols[i].text);
		step(l, t->len);
		return;
	}
	t->kind = GROUP_STRAY;
	t->problem = GROUP_BAD_CHARACTER;
	t->len = 1;
	step(l, 1);
}

void grouplex_next(struct grouplex *l, struct group_token *t)
{
	const struct quote *q;

	skip_blanks(l);
	*t = (struct group_token){.text = l->p, .at = l->at};
	if (l->p >= l->end)
		return;
	q = quote_at(l->p);
	if (q)
		take_quoted(l, t, q);
	else if (*l->p == '[')
		take_address(l, t);
	else if (goes_on(l->p))
		take_word(l, t);
	else
		take_symbol(l, t);
}

void grouplex_begin(struct grouplex *l, const char *text, size_t len)
{
	static const char mark[] = "\xef\xbb\xbf";

	*l = (struct grouplex){.p = text, .end = text + len, .at = {1, 1}};
	if (stands(text, mark))
		l->p += strlen(mark);
}

bool group_token_is(const struct group_token *t, const char *text)
{
	return strlen(text) == t->len && memcmp(t->text, text, t->len) == 0;
}

bool grouplex_is(const char *text, enum group_token_kind kind)
{
	struct grouplex l;
	struct group_token t;

	grouplex_begin(&l, text, strlen(text));
	grouplex_next(&l, &t);
	return t.kind == kind && t.problem == GROUP_SOUND && t.len == strlen(text);
}
