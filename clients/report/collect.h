/*
 * collect: what goes into a report: files, and what other programs say.
 */
#ifndef CLIENTS_REPORT_COLLECT_H
#define CLIENTS_REPORT_COLLECT_H

#include <stdbool.h>

#include "clients/report/bundle.h"

struct collect {
	struct bundle *bundle;
	struct cloak *cloak;
	const char *server; /* host[:port] to ask; NULL: this machine, at the port of upsd.conf */
	const char *log;    /* a file to read lines from; NULL: the journal, or syslog's */
	unsigned lines;     /* of the log */
	bool keep_serials;
};

void collect_system(struct collect *c);
void collect_conf(struct collect *c); /* first of all: it knows the secrets */
void collect_permissions(struct collect *c);
void collect_programs(struct collect *c); /* versions, checks, drivers, units */
void collect_upses(struct collect *c);
void collect_maps(struct collect *c);
void collect_usb(struct collect *c);
void collect_log(struct collect *c);

/* Runs a program and appends `$ words` and what it said; false: it is not there. */
bool collect_run(struct bundle_part *p, const char *const *argv);

#endif
