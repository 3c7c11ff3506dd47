#include "config.h"

#include "clients/nutconf/lineedit_private.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/base/words.h"

enum { COMMENT_TRIES = 64 };

/* As conffile reads. */
static const struct words_limits limits = {.max_words = 1024, .max_line = 64 * 1024};

/* ------------------------------------------------------------------ the lines */

static void free_line(struct line *l)
{
	if (l->raw)
		secret_wipe(l->raw, l->len);
	free(l->raw);
	for (char **w = l->words; w && *w; w++)
		secret_free(w);
	free(l->words);
	*l = (struct line){0};
}

static bool copy_words(struct line *l, const struct words *w)
{
	size_t count = words_count(w);

	if (!count)
		return true;
	l->words = calloc(count + 1, sizeof(*l->words));
	l->equals = words_is_equals(w, 1);
	for (size_t i = 0; l->words && i < count; i++) {
		l->words[i] = str_dup(words_at(w, i));
		if (!l->words[i])
			return false;
	}
	return l->words;
}

/* What a run of bytes says that is one logical line. */
static bool read_line(struct line *l, struct words *w, const char *text, size_t *len)
{
	const char *p = text;
	size_t left = *len;
	enum words_result what = words_feed(w, &p, &left);
	bool ok = true;

	if (what == WORDS_MORE)
		what = words_end(w);
	*l = (struct line){.bad = what != WORDS_LINE};
	if (what == WORDS_LINE)
		ok = copy_words(l, w);
	l->len = *len = (size_t)(p - text);
	l->raw = malloc(l->len + 1);
	if (!ok || !l->raw) {
		free_line(l);
		return false;
	}
	memcpy(l->raw, text, l->len);
	l->raw[l->len] = '\0';
	return true;
}

static bool insert(struct lineedit *e, size_t at, const struct line *l)
{
	if (e->count == e->size) {
		size_t size = e->size ? e->size * 2 : 64;
		struct line *grown = realloc(e->lines, size * sizeof(*grown));

		if (!grown)
			return false;
		e->lines = grown;
		e->size = size;
	}
	memmove(&e->lines[at + 1], &e->lines[at], (e->count - at) * sizeof(*e->lines));
	e->lines[at] = *l;
	e->count++;
	return true;
}

struct lineedit *lineedit_new(const char *text, size_t len)
{
	struct lineedit *e = calloc(1, sizeof(*e));
	struct words *w = words_new(WORDS_FILE, &limits);
	bool ok = e && w;

	while (ok && len > 0) {
		struct line l;
		size_t taken = len;

		ok = read_line(&l, w, text, &taken);
		if (ok && !insert(e, e->count, &l)) {
			free_line(&l);
			ok = false;
		}
		text += taken;
		len -= taken;
	}
	words_free(w);
	if (ok)
		return e;
	lineedit_free(e);
	return NULL;
}

void lineedit_free(struct lineedit *e)
{
	for (size_t i = 0; e && i < e->count; i++)
		free_line(&e->lines[i]);
	if (e)
		free(e->lines);
	free(e);
}

static void append_raw(const struct lineedit *e, struct buffer *out)
{
	for (size_t i = 0; i < e->count; i++)
		buffer_append(out, e->lines[i].raw, e->lines[i].len);
}

static unsigned number_of(const struct lineedit *e, size_t line)
{
	unsigned number = 1;

	for (size_t i = 0; i < line && i < e->count; i++)
		for (size_t j = 0; j < e->lines[i].len; j++)
			number += e->lines[i].raw[j] == '\n';
	return number;
}

static bool same_words(const struct line *a, const struct line *b)
{
	char *const *x = a->words, *const *y = b->words;

	if (a->bad != b->bad || a->equals != b->equals || !x != !y)
		return false;
	for (; x && *x && *y; x++, y++)
		if (!str_equal(*x, *y))
			return false;
	return !x || *x == *y;
}

/* The lines are read back, each as it is meant; *odd is the first that is not. */
static bool reads_back(const struct lineedit *e, const char *text, size_t len, size_t *odd)
{
	struct lineedit *again = lineedit_new(text, len);
	bool same = again && again->count == e->count;

	for (*odd = 0; again && *odd < e->count && *odd < again->count; ++*odd) {
		if (!same_words(&e->lines[*odd], &again->lines[*odd])) {
			same = false;
			break;
		}
	}
	lineedit_free(again);
	return same;
}

