/*
 * metrics: all UPSes in OpenMetrics, for Prometheus and its kin. Names and
 * labels are those of the exporter that most dashboards are made for
 * (docs/metrics.md).
 */
#ifndef CLIENTS_UPSWEB_METRICS_H
#define CLIENTS_UPSWEB_METRICS_H

#include "clients/upsweb/devices.h"
#include "common/ups/names.h"

/* OpenMetrics for who asks for it; the older text form of Prometheus, which has no state sets and no
 * info, for all others. `accept`: the request's head, or NULL. */
enum metrics_form { METRICS_TEXT, METRICS_OPEN };
enum metrics_form metrics_form(const char *accept);
const char *metrics_type(enum metrics_form form); /* the content type */

/* Of all devices of the fleet; ups not NULL: of that one (its name, or its id) only. */
void metrics_write(const struct fleet *f, const struct names *names, const char *ups,
		   enum metrics_form form, struct buffer *out);

#endif
