/*
 * sayings: what the configuration files say, each statement with its line; for
 * those who compare files. What cannot be read is left out: the daemons' own
 * parsers tell of it.
 */
#ifndef CLIENTS_NUTCONF_SAYINGS_H
#define CLIENTS_NUTCONF_SAYINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct saying {
	unsigned line;
	char *section; /* NULL: none, or a file without sections */
	char *key;     /* NULL: the header of the section; else the first word of the line */
	char **values; /* what stands behind it, NULL-ended */
	size_t count;
};

struct sayings_file {
	char path[PATH_MAX];
	bool exists;
	int err; /* why it cannot be read; 0 = it can, or is not there */
	struct saying *list;
	size_t count;
};

struct sayings {
	struct sayings_file ups, upsd, users, upsmon, upssched;
	char nut_path[PATH_MAX];
	bool has_nut_conf;
	char mode[64]; /* "" = not said */
	unsigned mode_line;
};

void sayings_read(struct sayings *f);
void sayings_free(struct sayings *f); /* wipes: passwords are in it */

/* The next statement from *at on, which moves behind it; NULL section or key: any. NULL at the end.
 */
const struct saying *sayings_next(const struct sayings_file *f, size_t *at, const char *section,
				  const char *key);

/* The last one, which counts for ups.conf; NULL = none. A section of NULL: what is in none. Keys in
 * any case. */
const struct saying *sayings_last(const struct sayings_file *f, const char *section,
				  const char *key);

/* Its first value; NULL = none. */
const char *sayings_value(const struct sayings_file *f, const char *section, const char *key);

/* The next header from *at on; a section that was begun before is passed over. */
const struct saying *sayings_next_section(const struct sayings_file *f, size_t *at);

/* The line of the first statement of that key whose first value is this (NULL: any); 0 = none. */
unsigned sayings_line_of(const struct sayings_file *f, const char *key, const char *value);

/* True for an address or a name of this machine's own loopback. */
bool sayings_is_loopback(const char *host);

#endif
