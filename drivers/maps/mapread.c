/* The directives of a map file: one function for each, in a table. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/str.h"
#include "common/base/words.h"
#include "drivers/maps/map_private.h"
#include "drivers/maps/mapshape.h"

enum { PATH_SIZE = 4096, WAIT_MAX_MS = 60000, NUMBER_MAX = 65535 };

const char *map_keep_words(struct map *m, size_t first, size_t count, char *const *words)
{
	struct buffer b = {.max = 8192};
	const char *kept;

	for (size_t i = first; i < count; i++) {
		if (i > first)
			buffer_append_char(&b, ' ');
		words_append_word(&b, words[i]);
	}
	kept = map_keep(m, buffer_string(&b));
	buffer_free(&b);
	return kept;
}

bool map_counted(struct map_reader *rd, const struct conf_where *at, size_t count, size_t least,
		 size_t most, const char *usage)
{
	if (count > least && count <= most + 1)
		return true;
	conf_error(rd->report, at, usage, "%s words on this line",
		   count <= least ? "there are too few" : "there are too many");
	return false;
}

static void read_map(struct map_reader *rd, const struct conf_where *at, size_t count,
		     char *const *words)
{
	struct map *m = rd->map;

	if (!map_counted(rd, at, count, 2, 2, "write: MAP name \"title\""))
		return;
	if (rd->depth > 1 || m->name || rd->lines > 1) {
		conf_error(rd->report, at,
			   "it is the first line of a map, and an included file has none",
			   "MAP is out of place");
		return;
	}
	m->name = map_keep(m, words[1]);
	m->title = map_keep(m, words[2]);
}

static void read_driver(struct map_reader *rd, const struct conf_where *at, size_t count,
			char *const *words)
{
	struct map *m = rd->map;

	if (!map_counted(rd, at, count, 1, 1, "write: DRIVER name"))
		return;
	if (m->driver[0] && !str_equal(m->driver, words[1]))
		conf_error(rd->report, at, "a map is for one driver, in whose folder it lies",
			   "DRIVER is \"%s\", not \"%s\"", words[1], m->driver);
	else if (!m->driver[0])
		m->driver = map_keep(m, words[1]);
}

static void read_version(struct map_reader *rd, const struct conf_where *at, size_t count,
			 char *const *words)
{
	if (map_counted(rd, at, count, 1, 1, "write: VERSION text"))
		rd->map->version = map_keep(rd->map, words[1]);
}

/* ----------------------------------------------------------------------- INCLUDE */

static bool is_open(const struct map_reader *rd, const char *file)
{
	for (size_t i = 0; i < rd->depth; i++)
		if (str_equal(rd->stack[i], file))
			return true;
	return false;
}

static bool was_read(const struct map_reader *rd, const char *file)
{
	for (size_t i = 0; i < rd->file_count; i++)
		if (str_equal(rd->files[i], file))
			return true;
	return false;
}

static bool include_path(const struct map_reader *rd, const char *file, char *dst, size_t size)
{
	if (strchr(file, '/'))
		return false;
	if (rd->folder && str_format(dst, size, "%s/%s", rd->folder, file) &&
	    access(dst, F_OK) == 0)
		return true;
	return rd->map->driver[0] && map_path(rd->map->driver, file, ".map", dst, size);
}

static bool may_include(struct map_reader *rd, const struct conf_where *at, const char *file)
{
	const char *mend = NULL, *what = NULL;

	if (is_open(rd, file)) {
		what = "includes itself";
		mend = "break the circle";
	} else if (rd->depth == MAP_DEPTH_MAX) {
		what = "is included too deep";
		mend = "include it from the map itself";
	} else if (rd->file_count == MAP_FILES_MAX) {
		what = "is one file too many";
		mend = "put some of them together";
	}
	if (what)
		conf_error(rd->report, at, mend, "\"%s\" %s", file, what);
	return !what;
}

