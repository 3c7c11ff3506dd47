#include "config.h"

#include "drivers/snmp/snmpchoose.h"

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/snmp/snmpdevice.h"

static const char token[] = "snmp";

enum { CANDIDATES_MAX = 256 };

static enum agent_result get(struct agent *a, const char *where, struct mapvalue *v)
{
	struct agent_value value;
	struct snmp_oid oid;
	enum agent_result r;

	if (!snmp_oid_read(where, &oid))
		return AGENT_MISSING;
	r = agent_get(a, &oid, &value);
	return r == AGENT_OK && !snmp_device_value(&value, v) ? AGENT_MISSING : r;
}

/* OK: it is this one; MISSING: it is not; else the search broke off. */
static enum agent_result try_match(struct agent *a, const struct map *map,
				   const struct map_match *match, char *answer, size_t size)
{
	const char *where = match->how == MAP_MATCH_PROBE ? match->value : match->probe;
	struct mapconv_context context = {.map = map};
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};
	enum agent_result r = where ? get(a, where, &v) : AGENT_OK;

	str_copy(answer, size, r == AGENT_OK && v.kind == MAPVALUE_TEXT ? v.text : "");
	if (r == AGENT_OK && match->step_count > 0 &&
	    !mapconv_read(match->steps, match->step_count, &v, &context))
		r = AGENT_MISSING;
	log_debug(1, token, "%s: %s", map->name, agent_result_name(r));
	return r == AGENT_FAILED ? AGENT_MISSING : r;
}

static enum agent_result try_all(struct agent *a, const struct map *only,
				 const struct mapset_candidate *list, size_t count,
				 struct snmp_choice *out)
{
	for (size_t i = 0; i < count; i++) {
		enum agent_result r;

		if (only && list[i].map != only)
			continue;
		r = try_match(a, list[i].map, list[i].match, out->answer, sizeof(out->answer));
		if (r == AGENT_MISSING)
			continue;
		if (r == AGENT_OK) {
			out->map = list[i].map;
			out->match = list[i].match;
		}
		return r;
	}
	return AGENT_MISSING;
}

enum agent_result snmp_choose(struct agent *a, const struct mapset *maps, const struct map *only,
			      struct snmp_choice *out)
{
	struct mapset_candidate list[CANDIDATES_MAX];
	struct mapvalue id = {.kind = MAPVALUE_TEXT};
	enum agent_result r = get(a, ".1.3.6.1.2.1.1.2.0", &id);
	size_t count;

	*out = (struct snmp_choice){.map = NULL};
	if (r != AGENT_OK && r != AGENT_MISSING && r != AGENT_FAILED)
		return r;
	str_copy(out->object_id, sizeof(out->object_id), r == AGENT_OK ? mapvalue_text(&id) : "");
	count = r == AGENT_OK ? mapset_match_oid(maps, out->object_id, list, CANDIDATES_MAX) : 0;
	r = try_all(a, only, list, count, out);
	if (r != AGENT_MISSING)
		return r;
	count = mapset_candidates(maps, only, MAP_MATCH_PROBE, list, CANDIDATES_MAX);
	r = try_all(a, only, list, count, out);
	if (r != AGENT_MISSING)
		return r;
	/* What the user asks for is what he gets. */
	out->answer[0] = '\0';
	out->map = only;
	return only ? AGENT_OK : AGENT_MISSING;
}
