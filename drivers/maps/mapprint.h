/* mapprint: writes a map as a map file, in one order and without INCLUDE. */
#ifndef DRIVERS_MAPS_MAPPRINT_H
#define DRIVERS_MAPS_MAPPRINT_H

#include <stdio.h>

#include "drivers/maps/map.h"

/* What it prints can be read again, and printed then it is the same. */
void mapprint(const struct map *m, FILE *out);

#endif
