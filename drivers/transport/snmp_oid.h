/*
 * snmp_oid: object identifiers, as numbers only: no MIB file is ever read.
 */
#ifndef DRIVERS_TRANSPORT_SNMP_OID_H
#define DRIVERS_TRANSPORT_SNMP_OID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SNMP_OID_MAX = 128,       /* arcs: RFC 3416, section 3 */
	SNMP_OID_TEXT_MAX = 1408, /* bytes that the longest one needs as text, NUL included */
};

struct snmp_oid {
	uint32_t arc[SNMP_OID_MAX];
	size_t count; /* 0 = none */
};

/* "1.3.6.1.2.1.1.2.0" or ".1.3..."; false: not one (at least two arcs), *out is unchanged. */
bool snmp_oid_read(const char *text, struct snmp_oid *out);

/* ".1.3.6.1" without the first dot; always terminated, cut where it does not fit. */
void snmp_oid_text(const struct snmp_oid *o, char *dst, size_t size);

/* <0, 0, >0 in the order in which agents walk. */
int snmp_oid_order(const struct snmp_oid *a, const struct snmp_oid *b);
bool snmp_oid_same(const struct snmp_oid *a, const struct snmp_oid *b);

/* Is it `root` itself, or below it? */
bool snmp_oid_below(const struct snmp_oid *o, const struct snmp_oid *root);

/* One more arc; false: there is no room, *o is unchanged. */
bool snmp_oid_append(struct snmp_oid *o, uint32_t arc);

/*
 * The OID before `o` of which GETNEXT leads to `o`, if that exists: without a last arc of 0,
 * else with a smaller last arc.  False for one that has none.
 */
bool snmp_oid_before(const struct snmp_oid *o, struct snmp_oid *out);

/* Bytes that it takes in a packet. */
size_t snmp_oid_bytes(const struct snmp_oid *o);

#endif
