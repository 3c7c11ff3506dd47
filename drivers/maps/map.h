/*
 * map: what a family of devices says, read from a map file (docs/maps.md).
 *
 * A file of the administrator (`<conf>/maps/<driver>/`) takes the place of one
 * of the same name in the data (`<data>/maps/<driver>/`).  All mistakes of a map
 * are reported at once; a map with mistakes can still be looked at, and is not
 * for use: callers look at report->errors.
 *
 * A where stays a text, which the driver's own resolver takes.  Everything in
 * a map is the map's and lives as long as it does.
 */
#ifndef DRIVERS_MAPS_MAP_H
#define DRIVERS_MAPS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/conffile.h"
#include "drivers/maps/mapcodec.h"
#include "drivers/maps/mapconv.h"
#include "drivers/maps/maplookup.h"
#include "drivers/maps/mapnumbers.h"
#include "drivers/maps/mapword.h"

enum {
	MAP_DEPTH_MAX = 4,     /* files that include one another */
	MAP_FILES_MAX = 32,    /* that one map is made of */
	MAP_LINES_MAX = 20000, /* directives and rows, in all of them */
	MAP_ITEMS_MAX = 16,    /* of one line */
	MAP_STEPS_MAX = 8,     /* conversions of one row */
	MAP_LOOPS_MAX = 2,     /* indexes of a template */
	MAP_LOOKUP_ROWS_MAX = 4096,
	MAP_SEQUENCE_MAX = 8,
	MAP_WORD_MAX = 512,     /* bytes of a word */
	MAP_TEXT_MAX = 4 << 20, /* bytes of all texts and tables of a map */
};

enum map_row_kind { MAP_VAR, MAP_STATUS, MAP_ALARM, MAP_CMD };

enum map_flag {
	MAP_STATIC = 1,   /* read once, when the device is found */
	MAP_SLOW = 2,     /* read again after something was written, and now and then */
	MAP_QUICK = 4,    /* read at every poll */
	MAP_RW = 8,       /* may be set */
	MAP_HIDDEN = 16,  /* read for the functions' sake; for sequences only; not published */
	MAP_NEGATED = 32, /* STATUS: the word is there while the value is 0 */
	MAP_LIMITS = 64,  /* low and high count */
	MAP_FIRST = 128,  /* of a chain only the first device has it */
};

/* How a value is written to a place that tells nothing of it when it is read (SNMP). */
enum map_type {
	MAP_AS_IT_IS, /* a whole number as INTEGER, all else as text */
	MAP_AS_INTEGER,
	MAP_AS_UNSIGNED,
	MAP_AS_TICKS,
	MAP_AS_TEXT,
	MAP_AS_OID,
	MAP_AS_ADDRESS,
};

/* `for(i,1,outlet.count)`, or `walk(i)`: without from and to. */
struct map_loop {
	char index; /* i or j */
	const char *from, *to;
};

struct map_row {
	enum map_row_kind kind;
	unsigned flags;
	const char *where; /* "-": no place of the device */
	const char *name;  /* variable or command; the alarm's text; the status word; "*" */
	enum mapword word; /* MAP_STATUS; MAPWORD_NONE: the steps make a text of words */
	const struct mapconv_step *steps;
	size_t step_count;
	unsigned length;                /* of `rw(n)`; 0: as long as it likes */
	const struct maplookup *values; /* what may be set, NULL: anything */
	double low, high;
	const char *low_name, *high_name; /* k(name): the number of that name in their place; NULL */
	/* What was given, or NULL. */
	const char *to;        /* where it is written, if not where it is read */
	const char *when;      /* counts only while that number is not 0; `!name`: while it is */
	const char *own;       /* a setting that the driver keeps: never read or written there */
	const char *otherwise; /* default(): where the device does not tell */
	const char *constant;  /* published as it is */
	const char *value;     /* CMD: what is written unless the caller gives something */
	const char *only_if;   /* a where that has to exist */
	const char *unless;    /* a where that may not exist */
	const char *asked_if;  /* while(): a where, which is read first: 0 means that there is nothing */
	const char *phases_of; /* phases(): the variable that tells how many phases there are */
	unsigned phases;       /* of them: 1, or 3 */
	enum map_type type;
	struct map_loop loops[MAP_LOOPS_MAX];
	size_t loop_count;
	const char *items; /* as written, with one space between, for people */
	const char *values_name;
	const char *file;
	unsigned line;
};

enum map_match_how { MAP_MATCH_USB, MAP_MATCH_OID, MAP_MATCH_PROBE, MAP_MATCH_NEVER };

struct map_set_item {
	const char *name;
	double value;
};

struct map_match {
	enum map_match_how how;
	uint16_t vendor, product;         /* usb */
	const char *value;                /* oid, probe; "" else */
	const char *mfr, *model, *serial; /* patterns, or NULL; `model` for product() */
	int order;
	const char *const *quirks; /* ends with NULL */
	const struct map_set_item *sets;
	size_t set_count;
	const char *probe;                /* oid: a where that has to give something; NULL */
	const struct mapconv_step *steps; /* probe: have to accept the answer */
	const char *vendor_where;         /* probe: a where that has to give something, too; NULL */
	size_t step_count;
	const char *items;
	const char *file;
	unsigned line;
};

