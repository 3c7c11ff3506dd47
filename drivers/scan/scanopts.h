/*
 * scanopts: the command line of nut-scanner.
 */
#ifndef DRIVERS_SCAN_SCANOPTS_H
#define DRIVERS_SCAN_SCANOPTS_H

#include "drivers/scan/addrrange.h"

enum scan_bus {
	SCAN_USB,
	SCAN_SNMP,
	SCAN_XML,
	SCAN_NUT,
	SCAN_SIMULATION,
	SCAN_AVAHI,
	SCAN_IPMI,
	SCAN_UPOWER,
	SCAN_SERIAL,
	SCAN_BUSES
};

enum scan_format { SCAN_CHECKED_CONF, SCAN_CONF, SCAN_PARSABLE };

enum { SCAN_RANGES_MAX = 64, SCAN_NUT_PORT = 3493, SCAN_SNMP_PORT = 161 };

/* One row of the credentials that SNMP takes, by the names of snmp-ups' options. */
struct scan_credential {
	const char *name;
	char *value; /* NULL: not given */
};

enum { SCAN_CREDENTIALS = 7 };

struct scan_options {
	bool wanted[SCAN_BUSES]; /* asked for by name */
	bool any_wanted;         /* false: all but serial ports */
	int usb_detail;
	struct addrrange ranges[SCAN_RANGES_MAX];
	size_t range_count;
	struct scan_credential snmp[SCAN_CREDENTIALS + 1]; /* ends with a row without a name */
	const char *ports;                                 /* of -E; NULL = auto */
	long port, snmp_port;                              /* of NUT servers, and agents */
	long timeout_s, parallel;
	enum scan_format format;
	bool quiet;
};

enum scanopts_result {
	SCANOPTS_GO,
	SCANOPTS_DONE,      /* help, version */
	SCANOPTS_AVAILABLE, /* -a */
	SCANOPTS_BAD,       /* was told on stderr */
};

/* Passwords are copied, and overwritten in argv, where other users could see them. */
enum scanopts_result scanopts_read(struct scan_options *o, int argc, char **argv);
void scanopts_free(struct scan_options *o); /* wipes passwords */

/* NULL: not given. */
const char *scanopts_credential(const struct scan_options *o, const char *name);

bool scanopts_wants(const struct scan_options *o, enum scan_bus bus);

#endif
