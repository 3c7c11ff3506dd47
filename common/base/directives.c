#include "config.h"

#include "common/base/directives.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "common/base/str.h"

enum { KNOWN_MAX = 128 };

void directive_no_memory(const struct directive_line *l)
{
	conf_error(l->report, l->at, NULL, "out of memory");
}

/* -------------------------------------------------------------------------------- values */

bool directive_text(const struct directive_line *l, const char *text, char **out)
{
	if (!*text)
		conf_error(l->report, l->at, NULL, "%s is empty", l->words[0]);
	else if (str_replace(out, text))
		return true;
	else
		directive_no_memory(l);
	return false;
}

bool directive_path(const struct directive_line *l, const char *text, char **out)
{
	if (*text == '/')
		return directive_text(l, text, out);
	conf_error(l->report, l->at, "write it from the root, with a leading /",
		   "%s wants an absolute path, not \"%s\"", l->words[0], text);
	return false;
}

bool directive_number(const struct directive_line *l, const char *text, long min, long max,
		      long *out)
{
	return conf_parse_number(l->report, l->at, l->words[0], text, min, max, out);
}

static void take_switch(const struct directive_line *l, bool *out)
{
	long number;

	if (str_to_long(l->words[1], LONG_MIN, LONG_MAX, &number))
		*out = number != 0;
	else
		conf_parse_bool(l->report, l->at, l->words[0], l->words[1], out);
}

static void take(const struct directive *d, const struct directive_line *l)
{
	void *member = (char *)l->conf + d->offset;

	switch (d->kind) {
	case DIRECTIVE_TAKE:
		d->take(l);
		break;
	case DIRECTIVE_LONG:
		conf_parse_long(l->report, l->at, d->keyword, l->words[1], d->min, d->max, member);
		break;
	case DIRECTIVE_NUMBER:
		directive_number(l, l->words[1], d->min, d->max, member);
		break;
	case DIRECTIVE_BOOL:
		conf_parse_bool(l->report, l->at, d->keyword, l->words[1], member);
		break;
	case DIRECTIVE_SWITCH:
		take_switch(l, member);
		break;
	case DIRECTIVE_TEXT:
		directive_text(l, l->words[1], member);
		break;
	case DIRECTIVE_PATH:
		directive_path(l, l->words[1], member);
		break;
	}
}

/* --------------------------------------------------------------------------------- lines */

static bool is_called(const struct directive *d, const char *word)
{
	return str_equal(d->keyword, word) || (d->any_case && str_caseequal(d->keyword, word));
}

static bool has_right_words(const struct directives *set, const struct directive *d,
			    const struct directive_line *l)
{
	static const char text[] = "%s takes %zu value%s; \"%s\" is too much";
	const char *s = d->most == 1 ? "" : "s";

	if (l->count < 2 && !set->bare_is_ignored)
		conf_error(l->report, l->at, NULL, "%s wants a value", l->words[0]);
	else if (l->count < 2)
		conf_warning(l->report, l->at, NULL, "%s wants a value, the line is ignored",
			     l->words[0]);
	if (l->count < 2)
		return false;
	if (str_equal(l->words[1], "=")) {
		conf_error(l->report, l->at, "leave the = out",
			   "%s and its value are separated by a space", l->words[0]);
		return false;
	}
	if (!d->most || l->count <= d->most + 1)
		return true;
	if (set->surplus == CONF_ERROR)
		conf_error(l->report, l->at, "put words that belong together into quotes", text,
			   l->words[0], d->most, s, l->words[d->most + 1]);
	else
		conf_warning(l->report, l->at, "it and what follows is ignored", text, l->words[0],
			     d->most, s, l->words[d->most + 1]);
	return set->surplus == CONF_WARNING;
}

void directives_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		     struct conf_report *r)
{
	const char *known[KNOWN_MAX + 1] = {NULL};
	size_t n = 0;

	for (const struct directives *set = arg; set; set = set->next) {
		const struct directive_line l = {set->conf, at, count, words, r};

		for (size_t i = 0; i < set->count; i++) {
			const struct directive *d = &set->rows[i];

			if (n < KNOWN_MAX)
				known[n++] = d->keyword;
			if (!is_called(d, words[0]))
				continue;
			if (has_right_words(set, d, &l))
				take(d, &l);
			return;
		}
	}
	conf_unknown(r, at, words[0], known);
}

void directives_defaults(const struct directives *d)
{
	for (; d; d = d->next)
		for (size_t i = 0; i < d->count; i++)
			if (d->rows[i].kind == DIRECTIVE_LONG ||
			    d->rows[i].kind == DIRECTIVE_NUMBER)
				*(long *)(void *)((char *)d->conf + d->rows[i].offset) =
					d->rows[i].normal;
}
