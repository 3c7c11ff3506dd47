/*
 * What the engine's files share.
 *
 *   engine.c         life; the first look at the map
 *   engine_rows.c    rows, found by their names
 *   engine_template.c  rows that are many
 *   engine_poll.c    polls
 *   engine_value.c   one row: read, converted, published
 *   engine_command.c settings and instant commands
 *   engine_status.c  status words to ups.status
 */
#ifndef DRIVERS_ENGINE_ENGINE_PRIVATE_H
#define DRIVERS_ENGINE_ENGINE_PRIVATE_H

#include "drivers/engine/engine.h"

struct engine_row {
	const struct map_row *row;
	const char *name, *where; /* the row's own, or what a template makes of them */
	const char *constant, *own, *otherwise; /* the same; NULL: not given */
	char *texts;                            /* both, where a template made them */
	const void *place; /* NULL: there is no such place, or the row names none */
	const void *only_if, *unless, *asked_if;
	long device;    /* of a chain, from 1; 0: there is none */
	const void *to; /* where it is written */
	bool here;      /* it can be used on this device */
	bool in_use;    /* VAR: it is the one that gives its variable; others: always */
	bool published;
	bool given;                   /* the device gave a value once */
	bool made;                    /* the conversions made something of the last one */
	struct mapvalue *last;        /* STATUS: that one, as it was read */
	char *unknown;                /* the last value that no table knew, and that was told */
	unsigned misses;              /* full polls in a row without a value */
	char *alarm;                  /* ALARM: the texts that hold, '\n' between */
	struct engine_votes listed;   /* STATUS of a list: the votes of all of it */
	size_t index;                 /* of `row` in the map */
	long number[3];               /* device, i and j of a template */
	bool seen;                    /* read, or tried, in the first poll */
	size_t order;                 /* in the map */
	struct engine_row *next_same; /* the next of that name, in the order of the map */
};

struct engine {
	const struct map *map;
	struct engine_device device;
	struct engine_host host;
	struct engine_options options;
	struct mapnumbers own_numbers, *numbers;
	struct mapconv_context context;
	struct engine_row **rows;  /* in the order of the map */
	struct engine_row **names; /* the first of each name, sorted by it */
	size_t count, room, name_count, rows_here;
	bool *expanded; /* the map's rows that are templates, and were made */
	long chain,
		chain_base; /* devices of a chain, and the number of the first; 0: not known yet */
	bool tells_status;  /* there are STATUS rows */
	struct engine_status status;
	const struct engine_row *pulse; /* read at quick polls, where no row is quick; or NULL */
	bool decided;                   /* which row gives each variable */
	bool grown;                     /* the last full poll found what was missing before it */
	bool news;                      /* since the last poll */
	bool troubled;                  /* the last poll failed */
	long long full_due_ms, quick_due_ms;
	unsigned fulls;              /* done */
	unsigned long poll;          /* its number */
	unsigned long slow_since;    /* slow values are to be as new as this poll */
	struct device_counts counts; /* when this poll began */
	unsigned long good;          /* good transfers were seen up to here */
};

/* engine_rows.c */

/* One row for each of the map that is no template, and the index of names.  False: no memory. */
bool engine_rows_make(struct engine *e);

/* A row more, of that row of the map, its places not yet looked up; engine_rows_index() is to
 * follow.  NULL: no memory. */
struct engine_row *engine_rows_add(struct engine *e, size_t index);

/* Puts all rows into the map's order, and finds them by name.  False: no memory. */
bool engine_rows_index(struct engine *e);
void engine_rows_free(struct engine *e);

/* The first row of that name, letter case aside; the others follow by next_same. */
struct engine_row *engine_rows_first(const struct engine *e, const char *name);

/* The row that gives a variable or, before that is decided, may give it; NULL if none does. */
struct engine_row *engine_find_variable(const struct engine *e, const char *name);

/* The row of a command that this device has; NULL if there is none. */
struct engine_row *engine_find_command(const struct engine *e, const char *name);

/* True if the number that the row depends on says so, or it depends on none. */
bool engine_row_counts(const struct engine *e, const struct engine_row *r);

/* Its place exists, and what it asks for besides. */
bool engine_row_is_there(const struct engine *e, const struct engine_row *r);

/* Decides which rows can be used on this device, as far as that is known now. */
void engine_rows_settle(struct engine *e);

/* engine_template.c */

/* It is many rows, which engine_templates_expand() makes. */
bool engine_is_template(const struct engine *e, const struct map_row *row);

/* Makes the rows of templates whose numbers are known by now; *more: there were some.  False: no
 * memory. */
bool engine_templates_expand(struct engine *e, bool *more);

/* engine_value.c */

/* Reads a row as new as poll `since`, and publishes it; of a STATUS it only keeps the value. */
enum device_result engine_take_row(struct engine *e, struct engine_row *r, unsigned long since);

/* STATUS: counts what its last value says now. */
void engine_count_votes(struct engine *e, struct engine_row *r);

/* Publishes a text under the row's name, with all that says how it may be set. */
void engine_publish(struct engine *e, struct engine_row *r, const char *text);

/* Whether it may be set on this device. */
bool engine_settable(const struct engine *e, const struct engine_row *r);

/* Constants, settings that the driver keeps, and commands. */
void engine_publish_known(struct engine *e);

/* The limits of a row: numbers, or those of the device that are named.  False: it has not told
 * them. */
bool engine_limits(const struct engine *e, const struct map_row *row, double *low, double *high);

/* engine_command.c */
void engine_publish_commands(struct engine *e);

#endif
