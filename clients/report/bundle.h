/*
 * bundle: the parts of a report, and where they go: a tar file, packed if there is
 * gzip, or a folder.  Either is for its owner's eyes only, and never replaces
 * what is there.
 */
#ifndef CLIENTS_REPORT_BUNDLE_H
#define CLIENTS_REPORT_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/report/cloak.h"
#include "common/base/buffer.h"

enum { BUNDLE_PARTS_MAX = 64 };

struct bundle_part {
	char name[128]; /* "conf/ups.conf" */
	const char *about;
	struct buffer text;
	bool left_out; /* text is the reason why */
	bool foreign;  /* it may be anybody's words, as a log is */
};

struct bundle {
	struct bundle_part parts[BUNDLE_PARTS_MAX];
	size_t count;
};

/* A new part, to be filled; NULL: there are too many. */
struct bundle_part *bundle_add(struct bundle *b, const char *name, const char *about);

/* Sees to it that nothing of a part is published, and says why. */
void bundle_leave_out(struct bundle_part *p, const char *why);

/* Takes from all parts what looks like a secret, then all that the cloak knows.  False: no memory;
 * nothing may be published. */
bool bundle_scrub(struct bundle *b, struct cloak *c);

/* Writes `path`, a tar file of a folder `name`; packs it with gzip if `pack`: then path grows by
 * .gz. False: told on stderr, and nothing stays. */
bool bundle_write_tar(const struct bundle *b, char *path, size_t size, const char *name, bool pack);
bool bundle_write_folder(const struct bundle *b, const char *path);

void bundle_free(struct bundle *b); /* wipes */

#endif
