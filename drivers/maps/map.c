#include "config.h"

#include "drivers/maps/map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/str.h"
#include "drivers/maps/map_private.h"

enum { CHUNK = 16 * 1024, PATH_SIZE = 4096 };

const char *const map_row_names[] = {"VAR", "STATUS", "ALARM", "CMD", NULL};
const char *const map_match_names[] = {"usb", "oid", "probe", "never", NULL};
const char *const map_type_names[] = {"",     "integer", "unsigned", "ticks",
				      "text", "oid",     "address",  NULL};

/* ------------------------------------------------------------------------ memory */

struct chunk {
	struct chunk *next;
	size_t used, size;
	max_align_t data[];
};

struct map_memory {
	struct chunk *chunks;
	size_t total;
	bool failed;
};

static void *fail(struct map *m)
{
	m->memory->failed = true;
	return NULL;
}

void *map_take(struct map *m, size_t size)
{
	struct map_memory *mem = m->memory;
	struct chunk *c = mem->chunks;
	void *p;

	if (size > MAP_TEXT_MAX || mem->total + size > MAP_TEXT_MAX)
		return fail(m);
	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (!c || c->size - c->used < size) {
		size_t room = size > CHUNK ? size : CHUNK;

		c = calloc(1, sizeof(*c) + room);
		if (!c)
			return fail(m);
		c->size = room;
		c->next = mem->chunks;
		mem->chunks = c;
	}
	p = (char *)c->data + c->used;
	c->used += size;
	mem->total += size;
	return p;
}

const char *map_keep(struct map *m, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = map_take(m, size);

	return copy ? memcpy(copy, text, size) : "";
}

bool map_memory_failed(const struct map *m)
{
	return m->memory->failed;
}

void *map_grow(struct map *m, void *array, size_t *count, size_t size)
{
	/* Room is doubled at powers of two, so that nothing but the count is kept. */
	bool full = (*count & (*count - 1)) == 0;
	char *base;

	memcpy(&base, array, sizeof(base)); /* a pointer of any type */
	if (full) {
		size_t room = *count ? *count * 2 : 1;

		base = reallocarray(base, room, size);
		if (!base)
			return fail(m);
		memcpy(array, &base, sizeof(base));
	}
	return memset(base + (*count)++ * size, 0, size);
}

struct map *map_new(const char *file)
{
	struct map *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->memory = calloc(1, sizeof(*m->memory));
	if (!m->memory) {
		free(m);
		return NULL;
	}
	m->file = map_keep(m, file);
	m->title = m->driver = m->version = "";
	return m;
}

