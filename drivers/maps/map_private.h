/* What the parts of the map reader share. */
#ifndef DRIVERS_MAPS_MAP_PRIVATE_H
#define DRIVERS_MAPS_MAP_PRIVATE_H

#include "drivers/maps/map.h"

/* ------------------------------------------------- memory that is freed all at once */

/* NULL: no memory, or too much of it; then map_memory_failed(). Zeroed. */
void *map_take(struct map *m, size_t size);
const char *map_keep(struct map *m, const char *text);
bool map_memory_failed(const struct map *m);

/* Makes room for one more element in an array of `count` and returns it zeroed. */
void *map_grow(struct map *m, void *array, size_t *count, size_t size);

struct map *map_new(const char *file);

/* ------------------------------------------------------------------------- items */

/* `name` or `name(args)`, taken apart in a buffer of its own. */
struct map_item {
	char text[MAP_WORD_MAX];
	const char *name;
	const char *args; /* the whole text in the parentheses, or NULL */
	const char *argv[3];
	size_t argc;
	char split[MAP_WORD_MAX];
};

/* False: it is no item; *why is a text for people. */
bool map_item_parse(const char *word, struct map_item *item, const char **why);

/* A conversion's step, of the item. False: reported. */
struct map_reader;
bool map_step_parse(struct map_reader *rd, const struct conf_where *at, const struct map_item *item,
		    const struct mapconv *conv, struct mapconv_step *step);

const struct mapconv_step *map_keep_steps(struct map *m, const struct mapconv_step *steps,
					  size_t count);

/* Words from `first` on, with spaces between, quoted where they have to be. */
const char *map_keep_words(struct map *m, size_t first, size_t count, char *const *words);

/* ------------------------------------------------------------------------ reader */

struct map_reader {
	struct map *map;
	struct conf_report *report;
	const char *folder; /* looked into for INCLUDE before the driver's; NULL */
	const char *files[MAP_FILES_MAX];
	size_t file_count;
	const char *stack[MAP_DEPTH_MAX];
	size_t depth;
	size_t lines;
	bool too_long;
	const char *shown; /* the file that the current line is in, kept */
	/* The table that is open, and its rows so far. */
	struct maplookup *lookup;
	struct maplookup_row *rows;
	size_t row_count;
};

/* Takes one line, within the limits. */
void map_reader_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		     struct conf_report *r);

/* True if between `least` and `most` words stand behind the directive; else that is reported. */
bool map_counted(struct map_reader *rd, const struct conf_where *at, size_t count, size_t least,
		 size_t most, const char *usage);

/* The lines NAME, COUNT, CHAIN. */
void map_read_name(struct map_reader *rd, const struct conf_where *at, size_t count,
		   char *const *words);
void map_read_count(struct map_reader *rd, const struct conf_where *at, size_t count,
		    char *const *words);
void map_read_chain(struct map_reader *rd, const struct conf_where *at, size_t count,
		    char *const *words);

/* The lines VAR, STATUS, ALARM, CMD. */
void map_read_row(struct map_reader *rd, const struct conf_where *at, enum map_row_kind kind,
		  size_t count, char *const *words);
/* The line MATCH. */
void map_read_match(struct map_reader *rd, const struct conf_where *at, size_t count,
		    char *const *words);

/* A table's rows, until END. False: this line is not of it. */
void map_read_lookup_row(struct map_reader *rd, const struct conf_where *at, size_t count,
			 char *const *words);
void map_close_lookup(struct map_reader *rd);

/* After the last line: names of lookups become lookups, and what only the whole map can tell. */
void map_finish(struct map_reader *rd);

#endif
