/*
 * device: what the engine asks of a kind of device: HID, SNMP, query and answer.
 *
 * A place is where a map's row points to; only the kind of device knows what is
 * behind the pointer.  Values are as the device gives them, before any
 * conversion of the map.  Polls are numbered; a value may be as old as poll
 * number `since`, 0 = of any age.
 */
#ifndef DRIVERS_ENGINE_DEVICE_H
#define DRIVERS_ENGINE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/maps/map.h"

enum device_result {
	DEVICE_OK,
	DEVICE_REFUSED, /* it does not know this place; asking again soon is of no use */
	DEVICE_NONE,    /* it did not give it this time */
	DEVICE_GONE,    /* it is not there any more */
	DEVICE_RANGE,   /* write: a value that the place cannot hold */
	DEVICE_KIND,    /* write: a text for a place that holds a number */
};

struct device_want {
	const void *place;
	unsigned long since;
};

/* Of transfers, from the start. */
struct device_counts {
	unsigned long good, failed;
};

/* What says "may be NULL" does nothing, or knows nothing, where it is. */
struct engine_device {
	/* The place of a where; NULL: this device has no such place.  It lives as long as the
	 * device. */
	const void *(*place)(void *arg, const char *where);

	/* Only for devices which have to be asked whether a place exists: true if it does, once a
	 * prepare() asked for it.  May be NULL: place() tells. */
	bool (*exists)(void *arg, const void *place);

	/* A new poll begins; its number. The first is 1. */
	unsigned long (*begin)(void *arg);

	/* These are going to be read: fetches those that are too old, all at once.  May be NULL. */
	enum device_result (*prepare)(void *arg, const struct device_want *wants, size_t count);

	enum device_result (*read)(void *arg, const void *place, unsigned long since,
				   struct mapvalue *v);

	/* True if read() needs no transfer. */
	bool (*here)(void *arg, const void *place, unsigned long since);

	/* `command`: what is written need not be a value that the place shows. `type`: what it is,
	 * where the place does not tell. */
	enum device_result (*write)(void *arg, const void *place, const struct mapvalue *v,
				    enum map_type type, bool command);

	/* True if a place stands for all that is below it at the moment; list() calls `fn` with
	 * each value.  Both may be NULL. */
	bool (*is_list)(void *arg, const void *place);
	enum device_result (*list)(void *arg, const void *place,
				   void (*fn)(void *fn_arg, const struct mapvalue *v),
				   void *fn_arg);

	/* Devices that tell themselves what can be set, and to what: calls `fn` with each value
	 * that the place can have, as read() would give it.  False: it cannot be set, whatever the
	 * map says.  May be NULL: the map tells all. */
	bool (*choices)(void *arg, const void *place,
			void (*fn)(void *fn_arg, const struct mapvalue *v), void *fn_arg);

	/* The smallest difference between two numbers of a place; may be NULL: 1. */
	double (*step)(void *arg, const void *place);

	/* The numbers that `%i` of a where stands for on this device, ascending; how many, at most
	 * `max`.  May be NULL. */
	size_t (*walk)(void *arg, const char *where, long *numbers, size_t max);

	/* Everything is to be asked for again before its next use. */
	void (*forget)(void *arg);

	void (*counts)(void *arg, struct device_counts *counts);

	/* For conversions, as in struct mapconv_context.  May be NULL. */
	bool (*string)(void *arg, unsigned index, char *dst, size_t size);
	bool (*report)(void *arg, unsigned id, unsigned char *dst, size_t size, size_t *len);
	bool (*answer)(void *arg, const char *query, char *dst, size_t size, size_t *len);

	void *arg;
};

#endif
