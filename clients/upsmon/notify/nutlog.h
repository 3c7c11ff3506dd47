/*
 * nutlog: NUT's own log file, for NUTLOG (spec/upsmon-groups.md section 9).
 *
 * A line is `HH:MM:SS upsmon <text>`, below a line `YYYY-MM-DD ####` where a day,
 * a session or a file begins.  A file that was moved away or removed (logrotate)
 * is made anew.  That it cannot be written is logged once, until it can again.
 */
#ifndef CLIENTS_UPSMON_NUTLOG_H
#define CLIENTS_UPSMON_NUTLOG_H

#include <time.h>

extern const char nutlog_usual_path[];

struct nutlog;

/* NULL: no memory. */
struct nutlog *nutlog_new(void);
void nutlog_free(struct nutlog *n); /* NULL is fine */

/* `path` "" = the usual one; `now` is the time that the line bears.  Control bytes become blanks.
 */
void nutlog_write(struct nutlog *n, const char *path, const char *text, time_t now);

#endif
