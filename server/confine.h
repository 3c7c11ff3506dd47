/*
 * confine: upsd's sandbox, made of what its configuration names.
 */
#ifndef SERVER_CONFINE_H
#define SERVER_CONFINE_H

#include "common/net/opener.h"
#include "server/conf.h"

/*
 * Closes the fences (common/base/sandbox.h) when everything is open that has
 * to be; what a reload may have to read or bind again stays within them.
 */
void confine(const struct upsd_conf *conf);

/*
 * An opener for what a reload may need of root's: the configuration files, the
 * certificate, ports below 1024 of numeric addresses.  Before root is given up,
 * and after the chroot, whose paths these are.  NULL, logged, when there is none.
 */
struct opener *confine_keep_rights(const struct upsd_conf *conf);

#endif
