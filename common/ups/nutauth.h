/*
 * nutauth: nutauth.conf, where a user keeps what servers want to know and what
 * is demanded of them, so that passwords need not stand on command lines
 * (spec/config-files.md section 10; search order: spec/libupsclient.md section 5).
 */
#ifndef COMMON_UPS_NUTAUTH_H
#define COMMON_UPS_NUTAUTH_H

#include <stdbool.h>

#include "common/net/tlspolicy.h"

/* What the file says of one server; -1 and NULL where it says nothing. All owned. */
struct nutauth {
	char *user;
	char *password;
	char *cert_path;      /* CERTPATH */
	char *cert_file;      /* CERTFILE */
	char *cert_name;      /* CERTHOST */
	char *ident_name;     /* CERTIDENT_NAME */
	char *ident_password; /* CERTIDENT_PASS */
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
bool nutauth_find(const char *choice, const char *user, const char *host, unsigned port,
		  struct nutauth *found);

/* The same in an open file that stays the caller's; `name` is shown in reports. */
bool nutauth_find_fd(int fd, const char *name, const char *user, const char *host, unsigned port,
		     struct nutauth *found);

/* What the file demands of TLS, as the policy takes it; borrows the strings. FORCESSL = 0: no TLS.
 */
struct tlspolicy_source nutauth_demands(const struct nutauth *a, bool daemon);

/* Frees all, and wipes what is secret. */
void nutauth_free(struct nutauth *a);

#endif
