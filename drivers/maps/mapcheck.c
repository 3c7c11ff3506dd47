#include "config.h"

#include "drivers/maps/mapcheck.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/mapfun.h"
#include "drivers/maps/mapquirk.h"
#include "drivers/maps/mapwhere.h"

enum { NAME_MAX_LENGTH = 128 };

struct check {
	const struct map *map;
	const struct names *names;
	struct conf_report *report;
};

static struct conf_where at_row(const struct map_row *row)
{
	return (struct conf_where){.file = row->file, .line = row->line};
}

/* ------------------------------------------------------------------------- names */

/* What a template is called for its first index. */
static bool plain_name(const char *name, char *dst, size_t size)
{
	size_t used = 0;

	for (; *name && used + 1 < size; name++) {
		bool index = name[0] == '%' && (name[1] == 'i' || name[1] == 'j');

		dst[used++] = index ? '1' : *name;
		name += index ? 1 : 0;
	}
	dst[used] = '\0';
	return *name == '\0';
}

/* What no list can know: names on trial, and what a device has beyond all names. */
static bool is_own_name(const char *name)
{
	return str_starts(name, "experimental.") || str_starts(name, "unmapped.");
}

static void check_name(struct check *c, const struct conf_where *at, const char *name, bool command)
{
	char plain[NAME_MAX_LENGTH];
	bool known;

	if (!c->names || is_own_name(name))
		return;
	known = plain_name(name, plain, sizeof(plain)) &&
		(command ? names_command(c->names, plain) : names_variable(c->names, plain));
	if (!known)
		conf_error(c->report, at,
			   "take one of data/cmdvartab, or put experimental. in front",
			   "there is no %s \"%s\"", command ? "command" : "variable", name);
}

/* ------------------------------------------------------------------------- where */

static void check_where(struct check *c, const struct conf_where *at, const char *where)
{
	const char *why = NULL;

	if (where && !str_equal(where, "-") && !mapwhere_valid(c->map, where, &why))
		conf_error(c->report, at, why, "\"%s\" is no place of %s", where, c->map->driver);
}

/* ------------------------------------------------------------------------ indexes */

static bool has_index(const char *text, char index)
{
	for (const char *p = text; p && (p = strchr(p, '%')); p++)
		if (p[1] == index)
			return true;
	return false;
}

static bool row_has_index(const struct map_row *row, char index)
{
	const char *const texts[] = {row->name,   row->where,     row->to,       row->own,
				     row->unless, row->otherwise, row->constant, row->only_if,
				     row->asked_if};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (has_index(texts[i], index))
			return true;
	return false;
}

static bool loops_over(const struct map_row *row, char index)
{
	for (size_t i = 0; i < row->loop_count; i++)
		if (row->loops[i].index == index)
			return true;
	return false;
}

/* Only SNMP has them; others may have a percent sign in what they send. */
static void check_indexes(struct check *c, const struct map_row *row)
{
	struct conf_where at = at_row(row);

	if (!str_equal(c->map->driver, "snmp-ups"))
		return;
	for (const char *index = "ij"; *index; index++) {
		bool has = row_has_index(row, *index), loops = loops_over(row, *index);

		if (has && !loops)
			conf_error(c->report, &at, "add for(i,1,outlet.count), or walk(i)",
				   "nothing says what %%%c is", *index);
		else if (loops && !has)
			conf_error(c->report, &at, "write %i where the index stands",
				   "nothing in this row has the index %%%c", *index);
	}
	if (row_has_index(row, 'd') && !c->map->chain.count)
		conf_error(c->report, &at, "add: CHAIN device.count where",
			   "%%d is for devices of a chain");
}

static bool counts_rows(const struct map *m, const char *variable)
{
	for (size_t i = 0; i < m->row_count; i++)
		for (size_t k = 0; k < m->rows[i].loop_count; k++)
			if (m->rows[i].loops[k].to &&
			    str_caseequal(m->rows[i].loops[k].to, variable))
				return true;
	return false;
}

