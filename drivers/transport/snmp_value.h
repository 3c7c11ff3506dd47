/*
 * snmp_value: variables between net-snmp's form and ours.
 */
#ifndef DRIVERS_TRANSPORT_SNMP_VALUE_H
#define DRIVERS_TRANSPORT_SNMP_VALUE_H

#include <net-snmp/net-snmp-config.h>
/* after net-snmp-config.h */
#include <net-snmp/net-snmp-includes.h>

#include "drivers/transport/snmp_agent.h"

/* Exceptions (noSuchObject ...) and NULL are NONE; what is of an unknown type is UNREAD. */
void snmp_value_from(const netsnmp_variable_list *v, struct agent_value *out);

/* False: longer than SNMP_OID_MAX, or an arc of more than 32 bits. */
bool snmp_oid_from(const oid *arcs, size_t count, struct snmp_oid *out);

/* Adds `o` with NULL as its value; false: no memory. */
bool snmp_pdu_add(netsnmp_pdu *pdu, const struct snmp_oid *o);

/* The same with a value for SET; false: `text` is not of that type (or no memory). */
bool snmp_pdu_add_value(netsnmp_pdu *pdu, const struct snmp_oid *o, enum agent_type type,
			const char *text);

#endif
