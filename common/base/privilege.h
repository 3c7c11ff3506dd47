/*
 * privilege: who we run as, where we live, how much we may use.
 */
#ifndef COMMON_BASE_PRIVILEGE_H
#define COMMON_BASE_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The leak checker of a sanitizer build looks at its process from outside, and writes files. */
#if defined(__SANITIZE_ADDRESS__)
#define PRIVILEGE_WATCHED_BUILD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PRIVILEGE_WATCHED_BUILD 1
#endif
#endif

struct privilege {
	uid_t uid;
	gid_t gid;
	char user[64];
};

/*
 * Looks a user up by name (its login group is the group, unless `group` is
 * given).  False with a log line that says how to mend it.
 */
bool privilege_lookup(const char *user, const char *group, struct privilege *out);

/* Becomes that user for good, supplementary groups included; a no-op when not root. False is logged. */
bool privilege_drop(const struct privilege *p);

/* chroot and chdir to /; false is logged. */
bool privilege_chroot(const char *path);

/* Raises the soft limit of open files towards `want` (0 = the hard limit); returns what is in force. */
size_t privilege_raise_files(size_t want);

/* No core dumps and no ptrace: for processes that hold secrets. */
void privilege_hide_memory(void);

/* PR_SET_NO_NEW_PRIVS where there is one. */
void privilege_no_new(void);

#endif
