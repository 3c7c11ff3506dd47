#include "config.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/qx/qxdevice.h"
#include "drivers/qx/qxmemory.h"
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

/* The query that a probe asks, if that goes over the line as it stands. */
static const struct map_query *plain_query(const struct mapset_candidate *c)
{
	size_t len = strcspn(c->match->value, "[{");
	const struct map_query *query;
	char name[64];

	if (!str_format(name, sizeof(name), "%.*s", (int)len, c->match->value))
		return NULL;
	query = map_query_find(c->map, name);
	return query && !query->codec && !query->when ? query : NULL;
}

/* What most maps would ask first, if more than one does. */
static const struct map_query *commonest(const struct mapset_candidate *list, size_t count)
{
	const struct map_query *best = NULL;
	size_t most = 1;

	for (size_t i = 0; i < count; i++) {
		const struct map_query *one = plain_query(&list[i]);
		size_t same = 0;

		for (size_t j = i; one && j < count; j++) {
			const struct map_query *other = plain_query(&list[j]);

			same += other && list[j].map != list[i].map &&
				str_equal(other->text, one->text);
		}
		if (same >= most) {
			most = same + 1;
			best = one;
		}
	}
	return best;
}

static void greet(struct qx_memory *memory, const struct map_query *query)
{
	struct carrier_query q;
	char text[64];

	if (query && qx_device_query(query, text, sizeof(text), &q))
		qx_memory_greet(memory, &q);
}

static enum carrier_result search(const struct mapset_candidate *list, size_t count,
				  const struct carrier *carrier, const struct mapnumbers *numbers,
				  struct qx_found *found)
{
	for (size_t i = 0; i < count; i++) {
		enum carrier_result r = try_map(&list[i], carrier, numbers);

		if (r == CARRIER_OK)
			*found = (struct qx_found){list[i].map, list[i].match};
		if (r == CARRIER_OK || r == CARRIER_GONE || r == CARRIER_FAILED)
			return r;
	}
	return CARRIER_SILENCE;
}

enum carrier_result qx_probe(const struct mapset *maps, const struct map *only,
			     const struct carrier *carrier, const struct mapnumbers *numbers,
			     struct qx_found *found)
{
	struct mapset_candidate list[CANDIDATES_MAX];
	size_t count = mapset_candidates(maps, only, MAP_MATCH_PROBE, list, CANDIDATES_MAX);

	struct qx_memory *memory = qx_memory_new(carrier);
	enum carrier_result r = CARRIER_FAILED;
	struct carrier remembers;

	*found = (struct qx_found){only, NULL};
	if (only && count == 0 && only->row_count > 0)
		r = CARRIER_OK;
	else if (memory) {
		remembers = qx_memory_carrier(memory);
		greet(memory, commonest(list, count));
		r = search(list, count, &remembers, numbers, found);
	}
	qx_memory_free(memory);
	return r;
}
