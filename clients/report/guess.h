/*
 * guess: what looks like a secret, an address or a name in a text that nobody
 * knows the meaning of, such as a line of a log.
 */
#ifndef CLIENTS_REPORT_GUESS_H
#define CLIENTS_REPORT_GUESS_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/report/cloak.h"

/*
 * Adds to the cloak: what stands behind a word for secrets (password=..., Bearer ...),
 * long runs of letters and digits that no word looks like, hashes of crypt(3),
 * users and passwords in URLs, addresses of machines and of mail.
 */
void guess_secrets(struct cloak *c, const char *text, size_t len);

/* The same but for the words for secrets: in what our own programs say, `password` is followed by
 * ordinary words. */
void guess_addresses(struct cloak *c, const char *text, size_t len);

#endif
