/*
 * modefile: nut.conf, which start scripts read as shell assignments: looked
 * into, and changed, without a shell.
 *
 * `NAME=value`, also behind `export`, with '...', "..." and backslashes; what a
 * shell would expand stays as it is written.  The last assignment of a name
 * counts.
 */
#ifndef COMMON_BASE_MODEFILE_H
#define COMMON_BASE_MODEFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"

/* The value of a name, appended (no NUL) to `value`; *line is its line, from 1 (may be NULL).
 * False: the text does not say. */
bool modefile_get(const char *text, size_t len, const char *name, struct buffer *value,
		  unsigned *line);

/* Appends the text with NAME=value in place of its last assignment, or at the end; everything else
 * is as it was. False: no memory. */
bool modefile_set(const char *text, size_t len, const char *name, const char *value,
		  struct buffer *out);

#endif