static void read_include(struct map_reader *rd, const struct conf_where *at, size_t count,
			 char *const *words)
{
	char path[PATH_SIZE];
	const char *file;
	int err;

	if (!map_counted(rd, at, count, 1, 1, "write: INCLUDE file.map") ||
	    !may_include(rd, at, words[1]) || was_read(rd, words[1]))
		return;
	if (!include_path(rd, words[1], path, sizeof(path))) {
		conf_error(rd->report, at, "it is the name of a .map file in the driver's folder",
			   "there is no \"%s\" to include", words[1]);
		return;
	}
	file = map_keep(rd->map, words[1]);
	rd->files[rd->file_count++] = file;
	rd->stack[rd->depth++] = file;
	err = conffile_read_lines(path, map_reader_line, rd, rd->report);
	map_close_lookup(rd);
	rd->depth--;
	rd->shown = NULL;
	if (err)
		conf_error(rd->report, at, NULL, "%s cannot be read: %s", path, strerror(err));
}

/* ----------------------------------------------------------------- small tables */

static void read_usage(struct map_reader *rd, const struct conf_where *at, size_t count,
		       char *const *words)
{
	struct map *m = rd->map;
	struct map_usage *u;
	char *end;
	unsigned long number;

	if (!map_counted(rd, at, count, 2, 2, "write: USAGE name 84006b"))
		return;
	number = strtoul(words[2], &end, 16);
	if (!words[2][0] || strlen(words[2]) > 8 || *end ||
	    strspn(words[2], "0123456789abcdefABCDEF") != strlen(words[2])) {
		conf_error(rd->report, at, "it takes up to 8 hexadecimal digits: page and usage",
			   "\"%s\" is no usage", words[2]);
		return;
	}
	u = map_grow(m, &m->usages, &m->usage_count, sizeof(*u));
	if (!u)
		return;
	*u = (struct map_usage){map_keep(m, words[1]), (uint32_t)number, rd->shown, at->line};
}

static void read_quirk(struct map_reader *rd, const struct conf_where *at, size_t count,
		       char *const *words)
{
	struct map *m = rd->map;

	for (size_t i = 1; i < count; i++) {
		struct map_quirk *q = map_grow(m, &m->quirks, &m->quirk_count, sizeof(*q));

		if (q)
			*q = (struct map_quirk){map_keep(m, words[i]), rd->shown, at->line};
	}
	map_counted(rd, at, count, 1, MAP_ITEMS_MAX, "write: QUIRK name");
}

static void read_set(struct map_reader *rd, const struct conf_where *at, size_t count,
		     char *const *words)
{
	struct map *m = rd->map;
	struct map_set_item *s;
	double value;

	if (!map_counted(rd, at, count, 2, 2, "write: SET name number"))
		return;
	if (!mapnumber_parse(words[2], &value)) {
		conf_error(rd->report, at, "write: SET name number", "\"%s\" is no number",
			   words[2]);
		return;
	}
	s = map_grow(m, &m->sets, &m->set_count, sizeof(*s));
	if (s)
		*s = (struct map_set_item){map_keep(m, words[1]), value};
}

static void read_block(struct map_reader *rd, const struct conf_where *at, size_t count,
		       char *const *words)
{
	struct map *m = rd->map;
	struct map_block *b;
	double start, length;

	if (!map_counted(rd, at, count, 3, 3, "write: BLOCK holding 0x10 24"))
		return;
	if (!mapnumber_parse(words[2], &start) || !mapnumber_parse(words[3], &length) ||
	    start < 0 || length < 1 || start + length > NUMBER_MAX + 1) {
		conf_error(rd->report, at, "they are the first register, and how many: 0 to 65535",
			   "\"%s %s\" is no block", words[2], words[3]);
		return;
	}
	b = map_grow(m, &m->blocks, &m->block_count, sizeof(*b));
	if (b)
		*b = (struct map_block){map_keep(m, words[1]), (unsigned)start, (unsigned)length,
					rd->shown, at->line};
}

/* ------------------------------------------------------------------------- QUERY */

