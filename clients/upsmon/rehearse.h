/*
 * rehearse: plays a power failure against a configuration, in virtual time, and
 * prints what would happen and when.  Nothing is sent, run or shut down.
 *
 * The played batteries all fail at once, ten seconds after the start, and go
 * down evenly; charge, runtime and LB are reported as honest devices do.
 */
#ifndef CLIENTS_UPSMON_REHEARSE_H
#define CLIENTS_UPSMON_REHEARSE_H

#include <stdio.h>

#include "clients/upsmon/conf/conf.h"

struct rehearse_options {
	long outage_s;    /* how long the mains are off */
	long battery_s;   /* how long a full battery lasts */
	long low;         /* at how many percent a UPS says LB */
	const char *only; /* the one UPS that fails; NULL = all */
};

/* Exit status: 0 = shut down in time, or power came back; 1 = the battery would be empty first. */
int rehearse_run(const struct upsmon_conf *conf, const struct rehearse_options *o, FILE *out);

#endif
