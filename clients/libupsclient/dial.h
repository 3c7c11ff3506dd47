/*
 * dial: from a host name to a connected socket.
 */
#ifndef CLIENTS_LIBUPSCLIENT_DIAL_H
#define CLIENTS_LIBUPSCLIENT_DIAL_H

#include <stdint.h>

#include "clients/libupsclient/fault.h"

/*
 * Tries the addresses of `host` in the resolver's order, all within the
 * deadline (clock_ms() or TRANSPORT_FOR_EVER; looking up the name is not
 * bounded by it).  `flags` may ask for one family with UPSCLI_CONN_INET(6).
 * *fd is the socket, blocking and close-on-exec, when no fault is returned;
 * else the fault is that of the last address.
 */
struct fault dial(const char *host, uint16_t port, int flags, long long deadline_ms, int *fd);

#endif
