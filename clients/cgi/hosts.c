#include "config.h"

#include "clients/cgi/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/ups/netwire.h"

static bool grow(void **items, size_t count, size_t size)
{
	void *more = realloc(*items, (count + 1) * size);

	if (more)
		*items = more;
	return more != NULL;
}

static void add_monitor(struct hosts *h, const struct conf_where *at, size_t count,
			char *const *words, struct conf_report *r)
{
	struct netwire_target target;
	struct monitor *m;
	const char *why;

	if (count < 3) {
		conf_error(r, at, "write MONITOR ups@host \"a text for people\"",
			   "MONITOR wants a UPS and a text");
		return;
	}
	if (!netwire_parse_target(words[1], &target, &why)) {
		conf_error(r, at, "write ups@host or ups@host:port", "\"%s\": %s", words[1], why);
		return;
	}
	if (!grow((void **)&h->monitors, h->count, sizeof(*h->monitors))) {
		h->failed = true;
		return;
	}
	m = &h->monitors[h->count++];
	m->target = str_dup(words[1]);
	m->text = str_dup(words[2]);
	h->failed = h->failed || !m->target || !m->text;
}

static bool is_page_name(const char *name)
{
	return strstr(name, ".htm") && !strpbrk(name, "/\\");
}

static void add_template(struct hosts *h, enum hosts_template kind, const struct conf_where *at,
			 size_t count, char *const *words, struct conf_report *r)
{
	struct hosts_names *list = &h->templates[kind];

	if (count < 2 || !is_page_name(words[1])) {
		conf_error(r, at, "name a file of the configuration directory, like rack.html",
			   "%s wants the name of a .html file, without a folder", words[0]);
		return;
	}
	if (!grow((void **)&list->names, list->count, sizeof(*list->names))) {
		h->failed = true;
		return;
	}
	list->names[list->count] = str_dup(words[1]);
	h->failed = h->failed || !list->names[list->count];
	list->count++;
}

static void take_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *r)
{
	static const char *const known[] = {"MONITOR", "CUSTOM_TEMPLATE_LIST",
					    "CUSTOM_TEMPLATE_SINGLE", NULL};
	struct hosts *h = arg;

	if (str_equal(words[0], known[0]))
		add_monitor(h, at, count, words, r);
	else if (str_equal(words[0], known[1]))
		add_template(h, HOSTS_LIST, at, count, words, r);
	else if (str_equal(words[0], known[2]))
		add_template(h, HOSTS_SINGLE, at, count, words, r);
	else
		conf_unknown(r, at, words[0], known);
}

int hosts_read(struct hosts *h, const char *path, struct conf_report *r)
{
	*h = (struct hosts){0};
	return conffile_read_lines(path, take_line, h, r);
}

void hosts_free(struct hosts *h)
{
	for (size_t i = 0; i < h->count; i++) {
		free(h->monitors[i].target);
		free(h->monitors[i].text);
	}
	free(h->monitors);
	for (size_t kind = 0; kind < 2; kind++) {
		for (size_t i = 0; i < h->templates[kind].count; i++)
			free(h->templates[kind].names[i]);
		free(h->templates[kind].names);
	}
	*h = (struct hosts){0};
}

const struct monitor *hosts_find(const struct hosts *h, const char *target)
{
	for (size_t i = 0; i < h->count; i++)
		if (str_equal(h->monitors[i].target, target))
			return &h->monitors[i];
	return NULL;
}

bool hosts_allows_template(const struct hosts *h, enum hosts_template kind, const char *name)
{
	const struct hosts_names *list = &h->templates[kind];

	for (size_t i = 0; i < list->count; i++)
		if (str_equal(list->names[i], name))
			return is_page_name(name);
	return false;
}
