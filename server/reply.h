/*
 * reply: puts the lines of answers and events together, so that no handler
 * quotes by hand.
 */
#ifndef SERVER_REPLY_H
#define SERVER_REPLY_H

#include "common/base/buffer.h"

/* Appends `KEYWORD ups name`, without LF. The keyword goes out as it is, the names as words (quoted
 * if they need it); either may be NULL. */
void reply_begin(struct buffer *out, const char *keyword, const char *ups, const char *name);

/* Appends ` "text"`, escaped and of 7 bits (netwire_append_text()). */
void reply_text(struct buffer *out, const char *text);

/* Ends the line. */
void reply_end(struct buffer *out);

/* A whole line of just these bytes. */
void reply_line(struct buffer *out, const char *text);

#endif
