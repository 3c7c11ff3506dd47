/*
 * conf: what upsd.conf and ups.conf say (spec/config-files.md sections 2, 3),
 * read whole into a fresh struct that replaces the old one.
 */
#ifndef SERVER_CONF_H
#define SERVER_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/conffile.h"
#include "common/net/tls.h"

/* What a port demands of its clients. */
enum upsd_conf_security {
	UPSD_CONF_OFFERED,  /* STARTTLS if they like */
	UPSD_CONF_REQUIRED, /* `tls-required`: STARTTLS before anything that matters */
	UPSD_CONF_AT_ONCE,  /* `tls`: TLS from the first byte */
};

struct upsd_conf_tls { /* NULL: not given */
	bool wanted;   /* there is a directive that asks for TLS */
	char *cert_file, *cert_path, *ident_name;
	char *ident_password; /* wiped when freed */
	enum tls_request request;
};

struct upsd_conf_listen {
	char *host; /* name, address, "*", or "unix:" and a path */
	enum upsd_conf_security security;
	unsigned port;
	unsigned line; /* 0: a default, not written anywhere */
};

struct upsd_conf_ups {
	char *name;
	char *driver;
	char *port;
	char *desc;     /* NULL: none */
	char **aliases; /* further names, `alias = name ...` (ours) */
	size_t alias_count;
	unsigned line;
	bool refused; /* its section is broken; only while reading */
};

struct upsd_conf {
	long maxage_s;
	long tracking_delay_s;
	long max_connections; /* 0: as many as the system allows */
	bool allow_no_device;
	bool allow_not_all_listeners;
	bool read_needs_login;
	long debug_min;  /* -1: not set */
	char *statepath; /* NULL: not set */
	char *datapath;  /* NULL: not set */
	struct upsd_conf_tls tls;
	bool sandbox; /* SANDBOX: on unless it says no */
	struct upsd_conf_listen *listens;
	size_t listen_count;
	struct upsd_conf_ups *upses; /* in the order of ups.conf */
	size_t ups_count;
};

/* Defaults, environment included. NULL: no memory. */
struct upsd_conf *upsd_conf_new(void);
void upsd_conf_free(struct upsd_conf *c); /* NULL is fine */

/*
 * Each reads one file into `c`.  All problems go to the report; what is wrong
 * is left out, the rest is taken.  False when the file cannot be read at all
 * (reported as an error).
 */
bool upsd_conf_read_server(struct upsd_conf *c, const char *path, struct conf_report *r);
bool upsd_conf_read_devices(struct upsd_conf *c, const char *path, struct conf_report *r);

/* Forgets what upsd_conf_read_devices() found. */
void upsd_conf_free_devices(struct upsd_conf *c);

/* What a reload does to a list. */
enum upsd_conf_change {
	UPSD_CONF_ADDED,   /* before is NULL */
	UPSD_CONF_REMOVED, /* after is NULL */
	UPSD_CONF_CHANGED, /* same name, another driver, description or aliases */
	UPSD_CONF_KEPT,
};

/*
 * Compares the UPSes of two configurations by name (letter case aside) and
 * calls fn once for each name, removals first.  False: no memory, fn was not
 * called.
 */
typedef void upsd_conf_change_fn(void *arg, enum upsd_conf_change change,
				 const struct upsd_conf_ups *before,
				 const struct upsd_conf_ups *after);
bool upsd_conf_diff(const struct upsd_conf *before, const struct upsd_conf *after,
		    upsd_conf_change_fn *fn, void *arg);

#endif
