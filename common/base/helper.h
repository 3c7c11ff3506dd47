/*
 * helper: how a process starts that a daemon forked to do its slow or risky work.
 */
#ifndef COMMON_BASE_HELPER_H
#define COMMON_BASE_HELPER_H

#include <signal.h>
#include <sys/types.h>

enum { HELPER_FD = 3 }; /* where the parent is */

/*
 * Called once, by the child: forgets all of the parent but `fd`, which becomes
 * HELPER_FD; gets default signals, deaf to those meant for the parent (whose end
 * closes HELPER_FD); becomes nobody if it is root; and lets go of stdin, stdout
 * and stderr.  SIGCHLD is blocked: *awake is the mask for ppoll() in which it
 * comes through.  Ends the process when it would keep privileges.
 */
void helper_enter(const char *name, int fd, sigset_t *awake);

/* The same for a helper whose work needs the rights of its parent: it keeps them. */
void helper_enter_with_rights(const char *name, int fd);

/* For a worker that the helper forks: it ends with the helper, and after limit_s at the latest. */
void helper_enter_worker(unsigned limit_s);

#endif
