/*
 * mode: what nut.conf's MODE lets run on this machine.
 */
#ifndef DRIVERS_INIT_MODE_H
#define DRIVERS_INIT_MODE_H

#include <stdbool.h>

#include "common/base/conffile.h"

struct mode {
	const char *word;              /* as nut.conf says it; NULL: it says none that we know */
	bool drivers, server, monitor; /* what may run */
	bool by_hand;                  /* nothing of it at boot */
};

/*
 * Reads nut.conf.  Without the file, and without a MODE or with a MODE that
 * there is not, which is reported, everything may run that has its
 * configuration file: a slip of the pen does not leave a machine unprotected.
 */
void mode_read(struct mode *m, struct conf_report *r);

#endif
