/*
 * ctl: what the parts of upsdrvctl share.
 *
 *   upsdrvctl.c   command line and verbs
 *   config.c      ups.conf, as far as it concerns starting and stopping
 *   jobs.c        drivers run as children: start, -k, -c
 *   stop.c        ending drivers; the status table
 *   supervisor.c  -F: stay, and start again what dies
 *
 * config.c is also what drivers/init knows of ups.conf.
 */
#ifndef DRIVERS_CTL_CTL_H
#define DRIVERS_CTL_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base/conffile.h"

struct ctl_ups {
	char *name, *driver;
	unsigned line; /* of its first header */
	bool has_port;
	long sdorder;       /* negative: left on by `shutdown` */
	long maxstartdelay; /* seconds; negative: no limit */
	long maxretry;      /* attempts to start; 0 = never */
	long retrydelay;    /* seconds */
	bool nowait;
};

struct ctl_config {
	struct ctl_ups *upses; /* in the file's order */
	size_t count;
	char *driverpath; /* NULL = the built-in one */
};

/* Reads ups.conf.  False: it cannot be used at all, and that was said. */
bool ctl_config_read(struct ctl_config *cfg, struct conf_report *r);
void ctl_config_free(struct ctl_config *cfg);
const struct ctl_ups *ctl_config_find(const struct ctl_config *cfg, const char *name);

/* How to run, from the command line. */
struct ctl_options {
	bool testing;       /* -t: only say what would be done */
	bool foreground;    /* -F */
	bool pid_files;     /* -FF: drivers write theirs */
	int pass_debug;     /* -d: so many -D for the drivers */
	const char *user;   /* -u */
	const char *chroot; /* -r */
};

enum { CTL_ARGV_MAX = 32, CTL_PATH_MAX = 4096 };

/* The words that start a driver; texts are borrowed from cfg, ups and o. */
struct ctl_argv {
	char program[CTL_PATH_MAX];
	const char *words[CTL_ARGV_MAX + 1]; /* ends with NULL */
	size_t count;
};
bool ctl_argv_begin(struct ctl_argv *a, const struct ctl_config *cfg, const struct ctl_ups *ups);
void ctl_argv_add(struct ctl_argv *a, const char *word);
void ctl_argv_add_options(struct ctl_argv *a, const struct ctl_options *o); /* -D -r -u */

/* Starts the child, or with -t only shows its words. 0 in test mode, -1 (logged) when it cannot. */
pid_t ctl_spawn(const struct ctl_argv *a, const struct ctl_options *o);

/* Becomes the driver, in the foreground: returns only when it cannot, 1 (logged), or in test mode
 * 0. */
int ctl_become(const struct ctl_config *cfg, const struct ctl_ups *ups,
	       const struct ctl_options *o);

/* Each returns how many UPSes it failed for.  named: they were named on the command line, and so
 * are switched off whatever their sdorder says. */
unsigned ctl_start(const struct ctl_config *cfg, const struct ctl_ups *const *upses, size_t count,
		   const struct ctl_options *o);
unsigned ctl_shutdown(const struct ctl_config *cfg, const struct ctl_ups *const *upses,
		      size_t count, bool named, const struct ctl_options *o);
unsigned ctl_tell(const struct ctl_config *cfg, const struct ctl_ups *const *upses, size_t count,
		  const char *command, const struct ctl_options *o);
unsigned ctl_stop(const struct ctl_ups *const *upses, size_t count, const struct ctl_options *o);
void ctl_print_status(const struct ctl_ups *const *upses, size_t count);

/* Stays until a signal ends it; returns the exit status.  only: the name given, or NULL = all. */
int ctl_supervise(struct ctl_config *cfg, const char *only, const struct ctl_options *o);

#endif
