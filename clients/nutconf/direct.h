/*
 * direct: single settings of the files, each with its own rules; what NUT's
 * options of nutconf do.
 *
 * `set` removes what was there of the kind and was not set in this run; without
 * it the setting is added, or takes the place of that of the same name.  False
 * is reported.  Lists of words end with NULL.
 */
#ifndef CLIENTS_NUTCONF_DIRECT_H
#define CLIENTS_NUTCONF_DIRECT_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/nutconf/changes.h"

bool direct_set_mode(struct changes *c, const char *mode);

/* UPS, HOST[:PORT], power value, user, password, role. */
bool direct_set_monitor(struct changes *c, bool set, const char *const *words);

bool direct_set_listen(struct changes *c, bool set, const char *const *words);

/* Name, driver, port, KEY[=VALUE]... */
bool direct_set_device(struct changes *c, bool set, const char *const *words, size_t count);

bool direct_set_notifyflags(struct changes *c, bool set, const char *const *words);
bool direct_set_notifymsg(struct changes *c, const char *const *words);
bool direct_set_shutdowncmd(struct changes *c, const char *command);

/* Name, [password, role], KEY=VALUE... */
bool direct_set_user(struct changes *c, bool set, const char *const *words, size_t count);

enum direct_scan {
	DIRECT_SCAN_USB,
	DIRECT_SCAN_SNMP,
	DIRECT_SCAN_XML,
	DIRECT_SCAN_NUT,
	DIRECT_SCAN_AVAHI,
	DIRECT_SCAN_IPMI,
	DIRECT_SCAN_SERIAL,
};

/* Looks for devices and prints them as sections of ups.conf. */
bool direct_scan(enum direct_scan kind, const char *const *words, size_t count);

#endif
