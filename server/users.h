/*
 * users: who may do what, from upsd.users (spec/config-files.md section 4,
 * net-protocol.md section 5).
 *
 * Two questions: is a client who it says it is (users_check), and may that user
 * do this (users_permit).  Plain passwords are compared here, in constant time;
 * hashed ones take long on purpose and are left to the caller (guard.h).
 * Passwords are wiped when the set is freed.
 */
#ifndef SERVER_USERS_H
#define SERVER_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "common/base/conffile.h"

enum user_action {
	USER_SET = 1,
	USER_FSD = 2,
	USER_LOGIN = 4,
	USER_PRIMARY = 8,
};

enum { USERS_HASH_MAX = 383 }; /* characters; crypt(3)'s longest */

struct users;

/*
 * Reads the file; problems go to the report.  NULL when it cannot be read
 * (reported as an error) or there is no memory.
 */
struct users *users_load(const char *path, struct conf_report *r);
void users_free(struct users *u); /* NULL is fine */

size_t users_count(const struct users *u);

/* What a client says of itself, and what is known of it; all borrowed. */
struct users_claim {
	const char *name;
	const char *password;        /* NULL: none was said */
	const struct sockaddr *from; /* NULL: not known */
	const uid_t *uid;            /* of the process at the other end of a unix socket, or NULL */
};

enum users_verdict {
	USERS_WRONG,
	USERS_RIGHT,
	USERS_HASHED, /* right if the password fits *hash */
};

/*
 * A user without any password never is right; nor is one from elsewhere than its
 * `from =`.  `*hash` is borrowed from the set.  Who is wrong anyway gets
 * USERS_HASHED too where a right name would, with a hash that nothing fits: a
 * wrong name takes as long as a wrong password, so that names cannot be probed for.
 */
enum users_verdict users_check(const struct users *u, const struct users_claim *claim,
			       const char **hash);

/* True when the process of that uid needs no password as this user (`peer =`). */
bool users_trust_peer(const struct users *u, const char *name, uid_t uid);

/*
 * Whether a user whose credentials are right has the action (one bit) on that
 * UPS; may set that variable; may give that command.  All that the file says of
 * the user counts: actions, instcmds, and the limits ups, vars and cmds.
 */
bool users_permit(const struct users *u, const char *name, enum user_action action,
		  const char *ups);
bool users_permit_var(const struct users *u, const char *name, const char *ups, const char *var);
bool users_permit_instcmd(const struct users *u, const char *name, const char *ups,
			  const char *command);

#endif
