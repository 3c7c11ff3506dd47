#include "config.h"

#include "drivers/init/showconf.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/buffer.h"
#include "common/base/conffile.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/base/words.h"

static char token[] = "ups.conf";

enum { PATH_LENGTH = 4096 };

static bool read_settings(conf_setting_fn *fn, void *arg)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = token};
	char path[PATH_LENGTH];
	int err;

	if (!paths_conf_file(path, sizeof(path), "ups.conf"))
		return false;
	err = conffile_read_settings(path, fn, arg, &report);
	if (err)
		log_error(token, "%s: cannot be read: %s", path, conffile_why(err));
	return !err;
}

/* What is above the first section has none: "" for who asks for it. */
static const char *name_of(const struct conf_setting *s)
{
	return s->section ? s->section : "";
}

/* ------------------------------------------------------------------------------ sections */

struct printing {
	const char *only;
	char *last; /* the header that was printed */
	bool found;
};

static void print_line(const struct conf_setting *s)
{
	struct buffer line = {0};

	buffer_append_str(&line, s->key);
	for (size_t i = 0; i < s->count; i++) {
		buffer_append_char(&line, i == 0 ? '=' : ' ');
		words_append_word(&line, s->values[i]);
	}
	puts(buffer_string(&line));
	buffer_free(&line);
}

static void on_setting(void *arg, const struct conf_where *at, const struct conf_setting *s,
		       struct conf_report *r)
{
	struct printing *p = arg;

	(void)at;
	(void)r;
	if (p->only && !str_equal(p->only, name_of(s)))
		return;
	p->found = true;
	if (s->section && !str_equal(p->last, s->section)) {
		printf("[%s]\n", s->section);
		str_replace(&p->last, s->section);
	}
	if (s->key)
		print_line(s);
}

bool showconf_section(const char *only)
{
	struct printing p = {.only = only, .found = str_equal(only, "")};

	if (!read_settings(on_setting, &p)) {
		p.found = false;
	} else if (!p.found) {
		if (only)
			log_error(token, "there is no section [%s] in it", only);
		else
			log_error(token, "there are no sections in it");
	}
	free(p.last);
	return p.found;
}

/* -------------------------------------------------------------------------------- values */

struct asking {
	const char *section;
	const char *const *keys;
	char **values;
	size_t count;
	bool found;
};

static void keep_value(void *arg, const struct conf_where *at, const struct conf_setting *s,
		       struct conf_report *r)
{
	struct asking *a = arg;

	if (!str_equal(name_of(s), a->section))
		return;
	a->found = true;
	for (size_t i = 0; s->key && i < a->count; i++) {
		if (str_equal(s->key, a->keys[i]) &&
		    !str_replace(&a->values[i], s->count > 0 ? s->values[0] : s->key))
			conf_error(r, at, NULL, "out of memory");
	}
}

static bool print_values(const struct asking *a)
{
	bool all = true;

	for (size_t i = 0; i < a->count; i++) {
		puts(a->values[i] ? a->values[i] : "");
		if (a->values[i])
			continue;
		log_error(token, "there is no %s in [%s]", a->keys[i], a->section);
		all = false;
	}
	return all;
}

bool showconf_values(const char *section, const char *const *keys, size_t count)
{
	struct asking a = {
		.section = section, .keys = keys, .count = count, .found = str_equal(section, "")};
	bool done = false;

	a.values = calloc(count + 1, sizeof(*a.values));
	if (!a.values || !read_settings(keep_value, &a))
		goto out;
	if (a.found)
		done = print_values(&a);
	else
		log_error(token, "there is no section [%s] in it", section);
out:
	for (size_t i = 0; a.values && i < count; i++)
		free(a.values[i]);
	free(a.values);
	return done;
}
