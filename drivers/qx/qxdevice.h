/*
 * qxdevice: a device of queries and answers as the engine sees it.
 *
 * A place is a query of the map and a part of its answer: `Q1[1-5]`, `QGS{2}`, `F`
 * (docs/maps.md).  A query is asked at most once a poll, however many places look
 * into its answer.  One that the device does not know (it is silent, sends the
 * query back, or says NAK) is asked again less and less often.
 */
#ifndef DRIVERS_QX_QXDEVICE_H
#define DRIVERS_QX_QXDEVICE_H

#include "drivers/engine/device.h"
#include "drivers/maps/map.h"
#include "drivers/qx/carrier.h"

struct qx_device;

/* All are borrowed for as long as this lives; the numbers are those that codec() and when() of the
 * map's queries look at. NULL: no memory. */
struct qx_device *qx_device_new(const struct map *map, const struct carrier *carrier,
				const struct mapnumbers *numbers);
void qx_device_free(struct qx_device *q);

/* A query without a codec, as it goes over the line; its text is put into `text`.  False: there is
 * no room. */
bool qx_device_query(const struct map_query *query, char *text, size_t size,
		     struct carrier_query *q);

/* For engine_new(); good for as long as `q`. */
struct engine_device qx_device_ops(struct qx_device *q);

/* Asks for a place now: for the search of a map that fits. */
enum device_result qx_device_probe(struct qx_device *q, const char *where, struct mapvalue *v);

#endif
