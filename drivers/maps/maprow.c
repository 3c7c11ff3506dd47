/* The lines with items: VAR, STATUS, ALARM, CMD, and MATCH. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/map_private.h"
#include "drivers/maps/mapdate.h"
#include "drivers/maps/mapfun.h"

enum { LENGTH_MAX = 255, ORDER_MAX = 1000, ORDER_DEFAULT = 50 };

/* ------------------------------------------------------------------------- items */

/* Commas within parentheses are the inner ones' own.  What is too much for argv is only counted. */
static void split_args(struct map_item *item)
{
	const size_t max = sizeof(item->argv) / sizeof(*item->argv);
	int depth = 0;
	char *p = item->split;

	item->argv[item->argc++] = p;
	for (; *p; p++) {
		if (*p == '(')
			depth++;
		else if (*p == ')')
			depth--;
		if (*p != ',' || depth > 0)
			continue;
		if (item->argc++ == max)
			return;
		*p = '\0';
		item->argv[item->argc - 1] = p + 1;
	}
}

bool map_item_parse(const char *word, struct map_item *item, const char **why)
{
	char *open;
	size_t len = strlen(word);

	memset(item, 0, sizeof(*item));
	*why = "it is too long";
	if (!str_copy(item->text, sizeof(item->text), word))
		return false;
	item->name = item->text;
	open = strchr(item->text, '(');
	if (!open)
		return true;
	*why = "its parenthesis is not closed; quotes go around the whole word";
	if (item->text[len - 1] != ')')
		return false;
	item->text[len - 1] = '\0';
	*open = '\0';
	item->args = open + 1;
	str_copy(item->split, sizeof(item->split), item->args);
	if (item->args[0])
		split_args(item);
	return true;
}

static bool factor_arg(struct map *m, const struct map_item *item, struct mapconv_step *step)
{
	struct map_item k;
	const char *why;

	if (item->argc != 1)
		return false;
	if (mapnumber_parse(item->argv[0], &step->x))
		return true;
	if (!map_item_parse(item->argv[0], &k, &why) || !str_equal(k.name, "k") || k.argc != 1)
		return false;
	step->name = map_keep(m, k.argv[0]);
	return true;
}

static bool mask_args(const struct map_item *item, struct mapconv_step *step)
{
	if (item->argc < 1 || item->argc > 2 || !mapnumber_parse(item->argv[0], &step->x) ||
	    step->x < 0 || step->x > (double)UINT32_MAX)
		return false;
	return item->argc == 1 ||
	       (mapnumber_parse(item->argv[1], &step->y) && step->y >= 0 && step->y <= 31);
}

static bool count_arg(const struct map_item *item, double most, struct mapconv_step *step)
{
	return item->argc == 1 && mapnumber_parse(item->argv[0], &step->x) && step->x >= 1 &&
	       step->x <= most && step->x == (double)(int)step->x;
}

static bool call_args(struct map_reader *rd, const struct conf_where *at,
		      const struct map_item *item, struct mapconv_step *step)
{
	if (item->argc < 1)
		return false;
	step->fun = mapfun_find(item->argv[0]);
	if (!step->fun) {
		const char *names[64] = {NULL}, *closest;
		char mend[96];

		for (size_t i = 0; mapfun_table[i].name && i + 1 < 64; i++)
			names[i] = mapfun_table[i].name;
		closest = str_closest(item->argv[0], names);
		if (closest)
			str_format(mend, sizeof(mend), "did you mean \"%s\"?", closest);
		conf_error(rd->report, at, closest ? mend : "nut-mapcheck --functions lists them",
			   "there is no function \"%s\"", item->argv[0]);
		return true; /* reported */
	}
	if (!step->fun->takes_number)
		return item->argc == 1;
	return item->argc == 2 && mapnumber_parse(item->argv[1], &step->x) && step->x >= 0 &&
	       step->x <= 255;
}

static bool two_args(const struct map_item *item, struct mapconv_step *step)
{
	return item->argc == 2 && mapnumber_parse(item->argv[0], &step->x) &&
	       mapnumber_parse(item->argv[1], &step->y) && step->x <= step->y;
}