bool lineedit_text(struct lineedit *e, struct buffer *out)
{
	size_t begin = out->len, odd;

	append_raw(e, out);
	e->obstacle = 0;
	if (out->failed)
		return false;
	if (reads_back(e, out->data ? out->data + begin : "", out->len - begin, &odd))
		return true;
	e->obstacle = number_of(e, odd);
	return false;
}

unsigned lineedit_obstacle(const struct lineedit *e)
{
	return e->obstacle;
}

bool lineedit_can_hold(const char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			return false;
	return true;
}

bool lineedit_says_anything(const struct lineedit *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (e->lines[i].words || e->lines[i].bad)
			return true;
	return false;
}

size_t lineedit_count(const struct lineedit *e)
{
	return e->count;
}

const char *lineedit_raw(const struct lineedit *e, long line, size_t *len)
{
	*len = e->lines[line].len;
	return e->lines[line].raw;
}

bool lineedit_is_bad(const struct lineedit *e, long line)
{
	return e->lines[line].bad;
}

/* ------------------------------------------------------------------- writing */

/* True when a piece of a line alone has the words of `like`. */
static bool reads_as(const char *text, size_t len, const struct line *like)
{
	struct words *w = words_new(WORDS_FILE, &limits);
	struct line l = {0};
	size_t taken = len;
	bool same = w && read_line(&l, w, text, &taken) && taken == len && same_words(&l, like);

	words_free(w);
	free_line(&l);
	return same;
}

/* Where the comment of a line begins: behind the shortest piece that says all of it and has a #
 * next; the line's end if it has none. */
static size_t find_comment(const struct line *l)
{
	const char *at = l->raw;

	for (int tries = 0; tries < COMMENT_TRIES; tries++, at++) {
		at = memchr(at, '#', l->len - (size_t)(at - l->raw));
		if (!at)
			break;
		if (reads_as(l->raw, (size_t)(at - l->raw), l))
			return (size_t)(at - l->raw);
	}
	return l->len;
}

static size_t blanks_at(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && (text[n] == ' ' || text[n] == '\t'))
		n++;
	return n;
}

static const char *ending_of(const struct line *l)
{
	return l && l->len > 1 && memcmp(l->raw + l->len - 2, "\r\n", 2) == 0 ? "\r\n" : "\n";
}

/* The words of a line, an = behind the first one if there is to be one. */
static bool append_line(struct buffer *b, const char *const *words, bool equals)
{
	for (size_t i = 0; words[i]; i++) {
		if (i)
			buffer_append_char(b, ' ');
		if (i == 1 && equals)
			buffer_append_str(b, "= ");
		words_append_word(b, words[i]);
	}
	return !b->failed;
}

/* Makes a line of a text that was just written. */
static bool line_of(struct line *l, const struct buffer *text)
{
	struct words *w = words_new(WORDS_FILE, &limits);
	size_t taken = text->len;
	bool ok = w && !text->failed && read_line(l, w, text->data, &taken);

	words_free(w);
	return ok;
}

static void wipe(struct buffer *b)
{
	if (b->data)
		secret_wipe(b->data, b->len);
	buffer_free(b);
}

/* What stays of the line stands around the new words. */
bool lineedit_rewrite(struct line *l, const char *const *words, bool equals)
{
	struct buffer b = {0};
	struct line fresh;
	size_t comment = find_comment(l), gap = comment;
	bool ok;

	buffer_append(&b, l->raw, blanks_at(l->raw, l->len));
	append_line(&b, words, equals);
	if (comment < l->len) {
		while (gap > 0 && (l->raw[gap - 1] == ' ' || l->raw[gap - 1] == '\t'))
			gap--;
		buffer_append(&b, l->raw + gap, l->len - gap);
	}
	if (comment == l->len || l->raw[l->len - 1] != '\n')
		buffer_append_str(&b, ending_of(l));
	ok = line_of(&fresh, &b);
	wipe(&b);
	if (!ok)
		return false;
	free_line(l);
	*l = fresh;
	return true;
}

