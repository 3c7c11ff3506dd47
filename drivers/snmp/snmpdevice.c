#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/maps/mapwhere.h"
#include "drivers/snmp/snmpcache.h"
#include "drivers/snmp/snmpdevice.h"

static const char token[] = "snmp";

enum {
	OID_TEXT_MAX = 512,
	LIST_MAX = 256, /* rows of a list */
	WALK_MAX = 4096,
	HEX_MAX = 80, /* bytes that are shown so */
	BUCKETS = 4096,
};

static const unsigned long for_ever = 1UL << 30;

struct place {
	struct place *next; /* in its bucket */
	int at;             /* in the cache; -1: it is a list */
	struct snmp_oid oid;
	bool is_list;
};

struct snmp_device {
	struct agent *agent;
	struct snmpcache *cache;
	struct place *buckets[BUCKETS];
	unsigned long poll;
	struct device_counts counts;
	enum agent_result result;
};

/* -------------------------------------------------------------------------------- life */

struct snmp_device *snmp_device_new(struct agent *a)
{
	struct snmp_device *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->agent = a;
	s->cache = snmpcache_new_of(a);
	if (s->cache)
		return s;
	free(s);
	return NULL;
}

void snmp_device_free(struct snmp_device *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (s->buckets[i]) {
			struct place *p = s->buckets[i];

			s->buckets[i] = p->next;
			free(p);
		}
	}
	snmpcache_free(s->cache);
	free(s);
}

enum agent_result snmp_device_result(const struct snmp_device *s)
{
	return s->result;
}

/* -------------------------------------------------------------------------------- values */

/* ASCII, UTF-8 or Latin-1; a NUL follows the bytes. */
static bool is_text(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)bytes[i];
		size_t length = str_utf8_length(bytes + i);

		if (length > 1 && length <= size - i) {
			i += length - 1;
			continue;
		}
		if (c < 0x20 && c != '\t' && c != '\r' && c != '\n')
			return false;
		if (c >= 0x7f && c < 0xa0)
			return false;
	}
	return true;
}

static bool take_hex(const char *bytes, size_t size, struct mapvalue *v)
{
	char text[3 * HEX_MAX + 1];
	size_t used = 0;

	for (size_t i = 0; i < size && i < HEX_MAX; i++, used += 3)
		str_format(text + used, sizeof(text) - used, "%02x ", (unsigned char)bytes[i]);
	if (used > 0)
		text[used - 1] = '\0';
	return used > 0 && mapvalue_set_text(v, text);
}

/* Without the blanks and NULs that agents fill their texts up with. */
static bool take_text(const char *bytes, size_t size, struct mapvalue *v)
{
	char text[MAPVALUE_TEXT_MAX];
	const char *all = bytes;
	size_t all_of_them = size;

	while (size > 0 && (bytes[size - 1] == '\0' || isspace((unsigned char)bytes[size - 1])))
		size--;
	while (size > 0 && isspace((unsigned char)bytes[0])) {
		bytes++;
		size--;
	}
	if (size == 0)
		return false;
	/* NULs and blanks at the ends of what is no text are part of it: a hardware address. */
	if (!is_text(bytes, size))
		return take_hex(all, all_of_them, v);
	str_format(text, sizeof(text), "%.*s", (int)(size < sizeof(text) ? size : sizeof(text) - 1),
		   bytes);
	return mapvalue_set_text(v, text);
}

bool snmp_device_value(const struct agent_value *from, struct mapvalue *v)
{
	char text[OID_TEXT_MAX];

	switch (from->type) {
	case AGENT_INTEGER:
	case AGENT_UNSIGNED:
	case AGENT_COUNTER:
	case AGENT_COUNTER64:
		return mapvalue_set_number(v, (double)from->number);
	case AGENT_TICKS:
		return mapvalue_set_number(v, (double)from->number / 100);
	case AGENT_REAL:
		return mapvalue_set_number(v, from->real);
	case AGENT_OID:
		text[0] = '.';
		snmp_oid_text(&from->oid, text + 1, sizeof(text) - 1);
		return mapvalue_set_text(v, text);
	case AGENT_TEXT:
	case AGENT_ADDRESS:
		return take_text(from->text.bytes, from->text.size, v);
	default:
		return false;
	}
}

/* -------------------------------------------------------------------------------- places */

static size_t bucket_of(const struct snmp_oid *oid)
{
	uint32_t sum = 2166136261U;

	for (size_t i = 0; i < oid->count; i++)
		sum = (sum ^ oid->arc[i]) * 16777619U;
	return sum % BUCKETS;
}

