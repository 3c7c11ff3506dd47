/*
 * apcdevice: an APC Smart-UPS as the engine sees it.
 *
 * A place is a letter (docs/maps.md).  Which letters a UPS has, it says itself, or the
 * map's table `firmware` does for those that are too old to say it; then each variable of the
 * map is asked once, as some claim what they have not.
 *
 * What `Q` says decides over shutdowns: a value that differs from the last one counts once
 * it was given twice.
 */
#ifndef DRIVERS_APC_APCDEVICE_H
#define DRIVERS_APC_APCDEVICE_H

#include "drivers/apc/apcline.h"
#include "drivers/apc/apcset.h"
#include "drivers/engine/device.h"
#include "drivers/maps/map.h"

enum {
	APCDEVICE_STATUS = 'Q',
	/* Bits of it that the driver itself has to know. */
	APCDEVICE_CALIBRATES = 0x01,
	APCDEVICE_ONLINE = 0x08,
	APCDEVICE_BATTERY = 0x10,
};

struct apcdevice;

/* The map and the line are borrowed for as long as this lives.  NULL: no memory. */
struct apcdevice *apcdevice_new(const struct map *map, struct apcline *line);
void apcdevice_free(struct apcdevice *d);

/* Finds out what the UPS has; it is in Smart mode. */
enum apcline_result apcdevice_look(struct apcdevice *d);

/* For logs; "" if it does not tell. */
const char *apcdevice_firmware(const struct apcdevice *d);
/* Neither it nor the map knows what it can do. */
bool apcdevice_is_unknown(const struct apcdevice *d);

struct engine_device apcdevice_ops(struct apcdevice *d);

/* The bits of `Q`, asked now. */
enum apcline_result apcdevice_status(struct apcdevice *d, unsigned *bits);

/* Runs a command of the map by its name, hidden or not; `text` is sent behind it. */
enum apcline_result apcdevice_command(struct apcdevice *d, const char *name, const char *text);
/* Whether the UPS has it. */
bool apcdevice_has_command(const struct apcdevice *d, const char *name);

#endif
