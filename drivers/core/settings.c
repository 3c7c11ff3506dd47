#include "config.h"

#include "drivers/core/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

enum key_kind { KEY_TEXT, KEY_NUMBER, KEY_BOOL, KEY_FLAG };
enum { IN_SECTION = 1, GLOBALLY = 2, RELOADABLE = 4, ANY_CASE = 8 };

/* The keys that every driver takes; those of upsd and upsdrvctl in the same file among them. */
static const struct common_key {
	const char *name;
	enum key_kind kind;
	unsigned where;
	long min, max;
} common_keys[] = {
	{"driver", KEY_TEXT, IN_SECTION, 0, 0},
	{"port", KEY_TEXT, IN_SECTION, 0, 0},
	{"desc", KEY_TEXT, IN_SECTION | RELOADABLE, 0, 0},
	{"alias", KEY_TEXT, IN_SECTION | RELOADABLE, 0, 0},
	{"user", KEY_TEXT, IN_SECTION | GLOBALLY, 0, 0},
	{"group", KEY_TEXT, IN_SECTION | GLOBALLY, 0, 0},
	{"chroot", KEY_TEXT, GLOBALLY, 0, 0},
	{"statepath", KEY_TEXT, GLOBALLY | ANY_CASE, 0, 0},
	{"driverpath", KEY_TEXT, GLOBALLY | RELOADABLE, 0, 0},
	{"pollinterval", KEY_NUMBER, IN_SECTION | GLOBALLY | RELOADABLE, 1, 86400},
	{"synchronous", KEY_TEXT, IN_SECTION | GLOBALLY | RELOADABLE, 0, 0},
	{"reconnect_max_tries", KEY_NUMBER, IN_SECTION | GLOBALLY | RELOADABLE, -1, INT_MAX},
	{"reconnect_report_freq", KEY_NUMBER, IN_SECTION | GLOBALLY | RELOADABLE, -1, INT_MAX},
	{"debug_min", KEY_NUMBER, IN_SECTION | GLOBALLY | RELOADABLE | ANY_CASE, 0, INT_MAX},
	{"LIBUSB_DEBUG", KEY_NUMBER, IN_SECTION | GLOBALLY, 0, INT_MAX},
	{"maxstartdelay", KEY_NUMBER, IN_SECTION | GLOBALLY | RELOADABLE, -1, INT_MAX / 1000},
	{"maxretry", KEY_NUMBER, IN_SECTION | GLOBALLY | RELOADABLE, -1, INT_MAX},
	{"retrydelay", KEY_NUMBER, IN_SECTION | GLOBALLY | RELOADABLE, -1, INT_MAX / 1000},
	{"nowait", KEY_FLAG, IN_SECTION | GLOBALLY | RELOADABLE, 0, 0},
	{"sandbox", KEY_BOOL, IN_SECTION | GLOBALLY, 0, 0},
	{"sdorder", KEY_NUMBER, IN_SECTION | RELOADABLE, INT_MIN, INT_MAX},
	{"sdcommands", KEY_TEXT, IN_SECTION | RELOADABLE, 0, 0},
	{"allow_killpower", KEY_FLAG, IN_SECTION | RELOADABLE, 0, 0},
	{"nolock", KEY_FLAG, IN_SECTION, 0, 0},
	{"ignorelb", KEY_FLAG, IN_SECTION | RELOADABLE, 0, 0},
	{"sddelay", KEY_TEXT, IN_SECTION | RELOADABLE, 0, 0}, /* obsolete, without effect */
};

enum { COMMON_COUNT = sizeof(common_keys) / sizeof(common_keys[0]) };

struct item {
	enum settings_kind kind;
	const struct common_key *common;    /* for SETTINGS_COMMON */
	const struct driver_option *option; /* for SETTINGS_DRIVER */
	char *key;
	char *value; /* NULL = a flag */
};

struct item_list {
	struct item *items;
	size_t count;
};

struct settings {
	const struct driver *driver;
	struct item_list own;     /* of the section and of -x */
	struct item_list globals; /* above the first section */
};

/* ------------------------------------------------------------------- what keys are */

