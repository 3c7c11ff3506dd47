/*
 * logsource: what upslog logs: one UPS, or all UPSes of a server.
 *
 * Its connection is made when it is needed and made again when it was lost.
 * How that goes is reported when it changes, not each time.
 */
#ifndef CLIENTS_CLI_LOGSOURCE_H
#define CLIENTS_CLI_LOGSOURCE_H

#include <stdbool.h>

struct logsource;

/*
 * `name` is ups[@host[:port]], or * in the place of ups; `authconf` as -A has
 * it; `daemon`: the machine's trust store counts, not the user's.  Both are borrowed for ever. NULL
 * when the name is malformed or nutauth.conf cannot be used, which is reported.
 */
struct logsource *logsource_new(const char *name, const char *authconf, bool daemon);
void logsource_free(struct logsource *s);

/* Connects if need be. False: every value is unavailable. */
bool logsource_connect(struct logsource *s);
void logsource_disconnect(struct logsource *s);

/*
 * Calls `fn` for each UPS: its name with `upshost`, the same as the user wrote
 * it.  While the server does not tell which they are, `*` is one with ups NULL.
 */
typedef void logsource_each_fn(void *arg, struct logsource *s, const char *ups,
			       const char *upshost);
void logsource_each(struct logsource *s, logsource_each_fn *fn, void *arg);

/* A variable, borrowed until the next call with this source; NULL = not available. */
const char *logsource_value(struct logsource *s, const char *ups, const char *variable);

#endif
