/* The lines VAR, STATUS, ALARM, CMD, and what only the whole map can tell of them. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/map_private.h"
#include "drivers/maps/mapfun.h"
#include "drivers/maps/mapwhere.h"

enum { LENGTH_MAX = 255 };

/* --------------------------------------------------------------------- a row's flags */

struct row_item {
	const char *name;
	unsigned flag;                             /* a flag without arguments; else `set` */
	const char **(*text)(struct map_row *row); /* a text to keep */
	const char *usage;
};

static const char **text_own(struct map_row *row)
{
	return &row->own;
}

static const char **text_default(struct map_row *row)
{
	return &row->otherwise;
}

static const char **text_constant(struct map_row *row)
{
	return &row->constant;
}

static const char **text_value(struct map_row *row)
{
	return &row->value;
}

static const char **text_if(struct map_row *row)
{
	return &row->only_if;
}

static const char **text_unless(struct map_row *row)
{
	return &row->unless;
}

static const char **text_to(struct map_row *row)
{
	return &row->to;
}

static const char **text_when(struct map_row *row)
{
	return &row->when;
}

static const char **text_while(struct map_row *row)
{
	return &row->asked_if;
}

static const char **text_values(struct map_row *row)
{
	return &row->values_name;
}

static const struct row_item row_items[] = {
	{"static", MAP_STATIC, NULL, NULL},
	{"slow", MAP_SLOW, NULL, NULL},
	{"quick", MAP_QUICK, NULL, NULL},
	{"hidden", MAP_HIDDEN, NULL, NULL},
	{"first", MAP_FIRST, NULL, NULL},
	{"own", 0, text_own, "own(30)"},
	{"default", 0, text_default, "default(text)"},
	{"constant", 0, text_constant, "constant(text)"},
	{"value", 0, text_value, "value(1)"},
	{"if", 0, text_if, "if(where)"},
	{"unless", 0, text_unless, "unless(where)"},
	{"to", 0, text_to, "to(where)"},
	{"when", 0, text_when, "when(number)"},
	{"values", 0, text_values, "values(lookup)"},
	{"while", 0, text_while, "while(where)"},
	{"phases", 0, NULL, NULL},
	{"as", 0, NULL, NULL},
	{"rw", 0, NULL, NULL},
	{"limits", 0, NULL, NULL},
	{"for", 0, NULL, NULL},
	{"walk", 0, NULL, NULL},
};

enum { ROW_ITEMS = sizeof(row_items) / sizeof(*row_items) };

static const struct row_item *find_row_item(const char *name)
{
	for (size_t i = 0; i < ROW_ITEMS; i++)
		if (str_equal(row_items[i].name, name))
			return &row_items[i];
	return NULL;
}

static void unknown_item(struct map_reader *rd, const struct conf_where *at, const char *name)
{
	const char *names[64] = {NULL}, *closest;
	char mend[96];
	size_t count = 0;

	for (size_t i = 0; i < ROW_ITEMS; i++)
		names[count++] = row_items[i].name;
	for (const struct mapconv *c = mapconv_table; c->name && count + 1 < 64; c++)
		names[count++] = c->name;
	closest = str_closest(name, names);
	if (closest)
		str_format(mend, sizeof(mend), "did you mean \"%s\"?", closest);
	conf_error(rd->report, at, closest ? mend : "docs/maps.md has the list",
		   "there is no conversion or flag \"%s\"", name);
}

static bool take_rw(const struct map_item *item, struct map_row *row)
{
	double length = 0;

	row->flags |= MAP_RW;
	if (!item->args)
		return true;
	if (item->argc != 1 || !mapnumber_parse(item->argv[0], &length) || length < 1 ||
	    length > LENGTH_MAX)
		return false;
	row->length = (unsigned)length;
	return true;
}

