/*
 * truststore: the servers that this user or machine knows, one line each
 * (spec/secure-connections.md 6.2, docs/security.md):
 *
 *   host:port sha256:<hex of the key's SHA-256> <flags> <first seen> <last seen> <not after>
 * "subject"
 *
 * Flags are `-` or words joined by commas: `name` (another name in the
 * certificate was accepted).  Dates are ISO 8601, UTC.  Reading and changing
 * take a lock on a file beside it; changes replace the file whole, mode 0600, or
 * 0644 for the store of the daemons, which run as somebody else than its writer.
 */
#ifndef COMMON_NET_TRUSTSTORE_H
#define COMMON_NET_TRUSTSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/base/buffer.h"
#include "common/base/conffile.h"
#include "common/net/tls.h"

enum trust_flag { TRUST_NAME = 1 };

struct trust_entry {
	char host[256]; /* lower case; numeric IPv6 without brackets */
	unsigned port;
	unsigned char key_sha256[TLS_SHA256_BYTES];
	unsigned flags;
	time_t first_seen, last_seen, not_after;
	char subject[256];
};

struct truststore {
	struct trust_entry *entries; /* owned, in the file's order */
	size_t count;
};

/* The user's store: NUT_TRUST_STORE, else known_upsd in ~/.config/nut; for daemons in the
 * configuration folder. False if there is no home. */
bool truststore_path(char *dst, size_t size, bool daemon);

/* Reads it. A missing file is an empty store. Bad lines are errors of the report and are left out.
 * 0 or errno. */
int truststore_read(const char *path, struct truststore *t, struct conf_report *r);
void truststore_free(struct truststore *t);

const struct trust_entry *truststore_find(const struct truststore *t, const char *host,
					  unsigned port);

/* Changes one entry in the file, under its lock. 0, EEXIST, ENOENT, EBADMSG when the file has bad
 * lines (they would be lost), EINVAL for what cannot be a host, or another errno. */
int truststore_add(const char *path, const struct trust_entry *e); /* EEXIST if the host is there */
int truststore_replace(const char *path, const struct trust_entry *e); /* ENOENT if it is not */
int truststore_remove(const char *path, const char *host, unsigned port);

/* Appends the entry as a line of the file. */
void truststore_append(struct buffer *b, const struct trust_entry *e);

/* "sha256:..." of a digest, and back. dst needs 72 bytes. */
void truststore_print_pin(char *dst, size_t size, const unsigned char *sha256);
bool truststore_parse_pin(const char *text, unsigned char *sha256);

#endif
