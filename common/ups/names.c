#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buffer.h"
#include "common/base/str.h"
#include "common/ups/names.h"

enum { NAMES_MAX_LOOKUP = 256 };

struct entry {
	char *name;
	char *text;
	size_t order; /* of its line: a later one overrides an earlier one */
};

struct table {
	struct entry *entries; /* sorted by name, letter case aside, once loaded */
	size_t count, size;
};

struct names {
	struct table variables;
	struct table commands;
	bool no_memory;
};

static bool table_add(struct table *t, const char *name, const char *text)
{
	struct entry e = {.name = str_dup(name), .text = str_dup(text), .order = t->count};

	if (t->count == t->size) {
		size_t size = t->size ? t->size * 2 : 256;
		struct entry *bigger = reallocarray(t->entries, size, sizeof(e));

		if (bigger) {
			t->entries = bigger;
			t->size = size;
		}
	}
	if (!e.name || !e.text || t->count == t->size) {
		free(e.name);
		free(e.text);
		return false;
	}
	t->entries[t->count++] = e;
	return true;
}

static void take_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *r)
{
	static const char *const known[] = {"VARDESC", "CMDDESC", NULL};
	struct names *n = arg;
	struct table *t = strcmp(words[0], "VARDESC") == 0   ? &n->variables
			  : strcmp(words[0], "CMDDESC") == 0 ? &n->commands
							     : NULL;

	if (!t) {
		conf_unknown(r, at, words[0], known);
		return;
	}
	if (count != 3) {
		conf_warning(r, at, "write: VARDESC name \"text\"", "%s needs a name and a text",
			     words[0]);
		return;
	}
	if (!table_add(t, words[1], words[2]))
		n->no_memory = true;
}

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = str_casecmp(x->name, y->name);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static void table_sort(struct table *t)
{
	if (t->count > 0)
		qsort(t->entries, t->count, sizeof(struct entry), by_name);
}

static void table_free(struct table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->entries[i].name);
		free(t->entries[i].text);
	}
	free(t->entries);
}

struct names *names_load(const char *path, struct conf_report *r)
{
	struct names *n = calloc(1, sizeof(*n));
	int error;

	if (!n)
		return NULL;
	error = conffile_read_lines(path, take_line, n, r);
	if (n->no_memory) {
		names_free(n);
		return NULL;
	}
	if (error)
		conf_warning(r, &(struct conf_where){.file = path},
			     "descriptions will be unavailable", "cannot be read: %s",
			     strerror(error));
	table_sort(&n->variables);
	table_sort(&n->commands);
	return n;
}

void names_free(struct names *n)
{
	if (!n)
		return;
	table_free(&n->variables);
	table_free(&n->commands);
	free(n);
}

/* Of several lines for one name the last one counts: the search ends behind them. */
static const char *table_find(const struct table *t, const char *name)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (str_casecmp(t->entries[middle].name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || str_casecmp(t->entries[low - 1].name, name) != 0)
		return NULL;
	return t->entries[low - 1].text;
}

static bool is_number(const char *part, size_t len)
{
	return len > 0 && strspn(part, "0123456789") >= len;
}

/* The name with `index` in the place of each part that is a number. False: it has none, or is too
 * long. */
static bool generalise(const char *name, const char *index, char *dst, size_t size)
{
	struct buffer b = {.max = size - 1};
	bool any = false, ok;

	for (;;) {
		size_t len = strcspn(name, ".");

		if (is_number(name, len)) {
			buffer_append_str(&b, index);
			any = true;
		} else {
			buffer_append(&b, name, len);
		}
		name += len;
		if (*name == '\0')
			break;
		buffer_append_char(&b, *name++);
	}
	ok = any && !b.failed && str_copy(dst, size, buffer_string(&b));
	buffer_free(&b);
	return ok;
}

static const char *lookup(const struct table *t, const char *name)
{
	static const char *const indexes[] = {"n", "%i"};
	char general[NAMES_MAX_LOOKUP];
	const char *text;

	if (str_casestarts(name, "upstream."))
		name += strlen("upstream.");
	text = table_find(t, name);
	for (size_t i = 0; !text && i < sizeof(indexes) / sizeof(*indexes); i++) {
		if (!generalise(name, indexes[i], general, sizeof(general)))
			break;
		text = table_find(t, general);
	}
	return text;
}

const char *names_variable(const struct names *n, const char *name)
{
	return lookup(&n->variables, name);
}

const char *names_command(const struct names *n, const char *name)
{
	return lookup(&n->commands, name);
}
