/*
 * changes: several configuration files, edited together.
 *
 * Each is read when it is first asked for; nothing is written before all new
 * texts are on the disk, and then each file is replaced in one step.  A run that
 * is interrupted leaves every file old or new.  While it lasts, no other nutconf
 * changes the same folder.
 *
 * Problems are reported here, on stderr, with the file's name.
 */
#ifndef CLIENTS_NUTCONF_CHANGES_H
#define CLIENTS_NUTCONF_CHANGES_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "clients/nutconf/lineedit.h"
#include "common/base/wholefile.h"

enum changes_file {
	CHANGES_NUT_CONF,
	CHANGES_UPS_CONF,
	CHANGES_UPSD_CONF,
	CHANGES_UPSD_USERS,
	CHANGES_UPSMON_CONF,
	CHANGES_FILES
};

struct changes {
	struct changes_item {
		char path[PATH_MAX];
		bool loaded, is_new;
		struct buffer before, after; /* after: made by changes_settle() */
		struct lineedit *edit;       /* NULL for nut.conf, which is `shell` */
		struct buffer shell;
	} items[CHANGES_FILES];
	int lock;             /* of the folder; -1 = none */
	const char *group_of; /* who reads new files, as a user's name; NULL: RUN_AS_USER */
};

/* Locks the folder of paths_conf(). */
bool changes_begin(struct changes *c);
void changes_end(struct changes *c);

/* The file's name without the folder. */
const char *changes_name(enum changes_file f);

/* The file under edit, NULL: it cannot be read. Not for nut.conf. */
struct lineedit *changes_edit(struct changes *c, enum changes_file f);

/* An assignment of nut.conf. False: it cannot be read, or no memory. */
bool changes_set_mode(struct changes *c, const char *name, const char *value);

/* Appends the value of a name of nut.conf, as it is now; false: not said, or no such file. */
bool changes_get_mode(struct changes *c, const char *name, struct buffer *value);

/* Makes the new texts; before the three below. */
bool changes_settle(struct changes *c);

bool changes_differ(const struct changes *c, enum changes_file f);

/* Prints what would change as a unified diff, passwords hidden. */
void changes_print(const struct changes *c, enum changes_file f, FILE *out);

/* Writes what differs; with `keep`, an old text stays beside it as NAME.bak (NAME.bak1, ... if
 * there is one). */
bool changes_write(struct changes *c, bool keep);

#endif
