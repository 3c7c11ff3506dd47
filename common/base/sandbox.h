/*
 * sandbox: what a process may still do once it is set up.
 *
 * Two fences that only ever tighten: seccomp takes away the system calls that
 * no daemon of this suite has a use for (starting programs, tracing, mounting,
 * loading modules, sockets of odd families ...), and landlock takes away the
 * file system but for the paths that the configuration names.  Where the
 * kernel has one of them not, the other still holds; neither is a reason not
 * to guard the power, so a failure is logged and the daemon goes on.
 */
#ifndef COMMON_BASE_SANDBOX_H
#define COMMON_BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

enum sandbox_access {
	SANDBOX_READ,  /* a file, or all below a folder */
	SANDBOX_WRITE, /* the same, and make, change and remove files and sockets there */
};

struct sandbox_path {
	const char *path; /* one that does not exist is left out */
	enum sandbox_access access;
};

enum sandbox_calls {
	SANDBOX_NO_PROGRAMS,      /* the process never starts a program */
	SANDBOX_MAY_RUN_PROGRAMS, /* it does (NOTIFYCMD and the like) */
};

/*
 * NUT_SANDBOX=off in the environment of a process that root did not start
 * switches it off; so does `wanted` false (a directive).
 * A sanitizer build has no sandbox: its checkers need what the fences forbid.
 */
bool sandbox_wanted(bool wanted);

/*
 * Closes both fences for this process and its later children.  `paths` come on
 * top of what every daemon needs (system libraries, resolver files, time zone,
 * /dev/null, entropy).  Returns a text of what is in force, "seccomp, landlock",
 * for the log; constant.
 */
const char *sandbox_enter(enum sandbox_calls calls, const struct sandbox_path *paths, size_t count);

#endif
