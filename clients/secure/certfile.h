/*
 * certfile: certificates and keys in PEM files, read, and written so that
 * nothing is ever lost or seen by others.
 *
 * Errors are reported here, on stderr, with the file's name; callers only have
 * to give up.  Over OpenSSL's API, whichever back end does TLS in this build.
 */
#ifndef CLIENTS_SECURE_CERTFILE_H
#define CLIENTS_SECURE_CERTFILE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

struct certfile {
	STACK_OF(X509) * certs; /* in the file's order */
	EVP_PKEY *key;          /* the first one, or NULL */
};

/* Adds what a file holds to `f` (zeroed at first). False is reported: it cannot be read, or holds
 * neither. */
bool certfile_read(const char *path, struct certfile *f);
void certfile_free(struct certfile *f);

/*
 * As certfile_read(), for a certificate with its key: a key that is not in the
 * file is looked for beside it (ca.pem, ca.key).  False if there is none, or it
 * is not that of the first certificate.
 */
bool certfile_read_identity(const char *path, struct certfile *f);

/* Puts the certificate of the key first, and behind each its issuer; others stay last. */
void certfile_sort(struct certfile *f);

/* Who may read a new file. */
enum certfile_access {
	CERTFILE_PUBLIC, /* 0644 */
	CERTFILE_SECRET, /* 0600 */
	CERTFILE_DAEMON, /* made by root: 0640 and of the daemons' group; else as SECRET */
};

/*
 * Writes certificates, then the key (NULL = none), to a file that must not
 * exist: it is created 0600 and opened to others only when it is whole.
 */
bool certfile_write(const char *path, const struct certfile *f, enum certfile_access access);

/*
 * Puts `f` in the place of an existing file, with its owner and mode.  The old
 * one stays as `path.<serial>`, the serial number being that of `old`.
 */
bool certfile_replace(const char *path, const struct certfile *f, const X509 *old);

/* Reports `nutcert: ...` with OpenSSL's reason, if it has one, and returns false. */
bool certfile_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
