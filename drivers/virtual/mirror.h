/*
 * mirror: keeps a part of one state tree equal to another: values, flags,
 * lengths, enumerations, ranges, commands.  Only what has changed is copied;
 * following another tree costs the differences between the two.
 *
 * ups.status is left to the owner: the core composes it.
 */
#ifndef DRIVERS_VIRTUAL_MIRROR_H
#define DRIVERS_VIRTUAL_MIRROR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/ups/state.h"

/* What something of the original is called in the copy; false: it is left out. */
typedef bool mirror_name_fn(void *arg, const char *theirs, char *ours, size_t size);

struct mirror_rules {
	mirror_name_fn *variable;
	mirror_name_fn *command; /* NULL: none */
	bool read_only;          /* nothing of the copy can be set */
};

struct mirror {
	/* private */
	struct state *to;
	const struct mirror_rules *rules;
	void *arg;
	struct state *from; /* NULL: nothing is followed */
	struct state_observer observer;
	struct state *copied; /* the names that came from there */
};

/* False: no memory.  All is borrowed. */
bool mirror_init(struct mirror *m, struct state *to, const struct mirror_rules *rules, void *arg);

/* Copies all of that tree, removes what the one before had beyond it, and follows it from now on.
 */
void mirror_follow(struct mirror *m, struct state *from);

/* Copies what has changed since. */
void mirror_update(struct mirror *m);

/* Follows nothing any more; the copy stays.  To be called before the tree is freed. */
void mirror_detach(struct mirror *m);
void mirror_free(struct mirror *m);

#endif
