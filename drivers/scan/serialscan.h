/*
 * serialscan: UPSes on serial ports that answer when they are asked.
 *
 * Ports are asked at the same time, each with questions that change nothing: `Y` of Smart-UPSes,
 * then those for the state of the Megatec kind.  A port that a program has open, or has
 * locked, is not written to.  Nothing waits: it runs in the loop.
 */
#ifndef DRIVERS_SCAN_SERIALSCAN_H
#define DRIVERS_SCAN_SERIALSCAN_H

#include <stddef.h>

#include "common/net/loop.h"

struct serialscan;

struct serialscan_port { /* lives during the call */
	const char *path;
	const char *driver;   /* NULL: see `obstacle` */
	const char *obstacle; /* why the port was not asked; NULL: nobody is there, or there is a
				 driver */
};

typedef void serialscan_found_fn(void *arg, const struct serialscan_port *p);

/* Paths are copied.  `found` is called once for each of them, `end` last, from the loop; the scan
 * is gone then.  NULL: no memory. */
struct serialscan *serialscan_start(struct loop *l, const char *const *paths, size_t count,
				    serialscan_found_fn *found, loop_fn *end, void *arg);

#endif
