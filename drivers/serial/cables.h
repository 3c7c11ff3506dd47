/*
 * cables: what the modem lines of a serial port mean to a UPS that has contacts
 * and no protocol.
 *
 * Files NAME.cables in `maps/genericups` of the data folder and of the administrator's
 * (a file there takes the place of one of the same name), lines of words:
 *
 *     CABLE 1 "APC" "Back-UPS" "APC Back-UPS (940-0095A/C cable)" CP(DTR) OL(-RI) LB(DCD) SD(RTS)
 *
 * CP powers the cable, SD cuts the load off: DTR, RTS, ST, BREAK for SD, none.
 * OL, LB, RB and BYPASS hold while these inputs are as they say: CTS, DCD, DSR,
 * RI (or RNG); `-` is low.  Lines are joined by `+`.
 */
#ifndef DRIVERS_SERIAL_CABLES_H
#define DRIVERS_SERIAL_CABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/conffile.h"

extern const char cables_driver[], cables_suffix[]; /* "genericups", ".cables" */

enum cable_sense { CABLE_OL, CABLE_LB, CABLE_RB, CABLE_BYPASS, CABLE_SENSES };

/* Holds while (lines & mask) == value; a mask of 0 is none. Bits are enum serial_line's. */
struct cable_test {
	unsigned mask, value;
};

enum cable_shutdown {
	CABLE_NO_SHUTDOWN, /* there is no way */
	CABLE_BREAK,
	CABLE_LINES, /* shutdown_lines are raised, all others dropped */
};

struct cable {
	long type; /* upstype */
	char mfr[64], model[64], title[128];
	unsigned power_lines;
	enum cable_shutdown shutdown;
	unsigned shutdown_lines;
	struct cable_test tests[CABLE_SENSES];
};

struct cables {
	struct cable *rows; /* by their types */
	size_t count;
};

/* Mistakes are reported, and their lines left out.  False: no memory. */
bool cables_load(struct cables *c, struct conf_report *r);
/* This very file alone. */
bool cables_load_path(struct cables *c, const char *path, struct conf_report *r);
void cables_free(struct cables *c);
const struct cable *cables_find(const struct cables *c, long type);

/*
 * Lines as the user writes them, in any order and with anything between:
 * "-CTS", "DTR RTS", "DTR+RTS".  NUT's words: a name in the text counts, low where a
 * `-` is before it.  False: there is none of them in it.
 */
bool cables_parse_inputs(const char *text, struct cable_test *test);
/* "none", "NULL" and names with `-` are no lines. */
bool cables_parse_outputs(const char *text, unsigned *lines);
/* As SD: also "BREAK". "none" and "NULL" are the lines all low, as in NUT. */
bool cables_parse_shutdown(const char *text, struct cable *c);

#endif
