#include "config.h"

#include "server/nametable.h"

#include <stdlib.h>

#include "common/base/str.h"

enum { FIRST_SIZE = 16 };

/* FNV-1a over the lower-case form. Names come from our own configuration: no
 * one can choose them to collide. */
static uint32_t hash_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		hash = (hash ^ c) * 16777619u;
	}
	return hash;
}

/* The slot that holds the name, or the free one where it would stand. */
static struct nametable_slot *slot_of(const struct nametable *t, const char *name, uint32_t hash)
{
	size_t i = hash & (t->size - 1);

	while (t->slots[i].name &&
	       (t->slots[i].hash != hash || !str_caseequal(t->slots[i].name, name)))
		i = (i + 1) & (t->size - 1);
	return &t->slots[i];
}

static bool grow(struct nametable *t)
{
	struct nametable bigger = {.size = t->size ? t->size * 2 : FIRST_SIZE, .used = t->used};

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (size_t i = 0; i < t->size; i++)
		if (t->slots[i].name)
			*slot_of(&bigger, t->slots[i].name, t->slots[i].hash) = t->slots[i];
	free(t->slots);
	*t = bigger;
	return true;
}

enum nametable_result nametable_add(struct nametable *t, const char *name, void *value)
{
	uint32_t hash = hash_of(name);
	struct nametable_slot *slot;

	if (t->used * 2 >= t->size && !grow(t))
		return NAMETABLE_NO_MEMORY;
	slot = slot_of(t, name, hash);
	if (slot->name)
		return NAMETABLE_TAKEN;
	*slot = (struct nametable_slot){.name = name, .value = value, .hash = hash};
	t->used++;
	return NAMETABLE_ADDED;
}

void *nametable_find(const struct nametable *t, const char *name)
{
	return t->size ? slot_of(t, name, hash_of(name))->value : NULL;
}

void nametable_clear(struct nametable *t)
{
	free(t->slots);
	*t = (struct nametable){0};
}
