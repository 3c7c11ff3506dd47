/*
 * devices: the fleet as upsweb shows it: each UPS in JSON, in the order of the
 * last changes, and the events that the changes are.
 */
#ifndef CLIENTS_UPSWEB_DEVICES_H
#define CLIENTS_UPSWEB_DEVICES_H

#include <stdint.h>

#include "clients/history/answer.h"
#include "clients/upsweb/wording.h"

struct devices;

struct device {
	struct fleet_device *fleet; /* NULL: it has gone; kept for a while, to be told */
	char *id;
	uint64_t changed; /* number of its last change */
	struct device *newer, *older;
	enum wording_level level;
	enum fleet_condition condition;
	double since; /* Unix time of the status, or of the condition */
	bool known;   /* it was in order once */
	/* private */
	char *status, *alarm;
	struct buffer json;
};

typedef void devices_event_fn(void *arg, const struct history_event *e);

/* `happened` is told of each event. NULL: no memory. */
struct devices *devices_new(devices_event_fn *happened, void *arg);
void devices_free(struct devices *s);

/* As struct fleet_ops has them; `mark` of the fleet device becomes its struct device. */
void devices_added(struct devices *s, struct fleet_device *d);
void devices_changed(struct devices *s, struct fleet_device *d);
void devices_removed(struct devices *s, struct fleet_device *d);

/* The number of the last change, and the first device that has changed after `seen`, oldest change
 * first (then ->newer); NULL: none. */
uint64_t devices_last_change(const struct devices *s);
struct device *devices_after(struct devices *s, uint64_t seen);
/* What has gone before that change is forgotten: who has seen less begins anew. */
uint64_t devices_forgotten(const struct devices *s);

/* The UPS without its variables, as JSON; borrowed until its next change. */
const struct buffer *device_json(struct device *d);
/* The present value or NULL, "" counting as NULL. */
const char *device_value(const struct device *d, const char *variable);

/* Wall time, s. */
double devices_now(void);

#endif
