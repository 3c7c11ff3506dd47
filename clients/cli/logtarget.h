/*
 * logtarget: a file that upslog writes lines to, or stdout.
 */
#ifndef CLIENTS_CLI_LOGTARGET_H
#define CLIENTS_CLI_LOGTARGET_H

#include <stdbool.h>
#include <stddef.h>

struct logtarget;

/* Opens `path` for appending (`-`: stdout). NULL with errno. */
struct logtarget *logtarget_open(const char *path);
void logtarget_close(struct logtarget *t);

const char *logtarget_path(const struct logtarget *t);
bool logtarget_is_stdout(const struct logtarget *t);

/*
 * Opens the path anew, after somebody has moved the file away.  If that fails,
 * which is reported, lines go on to the old file rather than nowhere.
 */
void logtarget_reopen(struct logtarget *t);

/*
 * Writes a line and its newline, at once and in one piece.  The first failure
 * of a row is reported, and so is its end.
 */
void logtarget_write(struct logtarget *t, const char *line, size_t len);

#endif
