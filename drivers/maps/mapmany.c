/* The lines NAME, COUNT, CHAIN: a map of many names, for a device of many parts. */
#include "config.h"

#include "common/base/str.h"
#include "drivers/maps/map_private.h"

const struct map_count *map_count_find(const struct map *m, const char *variable)
{
	for (size_t i = 0; i < m->count_count; i++)
		if (str_caseequal(m->counts[i].name, variable))
			return &m->counts[i];
	return NULL;
}

bool map_has_name(const struct map *m, const char *name)
{
	if (m->name && str_caseequal(m->name, name))
		return true;
	for (size_t i = 0; i < m->name_count; i++)
		if (str_caseequal(m->names[i].name, name))
			return true;
	return false;
}

void map_read_name(struct map_reader *rd, const struct conf_where *at, size_t count,
		   char *const *words)
{
	struct map *m = rd->map;
	struct map_name *n;

	if (!map_counted(rd, at, count, 1, 1, "write: NAME name"))
		return;
	if (map_has_name(m, words[1])) {
		conf_error(rd->report, at, "leave it out", "the map has the name \"%s\" already",
			   words[1]);
		return;
	}
	n = map_grow(m, &m->names, &m->name_count, sizeof(*n));
	if (n)
		*n = (struct map_name){map_keep(m, words[1]), rd->shown, at->line};
}

void map_read_count(struct map_reader *rd, const struct conf_where *at, size_t count,
		    char *const *words)
{
	struct map *m = rd->map;
	const struct map_count *other;
	struct map_count *c;

	if (!map_counted(rd, at, count, 2, 2, "write: COUNT outlet.count where"))
		return;
	other = map_count_find(m, words[1]);
	if (other) {
		conf_error(rd->report, at, "leave one of them out",
			   "%s has a COUNT at %s:%u already", words[1], other->file, other->line);
		return;
	}
	c = map_grow(m, &m->counts, &m->count_count, sizeof(*c));
	if (c)
		*c = (struct map_count){map_keep(m, words[1]), map_keep(m, words[2]), rd->shown,
					at->line};
}

void map_read_chain(struct map_reader *rd, const struct conf_where *at, size_t count,
		    char *const *words)
{
	struct map *m = rd->map;

	if (!map_counted(rd, at, count, 2, 2, "write: CHAIN device.count where"))
		return;
	if (m->chain.count) {
		conf_error(rd->report, at, "leave one of them out",
			   "there is a CHAIN at %s:%u already", m->chain.file, m->chain.line);
		return;
	}
	m->chain = (struct map_chain){map_keep(m, words[1]), map_keep(m, words[2]), rd->shown,
				      at->line};
}
