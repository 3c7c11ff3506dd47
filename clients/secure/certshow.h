/*
 * certshow: certificates for people to read, or as JSON.
 */
#ifndef CLIENTS_SECURE_CERTSHOW_H
#define CLIENTS_SECURE_CERTSHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "clients/secure/certfile.h"

/* All certificates of a file, and whether its key is that of the first. */
void certshow_print(const struct certfile *f, FILE *out);
void certshow_print_json(const struct certfile *f, FILE *out);

enum certshow_digest { CERTSHOW_KEY, CERTSHOW_CERTIFICATE };

enum { CERTSHOW_PIN_SIZE = 80 };

/* `sha256:...` of the key (what the trust store holds) or of the whole certificate. */
bool certshow_pin(const X509 *cert, enum certshow_digest what, char *dst);

#endif
