#include "config.h"

#include "common/base/log.h"
#include "drivers/qx/qxdevice.h"
#include "drivers/qx/qxprobe.h"

static const char token[] = "qx";

enum {
	CANDIDATES_MAX = 256,
};

/* With novendor the vendor's query is not asked: it makes some devices hang. */
static bool vendor_answers(struct qx_device *q, const struct map_match *match,
			   const struct mapnumbers *numbers)
{
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};

	return !match->vendor_where || !mapnumbers_allow(numbers, "!novendor") ||
	       qx_device_probe(q, match->vendor_where, &v) == DEVICE_OK;
}

static enum carrier_result try_once(struct qx_device *q, const struct mapset_candidate *c,
				    struct mapnumbers *numbers)
{
	struct mapconv_context context = {.map = c->map, .numbers = numbers};
	struct mapvalue v = {.kind = MAPVALUE_NUMBER};
	enum device_result r = qx_device_probe(q, c->match->value, &v);

	if (r == DEVICE_GONE)
		return CARRIER_GONE;
	if (r != DEVICE_OK)
		return CARRIER_SILENCE;
	if (!mapconv_read(c->match->steps, c->match->step_count, &v, &context))
		return CARRIER_REFUSED;
	return vendor_answers(q, c->match, numbers) ? CARRIER_OK : CARRIER_REFUSED;
}

static enum carrier_result try_map(const struct mapset_candidate *c, const struct carrier *carrier,
				   const struct mapnumbers *numbers)
{
	struct mapnumbers copy = *numbers;
	struct qx_device *q = qx_device_new(c->map, carrier, &copy);
	enum carrier_result r;

	if (!q)
		return CARRIER_FAILED;
	r = try_once(q, c, &copy);
	qx_device_free(q);
	log_debug(1, token, "%s: %s", c->map->name,
		  r == CARRIER_OK ? "the device answers as it should" : "no");
	return r;
}

enum carrier_result qx_probe(const struct mapset *maps, const struct map *only,
			     const struct carrier *carrier, const struct mapnumbers *numbers,
			     struct qx_found *found)
{
	struct mapset_candidate list[CANDIDATES_MAX];
	size_t count = mapset_candidates(maps, only, MAP_MATCH_PROBE, list, CANDIDATES_MAX);

	*found = (struct qx_found){only, NULL};
	for (size_t i = 0; i < count; i++) {
		enum carrier_result r = try_map(&list[i], carrier, numbers);

		if (r == CARRIER_OK) {
			*found = (struct qx_found){list[i].map, list[i].match};
			return r;
		}
		if (r == CARRIER_GONE || r == CARRIER_FAILED)
			return r;
	}
	return only && count == 0 && only->row_count > 0 ? CARRIER_OK : CARRIER_SILENCE;
}