static bool read_where(const char *where, struct snmp_oid *oid, bool *is_list)
{
	char text[OID_TEXT_MAX];
	size_t len = strlen(where);

	*is_list = mapwhere_is_list(where);
	if (*is_list)
		len -= 2;
	return str_format(text, sizeof(text), "%.*s", (int)len, where) && snmp_oid_read(text, oid);
}

static const void *device_place(void *arg, const char *where)
{
	struct snmp_device *s = arg;
	struct snmp_oid oid;
	struct place *p;
	bool is_list;
	size_t at;

	if (!read_where(where, &oid, &is_list))
		return NULL;
	at = bucket_of(&oid);
	for (p = s->buckets[at]; p; p = p->next) {
		if (p->is_list == is_list && snmp_oid_same(&p->oid, &oid))
			return p;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->oid = oid;
	p->is_list = is_list;
	p->at = is_list ? -1 : snmpcache_add(s->cache, &oid);
	if (!is_list && p->at < 0) {
		log_warn(token,
			 "the map names more variables than there is room for: %s is left out",
			 where);
		free(p);
		return NULL;
	}
	p->next = s->buckets[at];
	s->buckets[at] = p;
	return p;
}

static unsigned long cycles_since(const struct snmp_device *s, unsigned long since)
{
	return since > 0 && since <= s->poll ? s->poll - since : since > s->poll ? 0 : for_ever;
}

static bool device_exists(void *arg, const void *place)
{
	const struct snmp_device *s = arg;
	const struct place *p = place;

	return p->is_list || snmpcache_value(s->cache, p->at, for_ever) != NULL;
}

static bool device_is_list(void *arg, const void *place)
{
	const struct place *p = place;

	(void)arg;
	return p->is_list;
}

/* -------------------------------------------------------------------------------- reading */

static enum device_result note(struct snmp_device *s, enum agent_result r)
{
	s->result = r;
	switch (r) {
	case AGENT_OK:
		s->counts.good++;
		return DEVICE_OK;
	case AGENT_MISSING:
		s->counts.good++;
		return DEVICE_REFUSED;
	case AGENT_REFUSED:
		return DEVICE_REFUSED;
	case AGENT_BADVALUE:
		return DEVICE_RANGE;
	case AGENT_ENDING:
		return DEVICE_GONE;
	default:
		s->counts.failed++;
		return DEVICE_NONE;
	}
}

static unsigned long device_begin(void *arg)
{
	struct snmp_device *s = arg;

	s->poll = snmpcache_begin(s->cache);
	return s->poll;
}

static enum device_result device_prepare(void *arg, const struct device_want *wants, size_t count)
{
	struct snmp_device *s = arg;

	for (size_t i = 0; i < count; i++) {
		const struct place *p = wants[i].place;

		if (!p->is_list)
			snmpcache_want(s->cache, p->at, cycles_since(s, wants[i].since));
	}
	return note(s, snmpcache_fetch(s->cache));
}

static enum device_result device_read(void *arg, const void *place, unsigned long since,
				      struct mapvalue *v)
{
	struct snmp_device *s = arg;
	const struct place *p = place;
	const struct agent_value *value;

	if (p->is_list)
		return DEVICE_REFUSED;
	value = snmpcache_value(s->cache, p->at, cycles_since(s, since));
	if (!value && snmpcache_is_missing(s->cache, p->at))
		return DEVICE_REFUSED;
	if (!value) {
		enum device_result r = note(s, snmpcache_read(s->cache, p->at, &value));

		if (r != DEVICE_OK)
			return r;
	}
	return snmp_device_value(value, v) ? DEVICE_OK : DEVICE_REFUSED;
}

static bool device_here(void *arg, const void *place, unsigned long since)
{
	const struct snmp_device *s = arg;
	const struct place *p = place;

	return !p->is_list && snmpcache_value(s->cache, p->at, cycles_since(s, since)) != NULL;
}

/* --------------------------------------------------------------------------------- walks */

/* Rows are kept until the walk is over: what is done with them may ask for more. */
struct rows {
	struct mapvalue *list;
	long *numbers;
	size_t count, max, depth;
};

static bool keep_value(void *arg, const struct snmp_oid *oid, const struct agent_value *value)
{
	struct rows *rows = arg;

	(void)oid;
	if (snmp_device_value(value, &rows->list[rows->count]))
		rows->count++;
	return rows->count < rows->max;
}

static enum device_result device_list(void *arg, const void *place,
				      void (*fn)(void *fn_arg, const struct mapvalue *v),
				      void *fn_arg)
{
	struct snmp_device *s = arg;
	const struct place *p = place;
	struct rows rows = {.max = LIST_MAX};
	enum device_result r;

	rows.list = calloc(LIST_MAX, sizeof(*rows.list));
	if (!rows.list)
		return DEVICE_NONE;
	r = note(s, agent_walk(s->agent, &p->oid, LIST_MAX, keep_value, &rows));
	for (size_t i = 0; i < rows.count && (r == DEVICE_OK || r == DEVICE_REFUSED); i++)
		fn(fn_arg, &rows.list[i]);
	free(rows.list);
	/* An empty table is a table. */
	return r == DEVICE_REFUSED ? DEVICE_OK : r;
}

static bool keep_number(void *arg, const struct snmp_oid *oid, const struct agent_value *value)
{
	struct rows *rows = arg;
	long number;

	(void)value;
	if (oid->count <= rows->depth)
		return true;
	number = (long)oid->arc[rows->depth];
	if (rows->count == 0 || rows->numbers[rows->count - 1] != number)
		rows->numbers[rows->count++] = number;
	return rows->count < rows->max;
}

static size_t device_walk(void *arg, const char *where, long *numbers, size_t max)
{
	struct snmp_device *s = arg;
	struct rows rows = {.numbers = numbers, .max = max};
	const char *index = strstr(where, ".%i");
	char text[OID_TEXT_MAX];
	struct snmp_oid root;

	if (!index || !str_format(text, sizeof(text), "%.*s", (int)(index - where), where) ||
	    !snmp_oid_read(text, &root))
		return 0;
	rows.depth = root.count;
	note(s, agent_walk(s->agent, &root, WALK_MAX, keep_number, &rows));
	return rows.count;
}

/* ------------------------------------------------------------------------------- writing */

static enum agent_type type_of(enum map_type type, const struct mapvalue *v)
{
	static const enum agent_type types[] = {
		[MAP_AS_INTEGER] = AGENT_INTEGER, [MAP_AS_UNSIGNED] = AGENT_UNSIGNED,
		[MAP_AS_TICKS] = AGENT_TICKS,     [MAP_AS_TEXT] = AGENT_TEXT,
		[MAP_AS_OID] = AGENT_OID,         [MAP_AS_ADDRESS] = AGENT_ADDRESS,
	};
	double number;

	if (type != MAP_AS_IT_IS)
		return types[type];
	return mapvalue_number(v, &number) && number == (double)(long)number ? AGENT_INTEGER
									     : AGENT_TEXT;
}

/* What the variable is now decides; where it says nothing, the map. */
static enum agent_type type_to_write(struct snmp_device *s, const struct place *p,
				     enum map_type type, const struct mapvalue *v)
{
	const struct agent_value *value = snmpcache_value(s->cache, p->at, for_ever);

	return value && type == MAP_AS_IT_IS ? value->type : type_of(type, v);
}

static enum device_result device_write(void *arg, const void *place, const struct mapvalue *v,
				       enum map_type type, bool command)
{
	struct snmp_device *s = arg;
	const struct place *p = place;
	enum agent_type as = type_to_write(s, p, type, v);
	struct mapvalue copy = *v;
	char text[MAPVALUE_TEXT_MAX];
	double number;
	enum device_result r;

	(void)command;
	str_copy(text, sizeof(text), mapvalue_text(&copy));
	if (as != AGENT_TEXT && as != AGENT_OID && as != AGENT_ADDRESS) {
		if (!mapvalue_number(v, &number))
			return DEVICE_KIND;
		str_format(text, sizeof(text), "%.0f", as == AGENT_TICKS ? number * 100 : number);
	}
	r = note(s, agent_set(s->agent, &p->oid, as,
			      as == AGENT_OID && text[0] == '.' ? text + 1 : text));
	snmpcache_forget(s->cache, p->at);
	if (r == DEVICE_REFUSED)
		log_warn(token, "the agent refuses it (%s): is its community one that may write?",
			 agent_result_name(s->result));
	return r;
}

static void device_forget(void *arg)
{
	struct snmp_device *s = arg;

	/* What is old by now is asked for again; what is missing stays so. */
	s->poll = snmpcache_begin(s->cache);
}

static void device_counts(void *arg, struct device_counts *counts)
{
	const struct snmp_device *s = arg;

	*counts = s->counts;
}

struct engine_device snmp_device_ops(struct snmp_device *s)
{
	return (struct engine_device){
		.place = device_place,
		.exists = device_exists,
		.begin = device_begin,
		.prepare = device_prepare,
		.read = device_read,
		.here = device_here,
		.write = device_write,
		.is_list = device_is_list,
		.list = device_list,
		.walk = device_walk,
		.forget = device_forget,
		.counts = device_counts,
		.arg = s,
	};
}
