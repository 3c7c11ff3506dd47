/*
 * settings: what ups.conf and -x say to one driver (spec/config-files.md
 * section 2): the section's keys over the global ones, -x over both.
 *
 * Every key is known: to the core (the table in settings.c), to the driver
 * (its options), or by its prefix (default., override.).  Anything else is an
 * error that names the closest known key; numbers are checked on the way in.
 */
#ifndef DRIVERS_CORE_SETTINGS_H
#define DRIVERS_CORE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/conffile.h"
#include "drivers/core/driver.h"

struct settings;

/* `x` are the -x texts, key or key=value, in order (borrowed for the call).  Without a section
 * name (-s) no file is read.  NULL: errors were reported. */
struct settings *settings_load(const struct driver *driver, const char *path, const char *section,
			       const char *const *x, size_t x_count, struct conf_report *r);
void settings_free(struct settings *s);

/* The global statepath alone, however broken the rest of the file may be: who looks for a running
 * driver needs no more.  False: there is none. */
bool settings_find_statepath(const char *path, char *dst, size_t size);

/* The value in force, NULL if none; a flag has the value "". */
const char *settings_get(const struct settings *s, const char *key);
bool settings_flag(const struct settings *s, const char *key);
long settings_long(const struct settings *s, const char *key, long otherwise);

/* The keys that the section or -x gave, in order. */
enum settings_kind {
	SETTINGS_COMMON, /* the core's own */
	SETTINGS_DRIVER, /* one of the driver's options */
	SETTINGS_DEFAULT,
	SETTINGS_OVERRIDE,
};
struct settings_item {
	enum settings_kind kind;
	const char *key;   /* as the table spells it; with its prefix */
	const char *name;  /* without the prefix: the variable of default. and override. */
	const char *value; /* NULL = a flag */
	bool secret, reloadable;
};
size_t settings_count(const struct settings *s);
struct settings_item settings_at(const struct settings *s, size_t i);

/*
 * Compares what is in force.  Calls fn for each key whose value differs, with
 * the old and the new value (NULL = absent), global keys included.
 */
void settings_diff(const struct settings *was, const struct settings *is,
		   void (*fn)(void *arg, const char *key, bool reloadable, bool secret,
			      const char *old, const char *new_value),
		   void *arg);

/* Takes over every reloadable key, with its value or its absence; the others stay as they were.
 * False: no memory (some may have been taken). */
bool settings_adopt(struct settings *s, const struct settings *from);

#endif
