/*
 * redact: a configuration file, or what a server says, without what is nobody's
 * business.
 */
#ifndef CLIENTS_REPORT_REDACT_H
#define CLIENTS_REPORT_REDACT_H

#include <stdbool.h>

#include "clients/report/cloak.h"
#include "clients/report/policy.h"
#include "common/base/buffer.h"

/*
 * Reads a file by the suite's grammar and appends what may be shown, on the same
 * lines as in the file; comments are left out.  All secrets and names in it, also those
 * in comments, go to the cloak, which is to be applied to the whole afterwards:
 * read all files first.  0, or an errno value: then nothing of it may be shown.
 */
int redact_file(struct cloak *c, const struct policy_file *file, const char *path,
		struct buffer *out);

/* The same of the text of such a file. */
int redact_text(struct cloak *c, const struct policy_file *file, const char *text, size_t len,
		struct buffer *out);

/* Nothing of the file is shown; what looks like a secret in it goes to the cloak. */
void redact_hide_file(struct cloak *c, const char *path);

/* One variable of a UPS, `name: value` with LF.  `keep_serials`: they are shown. */
void redact_value(struct cloak *c, const char *name, const char *value, bool keep_serials,
		  struct buffer *out);

#endif