/* A number, or k(name): one that the device tells. */
static bool take_limit(struct map *m, const char *text, double *value, const char **name)
{
	char copy[MAP_WORD_MAX];
	size_t len = strlen(text);

	if (mapnumber_parse(text, value))
		return true;
	if (!str_starts(text, "k(") || text[len - 1] != ')' || len < 4 ||
	    !str_copy(copy, sizeof(copy), text + 2))
		return false;
	copy[len - 3] = '\0';
	*name = map_keep(m, copy);
	return true;
}

static bool take_limits(struct map *m, const struct map_item *item, struct map_row *row)
{
	row->flags |= MAP_LIMITS;
	return item->argc == 2 && take_limit(m, item->argv[0], &row->low, &row->low_name) &&
	       take_limit(m, item->argv[1], &row->high, &row->high_name) &&
	       (row->low_name || row->high_name || row->low <= row->high);
}

static bool take_phases(const struct map_item *item, struct map_row *row)
{
	static const struct {
		const char *side, *variable;
	} sides[] = {
		{"input", "input.phases"},
		{"output", "output.phases"},
		{"bypass", "input.bypass.phases"},
	};

	if (item->argc != 2 || (!str_equal(item->argv[1], "1") && !str_equal(item->argv[1], "3")))
		return false;
	row->phases = item->argv[1][0] == '1' ? 1 : 3;
	for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++)
		if (str_equal(item->argv[0], sides[i].side))
			row->phases_of = sides[i].variable;
	return row->phases_of != NULL;
}

static bool take_type(const struct map_item *item, struct map_row *row)
{
	for (int i = MAP_AS_INTEGER; item->argc == 1 && map_type_names[i]; i++)
		if (str_equal(map_type_names[i], item->argv[0])) {
			row->type = (enum map_type)i;
			return true;
		}
	return false;
}

static bool take_loop(struct map *m, const struct map_item *item, struct map_row *row)
{
	bool range = str_equal(item->name, "for");
	struct map_loop *loop;

	if (row->loop_count == MAP_LOOPS_MAX || item->argc != (range ? 3u : 1u) ||
	    (!str_equal(item->argv[0], "i") && !str_equal(item->argv[0], "j")))
		return false;
	loop = &row->loops[row->loop_count++];
	loop->index = item->argv[0][0];
	loop->from = range ? map_keep(m, item->argv[1]) : NULL;
	loop->to = range ? map_keep(m, item->argv[2]) : NULL;
	return true;
}

static bool take_row_item(struct map *m, const struct map_item *item, const struct row_item *known,
			  struct map_row *row)
{
	if (known->flag) {
		row->flags |= known->flag;
		return !item->args;
	}
	if (known->text) {
		*known->text(row) = item->args ? map_keep(m, item->args) : NULL;
		return item->args && item->args[0];
	}
	if (str_equal(known->name, "rw"))
		return take_rw(item, row);
	if (str_equal(known->name, "limits"))
		return take_limits(m, item, row);
	if (str_equal(known->name, "phases"))
		return take_phases(item, row);
	if (str_equal(known->name, "as"))
		return take_type(item, row);
	return take_loop(m, item, row);
}

static void flag_misused(struct map_reader *rd, const struct conf_where *at, const char *word,
			 const struct row_item *known)
{
	char mend[160];

	if (known->usage)
		str_format(mend, sizeof(mend), "write: %s", known->usage);
	else if (known->flag)
		str_copy(mend, sizeof(mend), "it takes nothing in parentheses");
	else
		str_copy(mend, sizeof(mend),
			 "write: rw(10), limits(1,9), limits(k(low),k(high)), for(i,1,outlet.count), "
			 "walk(i), phases(input,3) or as(ticks)");
	conf_error(rd->report, at, mend, "\"%s\" cannot be done", word);
}

/* The items from words[first] on: steps into `steps`, all else into the row. */
static size_t take_items(struct map_reader *rd, const struct conf_where *at, size_t first,
			 size_t count, char *const *words, struct map_row *row,
			 struct mapconv_step *steps)
{
	size_t used = 0;

