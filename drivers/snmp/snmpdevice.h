/*
 * snmpdevice: an SNMP agent as the engine sees it: places are OIDs, fetched together
 * through the cache; a list (`.1.3.6.*`) is walked.
 */
#ifndef DRIVERS_SNMP_SNMPDEVICE_H
#define DRIVERS_SNMP_SNMPDEVICE_H

#include "drivers/engine/device.h"
#include "drivers/transport/snmp_agent.h"

struct snmp_device;

/* `a` is borrowed for as long as this lives. NULL: no memory. */
struct snmp_device *snmp_device_new(struct agent *a);
void snmp_device_free(struct snmp_device *s);

/* For engine_new(); good for as long as `s`. */
struct engine_device snmp_device_ops(struct snmp_device *s);

/* What a variable says, as maps see it: TimeTicks are seconds, OIDs begin with a dot, bytes that
 * are no text are hexadecimal.  False: it says nothing. */
bool snmp_device_value(const struct agent_value *from, struct mapvalue *v);

/* Why the last prepare() or read() failed; AGENT_OK if it did not. */
enum agent_result snmp_device_result(const struct snmp_device *s);

#endif
