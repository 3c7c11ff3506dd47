/*
 * Results and values in words.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/transport/snmp_agent.h"

const char *agent_result_name(enum agent_result r)
{
	static const char *const names[] = {
		[AGENT_OK] = "ok",
		[AGENT_FAILED] = "failed",
		[AGENT_TIMEOUT] = "timeout",
		[AGENT_AUTH] = "auth",
		[AGENT_MISSING] = "missing",
		[AGENT_REFUSED] = "refused",
		[AGENT_BADVALUE] = "bad value",
		[AGENT_ENDING] = "ending",
	};

	return names[r];
}

bool agent_value_is_there(const struct agent_value *v)
{
	return v->type > AGENT_UNREAD;
}

bool agent_value_is_number(const struct agent_value *v)
{
	return v->type >= AGENT_INTEGER && v->type <= AGENT_TICKS;
}

/* Of a number, with one byte that it may grow by. */
static size_t number_bytes(int64_t number)
{
	uint64_t rest = number < 0 ? ~(uint64_t)number : (uint64_t)number;
	size_t n = 2;

	while (rest >>= 8)
		n++;
	return n;
}

size_t agent_value_bytes(const struct agent_value *v)
{
	if (agent_value_is_number(v))
		return number_bytes(v->number);
	switch (v->type) {
	case AGENT_TEXT:
		return v->text.size + 1;
	case AGENT_OID:
		return snmp_oid_bytes(&v->oid);
	case AGENT_ADDRESS:
	case AGENT_REAL:
		return 11; /* a double in an Opaque */
	default:
		return 0;
	}
}

static const char *type_name(enum agent_type t)
{
	static const char *const names[] = {
		[AGENT_NOTHING] = "NOTHING",     [AGENT_NONE] = "NONE",
		[AGENT_UNREAD] = "UNREAD",       [AGENT_INTEGER] = "INTEGER",
		[AGENT_UNSIGNED] = "UNSIGNED",   [AGENT_COUNTER] = "COUNTER",
		[AGENT_COUNTER64] = "COUNTER64", [AGENT_TICKS] = "TICKS",
		[AGENT_TEXT] = "TEXT",           [AGENT_OID] = "OID",
		[AGENT_ADDRESS] = "ADDRESS",     [AGENT_REAL] = "REAL",
	};

	return names[t];
}

/* Bytes that are no printable ASCII, and '\' and '"', as \xNN. */
static void show_text(const struct agent_value *v, char *dst, size_t size)
{
	size_t used = 0;

	str_format(dst, size, "TEXT \"");
	for (size_t i = 0; i < v->text.size; i++) {
		unsigned char c = (unsigned char)v->text.bytes[i];
		bool plain = c >= ' ' && c < 0x7f && c != '"' && c != '\\';

		used = strlen(dst);
		if (used + 8 > size)
			break;
		str_format(dst + used, size - used, plain ? "%c" : "\\x%02x", c);
	}
	used = strlen(dst);
	str_format(dst + used, size - used, v->cut ? "\"..." : "\"");
}

void agent_value_show(const struct agent_value *v, char *dst, size_t size)
{
	char oid[SNMP_OID_TEXT_MAX];

	switch (v->type) {
	case AGENT_NOTHING:
	case AGENT_NONE:
	case AGENT_UNREAD:
		str_copy(dst, size, type_name(v->type));
		break;
	case AGENT_TEXT:
		show_text(v, dst, size);
		break;
	case AGENT_ADDRESS:
		str_format(dst, size, "ADDRESS %s", v->text.bytes);
		break;
	case AGENT_OID:
		snmp_oid_text(&v->oid, oid, sizeof(oid));
		str_format(dst, size, "OID %s", oid);
		break;
	case AGENT_REAL:
		str_format(dst, size, "REAL %g", v->real);
		break;
	default:
		str_format(dst, size, "%s %" PRId64, type_name(v->type), v->number);
	}
}
