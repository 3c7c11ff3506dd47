/*
 * state_private: what the parts of the state tree share.
 *
 *  state_intern.c   names and other texts, held once for the whole process
 *  state_meta.c     flags, maximum length, enumerations, ranges
 *  state.c          variables and commands, freshness
 *  state_resync.c   a dump taken anew
 *  state_observe.c  observers, tombstones, what changed
 *
 * The shared tables are not locked: trees belong to the one thread of a daemon.
 */
#ifndef COMMON_UPS_STATE_PRIVATE_H
#define COMMON_UPS_STATE_PRIVATE_H

#include "common/ups/state.h"

/* An entry of a process-wide table; embedded first in what is shared. */
struct intern_node {
	struct intern_node *next;
	uint32_t refs;
	uint32_t hash;
};

struct intern_table {
	struct intern_node **slots; /* NULL while empty */
	size_t size;                /* slots, a power of two */
	size_t used;
};

typedef bool intern_same_fn(const struct intern_node *node, const void *key);

/* The entry with this hash for which `same` holds, or NULL. Takes no reference. */
struct intern_node *intern_find(const struct intern_table *t, uint32_t hash, intern_same_fn *same,
				const void *key);
/* Adds an entry that is not in the table yet, with one reference. False when out of memory. */
bool intern_insert(struct intern_table *t, struct intern_node *node, uint32_t hash);
/* Gives a reference back; true when it was the last and the entry has left the table. */
bool intern_release(struct intern_table *t, struct intern_node *node);
/* Goes on with a hash (FNV-1a); start with INTERN_HASH. */
#define INTERN_HASH 2166136261u
uint32_t intern_hash(uint32_t hash, const void *data, size_t len);

/* A shared text: the same pointer means the same spelling. */
struct state_name {
	struct intern_node node;
	char text[];
};

struct state_name *state_name_get(const char *text); /* a new reference; NULL: no memory */
struct state_name *state_name_ref(struct state_name *n);
void state_name_put(struct state_name *n); /* NULL is fine */

/*
 * Metadata of a variable: shared, never changed once it is in the table; NULL
 * stands for none at all.  The ranges are followed by the enumeration.
 */
struct state_meta {
	struct intern_node node;
	long aux;
	uint32_t flags;
	uint16_t range_count, enum_count;
	size_t bytes; /* of the lists and their texts */
	struct state_range ranges[];
};

void state_meta_put(struct state_meta *m); /* NULL is fine */
struct state_name *const *state_meta_enums(const struct state_meta *m);

/* Short values stand in the record itself. */
enum { STATE_INLINE_VALUE = 16 };

struct state_var {
	struct state_name *name;
	struct state_meta *meta;
	union {
		char here[STATE_INLINE_VALUE];
		char *heap;
	} value;
	uint64_t value_generation; /* of the last change of the value */
	uint64_t meta_generation;  /* of the last change of the metadata; 0 = never any */
	uint16_t resync;           /* STATE_UNNAMED, STATE_CREATED or place in pending + 1 */
	bool on_heap;
};

enum { STATE_UNNAMED = 0, STATE_CREATED = UINT16_MAX };

struct state_command {
	struct state_name *name;
	uint64_t generation : 63;
	uint64_t named : 1; /* in this resync */
};

/* What went, for observers that do not know it yet. */
struct state_tombstone {
	uint64_t generation;
	enum state_change_kind kind;
	struct state_name *name;
	struct state_name *text;  /* of an enumeration, or NULL */
	struct state_range range; /* zero if it is no range */
};

/* New names, enumeration values and ranges are refused while so many deletions wait for observers.
 */
enum { STATE_MAX_TOMBSTONES = 2 * STATE_MAX_VARS };

/* Bytes of enumerations and ranges of one tree. */
enum { STATE_MAX_LIST_BYTES = 4 * 1024 * 1024 };

struct state {
	struct state_var *vars; /* ordered by name, letter case aside */
	uint32_t var_count, var_size;
	struct state_command *commands; /* likewise */
	uint32_t command_count, command_size;
	uint32_t hint; /* index of the variable that was changed last */
	bool fresh, dirty, resyncing;
	uint64_t generation, fresh_generation;
	size_t list_bytes;

	struct state_meta **pending; /* metadata of the variables named in this resync */
	uint32_t pending_count, pending_size;

	struct state_observer *observers;
	struct state_observer *flush_next;  /* the next to be told, while a flush runs */
	struct state_tombstone *tombstones; /* in order of generation */
	uint32_t tombstone_count, tombstone_size;
	void (*on_dirty)(void *arg);
	void *on_dirty_arg;
};

/* Makes room for one more item in an array that grows by half. False when out of memory. */
bool state_grow(void **array, uint32_t *size, uint32_t count, size_t item, uint32_t first);

/* The variable to be changed, or NULL. */
struct state_var *state_lookup(struct state *s, const char *name);

/* A new generation; arranges for a flush. */
uint64_t state_touch(struct state *s);

void state_var_clear(struct state *s, struct state_var *v);

/* True while deletions leave room for something new. */
bool state_has_room(const struct state *s);

/* Remembers a deletion of generation `generation` if anyone observes; takes its own references. */
void state_bury(struct state *s, const struct state_tombstone *t);
void state_prune_tombstones(struct state *s);

/* Notes that a resync has named v. False when out of memory. */
bool state_resync_name(struct state *s, struct state_var *v);
/* Where changes of v's metadata go: into v, or into what a resync gathers. */
struct state_meta **state_meta_slot(struct state *s, struct state_var *v);
/* Puts m (consumed) into a slot. */
void state_meta_swap(struct state *s, struct state_meta **slot, struct state_meta *m);
/* Makes v one that only state_override() changes. False when out of memory. */
bool state_meta_fix(struct state *s, struct state_var *v);
/* Gives v the metadata m (consumed) of a resync; what went is buried. */
void state_meta_replace(struct state *s, struct state_var *v, struct state_meta *m);

#endif
