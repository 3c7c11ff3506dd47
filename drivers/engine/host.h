/*
 * host: what drivers with maps have in common: the engine on the driver core.
 */
#ifndef DRIVERS_ENGINE_HOST_H
#define DRIVERS_ENGINE_HOST_H

#include "drivers/core/driver.h"
#include "drivers/engine/engine.h"
#include "drivers/maps/mapset.h"

/* For engine_new(). */
struct engine_host engine_core_host(struct core *c);

/*
 * All maps of a driver, read at the first call and kept to the end of the process:
 * the sandbox closes their folders.  *only: the map that the option `option` names (NULL:
 * none does), NULL if it is not given.  False, and logged: there are none, or none of that name.
 */
bool engine_core_maps(struct core *c, const char *driver, const char *option,
		      const struct mapset **maps, const struct map **only);

/* Options that are settings of the UPS: the option's value, if it is given, is set. */
void engine_core_set(struct core *c, struct engine *e, const char *option, const char *variable);

/* What poll() returns. */
enum driver_result engine_core_result(enum engine_result r);

#endif
