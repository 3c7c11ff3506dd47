#include "config.h"

#include "common/base/words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

/*
 * One block holds the word pointers and, behind them, the decoded text; it is
 * allocated with the first word and kept from line to line, so that a busy
 * reader allocates nothing at all and one at rest holds nothing but its struct.
 */
enum {
	FIRST_WORDS = 8,
	FIRST_TEXT = 192,
	KEPT_TEXT = 4096, /* a block above this is given back after its line */
};

/* What a byte may mean; the states below choose by masks of these. */
enum {
	PLAIN = 1 << 0,
	BLANK = 1 << 1, /* 0x20 */
	SPACE = 1 << 2, /* the control bytes that separate words */
	NEWLINE = 1 << 3,
	HASH = 1 << 4,
	QUOTE = 1 << 5,
	EQUALS = 1 << 6,
	BACKSLASH = 1 << 7,
};

/* Bytes of no class are dropped wherever they stand. */
static const uint8_t classes[256] = {
	['\t'] = SPACE,     ['\v'] = SPACE,        ['\f'] = SPACE,          ['\r'] = SPACE,
	['\n'] = NEWLINE,   [' '] = BLANK,         ['!'] = PLAIN,           ['"'] = QUOTE,
	['#'] = HASH,       ['$' ... '<'] = PLAIN, ['='] = EQUALS,          ['>' ... '['] = PLAIN,
	['\\'] = BACKSLASH, [']' ... '~'] = PLAIN, [0x80 ... 0xff] = PLAIN,
};

/* A quote inside a word has no meaning. */
#define RUN_IN_WORD   (PLAIN | QUOTE)
#define RUN_IN_QUOTES (PLAIN | BLANK | EQUALS)
#define PRINTABLE     (PLAIN | BLANK | HASH | QUOTE | EQUALS | BACKSLASH)

enum state {
	IN_GAP, /* before, between and behind words */
	IN_WORD,
	IN_QUOTES,
	IN_COMMENT,
	IN_RUBBISH, /* behind an error, up to the newline */
};

struct words {
	char **at; /* the block: at_size pointers, then text_size bytes */
	char *text;
	size_t count;
	size_t used;   /* bytes of text in use, NULs included */
	size_t length; /* decoded bytes of the line, to compare with the limit */
	struct words_limits limits;
	const char *error;
	uint32_t at_size;
	uint32_t text_size;
	unsigned here;   /* physical lines ended so far */
	unsigned begin;  /* line number of the last line or error */
	unsigned quoted; /* line number of the last opening quote */
	uint8_t dialect;
	uint8_t state;
	uint8_t verdict; /* what IN_RUBBISH will report */
	bool escaped;    /* the last byte was a backslash */
	bool begun;      /* a byte of the line has come */
	bool delivered;  /* count and text belong to a line the caller has seen */
};

/* Bare `=` is known by this address, so that a quoted one differs. */
static char equals_word[] = "=";

static uint8_t class_of(char c)
{
	return classes[(unsigned char)c];
}

static void release_block(struct words *w)
{
	/* Lines carry passwords. */
	if (w->at)
		secret_wipe(w->at, w->at_size * sizeof(*w->at) + w->text_size);
	free(w->at);
	w->at = NULL;
	w->text = NULL;
	w->at_size = w->text_size = 0;
}

struct words *words_new(enum words_dialect dialect, const struct words_limits *limits)
{
	struct words *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->dialect = (uint8_t)dialect;
	w->limits = *limits;
	w->error = "";
	return w;
}

void words_free(struct words *w)
{
	if (w)
		release_block(w);
	free(w);
}

static void clear_line(struct words *w)
{
	w->count = w->used = w->length = 0;
	w->state = IN_GAP;
	w->escaped = w->begun = w->delivered = false;
}

void words_reset(struct words *w)
{
	clear_line(w);
	release_block(w);
}

static enum words_result fail(struct words *w, enum words_result verdict, unsigned line,
			      const char *error)
{
	w->count = 0;
	w->verdict = (uint8_t)verdict;
	w->begin = line;
	w->error = error;
	w->state = IN_RUBBISH;
	return verdict;
}

static bool fail_too_long(struct words *w, const char *error)
{
	fail(w, WORDS_TOO_LONG, w->begin, error);
	return false;
}

static size_t grown(size_t size, size_t first, size_t want)
{
	if (!size)
		size = first;
	while (size < want)
		size *= 2;
	return size;
}

