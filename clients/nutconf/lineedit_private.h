/*
 * lineedit_private: what the two halves of lineedit share, lines and sections.
 */
#ifndef CLIENTS_NUTCONF_LINEEDIT_PRIVATE_H
#define CLIENTS_NUTCONF_LINEEDIT_PRIVATE_H

#include "clients/nutconf/lineedit.h"

/* A logical line: it may be several lines of the file. */
struct line {
	char *raw; /* with its newline, if it has one */
	size_t len;
	char **words; /* NULL-ended; NULL = none, or nobody can read it */
	bool equals;  /* the second word is a bare = */
	bool bad;
};

struct lineedit {
	struct line *lines;
	size_t count, size;
	unsigned obstacle;
};

/* A new line before line `at`; with `equals` an = behind its first word. */
bool lineedit_write(struct lineedit *e, size_t at, const char *indent, const char *const *words,
		    bool equals);

/* The line gets other words. */
bool lineedit_rewrite(struct line *l, const char *const *words, bool equals);

/* Nothing can follow this line. */
bool lineedit_swallows(const struct line *l);

#endif
