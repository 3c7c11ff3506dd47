#include "config.h"

#include "clients/nutconf/sayings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/conffile.h"
#include "common/base/modefile.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/base/wholefile.h"

static void free_saying(struct saying *f)
{
	free(f->section);
	free(f->key);
	for (char **v = f->values; v && *v; v++)
		secret_free(v);
	free(f->values);
}

static bool copy_values(struct saying *f, size_t count, char *const *values)
{
	f->values = calloc(count + 1, sizeof(*f->values));
	for (size_t i = 0; f->values && i < count; i++) {
		f->values[i] = str_dup(values[i]);
		if (!f->values[i])
			return false;
	}
	f->count = count;
	return f->values;
}

static void add(struct sayings_file *file, unsigned line, const char *section, const char *key,
		size_t count, char *const *values)
{
	struct saying *grown = realloc(file->list, (file->count + 1) * sizeof(*grown)), *f;

	if (!grown)
		return;
	file->list = grown;
	f = &grown[file->count];
	*f = (struct saying){.line = line, .section = str_dup(section), .key = str_dup(key)};
	if (copy_values(f, count, values) && (!section || f->section) && (!key || f->key))
		file->count++;
	else
		free_saying(f);
}

static void take_setting(void *arg, const struct conf_where *at, const struct conf_setting *s,
			 struct conf_report *r)
{
	(void)r;
	add(arg, at->line, s->section, s->key, s->count, s->values);
}

static void take_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *r)
{
	(void)r;
	add(arg, at->line, NULL, words[0], count - 1, words + 1);
}

static void read_file(struct sayings_file *f, const char *name, bool sections)
{
	struct conf_report quiet = {.emit = NULL};

	if (!paths_conf_file(f->path, sizeof(f->path), name))
		return;
	f->err = sections ? conffile_read_settings(f->path, take_setting, f, &quiet)
			  : conffile_read_lines(f->path, take_line, f, &quiet);
	f->exists = f->err != ENOENT;
	if (!f->exists)
		f->err = 0;
}

static void read_mode(struct sayings *f)
{
	struct buffer text = {0}, mode = {0};

	if (!paths_conf_file(f->nut_path, sizeof(f->nut_path), "nut.conf"))
		return;
	f->has_nut_conf = wholefile_read(f->nut_path, &text) == 0;
	if (text.len && modefile_get(text.data, text.len, "MODE", &mode, &f->mode_line))
		str_copy(f->mode, sizeof(f->mode), buffer_string(&mode));
	buffer_free(&text);
	buffer_free(&mode);
}

void sayings_read(struct sayings *f)
{
	memset(f, 0, sizeof(*f));
	read_mode(f);
	read_file(&f->ups, "ups.conf", true);
	read_file(&f->upsd, "upsd.conf", false);
	read_file(&f->users, "upsd.users", true);
	read_file(&f->upsmon, "upsmon.conf", false);
	read_file(&f->upssched, "upssched.conf", false);
}

void sayings_free(struct sayings *f)
{
	struct sayings_file *const files[] = {&f->ups, &f->upsd, &f->users, &f->upsmon,
					      &f->upssched};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		for (size_t j = 0; j < files[i]->count; j++)
			free_saying(&files[i]->list[j]);
		free(files[i]->list);
		*files[i] = (struct sayings_file){.exists = false};
	}
}

const struct saying *sayings_next(const struct sayings_file *f, size_t *at, const char *section,
				  const char *key)
{
	while (*at < f->count) {
		const struct saying *one = &f->list[(*at)++];

		if (one->key && (!section || str_equal(one->section, section)) &&
		    (!key || str_caseequal(one->key, key)))
			return one;
	}
	return NULL;
}

const struct saying *sayings_last(const struct sayings_file *f, const char *section,
				  const char *key)
{
	const struct saying *last = NULL, *one;
	size_t at = 0;

	while ((one = sayings_next(f, &at, section, key)))
		if (section || !one->section)
			last = one;
	return last;
}

const char *sayings_value(const struct sayings_file *f, const char *section, const char *key)
{
	const struct saying *one = sayings_last(f, section, key);

	return one && one->count ? one->values[0] : NULL;
}

const struct saying *sayings_next_section(const struct sayings_file *f, size_t *at)
{
	while (*at < f->count) {
		const struct saying *one = &f->list[(*at)++];
		bool first = !one->key;

		for (size_t i = 0; first && i + 1 < *at; i++)
			first = f->list[i].key || !str_equal(f->list[i].section, one->section);
		if (first)
			return one;
	}
	return NULL;
}

unsigned sayings_line_of(const struct sayings_file *f, const char *key, const char *value)
{
	const struct saying *one;
	size_t at = 0;

	while ((one = sayings_next(f, &at, NULL, key)))
		if (!value || (one->count && str_equal(one->values[0], value)))
			return one->line;
	return 0;
}

bool sayings_is_loopback(const char *host)
{
	return str_caseequal(host, "localhost") || str_starts(host, "127.") ||
	       str_equal(host, "::1") || str_equal(host, "[::1]");
}
