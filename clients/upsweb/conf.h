/*
 * upsweb.conf: which UPSes are shown, to whom, and how (upsweb.conf(5)).
 */
#ifndef CLIENTS_UPSWEB_CONF_H
#define CLIENTS_UPSWEB_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/upsmon/conf/tls.h"
#include "common/base/conffile.h"

enum { UPSWEB_PORT = 8493 };

struct upsweb_listen {
	struct upsweb_listen *next;
	char *host; /* numeric, or "unix:" and a path */
	unsigned port;
	bool tls;
};

struct upsweb_monitor {
	struct upsweb_monitor *next;
	struct netwire_target target; /* ups "*": all of the server's */
	char *text;                   /* NULL: the server's own */
	char *user, *password;        /* for servers which tell nothing to strangers; NULL: none */
};

struct upsweb_conf {
	struct upsweb_listen *listens;
	struct upsweb_monitor *monitors;
	struct tls_demands demands; /* on the servers */
	char *certificate, *key;    /* ours; key NULL: in the same file */
	char *history;              /* absolute path; NULL: none is kept */
	char *user;                 /* RUN_AS_USER; NULL: the build's */
	long poll_s;
	bool control; /* logged-in users may command */
	bool sandbox;
};

/* Reads the file; a missing one is an error, too. NULL: no memory. Look at r->errors. */
struct upsweb_conf *upsweb_conf_read(const char *path, struct conf_report *r);
void upsweb_conf_free(struct upsweb_conf *c); /* passwords are wiped; NULL is fine */

#endif
