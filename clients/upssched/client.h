/*
 * client: what upssched does when upsmon calls it.
 */
#ifndef CLIENTS_UPSSCHED_CLIENT_H
#define CLIENTS_UPSSCHED_CLIENT_H

#include <stdbool.h>

#include "clients/upssched/conf.h"
#include "clients/upssched/wire.h"

/* Acts on all AT lines for the event, in order.  False: one of them failed (logged). */
bool client_act(const struct upssched_conf *conf, const struct wire_event *event);

/* Prints the timers that run; false: none can be asked for (logged). */
bool client_list(const struct upssched_conf *conf);

#endif
