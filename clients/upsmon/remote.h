/*
 * remote: what `upsmon -c` asks of a running upsmon: signals for fsd, reload and
 * stop, questions over its socket for status and test-event.
 */
#ifndef CLIENTS_UPSMON_REMOTE_H
#define CLIENTS_UPSMON_REMOTE_H

#include <stdbool.h>

struct remote_options {
	const char *command; /* any beginning of its name; NUT's three come first */
	const char *pid;     /* -P; NULL = that of the PID file */
	bool json;
	int operand_count; /* test-event: the event and the UPS */
	char *const *operands;
};

/* Does it, tells what went wrong, and returns the exit status. */
int remote_command(const struct remote_options *o);

/* Whether an upsmon runs, by its PID file. */
bool remote_is_running(void);

#endif
