/*
 * names: what is known of standard variables and commands, from the data file
 * `cmdvartab` (lines `VARDESC name "text"`, `CMDDESC name "text"`, in NUT's
 * format, so that an admin's own file still works; spec/net-protocol.md 3.1).
 */
#ifndef COMMON_UPS_NAMES_H
#define COMMON_UPS_NAMES_H

#include <stdbool.h>

#include "common/base/conffile.h"

struct names;

/* Reads `path`. A missing file gives an empty table (reported as a warning). NULL: no memory. */
struct names *names_load(const char *path, struct conf_report *r);
void names_free(struct names *n);

/* The text or NULL; letter case aside, one leading `upstream.` ignored, and number indexes
 * (`outlet.3.current`) matched by rows with `n` or `%i` where the file has them. */
const char *names_variable(const struct names *n, const char *name);
const char *names_command(const struct names *n, const char *name);

#endif
