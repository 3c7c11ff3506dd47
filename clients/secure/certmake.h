/*
 * certmake: keys, and the certificates that a NUT network needs
 * (spec/secure-connections.md 6.4): P-256 or RSA, SHA-256, X.509 v3, a random
 * serial number of 127 bits.
 *
 * Errors are reported as certfile does.
 */
#ifndef CLIENTS_SECURE_CERTMAKE_H
#define CLIENTS_SECURE_CERTMAKE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

enum certmake_kind {
	CERTMAKE_CA,     /* vouches for others, none of whom may do so in turn */
	CERTMAKE_SERVER, /* upsd */
	CERTMAKE_CLIENT, /* a user of upsd */
};

enum {
	CERTMAKE_CA_DAYS = 3652,
	CERTMAKE_LEAF_DAYS = 825, /* more is refused by some systems */
	CERTMAKE_FOR_EVER = 0,    /* until 9999-12-31, RFC 5280 4.1.2.5 */
	CERTMAKE_DAYS_MAX = 36500,
};

struct certmake_issuer {
	X509 *cert;
	EVP_PKEY *key;
};

struct certmake_order {
	enum certmake_kind kind;
	const char *common_name;  /* at most 64 bytes */
	const char *organization; /* NULL = none */
	const char *const *hosts; /* names and addresses; each goes where it belongs */
	size_t host_count;
	long days;
	const struct certmake_issuer *issuer; /* NULL: it signs itself */
};

/* A new key: RSA of so many bits, or P-256 when rsa_bits is 0. */
EVP_PKEY *certmake_key(unsigned rsa_bits);

/* A certificate of `key`, the caller's. It does not outlive its issuer: that is said on stderr. */
X509 *certmake(const struct certmake_order *order, EVP_PKEY *key);

/* The same certificate anew, from today: for as many days, or for as long as the old one was
 * made for when days is negative. */
X509 *certmake_renewed(const X509 *old, EVP_PKEY *key, long days,
		       const struct certmake_issuer *issuer);

/* True for a host name (one `*` label at its front allowed) or an address. */
bool certmake_is_host(const char *text);

#endif
