/*
 * service: the unix socket on which upsd and other local programs talk to the
 * driver (spec/driver-socket.md).  It answers everything that needs no device
 * at once; INSTCMD and SET are handed to the owner.
 *
 * Peers are observers of the state tree: what changed goes to each of them at
 * the end of the turn.  One that does not read costs bounded memory; it gets
 * the changes it missed, once each, when it reads again.
 */
#ifndef DRIVERS_CORE_SERVICE_H
#define DRIVERS_CORE_SERVICE_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/net/loop.h"
#include "common/ups/driverwire.h"
#include "common/ups/state.h"

struct service;

struct service_ops {
	/* An INSTCMD or SET.  The result goes back by service_result(), now or later. */
	void (*command)(void *arg, unsigned long client, const struct driverwire_message *m);
};

enum { SERVICE_MAX_CLIENTS = 128 };

/* Listens at `path` with mode 0660, and that group unless it is (gid_t)-1. NULL with errno. */
struct service *service_new(struct loop *l, struct state *s, const char *path, gid_t group,
			    const struct service_ops *ops, void *arg);

/* Closes all and removes the socket; what is written but not sent is lost. NULL is fine. */
void service_free(struct service *sv);

/* Sends `TRACKING id result` to a client, if it is still there. */
void service_result(struct service *sv, unsigned long client, const char *id, int result);

/* True while answers wait to be written to somebody who may still take them. */
bool service_busy(const struct service *sv);

#endif