static bool query_item(struct map_reader *rd, const struct map_item *item, struct map_query *q)
{
	double length;

	if (!item->args)
		return false;
	if (str_equal(item->name, "begin")) {
		q->begin = map_keep(rd->map, item->args);
		return true;
	}
	if (str_equal(item->name, "end")) {
		q->end = map_keep(rd->map, item->args);
		return true;
	}
	if (str_equal(item->name, "when")) {
		q->when = map_keep(rd->map, item->args);
		return true;
	}
	if (str_equal(item->name, "shape")) {
		q->shape = map_keep(rd->map, item->args);
		return mapshape_valid(item->args);
	}
	if (str_equal(item->name, "codec")) {
		q->codec = mapcodec_find(item->args);
		return q->codec != NULL;
	}
	if (!str_equal(item->name, "length") || !mapnumber_parse(item->args, &length) ||
	    length < 0 || length > NUMBER_MAX)
		return false;
	q->length = (unsigned)length;
	return true;
}

static void read_query(struct map_reader *rd, const struct conf_where *at, size_t count,
		       char *const *words)
{
	static const char usage[] = "write: QUERY name text begin(text) length(number) end(text) "
				    "shape(letters) codec(name) when(number)";
	struct map *m = rd->map;
	struct map_query q = {.begin = "", .end = "%r"};
	struct map_item item;
	struct map_query *kept;
	const char *why;

	if (!map_counted(rd, at, count, 2, 8, usage))
		return;
	q.name = map_keep(m, words[1]);
	q.text = map_keep(m, words[2]);
	q.items = map_keep_words(m, 3, count, words);
	q.file = rd->shown;
	q.line = at->line;
	for (size_t i = 3; i < count; i++)
		if (!map_item_parse(words[i], &item, &why) || !query_item(rd, &item, &q))
			conf_error(rd->report, at, usage, "\"%s\" says nothing here", words[i]);
	kept = map_grow(m, &m->queries, &m->query_count, sizeof(*kept));
	if (kept)
		*kept = q;
}

/* ---------------------------------------------------------------------- SEQUENCE */

static bool sequence_step(struct map_reader *rd, const char *word, struct map_sequence_step *s)
{
	struct map *m = rd->map;
	struct map_item item;
	const char *why;
	double ms;

	if (!map_item_parse(word, &item, &why))
		return false;
	s->name = map_keep(m, item.name);
	if (str_equal(item.name, "wait")) {
		s->what = MAP_WAIT;
		if (item.argc != 1 || !mapnumber_parse(item.argv[0], &ms) || ms < 0 ||
		    ms > WAIT_MAX_MS)
			return false;
		s->ms = (unsigned)ms;
		return true;
	}
	s->what = MAP_RUN;
	if (item.argc > 0)
		s->value = map_keep(m, item.args);
	return true;
}

static void read_sequence(struct map_reader *rd, const struct conf_where *at, size_t count,
			  char *const *words)
{
	struct map *m = rd->map;
	struct map_sequence_step *steps;
	struct map_sequence *s;

	if (!map_counted(rd, at, count, 2, MAP_SEQUENCE_MAX + 1,
			 "write: SEQUENCE name command wait(125) command"))
		return;
	steps = map_take(m, (count - 2) * sizeof(*steps));
	s = map_grow(m, &m->sequences, &m->sequence_count, sizeof(*s));
	if (!steps || !s)
		return;
	s->name = map_keep(m, words[1]);
	s->steps = steps;
	s->count = count - 2;
	s->alias = str_equal(words[0], "ALIAS");
	s->items = map_keep_words(m, 2, count, words);
	s->file = rd->shown;
	s->line = at->line;
	for (size_t i = 2; i < count; i++)
		if (!sequence_step(rd, words[i], &steps[i - 2]))
			conf_error(rd->report, at,
				   "write command, command(value) or wait(milliseconds)",
				   "\"%s\" is no step", words[i]);
}

/* ------------------------------------------------------------------------ LOOKUP */

