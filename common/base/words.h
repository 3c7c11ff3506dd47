/*
 * words: split a line into words, and quote words back into a line.
 *
 * One grammar serves the configuration files, the client protocol and the
 * driver socket (spec/config-files.md section 1; docs/grammar.md).  The reader
 * is incremental: feed it bytes as they come, take lines as they complete.
 *
 *  - words are separated by white space (space, tab, CR, VT, FF); LF ends a line;
 *  - `"` opens a quoted word only at the start of a word; its end ends the word;
 *  - backslash makes the next byte literal, in and out of quotes; backslash-LF
 *    joins lines (files only; on a wire it is an error);
 *  - `#` outside quotes ends the line as a comment (a word begun is kept);
 *    inside quotes it must be escaped; unescaped it is an error;
 *  - `=` outside quotes is a word of its own;
 *  - a LF inside quotes: in files it is dropped and the word goes on; on a wire
 *    it is an error that ends with that line (one line, one answer);
 *  - other control bytes and NUL are dropped; bytes from 0x80 pass.
 * An error swallows the rest of its physical line and is reported once.
 */
#ifndef COMMON_BASE_WORDS_H
#define COMMON_BASE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"

enum words_dialect {
	WORDS_FILE, /* lines may continue over LF */
	WORDS_WIRE, /* every LF ends a line */
};

struct words_limits {
	size_t max_words; /* per line; more is an error, never a silent cut */
	size_t max_line;  /* bytes of one line after decoding */
};

enum words_result {
	WORDS_MORE,	/* no complete line yet; all bytes used */
	WORDS_LINE,	/* words_count() and words_at() are valid until the next call */
	WORDS_TOO_LONG, /* the line is over a limit and was dropped up to its newline */
	WORDS_BAD,	/* unbalanced quote and the like; words_error() says which */
};

struct words;

/* `limits` is copied. NULL when out of memory. A reader at rest holds under 200 bytes. */
struct words *words_new(enum words_dialect dialect, const struct words_limits *limits);
void words_free(struct words *w);

/* Forgets a partial line and gives the memory back that lines needed. */
void words_reset(struct words *w);

/*
 * Takes bytes from *buf, advancing it and reducing *len past what was used;
 * stops after each line or error.  Out of memory counts as WORDS_TOO_LONG.
 */
enum words_result words_feed(struct words *w, const char **buf, size_t *len);

/* Ends the input: a last line without LF is completed (WORDS_LINE, WORDS_BAD or WORDS_MORE = none). */
enum words_result words_end(struct words *w);

/* True while a line has begun and has not ended (also while a bad line is being skipped). */
bool words_partial(const struct words *w);

/* Words of the line. An empty or comment line is a WORDS_LINE of no words. */
size_t words_count(const struct words *w);
const char *words_at(const struct words *w, size_t i); /* "" beyond the end; borrowed */
char *const *words_all(const struct words *w);	       /* count() pointers, borrowed */

/* True when word i is a bare `=` (not a quoted or escaped one). */
bool words_is_equals(const struct words *w, size_t i);

/* The number, from 1, of the physical line on which the last line or error began. */
unsigned words_line_number(const struct words *w);

/* Why the last result was WORDS_BAD or WORDS_TOO_LONG: a constant text. */
const char *words_error(const struct words *w);

/* Appends `word` as `"..."` with backslashes before `"`, `\` and `#`; LF, CR and NUL-class control
 * bytes are left out, so that the result is always part of one line. */
bool words_append_quoted(struct buffer *b, const char *word);

/* Appends `word` escaped, in quotes only if it is empty or holds white space or `=`. */
bool words_append_word(struct buffer *b, const char *word);

#endif