static const struct common_key *find_common(const char *key, unsigned where)
{
	for (size_t i = 0; i < COMMON_COUNT; i++) {
		const struct common_key *k = &common_keys[i];

		if ((k->where & where) &&
		    (k->where & ANY_CASE ? str_caseequal(k->name, key) : str_equal(k->name, key)))
			return k;
	}
	return NULL;
}

static const struct driver_option *find_option(const struct driver *d, const char *key)
{
	for (const struct driver_option *o = d->options; o && o->name; o++) {
		if (str_caseequal(o->name, key))
			return o;
	}
	return NULL;
}

static const char *item_name(const struct item *i)
{
	switch (i->kind) {
	case SETTINGS_COMMON:
		return i->common->name;
	case SETTINGS_DRIVER:
		return i->option->name;
	default:
		return i->key;
	}
}

static bool item_reloadable(const struct item *i)
{
	switch (i->kind) {
	case SETTINGS_COMMON:
		return i->common->where & RELOADABLE;
	case SETTINGS_DRIVER:
		return i->option->flags & DRIVER_OPTION_RELOADABLE;
	default:
		return false;
	}
}

static bool item_secret(const struct item *i)
{
	return i->kind == SETTINGS_DRIVER && (i->option->flags & DRIVER_OPTION_SECRET);
}

/* Which kind of key it is; false when nobody knows it. */
static bool classify(const struct driver *d, unsigned where, struct item *i)
{
	if (where == IN_SECTION && (i->option = find_option(d, i->key))) {
		i->kind = SETTINGS_DRIVER;
		return true;
	}
	if ((i->common = find_common(i->key, where))) {
		i->kind = SETTINGS_COMMON;
		return true;
	}
	if (where == IN_SECTION && str_casestarts(i->key, "default.") && i->key[8]) {
		i->kind = SETTINGS_DEFAULT;
		return true;
	}
	if (where == IN_SECTION && str_casestarts(i->key, "override.") && i->key[9]) {
		i->kind = SETTINGS_OVERRIDE;
		return true;
	}
	return false;
}

static void report_unknown(const struct driver *d, const char *key, const struct conf_where *at,
			   struct conf_report *r)
{
	const char *known[COMMON_COUNT + 128];
	const char *closest;
	char mend[128] = "";
	size_t n = 0;

	for (size_t i = 0; i < COMMON_COUNT; i++) {
		if (common_keys[i].where & IN_SECTION)
			known[n++] = common_keys[i].name;
	}
	for (const struct driver_option *o = d->options; o && o->name && n < COMMON_COUNT + 127;
	     o++)
		known[n++] = o->name;
	known[n] = NULL;
	closest = str_closest(key, known);
	if (closest)
		str_format(mend, sizeof(mend), "did you mean \"%s\"?", closest);
	else
		str_format(mend, sizeof(mend), "\"%s -L\" lists what there is", d->name);
	conf_error(r, at, mend, "%s does not know the key \"%s\"", d->name, key);
}

/* ------------------------------------------------------------------------ taking in */

static void list_free(struct item_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->items[i].key);
		secret_free(&l->items[i].value);
	}
	free(l->items);
}

static struct item *list_find(const struct item_list *l, const char *key)
{
	for (size_t i = 0; i < l->count; i++) {
		struct item *item = &l->items[i];

		if (item->kind == SETTINGS_COMMON ? str_equal(item_name(item), key)
						  : str_caseequal(item_name(item), key))
			return item;
	}
	return NULL;
}

/* Takes over key and value.  A key given again replaces the value before. */
static bool list_put(struct item_list *l, struct item *item)
{
	struct item *old = list_find(l, item_name(item));
	struct item *grown;

	if (old) {
		secret_free(&old->value);
		old->value = item->value;
		free(item->key);
		return true;
	}
	grown = realloc(l->items, (l->count + 1) * sizeof(*grown));
	if (!grown) {
		free(item->key);
		secret_free(&item->value);
		return false;
	}
	l->items = grown;
	l->items[l->count++] = *item;
	return true;
}

static void list_remove(struct item_list *l, const char *key)
{
	struct item *item = list_find(l, key);

	if (!item)
		return;
	free(item->key);
	secret_free(&item->value);
	*item = l->items[--l->count];
}

