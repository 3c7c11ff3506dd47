/*
 * serialports: the serial ports of this host, and lists of them as nut-scanner's -E takes them.
 */
#ifndef DRIVERS_SCAN_SERIALPORTS_H
#define DRIVERS_SCAN_SERIALPORTS_H

#include <stdbool.h>
#include <stddef.h>

enum { SERIALPORTS_MAX = 128, SERIALPORTS_PATH_MAX = 128 };

struct serialports {
	char paths[SERIALPORTS_MAX][SERIALPORTS_PATH_MAX];
	size_t count;
};

/*
 * "auto": those that this host has; else names separated by commas or blanks: "/dev/ttyS0",
 * "/dev/ttyS0-3", "ttyUSB0", and as NUT has it "0" and "0-3" for /dev/ttyS0 to 3.  Each once.
 * False: `why` says why.
 */
bool serialports_read(const char *text, struct serialports *p, char *why, size_t size);

#endif
