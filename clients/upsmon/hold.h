/*
 * hold: at boot, waits until the batteries that feed this host are charged
 * enough for another power failure (BOOTCHARGE), so that heavy services do not
 * start only to be cut off.
 *
 * A UPS counts when it is on line power, not low, and its charge has reached the
 * level, or is not told.  A server that cannot be reached for a minute is no
 * reason to wait: a host that never starts is worse.
 */
#ifndef CLIENTS_UPSMON_HOLD_H
#define CLIENTS_UPSMON_HOLD_H

#include "clients/upsmon/conf/conf.h"

/* Returns the exit status: 0 = go on, 1 = BOOTCHARGE's time is over, or it could not be tried. */
int hold_run(const struct upsmon_conf *conf, int family, unsigned connect_ms);

#endif
