/*
 * state: the state tree of one device: variables (value, flags, enumeration,
 * ranges, maximum length), instant commands, and freshness.
 *
 * Variables and commands are ordered by name, letter case aside, and found by
 * binary search; names and metadata are shared between all trees of the
 * process.  Every change gets a new generation of its tree.  Observers learn
 * of changes once per flush, never in the middle of one, and keep only the
 * generation they have seen, so their memory is bounded whatever the pace;
 * deletions leave tombstones until every observer has passed them.
 */
#ifndef COMMON_UPS_STATE_H
#define COMMON_UPS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state;

/* As SETFLAGS has them (spec/driver-socket.md); the last one never goes on the wire. */
enum state_flag {
	STATE_RW = 1,
	STATE_STRING = 2,
	STATE_NUMBER = 4,
	STATE_IMMUTABLE = 8, /* override.*: only state_override() changes it */
};

struct state_range {
	long min, max;
};

struct state_var; /* borrowed; valid until its tree changes */

/* Limits on hostile drivers: more is refused. */
enum {
	STATE_MAX_VARS = 4096,
	STATE_MAX_COMMANDS = 1024,
	STATE_MAX_VALUE = 8192,
	STATE_MAX_NAME = 256,
	STATE_MAX_ENUMS = 1024,
	STATE_MAX_RANGES = 256
};

enum state_result {
	STATE_UNCHANGED,
	STATE_CHANGED,
	STATE_REFUSED, /* over a limit, bad name, immutable, unknown variable, or no memory */
};

struct state *state_new(void);
void state_free(struct state *s);

/*
 * Texts that are handed out are the tree's and good until its next change.
 * Trees share tables that are not locked: all trees belong to one thread.
 */

/* Reading */
size_t state_count(const struct state *s);
const struct state_var *state_at(const struct state *s, size_t i); /* in order */
const struct state_var *state_find(const struct state *s, const char *name);
const char *state_get(const struct state *s, const char *name); /* its value or NULL */
const char *state_var_name(const struct state_var *v);
const char *state_var_value(const struct state_var *v);
unsigned state_var_flags(const struct state_var *v);
long state_var_aux(const struct state_var *v);
size_t state_var_enum_count(const struct state_var *v);
const char *state_var_enum(const struct state_var *v, size_t i); /* in the order added */
size_t state_var_range_count(const struct state_var *v);
struct state_range state_var_range(const struct state_var *v, size_t i);
size_t state_command_count(const struct state *s);
const char *state_command(const struct state *s, size_t i); /* in order */
/* The stored spelling, or NULL. */
const char *state_find_command(const struct state *s, const char *name);

/* Grows with every change; a cache of something made from the tree is good while it is the same. */
uint64_t state_generation(const struct state *s);

/*
 * Changing.  A value that differs only in letter case is a change.  Names are
 * printable ASCII without blanks and without the marks of the grammar.  A new
 * range makes its variable a NUMBER, and counts as known when one with the same
 * lower or the same upper bound is; DELRANGE goes by one bound as well
 * (spec/driver-socket.md 2).
 */
enum state_result state_set(struct state *s, const char *name, const char *value);
enum state_result state_setf(struct state *s, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
enum state_result state_override(struct state *s, const char *name, const char *value);
enum state_result state_delete(struct state *s, const char *name);
enum state_result state_set_flags(struct state *s, const char *name, unsigned flags);
enum state_result state_set_aux(struct state *s, const char *name, long aux);
enum state_result state_add_enum(struct state *s, const char *name, const char *value);
enum state_result state_delete_enum(struct state *s, const char *name, const char *value);
enum state_result state_add_range(struct state *s, const char *name, long min, long max);
enum state_result state_delete_range(struct state *s, const char *name, long min, long max);
enum state_result state_add_command(struct state *s, const char *name);
enum state_result state_delete_command(struct state *s, const char *name);

/* DATAOK / DATASTALE. A new tree is stale. */
bool state_fresh(const struct state *s);
enum state_result state_set_fresh(struct state *s, bool fresh);

/*
 * A full dump comes over the wire anew: between begin and end whatever is set
 * is marked; at the end what was not named again is removed, so that unchanged
 * content causes no changes at all.  abort keeps everything.
 */
void state_resync_begin(struct state *s);
void state_resync_end(struct state *s);
void state_resync_abort(struct state *s);

enum state_change_kind {
	STATE_VAR_VALUE, /* new or other value; of a new variable all its metadata follow */
	STATE_VAR_DELETED,
	STATE_VAR_FLAGS,
	STATE_VAR_AUX,
	STATE_ENUM_ADDED,
	STATE_ENUM_DELETED,
	STATE_RANGE_ADDED,
	STATE_RANGE_DELETED,
	STATE_COMMAND_ADDED,
	STATE_COMMAND_DELETED,
	STATE_FRESHNESS,
};

struct state_change {
	enum state_change_kind kind;
	const char *name;            /* of the variable or command; NULL for freshness */
	const struct state_var *var; /* NULL when deleted, a command, or freshness */
	const char *text;            /* the enumeration value */
	struct state_range range;
	bool fresh; /* of STATE_FRESHNESS */
};

/*
 * An observer is embedded by its owner.  `notify` is called by state_flush()
 * when there is something newer than `seen`; the owner then walks
 * state_changes() when it suits it (a slow peer may do so later).
 */
struct state_observer {
	struct state_observer *next, **prev; /* private */
	uint64_t seen;                       /* generation up to which changes are known */
	void (*notify)(struct state_observer *o, void *arg);
	void *arg;
};

/* From now on; `seen` is set to the present generation, or to 0 when `from_start` (all is news). */
void state_observe(struct state *s, struct state_observer *o, bool from_start);
void state_unobserve(struct state *s, struct state_observer *o);

/* Tells the observers; to be called once per turn of the loop. Cheap when nothing changed. */
void state_flush(struct state *s);

/*
 * Called with `arg` at the first change after a flush: the place to arrange
 * for state_flush() at the end of the turn.
 */
void state_on_dirty(struct state *s, void (*fn)(void *arg), void *arg);

/* Calls fn for each change newer than o->seen, deletions first, then variables in order, commands,
 * and freshness last; then advances o->seen. fn must not change the tree. */
void state_changes(struct state *s, struct state_observer *o,
		   void (*fn)(void *arg, const struct state_change *c), void *arg);

#endif
