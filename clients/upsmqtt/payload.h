/*
 * payload: what is said of a device, as JSON.
 */
#ifndef CLIENTS_UPSMQTT_PAYLOAD_H
#define CLIENTS_UPSMQTT_PAYLOAD_H

#include <time.h>

#include "clients/fleet/fleet.h"
#include "clients/upsmqtt/conf.h"
#include "common/base/buffer.h"

/* A member `"name":"text",` of an object; its last comma is payload_close()'s to take away. */
void payload_member(struct buffer *b, const char *name, const char *text);
void payload_number(struct buffer *b, const char *name, long long number);
/* Ends an object, or with `]` a list, that was begun by the caller. */
void payload_close(struct buffer *b, char with);

/* All variables that `which` lets through (none in it: all), and how the device is. */
void payload_state(struct buffer *b, const struct fleet_device *d,
		   const struct mqtt_patterns *which, time_t now);

void payload_event(struct buffer *b, const struct fleet_device *d, const char *event, time_t now);

/* `error` NULL: it went well.  `name`: the variable that was set, or NULL. */
void payload_result(struct buffer *b, const char *command, const char *name, const char *value,
		    const char *error, time_t now);

#endif
