/*
 * hosts: hosts.conf, which UPSes the CGI programs show, and which templates
 * visitors may choose (hosts.conf(5), spec/web.md section 2).
 */
#ifndef CLIENTS_CGI_HOSTS_H
#define CLIENTS_CGI_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/conffile.h"

struct monitor {
	char *target; /* ups[@host[:port]], as it stands in the file */
	char *text;   /* for people */
};

enum hosts_template { HOSTS_LIST, HOSTS_SINGLE };

struct hosts {
	struct monitor *monitors; /* in the order of the file */
	size_t count;
	struct hosts_names {
		char **names;
		size_t count;
	} templates[2]; /* by hosts_template */
	bool failed;    /* out of memory */
};

/* 0, or an errno when the file cannot be read.  All is to be freed in either case. */
int hosts_read(struct hosts *h, const char *path, struct conf_report *r);
void hosts_free(struct hosts *h);

/* The monitor that is spelled just so: a visitor names no other.  NULL if there is none. */
const struct monitor *hosts_find(const struct hosts *h, const char *target);

/* Whether visitors may have that file as a template: it is listed, and names a page within the
 * configuration directory. */
bool hosts_allows_template(const struct hosts *h, enum hosts_template kind, const char *name);

#endif
