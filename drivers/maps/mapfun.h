/*
 * mapfun: the small functions that maps name with call(name), for what tables
 * cannot say: it depends on other values of the device, on what was read
 * before, or on a report that its descriptor does not describe.  They are
 * listed in docs/maps.md; what they remember is in the device's numbers, under
 * names that begin with a dot.
 */
#ifndef DRIVERS_MAPS_MAPFUN_H
#define DRIVERS_MAPS_MAPFUN_H

#include <stdbool.h>

#include "drivers/maps/mapconv.h"

typedef bool mapfun_fn(struct mapvalue *v, double arg, const struct mapconv_context *c);

struct mapfun {
	const char *name;
	const char *what; /* one line, for nut-mapcheck --functions */
	mapfun_fn *read;  /* NULL: for writing only */
	mapfun_fn *write; /* NULL: there is no way back */
	bool takes_number;
	const char *table; /* a lookup that it goes by, or NULL */
};

/* All functions; ends with a row without name. */
extern const struct mapfun mapfun_table[];
const struct mapfun *mapfun_find(const char *name);

#endif
