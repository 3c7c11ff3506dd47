/*
 * engine: a map at work on a HID device.
 *
 * The rows of the map are resolved to fields once.  The first reading decides
 * which row gives each variable: the first whose place exists and which the
 * device does not refuse.  After that there are full polls, every pollfreq
 * seconds, and quick polls between them; what comes by interrupt is published
 * without either.  A report is fetched once a poll, whatever is in it.
 *
 * The engine knows neither USB nor the driver core, only struct engine_host.
 */
#ifndef DRIVERS_USBHID_ENGINE_H
#define DRIVERS_USBHID_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ups/driverwire.h"
#include "common/ups/state.h"
#include "drivers/maps/map.h"
#include "drivers/usbhid/engine_status.h"
#include "drivers/usbhid/hidreports.h"

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
};

struct engine_options {
	long full_s;      /* pollfreq; 0: the map's number of that name, or 30 */
	long quick_s;     /* pollinterval */
	bool never_ask;   /* interruptonly */
	bool ask_maximum; /* maxreport */
	struct engine_status_rules rules;
	const char *product; /* the name in the device's descriptor; NULL or "" = none */
	/* Numbers for the map's conversions, besides its own. */
	const struct map_set_item *numbers;
	size_t number_count;
};

enum engine_result {
	ENGINE_OK,
	ENGINE_FAILED,  /* nothing good this time */
	ENGINE_UNKNOWN, /* the device answers, and has not yet said where its power comes from */
	ENGINE_GONE,
};

struct engine;

/*
 * All that is given is borrowed for as long as the engine lives.  `match` may be
 * NULL.  Publishes what needs no reading: constants, settings that the driver
 * keeps, commands.  NULL: no memory.
 */
struct engine *engine_new(const struct map *map, const struct map_match *match,
			  const struct hid_desc *d, struct hid_reports *reports,
			  const struct engine_host *host, const struct engine_options *options);
void engine_free(struct engine *e);

/* How many rows have a place on this device: none means that the map is not for it. */
size_t engine_rows_here(const struct engine *e);

/* Reads what is due and publishes it; now_ms: clock_ms(). */
enum engine_result engine_poll(struct engine *e, long long now_ms);

/* A packet of the interrupt pipe: its values are published by the next engine_poll(), which is to
 * be called at once.  Makes no transfers. False: it says nothing to this map. */
bool engine_packet(struct engine *e, const uint8_t *bytes, size_t len);

enum driverwire_result engine_instcmd(struct engine *e, const char *name, const char *value);
enum driverwire_result engine_setvar(struct engine *e, const char *name, const char *value);

/* Cuts the load off, in the best way that the device knows. */
enum driverwire_result engine_shutdown(struct engine *e);

#endif
