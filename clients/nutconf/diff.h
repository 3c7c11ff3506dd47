/*
 * diff: what is different between two texts, for people to read.
 */
#ifndef CLIENTS_NUTCONF_DIFF_H
#define CLIENTS_NUTCONF_DIFF_H

#include <stdio.h>

#include "common/base/buffer.h"

/* Prints it as diff -u does, with three lines around each change; nothing for equal texts. */
void diff_print(const struct buffer *before, const struct buffer *after, const char *name,
		FILE *out);

#endif