/* A larger block with the same content. */
static bool grow(struct words *w, size_t at_want, size_t text_want)
{
	size_t at_size = grown(w->at_size, FIRST_WORDS, at_want);
	size_t text_size = grown(w->text_size, FIRST_TEXT, text_want);
	char **at;
	char *text;

	if (at_size > UINT32_MAX / sizeof(*at) || text_size > UINT32_MAX)
		return fail_too_long(w, "line too long");
	at = malloc(at_size * sizeof(*at) + text_size);
	if (!at)
		return fail_too_long(w, "out of memory");
	text = (char *)(at + at_size);
	for (size_t i = 0; i < w->count; i++)
		at[i] = w->at[i] == equals_word ? equals_word : text + (w->at[i] - w->text);
	if (w->used)
		memcpy(text, w->text, w->used);
	release_block(w);
	w->at = at;
	w->text = text;
	w->at_size = (uint32_t)at_size;
	w->text_size = (uint32_t)text_size;
	return true;
}

/* False for this and the next functions: an error, the state is IN_RUBBISH. */
static bool add_word(struct words *w, char *word)
{
	if (w->count >= w->limits.max_words)
		return fail_too_long(w, "too many words");
	/* There is always room for the NUL of the word that is open. */
	if ((w->count >= w->at_size || w->used >= w->text_size) &&
	    !grow(w, w->count + 1, w->used + 1))
		return false;
	w->at[w->count++] = word ? word : w->text + w->used;
	return true;
}

static bool open_word(struct words *w, enum state state)
{
	w->state = (uint8_t)state;
	return add_word(w, NULL);
}

static void close_word(struct words *w)
{
	w->text[w->used++] = '\0';
	w->state = IN_GAP;
}

static bool add_text(struct words *w, const char *from, size_t len)
{
	if (len > w->limits.max_line - w->length)
		return fail_too_long(w, "line too long");
	if (w->used + len >= w->text_size && !grow(w, w->count, w->used + len + 1))
		return false;
	memcpy(w->text + w->used, from, len);
	w->used += len;
	w->length += len;
	return true;
}

static bool add_equals(struct words *w)
{
	if (w->length >= w->limits.max_line)
		return fail_too_long(w, "line too long");
	w->length++;
	return add_word(w, equals_word);
}

/* Ends the line that was read or the error that was skipped. */
static enum words_result deliver(struct words *w)
{
	w->delivered = true;
	if (w->state == IN_RUBBISH)
		return (enum words_result)w->verdict;
	if (w->state == IN_WORD)
		close_word(w);
	w->error = "";
	return WORDS_LINE;
}

/* A newline that is neither escaped nor quoted away. */
static enum words_result end_line(struct words *w)
{
	w->here++;
	return deliver(w);
}

/* The byte behind a backslash. */
static enum words_result take_escaped(struct words *w, const char *p)
{
	w->escaped = false;
	if (*p == '\n') {
		if (w->dialect == WORDS_WIRE) {
			fail(w, WORDS_BAD, w->begin, "backslash at the end of the line");
			return end_line(w);
		}
		w->here++;
		return WORDS_MORE;
	}
	if (!(class_of(*p) & PRINTABLE))
		return WORDS_MORE;
	if (w->state == IN_GAP && !open_word(w, IN_WORD))
		return WORDS_MORE;
	add_text(w, p, 1);
	return WORDS_MORE;
}

static const char *run_of(const char *p, const char *end, uint8_t mask)
{
	while (p < end && (class_of(*p) & mask))
		p++;
	return p;
}

/*
 * One function for each state: takes at least one byte or changes the state,
 * and returns where to go on.
 */
static const char *read_gap(struct words *w, const char *p, const char *end,
			    enum words_result *result)
{
	p = run_of(p, end, BLANK | SPACE);
	if (p == end)
		return p;
	switch (class_of(*p)) {
	case PLAIN:
		open_word(w, IN_WORD);
		return p;
	case QUOTE:
		w->quoted = w->here + 1;
		open_word(w, IN_QUOTES);
		break;
	case EQUALS:
		add_equals(w);
		break;
	case HASH:
		w->state = IN_COMMENT;
		break;
	case BACKSLASH:
		w->escaped = true;
		break;
	case NEWLINE:
		*result = end_line(w);
		break;
	}
	return p + 1;
}

static const char *read_word(struct words *w, const char *p, const char *end)
{
	const char *stop = run_of(p, end, RUN_IN_WORD);

	if (stop > p) {
		add_text(w, p, (size_t)(stop - p));
		return stop;
	}
	switch (class_of(*p)) {
	case BACKSLASH:
		w->escaped = true;
		return p + 1;
	case 0:
		return p + 1;
	default: /* what ends a word means the same between words */
		close_word(w);
		return p;
	}
}

