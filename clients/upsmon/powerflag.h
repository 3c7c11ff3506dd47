/*
 * powerflag: POWERDOWNFLAG, the file that tells the end of the system's own
 * shutdown that the UPS shall cut the power.  Only a file with the magic text
 * counts, so that a stray file of that name powers nothing off.
 */
#ifndef CLIENTS_UPSMON_POWERFLAG_H
#define CLIENTS_UPSMON_POWERFLAG_H

#define POWERFLAG_MAGIC "upsmon-shutdown-file"

enum powerflag {
	POWERFLAG_ABSENT,
	POWERFLAG_SET,
	POWERFLAG_FOREIGN, /* something else has that name, or it cannot be read */
};

enum powerflag powerflag_check(const char *path);

/* Creates or replaces our own file, durably; never follows a link, never overwrites a foreign file.
 * 0 or an errno value. */
int powerflag_set(const char *path);

/* Removes our own file. 0 or an errno value. */
int powerflag_clear(const char *path);

#endif
