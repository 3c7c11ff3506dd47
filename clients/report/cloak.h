/*
 * cloak: texts that nobody is to read, and the words that stand in their place.
 *
 * What was added is taken out of every text that passes cloak_apply(), however it
 * is written there: as it is, letter case aside, in base64, in hexadecimal, or with
 * the escapes of URLs.  The same text always has the same word in its place, so
 * that a reader still sees which serial number is meant, and not what it is.
 */
#ifndef CLIENTS_REPORT_CLOAK_H
#define CLIENTS_REPORT_CLOAK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"

enum cloak_kind {
	CLOAK_SECRET, /* a password, a key, a hash: <secret>, without a number */
	CLOAK_USER,   /* <user-1> */
	CLOAK_HOST,   /* <host-1> */
	CLOAK_SERIAL, /* <serial-1> */
	CLOAK_PLACE,  /* where a device stands, whom to call: <place-1> */
	CLOAK_KINDS
};

struct cloak;

struct cloak *cloak_new(void);
void cloak_free(struct cloak *c); /* wipes; NULL is fine */

/*
 * Adds a text, and returns the word in its place, borrowed.  Of an empty text, and of names
 * that everybody has (localhost, root, ups), that is the text itself.
 */
const char *cloak_add(struct cloak *c, enum cloak_kind kind, const char *text);

/* False: no memory at some time; then nothing may be published. */
bool cloak_is_whole(const struct cloak *c);

/* Appends the text without what was added. */
void cloak_apply(struct cloak *c, const char *text, size_t len, struct buffer *out);

/* How many different texts of a kind there are, and how often they were taken out. */
unsigned cloak_count(const struct cloak *c, enum cloak_kind kind);
unsigned cloak_hits(const struct cloak *c, enum cloak_kind kind);
const char *cloak_kind_name(enum cloak_kind kind);

/* One more that was left out by other means. */
void cloak_note(struct cloak *c, enum cloak_kind kind);

#endif