static void check_counts(struct check *c)
{
	const struct map_chain *chain = &c->map->chain;

	for (size_t i = 0; i < c->map->count_count; i++) {
		const struct map_count *count = &c->map->counts[i];
		struct conf_where at = {.file = count->file, .line = count->line};

		check_name(c, &at, count->name, false);
		check_where(c, &at, count->where);
		if (!has_index(count->where, 'i'))
			conf_error(c->report, &at, "write %i where the index stands",
				   "\"%s\" has no index", count->where);
		if (!counts_rows(c->map, count->name))
			conf_error(c->report, &at, "leave it out, or write for(i,1,...) with it",
				   "nothing is counted by %s", count->name);
	}
	if (chain->count) {
		struct conf_where at = {.file = chain->file, .line = chain->line};

		check_name(c, &at, chain->count, false);
		check_where(c, &at, chain->where);
		if (!has_index(chain->where, 'd'))
			conf_error(c->report, &at, "write %d where the number of the device stands",
				   "\"%s\" has no %%d", chain->where);
	}
}

/* -------------------------------------------------------------------------- rows */

static bool sets_number(const struct map_set_item *sets, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (str_caseequal(sets[i].name, name))
			return true;
	return false;
}

static bool is_kept(const struct map *m, const char *name)
{
	for (size_t i = 0; i < m->row_count; i++)
		for (size_t k = 0; k < m->rows[i].step_count; k++)
			if (str_equal(m->rows[i].steps[k].conv->name, "keep") &&
			    str_caseequal(m->rows[i].steps[k].name, name))
				return true;
	return false;
}

/* k(name) is set for all devices of the map, or for each, or told by them. */
static bool number_is_set(const struct map *m, const char *name)
{
	if (sets_number(m->sets, m->set_count, name) || is_kept(m, name))
		return true;
	for (size_t i = 0; i < m->match_count; i++)
		if (!sets_number(m->matches[i].sets, m->matches[i].set_count, name))
			return false;
	return m->match_count > 0;
}

static void check_steps(struct check *c, const struct map_row *row)
{
	struct conf_where at = at_row(row);

	for (size_t i = 0; i < row->step_count; i++) {
		const struct mapconv_step *s = &row->steps[i];

		if (s->conv->args == MAPCONV_FACTOR && s->name && !number_is_set(c->map, s->name))
			conf_error(c->report, &at, "add SET, or set(name,number) to every MATCH",
				   "the number \"%s\" is not set for all devices", s->name);
	}
}

static bool asks_the_device(const struct map_row *row)
{
	for (size_t i = 0; i < row->step_count; i++)
		if (row->steps[i].fun || row->steps[i].conv->args == MAPCONV_CALENDAR ||
		    (row->steps[i].conv->args == MAPCONV_FACTOR && row->steps[i].name))
			return true;
	return false;
}

/* What a command writes by itself has to pass its conversions. */
static void check_value(struct check *c, const struct map_row *row)
{
	struct conf_where at = at_row(row);
	struct mapconv_context nobody = {0};
	struct mapvalue v;

	if (!row->value || !mapconv_complete(row->steps, row->step_count) || asks_the_device(row))
		return;
	if (!mapvalue_set_text(&v, row->value) ||
	    !mapconv_write(row->steps, row->step_count, &v, &nobody))
		conf_error(c->report, &at, "its conversions have to take it",
			   "\"%s\" cannot be written", row->value);
}

static void check_status_texts(struct check *c, const struct map_row *row)
{
	const struct mapconv_step *last = row->step_count ? &row->steps[row->step_count - 1] : NULL;
	struct conf_where at = at_row(row);

	for (size_t i = 0; last && last->lookup && i < last->lookup->count; i++) {
		const char *text = last->lookup->rows[i].text;
		enum mapword word;
		bool holds;

		while (mapword_next(&text, &word, &holds))
			if (word == MAPWORD_NONE)
				conf_error(c->report, &at, "docs/maps.md has the list",
					   "the table \"%s\" says \"%s\", which is no status word",
					   last->lookup->name, last->lookup->rows[i].text);
	}
}

