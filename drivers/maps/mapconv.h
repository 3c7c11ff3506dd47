/*
 * mapconv: the fixed set of conversions that maps can name, each with its way
 * back where it has one.  They are applied in a chain: each to what the last
 * one made; the way back goes through them in reverse.
 */
#ifndef DRIVERS_MAPS_MAPCONV_H
#define DRIVERS_MAPS_MAPCONV_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/maps/maplookup.h"
#include "drivers/maps/mapnumbers.h"

struct map;
struct mapfun;

enum { MAPVALUE_TEXT_MAX = 256 };

enum mapvalue_kind { MAPVALUE_NUMBER, MAPVALUE_TEXT };

struct mapvalue {
	enum mapvalue_kind kind;
	double number;
	char text[MAPVALUE_TEXT_MAX];
};

/*
 * What a conversion may ask about the device.  Each function may be NULL, as
 * if it knew nothing; each returns false where there is nothing to tell.
 */
struct mapconv_context {
	const struct map *map;      /* for the lookups of functions; may be NULL */
	struct mapnumbers *numbers; /* k(name), and what functions remember; may be NULL */
	void *arg;

	/* The number at another place of the device, as it was read last; read now if it never was.
	 */
	bool (*place)(void *arg, const char *where, double *value);
	/* The value of a variable as published; "usb.product" is the name in the device's
	 * descriptor. */
	bool (*variable)(void *arg, const char *name, char *dst, size_t size);
	/* A string of the device by its index. */
	bool (*string)(void *arg, unsigned index, char *dst, size_t size);
	/* A report as it came, its number in front; *len bytes of it. Where the descriptor does
	 * not know it, `size` bytes are asked for. */
	bool (*report)(void *arg, unsigned id, unsigned char *dst, size_t size, size_t *len);
	/* The whole answer to a query, *len bytes of it, as it was given last; asked now if it never
	 * was. */
	bool (*answer)(void *arg, const char *query, char *dst, size_t size, size_t *len);
};

enum mapconv_args {
	MAPCONV_NO_ARGS,
	MAPCONV_FACTOR,   /* a number or k(name) */
	MAPCONV_TWO,      /* two numbers, the first not above the second */
	MAPCONV_MASK,     /* a mask, and perhaps how far to shift right */
	MAPCONV_BITS,     /* 1 to 32 */
	MAPCONV_DIGITS,   /* 1 to 8 */
	MAPCONV_LOOKUP,   /* the name of a lookup */
	MAPCONV_FORMAT,   /* one % in a text */
	MAPCONV_TEXT,     /* any text */
	MAPCONV_CALENDAR, /* packed, bcd or unix */
	MAPCONV_CALL,     /* the name of a function, and perhaps a number for it */
};

struct mapconv;

/* One conversion of a chain. */
struct mapconv_step {
	const struct mapconv *conv;
	const char *args; /* as written; NULL if there were none */
	const char *name; /* of k(name), the lookup, the format, the calendar */
	double x, y;
	const struct maplookup *lookup;
	const struct mapfun *fun;
};

struct mapconv {
	const char *name;
	enum mapconv_args args;
	bool (*read)(const struct mapconv_step *s, struct mapvalue *v,
		     const struct mapconv_context *c);
	/* NULL: there is no way back. */
	bool (*write)(const struct mapconv_step *s, struct mapvalue *v,
		      const struct mapconv_context *c);
	bool partial; /* reading can end in nothing */
};

/* All conversions; ends with a row without name. */
extern const struct mapconv mapconv_table[];
const struct mapconv *mapconv_find(const char *name);

/* For MAPCONV_FORMAT: one % of the known ones, and its text around it. */
bool mapconv_format_valid(const char *format);

/* What the device says made into what is published.  False: nothing is. */
bool mapconv_read(const struct mapconv_step *steps, size_t count, struct mapvalue *v,
		  const struct mapconv_context *c);

/* What a client gives made into what is written to the device.  False: it cannot be. */
bool mapconv_write(const struct mapconv_step *steps, size_t count, struct mapvalue *v,
		   const struct mapconv_context *c);

/* True if all steps have a way back. */
bool mapconv_has_back(const struct mapconv_step *steps, size_t count);

/* True if every step has the table or the function that it names; only a map without mistakes is
 * sure to, and only then may steps be run. */
bool mapconv_complete(const struct mapconv_step *steps, size_t count);

/* A number, from a text too if it holds one and nothing else. */
bool mapvalue_number(const struct mapvalue *v, double *number);
bool mapvalue_set_number(struct mapvalue *v, double number);  /* false: it is not finite */
bool mapvalue_set_text(struct mapvalue *v, const char *text); /* false: it is too long */

/* What is published: the text, or the number in its shortest form. */
const char *mapvalue_text(struct mapvalue *v);

#endif
