/*
 * bridge: the UPSes on one side, the broker on the other.
 *
 * Each change is published once; while the broker is away or slow, only the newest
 * values count, and of events the last few.  When the broker is back all is said anew.
 */
#ifndef CLIENTS_UPSMQTT_BRIDGE_H
#define CLIENTS_UPSMQTT_BRIDGE_H

#include "clients/upsmqtt/conf.h"
#include "common/net/loop.h"
#include "common/net/resolver.h"

struct bridge;

/* The bridge owns `conf` from now on, also when it fails; `password` is copied. NULL: reported. */
struct bridge *bridge_new(struct loop *l, struct resolver *r, struct mqtt_conf *conf,
			  const char *password);

/* Says at the broker that we are gone. NULL is fine. */
void bridge_free(struct bridge *b);

#endif
