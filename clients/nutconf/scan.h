/*
 * scan: asks nut-scanner what devices there are.
 */
#ifndef CLIENTS_NUTCONF_SCAN_H
#define CLIENTS_NUTCONF_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/nutconf/device.h"

struct scan {
	struct device devices[DEVICES_MAX];
	size_t count;
};

/*
 * Adds what nut-scanner finds with these options (NULL-ended).  False: it is not
 * there, or could not look, which is said on stderr with its own words.
 */
bool scan_run(struct scan *s, const char *const *options);

void scan_free(struct scan *s);

/* Prints a section of ups.conf for each. */
bool scan_print(const struct scan *s);

#endif
