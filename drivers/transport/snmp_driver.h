/*
 * snmp_driver: an SNMP agent for a driver of the core.
 */
#ifndef DRIVERS_TRANSPORT_SNMP_DRIVER_H
#define DRIVERS_TRANSPORT_SNMP_DRIVER_H

#include "drivers/core/driver.h"
#include "drivers/transport/snmp_agent.h"

/*
 * Opens what the options (AGENT_OPTIONS) and `port` say; logs why not, and returns what open() is
 * to return: FATAL for options that cannot be right.
 */
enum driver_result agent_open_driver(struct core *c, struct agent **out);

/* What poll() returns after it: LOST when a TCP connection is gone. */
enum driver_result agent_driver_result(const struct agent *a, enum agent_result r);

#endif
