/* Conversions of mapconv_table that have a file of their own. */
#ifndef DRIVERS_MAPS_MAPCONV_PRIVATE_H
#define DRIVERS_MAPS_MAPCONV_PRIVATE_H

#include "drivers/maps/mapconv.h"

typedef bool mapconv_fn(const struct mapconv_step *s, struct mapvalue *v,
			const struct mapconv_context *c);

/* mapconv_agent.c: what agents of SNMP write in their own ways. */
mapconv_fn mapconv_read_number, mapconv_write_number;
mapconv_fn mapconv_nonnegative;
mapconv_fn mapconv_not;
mapconv_fn mapconv_read_entries;
mapconv_fn mapconv_read_arc;
mapconv_fn mapconv_read_isodate, mapconv_write_isodate;
mapconv_fn mapconv_read_mac;

#endif
