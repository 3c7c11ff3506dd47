/*
 * apcupsd: the configuration of apcupsd, and what of it we have a word for.
 *
 * apcupsd.conf has a directive and its value on each line, `BATTERYLEVEL 5`; case does
 * not matter, the last one of a name counts, # begins a comment.
 */
#ifndef CLIENTS_NUTCONF_APCUPSD_H
#define CLIENTS_NUTCONF_APCUPSD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"

enum { APCUPSD_LINES_MAX = 256 };

struct apcupsd_line {
	unsigned number;
	char name[32];
	char value[256]; /* "" = none */
};

struct apcupsd_conf {
	const char *path; /* as shown to people; borrowed */
	struct apcupsd_line lines[APCUPSD_LINES_MAX];
	size_t count;
	struct buffer problems; /* lines that are none: `file:line: ...` with LF */
};

/* Takes the text of a file apart. */
void apcupsd_read(struct apcupsd_conf *c, const char *path, const char *text, size_t len);

/* The line that counts; NULL: the directive is not there, or has no value. */
const struct apcupsd_line *apcupsd_find(const struct apcupsd_conf *c, const char *name);
const char *apcupsd_value(const struct apcupsd_conf *c, const char *name, const char *fallback);

/* What is to be written and to be told. */
struct apcupsd_plan {
	struct buffer ups_conf, upsd_conf, upsd_users, upsmon_conf, nut_conf;
	struct buffer script; /* apcupsd-events; empty: none is needed */
	struct buffer notes;  /* what became of each directive, `file:line: ...` with LF */
	bool possible;        /* false: there is no driver, notes say why */
	unsigned not_carried;
};

/*
 * Translates; `password` is for upsmon's user, `scripts` a list of the event scripts that
 * apcupsd has, NULL-ended, in its SCRIPTDIR.  NUT's folder is where NOTIFYCMD will look for
 * the script.
 */
void apcupsd_plan_make(struct apcupsd_plan *p, const struct apcupsd_conf *c, const char *password,
		       const char *const *scripts, const char *nut_folder);
void apcupsd_plan_free(struct apcupsd_plan *p); /* wipes */

#endif
