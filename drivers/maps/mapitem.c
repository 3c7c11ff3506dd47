/* Items, `name(arguments)`, and the conversions among them. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/map_private.h"
#include "drivers/maps/mapdate.h"
#include "drivers/maps/mapfun.h"

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
	case MAPCONV_TEXT:
		step->name = item->args && item->args[0] ? map_keep(m, item->args) : NULL;
		return step->name != NULL;
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
		[MAPCONV_TEXT] = "it takes a text",
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

const struct mapconv_step *map_keep_steps(struct map *m, const struct mapconv_step *steps,
					  size_t count)
{
	struct mapconv_step *kept = count ? map_take(m, count * sizeof(*kept)) : NULL;

	return kept ? memcpy(kept, steps, count * sizeof(*kept)) : NULL;
}
