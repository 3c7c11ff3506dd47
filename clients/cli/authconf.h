/*
 * authconf: nutauth.conf, where a user keeps what servers want to know, so
 * that passwords need not stand on command lines (spec/config-files.md
 * section 10; search order: spec/libupsclient.md section 5).
 */
#ifndef CLIENTS_CLI_AUTHCONF_H
#define CLIENTS_CLI_AUTHCONF_H

#include <stdbool.h>

/* What the file says of one server; -1 and NULL where it says nothing. */
struct authconf {
	char *user;
	char *password;
	int certverify;
	int forcessl;
};

/*
 * Looks up a server.  `choice` is the argument of -A: "none", "default" (a
 * file must be found), a path, or NULL for the default file if there is one.
 * With `user`, sections of other users are passed over.  The most special of
 * `[user@host:port]`, `[@host:port]` and the lines before all sections wins,
 * key by key.
 * False after reporting why, when a file that must be read cannot be.
 */
bool authconf_find(const char *choice, const char *user, const char *host, unsigned port,
		   struct authconf *found);

/* Frees and wipes what authconf_find() filled in. */
void authconf_free(struct authconf *a);

#endif
