/*
 * scancheck: what is odd about findings: beside one another, and beside the ups.conf that
 * there is.
 */
#ifndef DRIVERS_SCAN_SCANCHECK_H
#define DRIVERS_SCAN_SCANCHECK_H

#include "drivers/scan/finding.h"

struct scancheck; /* the sections of ups.conf */

/* Reads the file; one that is not there, or cannot be read, has no sections.  NULL: no memory. */
struct scancheck *scancheck_new(const char *path);
void scancheck_free(struct scancheck *c);

bool scancheck_has_section(const struct scancheck *c, const char *name);

/* The section that has this port; NULL if there is none. */
const char *scancheck_port(const struct scancheck *c, const char *port);

/* Adds remarks to findings. */
void scancheck_run(const struct scancheck *c, struct findings *all);

#endif
