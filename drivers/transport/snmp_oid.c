#include "config.h"

#include "drivers/transport/snmp_oid.h"

#include <string.h>

#include "common/base/str.h"

/* One arc at *p, which is advanced past it. */
static bool read_arc(const char **p, uint32_t *out)
{
	uint64_t n = 0;
	const char *s = *p;

	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (uint64_t)(*s - '0');
		if (n > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)n;
	*p = s;
	return true;
}

bool snmp_oid_read(const char *text, struct snmp_oid *out)
{
	struct snmp_oid o = {.count = 0};
	const char *p = *text == '.' ? text + 1 : text;

	for (;;) {
		if (o.count == SNMP_OID_MAX || !read_arc(&p, &o.arc[o.count]))
			return false;
		o.count++;
		if (!*p)
			break;
		if (*p++ != '.')
			return false;
	}
	/* The first two share a byte of the packet: X.690, section 8.19.4. */
	if (o.count < 2 || o.arc[0] > 2 || (o.arc[0] < 2 && o.arc[1] > 39))
		return false;
	*out = o;
	return true;
}

void snmp_oid_text(const struct snmp_oid *o, char *dst, size_t size)
{
	size_t used = 0;

	*dst = '\0';
	for (size_t i = 0; i < o->count && used < size; i++) {
		str_format(dst + used, size - used, i ? ".%lu" : "%lu", (unsigned long)o->arc[i]);
		used += strlen(dst + used);
	}
}

int snmp_oid_order(const struct snmp_oid *a, const struct snmp_oid *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (a->arc[i] != b->arc[i])
			return a->arc[i] < b->arc[i] ? -1 : 1;
	if (a->count == b->count)
		return 0;
	return a->count < b->count ? -1 : 1;
}

bool snmp_oid_same(const struct snmp_oid *a, const struct snmp_oid *b)
{
	return a->count == b->count && snmp_oid_order(a, b) == 0;
}

bool snmp_oid_below(const struct snmp_oid *o, const struct snmp_oid *root)
{
	return o->count >= root->count &&
	       memcmp(o->arc, root->arc, root->count * sizeof(*o->arc)) == 0;
}

bool snmp_oid_append(struct snmp_oid *o, uint32_t arc)
{
	if (o->count == SNMP_OID_MAX)
		return false;
	o->arc[o->count++] = arc;
	return true;
}

bool snmp_oid_before(const struct snmp_oid *o, struct snmp_oid *out)
{
	if (o->count < 3)
		return false;
	*out = *o;
	if (out->arc[out->count - 1] == 0)
		out->count--;
	else
		out->arc[out->count - 1]--;
	return true;
}

static size_t arc_bytes(uint32_t arc)
{
	size_t n = 1;

	while (arc >>= 7)
		n++;
	return n;
}

size_t snmp_oid_bytes(const struct snmp_oid *o)
{
	size_t n = 2;

	for (size_t i = 1; i < o->count; i++)
		n += arc_bytes(o->arc[i]);
	return n;
}
