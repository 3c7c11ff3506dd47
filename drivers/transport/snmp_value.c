#include "config.h"

#include "drivers/transport/snmp_value.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

/* ------------------------------------------------------------------------------- from it */

bool snmp_oid_from(const oid *arcs, size_t count, struct snmp_oid *out)
{
	if (count > SNMP_OID_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (arcs[i] > UINT32_MAX)
			return false;
		out->arc[i] = (uint32_t)arcs[i];
	}
	out->count = count;
	return true;
}

static void take_number(const netsnmp_variable_list *v, struct agent_value *out, bool sign)
{
	if (!v->val.integer || v->val_len < sizeof(*v->val.integer)) {
		out->type = AGENT_UNREAD;
		return;
	}
	/* Some agents send more than 32 bits, or unsigned numbers with their sign's bit set. */
	out->number = sign ? (int32_t)*v->val.integer : (int64_t)(uint32_t)*v->val.integer;
}

static void take_counter64(const netsnmp_variable_list *v, struct agent_value *out)
{
	const struct counter64 *c = v->val.counter64;
	uint64_t n;

	if (!c || v->val_len < sizeof(*c)) {
		out->type = AGENT_UNREAD;
		return;
	}
	n = (uint64_t)(c->high & UINT32_MAX) << 32 | (c->low & UINT32_MAX);
	out->number = n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static void take_text(const netsnmp_variable_list *v, struct agent_value *out)
{
	size_t size = v->val.string ? v->val_len : 0;

	out->cut = size > AGENT_TEXT_MAX;
	if (out->cut)
		size = AGENT_TEXT_MAX;
	out->text.size = size;
	if (size)
		memcpy(out->text.bytes, v->val.string, size);
	out->text.bytes[size] = '\0';
}

static void take_address(const netsnmp_variable_list *v, struct agent_value *out)
{
	const u_char *b = v->val.string;

	if (!b || v->val_len != 4) {
		out->type = AGENT_UNREAD;
		return;
	}
	str_format(out->text.bytes, sizeof(out->text.bytes), "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	out->text.size = strlen(out->text.bytes);
}

static void take_oid(const netsnmp_variable_list *v, struct agent_value *out)
{
	if (!v->val.objid || !snmp_oid_from(v->val.objid, v->val_len / sizeof(oid), &out->oid))
		out->type = AGENT_UNREAD;
}

static void take_real(const netsnmp_variable_list *v, struct agent_value *out)
{
	if (v->type == ASN_OPAQUE_FLOAT && v->val.floatVal && v->val_len >= sizeof(float))
		out->real = *v->val.floatVal;
	else if (v->type == ASN_OPAQUE_DOUBLE && v->val.doubleVal && v->val_len >= sizeof(double))
		out->real = *v->val.doubleVal;
	else
		out->type = AGENT_UNREAD;
}

static enum agent_type type_of(u_char asn)
{
	static const struct {
		u_char asn;
		enum agent_type type;
	} rows[] = {
		{ASN_INTEGER, AGENT_INTEGER},
		{ASN_GAUGE, AGENT_UNSIGNED},
		{ASN_UINTEGER, AGENT_UNSIGNED},
		{ASN_COUNTER, AGENT_COUNTER},
		{ASN_COUNTER64, AGENT_COUNTER64},
		{ASN_OPAQUE_COUNTER64, AGENT_COUNTER64},
		{ASN_OPAQUE_U64, AGENT_COUNTER64},
		{ASN_TIMETICKS, AGENT_TICKS},
		{ASN_OCTET_STR, AGENT_TEXT},
		{ASN_BIT_STR, AGENT_TEXT},
		{ASN_OPAQUE, AGENT_TEXT},
		{ASN_NSAP, AGENT_TEXT},
		{ASN_OBJECT_ID, AGENT_OID},
		{ASN_IPADDRESS, AGENT_ADDRESS},
		{ASN_OPAQUE_FLOAT, AGENT_REAL},
		{ASN_OPAQUE_DOUBLE, AGENT_REAL},
		{ASN_NULL, AGENT_NONE},
		{SNMP_NOSUCHOBJECT, AGENT_NONE},
		{SNMP_NOSUCHINSTANCE, AGENT_NONE},
		{SNMP_ENDOFMIBVIEW, AGENT_NONE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].asn == asn)
			return rows[i].type;
	return AGENT_UNREAD;
}

void snmp_value_from(const netsnmp_variable_list *v, struct agent_value *out)
{
	out->type = type_of(v->type);
	out->cut = false;
	switch (out->type) {
	case AGENT_INTEGER:
	case AGENT_UNSIGNED:
	case AGENT_COUNTER:
	case AGENT_TICKS:
		take_number(v, out, out->type == AGENT_INTEGER);
		break;
	case AGENT_COUNTER64:
		take_counter64(v, out);
		break;
	case AGENT_TEXT:
		take_text(v, out);
		break;
	case AGENT_ADDRESS:
		take_address(v, out);
		break;
	case AGENT_OID:
		take_oid(v, out);
		break;
	case AGENT_REAL:
		take_real(v, out);
		break;
	default:
		break;
	}
}

/* --------------------------------------------------------------------------------- to it */

static void to_arcs(const struct snmp_oid *o, oid *arcs)
{
	for (size_t i = 0; i < o->count; i++)
		arcs[i] = o->arc[i];
}

bool snmp_pdu_add(netsnmp_pdu *pdu, const struct snmp_oid *o)
{
	oid arcs[SNMP_OID_MAX];

	to_arcs(o, arcs);
	return snmp_add_null_var(pdu, arcs, o->count) != NULL;
}

/* The largest number that is a long here. */
static const long unsigned_max =
	(unsigned long)LONG_MAX < UINT32_MAX ? LONG_MAX : (long)(UINT32_MAX & LONG_MAX);

static bool add_number(netsnmp_pdu *pdu, const oid *arcs, size_t count, u_char asn,
		       const char *text)
{
	bool sign = asn == ASN_INTEGER;
	long n;

	if (!str_to_long(text, sign ? INT32_MIN : 0, sign ? INT32_MAX : unsigned_max, &n))
		return false;
	return snmp_pdu_add_variable(pdu, arcs, count, asn, &n, sizeof(n)) != NULL;
}

static bool add_counter64(netsnmp_pdu *pdu, const oid *arcs, size_t count, const char *text)
{
	struct counter64 c;
	long n;

	if (!str_to_long(text, 0, LONG_MAX, &n))
		return false;
	c.high = (u_long)((uint64_t)n >> 32);
	c.low = (u_long)((uint64_t)n & UINT32_MAX);
	return snmp_pdu_add_variable(pdu, arcs, count, ASN_COUNTER64, &c, sizeof(c)) != NULL;
}

static bool add_oid(netsnmp_pdu *pdu, const oid *arcs, size_t count, const char *text)
{
	struct snmp_oid o;
	oid value[SNMP_OID_MAX];

	if (!snmp_oid_read(text, &o))
		return false;
	to_arcs(&o, value);
	return snmp_pdu_add_variable(pdu, arcs, count, ASN_OBJECT_ID, value,
				     o.count * sizeof(oid)) != NULL;
}

static bool add_address(netsnmp_pdu *pdu, const oid *arcs, size_t count, const char *text)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		return false;
	return snmp_pdu_add_variable(pdu, arcs, count, ASN_IPADDRESS, &a, sizeof(a)) != NULL;
}

bool snmp_pdu_add_value(netsnmp_pdu *pdu, const struct snmp_oid *o, enum agent_type type,
			const char *text)
{
	oid arcs[SNMP_OID_MAX];

	to_arcs(o, arcs);
	switch (type) {
	case AGENT_INTEGER:
		return add_number(pdu, arcs, o->count, ASN_INTEGER, text);
	case AGENT_UNSIGNED:
		return add_number(pdu, arcs, o->count, ASN_GAUGE, text);
	case AGENT_COUNTER:
		return add_number(pdu, arcs, o->count, ASN_COUNTER, text);
	case AGENT_TICKS:
		return add_number(pdu, arcs, o->count, ASN_TIMETICKS, text);
	case AGENT_COUNTER64:
		return add_counter64(pdu, arcs, o->count, text);
	case AGENT_TEXT:
		return snmp_pdu_add_variable(pdu, arcs, o->count, ASN_OCTET_STR, text,
					     strlen(text)) != NULL;
	case AGENT_OID:
		return add_oid(pdu, arcs, o->count, text);
	case AGENT_ADDRESS:
		return add_address(pdu, arcs, o->count, text);
	default:
		return false;
	}
}
