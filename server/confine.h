/*
 * confine: upsd's sandbox, made of what its configuration names.
 */
#ifndef SERVER_CONFINE_H
#define SERVER_CONFINE_H

#include "server/conf.h"

/*
 * Closes the fences (common/base/sandbox.h) when everything is open that has
 * to be; what a reload may have to read or bind again stays within them.
 */
void confine(const struct upsd_conf *conf);

#endif
