/*
 * users: who may do what, from upsd.users (spec/config-files.md section 4,
 * net-protocol.md section 5).
 *
 * Passwords are compared in constant time and wiped when the set is freed.  A
 * user without a password never matches.
 */
#ifndef SERVER_USERS_H
#define SERVER_USERS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/conffile.h"

enum user_action {
	USER_SET = 1,
	USER_FSD = 2,
	USER_LOGIN = 4,
	USER_PRIMARY = 8,
};

struct users;

/*
 * Reads the file; problems go to the report.  NULL when it cannot be read
 * (reported as an error) or there is no memory.
 */
struct users *users_load(const char *path, struct conf_report *r);
void users_free(struct users *u); /* NULL is fine */

size_t users_count(const struct users *u);

/* True when the credentials are right and the user has the action (one bit). */
bool users_permit(const struct users *u, const char *name, const char *password,
		  enum user_action action);

/* True when the credentials are right and the user's instcmds hold the name or ALL. */
bool users_permit_instcmd(const struct users *u, const char *name, const char *password,
			  const char *command);

#endif
