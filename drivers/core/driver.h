/*
 * driver: what a driver is, and what the core does for it.
 *
 * A driver is a table (struct driver) and a main() of one line that hands it
 * to core_main().  The core does the rest: command line, ups.conf, privileges,
 * pid file, the socket that upsd connects to, the pace of polling, commands
 * from upsd, reconnecting, freshness, signals.
 *
 * A driver's functions run on the main stack, one at a time, never inside a
 * callback.  They wait only through core_wait(), which turns the loop
 * meanwhile: a stalled device never delays a PONG.  When core_wait() returns
 * false the process is to end, and the function returns as soon as it can.
 */
#ifndef DRIVERS_CORE_DRIVER_H
#define DRIVERS_CORE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/net/loop.h"
#include "common/ups/driverwire.h"
#include "common/ups/state.h"

/* One running driver; there is one a process. */
struct core;

enum driver_result {
	DRIVER_OK,
	DRIVER_FAILED, /* nothing good this time; the link to the device stays */
	DRIVER_STALE,  /* the device answers, and says that it has no valid data now */
	DRIVER_LOST,   /* the device is gone: close, then open again with growing pauses */
	DRIVER_FATAL,  /* the configuration is wrong, trying again is of no use (open only) */
};

enum {
	DRIVER_OPTION_SECRET = 1,     /* never published, logged or listed with its value */
	DRIVER_OPTION_RELOADABLE = 2, /* core_option() gives the new value after a reload */
	DRIVER_OPTION_NUMBER = 4,     /* a flag that may carry a number: 0 is no "no" */
	/* Also a long option, `_` as `-`: the driver looks at a device, without ups.conf, and ends
	 * by core_finish(). */
	DRIVER_OPTION_LOOK = 8,
};

/* A key of ups.conf, or of -x, which only this driver knows. */
struct driver_option {
	const char *name;     /* found letter case aside */
	const char *argument; /* what its value is called in the help; NULL = a flag */
	const char *help;     /* one line */
	unsigned flags;
	long min, max; /* both 0: any text; else a number within, checked before open() */
};

struct driver {
	const char *name;        /* the program's name, as ups.conf's `driver =` has it */
	const char *description; /* "Device simulation and repeater" */
	const char *version;     /* of this driver */
	const struct driver_option *options; /* ends with a row without name */
	size_t data_size;                    /* bytes of core_data() */

	/* The status words of the device are published as they are: nothing is derived from the
	 * charge's course (for simulations and copies). */
	bool status_verbatim;

	/*
	 * Reaches and identifies the device.  Called at the start and after each loss; after
	 * DRIVER_FAILED it is called again, close() is not called in between.  Says in the log why.
	 */
	enum driver_result (*open)(struct core *c);

	/* Reads the device once and publishes.  Only DRIVER_OK is a good reading. */
	enum driver_result (*poll)(struct core *c);

	/* `value` may be NULL.  Called between polls, with the device open.  Either may be NULL.
	 * DRIVERWIRE_PENDING: see core_answer_later(). */
	enum driverwire_result (*instcmd)(struct core *c, const char *name, const char *value);
	enum driverwire_result (*setvar)(struct core *c, const char *name, const char *value);

	/* Cuts the load off, so that it comes back with the mains where the device can do that. */
	enum driverwire_result (*shutdown)(struct core *c);

	/* Lets go of the device; only after an open() that succeeded.  May be NULL. */
	void (*close)(struct core *c);
};

/* A driver's main().  Returns the exit status. */
int core_main(const struct driver *driver, int argc, char **argv);

/* ---------------------------------------------------------- what was configured */

/* data_size bytes, zeroed before the first open(), the driver's until the end. */
void *core_data(struct core *c);

const char *core_ups(const struct core *c);  /* the section's name */
const char *core_port(const struct core *c); /* the value of `port` */

/* The value of a driver's own option (borrowed until the next wait), NULL if it was not given. */
const char *core_option(const struct core *c, const char *name);
bool core_flag(const struct core *c, const char *name);
long core_option_long(const struct core *c, const char *name, long otherwise);

/* A file that open() will need again: its folder stays readable in the sandbox, which is closed
 * after the first open().  NULL is nothing. */
void core_keep_file(struct core *c, const char *path);

/* ------------------------------------------------------------------------ waiting */

/* Serves everybody else for that time.  False: the process is to end, return soon. */
bool core_wait(struct core *c, int ms);

/* As core_wait(), and returns as soon as *done, which a callback sets. */
bool core_wait_for(struct core *c, const bool *done, int ms);

struct loop *core_loop(struct core *c);

/* All that was asked for is done (DRIVER_OPTION_LOOK), or cannot be: the process ends. */
void core_finish(struct core *c, bool well);

/* The next poll is due at once: something is known to have changed. */
void core_poll_now(struct core *c);

/* The device may be back: open() is due at once, and soon again if that fails. */
void core_open_now(struct core *c);

/*
 * For instcmd and setvar of a driver that hands them to somebody else: the answer will come by
 * core_answer(), and DRIVERWIRE_PENDING is to be returned.  0: not this time (the power is being
 * cut, or too many wait); wait for the answer, and return it.
 */
unsigned long core_answer_later(struct core *c);
void core_answer(struct core *c, unsigned long number, enum driverwire_result result);

/* A good transfer in the middle of a long poll: what is published is still fresh. */
void core_alive(struct core *c);

/* --------------------------------------------------------------------- publishing */

/* Changes reach upsd at the end of the loop's turn.  Use it for everything but what follows. */
struct state *core_state(struct core *c);

/*
 * Takes back all variables and commands that are not the core's or the configuration's.
 * For open(), once there is a device and before anything of it is published: the one
 * before may have been another, and what this one does not give must not look like its own.
 * Not earlier, so that the last that was known can be seen while the device is away.
 */
void core_forget(struct core *c);

/*
 * Makes a text from a device fit to publish, in place: control bytes and bytes
 * from 0x80 become spaces, runs of spaces one space, and none is left at either
 * end.  Returns `text`.
 */
char *core_clean(char *text);

/* Publishes a text of the device, cleaned. */
enum state_result core_set_text(struct core *c, const char *name, const char *text);

/*
 * ups.status and ups.alarm are composed: begin forgets the words of the last
 * reading, add appends (each word once), and after a poll that returned
 * DRIVER_OK both are published, together, with what the core knows itself
 * (spec/driver-socket.md section 6).  A poll that does not begin leaves them as
 * they were.
 */
void core_status_begin(struct core *c);
void core_status_add(struct core *c, const char *words);
void core_alarm_begin(struct core *c);
void core_alarm_add(struct core *c, const char *text);

/*
 * Publishes both at once.  For copies, before a poll that is not DRIVER_OK: what the original said
 * last must not be lost because it is stale already when the copy hears of it.
 */
void core_status_publish(struct core *c);

#endif
