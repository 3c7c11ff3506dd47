/* The line MATCH. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/map_private.h"

enum { ORDER_MAX = 1000, ORDER_DEFAULT = 50 };

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
	if (str_equal(item->name, "probe")) {
		match->probe = item->args && item->args[0] ? map_keep(m, item->args) : NULL;
		return match->how == MAP_MATCH_OID && match->probe;
	}
	if (str_equal(item->name, "vendor")) {
		match->vendor_where = item->args ? map_keep(m, item->args) : NULL;
		return match->how == MAP_MATCH_PROBE && match->vendor_where;
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
				   "order(number), model(text), quirk(name), set(name,number), "
				   "probe(where) of an OID",
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
	match->steps = map_keep_steps(m, lists->steps, match->step_count);
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
