/*
 * keep: a text in memory that outlives its process: what the next child has to
 * know of the last one.
 *
 * The parent made the memory and hands it to each child, and never looks into
 * it.  Two places are written in turn, each with a number and a check sum, so
 * that a child that dies while it writes leaves the older text behind.
 */
#ifndef CLIENTS_UPSMON_KEEP_H
#define CLIENTS_UPSMON_KEEP_H

#include <stdbool.h>

#include "common/base/buffer.h"

/* Writes the text, `now_ms` of clock_boot_ms() with it.  0 or an errno value (EFBIG: over 4 MiB).
 */
int keep_write(int fd, const struct buffer *text, long long now_ms);

/* The newest whole text, appended to b, and when it was written.  False: there is none. */
bool keep_read(int fd, struct buffer *b, long long *written_ms);

#endif
