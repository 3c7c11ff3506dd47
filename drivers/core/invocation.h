/*
 * invocation: a driver's command line (spec/cli.md section 5).
 */
#ifndef DRIVERS_CORE_INVOCATION_H
#define DRIVERS_CORE_INVOCATION_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/options.h"
#include "drivers/core/driver.h"

/* What matters as long as the driver runs; texts are borrowed from argv. */
struct command_line {
	const char *ups;
	bool with_config; /* -a, not -s */
	const char **x;   /* -x texts, and -i as one */
	size_t x_count;
	int debug; /* -D count, or NUT_DEBUG_LEVEL */
};

enum foreground { FOREGROUND_UNSAID, BACKGROUND, FOREGROUND, FOREGROUND_WITH_PID_FILE };

struct invocation {
	struct command_line cli;
	enum foreground foreground;
	bool killpower;
	bool quiet;
	bool look;           /* an option with DRIVER_OPTION_LOOK was given: nothing is served */
	long dumps;          /* -d, -1 = not asked for */
	const char *command; /* -c */
	pid_t pid;           /* -P, 0 = none */
	const char *user, *group, *chroot;
	char interval[64];
	struct option_row *rows; /* of the command line, the driver's own among them */
	char **owned;            /* texts of -x that are not argv's; ends with NULL */
};

/* Reads it.  False: the process ends with *status (help was asked for, or a mistake was named). */
bool invocation_read(struct invocation *in, const struct driver *driver, int argc, char **argv,
		     int *status);
void invocation_free(struct invocation *in);

#endif
