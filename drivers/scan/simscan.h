/*
 * simscan: recordings of UPSes (*.dev, *.seq) beside the configuration, for dummy-ups.
 */
#ifndef DRIVERS_SCAN_SIMSCAN_H
#define DRIVERS_SCAN_SIMSCAN_H

#include "drivers/scan/finding.h"

/* False: the folder cannot be read, `why` says why. */
bool simscan_run(const char *folder, struct findings *all, char *why, size_t size);

#endif
