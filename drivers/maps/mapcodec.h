/*
 * mapcodec: how some devices wrap what they are asked and what they say: by the names
 * that a map's QUERY gives them, codec(name).
 */
#ifndef DRIVERS_MAPS_MAPCODEC_H
#define DRIVERS_MAPS_MAPCODEC_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/maps/mapnumbers.h"

struct mapcodec {
	const char *name;
	const char *what; /* one line, for nut-mapcheck --functions */

	/* Each changes `text`, *len bytes in `size`, in place, and may be NULL.  False: it cannot
	 * be sent; what came is no answer. */
	bool (*query)(char *text, size_t *len, size_t size, const struct mapnumbers *n);
	bool (*answer)(char *text, size_t *len, size_t size, const struct mapnumbers *n);
};

/* All codecs; ends with a row without name. */
extern const struct mapcodec mapcodec_table[];
const struct mapcodec *mapcodec_find(const char *name);

#endif