/* What comes behind the line would be part of it: a quote is open, or its end is escaped. */
static bool is_open(const struct line *l)
{
	struct words *w = words_new(WORDS_FILE, &limits);
	const char *p = l->raw, *lf = "\n";
	size_t len = l->len, one = 1;
	bool ended = l->len && l->raw[l->len - 1] == '\n';
	bool open = !w || words_feed(w, &p, &len) == WORDS_MORE;

	if (w && open && !ended)
		open = words_feed(w, &lf, &one) == WORDS_MORE;
	words_free(w);
	return open;
}

bool lineedit_swallows(const struct line *l)
{
	return l->bad && is_open(l);
}

static bool add_newline(struct line *l)
{
	char *grown = realloc(l->raw, l->len + 2);

	if (!grown)
		return false;
	l->raw = grown;
	grown[l->len++] = '\n';
	grown[l->len] = '\0';
	return true;
}

/* Ends the last line of a file, so that another can follow. */
static bool end_last(struct line *l)
{
	if (!l->len || l->raw[l->len - 1] != '\n') {
		if (!add_newline(l))
			return false;
	}
	return !is_open(l) || add_newline(l);
}

bool lineedit_write(struct lineedit *e, size_t at, const char *indent, const char *const *words,
		    bool equals)
{
	struct buffer b = {0};
	struct line l;
	bool ok;

	if (at == e->count && at > 0 && lineedit_swallows(&e->lines[at - 1]))
		at--;
	if (at == e->count && at > 0 && !end_last(&e->lines[at - 1]))
		return false;
	buffer_append_str(&b, indent);
	append_line(&b, words, equals);
	buffer_append_str(&b, ending_of(at > 0 ? &e->lines[at - 1] : NULL));
	ok = line_of(&l, &b);
	wipe(&b);
	if (ok && !insert(e, at, &l)) {
		free_line(&l);
		ok = false;
	}
	return ok;
}

/* -------------------------------------------------------------- lines of words */

static bool begins_with(const struct line *l, const char *const *words)
{
	size_t i = 0;

	for (; words[i]; i++)
		if (!l->words || !l->words[i] || !str_equal(l->words[i], words[i]))
			return false;
	return true;
}

long lineedit_find(const struct lineedit *e, long from, const char *const *words)
{
	for (size_t i = (size_t)from; i < e->count; i++)
		if (e->lines[i].words && begins_with(&e->lines[i], words))
			return (long)i;
	return -1;
}

const char *lineedit_word(const struct lineedit *e, long line, size_t i)
{
	char *const *words = e->lines[line].words;

	while (words && *words && i-- > 0)
		words++;
	return words ? *words : NULL;
}

bool lineedit_replace(struct lineedit *e, long line, const char *const *words)
{
	return lineedit_rewrite(&e->lines[line], words, false);
}

/* A comment at the end of the file is about something else. */
static bool set_apart(struct lineedit *e)
{
	static const char *const nothing[] = {NULL};
	const struct line *last = e->count ? &e->lines[e->count - 1] : NULL;

	return !last || last->bad || last->words || !memchr(last->raw, '#', last->len) ||
	       lineedit_write(e, e->count, "", nothing, false);
}

bool lineedit_add(struct lineedit *e, const char *const *words)
{
	const char *const like[] = {words[0], NULL};
	size_t at = 0;

	for (long i = 0; (i = lineedit_find(e, i, like)) >= 0; i++)
		at = (size_t)i + 1;
	if (!at && !set_apart(e))
		return false;
	return lineedit_write(e, at ? at : e->count, "", words, false);
}

bool lineedit_set(struct lineedit *e, const char *const *like, const char *const *words)
{
	long first = lineedit_find(e, 0, like), other;

	if (first < 0)
		return lineedit_add(e, words);
	while ((other = lineedit_find(e, first + 1, like)) >= 0)
		lineedit_remove(e, other);
	return lineedit_replace(e, first, words);
}

void lineedit_remove(struct lineedit *e, long line)
{
	size_t at = (size_t)line;

	free_line(&e->lines[at]);
	e->count--;
	memmove(&e->lines[at], &e->lines[at + 1], (e->count - at) * sizeof(*e->lines));
}

void lineedit_remove_all(struct lineedit *e, const char *const *like)
{
	long line;

	while ((line = lineedit_find(e, 0, like)) >= 0)
		lineedit_remove(e, line);
}
