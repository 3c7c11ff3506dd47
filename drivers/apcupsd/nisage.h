/*
 * nisage: how old an apcupsd's news are.  Its answer tells when it heard of its UPS last
 * (DATE) and when it wrote the answer (END APC), both by the same clock: one that hangs
 * before a dead line goes on answering "ONLINE" for ever.
 */
#ifndef DRIVERS_APCUPSD_NISAGE_H
#define DRIVERS_APCUPSD_NISAGE_H

#include "drivers/apcupsd/nisreply.h"

/* Seconds; -1: the answer does not tell, or one that was written before it was heard of. */
long long nisage_of(const struct nisreply *r);

#endif
