/*
 * verify: is this server, or this machine, as safe as it should be?
 * (spec/secure-connections.md 6.3 and 6.5)
 */
#ifndef CLIENTS_SECURE_VERIFY_H
#define CLIENTS_SECURE_VERIFY_H

#include <stdbool.h>

#include "clients/secure/findings.h"

struct verify_server {
	const char *host;
	unsigned port;
	const char *name;  /* what the certificate is to be for; NULL = the host */
	const char *ca;    /* as CERTPATH; NULL = nobody is believed */
	const char *cert;  /* as CERTFILE, with NSS the nickname; NULL = none to show */
	const char *store; /* known servers; NULL = none */
	bool direct;       /* TLS from the first byte */
	bool secure;       /* nothing may be had in the clear */
	double limit_s;    /* of each step */
};

/* From TCP to what the server does in the clear; each step reports what it found. */
void verify_server(const struct verify_server *v, struct findings *f);

/* The configuration of this machine: modes of files, certificates, LISTEN lines. */
void verify_files(struct findings *f);

enum { VERIFY_WARN_DAYS = 30, VERIFY_RSA_BITS_MIN = 2048, VERIFY_EC_BITS_MIN = 224 };

/* Reports on the time when a certificate ends. */
void verify_end(struct findings *f, const char *check, long long not_after);

#endif
