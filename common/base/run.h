/*
 * run: a program that is run to its end, and what it said; for command line tools.
 */
#ifndef COMMON_BASE_RUN_H
#define COMMON_BASE_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"

struct run {
	const char *const *argv; /* NULL-ended; argv[0] is looked for in PATH if it has no slash */
	const char *const *env;  /* name, value, name, value, ..., NULL: set on top; NULL = none */
	unsigned limit_ms;       /* then it is killed, with its process group */
	size_t max;              /* bytes of its output that are kept; what comes behind is lost */
	int output;              /* a descriptor for its stdout, and nothing is kept; 0 = none */
	bool with_errors;        /* its stderr, too */
};

enum run_end {
	RUN_ENDED,   /* *status is its exit status, or 128 and its signal */
	RUN_LATE,    /* killed, because its time was over */
	RUN_MISSING, /* there is no such program, or it may not be run */
	RUN_FAILED,  /* no process or no memory: errno */
};

/* Appends what it said to *said (may be NULL).  Its stdin is /dev/null, its signals are default. */
enum run_end run_program(const struct run *r, struct buffer *said, int *status);

/* For a child before its exec: no signal is caught, ignored or blocked. */
void run_fresh_signals(void);

/* True when it ended with 0. */
bool run_went_well(const struct run *r, struct buffer *said);

#endif
