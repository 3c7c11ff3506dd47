/*
 * engine: a map at work on a device, of whatever kind (device.h).
 *
 * The first reading decides which row gives each variable: the first whose
 * place exists and which the device does not refuse.  After that there are full
 * polls, every pollfreq seconds, and quick polls between them; what a device
 * sends unasked is published without either.
 *
 * The engine knows neither transports nor the driver core: a device is below
 * it, struct engine_host above.
 */
#ifndef DRIVERS_ENGINE_ENGINE_H
#define DRIVERS_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/ups/driverwire.h"
#include "common/ups/state.h"
#include "drivers/engine/device.h"
#include "drivers/engine/engine_status.h"
#include "drivers/maps/map.h"

struct engine_host {
	struct state *state;
	/* A text of the device, to be cleaned and published. */
	void (*set_text)(void *arg, const char *name, const char *text);
	/* Of ups.status and ups.alarm: from here on they are said anew. */
	void (*status_begin)(void *arg);
	void (*status)(void *arg, const char *word);
	void (*alarm)(void *arg, const char *text);
	bool (*wait)(void *arg, int ms); /* false: the process is to end */
	void (*alive)(void *arg);        /* a transfer in the middle of a poll went well */
	void *arg;
	/* The same of ups.alarm alone, for what has no status; NULL: nobody wants it. */
	void (*alarm_begin)(void *arg);
};

struct engine_options {
	long full_s;         /* pollfreq; 0: the map's number of that name, or 30 */
	long quick_s;        /* pollinterval */
	unsigned slow_fulls; /* full polls after which slow values are read again; 0: 20 */
	bool tell_unknown;   /* values that no table knows are logged, each once */
	bool quick_status;   /* STATUS rows are read at every poll, whatever the map says */
	/* Rows of names that begin like one of these are as if the map had them not; NULL: none. */
	const char *const *leave_out;
	bool passive; /* the device is never asked: what it sends by itself is all there is */
	struct engine_status_rules rules;
	const char *product; /* the name in the device's descriptor; NULL or "" = none */
	/* Numbers for the map's conversions, besides its own. */
	const struct map_set_item *numbers;
	size_t number_count;
	struct mapnumbers
		*store; /* where all numbers are kept, for those who look at them; or NULL */
};

enum engine_result {
	ENGINE_OK,
	ENGINE_FAILED,  /* nothing good this time */
	ENGINE_UNKNOWN, /* the device answers, and has not yet said where its power comes from */
	ENGINE_GONE,
};

struct engine;

/*
 * `map` is borrowed for as long as the engine lives, and so is all that the other
 * structs point to.  `match` may be NULL.  Publishes what needs no reading:
 * constants, settings that the driver keeps, commands.  NULL: no memory.
 */
struct engine *engine_new(const struct map *map, const struct map_match *match,
			  const struct engine_device *device, const struct engine_host *host,
			  const struct engine_options *options);
void engine_free(struct engine *e);

/* How many rows have a place on this device: none means that the map is not for it. */
size_t engine_rows_here(const struct engine *e);

/* A number of the map, of its match, or of the options; false: there is none of that name. */
bool engine_number(const struct engine *e, const char *name, double *number);

/* Reads what is due and publishes it; now_ms: clock_ms(). */
enum engine_result engine_poll(struct engine *e, long long now_ms);

/* The device sent something by itself: it is published by the next engine_poll(), which is to be
 * called at once.  Makes no transfers. */
void engine_news(struct engine *e);

/* The next poll is a full one. */
void engine_look_at_all(struct engine *e);

enum driverwire_result engine_instcmd(struct engine *e, const char *name, const char *value);
enum driverwire_result engine_setvar(struct engine *e, const char *name, const char *value);

/* Cuts the load off, in the best way that the device knows. */
enum driverwire_result engine_shutdown(struct engine *e);

#endif
