/*
 * trial: the parts of `nutconf trial` that its verb (trial.c) calls.
 */
#ifndef CLIENTS_NUTCONF_TRIAL_H
#define CLIENTS_NUTCONF_TRIAL_H

#include <stdbool.h>
#include <stdio.h>

#include "clients/nutconf/trial_site.h"

struct trial_watch {
	const char *dir;
	const char *recorder; /* this program */
	const struct trial_plan *plan;
	int log_fd; /* of the live upsmon's log, at its end; -1 = none */
	int handle; /* of daemon_fork(): told when our side serves every UPS that is served */
};

/* Runs our daemons and compares, until SIGTERM or the plan's end; the exit status. */
int trial_watch_run(const struct trial_watch *w);

/* Prints what is known: 0 = all is the same, 1 = something differs, 2 = there is no trial. */
int trial_report_print(const char *dir, FILE *out);

/* One line a UPS: how it is at both sides, now. Status as above. */
int trial_status_print(const char *dir, FILE *out);

#endif