static void check_row(struct check *c, const struct map_row *row)
{
	struct conf_where at = at_row(row);

	check_where(c, &at, row->where);
	check_where(c, &at, row->only_if);
	check_where(c, &at, row->unless);
	check_where(c, &at, row->asked_if);
	check_indexes(c, row);
	check_where(c, &at, row->to);
	if (row->kind == MAP_VAR && !(row->flags & MAP_HIDDEN))
		check_name(c, &at, row->name, false);
	if (row->kind == MAP_CMD)
		check_name(c, &at, row->name, true);
	if (row->kind == MAP_STATUS && row->word == MAPWORD_NONE)
		check_status_texts(c, row);
	if (row->kind != MAP_VAR && str_equal(row->where, "-"))
		conf_error(c->report, &at, "only a variable can do without", "%s %s has no place",
			   map_row_names[row->kind], row->name);
	check_steps(c, row);
	check_value(c, row);
}

/* ------------------------------------------------------------- rows beside rows */

static bool can_be_nothing(const struct map_row *row)
{
	if (row->only_if || row->unless || row->when || row->phases_of)
		return true;
	for (size_t i = 0; i < row->step_count; i++)
		if (row->steps[i].conv->partial)
			return true;
	return false;
}

static bool same_text(const char *a, const char *b)
{
	return str_caseequal(a ? a : "", b ? b : "");
}

static bool same_place(const struct map_row *a, const struct map_row *b)
{
	return a->kind == b->kind && str_caseequal(a->where, b->where) &&
	       str_caseequal(a->name, b->name);
}

/* Why `later` never counts beside `row`; NULL: it does. */
static const char *why_useless(const struct map_row *row, const struct map_row *later)
{
	if (!same_place(row, later))
		return NULL;
	if (same_text(row->items, later->items) &&
	    (row->flags & MAP_NEGATED) == (later->flags & MAP_NEGATED))
		return "is the same as";
	if (row->kind == MAP_CMD && !row->when && same_text(row->only_if, later->only_if) &&
	    same_text(row->unless, later->unless))
		return "never counts behind";
	return row->kind == MAP_VAR && !can_be_nothing(row) ? "never counts behind" : NULL;
}

static void check_beside(struct check *c, size_t index)
{
	const struct map_row *later = &c->map->rows[index];
	struct conf_where at = at_row(later);

	for (size_t i = 0; i < index; i++) {
		const char *why = why_useless(&c->map->rows[i], later);

		if (!why)
			continue;
		conf_error(c->report, &at, "leave one of them out", "%s %s %s line %u of %s",
			   map_row_names[later->kind], later->name, why, c->map->rows[i].line,
			   c->map->rows[i].file);
		return;
	}
}

/* ------------------------------------------------------------------------ lookups */

static bool uses(const struct map_row *row, const struct maplookup *l)
{
	for (size_t i = 0; i < row->step_count; i++)
		if (row->steps[i].lookup == l ||
		    (row->steps[i].fun && str_equal(row->steps[i].fun->table, l->name)))
			return true;
	return row->values == l;
}

/* Tables that no row names: the driver itself looks into them. */
static const struct {
	const char *driver, *table;
} driver_tables[] = {{"apcsmart", "alerts"}, {"apcsmart", "firmware"}};

static bool is_drivers(const struct map *m, const struct maplookup *l)
{
	for (size_t i = 0; i < sizeof(driver_tables) / sizeof(driver_tables[0]); i++)
		if (str_equal(m->driver, driver_tables[i].driver) &&
		    str_equal(l->name, driver_tables[i].table))
			return true;
	return false;
}

static bool is_used(const struct map *m, const struct maplookup *l)
{
	for (size_t i = 0; i < m->row_count; i++)
		if (uses(&m->rows[i], l))
			return true;
	for (size_t i = 0; i < m->match_count; i++)
		for (size_t k = 0; k < m->matches[i].step_count; k++)
			if (m->matches[i].steps[k].lookup == l)
				return true;
	return false;
}

static bool is_own_file(const struct map *m, const char *file)
{
	const char *slash = strrchr(file, '/');

	return str_equal(slash ? slash + 1 : file, m->file);
}

static void check_lookup(struct check *c, const struct maplookup *l)
{
	struct conf_where at = {.file = l->file, .line = l->line};

	for (size_t i = 0; i < l->count; i++)
		if (maplookup_shadow(l, i))
			conf_error(c->report, &at, "leave it out, or move it up",
				   "row %zu of the table \"%s\" never counts", i + 1, l->name);
	if (c->map->name && is_own_file(c->map, l->file) && !is_used(c->map, l) &&
	    !is_drivers(c->map, l))
		conf_warning(c->report, &at, "leave it out", "nothing uses the table \"%s\"",
			     l->name);
}

