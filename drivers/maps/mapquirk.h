/*
 * mapquirk: the corrections that maps can switch on, and the numbers that
 * engines understand.  What they do is in the drivers; the table is what
 * nut-mapcheck and docs/maps.md go by.
 */
#ifndef DRIVERS_MAPS_MAPQUIRK_H
#define DRIVERS_MAPS_MAPQUIRK_H

#include <stdbool.h>

struct mapquirk {
	const char *driver;
	const char *name;
	const char *what;
	bool is_number; /* set(name,number), else quirk(name) */
};

/* Ends with a row without name. */
extern const struct mapquirk mapquirk_table[];

/* NULL: there is none of that name. */
const struct mapquirk *mapquirk_find(const char *driver, const char *name, bool is_number);

#endif
