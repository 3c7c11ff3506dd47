/*
 * stranger: the first meeting with a server that nobody vouches for
 * (spec/secure-connections.md section 6.2).
 */
#ifndef CLIENTS_CLI_STRANGER_H
#define CLIENTS_CLI_STRANGER_H

#include <stdbool.h>

#include "clients/libupsclient/private.h"

/*
 * Shows the server on stderr and asks on stdin whether to trust it: y, n, or
 * its fingerprint, which is safer.  True when it is to be trusted from now on.
 * Fits upsclient_terms.trust; `arg` is not used.
 */
bool stranger_ask(void *arg, const struct upsclient_stranger *stranger);

#endif
