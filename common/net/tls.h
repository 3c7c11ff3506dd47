/*
 * tls: a TLS session without a socket of its own.
 *
 * A session pulls ciphertext from and pushes it to its owner through two
 * callbacks, so nothing is buffered twice, an idle session holds no record
 * buffers, and the same code serves lineconn (never blocking) and libupsclient
 * (blocking with time limits).  Two back ends, OpenSSL and NSS, stand behind
 * this header; tls_policy.c holds what is the same for both: TLS 1.2 is the
 * floor, what counts as a good peer, and when a certificate is too old.
 *
 * A context is what sessions of one role share: certificate, key, trust
 * anchors.  It is immutable and counted: a reload makes a new one for new
 * sessions, and the old lives as long as its last session.  With NSS the
 * anchors of all contexts of a process count together, and no context may be
 * made before the process has forked for the last time.
 */
#ifndef COMMON_NET_TLS_H
#define COMMON_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

enum tls_role { TLS_SERVER, TLS_CLIENT };

/* Server: CERTREQUEST of upsd.conf. A client always looks at what the server shows. */
enum tls_request { TLS_REQUEST_NO, TLS_REQUEST_ASK, TLS_REQUEST_REQUIRE };

/* Strings are borrowed for the call; NULL = not given. Meanings per back end:
 * spec/config-files.md 11. */
struct tls_settings {
	enum tls_role role;
	const char *cert_file; /* OpenSSL: PEM of certificate, chain and key. NSS: unused */
	const char
		*cert_path; /* OpenSSL: anchors, a file or a folder, hashed or not. NSS: database */
	const char
		*ident_name; /* OpenSSL: name that the own certificate must bear. NSS: nickname */
	const char *ident_password; /* of the key or the database */
	enum tls_request request;
	/* How cert_file, and cert_path if it is a file, are opened: a descriptor, or -1 with errno. NULL: open(2). NSS: unused */
	int (*open)(void *arg, const char *path);
	void *open_arg;
};

struct tls_context;

/*
 * NULL when anything is wrong; `why` (size bytes) then says what and how to
 * mend it, naming the file.  Never contains the password.
 */
struct tls_context *tls_context_new(const struct tls_settings *s, char *why, size_t size);
struct tls_context *tls_context_ref(struct tls_context *c);
void tls_context_unref(struct tls_context *c); /* NULL is fine */

/* When the own certificate ends; 0 when there is none. */
time_t tls_context_not_after(const struct tls_context *c);

/* "OpenSSL" or "NSS"; and the phrase that `-Dh` prints of the build (spec/cli.md, last table). */
const char *tls_backend_name(void);
const char *tls_build_phrase(void);

/* Both return bytes moved, 0 for the end (pull), or -1 with errno (EAGAIN: not now). */
struct tls_io {
	ssize_t (*pull)(void *arg, void *data, size_t len);
	ssize_t (*push)(void *arg, const void *data, size_t len);
	void *arg;
};

enum tls_result {
	TLS_DONE,
	TLS_WANT_READ,
	TLS_WANT_WRITE,
	TLS_CLOSED, /* the peer ended the session in order */
	TLS_FAILED, /* tls_session_error() says why; the session is of no further use */
};

struct tls_session;

/*
 * A new session; io is copied.  `server_name` (clients) goes into SNI if it is
 * a name; NULL for servers.  Holds a reference to the context. NULL: no memory.
 */
struct tls_session *tls_session_new(struct tls_context *c, const struct tls_io *io,
				    const char *server_name);
void tls_session_free(struct tls_session *s); /* NULL is fine */

enum tls_result tls_session_handshake(struct tls_session *s);

/* One record's worth at most; *done counts bytes when TLS_DONE. */
enum tls_result tls_session_read(struct tls_session *s, void *data, size_t len, size_t *done);

/* May take less than len. After TLS_WANT_* the same bytes have to be offered again. */
enum tls_result tls_session_write(struct tls_session *s, const void *data, size_t len,
				  size_t *done);

/* True when read would yield bytes without a pull. */
bool tls_session_pending(const struct tls_session *s);

/* Tells the peer that nothing more comes; one attempt, without waiting. */
void tls_session_close(struct tls_session *s);

const char *tls_session_error(const struct tls_session *s);    /* borrowed */
const char *tls_session_protocol(const struct tls_session *s); /* "TLSv1.3" */
const char *tls_session_cipher(const struct tls_session *s);

enum { TLS_SHA256_BYTES = 32 };

/* What the peer showed; valid after the handshake. */
struct tls_peer {
	bool present;
	bool chain_ok;       /* leads to an anchor of the context, dates and signatures good */
	bool dates_ok;       /* the certificate itself is valid today */
	bool unknown_issuer; /* the chain's only fault is that nobody vouches for it */
	char problem[160];   /* the first fault of the chain, for people; "" if none */
	char subject[256];   /* RFC 2253 form */
	char issuer[256];
	char names[512]; /* DNS and IP names, separated by ", " */
	time_t not_before, not_after;
	unsigned key_bits;
	bool key_is_rsa;
	unsigned char certificate_sha256[TLS_SHA256_BYTES]; /* of the DER */
	unsigned char key_sha256[TLS_SHA256_BYTES];         /* of the SubjectPublicKeyInfo */
};
void tls_session_peer(const struct tls_session *s, struct tls_peer *peer);

/* True when the peer's certificate is for `name`: a host name (RFC 6125, no common name unless it
 * has no SAN at all), an IP address, or, as NUT takes CERTHOST, its whole subject or common name.
 */
bool tls_session_peer_is(const struct tls_session *s, const char *name);

#endif
