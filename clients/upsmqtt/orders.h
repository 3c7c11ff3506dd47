/*
 * orders: what somebody at the broker wants of a UPS: an instant command, or a setting.
 *
 * Only what upsmqtt.conf allows is passed on to upsd, in the name of the user that
 * AUTHCONF has for it; upsd decides whether that one may.
 */
#ifndef CLIENTS_UPSMQTT_ORDERS_H
#define CLIENTS_UPSMQTT_ORDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "clients/fleet/fleet.h"
#include "clients/upsmqtt/conf.h"

struct orders;

struct order {
	const char *command; /* of an instant command its name, else "set" */
	const char *name;    /* the variable to be set, or NULL */
	const char *value;   /* or NULL */
};

/* What came of it; error NULL: upsd took it. */
typedef void orders_done(void *arg, struct fleet_device *d, const struct order *o,
			 const char *error);

struct orders *orders_new(const struct mqtt_conf *conf, orders_done *done, void *arg);
void orders_free(struct orders *o); /* NULL is fine; nothing is told any more */

/* "name" or "name value". */
void orders_command(struct orders *o, struct fleet_device *d, const char *payload, size_t len);
void orders_set(struct orders *o, struct fleet_device *d, const char *name, const char *payload,
		size_t len);

/* The device goes: its orders are forgotten. */
void orders_forget(struct orders *o, const struct fleet_device *d);

#endif