	for (size_t i = first; i < count; i++) {
		const struct mapconv *conv;
		const struct row_item *known;
		struct map_item item;
		const char *why;

		if (!map_item_parse(words[i], &item, &why)) {
			conf_error(rd->report, at, why, "\"%s\" cannot be read", words[i]);
			continue;
		}
		conv = mapconv_find(item.name);
		known = find_row_item(item.name);
		if (conv && used == MAP_STEPS_MAX)
			conf_error(rd->report, at, NULL, "more than %d conversions", MAP_STEPS_MAX);
		else if (conv)
			used += map_step_parse(rd, at, &item, conv, &steps[used]) ? 1 : 0;
		else if (!known)
			unknown_item(rd, at, item.name);
		else if (!take_row_item(rd->map, &item, known, row))
			flag_misused(rd, at, words[i], known);
	}
	return used;
}

/* `!word` is the word the other way round. */
static void take_status_word(struct map_reader *rd, const struct conf_where *at,
			     struct map_row *row)
{
	const char *closest;
	char mend[64];

	row->word = MAPWORD_NONE;
	if (str_equal(row->name, "*"))
		return;
	if (row->name[0] == '!') {
		row->flags |= MAP_NEGATED;
		row->name++;
	}
	row->word = mapword_find(row->name);
	if (row->word != MAPWORD_NONE)
		return;
	closest = str_closest(row->name, mapword_names);
	if (closest)
		str_format(mend, sizeof(mend), "did you mean \"%s\"?", closest);
	conf_error(rd->report, at, closest ? mend : "docs/maps.md has the list",
		   "there is no status word \"%s\"", row->name);
}

/* Whose text, or word, the conversions make. */
static bool is_made(const struct map_row *row)
{
	if (row->kind == MAP_ALARM)
		return strchr(row->name, '*') != NULL;
	return row->kind == MAP_STATUS && str_equal(row->name, "*");
}

static bool misplaced(const struct map_row *row, const char **what, const char **mend)
{
	if (mapwhere_is_list(row->where) && (row->loop_count > 0 || !is_made(row))) {
		*what = "only STATUS and ALARM rows that are made of what is there can have a list";
		*mend = "write: STATUS .1.3.6.1.2.1.33.1.6.2.1.2.* * lookup(table)";
	} else if (row->type && !(row->flags & MAP_RW) && row->kind != MAP_CMD) {
		*what = "as() is for what is written";
		*mend = "leave it out";
	}
	return *what != NULL;
}

static void check_row(struct map_reader *rd, const struct conf_where *at, const struct map_row *row)
{
	const char *what = NULL, *mend = NULL;

	if (misplaced(row, &what, &mend)) {
		/* said */
	} else if ((row->kind != MAP_VAR && (row->flags & (MAP_RW | MAP_LIMITS))) ||
	    (row->kind != MAP_VAR && row->kind != MAP_CMD && (row->flags & MAP_HIDDEN))) {
		what = "only variables can be set, and they and commands hidden";
		mend = "leave rw, limits and hidden out";
	} else if (row->kind != MAP_CMD && row->value) {
		what = "value() is for commands";
		mend = "constant() is what a variable has";
	} else if (row->kind == MAP_VAR && str_equal(row->where, "-") && !row->constant &&
		   !row->own && row->step_count == 0) {
		what = "a variable without a place says nothing";
		mend = "give it constant(text), own(text) or call(function)";
	} else if (is_made(row) && row->step_count == 0) {
		what = "nothing says which it is";
		mend = "give it lookup(table)";
	} else if ((row->values_name || (row->flags & MAP_LIMITS)) && !(row->flags & MAP_RW)) {
		what = "values() and limits() are for what can be set";
		mend = "add rw";
	}
	if (what)
		conf_error(rd->report, at, mend, "%s", what);
}

