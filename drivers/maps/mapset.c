#include "config.h"

#include "drivers/maps/mapset.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/paths.h"
#include "common/base/str.h"

enum { PATH_SIZE = 4096 };

/* ------------------------------------------------------------------------- files */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool listed(char *const *files, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(files[i], name))
			return true;
	return false;
}

const char mapset_suffix[] = ".map";

/* A folder that is not there has no files. False: no memory. */
static bool list_folder(const char *base, const char *driver, const char *suffix, char **files,
			size_t *count)
{
	char path[PATH_SIZE];
	bool ok = true;
	DIR *dir;

	if (!str_format(path, sizeof(path), "%s/maps/%s", base, driver))
		return true;
	dir = opendir(path);
	if (!dir)
		return true;
	for (struct dirent *e; ok && *count < MAPSET_MAX && (e = readdir(dir));) {
		if (e->d_name[0] == '.' || !str_ends(e->d_name, suffix) ||
		    listed(files, *count, e->d_name))
			continue;
		files[*count] = str_dup(e->d_name);
		ok = files[*count] != NULL;
		*count += ok ? 1 : 0;
	}
	closedir(dir);
	return ok;
}

char **mapset_files(const char *driver, const char *suffix)
{
	char **files = calloc(MAPSET_MAX + 1, sizeof(*files));
	size_t count = 0;

	if (!files)
		return NULL;
	if (strchr(driver, '/') || driver[0] == '.')
		return files;
	if (!list_folder(paths_conf(), driver, suffix, files, &count) ||
	    !list_folder(paths_data(), driver, suffix, files, &count)) {
		mapset_files_free(files);
		return NULL;
	}
	qsort(files, count, sizeof(*files), by_name);
	return files;
}

void mapset_files_free(char **files)
{
	for (size_t i = 0; files && files[i]; i++)
		free(files[i]);
	free(files);
}

/* --------------------------------------------------------------------------- set */

bool mapset_load(struct mapset *s, const char *driver, struct conf_report *r)
{
	char **files = mapset_files(driver, mapset_suffix);

	s->count = 0;
	s->maps = files ? calloc(MAPSET_MAX, sizeof(*s->maps)) : NULL;
	for (size_t i = 0; s->maps && files[i]; i++) {
		struct map *m = map_load(driver, files[i], r);

		if (m && m->name && !m->errors)
			s->maps[s->count++] = m;
		else
			map_free(m);
	}
	mapset_files_free(files);
	return s->maps != NULL;
}

void mapset_free(struct mapset *s)
{
	for (size_t i = 0; i < s->count; i++)
		map_free(s->maps[i]);
	free(s->maps);
	*s = (struct mapset){NULL, 0};
}

/* "MGE HID 1.46", as driver.version.data has it: of whatever version. */
static bool is_title_with_version(const char *name, const char *title)
{
	const char *version = name + strlen(title) + 1;

	return str_casestarts(name, title) && version[-1] == ' ' &&
	       strspn(version, "0123456789.") == strlen(version);
}

/* A part of one title, and of no other. */
static const struct map *find_by_part(const struct mapset *s, const char *part)
{
	const struct map *found = NULL;
	char pattern[128];

	if (!str_format(pattern, sizeof(pattern), "*%s*", part))
		return NULL;
	for (size_t i = 0; i < s->count; i++) {
		if (!str_glob(pattern, s->maps[i]->title))
			continue;
		if (found)
			return NULL;
		found = s->maps[i];
	}
	return found;
}

const struct map *mapset_find(const struct mapset *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (map_has_name(s->maps[i], name))
			return s->maps[i];
	for (size_t i = 0; i < s->count; i++)
		if (str_glob(name, s->maps[i]->title) ||
		    is_title_with_version(name, s->maps[i]->title))
			return s->maps[i];
	return find_by_part(s, name);
}

/* ------------------------------------------------------------------------- match */

static bool pattern_fits(const char *pattern, const char *text)
{
	return !pattern || str_glob(pattern, text ? text : "");
}

static bool has_patterns(const struct map_match *match)
{
	return match->mfr || match->model || match->serial;
}

/* An unlisted product is taken by its vendor only where that alone decides. */
static bool fits(const struct map_match *match, const struct mapset_usb *usb, bool any_product)
{
	if (match->how != MAP_MATCH_USB || match->vendor != usb->vendor)
		return false;
	if (any_product)
		return !has_patterns(match);
	return match->product == usb->product && pattern_fits(match->mfr, usb->mfr) &&
	       pattern_fits(match->model, usb->model) && pattern_fits(match->serial, usb->serial);
}

static const struct map_match *best(const struct mapset *s, const struct mapset_usb *usb,
				    bool any_product, const struct map *only,
				    const struct map **map)
{
	const struct map_match *found = NULL;

	for (size_t i = 0; i < s->count; i++) {
		const struct map *m = s->maps[i];

		for (size_t k = 0; (!only || m == only) && k < m->match_count; k++)
			if (fits(&m->matches[k], usb, any_product) &&
			    (!found || m->matches[k].order < found->order)) {
				found = &m->matches[k];
				*map = m;
			}
	}
	return found;
}

const struct map_match *mapset_match_usb(const struct mapset *s, const struct mapset_usb *usb,
					 const struct map *only, const struct map **map)
{
	const struct map_match *found = best(s, usb, false, only, map);

	return found || !usb->any_product ? found : best(s, usb, true, only, map);
}

/* Puts it behind all that come before it, or are its equals: those stay in the order of files. */
static void put_in_order(struct mapset_candidate *list, size_t count, struct mapset_candidate c,
			 bool (*before)(const struct map_match *a, const struct map_match *b))
{
	size_t at = count;

	for (; at > 0 && before(c.match, list[at - 1].match); at--)
		list[at] = list[at - 1];
	list[at] = c;
}

static bool lower_order(const struct map_match *a, const struct map_match *b)
{
	return a->order < b->order;
}

/* Whoever knows more of the OID knows the device better. */
static bool longer_oid(const struct map_match *a, const struct map_match *b)
{
	size_t x = strlen(a->value), y = strlen(b->value);

	return x != y ? x > y : lower_order(a, b);
}

static bool is_of(const char *oid, const struct map_match *match)
{
	size_t len = strlen(match->value);

	return strncmp(oid, match->value, len) == 0 && (oid[len] == '\0' || oid[len] == '.');
}

size_t mapset_candidates(const struct mapset *s, const struct map *only, enum map_match_how how,
			 struct mapset_candidate *list, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct map *m = s->maps[i];

		for (size_t k = 0; (!only || m == only) && k < m->match_count && count < max; k++)
			if (m->matches[k].how == how)
				put_in_order(list, count++,
					     (struct mapset_candidate){m, &m->matches[k]},
					     lower_order);
	}
	return count;
}

size_t mapset_match_oid(const struct mapset *s, const char *oid, struct mapset_candidate *list,
			size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct map *m = s->maps[i];

		for (size_t k = 0; k < m->match_count && count < max; k++)
			if (m->matches[k].how == MAP_MATCH_OID && is_of(oid, &m->matches[k]))
				put_in_order(list, count++,
					     (struct mapset_candidate){m, &m->matches[k]},
					     longer_oid);
	}
	return count;
}
