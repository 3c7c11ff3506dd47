#include "config.h"

#include "drivers/maps/mapwhere.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

enum { PART_MAX = 128, REGISTER_LAST = 65535 };

static const char digits[] = "0123456789";

/* -------------------------------------------------------------------------- HID */

static bool hid_index(const char *part, uint32_t *node)
{
	size_t len = strspn(part + 1, digits);
	long n;
	char number[8];

	if (part[0] != '[' || len < 1 || len > 5 || !str_equal(part + 1 + len, "]"))
		return false;
	str_format(number, sizeof(number), "%.*s", (int)len, part + 1);
	if (!str_to_long(number, 0, REGISTER_LAST, &n))
		return false;
	*node = MAPWHERE_INDEXED + (uint32_t)n;
	return true;
}

static bool hid_digits(const char *part, uint32_t *node)
{
	size_t len = strlen(part);

	if (len < 1 || len > 8 || strspn(part, "0123456789abcdefABCDEF") != len)
		return false;
	*node = (uint32_t)strtoul(part, NULL, 16);
	return true;
}

size_t mapwhere_hid(const struct map *m, const char *where, uint32_t nodes[MAPWHERE_NODES_MAX])
{
	size_t count = 0;

	for (const char *p = where;; p++) {
		size_t len = strcspn(p, ".");
		char part[PART_MAX];

		if (count == MAPWHERE_NODES_MAX || len == 0 || len >= sizeof(part))
			return 0;
		memcpy(part, p, len);
		part[len] = '\0';
		if (!map_usage_number(m, part, &nodes[count]) && !hid_index(part, &nodes[count]) &&
		    !hid_digits(part, &nodes[count]))
			return 0;
		count++;
		p += len;
		if (*p == '\0')
			return count;
	}
}

static bool hid_valid(const struct map *m, const char *where)
{
	uint32_t nodes[MAPWHERE_NODES_MAX];

	return mapwhere_hid(m, where, nodes) > 0;
}

/* -------------------------------------------------------------------------- SNMP */

bool mapwhere_is_list(const char *where)
{
	return strlen(where) > 2 && str_ends(where, ".*");
}

/* How long a part of an OID is: a number, or an index, to which a digit may be added. */
static size_t oid_part(const char *p)
{
	size_t len = strspn(p, digits);

	if (len > 0)
		return len <= 10 && strtoull(p, NULL, 10) <= UINT32_MAX ? len : 0;
	if (p[0] != '%' || p[1] == '\0' || !strchr("ijd", p[1]))
		return 0;
	return p[2] == '+' && p[3] >= '1' && p[3] <= '9' ? 4 : 2;
}

static bool oid_valid(const struct map *m, const char *where)
{
	const char *p = where;

	(void)m;
	while (*p == '.') {
		size_t len = oid_part(++p);

		if (len == 0)
			return str_equal(p, "*") && p - where > 1;
		p += len;
	}
	return *p == '\0' && p != where;
}

/* -------------------------------------------------------------------- query, answer */

static bool columns_valid(const char *p)
{
	bool word = *p == '{';
	size_t len;

	if (*p == '\0')
		return true;
	if (*p != '[' && !word)
		return false;
	len = strspn(++p, digits);
	if (len == 0)
		return false;
	p += len;
	if (!word && *p == '-') {
		p++;
		p += strspn(p, digits); /* none: to the end */
	}
	return str_equal(p, word ? "}" : "]");
}

static bool query_valid(const struct map *m, const char *where)
{
	size_t len = strcspn(where, "[{");
	char name[PART_MAX];

	if (len == 0 || len >= sizeof(name))
		return false;
	memcpy(name, where, len);
	name[len] = '\0';
	return map_query_find(m, name) && columns_valid(where + len);
}

/* ------------------------------------------------------------------------ Modbus */

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (str_equal(*list, word))
			return true;
	return false;
}

static bool register_type(const char *word)
{
	static const char *const types[] = {"u16", "s16", "u32", "s32", "f32", NULL};
	size_t len = strlen(word);

	return is_one_of(word, types) ||
	       (str_starts(word, "str(") && len > 5 && strspn(word + 4, digits) == len - 5 &&
		word[len - 1] == ')');
}

static bool modbus_valid(const struct map *m, const char *where)
{
	static const char *const tables[] = {"holding", "input", "coil", "discrete", NULL};
	char copy[PART_MAX];
	char *part[4] = {copy};
	size_t count = 1;
	double number;

	(void)m;
	if (!str_copy(copy, sizeof(copy), where))
		return false;
	for (char *p = copy; (p = strchr(p, ':'));) {
		*p++ = '\0';
		if (count == 4)
			return false;
		part[count++] = p;
	}
	if (count < 2 || !is_one_of(part[0], tables) || !mapnumber_parse(part[1], &number) ||
	    number < 0 || number > REGISTER_LAST)
		return false;
	return (count < 3 || register_type(part[2])) && (count < 4 || str_equal(part[3], "swap"));
}

