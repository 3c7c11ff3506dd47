/*
 * conf: upsmon.conf, read into a fresh struct and checked whole
 * (spec/config-files.md section 5).  A file in the group language
 * (groupconf.h) fills the same struct.
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

#include "clients/upsmon/brain/notice.h"
#include "clients/upsmon/brain/policy.h"
#include "clients/upsmon/brain/rulebook.h"
#include "clients/upsmon/conf/tls.h"
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
	bool login;    /* LOGIN there, and PRIMARY; the group language only looks on at power 0 */
	size_t group;  /* place in upsmon_conf.groups */
	long level[3]; /* LB1 to LB3 in percent; -1 = none */
	struct limits limits;
};

/* UPSes that share a MINSUPPLIES.  upsmon.conf has one, which has no name. */
struct conf_group {
	char *name;
	long min_supplies;
};

/* A limit for one UPS, as the file has it. */
struct conf_limit {
	char *system;
	size_t offset; /* of a long in struct limits */
	long value;
	char *file;
	unsigned line;
};

/* A machine that is woken when power is back (WAKEONLAN), `after` seconds after the first. */
struct conf_wake {
	char *target; /* "mac [address[:port]]", checked */
	long after;
};

/* The one relay for all mail. */
struct conf_smtp {
	char *host; /* NULL = none */
	unsigned port;
	char *user;
	char *password;
	char *authorities; /* PEM file; NULL = the system's */
};

enum { CONF_EXIT_NEVER = -1, CONF_EXIT_AT_ONCE = 0 };

struct upsmon_conf {
	struct conf_ups *ups;
	size_t ups_count;
	struct conf_group *groups;
	size_t group_count;
	struct rulebook book;
	/* True: a UPS that is critical by rules.c shuts the host down.  The group language has no
	 * such rule, it declares everything. */
	bool classic;
	/* What the parent may be asked to run, for /bin/sh -c; the first is that of `-c fsd`.
	 * Classic: shutdown_command alone, if there is one. */
	char **commands;
	size_t command_count;
	struct conf_smtp smtp;
	char *log_file; /* of NUTLOG; NULL = the usual one */
	char *hook_dir; /* SHUTDOWNHOOKS; NULL = none */
	struct conf_wake *wakes;
	size_t wake_count;
	struct conf_limit *limit_rows; /* OBDURATION and the like for one UPS */
	size_t limit_count;
	bool sandbox; /* three processes, the one that talks to the network locked in */
	struct policy policy;
	struct tls_demands tls;
	char *shutdown_command; /* SHUTDOWNCMD for /bin/sh -c; NULL = none */
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

/* All defaults, before a front end reads its file; nothing is owned. */
void upsmon_conf_init(struct upsmon_conf *conf);

/* Adds a copy; its place, or -1: no memory.  A command that is there already keeps its place. */
int upsmon_conf_add_command(struct upsmon_conf *conf, const char *text);

/* Appends a word so that a shell takes it as it is, ` 'it'\''s'`. */
bool upsmon_conf_append_shell_word(struct buffer *b, const char *word);

/* The sum of all power values. */
long upsmon_conf_power(const struct upsmon_conf *conf);

/* The MONITOR line of a system, or NULL. */
struct conf_ups *upsmon_conf_find(const struct upsmon_conf *conf, const char *system);

const char *upsmon_conf_text(const struct upsmon_conf *conf, enum notice n);

#endif
