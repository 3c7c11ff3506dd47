/*
 * upowerscan: UPSes that UPower's daemon has found, by the system's bus.
 */
#ifndef DRIVERS_SCAN_UPOWERSCAN_H
#define DRIVERS_SCAN_UPOWERSCAN_H

#include "drivers/scan/finding.h"

/* False: it cannot be asked, `why` says why.  Blocks, for timeout_ms a question at the most. */
bool upowerscan_run(int timeout_ms, struct findings *all, char *why, size_t size);

#endif
