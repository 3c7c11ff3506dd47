/*
 * maplookup: a table of a map, of what a value means.  The first row that fits
 * counts; the way back takes the first row with that text and a single number.
 */
#ifndef DRIVERS_MAPS_MAPLOOKUP_H
#define DRIVERS_MAPS_MAPLOOKUP_H

#include <stdbool.h>
#include <stddef.h>

enum maplookup_key {
	MAPLOOKUP_NUMBER, /* 3 */
	MAPLOOKUP_RANGE,  /* 3-5, both included */
	MAPLOOKUP_ALL,    /* &0x18: all of these bits are set */
	MAPLOOKUP_BITS,   /* &0x18:0x08: these bits are that */
	MAPLOOKUP_ANY,    /* * */
	MAPLOOKUP_TEXT,   /* any other word, letter case aside */
};

struct maplookup_row {
	enum maplookup_key key;
	double low, high; /* the number; the range; mask and value */
	const char *word; /* MAPLOOKUP_TEXT */
	const char *text;
	double number; /* what stands behind the text; only with has_number */
	bool has_number;
};

struct maplookup {
	const char *name;
	const struct maplookup_row *rows;
	size_t count;
	const char *file; /* where it is written */
	unsigned line;
};

/* Reads one key, no list of them, into `row`; the word is borrowed. */
void maplookup_parse_key(const char *word, struct maplookup_row *row);

/* The row that fits, or NULL. */
const struct maplookup_row *maplookup_number(const struct maplookup *l, double value);
const struct maplookup_row *maplookup_text(const struct maplookup *l, const char *text);

/* The texts of all rows with a mask that fit, with spaces between; without any, that of `*`. False:
 * neither, or it does not fit into dst. */
bool maplookup_flags(const struct maplookup *l, double value, char *dst, size_t size);

/* The value that means `text`. */
bool maplookup_back(const struct maplookup *l, const char *text, double *value);
bool maplookup_has_back(const struct maplookup *l);

/* A row before that fits whatever this one fits, so that it never counts; NULL if there is none. */
const struct maplookup_row *maplookup_shadow(const struct maplookup *l, size_t index);

#endif