/* By the kind of arguments; what is wrong is said by the caller. */
static bool parse_args(struct map_reader *rd, const struct conf_where *at,
		       const struct map_item *item, struct mapconv_step *step)
{
	struct map *m = rd->map;

	switch (step->conv->args) {
	case MAPCONV_NO_ARGS:
		return !item->args;
	case MAPCONV_FACTOR:
		return factor_arg(m, item, step);
	case MAPCONV_TWO:
		return two_args(item, step);
	case MAPCONV_MASK:
		return mask_args(item, step);
	case MAPCONV_BITS:
		return count_arg(item, 32, step);
	case MAPCONV_DIGITS:
		return count_arg(item, 8, step);
	case MAPCONV_LOOKUP:
		step->name = item->argc == 1 ? map_keep(m, item->argv[0]) : NULL;
		return step->name != NULL;
	case MAPCONV_FORMAT:
		step->name = item->args ? map_keep(m, item->args) : NULL;
		return step->name && mapconv_format_valid(step->name);
	case MAPCONV_CALENDAR:
		step->name = item->argc == 1 ? map_keep(m, item->argv[0]) : NULL;
		return step->name && mapdate_find(step->name) != MAPDATE_NONE &&
		       (!str_equal(step->conv->name, "time") || str_equal(step->name, "unix"));
	case MAPCONV_CALL:
		return call_args(rd, at, item, step);
	}
	return false;
}

static const char *args_usage(enum mapconv_args args)
{
	static const char *const usage[] = {
		[MAPCONV_NO_ARGS] = "it takes nothing in parentheses",
		[MAPCONV_FACTOR] = "it takes a number, or k(name)",
		[MAPCONV_TWO] = "it takes two numbers, the lower one first",
		[MAPCONV_MASK] = "it takes a mask of 32 bits, such as 0x18",
		[MAPCONV_BITS] = "it takes a number of bits from 1 to 32",
		[MAPCONV_DIGITS] = "it takes a number of digits from 1 to 8",
		[MAPCONV_LOOKUP] = "it takes the name of a table",
		[MAPCONV_FORMAT] =
			"it takes one of %.0f to %.6f, %d, %x and %s, and text around it",
		[MAPCONV_CALENDAR] = "it takes packed, bcd or unix; time only unix",
		[MAPCONV_CALL] =
			"it takes a function, and a number from 0 to 255 if that wants one",
	};

	return usage[args];
}

bool map_step_parse(struct map_reader *rd, const struct conf_where *at, const struct map_item *item,
		    const struct mapconv *conv, struct mapconv_step *step)
{
	*step = (struct mapconv_step){.conv = conv};
	if (item->args)
		step->args = map_keep(rd->map, item->args);
	if (parse_args(rd, at, item, step))
		return true;
	conf_error(rd->report, at, args_usage(conv->args), "%s(%s) cannot be done", item->name,
		   item->args ? item->args : "");
	return false;
}

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

static const char **text_values(struct map_row *row)
{
	return &row->values_name;
}