void map_free(struct map *m)
{
	if (!m)
		return;
	for (struct chunk *c = m->memory->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(m->memory);
	free(m->names);
	free(m->counts);
	free(m->matches);
	free(m->usages);
	free(m->lookups);
	free(m->quirks);
	free(m->sets);
	free(m->rows);
	free(m->sequences);
	free(m->queries);
	free(m->blocks);
	free(m);
}

/* ------------------------------------------------------------------------- files */

/* A name in the folder, never a way out of it. */
static bool name_is_plain(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/') && strlen(name) < 128;
}

bool map_path(const char *driver, const char *file, const char *suffix, char *dst, size_t size)
{
	if (!name_is_plain(driver) || !name_is_plain(file) || !str_ends(file, suffix))
		return false;
	if (str_format(dst, size, "%s/maps/%s/%s", paths_conf(), driver, file) &&
	    access(dst, F_OK) == 0)
		return true;
	return str_format(dst, size, "%s/maps/%s/%s", paths_data(), driver, file) &&
	       access(dst, F_OK) == 0;
}

static struct map *finish(struct map_reader *rd, unsigned errors)
{
	struct map *m = rd->map;

	map_close_lookup(rd);
	map_finish(rd);
	m->errors = rd->report->errors - errors;
	if (!map_memory_failed(m))
		return m;
	conf_error(rd->report, &(struct conf_where){.file = m->file}, "make it smaller",
		   "there is no memory for this map, or it is over its limit");
	map_free(m);
	return NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool begin(struct map_reader *rd, const char *name, struct conf_report *r)
{
	*rd = (struct map_reader){.map = map_new(base_name(name)), .report = r};
	if (!rd->map)
		return false;
	rd->files[rd->file_count++] = rd->map->file;
	rd->stack[rd->depth++] = rd->map->file;
	return true;
}

static struct map *load(const char *path, const char *driver, const char *folder,
			struct conf_report *r)
{
	unsigned errors = r->errors;
	struct map_reader rd;
	int err;

	if (!begin(&rd, path, r))
		return NULL;
	rd.folder = folder;
	rd.map->driver = map_keep(rd.map, driver);
	err = conffile_read_lines(path, map_reader_line, &rd, r);
	if (err) {
		conf_error(r, &(struct conf_where){.file = path}, NULL, "cannot be read: %s",
			   strerror(err));
		map_free(rd.map);
		return NULL;
	}
	return finish(&rd, errors);
}

struct map *map_load(const char *driver, const char *file, struct conf_report *r)
{
	char path[PATH_SIZE];

	if (map_path(driver, file, ".map", path, sizeof(path)))
		return load(path, driver, NULL, r);
	conf_error(r, &(struct conf_where){.file = file}, "nut-mapcheck lists those that there are",
		   "there is no such map of %s", driver);
	return NULL;
}

struct map *map_load_path(const char *path, struct conf_report *r)
{
	char folder[PATH_SIZE];
	const char *slash = strrchr(path, '/');

	if (!slash)
		str_copy(folder, sizeof(folder), ".");
	else if (!str_format(folder, sizeof(folder), "%.*s", (int)(slash - path), path))
		return NULL;
	return load(path, "", folder, r);
}

struct map *map_load_fd(int fd, const char *name, struct conf_report *r)
{
	unsigned errors = r->errors;
	struct map_reader rd;
	int err;

	if (!begin(&rd, name, r))
		return NULL;
	err = conffile_read_lines_fd(fd, name, map_reader_line, &rd, r);
	if (err)
		conf_error(r, &(struct conf_where){.file = name}, NULL, "cannot be read: %s",
			   strerror(err));
	return finish(&rd, errors);
}

/* ------------------------------------------------------------------ looking things up */

const struct maplookup *map_lookup(const struct map *m, const char *name)
{
	for (size_t i = 0; i < m->lookup_count; i++)
		if (str_caseequal(m->lookups[i]->name, name))
			return m->lookups[i];
	return NULL;
}

const struct map_query *map_query_find(const struct map *m, const char *name)
{
	for (size_t i = 0; i < m->query_count; i++)
		if (str_caseequal(m->queries[i].name, name))
			return &m->queries[i];
	return NULL;
}

bool map_usage_number(const struct map *m, const char *name, uint32_t *number)
{
	for (size_t i = 0; i < m->usage_count; i++)
		if (str_caseequal(m->usages[i].name, name)) {
			*number = m->usages[i].number;
			return true;
		}
	return false;
}

const char *map_usage_name(const struct map *m, uint32_t number)
{
	for (size_t i = 0; i < m->usage_count; i++)
		if (m->usages[i].number == number)
			return m->usages[i].name;
	return NULL;
}

bool map_quirk(const struct map *m, const struct map_match *match, const char *name)
{
	for (const char *const *q = match ? match->quirks : NULL; q && *q; q++)
		if (str_caseequal(*q, name))
			return true;
	for (size_t i = 0; i < m->quirk_count; i++)
		if (str_caseequal(m->quirks[i].name, name))
			return true;
	return false;
}

bool map_numbers(const struct map *m, const struct map_match *match, struct mapnumbers *n)
{
	for (size_t i = 0; i < m->set_count; i++)
		if (!mapnumbers_set(n, m->sets[i].name, m->sets[i].value))
			return false;
	for (size_t i = 0; match && i < match->set_count; i++)
		if (!mapnumbers_set(n, match->sets[i].name, match->sets[i].value))
			return false;
	return true;
}
