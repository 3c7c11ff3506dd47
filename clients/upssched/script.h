/*
 * script: run CMDSCRIPT.
 */
#ifndef CLIENTS_UPSSCHED_SCRIPT_H
#define CLIENTS_UPSSCHED_SCRIPT_H

#include <sys/types.h>

#include "clients/upssched/wire.h"

/*
 * Starts it with one argument more: the name of a timer or an event.  `event`
 * goes into its environment as UPSNAME, NOTIFYTYPE and NOTIFYMSG; NULL: it gets
 * ours as it is.  Its pid, or -1 (logged).
 */
pid_t script_start(char *const *script, const char *name, const struct wire_event *event);

/* Logs how it ended, unless well. */
void script_log_end(const char *name, int status);

/* Starts it and waits for its end, but not longer than limit_ms: then it goes on by itself. */
void script_run(char *const *script, const char *name, int limit_ms);

#endif
