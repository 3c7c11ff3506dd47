/*
 * logoptions: what upslog was told on its command line.
 */
#ifndef CLIENTS_CLI_LOGOPTIONS_H
#define CLIENTS_CLI_LOGOPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/cli/cli.h"
#include "common/base/buffer.h"

struct logoptions_pair {
	const char *ups;
	const char *path; /* "-" = stdout */
};

/* All texts are borrowed of argv, or of this struct. */
struct logoptions {
	struct cli cli; /* -A */
	struct logoptions_pair *pairs;
	size_t count;
	const char *ups, *path; /* -s and -l, which make up a pair */
	const char *format;
	long interval_s;
	long lines; /* of each UPS; 0 = for ever */
	bool names; /* at the start of each line */
	bool foreground, background;
	const char *user; /* NULL = RUN_AS_USER */
	const char *pidbase;
	struct buffer words; /* the format of the old style */
};

/* CLI_TAKEN: go on.  What is wrong is reported.  argv is written to. */
enum cli_option logoptions_take(struct logoptions *o, int argc, char **argv);
void logoptions_free(struct logoptions *o);

/* Whether to stay in the foreground: -F, or debugging or a log on stdout without -B. */
bool logoptions_foreground(const struct logoptions *o);

#endif