/* ------------------------------------------------------------------------- apcupsd */

/* A number of at most three digits, advancing *p behind it. */
static bool small_number(const char **p, size_t *number)
{
	size_t len = strspn(*p, digits);

	if (len < 1 || len > 3)
		return false;
	*number = strtoul(*p, NULL, 10);
	*p += len;
	return true;
}

static bool nis_columns(const char *p, struct mapwhere_nis *at)
{
	at->part = MAPWHERE_NIS_COLUMNS;
	if (!small_number(&p, &at->from))
		return false;
	at->to = at->from + 1;
	if (*p == '-') {
		p++;
		at->to = SIZE_MAX;
		if (*p != ']' && (!small_number(&p, &at->to) || at->to++ < at->from))
			return false;
	}
	return str_equal(p, "]");
}

bool mapwhere_nis(const char *where, struct mapwhere_nis *at)
{
	size_t len = strcspn(where, "{[/");
	const char *p = where + len;

	*at = (struct mapwhere_nis){.part = MAPWHERE_NIS_WHOLE};
	if (len == 0 || len >= sizeof(at->key) ||
	    !str_format(at->key, sizeof(at->key), "%.*s", (int)len, where))
		return false;
	if (*p == '[')
		return nis_columns(p + 1, at);
	if (*p == '\0')
		return true;
	at->part = *p == '{' ? MAPWHERE_NIS_WORD : MAPWHERE_NIS_SLASH;
	p++;
	return small_number(&p, &at->from) &&
	       str_equal(p, at->part == MAPWHERE_NIS_WORD ? "}" : "");
}

static bool nis_valid(const struct map *m, const char *where)
{
	struct mapwhere_nis at;

	(void)m;
	return mapwhere_nis(where, &at);
}

/* ------------------------------------------------------------------------ apcsmart */

/* How long the code is, 0: there is none. */
static size_t apc_code(const char *where, unsigned *code)
{
	size_t len = str_starts(where, "0x") ? strspn(where + 2, "0123456789abcdefABCDEF") : 0;

	if (len == 2 || len == 4) {
		*code = (unsigned)strtoul(where + 2, NULL, 16);
		return 2 + len;
	}
	*code = (unsigned char)where[0];
	return where[0] > ' ' && where[0] <= '~' ? 1 : 0;
}

bool mapwhere_apc(const char *where, struct mapwhere_apc *at)
{
	size_t len;
	const char *p;

	*at = (struct mapwhere_apc){.code = 0};
	len = apc_code(where, &at->code);
	p = where + len;
	at->twice = str_starts(p, "*2");
	if (at->twice)
		p += 2;
	at->may_be_silent = *p == '?';
	if (at->may_be_silent)
		p++;
	if (*p == ':')
		return len > 0 && p[1] && str_copy(at->answer, sizeof(at->answer), p + 1);
	return len > 0 && at->code > 0 && *p == '\0';
}

static bool apc_valid(const struct map *m, const char *where)
{
	struct mapwhere_apc at;

	(void)m;
	return mapwhere_apc(where, &at);
}

/* ------------------------------------------------------------------------- drivers */

static const struct rule {
	const char *driver;
	bool (*valid)(const struct map *m, const char *where);
	const char *why;
} rules[] = {
	{"usbhid-ups", hid_valid,
	 "it is usages with dots between: names of USAGE lines, [n], or "
	 "hexadecimal digits"},
	{"mge-shut", hid_valid,
	 "it is usages with dots between: names of USAGE lines, [n], or "
	 "hexadecimal digits"},
	{"snmp-ups", oid_valid,
	 "it is an OID in numbers, with %i, %j or %d in the place of an index"},
	{"nutdrv_qx", query_valid, "it is a QUERY's name, with [from-to] or {word} behind"},
	{"apcupsd-ups", nis_valid, "it is a key, with {word}, /part or [from-to] behind"},
	{"apcsmart", apc_valid,
	 "it is a character or its code, 0x0c or 0x9fd3, with *2, ? or :answer behind"},
	{"apc_modbus", modbus_valid, "it is table:register:type, such as holding:0x10:u16"},
	{"generic_modbus", modbus_valid, "it is table:register:type, such as holding:0x10:u16"},
	{"huawei-ups2000", modbus_valid, "it is table:register:type, such as holding:0x10:u16"},
};

bool mapwhere_valid(const struct map *m, const char *where, const char **why)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (str_equal(rules[i].driver, m->driver)) {
			*why = rules[i].why;
			return rules[i].valid(m, where);
		}
	return true;
}