struct map_usage {
	const char *name;
	uint32_t number;
	const char *file;
	unsigned line;
};

enum map_sequence_what {
	MAP_RUN,  /* a command, with `value` if that is not NULL: a number, or a variable's name */
	MAP_WAIT, /* so many milliseconds */
};

struct map_sequence_step {
	enum map_sequence_what what;
	const char *name;
	const char *value;
	unsigned ms;
};

struct map_sequence {
	const char *name;
	const struct map_sequence_step *steps;
	size_t count;
	bool alias; /* comes before a CMD of that name; others behind */
	const char *items;
	const char *file;
	unsigned line;
};

struct map_query {
	const char *name;
	const char *text;  /* what is sent: %r is CR, %n LF, %v a command's value, %% a % */
	const char *begin; /* of the answer; "" for any */
	unsigned length;   /* the least that it has */
	const char *end;   /* "%r" unless another was given */
	const char *when;  /* asked only while that number is not 0; `!name`: while it is; or NULL */
	const char *shape;            /* of the answer (mapshape.h), or NULL */
	const struct mapcodec *codec; /* or NULL */
	const char *items;
	const char *file;
	unsigned line;
};

struct map_block {
	const char *type; /* holding, input, coil, discrete */
	unsigned start, count;
	const char *file;
	unsigned line;
};

/* Another name that users may give. */
struct map_name {
	const char *name;
	const char *file;
	unsigned line;
};

/* How a device counts what a template is for; and how many there are, if it does not say so. */
struct map_count {
	const char *name;  /* the variable: outlet.count */
	const char *where; /* with %i: from 0 if there is a place 0, else from 1 */
	const char *file;
	unsigned line;
};

/* One agent speaks for several devices: `%d` of a where is the number of one of them. */
struct map_chain {
	const char *count; /* the variable: device.count; NULL: there is no chain */
	const char *where; /* with %d: as in map_count */
	const char *file;
	unsigned line;
};

struct map_quirk {
	const char *name;
	const char *file;
	unsigned line;
};

struct map {
	const char *file; /* its name in the folder */
	const char *name; /* NULL: there is no MAP line, it is for others to include */
	const char *title, *driver, *version; /* version: "" if there is none */
	struct map_name *names; /* besides `name` */
	size_t name_count;
	struct map_match *matches;
	size_t match_count;
	struct map_usage *usages;
	size_t usage_count;
	struct maplookup **lookups;
	size_t lookup_count;
	struct map_quirk *quirks;
	size_t quirk_count;
	struct map_set_item *sets;
	size_t set_count;
	struct map_count *counts;
	size_t count_count;
	struct map_chain chain;
	struct map_row *rows;
	size_t row_count;
	struct map_sequence *sequences;
	size_t sequence_count;
	struct map_query *queries;
	size_t query_count;
	struct map_block *blocks;
	size_t block_count;
	unsigned errors;           /* that its reading reported */
	struct map_memory *memory; /* holds all of the above */
};

/* Reads `file` of the driver's folders.  NULL: no memory, or no such file (that is reported). */
struct map *map_load(const char *driver, const char *file, struct conf_report *r);

/* Reads this very file; its INCLUDEs come from the driver's folders, and before them from its own.
 */
struct map *map_load_path(const char *path, struct conf_report *r);

/* Reads an open stream, which stays the caller's; INCLUDE finds only the driver's folders. */
struct map *map_load_fd(int fd, const char *name, struct conf_report *r);
void map_free(struct map *m);

/* Where `file` of a driver, which ends in `suffix`, is read from: the administrator's folder wins.
 * False: it is in neither, or has another name. */
bool map_path(const char *driver, const char *file, const char *suffix, char *dst, size_t size);

/* Letter case aside; NULL if there is none. */
const struct maplookup *map_lookup(const struct map *m, const char *name);
const struct map_query *map_query_find(const struct map *m, const char *name);

const struct map_count *map_count_find(const struct map *m, const char *variable);

/* The map goes by that name, letter case aside. */
bool map_has_name(const struct map *m, const char *name);

/* The first usage of that name, or number, in the order of the file. */
bool map_usage_number(const struct map *m, const char *name, uint32_t *number);
const char *map_usage_name(const struct map *m, uint32_t number);

/* True if the map, or the match, has that switch on. `match` may be NULL. */
bool map_quirk(const struct map *m, const struct map_match *match, const char *name);

/* The numbers of the map's SET lines, then the match's, into `n`. */
bool map_numbers(const struct map *m, const struct map_match *match, struct mapnumbers *n);

/* Texts of enums, as in the files; NULL ends the lists. */
extern const char *const map_row_names[];
extern const char *const map_match_names[];
extern const char *const map_type_names[];

#endif
