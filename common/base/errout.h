/*
 * errout: lines to stderr, whose reader may hang or stop its terminal: that must
 * not stop a daemon.
 *
 * poll() does not help alone: it calls a terminal writable that has no room for a
 * whole line, and a pipe that another process fills up before we write.  So a pipe
 * and a terminal are opened once more, without blocking; O_NONBLOCK on stderr itself
 * would be seen by all processes that share it.  Where that fails (the terminal of
 * somebody else, after root's rights were dropped) poll() has to do.
 */
#ifndef COMMON_BASE_ERROUT_H
#define COMMON_BASE_ERROUT_H

#include <stdbool.h>
#include <stddef.h>

/* While we may still open it; without this the first line does. */
void errout_open(void);

/* Stderr is another file from now on: nothing of ours keeps the old one open. */
void errout_close(void);

/* Shorter than PIPE_BUF.  False: not taken, or not the whole of it, within that time. */
bool errout_write(const char *line, size_t len, int patience_ms);

#endif
