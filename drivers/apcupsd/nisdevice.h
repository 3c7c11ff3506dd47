/*
 * nisdevice: an apcupsd's answer, for the engine.  A where is a key of it, or a part of
 * what stands there: docs/maps.md, "Where".
 */
#ifndef DRIVERS_APCUPSD_NISDEVICE_H
#define DRIVERS_APCUPSD_NISDEVICE_H

#include "drivers/apcupsd/nisreply.h"
#include "drivers/engine/device.h"

struct nisdevice;

/* Gets an answer; false: there is none. */
typedef bool nisdevice_fetch(void *arg, struct nisreply *into);

/* NULL: no memory. */
struct nisdevice *nisdevice_new(nisdevice_fetch *fetch, void *arg);
void nisdevice_free(struct nisdevice *d); /* NULL is fine */
struct engine_device nisdevice_ops(struct nisdevice *d);

/* Fetches now; the next poll makes do with that. */
bool nisdevice_look(struct nisdevice *d);

/* Reads a where of the answer that is here. */
enum device_result nisdevice_probe(struct nisdevice *d, const char *where, struct mapvalue *v);

/* The answer that is here. */
const struct nisreply *nisdevice_reply(const struct nisdevice *d);

/* True, once, if a key has come that the engine asked for when there was none yet: an apcupsd that
 * has only just found its UPS. */
bool nisdevice_grew(struct nisdevice *d);

#endif
