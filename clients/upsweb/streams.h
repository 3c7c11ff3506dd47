/*
 * streams: server-sent events. Each stream remembers only up to which change it
 * has been told, so that a slow reader costs no memory and gets the newest
 * state, not a backlog.
 */
#ifndef CLIENTS_UPSWEB_STREAMS_H
#define CLIENTS_UPSWEB_STREAMS_H

#include "clients/upsweb/devices.h"
#include "clients/upsweb/http.h"

struct streams;

enum { STREAMS_MAX = 1000 };

/* NULL: no memory. */
struct streams *streams_new(struct loop *l, struct devices *devices);
void streams_free(struct streams *s); /* ends them all; NULL is fine */

/* Answers the call with a stream: of all UPSes, or with `d` of its variables. */
void streams_open(struct streams *s, struct http *h, struct http_call *c, struct device *d);

/* Something has changed: told at the end of the loop's turn. */
void streams_wake(struct streams *s);
/* Before the device's values go. */
void streams_gone(struct streams *s, const struct device *d);
/* Told to all that are open. */
void streams_event(struct streams *s, const struct history_event *e);
size_t streams_count(const struct streams *s);

#endif
