/*
 * sites: the MONITOR lines, with what AUTHCONF has for each of their servers.
 */
#ifndef CLIENTS_UPSMQTT_SITES_H
#define CLIENTS_UPSMQTT_SITES_H

#include <stdbool.h>

#include "clients/fleet/fleet.h"
#include "clients/upsmqtt/conf.h"

struct sites;

/* NULL: an account or a certificate cannot be had, which was reported. */
struct sites *sites_new(const struct mqtt_conf *conf);

/* False: no memory. The sites have to outlive the fleet. */
bool sites_watch(const struct sites *s, struct fleet *f);
void sites_free(struct sites *s); /* NULL is fine */

#endif
