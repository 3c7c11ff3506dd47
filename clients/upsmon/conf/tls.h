/*
 * tls: what upsmon.conf demands of TLS (CERTPATH, CERTFILE, CERTIDENT,
 * CERTHOST, CERTVERIFY, FORCESSL; spec/config-files.md section 11), and the
 * policy for one server that follows from it.
 */
#ifndef CLIENTS_UPSMON_TLS_H
#define CLIENTS_UPSMON_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/directives.h"
#include "common/net/tlspolicy.h"
#include "common/ups/netwire.h"

/* One CERTHOST line; -1 leaves a question to CERTVERIFY and FORCESSL. */
struct tls_host {
	char host[256];
	unsigned port;
	char *name;
	int certverify, forcessl;
	char *cert_path; /* authorities for this server alone (CERTFILE of the group language); NULL
			    = CERTPATH */
};

struct tls_demands { /* all zero: nothing said */
	bool certverify, forcessl;
	char *cert_path, *cert_file, *ident_name;
	char *ident_password;
	struct tls_host *hosts;
	size_t host_count;
	/* How certificates are opened by who may not do so by himself; NULL: open(2). */
	int (*open)(void *arg, const char *path);
	void *open_arg;
	bool no_store; /* as tlspolicy_source has it */
};

/* The rows of those above. */
struct directives tls_demands_directives(struct tls_demands *d);

/* Warns of demands that protect less than they seem to. */
void tls_demands_check(const struct tls_demands *d, const struct conf_where *file,
		       struct conf_report *r);

/* The policy for a server; NULL with `why` when it cannot be had.  `like`: one for another server
 * with which it may share what was read from files (a bundle of authorities is large); NULL = none.
 */
struct tlspolicy *tls_demands_policy(const struct tls_demands *d,
				     const struct netwire_target *server,
				     const struct tlspolicy *like, char *why, size_t size);

/* Whether it may: both servers are verified by the same files. */
bool tls_demands_alike(const struct tls_demands *d, const struct netwire_target *a,
		       const struct netwire_target *b);

/* Frees all; the password is wiped. */
void tls_demands_free(struct tls_demands *d);

#endif
