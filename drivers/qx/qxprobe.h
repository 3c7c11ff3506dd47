/*
 * qxprobe: which protocol a device speaks: the first map whose probe it answers.
 */
#ifndef DRIVERS_QX_QXPROBE_H
#define DRIVERS_QX_QXPROBE_H

#include "drivers/maps/mapset.h"
#include "drivers/qx/carrier.h"

struct qx_found {
	const struct map *map;
	const struct map_match
		*match; /* NULL: it was asked for by its name, and cannot be probed */
};

/*
 * Tries the maps, or the one that is asked for (`only`, may be NULL), over a carrier.
 * `numbers`: of the driver's options.
 * CARRIER_OK: *found is it; CARRIER_SILENCE: none is; else the search broke off.
 */
enum carrier_result qx_probe(const struct mapset *maps, const struct map *only,
			     const struct carrier *carrier, const struct mapnumbers *numbers,
			     struct qx_found *found);

#endif
