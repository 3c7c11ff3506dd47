/*
 * resync: brings the drivers' units that run in line with ups.conf.
 *
 *   a section is gone       its unit is stopped
 *   a section is new        its unit is started
 *   its driver= changed     its unit is started anew
 *   any other change        the driver takes it up, or ends to be started anew
 *
 * A unit that somebody stopped stays so.  With a mistake in the file all goes on
 * as it was: no driver would start with it.
 */
#ifndef DRIVERS_INIT_RESYNC_H
#define DRIVERS_INIT_RESYNC_H

#include <stdbool.h>

#include "drivers/ctl/ctl.h"

/* What nut-driver-enumerator has always told by its exit status. */
enum resync_result {
	RESYNC_SAME = 0,     /* nothing was to do */
	RESYNC_NO_FILE = 2,  /* there is no ups.conf, or it cannot be read */
	RESYNC_DIFFERS = 13, /* something of it did not work */
	RESYNC_CHANGED = 42, /* something was to do, and is done */
};

struct resync_how {
	bool anew; /* --reconfigure: all units are started anew */
};

enum resync_result resync(const struct resync_how *how);

#endif
