/*
 * What the engine's files share.
 *
 *   engine.c         life; rows resolved to fields; polls
 *   engine_value.c   one row: read, converted, published
 *   engine_command.c settings and instant commands
 *   engine_status.c  status words to ups.status
 */
#ifndef DRIVERS_USBHID_ENGINE_PRIVATE_H
#define DRIVERS_USBHID_ENGINE_PRIVATE_H

#include "drivers/usbhid/engine.h"
#include "drivers/usbhid/hidusage.h"

struct engine_row {
	const struct map_row *row;
	const struct hid_field *field; /* NULL: there is no such place, or the row names none */
	bool here;                     /* it can be used on this device */
	bool in_use; /* VAR: it is the one that gives its variable; others: always */
	bool published;
	bool given;      /* the device gave a value once */
	bool made;       /* the conversions made something of the last one */
	unsigned misses; /* full polls in a row without a value */
	char *alarm;     /* ALARM: the text while it holds */
	double number;   /* the last value, as it was read */
};

struct engine {
	const struct map *map;
	const struct hid_desc *d;
	struct hid_reports *reports;
	struct hid_usages *usages;
	struct engine_host host;
	struct engine_options options;
	struct mapnumbers numbers;
	struct mapconv_context context;
	struct engine_row *rows;
	size_t count, rows_here;
	struct engine_status status;
	bool decided; /* which row gives each variable */
	bool packets; /* came since the last poll */
	long long full_due_ms, quick_due_ms;
	unsigned fulls;           /* done */
	unsigned long slow_since; /* slow values are to be as new as this poll */
	unsigned long failures;   /* of transfers, when this poll began */
	unsigned long transfers;  /* good ones were seen up to here */
};

/* The field at a where; NULL if there is none. */
const struct hid_field *engine_field(const struct engine *e, const char *where);

/* Reads a row as new as poll `since`, and publishes it; of a STATUS it only keeps the value. */
enum hid_result engine_take_row(struct engine *e, struct engine_row *r, unsigned long since);

/* STATUS: counts what its last value says now. */
void engine_count_votes(struct engine *e, const struct engine_row *r);

/* Publishes a text under the row's name, with all that says how it may be set. */
void engine_publish(struct engine *e, struct engine_row *r, const char *text);

/* The row that gives a variable or, before that is decided, may give it; NULL if none does. */
struct engine_row *engine_find_variable(struct engine *e, const char *name);

void engine_publish_commands(struct engine *e);

#endif