static const char *read_quotes(struct words *w, const char *p, const char *end)
{
	const char *stop = run_of(p, end, RUN_IN_QUOTES);

	if (stop > p) {
		add_text(w, p, (size_t)(stop - p));
		return stop;
	}
	switch (class_of(*p)) {
	case QUOTE:
		close_word(w);
		break;
	case BACKSLASH:
		w->escaped = true;
		break;
	case HASH:
		/*
		 * The quote that was forgotten may be lines above: a comment is
		 * where the mistake shows, not where it is.
		 */
		if (w->here + 1 == w->quoted)
			add_text(w, p, 1);
		else
			fail(w, WORDS_BAD, w->quoted,
			     "# below the line of a quote, without a backslash");
		break;
	case NEWLINE:
		if (w->dialect == WORDS_WIRE) {
			fail(w, WORDS_BAD, w->quoted, "quote without its end");
			return p; /* the newline ends the rubbish */
		}
		w->here++;
		break;
	}
	return p + 1;
}

static const char *skip_to_newline(struct words *w, const char *p, const char *end,
				   enum words_result *result)
{
	p = memchr(p, '\n', (size_t)(end - p));
	if (!p)
		return end;
	*result = end_line(w);
	return p + 1;
}

static const char *step(struct words *w, const char *p, const char *end, enum words_result *result)
{
	if (w->escaped) {
		*result = take_escaped(w, p);
		return p + 1;
	}
	switch ((enum state)w->state) {
	case IN_GAP:
		return read_gap(w, p, end, result);
	case IN_WORD:
		return read_word(w, p, end);
	case IN_QUOTES:
		return read_quotes(w, p, end);
	case IN_COMMENT:
	case IN_RUBBISH:
		break;
	}
	return skip_to_newline(w, p, end, result);
}

static void start_call(struct words *w)
{
	if (!w->delivered)
		return;
	clear_line(w);
	if (w->text_size > KEPT_TEXT)
		release_block(w);
}

enum words_result words_feed(struct words *w, const char **buf, size_t *len)
{
	enum words_result result = WORDS_MORE;
	const char *p = *buf, *end = p + *len;

	start_call(w);
	if (p < end && !w->begun) {
		w->begun = true;
		w->begin = w->here + 1;
	}
	while (p < end && result == WORDS_MORE)
		p = step(w, p, end, &result);
	*buf = p;
	*len = (size_t)(end - p);
	return result;
}

enum words_result words_end(struct words *w)
{
	start_call(w);
	if (!w->begun)
		return WORDS_MORE;
	if (w->state == IN_QUOTES)
		fail(w, WORDS_BAD, w->quoted, "quote without its end");
	else if (w->escaped && w->dialect == WORDS_WIRE)
		fail(w, WORDS_BAD, w->begin, "backslash at the end of the line");
	return deliver(w);
}

bool words_partial(const struct words *w)
{
	return w->begun && !w->delivered;
}

size_t words_count(const struct words *w)
{
	return w->delivered ? w->count : 0;
}

const char *words_at(const struct words *w, size_t i)
{
	return i < words_count(w) ? w->at[i] : "";
}

char *const *words_all(const struct words *w)
{
	return w->at;
}

bool words_is_equals(const struct words *w, size_t i)
{
	return i < words_count(w) && w->at[i] == equals_word;
}

unsigned words_line_number(const struct words *w)
{
	return w->begin;
}

const char *words_error(const struct words *w)
{
	return w->error;
}

/* Appends the word with its special bytes escaped and without those that no reader would take. */
static bool append_escaped(struct buffer *b, const char *word)
{
	while (*word) {
		const char *stop = word;

		while (class_of(*stop) & (PLAIN | BLANK | EQUALS))
			stop++;
		buffer_append(b, word, (size_t)(stop - word));
		if (!*stop)
			break;
		if (class_of(*stop) & PRINTABLE) {
			buffer_append_char(b, '\\');
			buffer_append_char(b, *stop);
		}
		word = stop + 1;
	}
	return !b->failed;
}

bool words_append_quoted(struct buffer *b, const char *word)
{
	buffer_append_char(b, '"');
	append_escaped(b, word);
	return buffer_append_char(b, '"');
}

bool words_append_word(struct buffer *b, const char *word)
{
	bool bare = false;

	/* Bare only if a byte is left to see after dropping. */
	for (const char *p = word; *p; p++) {
		if (class_of(*p) & (BLANK | EQUALS))
			return words_append_quoted(b, word);
		bare |= (class_of(*p) & PRINTABLE) != 0;
	}
	return bare ? append_escaped(b, word) : words_append_quoted(b, word);
}
