/*
 * driverwire: the lines between a driver and upsd (spec/driver-socket.md), as
 * changes of a state tree.  Both ends use it.
 */
#ifndef COMMON_UPS_DRIVERWIRE_H
#define COMMON_UPS_DRIVERWIRE_H

#include <stdbool.h>

#include "common/base/buffer.h"
#include "common/base/words.h"
#include "common/ups/state.h"

/* Limits for both directions: words a line, bytes a line. */
extern const struct words_limits driverwire_limits;

enum driverwire_word {
	DRIVERWIRE_UNKNOWN, /* to be ignored */
	DRIVERWIRE_BAD, /* a known word with the wrong number or kind of arguments, to be ignored */
	/* driver -> upsd */
	DRIVERWIRE_APPLIED, /* it was a state line and has been applied to the tree */
	DRIVERWIRE_DATAOK,
	DRIVERWIRE_DATASTALE,
	DRIVERWIRE_DUMPDONE,
	DRIVERWIRE_PONG,
	DRIVERWIRE_PID,      /* number */
	DRIVERWIRE_TRACKING, /* id, number = result */
	DRIVERWIRE_GOODBYE,  /* "OK Goodbye" */
	/* upsd -> driver */
	DRIVERWIRE_PING,
	DRIVERWIRE_DUMPALL,
	DRIVERWIRE_DUMPSTATUS,
	DRIVERWIRE_DUMPVALUE, /* name */
	DRIVERWIRE_GETPID,
	DRIVERWIRE_NOBROADCAST,
	DRIVERWIRE_BROADCAST, /* number: 0 = off */
	DRIVERWIRE_LOGOUT,
	DRIVERWIRE_INSTCMD, /* name, value (may be NULL), id (may be NULL) */
	DRIVERWIRE_SET,     /* name, value, id (may be NULL) */
};

/* Pointers are borrowed from the words. */
struct driverwire_message {
	enum driverwire_word word;
	const char *name;
	const char *value;
	const char *id;
	long number;
};

/*
 * A line from a driver.  State lines are applied to `s` (refused changes count
 * as BAD); freshness is left to the caller, who knows whether a dump is under
 * way.  Words too many are ignored, as is an unknown flag.
 */
struct driverwire_message driverwire_from_driver(const struct words *w, struct state *s);

/* A line to a driver; INSTCMD and SET in exactly the shapes of spec/driver-socket.md 3. */
struct driverwire_message driverwire_to_driver(const struct words *w);

/* Appends the line(s) of one change. Immutable flag is left out; flags none is `SETFLAGS <var>`. */
void driverwire_append_change(struct buffer *b, const struct state_change *c);

/* Appends a whole DUMPALL answer, DUMPDONE included. */
void driverwire_append_dump(struct buffer *b, const struct state *s);

/* Appends the answer to DUMPVALUE (freshness and DUMPDONE included). */
void driverwire_append_value(struct buffer *b, const struct state *s, const char *name);

/* Appends `INSTCMD name ["value"] [TRACKING id]` and `SET name "value" [TRACKING id]`. */
void driverwire_append_instcmd(struct buffer *b, const char *name, const char *value,
			       const char *id);
void driverwire_append_set(struct buffer *b, const char *name, const char *value, const char *id);

/* Results of INSTCMD and SET as they travel in TRACKING. */
enum driverwire_result {
	DRIVERWIRE_PENDING = -1,
	DRIVERWIRE_HANDLED = 0,
	DRIVERWIRE_R_UNKNOWN = 1,
	DRIVERWIRE_R_INVALID = 2,
	DRIVERWIRE_R_FAILED = 3,
	DRIVERWIRE_R_CONVERSION = 4,
};
void driverwire_append_tracking(struct buffer *b, const char *id, int result);

#endif
