/*
 * trial_hands: how daemons of either side are stopped and started: by their processes,
 * or by systemd.
 */
#ifndef CLIENTS_NUTCONF_TRIAL_HANDS_H
#define CLIENTS_NUTCONF_TRIAL_HANDS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "clients/nutconf/trial_switch.h"
#include "common/base/buffer.h"

enum trial_part { TRIAL_DRIVERS, TRIAL_UPSD, TRIAL_UPSMON, TRIAL_PARTS };

enum { TRIAL_PROCS_MAX = 66, TRIAL_UNITS_MAX = 66 };

/* A process of the live side, as it is to be started again. */
struct trial_proc {
	enum trial_part part;
	char ups[64]; /* of a driver */
	char program[64];
	char pidfile[PATH_MAX];
	char exe[PATH_MAX];
	uid_t uid;
	gid_t gid;
	char **argv, **env; /* owned, NULL-ended */
};

/* What is being changed. */
struct trial_change {
	const struct trial_switch *how;
	bool systemd;
	bool begun; /* the record says that something may have changed */
	struct trial_proc procs[TRIAL_PROCS_MAX];
	size_t proc_count;
	char units[TRIAL_UNITS_MAX][128];
	size_t unit_count;
	char units_dir[PATH_MAX];
	long long driver_stop_ms, monitor_stop_ms; /* clock_ms(), 0 = not yet */
};

/* One line to people and to the file switch.log. */
void trial_say(const struct trial_change *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Finds what runs.  False (told): nothing does, or it cannot be looked at. */
bool trial_procs_find(struct trial_change *c);
bool trial_units_find(struct trial_change *c);

/* Sees to it that a part is run by ours, or by the live side again; what is so stays. False (told).
 */
bool trial_procs_move(struct trial_change *c, enum trial_part part, bool ours);
bool trial_units_move(struct trial_change *c, enum trial_part part, bool ours);

/* The record. */
int trial_change_write(const struct trial_change *c);
int trial_change_read(struct trial_change *c);
void trial_change_forget(const struct trial_change *c);
void trial_change_free(struct trial_change *c);
void trial_list_of_texts_free(char **list); /* NULL is fine */

#endif
