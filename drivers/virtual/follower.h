/*
 * follower: what drivers that show one other driver's device have in common.
 * The copy is as fresh as its source: what the source says goes on at once, and
 * while it is away, or stale, so is the copy, with the last that was known.
 */
#ifndef DRIVERS_VIRTUAL_FOLLOWER_H
#define DRIVERS_VIRTUAL_FOLLOWER_H

#include <stdbool.h>

#include "common/base/buffer.h"
#include "common/base/log.h"
#include "drivers/core/driver.h"
#include "drivers/virtual/mirror.h"
#include "drivers/virtual/source.h"

struct follower {
	struct core *core;
	struct source *source;
	struct mirror mirror;
	struct loop_timer *tick;
	bool following; /* the mirror was told of the tree */
	struct log_throttle circle;
};

/* For open(): the port is the name of the source's socket. */
enum driver_result follower_open(struct core *c, struct follower *f,
				 const struct mirror_rules *rules, void *arg);

/*
 * For poll(), which is called once a second and whenever the source says something: copies.
 * DRIVER_STALE: the source is stale; DRIVER_FAILED: it is not there, and nothing was copied.
 */
enum driver_result follower_update(struct follower *f);

/* For the end of poll(), with the status composed: publishes it even if the source is stale. */
enum driver_result follower_finish(struct follower *f, enum driver_result updated);

/* What the source says, NULL if it does not. */
const char *follower_get(const struct follower *f, const char *name);

void follower_close(struct follower *f);

#endif
