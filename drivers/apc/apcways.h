/*
 * apcways: in which ways the load is cut off, and in which order they are tried, by
 * the options sdtype and advorder of apcsmart.
 */
#ifndef DRIVERS_APC_APCWAYS_H
#define DRIVERS_APC_APCWAYS_H

#include <stdbool.h>

enum apcway {
	APCWAY_SOFT,    /* S: only on battery; comes back with the mains */
	APCWAY_HARD,    /* @: comes back with the mains, and after a delay */
	APCWAY_STAYOFF, /* K */
	APCWAY_AT_ONCE, /* Z: stays off, too */
	APCWAY_FORCED,  /* a power failure is simulated, then S */
};

enum { APCWAYS_MAX = 5, APCWAYS_SDTYPE_MAX = 5 };

struct apcways {
	enum apcway list[APCWAYS_MAX];
	unsigned count;
};

/* Digits 0 to 4, at most five.  False: it is something else. */
bool apcways_parse_order(const char *text, struct apcways *w);

/* What sdtype stands for. */
struct apcways apcways_of_type(long sdtype, bool online);

/* The digits that follow `@`: two as they are, else three. "" as 0. False: there are others. */
bool apcways_parse_delay(const char *text, char digits[4]);

/* "3.5", in ms; at most 9.9 s. */
bool apcways_parse_pause(const char *text, int *ms);

#endif
