/*
 * spawn: start a program of the administrator's: SHUTDOWNCMD's shell,
 * NOTIFYCMD, wall.
 */
#ifndef CLIENTS_UPSMON_SPAWN_H
#define CLIENTS_UPSMON_SPAWN_H

#include <sys/types.h>

struct spawn {
	char *const *argv;      /* NULL-ended; argv[0] is looked for in PATH if it has no slash */
	int input;              /* descriptor for its standard input; -1 = /dev/null */
	const char *const *env; /* name, value, name, value, ..., NULL: set on top; NULL = none */
};

/*
 * Its pid, or -1 with errno.  It starts with default signals and without our
 * descriptors.  A program that cannot be run ends with status 127.
 */
pid_t spawn_run(const struct spawn *s);

#endif