static bool item_is_flag(const struct item *i)
{
	return (i->kind == SETTINGS_COMMON && i->common->kind == KEY_FLAG) ||
	       (i->kind == SETTINGS_DRIVER && !i->option->argument);
}

/* NUT takes `allow_killpower = no` for a yes.  We do not. */
static bool is_denied_flag(const struct item *i)
{
	bool yes = true;
	long number;

	if (i->kind == SETTINGS_DRIVER && (i->option->flags & DRIVER_OPTION_NUMBER) && i->value &&
	    str_to_long(i->value, LONG_MIN, LONG_MAX, &number))
		return false;
	return item_is_flag(i) && i->value && str_to_bool(i->value, &yes) && !yes;
}

/* A number without what follows its digits, which was warned of. */
static bool check_number(struct item *i, const char *name, long min, long max,
			 const struct conf_where *at, struct conf_report *r)
{
	long number;
	char *end;

	if (!conf_parse_number(r, at, name, i->value, min, max, &number))
		return false;
	strtol(i->value, &end, 10);
	*end = '\0';
	return true;
}

/* A value where there must be one, and numbers in their range. */
static bool check_value(struct item *i, const struct conf_where *at, struct conf_report *r)
{
	const char *name = item_name(i);
	long min = 0, max = 0;
	bool yes;

	if (item_is_flag(i))
		return true;
	if (!i->value) {
		conf_warning(r, at, "write a value, or take the line away",
			     "\"%s\" has no value, the line is ignored", name);
		return false;
	}
	if (i->kind == SETTINGS_COMMON && i->common->kind == KEY_BOOL)
		return conf_parse_bool(r, at, name, i->value, &yes);
	if (i->kind == SETTINGS_COMMON && i->common->kind == KEY_NUMBER) {
		min = i->common->min;
		max = i->common->max;
	} else if (i->kind == SETTINGS_DRIVER) {
		min = i->option->min;
		max = i->option->max;
	}
	return (min == 0 && max == 0) || check_number(i, name, min, max, at, r);
}

static void put(struct settings *s, unsigned where, const char *key, const char *value,
		const struct conf_where *at, struct conf_report *r)
{
	struct item item = {.key = str_dup(key), .value = str_dup(value)};

	if (!item.key || (value && !item.value)) {
		conf_error(r, at, NULL, "out of memory");
	} else if (!classify(s->driver, where, &item)) {
		if (where == IN_SECTION)
			report_unknown(s->driver, key, at, r);
	} else if (is_denied_flag(&item)) {
		list_remove(where == IN_SECTION ? &s->own : &s->globals, item_name(&item));
	} else if (check_value(&item, at, r)) {
		if (!list_put(where == IN_SECTION ? &s->own : &s->globals, &item))
			conf_error(r, at, NULL, "out of memory");
		return;
	}
	free(item.key);
	secret_free(&item.value);
}

/* --------------------------------------------------------------------------- the file */

struct reading {
	struct settings *s;
	const char *section;
	bool found;
	char **names; /* of all sections, for "did you mean", NULL-ended */
	size_t name_count;
	bool elsewhere; /* in another driver's section */
	struct conf_report *report;
};

static void remember_section(struct reading *rd, const char *name)
{
	char **grown = realloc(rd->names, (rd->name_count + 2) * sizeof(*grown));

	if (!grown)
		return;
	rd->names = grown;
	grown[rd->name_count] = str_dup(name);
	if (grown[rd->name_count])
		rd->name_count++;
	grown[rd->name_count] = NULL;
}

/* A line of two words, `desc =` or `pollinterval 5`, means nothing to NUT.  It keeps no driver from
 * starting. */
static bool is_half(const struct conf_where *at, const struct conf_setting *set,
		    struct conf_report *r)
{
	if (!set->key || set->has_equals == (set->count > 0))
		return false;
	if (set->has_equals)
		conf_warning(r, at, "write a value, or take the line away",
			     "\"%s =\" has no value, the line is ignored", set->key);
	else
		conf_warning(r, at, NULL, "\"%s %s\" lacks its \"=\", the line is ignored",
			     set->key, set->values[0]);
	return true;
}

