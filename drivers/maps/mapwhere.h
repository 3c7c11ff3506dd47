/*
 * mapwhere: how a place in a device is written, for each kind of driver
 * (docs/maps.md, "Where").
 */
#ifndef DRIVERS_MAPS_MAPWHERE_H
#define DRIVERS_MAPS_MAPWHERE_H

#include "drivers/maps/map.h"

enum { MAPWHERE_NODES_MAX = 16, MAPWHERE_INDEXED = 0x00ff0000 };

/* True if m's driver can read it; else *why is what is wrong with it. A driver that nobody knows
 * takes anything. */
bool mapwhere_valid(const struct map *m, const char *where, const char **why);

/* SNMP: a where that stands for all that is below it: `.1.3.6.*`. */
bool mapwhere_is_list(const char *where);

/* The path of a HID item as usages, `[n]` as MAPWHERE_INDEXED + n. Returns how many; 0: it is none.
 */
size_t mapwhere_hid(const struct map *m, const char *where, uint32_t nodes[MAPWHERE_NODES_MAX]);

#endif