static void open_lookup(struct map_reader *rd, const struct conf_where *at, size_t count,
			char *const *words)
{
	struct map *m = rd->map;
	struct maplookup **slot;
	const struct maplookup *other;

	if (!map_counted(rd, at, count, 1, 1, "write: LOOKUP name"))
		return;
	other = map_lookup(m, words[1]);
	if (other)
		conf_error(rd->report, at, "give it another name",
			   "the table \"%s\" is at %s:%u already", words[1], other->file,
			   other->line);
	rd->lookup = map_take(m, sizeof(*rd->lookup));
	rd->rows = map_take(m, sizeof(*rd->rows) * 16);
	if (!rd->lookup || !rd->rows) {
		rd->lookup = NULL;
		return;
	}
	rd->row_count = 0;
	*rd->lookup = (struct maplookup){
		.name = map_keep(m, words[1]), .file = rd->shown, .line = at->line};
	slot = map_grow(m, &m->lookups, &m->lookup_count, sizeof(*slot));
	if (slot)
		*slot = rd->lookup;
}

void map_close_lookup(struct map_reader *rd)
{
	struct maplookup *l = rd->lookup;
	struct conf_where at;

	if (!l)
		return;
	at = (struct conf_where){.file = l->file, .line = l->line};
	l->rows = rd->rows;
	l->count = rd->row_count;
	rd->lookup = NULL;
	conf_error(rd->report, &at, "write END behind its last row", "the table \"%s\" has no end",
		   l->name);
}

static void end_lookup(struct map_reader *rd, const struct conf_where *at)
{
	struct maplookup *l = rd->lookup;

	l->rows = rd->rows;
	l->count = rd->row_count;
	rd->lookup = NULL;
	if (l->count == 0)
		conf_error(rd->report, at, "write: value text", "the table \"%s\" has no rows",
			   l->name);
}

static struct maplookup_row *new_row(struct map_reader *rd, const struct conf_where *at)
{
	size_t n = rd->row_count;

	if (n == MAP_LOOKUP_ROWS_MAX) {
		conf_error(rd->report, at, NULL, "the table \"%s\" has more than %d rows",
			   rd->lookup->name, MAP_LOOKUP_ROWS_MAX);
		return NULL;
	}
	/* 16 rows are there from the start; from then on room is doubled when it is used up. */
	if (n >= 16 && (n & (n - 1)) == 0) {
		struct maplookup_row *bigger = map_take(rd->map, 2 * n * sizeof(*bigger));

		if (!bigger)
			return NULL;
		memcpy(bigger, rd->rows, n * sizeof(*bigger));
		rd->rows = bigger;
	}
	return &rd->rows[rd->row_count++];
}

/* `1,2,5-7` are several keys, as long as all of them are of numbers; else it is one text. */
static size_t split_keys(char *word, const char *keys[], size_t max)
{
	struct maplookup_row row;
	size_t count = 0;

	for (char *p = word; p && count < max; count++) {
		keys[count] = p;
		p = strchr(p, ',');
		if (p)
			*p++ = '\0';
		maplookup_parse_key(keys[count], &row);
		if (row.key == MAPLOOKUP_TEXT)
			return 0;
		if (p && count + 1 == max)
			return 0;
	}
	return count;
}

void map_read_lookup_row(struct map_reader *rd, const struct conf_where *at, size_t count,
			 char *const *words)
{
	enum { KEYS_MAX = 32 };
	const char *keys[KEYS_MAX], *text;
	char copy[MAP_WORD_MAX];
	size_t key_count;
	double number = 0;

	if (count < 2 || count > 3 || !str_copy(copy, sizeof(copy), words[0]) ||
	    (count == 3 && !mapnumber_parse(words[2], &number))) {
		conf_error(rd->report, at, "write: value text, and a number behind if there is one",
			   "this is no row of the table \"%s\"", rd->lookup->name);
		return;
	}
	key_count = split_keys(copy, keys, KEYS_MAX);
	if (key_count == 0) {
		keys[0] = words[0];
		key_count = 1;
	}
	text = map_keep(rd->map, words[1]);
	for (size_t i = 0; i < key_count; i++) {
		struct maplookup_row *row = new_row(rd, at);

		if (!row)
			return;
		maplookup_parse_key(keys[i], row);
		if (row->key == MAPLOOKUP_TEXT)
			row->word = map_keep(rd->map, keys[i]);
		row->text = text;
		row->number = number;
		row->has_number = count == 3;
	}
}

