/*
 * discovery: what Home Assistant is told, so that a UPS appears there by itself.
 *
 * An entity is a sensor of a variable, a yes or no made of ups.status, or a button for
 * an instant command that upsmqtt.conf allows by its full name.
 */
#ifndef CLIENTS_UPSMQTT_DISCOVERY_H
#define CLIENTS_UPSMQTT_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/fleet/fleet.h"
#include "clients/upsmqtt/conf.h"
#include "common/base/buffer.h"

/* How many entities there can be; the commands come last.  Less than 64 of them are no commands. */
size_t discovery_count(const struct mqtt_conf *conf);

/* The device has what the entity shows. */
bool discovery_has(const struct mqtt_conf *conf, const struct fleet_device *d, size_t i);

/* Where it is told, and what. False: it is too long, or there is no memory. */
bool discovery_topic(const struct mqtt_conf *conf, const struct fleet_device *d, size_t i,
		     char *dst, size_t size);
bool discovery_payload(const struct mqtt_conf *conf, const struct fleet_device *d, size_t i,
		       struct buffer *b);

#endif
