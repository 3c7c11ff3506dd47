/*
 * upsweb: all parts of the daemon together.
 */
#ifndef CLIENTS_UPSWEB_UPSWEB_H
#define CLIENTS_UPSWEB_UPSWEB_H

#include "clients/history/history.h"
#include "clients/upsweb/conf.h"
#include "clients/upsweb/devices.h"
#include "clients/upsweb/http.h"
#include "clients/upsweb/session.h"
#include "clients/upsweb/streams.h"
#include "common/net/loop.h"
#include "common/net/resolver.h"
#include "common/ups/names.h"

struct upsweb {
	struct loop *loop;
	struct resolver *resolver;
	struct upsweb_conf *conf;
	struct tlspolicy **policies; /* one a server; ends with NULL */
	struct fleet *fleet;
	struct devices *devices;
	struct streams *streams;
	struct sessions *sessions;
	struct http *http;
	struct names *names;
	struct opener *opener; /* what we may not open ourselves any more; NULL: none is needed */
	struct history *history; /* NULL: none is kept */
	struct pending *orders;  /* of users, on their way (api_control.c) */
	struct buffer *events;   /* without a history: the last ones, in JSON */
	size_t event_count;
	long long event_number;
	struct loop_signal *signals[3];
};

struct upsweb_options {
	const char *user; /* -u; NULL: RUN_AS_USER, or the build's */
	int daemon;       /* handle of daemon_fork(); -1: in the foreground */
	bool pidfile;
};

/* Something has happened: for the streams and the history. */
void upsweb_happened(struct upsweb *u, const struct history_event *e);
/* The variables that a history is kept of; the count, at most HISTORY_VARS_MAX. */
size_t upsweb_kept_vars(const char **vars);

bool upsweb_pidfile(char *dst, size_t size);

/* Serves until it is told to stop. The exit status. */
int upsweb_run(const struct upsweb_options *o);

#endif
