/*
 * groupconf: a configuration in the group language (UPSmon.conf(5),
 * spec/upsmon-groups.md), read into the struct that upsmon.conf fills, too.
 *
 * groupgram.y is the grammar; groupparse.h says which part does what.  Errors
 * read `file:line:col: error N: ...`; all of a file are found in one run.
 */
#ifndef CLIENTS_UPSMON_GROUPCONF_H
#define CLIENTS_UPSMON_GROUPCONF_H

#include <stdbool.h>

#include "clients/upsmon/conf/conf.h"

/* Whether the text behind a descriptor (read from its start, left there) is in the group language:
 * GROUP stands in it as a word, outside quotes and comments. */
bool groupconf_is(int fd);

/* As upsmon_conf_read(), on an open descriptor that stays the caller's; `name` is shown. */
int groupconf_read_fd(struct upsmon_conf *conf, int fd, const char *name, struct conf_report *r);

/* Whether a host is this one, of which nobody demands a CERTFILE. */
bool groupconf_host_is_local(const char *host);

#endif
