/*
 * conf_native: directives of upsmon.conf which NUT does not have: the limits
 * OBDURATION, OBCHARGE and OBRUNTIME, SHUTDOWNHOOKS, WAKEONLAN, BOOTCHARGE, SANDBOX;
 * and the
 * rules that notices become.
 */
#ifndef CLIENTS_UPSMON_CONF_NATIVE_H
#define CLIENTS_UPSMON_CONF_NATIVE_H

#include "clients/upsmon/conf/conf.h"

/* The rows of those above. */
struct directives conf_native_directives(struct upsmon_conf *conf);

/* After the last line: every UPS gets its limits. */
void conf_native_settle(struct upsmon_conf *conf, struct conf_report *r);

void conf_native_free(struct upsmon_conf *conf);

/* Adds a rule for each notice that is not ignored. */
void conf_add_notice_rules(struct upsmon_conf *conf, const struct conf_where *file,
			   struct conf_report *r);

#endif
