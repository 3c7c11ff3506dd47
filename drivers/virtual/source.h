/*
 * source: another driver on this host, which a virtual driver follows by its
 * socket (spec/driver-socket.md).  The link connects by itself, and again after
 * each loss; what the other driver says is in a tree, as it says it.
 *
 * Drivers that follow each other in a circle would keep each other's old news
 * alive.  So each of them publishes in driver.upstream whose news it tells, and
 * source_is_circular() finds its own name there.
 */
#ifndef DRIVERS_VIRTUAL_SOURCE_H
#define DRIVERS_VIRTUAL_SOURCE_H

#include <stdbool.h>

#include "common/base/buffer.h"
#include "common/ups/driverwire.h"
#include "common/ups/state.h"
#include "drivers/core/driver.h"

struct source;

struct source_config {
	const char *name;      /* of the socket in the state path, or a path; copied */
	long maxage_s;         /* silence after which it counts as dead; it is asked before */
	unsigned complaint_s;  /* between two complaints that it is not reached; 0 = the default */
	unsigned max_failures; /* attempts to connect, in a row, until a rest; 0 = no limit */
	long rest_s;           /* how long that is */
	void (*changed)(
		void *arg); /* something it says, or whether it says anything, has changed */
	void *arg;
};

/* NULL, with the reason in the log: no memory, or a name that cannot be.  Connecting begins with
 * the first tick. */
struct source *source_new(struct core *c, const struct source_config *cfg);
void source_free(struct source *s); /* NULL is fine; nobody gets an answer any more */

/* Once a second. */
void source_tick(struct source *s);

/* The name of the socket, without its folder. */
const char *source_name(const struct source *s);

/* Borrowed; what was known last stays while the other driver is away. */
struct state *source_state(const struct source *s);

bool source_complete(const struct source *s); /* connected, alive, and has said all it knows */
bool source_fresh(const struct source *s);    /* and that is good */

/* The socket is our own. */
bool source_is_self(const struct source *s);
/* It tells, by itself or by others, what it has from us. */
bool source_is_circular(const struct source *s);

/* Appends the name and those that it depends on itself, each that is not in `list` yet. */
void source_list_upstream(const struct source *s, struct buffer *list);

/* The answer to a request: by the other driver, or DRIVERWIRE_R_FAILED when none came. */
typedef void source_answer_fn(void *arg, enum driverwire_result result);

/* INSTCMD or SET; `value` may be NULL for INSTCMD.  False: not connected, or too much waits. */
bool source_ask(struct source *s, bool is_set, const char *name, const char *value,
		source_answer_fn *fn, void *arg);

/* For instcmd, setvar and shutdown: hands it on, and lets the core answer later.  `also`, if not
 * NULL, is told too. */
enum driverwire_result source_hand_on(struct source *s, bool is_set, const char *name,
				      const char *value, source_answer_fn *also, void *arg);

#endif
