/*
 * mapnumbers: numbers by name, which belong to one device: what MATCH and SET
 * lines of its map give, what the driver's options give, and what functions
 * remember between two readings.  Conversions use them as k(name).
 *
 * A zeroed struct is empty and owns nothing.
 */
#ifndef DRIVERS_MAPS_MAPNUMBERS_H
#define DRIVERS_MAPS_MAPNUMBERS_H

#include <stdbool.h>
#include <stddef.h>

enum { MAPNUMBERS_MAX = 128, MAPNUMBERS_NAME_MAX = 40 };

struct mapnumbers {
	struct mapnumber {
		char name[MAPNUMBERS_NAME_MAX];
		double value;
	} rows[MAPNUMBERS_MAX];
	size_t count;
};

/* Adds or replaces. False: the name is too long, or there are too many. */
bool mapnumbers_set(struct mapnumbers *n, const char *name, double value);
bool mapnumbers_get(const struct mapnumbers *n, const char *name, double *value);

/* `name`: true while there is that number and it is not 0; `!name`: the other way round; NULL: true. */
bool mapnumbers_allow(const struct mapnumbers *n, const char *when);

/* A number as maps write it: decimal, or 0x and hexadecimal digits; finite, nothing around it. */
bool mapnumber_parse(const char *text, double *value);

#endif
