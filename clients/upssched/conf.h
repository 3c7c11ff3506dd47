/*
 * conf: upssched.conf, read into a fresh struct and checked whole before
 * anything is done (spec/config-files.md section 6).
 *
 * A mistake in an AT line is an error, and costs that line only: when the
 * power fails, a misspelt page is no reason to leave the shutdown out.  What
 * no line can do without makes the whole file unusable.
 */
#ifndef CLIENTS_UPSSCHED_CONF_H
#define CLIENTS_UPSSCHED_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/conffile.h"

enum upssched_verb {
	UPSSCHED_START,
	UPSSCHED_START_SHARED,
	UPSSCHED_CANCEL,
	UPSSCHED_CANCEL_MATCHED,
	UPSSCHED_EXECUTE,
};

/* One AT line. */
struct upssched_rule {
	enum upssched_verb verb;
	char *type;      /* notify type */
	char *ups;       /* as in upsmon's MONITOR line, or "*" */
	char *name;      /* of the timer; for EXECUTE, what CMDSCRIPT is told */
	char *otherwise; /* CANCEL-TIMER: told to CMDSCRIPT when there was no timer; NULL = nothing
			  */
	long seconds;    /* START-TIMER */
};

struct upssched_conf {
	char **script;  /* CMDSCRIPT: words, NULL-ended */
	char *pipe;     /* PIPEFN */
	char *lock;     /* LOCKFN */
	long debug_min; /* -1 = not said */
	struct upssched_rule *rules;
	size_t rule_count;
	/* The directive that is missing above the first AT line, or NULL. */
	const char *missing;
	bool unusable; /* nothing can be done by it; true as well when something is missing */
};

/*
 * Reads and checks a file.  Returns 0, or an errno value if it cannot be read.
 * The struct is to be freed in any case.
 */
int upssched_conf_read(struct upssched_conf *conf, const char *path, struct conf_report *r);

void upssched_conf_free(struct upssched_conf *conf);

/* Whether a line is for this event: the type letter case aside, the UPS exactly or by "*". */
bool upssched_rule_matches(const struct upssched_rule *rule, const char *type, const char *ups);

#endif
