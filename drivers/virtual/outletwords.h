/*
 * outletwords: what an outlet's own values add to the status of its UPS.
 */
#ifndef DRIVERS_VIRTUAL_OUTLETWORDS_H
#define DRIVERS_VIRTUAL_OUTLETWORDS_H

#include <stdbool.h>

struct outletwords {
	bool off;
	bool fsd; /* its time to the cut is running out */
};

/* The values of PREFIX.status, .timer.shutdown and .delay.shutdown; NULL where there is none. */
struct outletwords outletwords_of(const char *status, const char *timer, const char *delay);

#endif
