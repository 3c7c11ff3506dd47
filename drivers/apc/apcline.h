/*
 * apcline: a conversation with an APC Smart-UPS: a key is sent, a line comes back.
 *
 * Between and within the lines the UPS sends alerts, single characters that say that
 * something happened.  They are taken out, and noted.  An answer that comes when it is
 * not waited for any more would pass for the answer to the next question: after a
 * silence the line is brought back into step first, by a question whose answer
 * cannot be mistaken.
 */
#ifndef DRIVERS_APC_APCLINE_H
#define DRIVERS_APC_APCLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/maps/maplookup.h"
#include "drivers/transport/serial.h"

enum {
	APCLINE_ANSWER_MAX = 64, /* bytes of a usual answer */
	APCLINE_TWICE_MS = 1500, /* between the two times that a key is pressed */
};

enum apcline_result {
	APCLINE_OK,
	APCLINE_REFUSED, /* NA: it has no such thing; NO: it does not want to */
	APCLINE_SILENCE,
	APCLINE_GARBAGE, /* no answer that it could have given */
	APCLINE_GONE,
	APCLINE_ENDING, /* the process is to end */
};

/* What is below: a serial line, or a test. */
struct apcport {
	enum serial_result (*send)(void *arg, const char *bytes, size_t count, int pace_ms);
	/* One byte. */
	enum serial_result (*take)(void *arg, char *byte, int timeout_ms);
	bool (*wait)(void *arg, int ms); /* false: the process is to end */
	void *arg;
};

struct apcline {
	struct apcport port;
	const struct maplookup *alerts; /* their codes; a text of "" is one to pass over */
	bool alerted;                   /* since this was cleared */
	bool echoes;                    /* the cable sends back what it gets */
	bool astray;                    /* an answer may still come */
};

/* Brings the UPS into Smart mode. `tries` times. */
enum apcline_result apcline_start(struct apcline *l, int tries);

/* Asks by a code (0x9fNN: two bytes).  `size` is at least APCLINE_ANSWER_MAX. */
enum apcline_result apcline_ask(struct apcline *l, unsigned code, char *answer, size_t size);

/* The same for an answer in which any character may stand; *len is its length. */
enum apcline_result apcline_ask_bytes(struct apcline *l, unsigned code, char *answer, size_t size,
				      size_t *len);

struct apcline_order {
	unsigned code;
	const char *text;   /* sent behind it; "": nothing */
	bool twice;         /* the key is pressed once more, after a pause */
	bool may_be_silent; /* it does not always answer */
};

/* Anything but a refusal that is said is in `answer`; `*` is how some say OK. */
enum apcline_result apcline_order(struct apcline *l, const struct apcline_order *o, char *answer,
				  size_t size);

/* Takes what has come unasked. */
enum apcline_result apcline_drain(struct apcline *l);

#endif