static const struct row_item row_items[] = {
	{"static", MAP_STATIC, NULL, NULL},
	{"slow", MAP_SLOW, NULL, NULL},
	{"quick", MAP_QUICK, NULL, NULL},
	{"hidden", MAP_HIDDEN, NULL, NULL},
	{"own", 0, text_own, "own(30)"},
	{"default", 0, text_default, "default(text)"},
	{"constant", 0, text_constant, "constant(text)"},
	{"value", 0, text_value, "value(1)"},
	{"if", 0, text_if, "if(where)"},
	{"unless", 0, text_unless, "unless(where)"},
	{"values", 0, text_values, "values(lookup)"},
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

static bool take_limits(const struct map_item *item, struct map_row *row)
{
	row->flags |= MAP_LIMITS;
	return item->argc == 2 && mapnumber_parse(item->argv[0], &row->low) &&
	       mapnumber_parse(item->argv[1], &row->high) && row->low <= row->high;
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
		return take_limits(item, row);
	return take_loop(m, item, row);
}

static void flag_misused(struct map_reader *rd, const struct conf_where *at, const char *word,
			 const struct row_item *known)
{
	char mend[64];

	if (known->usage)
		str_format(mend, sizeof(mend), "write: %s", known->usage);
	else if (known->flag)
		str_copy(mend, sizeof(mend), "it takes nothing in parentheses");
	else
		str_copy(mend, sizeof(mend),
			 "write: rw(10), limits(1,9), for(i,1,outlet.count) or walk(i)");
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

static const struct mapconv_step *keep_steps(struct map *m, const struct mapconv_step *steps,
					     size_t count)
{
	struct mapconv_step *kept = count ? map_take(m, count * sizeof(*kept)) : NULL;

	return kept ? memcpy(kept, steps, count * sizeof(*kept)) : NULL;
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

static void check_row(struct map_reader *rd, const struct conf_where *at, const struct map_row *row)
{
	const char *what = NULL, *mend = NULL;

	if (row->kind != MAP_VAR && (row->flags & (MAP_RW | MAP_HIDDEN | MAP_LIMITS))) {
		what = "only variables can be set or hidden";
		mend = "leave rw, limits and hidden out";
	} else if (row->kind != MAP_CMD && row->value) {
		what = "value() is for commands";
		mend = "constant() is what a variable has";
	} else if (row->kind == MAP_VAR && str_equal(row->where, "-") && !row->constant &&
		   row->step_count == 0) {
		what = "a variable without a place says nothing";
		mend = "give it constant(text) or call(function)";
	} else if ((row->kind == MAP_STATUS || row->kind == MAP_ALARM) &&
		   str_equal(row->name, "*") && row->step_count == 0) {
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
	row.steps = keep_steps(m, steps, row.step_count);
	check_row(rd, at, &row);
	kept = map_grow(m, &m->rows, &m->row_count, sizeof(*kept));
	if (kept)
		*kept = row;
}

/* ------------------------------------------------------------------------- MATCH */

static bool parse_usb(const char *text, struct map_match *match)
{
	char *end;

	if (strlen(text) != 9 || text[4] != ':' || strspn(text, "0123456789abcdefABCDEF:") != 9 ||
	    strchr(text + 5, ':') || strcspn(text, ":") != 4)
		return false;
	match->vendor = (uint16_t)strtoul(text, &end, 16);
	match->product = (uint16_t)strtoul(text + 5, &end, 16);
	return true;
}

/* Lists of a match while it is read. */
struct match_lists {
	const char *quirks[MAP_ITEMS_MAX + 1];
	size_t quirk_count;
	struct map_set_item sets[MAP_ITEMS_MAX];
	size_t set_count;
	struct mapconv_step steps[MAP_STEPS_MAX];
};

static const char **match_pattern(struct map_match *match, const char *name)
{
	if (str_equal(name, "mfr"))
		return &match->mfr;
	if (str_equal(name, "product"))
		return &match->model;
	return str_equal(name, "serial") ? &match->serial : NULL;
}

/* 1: taken; 0: it is wrong; -1: it is nothing of a match. */
static int take_match_item(struct map *m, const struct map_item *item, struct map_match *match,
			   struct match_lists *lists)
{
	const char **pattern = match_pattern(match, item->name);
	double number;

	if (pattern) {
		*pattern = item->args ? map_keep(m, item->args) : NULL;
		return *pattern && (*pattern)[0];
	}
	if (str_equal(item->name, "order")) {
		if (item->argc != 1 || !mapnumber_parse(item->argv[0], &number) || number < 0 ||
		    number > ORDER_MAX)
			return 0;
		match->order = (int)number;
		return 1;
	}
	if (str_equal(item->name, "model"))
		return item->args && item->args[0];
	if (str_equal(item->name, "quirk")) {
		if (item->argc != 1)
			return 0;
		lists->quirks[lists->quirk_count++] = map_keep(m, item->argv[0]);
		return 1;
	}
	if (!str_equal(item->name, "set"))
		return -1;
	if (item->argc != 2 || !mapnumber_parse(item->argv[1], &number))
		return 0;
	lists->sets[lists->set_count++] = (struct map_set_item){map_keep(m, item->argv[0]), number};
	return 1;
}

static void take_match_items(struct map_reader *rd, const struct conf_where *at, size_t first,
			     size_t count, char *const *words, struct map_match *match,
			     struct match_lists *lists)
{
	for (size_t i = first; i < count; i++) {
		const struct mapconv *conv;
		struct map_item item;
		const char *why;
		int taken;

		if (!map_item_parse(words[i], &item, &why)) {
			conf_error(rd->report, at, why, "\"%s\" cannot be read", words[i]);
			continue;
		}
		taken = take_match_item(rd->map, &item, match, lists);
		conv = mapconv_find(item.name);
		if (taken > 0)
			continue;
		if (taken == 0 || !conv || match->how != MAP_MATCH_PROBE ||
		    match->step_count == MAP_STEPS_MAX)
			conf_error(rd->report, at,
				   "a match takes mfr(pattern), product(pattern), serial(pattern), "
				   "order(number), model(text), quirk(name), set(name,number)",
				   "\"%s\" says nothing here", words[i]);
		else if (map_step_parse(rd, at, &item, conv, &lists->steps[match->step_count]))
			match->step_count++;
	}
}

static bool keep_lists(struct map *m, struct map_match *match, const struct match_lists *lists)
{
	const char **quirks = map_take(m, (lists->quirk_count + 1) * sizeof(*quirks));
	struct map_set_item *sets = map_take(m, (lists->set_count + 1) * sizeof(*sets));

	if (!quirks || !sets)
		return false;
	memcpy(quirks, lists->quirks, lists->quirk_count * sizeof(*quirks));
	memcpy(sets, lists->sets, lists->set_count * sizeof(*sets));
	match->quirks = quirks;
	match->sets = sets;
	match->set_count = lists->set_count;
	match->steps = keep_steps(m, lists->steps, match->step_count);
	return true;
}

static bool find_how(const char *word, enum map_match_how *how)
{
	for (int i = 0; map_match_names[i]; i++)
		if (str_equal(map_match_names[i], word)) {
			*how = (enum map_match_how)i;
			return true;
		}
	return false;
}

void map_read_match(struct map_reader *rd, const struct conf_where *at, size_t count,
		    char *const *words)
{
	static const char usage[] =
		"write: MATCH usb 051d:0002, MATCH oid .1.3.6, MATCH probe where, or MATCH never";
	struct map *m = rd->map;
	struct match_lists lists = {{0}};
	struct map_match match = {.order = ORDER_DEFAULT, .value = "", .line = at->line};
	struct map_match *kept;
	size_t first;

	if (count < 2 || count > 3 + MAP_ITEMS_MAX || !find_how(words[1], &match.how)) {
		conf_error(rd->report, at, usage, "this is no match");
		return;
	}
	first = match.how == MAP_MATCH_NEVER ? 2 : 3;
	if (count < first || (match.how == MAP_MATCH_USB && !parse_usb(words[2], &match))) {
		conf_error(rd->report, at, usage, "this is no match");
		return;
	}
	if (first == 3)
		match.value = map_keep(m, words[2]);
	match.file = rd->shown;
	match.items = map_keep_words(m, first, count, words);
	take_match_items(rd, at, first, count, words, &match, &lists);
	kept = keep_lists(m, &match, &lists)
		       ? map_grow(m, &m->matches, &m->match_count, sizeof(*kept))
		       : NULL;
	if (kept)
		*kept = match;
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

static void finish_row(struct map_reader *rd, struct map_row *row)
{
	struct conf_where at = {.file = row->file, .line = row->line};
	bool back;

	resolve_steps(rd, &at, row->steps, row->step_count);
	if (row->values_name)
		resolve_lookup(rd, &at, row->values_name, &row->values);
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
