/*
 * tools: the other programs of the suite, found beside this one and run.
 *
 * They get our environment, in which NUT_CONFPATH and its kin say whose files
 * they work on.
 */
#ifndef CLIENTS_NUTCONF_TOOLS_H
#define CLIENTS_NUTCONF_TOOLS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"

enum { TOOLS_ARGS_MAX = 64, TOOLS_OUTPUT_MAX = 1 << 20 };

/*
 * Where a program of the suite is: in a folder of NUT_PROGRAMPATH (separated by
 * colons), beside this program, or where it was installed.  PATH is not asked: a
 * program of that name of another suite may stand there.
 */
bool tools_find(const char *program, char *path, size_t size);

/* A program of the system, such as systemctl: NUT_PROGRAMPATH, then /usr/bin and its kin. */
bool tools_find_system(const char *program, char *path, size_t size);

/* The same for a driver, in `folder`, or NULL: paths_driver(). */
bool tools_find_driver(const char *folder, const char *driver, char *path, size_t size);

enum tools_result {
	TOOLS_RAN,     /* *status is its exit status */
	TOOLS_MISSING, /* not found, or it cannot be run */
	TOOLS_LATE,    /* it did not end in time */
};

/* Runs it with these arguments, NULL-ended, without its own name; stdout, and with `errors` stderr,
 * are appended to `said`. `program` is a name, or a path with a slash. */
enum tools_result tools_run(const char *program, const char *const *args, bool errors,
			    unsigned limit_ms, struct buffer *said, int *status);

/*
 * From now on we and what we run work on the site in that folder, whose sockets
 * and pid files are in its `run`, as far as the environment does not say
 * otherwise; with `if_there` only if that folder is there.  False: errno.
 */
bool tools_use_private(const char *folder, bool if_there);

/* Takes the next line off *text, without its newline; false at the end. The text is cut in pieces.
 */
bool tools_next_line(char **text, char **line);

#endif