void map_read_row(struct map_reader *rd, const struct conf_where *at, enum map_row_kind kind,
		  size_t count, char *const *words)
{
	struct mapconv_step steps[MAP_STEPS_MAX] = {{0}};
	struct map *m = rd->map;
	struct map_row row = {.kind = kind, .word = MAPWORD_NONE, .line = at->line};
	struct map_row *kept;

	if (count < 3 || count > 3 + MAP_ITEMS_MAX) {
		conf_error(rd->report, at, "write: directive where name items...",
			   "%s words on this line",
			   count < 3 ? "there are too few" : "there are too many");
		return;
	}
	row.file = rd->shown;
	row.where = map_keep(m, words[1]);
	row.name = map_keep(m, words[2]);
	row.items = map_keep_words(m, 3, count, words);
	if (kind == MAP_STATUS)
		take_status_word(rd, at, &row);
	row.step_count = take_items(rd, at, 3, count, words, &row, steps);
	row.steps = map_keep_steps(m, steps, row.step_count);
	check_row(rd, at, &row);
	kept = map_grow(m, &m->rows, &m->row_count, sizeof(*kept));
	if (kept)
		*kept = row;
}

/* ------------------------------------------------------------------- the whole map */

static void resolve_lookup(struct map_reader *rd, const struct conf_where *at, const char *name,
			   const struct maplookup **lookup)
{
	const char *names[256] = {NULL}, *closest;
	char mend[MAP_WORD_MAX + 32];

	*lookup = map_lookup(rd->map, name);
	if (*lookup)
		return;
	for (size_t i = 0; i < rd->map->lookup_count && i + 1 < 256; i++)
		names[i] = rd->map->lookups[i]->name;
	closest = str_closest(name, names);
	if (closest)
		str_format(mend, sizeof(mend), "did you mean \"%s\"?", closest);
	conf_error(rd->report, at, closest ? mend : "add LOOKUP and END, or INCLUDE its file",
		   "there is no table \"%s\"", name);
}

static void resolve_steps(struct map_reader *rd, const struct conf_where *at,
			  const struct mapconv_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (steps[i].conv->args == MAPCONV_LOOKUP)
			resolve_lookup(rd, at, steps[i].name,
				       (const struct maplookup **)&steps[i].lookup);
}

/* Functions with a table of their own, which a map has to have then. */
static void check_tables(struct map_reader *rd, const struct conf_where *at,
			 const struct map_row *row)
{
	for (size_t i = 0; i < row->step_count; i++) {
		const struct mapfun *fun = row->steps[i].fun;

		if (fun && fun->table && !map_lookup(rd->map, fun->table))
			conf_error(rd->report, at, "add LOOKUP and END, or INCLUDE its file",
				   "%s needs the table \"%s\"", fun->name, fun->table);
	}
}

static void finish_row(struct map_reader *rd, struct map_row *row)
{
	struct conf_where at = {.file = row->file, .line = row->line};
	bool back;

	resolve_steps(rd, &at, row->steps, row->step_count);
	if (row->values_name)
		resolve_lookup(rd, &at, row->values_name, &row->values);
	check_tables(rd, &at, row);
	/* A table or function that is missing was reported for that. */
	if (!mapconv_complete(row->steps, row->step_count))
		return;
	back = row->own || mapconv_has_back(row->steps, row->step_count);
	if (!back && (row->flags & MAP_RW))
		conf_error(rd->report, &at, "leave rw out, or a conversion with no way back",
			   "%s cannot be set", row->name);
	if (!back && row->kind == MAP_CMD)
		conf_error(rd->report, &at, "leave out what has no way back",
			   "%s cannot be written", row->name);
}

void map_finish(struct map_reader *rd)
{
	struct map *m = rd->map;

	for (size_t i = 0; i < m->row_count; i++)
		finish_row(rd, &m->rows[i]);
	for (size_t i = 0; i < m->match_count; i++)
		resolve_steps(rd,
			      &(struct conf_where){.file = m->matches[i].file,
						   .line = m->matches[i].line},
			      m->matches[i].steps, m->matches[i].step_count);
	if (m->name && !m->driver[0])
		conf_error(rd->report, &(struct conf_where){.file = m->file},
			   "add a line: DRIVER usbhid-ups",
			   "nothing says which driver this is for");
}
