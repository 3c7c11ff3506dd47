/*
 * check: looks through all configuration files of a site together.
 *
 * Each file is read by its own daemon's parser; then what one file says is
 * compared with what others say, and with what there is on this machine.
 */
#ifndef CLIENTS_NUTCONF_CHECK_H
#define CLIENTS_NUTCONF_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "clients/nutconf/sayings.h"
#include "clients/upsmon/conf/conf.h"

enum check_severity {
	CHECK_HINT,    /* works, and might be better */
	CHECK_WARNING, /* works, though not as somebody who wrote it will have meant */
	CHECK_ERROR,   /* does not work */
};

struct check_finding {
	enum check_severity severity;
	const char *code; /* constant, for tools: "monitor-unknown-ups" */
	char *file;       /* "" = none */
	unsigned line;    /* 0 = the file as a whole */
	char *text;       /* what is wrong; what mends it */
	size_t order;
};

struct check {
	struct sayings said;
	struct upsmon_conf upsmon; /* empty where there is no file, or it cannot be used */
	const char *daemon_user;   /* whom the daemons become; NULL: RUN_AS_USER */
	struct check_finding *findings;
	size_t count;
	unsigned errors, warnings, hints;
	bool lost; /* no memory for one of them */
};

/* Looks at everything below paths_conf(). */
void check_site(struct check *c, const char *daemon_user);
void check_free(struct check *c);

/* One line each, by file and line; hints only if `all`. */
void check_print(const struct check *c, bool all, FILE *out);
const char *check_severity_name(enum check_severity s);

/* For nutconf setup: checks, prints errors and warnings, and returns the number of errors. */
unsigned check_print_problems(const char *daemon_user, FILE *out);

/* ------------------------------------------------------ for the parts of it */

/* `mend` may be NULL. The same of the same line is told once. */
void check_add(struct check *c, enum check_severity severity, const char *code, const char *file,
	       unsigned line, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));

/* True when something of at least that severity is known of the line already. */
bool check_knows(const struct check *c, enum check_severity severity, const char *file,
		 unsigned line);

void check_monitors_read(struct check *c); /* reads upsmon.conf, before all others */
void check_mode(struct check *c);          /* check_mode.c: nut.conf and what it asks for */
void check_devices(struct check *c);       /* check_devices.c: ups.conf and the drivers */
void check_monitors(struct check *c);      /* check_monitors.c: upsmon.conf against upsd's files */
void check_shutdown(struct check *c);      /* check_shutdown.c: what upsmon runs and writes */
void check_access(struct check *c);        /* check_access.c: rights, certificates, folders */
void check_daemons(struct check *c);       /* check_daemons.c: the daemons' own opinion */

#endif
