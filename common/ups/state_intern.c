/*
 * Process-wide tables of what many trees have in common: a thousand UPSes of
 * sixty variables have the same sixty names.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/ups/state_private.h"

enum { INTERN_FIRST_SIZE = 256 };

uint32_t intern_hash(uint32_t hash, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 16777619u;
	return hash;
}

struct intern_node *intern_find(const struct intern_table *t, uint32_t hash, intern_same_fn *same,
				const void *key)
{
	if (!t->slots)
		return NULL;
	for (struct intern_node *n = t->slots[hash & (t->size - 1)]; n; n = n->next) {
		if (n->hash == hash && same(n, key))
			return n;
	}
	return NULL;
}

static bool intern_resize(struct intern_table *t, size_t size)
{
	struct intern_node **slots = calloc(size, sizeof(struct intern_node *));

	if (!slots)
		return false;
	for (size_t i = 0; i < t->size; i++) {
		struct intern_node *next;

		for (struct intern_node *n = t->slots[i]; n; n = next) {
			struct intern_node **slot = &slots[n->hash & (size - 1)];

			next = n->next;
			n->next = *slot;
			*slot = n;
		}
	}
	free(t->slots);
	t->slots = slots;
	t->size = size;
	return true;
}

bool intern_insert(struct intern_table *t, struct intern_node *node, uint32_t hash)
{
	/* A table that cannot grow only gets slower; one that never was cannot take anything. */
	if (t->used >= t->size && !intern_resize(t, t->size ? t->size * 2 : INTERN_FIRST_SIZE) &&
	    !t->slots)
		return false;

	struct intern_node **slot = &t->slots[hash & (t->size - 1)];

	node->hash = hash;
	node->refs = 1;
	node->next = *slot;
	*slot = node;
	t->used++;
	return true;
}

bool intern_release(struct intern_table *t, struct intern_node *node)
{
	if (--node->refs > 0)
		return false;

	struct intern_node **p = &t->slots[node->hash & (t->size - 1)];

	while (*p != node)
		p = &(*p)->next;
	*p = node->next;
	if (--t->used == 0) {
		free(t->slots);
		t->slots = NULL;
		t->size = 0;
	}
	return true;
}

static struct intern_table names;

static bool same_text(const struct intern_node *node, const void *key)
{
	return strcmp(((const struct state_name *)node)->text, key) == 0;
}

struct state_name *state_name_get(const char *text)
{
	size_t len = strlen(text);
	uint32_t hash = intern_hash(INTERN_HASH, text, len);
	struct state_name *n = (struct state_name *)intern_find(&names, hash, same_text, text);

	if (n)
		return state_name_ref(n);
	n = malloc(sizeof(*n) + len + 1);
	if (!n)
		return NULL;
	memcpy(n->text, text, len + 1);
	if (!intern_insert(&names, &n->node, hash)) {
		free(n);
		return NULL;
	}
	return n;
}

struct state_name *state_name_ref(struct state_name *n)
{
	n->node.refs++;
	return n;
}

void state_name_put(struct state_name *n)
{
	if (n && intern_release(&names, &n->node))
		free(n);
}
