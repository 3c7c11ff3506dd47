/*
 * trial_conf: the configuration of a trial, made of the live one.
 *
 * One repeater (dummy-ups) for each UPS of the live servers; upsd on loopback; upsmon
 * with the live upsmon.conf's numbers, but with nothing in it that could shut down,
 * power off, wake, or tell anybody: what it would do is written to the trial's
 * events.
 */
#ifndef CLIENTS_NUTCONF_TRIAL_CONF_H
#define CLIENTS_NUTCONF_TRIAL_CONF_H

#include <stdbool.h>

#include "clients/nutconf/trial_site.h"
#include "common/base/buffer.h"

struct trial_conf {
	struct buffer ups_conf, upsd_conf, upsd_users, upsmon_conf;
	unsigned monitors; /* MONITOR lines */
	bool group_file;   /* it is in the group language, which cannot be translated */
};

/* The server of this machine, as the live upsd.conf in `folder` has it (localhost, port 3493). */
void trial_conf_find_server(const char *folder, struct trial_server *s);

/*
 * Reads upsmon.conf in `folder` and makes all files; the plan gets the UPSes: first those that are
 * in it already (of `local`), then those of MONITOR lines of other servers.  `dir` is the trial's
 * folder, `recorder` the program that notes events, `password` that of our upsmon. False (told).
 */
bool trial_conf_make(struct trial_conf *c, struct trial_plan *p, const struct trial_server *local,
		     const char *folder, const char *dir, const char *recorder,
		     const char *password);

void trial_conf_free(struct trial_conf *c); /* wipes */

/* Whether a name, which another server may have given, can stand in a file and a file's name. */
bool trial_conf_is_plain(const char *name);

/* The name of a UPS in the trial, of how the live MONITOR line writes it; "" = unknown. */
const char *trial_conf_name(const struct trial_plan *p, const struct trial_server *local,
			    const char *system);

/*
 * Whether an upsmon.conf can do no harm: its one SHUTDOWNCMD and its NOTIFYCMD are the
 * recorder, its flag is in the trial's folder, every MONITOR is of our own upsd, and nothing else
 * is run by it.  Looked at before each start of upsmon, whoever wrote the file.  *why says what is
 * wrong.
 */
bool trial_conf_is_harmless(const char *path, const char *dir, const char *recorder, unsigned port,
			    const char **why);

#endif
