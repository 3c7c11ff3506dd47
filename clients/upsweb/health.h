/*
 * health: asks a running upsweb of this configuration how it is, for containers
 * that have nothing else to ask with.
 */
#ifndef CLIENTS_UPSWEB_HEALTH_H
#define CLIENTS_UPSWEB_HEALTH_H

#include "clients/upsweb/conf.h"

/* /healthz at the first address without TLS; where all have it, whether one takes connections.
 * Blocks for some seconds at most. False with the reason on stderr. */
bool health_check(const struct upsweb_conf *conf);

#endif