/* -------------------------------------------------------------------- directives */

typedef void directive_fn(struct map_reader *rd, const struct conf_where *at, size_t count,
			  char *const *words);

static void read_var(struct map_reader *rd, const struct conf_where *at, size_t count,
		     char *const *words)
{
	map_read_row(rd, at, MAP_VAR, count, words);
}

static void read_status(struct map_reader *rd, const struct conf_where *at, size_t count,
			char *const *words)
{
	map_read_row(rd, at, MAP_STATUS, count, words);
}

static void read_alarm(struct map_reader *rd, const struct conf_where *at, size_t count,
		       char *const *words)
{
	map_read_row(rd, at, MAP_ALARM, count, words);
}

static void read_cmd(struct map_reader *rd, const struct conf_where *at, size_t count,
		     char *const *words)
{
	map_read_row(rd, at, MAP_CMD, count, words);
}

static const struct directive {
	const char *name;
	directive_fn *read;
} directives[] = {
	{"MAP", read_map},         {"DRIVER", read_driver},     {"VERSION", read_version},
	{"INCLUDE", read_include}, {"MATCH", map_read_match},   {"USAGE", read_usage},
	{"LOOKUP", open_lookup},   {"QUIRK", read_quirk},       {"SET", read_set},
	{"VAR", read_var},         {"STATUS", read_status},     {"ALARM", read_alarm},
	{"CMD", read_cmd},         {"SEQUENCE", read_sequence}, {"ALIAS", read_sequence},
	{"QUERY", read_query},     {"BLOCK", read_block},       {"NAME", map_read_name},
	{"COUNT", map_read_count}, {"CHAIN", map_read_chain},
};

enum { DIRECTIVES = sizeof(directives) / sizeof(*directives) };

static const struct directive *find_directive(const char *name)
{
	for (size_t i = 0; i < DIRECTIVES; i++)
		if (str_equal(directives[i].name, name))
			return &directives[i];
	return NULL;
}

static void unknown_directive(struct map_reader *rd, const struct conf_where *at, const char *word)
{
	const char *names[DIRECTIVES + 1] = {NULL};
	const char *closest;
	char mend[64];

	for (size_t i = 0; i < DIRECTIVES; i++)
		names[i] = directives[i].name;
	closest = str_closest(word, names);
	if (closest)
		str_format(mend, sizeof(mend), "did you mean \"%s\"?", closest);
	conf_error(rd->report, at, closest ? mend : "docs/maps.md has the list",
		   "there is no directive \"%s\"", word);
}

/* Counts lines, so that files that include one another have one limit. */
static bool within_limits(struct map_reader *rd, const struct conf_where *at)
{
	if (rd->lines < MAP_LINES_MAX) {
		rd->lines++;
		return !map_memory_failed(rd->map);
	}
	if (!rd->too_long)
		conf_error(rd->report, at, "the lines from here on are left out",
			   "the map has more than %d lines", MAP_LINES_MAX);
	rd->too_long = true;
	return false;
}

static bool words_fit(struct map_reader *rd, const struct conf_where *at, size_t count,
		      char *const *words)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i]) >= MAP_WORD_MAX) {
			conf_error(rd->report, at, "the line is left out",
				   "a word has more than %d bytes", MAP_WORD_MAX - 1);
			return false;
		}
	return true;
}

void map_reader_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		     struct conf_report *r)
{
	struct map_reader *rd = arg;
	const struct directive *d = find_directive(words[0]);

	(void)r;
	if (!within_limits(rd, at) || !words_fit(rd, at, count, words))
		return;
	if (!rd->shown || !str_equal(rd->shown, at->file))
		rd->shown = map_keep(rd->map, at->file);
	if (rd->lookup && str_equal(words[0], "END") && count == 1) {
		end_lookup(rd, at);
		return;
	}
	if (rd->lookup && !d) {
		map_read_lookup_row(rd, at, count, words);
		return;
	}
	map_close_lookup(rd);
	if (d)
		d->read(rd, at, count, words);
	else
		unknown_directive(rd, at, words[0]);
}
