/*
 * mapcheck: mistakes of maps that their reader lets pass, since only people
 * care: names that nobody knows, rows that never count, devices that two maps
 * claim.  They are reported as the reader's own.
 */
#ifndef DRIVERS_MAPS_MAPCHECK_H
#define DRIVERS_MAPS_MAPCHECK_H

#include "common/ups/names.h"
#include "drivers/maps/map.h"

/* One map by itself. `names` tells the standard variables and commands; NULL: they are not checked.
 */
void mapcheck_map(const struct map *m, const struct names *names, struct conf_report *r);

/* Maps of one driver beside one another. */
void mapcheck_set(struct map *const *maps, size_t count, struct conf_report *r);

#endif
