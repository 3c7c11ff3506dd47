/*
 * scanner: the ways to look, one behind the other or at the same time.
 *
 * Each is optional: one that cannot work here says so in one line, which names what is missing and
 * what mends it, and is in nobody's way.
 */
#ifndef DRIVERS_SCAN_SCANNER_H
#define DRIVERS_SCAN_SCANNER_H

#include "drivers/scan/finding.h"
#include "drivers/scan/scancheck.h"
#include "drivers/scan/scanopts.h"

/* The names of the ways that this program was built with, one a line, as NUT's has them (-a). */
void scanner_available(void);

/* Looks wherever it is asked to.  False: none of the ways that were asked for works. */
bool scanner_run(const struct scan_options *o, const struct scancheck *conf, struct findings *all);

#endif
