/*
 * instance: which unit nut-driver@INSTANCE.service is whose section of ups.conf.
 *
 * The instance is the section's name as far as a unit's name may hold it, the
 * rest as systemd-escape(1) writes it: \xNN.  A dash stays a dash, other than
 * there: administrators and their drop-ins know nut-driver@usb-1.service from
 * NUT.  So an instance is looked up, and never turned back into a name.
 */
#ifndef DRIVERS_INIT_INSTANCE_H
#define DRIVERS_INIT_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/ctl/ctl.h"

#define INSTANCE_PREFIX "nut-driver@"
#define INSTANCE_SUFFIX ".service"

/* The longest name of a unit (UNIT_NAME_MAX of systemd), with the NUL. */
enum { INSTANCE_UNIT_MAX = 256 };

/* False: the name is empty, or too long for a unit's. */
bool instance_of(const char *section, char *dst, size_t size);
bool instance_unit_of(const char *section, char *dst, size_t size);

/* The section of an instance or of a unit's whole name; NULL if there is none. */
const struct ctl_ups *instance_find(const struct ctl_config *cfg, const char *instance_or_unit);

#endif
