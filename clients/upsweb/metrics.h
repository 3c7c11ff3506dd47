/*
 * metrics: all UPSes in OpenMetrics, for Prometheus and its kin. Names and
 * labels are those of the exporter that most dashboards are made for
 * (docs/metrics.md).
 */
#ifndef CLIENTS_UPSWEB_METRICS_H
#define CLIENTS_UPSWEB_METRICS_H

#include "clients/upsweb/devices.h"
#include "common/ups/names.h"

extern const char metrics_type[]; /* the content type */

/* Of all devices of the fleet; ups not NULL: of that one (its name, or its id) only. */
void metrics_write(const struct fleet *f, const struct names *names, const char *ups,
		   struct buffer *out);

#endif
