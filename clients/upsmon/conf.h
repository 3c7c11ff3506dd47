/*
 * conf: upsmon.conf, read into a fresh struct and checked whole
 * (spec/config-files.md section 5).
 *
 * A directive that is not in the file has its default, also after a reload.
 * What cannot harm the machine (an unknown directive, a bad NOTIFYFLAG) is a
 * warning, and its line is ignored, as NUT does; what would change when the
 * machine is shut down is an error.
 */
#ifndef CLIENTS_UPSMON_CONF_H
#define CLIENTS_UPSMON_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/upsmon/notice.h"
#include "clients/upsmon/policy.h"
#include "clients/upsmon/tls.h"
#include "common/base/conffile.h"
#include "common/ups/netwire.h"

/* One MONITOR line. */
struct conf_ups {
	char *system; /* as written: the name in all messages, and what a reload compares */
	struct netwire_target target;
	long power;
	char *user;
	char *password;
	bool primary;
};

enum { CONF_EXIT_NEVER = -1, CONF_EXIT_AT_ONCE = 0 };

struct upsmon_conf {
	struct conf_ups *ups;
	size_t ups_count;
	struct policy policy;
	struct tls_demands tls;
	char *shutdown_command; /* for /bin/sh -c; NULL = none */
	long shutdown_exit;     /* SHUTDOWNEXIT: seconds to stay, or CONF_EXIT_* */
	char *powerdown_flag;   /* NULL = none */
	char **notify_command;  /* words, NULL-ended; NULL = none */
	char *run_as_user;      /* NULL = not said */
	long debug_min;         /* -1 = not said */
	long poll_fail_throttle;
	struct {
		char *text; /* NULL = the default */
		unsigned flags;
	} notices[NOTICE_COUNT];
};

/*
 * Reads and checks a file.  Returns 0, or an errno value if it cannot be read.
 * The struct is to be freed in any case; it may be used if r->errors is 0.
 */
int upsmon_conf_read(struct upsmon_conf *conf, const char *path, struct conf_report *r);

/* Frees all; passwords are wiped. */
void upsmon_conf_free(struct upsmon_conf *conf);

/* The sum of all power values. */
long upsmon_conf_power(const struct upsmon_conf *conf);

/* The MONITOR line of a system, or NULL. */
struct conf_ups *upsmon_conf_find(const struct upsmon_conf *conf, const char *system);

const char *upsmon_conf_text(const struct upsmon_conf *conf, enum notice n);

#endif
