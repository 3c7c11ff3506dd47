#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "clients/nutconf/lineedit_private.h"
#include "common/base/str.h"

static bool is_header(const struct line *l)
{
	return l->words && l->words[0][0] == '[';
}

static bool is_header_of(const struct line *l, const char *section)
{
	const char *word = l->words[0];
	size_t len = strlen(section);

	return strlen(word) == len + 2 && word[len + 1] == ']' &&
	       strncmp(word + 1, section, len) == 0;
}

/* Steps through the lines of a section, wherever its pieces stand; its headers included. */
struct walk {
	const struct lineedit *e;
	const char *section; /* NULL: above the first one */
	size_t next;
	bool inside;
};

static struct walk walk_of(const struct lineedit *e, const char *section)
{
	return (struct walk){.e = e, .section = section, .inside = !section};
}

static bool walk(struct walk *w, size_t *line)
{
	while (w->next < w->e->count) {
		const struct line *l = &w->e->lines[w->next++];

		if (is_header(l))
			w->inside = w->section && is_header_of(l, w->section);
		if (w->inside) {
			*line = w->next - 1;
			return true;
		}
	}
	return false;
}

static bool says(const struct line *l, const char *key)
{
	return l->words && !is_header(l) && (!key || str_caseequal(l->words[0], key));
}

long lineedit_section(const struct lineedit *e, long from, char *name, size_t size)
{
	for (size_t i = (size_t)from; i < e->count; i++) {
		const struct line *l = &e->lines[i];
		size_t len = is_header(l) ? strlen(l->words[0]) : 0;

		if (len < 3 || l->words[0][len - 1] != ']')
			continue;
		str_copy(name, len - 1 < size ? len - 1 : size, l->words[0] + 1);
		return (long)i;
	}
	return -1;
}

bool lineedit_has_section(const struct lineedit *e, const char *name)
{
	struct walk w = walk_of(e, name);
	size_t line;

	return walk(&w, &line);
}

const char *lineedit_value(const struct lineedit *e, const char *section, const char *key)
{
	struct walk w = walk_of(e, section);
	const char *value = NULL;
	size_t i;

	while (walk(&w, &i)) {
		const struct line *l = &e->lines[i];

		if (says(l, key))
			value = l->words[1] && l->equals ? l->words[2] : l->words[1];
	}
	return value;
}

bool lineedit_put_section(struct lineedit *e, const char *section)
{
	const char *words[] = {NULL, NULL};
	static const char *const nothing[] = {NULL};
	char name[1024];

	if (lineedit_has_section(e, section))
		return true;
	if (!str_format(name, sizeof(name), "[%s]", section))
		return false;
	words[0] = name;
	/* A blank line sets it apart from what was there. */
	if (e->count && !lineedit_swallows(&e->lines[e->count - 1]) &&
	    !lineedit_write(e, e->count, "", nothing, false))
		return false;
	return lineedit_write(e, e->count, "", words, false);
}

/* Behind the last line of the section's first piece that says anything. */
static size_t end_of_section(const struct lineedit *e, const char *section)
{
	size_t i = 0, end = 0;

	if (section) {
		struct walk w = walk_of(e, section);

		if (walk(&w, &i))
			end = i++ + 1;
	}
	for (; i < e->count && !is_header(&e->lines[i]); i++)
		if (e->lines[i].words)
			end = i + 1;
	return end;
}

bool lineedit_put(struct lineedit *e, const char *section, const char *key,
		  const char *const *values)
{
	const char *words[64] = {key};
	struct walk w;
	size_t count = 1, i, first = (size_t)-1;
	bool equals = values[0] && !str_caseequal(key, "upsmon");

	while (values[count - 1] && count < sizeof(words) / sizeof(words[0]) - 1) {
		words[count] = values[count - 1];
		count++;
	}
	if (section && !lineedit_put_section(e, section))
		return false;
	w = walk_of(e, section);
	while (walk(&w, &i)) {
		if (!says(&e->lines[i], key))
			continue;
		if (first == (size_t)-1) {
			first = i;
			continue;
		}
		lineedit_remove(e, (long)i);
		w.next--;
	}
	if (first != (size_t)-1)
		return lineedit_rewrite(&e->lines[first], words, equals);
	return lineedit_write(e, end_of_section(e, section), section ? "\t" : "", words, equals);
}

void lineedit_remove_key(struct lineedit *e, const char *section, const char *key)
{
	struct walk w = walk_of(e, section);
	size_t i;

	while (walk(&w, &i)) {
		if (!says(&e->lines[i], key))
			continue;
		lineedit_remove(e, (long)i);
		w.next--;
	}
}

void lineedit_keep_keys(struct lineedit *e, const char *section, const char *const *keys)
{
	struct walk w = walk_of(e, section);
	size_t i;

	while (walk(&w, &i)) {
		const char *const *key = keys;

		while (*key && !says(&e->lines[i], *key))
			key++;
		if (*key || !says(&e->lines[i], NULL))
			continue;
		lineedit_remove(e, (long)i);
		w.next--;
	}
}

void lineedit_remove_section(struct lineedit *e, const char *section)
{
	struct walk w = walk_of(e, section);
	size_t i;

	while (walk(&w, &i)) {
		if (!e->lines[i].words)
			continue;
		lineedit_remove(e, (long)i);
		w.next--;
	}
}
