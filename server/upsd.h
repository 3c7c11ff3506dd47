/*
 * upsd: the data server as a whole: what it holds, how it starts, reloads and
 * ends.
 */
#ifndef SERVER_UPSD_H
#define SERVER_UPSD_H

#include <stdbool.h>

#include "common/base/log.h"
#include "common/base/privilege.h"
#include "common/net/loop.h"
#include "common/net/opener.h"
#include "common/ups/names.h"
#include "server/client.h"
#include "server/conf.h"
#include "server/guard.h"
#include "server/listen.h"
#include "server/penalty.h"
#include "server/rendered.h"
#include "server/tracking.h"
#include "server/ups.h"
#include "server/users.h"

/* The answer to VER and server.info. Clients match `upsd (.+) -` in it (spec/peers.md 3). */
#define UPSD_VERSION_LINE                                                                          \
	"Network UPS Tools upsd " NUT_VERSION " - https://www.networkupstools.org/"

enum upsd_mode {
	UPSD_BACKGROUND,
	UPSD_FOREGROUND,         /* -F: no pid file */
	UPSD_FOREGROUND_PIDFILE, /* -FF */
};

struct upsd_options { /* all strings are borrowed from argv */
	enum upsd_mode mode;
	const char *chroot_path; /* NULL: none */
	const char *user;        /* NULL: the build's */
	int family;              /* AF_UNSPEC, AF_INET (-4), AF_INET6 (-6) */
	int debug;               /* how often -D was given, or NUT_DEBUG_LEVEL */
};

/* What commands may use; made and freed by upsd_run(). */
struct upsd {
	const struct upsd_options *options;
	struct loop *loop;
	struct upsd_conf *conf;
	struct users *users;
	unsigned users_generation; /* another one for each set of users, never 0 */
	struct guard *guard;       /* NULL: hashed passwords are not right */
	struct penalties penalties;
	struct names *names;
	struct tracking *tracking;
	struct rendered_cache cache;
	struct upses upses;
	struct clients clients;
	struct listen_set *listens;
	struct tls_context *tls; /* NULL: TLS is not configured */
	struct log_throttle denials;
	/* private */
	struct opener *opener;      /* NULL: we may open all that we ever could */
	struct privilege privilege; /* whom to become; unset when not started as root */
	struct loop_timer *tick;
	struct loop_signal *signals[4];
	bool pidfile_written;
};

/* Serves until it is told to end; returns the exit status. */
int upsd_run(const struct upsd_options *options);

/* `<altpidpath>/upsd.pid` into dst; false when it does not fit. */
bool upsd_pidfile(char *dst, size_t size);

/* The time of this turn of the loop. */
long long upsd_now_ms(const struct upsd *u);

#endif