/* ------------------------------------------------------------------ usages, quirks */

static void check_usages(struct check *c)
{
	const struct map *m = c->map;

	for (size_t i = 1; i < m->usage_count; i++)
		for (size_t k = 0; k < i; k++)
			if (m->usages[k].number == m->usages[i].number &&
			    str_caseequal(m->usages[k].name, m->usages[i].name))
				conf_error(c->report,
					   &(struct conf_where){.file = m->usages[i].file,
								.line = m->usages[i].line},
					   "leave it out", "USAGE %s is there twice",
					   m->usages[i].name);
}

static void check_quirk(struct check *c, const struct conf_where *at, const char *name)
{
	if (!mapquirk_find(c->map->driver, name, false))
		conf_error(c->report, at, "nut-mapcheck --functions lists them",
			   "%s has no quirk \"%s\"", c->map->driver, name);
}

static bool names_number(const char *when, const char *name)
{
	return when && str_caseequal(when + (when[0] == '!' ? 1 : 0), name);
}

static bool number_is_used(const struct map *m, const char *name)
{
	for (size_t i = 0; i < m->query_count; i++)
		if (names_number(m->queries[i].when, name))
			return true;
	for (size_t i = 0; i < m->row_count; i++) {
		if (names_number(m->rows[i].when, name) || names_number(m->rows[i].low_name, name) ||
		    names_number(m->rows[i].high_name, name))
			return true;
		for (size_t k = 0; k < m->rows[i].step_count; k++) {
			const struct mapconv_step *s = &m->rows[i].steps[k];

			if (s->conv->args == MAPCONV_FACTOR && s->name &&
			    str_caseequal(s->name, name))
				return true;
		}
	}
	return false;
}

static void check_number(struct check *c, const struct conf_where *at, const char *name)
{
	if (!mapquirk_find(c->map->driver, name, true) && !number_is_used(c->map, name))
		conf_error(c->report, at, "use it as k(name), or leave it out",
			   "nothing uses the number \"%s\"", name);
}

static void check_match(struct check *c, const struct map_match *match)
{
	struct conf_where at = {.file = match->file, .line = match->line};

	if (match->how == MAP_MATCH_PROBE || match->how == MAP_MATCH_OID)
		check_where(c, &at, match->value);
	check_where(c, &at, match->probe);
	check_where(c, &at, match->vendor_where);
	for (const char *const *q = match->quirks; *q; q++)
		check_quirk(c, &at, *q);
	for (size_t i = 0; i < match->set_count; i++)
		check_number(c, &at, match->sets[i].name);
}

/* ---------------------------------------------------------------------- sequences */

static const struct map_sequence *find_sequence(const struct map *m, const char *name)
{
	for (size_t i = 0; i < m->sequence_count; i++)
		if (str_caseequal(m->sequences[i].name, name))
			return &m->sequences[i];
	return NULL;
}

/* An alias may lead to a sequence; that is as far as it goes, so that none can run in circles. */
static void check_sequence(struct check *c, const struct map_sequence *s)
{
	struct conf_where at = {.file = s->file, .line = s->line};

	check_name(c, &at, s->name, true);
	for (size_t i = 0; i < s->count; i++) {
		const struct map_sequence_step *step = &s->steps[i];
		const struct map_sequence *inner;
		double number;

		if (step->what != MAP_RUN)
			continue;
		inner = find_sequence(c->map, step->name);
		check_name(c, &at, step->name, true);
		if (step->value && !mapnumber_parse(step->value, &number))
			check_name(c, &at, step->value, false);
		if (inner && (!s->alias || inner->alias))
			conf_error(c->report, &at, "name the commands that it is made of",
				   "%s runs %s, which is a sequence itself", s->name, step->name);
	}
	if (find_sequence(c->map, s->name) != s)
		conf_error(c->report, &at, "leave one of them out", "%s is there twice", s->name);
}

/* --------------------------------------------------------------------------- map */

