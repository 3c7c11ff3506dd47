/*
 * trial_site: the private folder of a trial and what is noted in it.
 *
 *   trial             what is tried: the plan below
 *   conf/ run/ log/   of our daemons
 *   values events     what was seen (trial_values.h, trial_events.h)
 *   run/watch.pid     who watches
 */
#ifndef CLIENTS_NUTCONF_TRIAL_SITE_H
#define CLIENTS_NUTCONF_TRIAL_SITE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "clients/nutconf/trial_ask.h"

#define TRIAL_DIR "/var/lib/nut-trial"

enum { TRIAL_PORT = 13493, TRIAL_UPS_MAX = 64 };

struct trial_ups {
	char name[64]; /* in our ups.conf */
	char ups[64];  /* at the live server */
	struct trial_server server;
};

struct trial_plan {
	unsigned port;                  /* ours, on 127.0.0.1 */
	long long started_ms, until_ms; /* wall clock; 0 = until it is stopped */
	unsigned poll_ms;               /* how often the status is looked at */
	unsigned every_ms;              /* and all values */
	char log[PATH_MAX];             /* of the live upsmon; "" = none */
	struct trial_ups upses[TRIAL_UPS_MAX];
	size_t count;
};

/* `<dir>/<name>`; false (told): too long. */
bool trial_path(char *dst, size_t size, const char *dir, const char *name);

/* 0 or an errno value. */
int trial_plan_write(const struct trial_plan *p, const char *dir);
int trial_plan_read(struct trial_plan *p, const char *dir);

/* Who watches; 0: nobody. */
int trial_watcher(const char *dir);

#endif
