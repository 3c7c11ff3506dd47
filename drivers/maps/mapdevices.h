/*
 * mapdevices: the USB devices that maps know, as files that make a system give them to
 * the drivers' group: rules and hardware database of udev, and devd's.
 */
#ifndef DRIVERS_MAPS_MAPDEVICES_H
#define DRIVERS_MAPS_MAPDEVICES_H

#include <stdbool.h>
#include <stdio.h>

#include "drivers/maps/map.h"

struct mapdevices; /* a list, sorted by vendor and product, each device once */

struct mapdevices *mapdevices_new(void); /* NULL: no memory */
void mapdevices_free(struct mapdevices *d);

/* The devices of a map's MATCH lines.  False: no memory. */
bool mapdevices_add(struct mapdevices *d, const struct map *m);

enum mapdevices_format {
	MAPDEVICES_UDEV, /* the node's group, and nobody else */
	MAPDEVICES_HWDB, /* what kind of thing it is, for programs that show batteries */
	MAPDEVICES_DEVD, /* FreeBSD's rules */
};

/* False: `group` cannot be the name of one. */
bool mapdevices_group_valid(const char *group);

void mapdevices_print(struct mapdevices *d, enum mapdevices_format format, const char *group,
		      FILE *out);

#endif
