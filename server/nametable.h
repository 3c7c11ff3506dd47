/*
 * nametable: finds things by name, letter case aside, in constant time.
 *
 * Filled once and rebuilt when its content changes (a reload), so there is no
 * removal.  A zeroed struct is an empty table.
 */
#ifndef SERVER_NAMETABLE_H
#define SERVER_NAMETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nametable_slot {
	const char *name; /* NULL = free */
	void *value;
	uint32_t hash;
};

struct nametable {
	struct nametable_slot *slots;
	size_t size; /* a power of two */
	size_t used;
};

enum nametable_result { NAMETABLE_ADDED, NAMETABLE_TAKEN, NAMETABLE_NO_MEMORY };

/* `name` and `value` are borrowed for the life of the table. */
enum nametable_result nametable_add(struct nametable *t, const char *name, void *value);

/* The value, or NULL. */
void *nametable_find(const struct nametable *t, const char *name);

/* Frees the table, not what it points to; it is empty afterwards. */
void nametable_clear(struct nametable *t);

#endif