/* Above the first section, keys that nobody knows are upsd's problem: it warns of them once. */
static void on_setting(void *arg, const struct conf_where *at, const struct conf_setting *set,
		       struct conf_report *r)
{
	struct reading *rd = arg;
	const char *value = set->count > 0 ? set->values[0] : NULL;

	if (!set->section) {
		if (!is_half(at, set, r))
			put(rd->s, GLOBALLY, set->key, value, at, r);
		return;
	}
	if (!set->key)
		remember_section(rd, set->section);
	rd->elsewhere = !str_equal(set->section, rd->section);
	if (rd->elsewhere)
		return;
	rd->found = true;
	if (set->key && !is_half(at, set, r))
		put(rd->s, IN_SECTION, set->key, value, at, r);
}

/* A mistake in another section is no reason to leave this UPS unwatched. */
static void pass_on(void *arg, enum conf_severity severity, const char *text)
{
	struct reading *rd = arg;
	struct conf_report *r = rd->report;

	if (severity == CONF_ERROR && rd->elsewhere)
		severity = CONF_WARNING;
	if (severity == CONF_ERROR)
		r->errors++;
	else
		r->warnings++;
	if (r->emit)
		r->emit(r->arg, severity, text);
}

static void report_missing(const struct reading *rd, const char *path, struct conf_report *r)
{
	struct conf_where at = {path, 0};
	const char *closest =
		rd->names ? str_closest(rd->section, (const char *const *)rd->names) : NULL;
	char mend[160];

	if (!closest || !str_format(mend, sizeof(mend), "did you mean [%s]?", closest))
		str_copy(mend, sizeof(mend), "add it, or name another one with -a");
	conf_error(r, &at, mend, "there is no section [%s]", rd->section);
}

static void read_file(struct settings *s, const char *path, const char *section,
		      struct conf_report *r)
{
	struct conf_where at = {path, 0};
	struct reading rd = {.s = s, .section = section, .report = r};
	struct conf_report passing = {.emit = pass_on, .arg = &rd};
	int err = conffile_read_settings(path, on_setting, &rd, &passing);
	const char *program;

	if (err)
		conf_error(r, &at, NULL, "cannot be read: %s", conffile_why(err));
	else if (!rd.found)
		report_missing(&rd, path, r);
	for (size_t i = 0; i < rd.name_count; i++)
		free(rd.names[i]);
	free(rd.names);

	program = settings_get(s, "driver");
	if (rd.found && program && !str_equal(program, s->driver->name))
		conf_error(r, &at, NULL, "[%s] is for the driver %s, and this is %s", section,
			   program, s->driver->name);
}

static void take_x(struct settings *s, const char *text, struct conf_report *r)
{
	struct conf_where at = {"-x", 0};
	const char *equals = strchr(text, '=');
	char *key = equals ? strndup(text, (size_t)(equals - text)) : str_dup(text);

	if (key)
		put(s, IN_SECTION, key, equals ? equals + 1 : NULL, &at, r);
	free(key);
}

static void check_whole(struct settings *s, const char *path, const char *section,
			struct conf_report *r)
{
	struct conf_where at = {section ? path : "-x", 0};

	if (!settings_get(s, "port") && section)
		conf_error(r, &at, "add \"port = ...\"", "[%s] has no port", section);
	else if (!settings_get(s, "port"))
		conf_error(r, &at, "add -x port=...", "there is no port");
	if (settings_get(s, "sddelay"))
		conf_warning(r, &at, NULL, "sddelay is obsolete and has no effect");
}

struct settings *settings_load(const struct driver *driver, const char *path, const char *section,
			       const char *const *x, size_t x_count, struct conf_report *r)
{
	struct settings *s = calloc(1, sizeof(*s));
	unsigned before = r->errors;

	if (!s) {
		conf_error(r, &(struct conf_where){path, 0}, NULL, "out of memory");
		return NULL;
	}
	s->driver = driver;
	if (section)
		read_file(s, path, section, r);
	for (size_t i = 0; i < x_count; i++)
		take_x(s, x[i], r);
	if (r->errors == before)
		check_whole(s, path, section, r);
	if (r->errors == before)
		return s;
	settings_free(s);
	return NULL;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	list_free(&s->own);
	list_free(&s->globals);
	free(s);
}

struct statepath {
	char *dst;
	size_t size;
	bool found;
};

