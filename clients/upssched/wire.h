/*
 * wire: the lines on PIPEFN, NUT's own (spec/cli.md section 10), so that either
 * end may be of NUT.
 *
 *     START "name" "seconds" ["type" "ups" "message"]        OK
 *     START-SHARED ...                                       OK
 *     CANCEL "name" ["command" ["type" "ups" "message"]]     OK
 *     CANCEL-MATCHED ...                                     OK
 *     LIST-TIMERS                                            BEGIN LIST TIMERS ... OK
 *
 * NUT 2.8.0 knows START and CANCEL, without the words about the event.  What
 * cannot be taken is answered with ERR UNKNOWN.
 */
#ifndef CLIENTS_UPSSCHED_WIRE_H
#define CLIENTS_UPSSCHED_WIRE_H

#include <stdbool.h>

#include "common/base/words.h"

enum wire_verb {
	WIRE_START,
	WIRE_START_SHARED,
	WIRE_CANCEL,
	WIRE_CANCEL_MATCHED,
	WIRE_LIST,
	WIRE_UNKNOWN,
};

/* What upsmon said of the event. */
struct wire_event {
	const char *type, *ups, *message;
};

struct wire_request {
	enum wire_verb verb;
	const char *name;
	long seconds;        /* START: how long; below 0 when it is no number */
	const char *command; /* CANCEL: for CMDSCRIPT when there is no such timer; "" = nothing */
	bool has_event;
	struct wire_event event; /* all three are strings if has_event */
};

enum {
	WIRE_WORDS_MAX = 32,
	WIRE_LINE_MAX = 8192,
	WIRE_NAME_MAX = 512, /* bytes; a longer one is ERR UNKNOWN */
};

/* The strings are borrowed from the line. */
struct wire_request wire_parse(const struct words *w);

/* Appends a whole line. */
bool wire_append(struct buffer *b, const struct wire_request *request);

#endif