void mapcheck_map(const struct map *m, const struct names *names, struct conf_report *r)
{
	struct check c = {m, names, r};

	for (size_t i = 0; i < m->lookup_count; i++)
		check_lookup(&c, m->lookups[i]);
	check_usages(&c);
	if (!m->name)
		return; /* the maps that include it know what it is for */
	for (size_t i = 0; i < m->quirk_count; i++)
		check_quirk(
			&c,
			&(struct conf_where){.file = m->quirks[i].file, .line = m->quirks[i].line},
			m->quirks[i].name);
	for (size_t i = 0; i < m->set_count; i++)
		check_number(&c, &(struct conf_where){.file = m->file}, m->sets[i].name);
	for (size_t i = 0; i < m->match_count; i++)
		check_match(&c, &m->matches[i]);
	check_counts(&c);
	for (size_t i = 0; i < m->row_count; i++) {
		check_row(&c, &m->rows[i]);
		check_beside(&c, i);
	}
	for (size_t i = 0; i < m->sequence_count; i++)
		check_sequence(&c, &m->sequences[i]);
	if (m->match_count == 0)
		conf_warning(r, &(struct conf_where){.file = m->file}, "add MATCH lines",
			     "this map is for no device");
}

/* --------------------------------------------------------------------------- set */

static bool claims_all(const struct map_match *match)
{
	return !match->mfr && !match->model && !match->serial;
}

static bool same_claim(const struct map_match *a, const struct map_match *b)
{
	if (a->how != b->how)
		return false;
	if (a->how == MAP_MATCH_USB)
		return a->vendor == b->vendor && a->product == b->product;
	if (a->how == MAP_MATCH_OID)
		return str_equal(a->value, b->value) && same_text(a->probe, b->probe);
	/* An OID is the same for all, which a query need not be. */
	return a->how == MAP_MATCH_PROBE && a->value[0] == '.' && str_equal(a->value, b->value) &&
	       !a->step_count && !b->step_count;
}

static bool same_strings(const struct map_match *a, const struct map_match *b)
{
	return same_text(a->mfr, b->mfr) && same_text(a->model, b->model) &&
	       same_text(a->serial, b->serial);
}

/* `first` stands before `match` in the files. */
static const struct map_match *never_reached(const struct map_match *first,
					     const struct map_match *match)
{
	const struct map_match *winner = first->order <= match->order ? first : match;
	const struct map_match *loser = winner == first ? match : first;

	if (!same_claim(first, match))
		return NULL;
	return claims_all(winner) || same_strings(winner, loser) ? loser : NULL;
}

static void compare(const struct map *a, const struct map_match *x, const struct map *b,
		    const struct map_match *y, struct conf_report *r)
{
	const struct map_match *loser = never_reached(x, y);
	const struct map_match *winner = loser == x ? y : x;
	struct conf_where at;

	if (!loser)
		return;
	at = (struct conf_where){.file = loser->file, .line = loser->line};
	conf_error(r, &at, "tell them apart by mfr(), product(), serial() or probe()",
		   "%s is the map \"%s\" already, by line %u of %s", loser->value,
		   loser == x ? b->name : a->name, winner->line, winner->file);
}

static void compare_names(const struct map *a, const struct map *b, struct conf_report *r)
{
	if (map_has_name(a, b->name))
		conf_error(r, &(struct conf_where){.file = b->file}, "give it another name",
			   "%s has the name \"%s\", too", a->file, b->name);
	for (size_t i = 0; i < b->name_count; i++)
		if (map_has_name(a, b->names[i].name))
			conf_error(r,
				   &(struct conf_where){.file = b->names[i].file,
							.line = b->names[i].line},
				   "give it another name", "%s has the name \"%s\", too", a->file,
				   b->names[i].name);
}

static void compare_maps(const struct map *a, const struct map *b, struct conf_report *r)
{
	for (size_t i = 0; i < a->match_count; i++)
		for (size_t k = a == b ? i + 1 : 0; k < b->match_count; k++)
			compare(a, &a->matches[i], b, &b->matches[k], r);
	if (a != b)
		compare_names(a, b, r);
}

void mapcheck_set(struct map *const *maps, size_t count, struct conf_report *r)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = i; maps[i]->name && k < count; k++)
			if (maps[k]->name)
				compare_maps(maps[i], maps[k], r);
}
