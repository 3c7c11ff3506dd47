#include "config.h"

#include "server/rendered.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

struct rendered {
	TAILQ_ENTRY(rendered) by_use;
	struct rendered **slot; /* where the owner holds us */
	uint64_t generation;
	size_t len;
	size_t spelling_len;
	char text[]; /* the answer, then the spelling and its NUL */
};

static size_t size_of(const struct rendered *r)
{
	return sizeof(*r) + r->len + r->spelling_len + 1;
}

void rendered_cache_init(struct rendered_cache *cache, size_t max_bytes)
{
	TAILQ_INIT(&cache->by_use);
	cache->bytes = 0;
	cache->max_bytes = max_bytes;
}

bool rendered_append(struct rendered_cache *cache, struct rendered **slot, const char *spelling,
		     uint64_t generation, struct buffer *out)
{
	struct rendered *r = *slot;

	if (!r || r->generation != generation || !str_equal(r->text + r->len, spelling))
		return false;
	if (r != TAILQ_LAST(&cache->by_use, rendered_list)) {
		TAILQ_REMOVE(&cache->by_use, r, by_use);
		TAILQ_INSERT_TAIL(&cache->by_use, r, by_use);
	}
	buffer_append(out, r->text, r->len);
	return true;
}

void rendered_keep(struct rendered_cache *cache, struct rendered **slot, const char *spelling,
		   uint64_t generation, const char *text, size_t len)
{
	size_t spelling_len = strlen(spelling);
	struct rendered *r;

	rendered_drop(cache, slot);
	if (len > cache->max_bytes / 2 || spelling_len > cache->max_bytes / 4)
		return;
	r = malloc(sizeof(*r) + len + spelling_len + 1);
	if (!r)
		return;
	*r = (struct rendered){
		.slot = slot, .generation = generation, .len = len, .spelling_len = spelling_len};
	memcpy(r->text, text, len);
	memcpy(r->text + len, spelling, spelling_len + 1);
	while (!TAILQ_EMPTY(&cache->by_use) && cache->bytes + size_of(r) > cache->max_bytes)
		rendered_drop(cache, TAILQ_FIRST(&cache->by_use)->slot);
	TAILQ_INSERT_TAIL(&cache->by_use, r, by_use);
	cache->bytes += size_of(r);
	*slot = r;
}

void rendered_drop(struct rendered_cache *cache, struct rendered **slot)
{
	struct rendered *r = *slot;

	if (!r)
		return;
	TAILQ_REMOVE(&cache->by_use, r, by_use);
	cache->bytes -= size_of(r);
	*slot = NULL;
	free(r);
}