static void on_statepath(void *arg, const struct conf_where *at, const struct conf_setting *set,
			 struct conf_report *r)
{
	struct statepath *sp = arg;

	(void)at;
	(void)r;
	if (!set->section && set->count > 0 && str_caseequal(set->key, "statepath"))
		sp->found = str_copy(sp->dst, sp->size, set->values[0]);
}

bool settings_find_statepath(const char *path, char *dst, size_t size)
{
	struct statepath sp = {dst, size, false};
	struct conf_report silent = {0};

	return conffile_read_settings(path, on_statepath, &sp, &silent) == 0 && sp.found;
}

/* ------------------------------------------------------------------------ giving out */

static const struct item *in_force(const struct settings *s, const char *key)
{
	const struct item *i = list_find(&s->own, key);

	return i ? i : list_find(&s->globals, key);
}

const char *settings_get(const struct settings *s, const char *key)
{
	const struct item *i = in_force(s, key);

	return i ? (i->value ? i->value : "") : NULL;
}

bool settings_flag(const struct settings *s, const char *key)
{
	return in_force(s, key) != NULL;
}

long settings_long(const struct settings *s, const char *key, long otherwise)
{
	const char *text = settings_get(s, key);
	long number;

	return text && str_to_long(text, LONG_MIN, LONG_MAX, &number) ? number : otherwise;
}

size_t settings_count(const struct settings *s)
{
	return s->own.count;
}

struct settings_item settings_at(const struct settings *s, size_t i)
{
	const struct item *item = &s->own.items[i];
	const char *key = item_name(item);
	struct settings_item out = {
		.kind = item->kind,
		.key = key,
		.name = key,
		.value = item->value,
		.secret = item_secret(item),
		.reloadable = item_reloadable(item),
	};

	if (item->kind == SETTINGS_DEFAULT || item->kind == SETTINGS_OVERRIDE)
		out.name = strchr(key, '.') + 1;
	return out;
}

typedef void diff_fn(void *arg, const char *key, bool reloadable, bool secret, const char *old,
		     const char *new_value);

/* The keys of one list of `from`; those that `other` has too are told only when `both`. */
static void diff_list(const struct item_list *l, const struct settings *from,
		      const struct settings *other, bool both, diff_fn *fn, void *arg)
{
	for (size_t i = 0; i < l->count; i++) {
		const char *key = item_name(&l->items[i]);
		const char *mine = settings_get(from, key);
		const char *theirs = settings_get(other, key);

		/* A global key below the section's own one is not in force. */
		if (in_force(from, key) != &l->items[i] || str_equal(mine, theirs) ||
		    (theirs && !both))
			continue;
		fn(arg, key, item_reloadable(&l->items[i]), item_secret(&l->items[i]),
		   both ? theirs : mine, both ? mine : NULL);
	}
}

void settings_diff(const struct settings *was, const struct settings *is, diff_fn *fn, void *arg)
{
	diff_list(&is->own, is, was, true, fn, arg);
	diff_list(&is->globals, is, was, true, fn, arg);
	diff_list(&was->own, was, is, false, fn, arg);
	diff_list(&was->globals, was, is, false, fn, arg);
}

static bool adopt_list(struct item_list *mine, const struct item_list *theirs)
{
	size_t kept = 0;

	for (size_t i = 0; i < mine->count; i++) {
		if (item_reloadable(&mine->items[i])) {
			free(mine->items[i].key);
			secret_free(&mine->items[i].value);
		} else {
			mine->items[kept++] = mine->items[i];
		}
	}
	mine->count = kept;
	for (size_t i = 0; i < theirs->count; i++) {
		struct item copy = theirs->items[i];

		if (!item_reloadable(&copy))
			continue;
		copy.key = str_dup(copy.key);
		copy.value = str_dup(copy.value);
		if (!copy.key || (theirs->items[i].value && !copy.value)) {
			free(copy.key);
			secret_free(&copy.value);
			return false;
		}
		if (!list_put(mine, &copy))
			return false;
	}
	return true;
}

bool settings_adopt(struct settings *s, const struct settings *from)
{
	return adopt_list(&s->own, &from->own) && adopt_list(&s->globals, &from->globals);
}
