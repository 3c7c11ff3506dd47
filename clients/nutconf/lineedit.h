/*
 * lineedit: changes single lines of a configuration file; all other lines,
 * comments and their order stay as they are, byte by byte.
 *
 * The suite's tokenizer tells what a line says, so that quotes, escapes and
 * continued lines are understood as by the daemons.  A line that they cannot
 * read stays, too.  A line that is replaced keeps its indentation and the
 * comment behind it; what is written is quoted where it has to be.
 *
 * Lists of words end with NULL.  Functions that change return false when there
 * is no memory.
 */
#ifndef CLIENTS_NUTCONF_LINEEDIT_H
#define CLIENTS_NUTCONF_LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"

struct lineedit;

/* `text` is copied. NULL: no memory. */
struct lineedit *lineedit_new(const char *text, size_t len);
void lineedit_free(struct lineedit *e); /* wipes; NULL is fine */

/*
 * Appends the text as it is now.  False: no memory, or a line that nobody can
 * read (an open quote, say) swallows what was written; lineedit_obstacle() is its number.
 */
bool lineedit_text(struct lineedit *e, struct buffer *out);
unsigned lineedit_obstacle(const struct lineedit *e); /* 0 = none */

/* True when a value reaches its reader as it is: no control characters are in it. */
bool lineedit_can_hold(const char *value);

/* True when it says anything besides comments. */
bool lineedit_says_anything(const struct lineedit *e);

/* Its lines, from 0, as they are written; `len` counts the newline. */
size_t lineedit_count(const struct lineedit *e);
const char *lineedit_raw(const struct lineedit *e, long line, size_t *len);
bool lineedit_is_bad(const struct lineedit *e, long line); /* the daemons cannot read it */

/* ---- lines of words: upsd.conf, upsmon.conf ---- */

/* The number, from 0, of the first line from `from` on that begins with these words; -1 = none. */
long lineedit_find(const struct lineedit *e, long from, const char *const *words);

/* Word i of that line, borrowed; NULL beyond its end. */
const char *lineedit_word(const struct lineedit *e, long line, size_t i);

/* The line gets other words. */
bool lineedit_replace(struct lineedit *e, long line, const char *const *words);

/* A new line, behind the last that begins with the same word, or else at the end. */
bool lineedit_add(struct lineedit *e, const char *const *words);

/* Replaces the first line that begins with the words of `like`, removes all others of them, and
 * adds the line where there is none. */
bool lineedit_set(struct lineedit *e, const char *const *like, const char *const *words);

void lineedit_remove(struct lineedit *e, long line);
void lineedit_remove_all(struct lineedit *e, const char *const *like);

/* ---- sections: ups.conf, upsd.users; keys in any case, names exactly ---- */

/* The first section from line `from` on: its name, and the number of its header, or -1. */
long lineedit_section(const struct lineedit *e, long from, char *name, size_t size);
bool lineedit_has_section(const struct lineedit *e, const char *name);

/* The first word of a key's last value; NULL: not there, or a flag. */
const char *lineedit_value(const struct lineedit *e, const char *section, const char *key);

/*
 * `key = values...`, in place of all that the section says of the key, or as its
 * last line; the section is made at the end of the file if there is none.  No
 * values: a flag.  `upsmon primary` of upsd.users is written without an `=`.
 * A section of NULL is what stands above the first one.
 */
bool lineedit_put(struct lineedit *e, const char *section, const char *key,
		  const char *const *values);

/* The section's header alone, at the end, if it is not there. */
bool lineedit_put_section(struct lineedit *e, const char *section);

/* Removes the section's settings of that key, NULL = all; or of all keys but these. */
void lineedit_remove_key(struct lineedit *e, const char *section, const char *key);
void lineedit_keep_keys(struct lineedit *e, const char *section, const char *const *keys);

/* Removes headers and settings; comments stay. */
void lineedit_remove_section(struct lineedit *e, const char *section);

#endif
