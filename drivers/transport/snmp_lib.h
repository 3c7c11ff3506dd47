/*
 * snmp_lib: net-snmp in this process: kept from the host's files, its messages in our log.
 */
#ifndef DRIVERS_TRANSPORT_SNMP_LIB_H
#define DRIVERS_TRANSPORT_SNMP_LIB_H

#include <stdbool.h>

/* Once, before anything else of net-snmp; again is nothing. */
void snmp_lib_start(void);

/* Whether this build of net-snmp has the protocols, by its own names; NULL is fine. */
bool snmp_lib_has_auth(const char *name);
bool snmp_lib_has_priv(const char *name);

#endif
