/*
 * trial_switch: from the live suite to ours and back, on the real configuration.
 *
 * Drivers first, then upsd, then upsmon, which so is away only for the moment in which it
 * is exchanged: until then the live one watches on, and its rules for a server that cannot
 * be reached hold.  A process of its own does it, that no terminal can end; when all
 * UPSes are not served as before, and all clients not back, within the time, it goes
 * back; when it dies, another one does that.  What was running is written down before
 * anything is changed (the file `switch` in its folder).
 */
#ifndef CLIENTS_NUTCONF_TRIAL_SWITCH_H
#define CLIENTS_NUTCONF_TRIAL_SWITCH_H

#include <stdbool.h>

#include "clients/nutconf/trial_ask.h"

enum trial_init { TRIAL_INIT_LOOK, TRIAL_INIT_SYSTEMD, TRIAL_INIT_NONE };

struct trial_switch {
	const char *dir; /* for the record; the caller's alone */
	const char *conf;
	const char *state; /* NULL: looked up */
	const char *units; /* NULL: /run/systemd/system */
	struct trial_server server;
	unsigned within_ms;
	bool force;
	enum trial_init init;
};

/* The exit status: 0, or 1 after all was taken back, or nothing was changed. */
int trial_switch_over(const struct trial_switch *s);

/* Makes run what ran before, whatever state a switch was left in. */
int trial_switch_back(const struct trial_switch *s);

#endif
