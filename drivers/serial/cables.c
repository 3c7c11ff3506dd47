#include "config.h"

#include "drivers/serial/cables.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "drivers/maps/mapset.h"
#include "drivers/transport/serial.h"

enum { TYPE_MAX = 9999, FIXED_WORDS = 5 };

const char cables_driver[] = "genericups";
const char cables_suffix[] = ".cables";

struct line_name {
	const char *name;
	unsigned line;
};
static const struct line_name inputs[] = {{"CTS", SERIAL_CTS}, {"DCD", SERIAL_DCD},
					  {"DSR", SERIAL_DSR}, {"RNG", SERIAL_RI},
					  {"RI", SERIAL_RI},   {NULL, 0}};
static const struct line_name outputs[] = {
	{"DTR", SERIAL_DTR}, {"RTS", SERIAL_RTS}, {"ST", SERIAL_ST}, {NULL, 0}};

/* ------------------------------------------------------------------- lines */

/* The next name in the text, and whether a `-` is before it. */
static const struct line_name *next_name(const char **text, const struct line_name *names,
					 bool *low)
{
	for (const char *p = *text; *p; p++) {
		for (const struct line_name *n = names; n->name; n++) {
			size_t len = strlen(n->name);

			if (str_ncasecmp(p, n->name, len) != 0)
				continue;
			*low = p > *text && p[-1] == '-';
			*text = p + len;
			return n;
		}
	}
	return NULL;
}

static bool says_none(const char *text)
{
	return str_caseequal(text, "none") || str_caseequal(text, "NULL");
}

bool cables_parse_inputs(const char *text, struct cable_test *test)
{
	const struct line_name *n;
	bool low;

	*test = (struct cable_test){0, 0};
	while ((n = next_name(&text, inputs, &low))) {
		test->mask |= n->line;
		test->value = low ? test->value & ~n->line : test->value | n->line;
	}
	return test->mask != 0;
}

bool cables_parse_outputs(const char *text, unsigned *lines)
{
	const struct line_name *n;
	bool low, found = says_none(text);

	*lines = 0;
	while ((n = next_name(&text, outputs, &low))) {
		found = true;
		if (!low)
			*lines |= n->line;
	}
	return found;
}

bool cables_parse_shutdown(const char *text, struct cable *c)
{
	if (str_caseequal(text, "BREAK")) {
		c->shutdown = CABLE_BREAK;
		return true;
	}
	c->shutdown = CABLE_LINES;
	return cables_parse_outputs(text, &c->shutdown_lines);
}

/* ------------------------------------------------------------------- files */

struct reading {
	struct cables *cables;
	bool no_memory;
};

/* name(lines) */
static bool take_item(struct cable *c, char *item)
{
	static const char *const senses[CABLE_SENSES] = {"OL", "LB", "RB", "BYPASS"};
	char *value = strchr(item, '('), *end = strrchr(item, ')');

	if (!value || !end || end < value || end[1])
		return false;
	*value++ = *end = '\0';
	if (str_caseequal(item, "CP"))
		return cables_parse_outputs(value, &c->power_lines);
	if (str_caseequal(item, "SD"))
		return cables_parse_shutdown(value, c);
	for (size_t i = 0; i < CABLE_SENSES; i++)
		if (str_caseequal(item, senses[i]))
			return cables_parse_inputs(value, &c->tests[i]);
	return false;
}

static void keep(struct reading *r, const struct cable *c)
{
	struct cable *grown = realloc(r->cables->rows, (r->cables->count + 1) * sizeof(*grown));

	if (!grown) {
		r->no_memory = true;
		return;
	}
	r->cables->rows = grown;
	grown[r->cables->count++] = *c;
}

static void take_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *report)
{
	struct cable c = {0};

	if (!str_caseequal(words[0], "CABLE") || count < FIXED_WORDS) {
		conf_error(report, at,
			   "write CABLE number \"maker\" \"model\" \"title\" CP(lines) OL(lines)",
			   "no cable");
		return;
	}
	if (!conf_parse_long(report, at, "the number of the cable", words[1], 0, TYPE_MAX, &c.type))
		return;
	str_copy(c.mfr, sizeof(c.mfr), words[2]);
	str_copy(c.model, sizeof(c.model), words[3]);
	str_copy(c.title, sizeof(c.title), words[4]);
	for (size_t i = FIXED_WORDS; i < count; i++) {
		if (take_item(&c, words[i]))
			continue;
		conf_error(report, at, "it is CP, SD, OL, LB, RB or BYPASS and lines: OL(-CTS)",
			   "\"%s\" of cable %ld is not known", words[i], c.type);
		return;
	}
	if (!c.tests[CABLE_OL].mask)
		conf_error(report, at, "say what it looks like, OL(CTS) or the like",
			   "cable %ld cannot tell that it is on line", c.type);
	else if (cables_find(((struct reading *)arg)->cables, c.type))
		conf_error(report, at, "each number is one cable", "there is a cable %ld already",
			   c.type);
	else
		keep(arg, &c);
}

static int by_type(const void *a, const void *b)
{
	const struct cable *x = a, *y = b;

	return x->type < y->type ? -1 : x->type > y->type;
}

static void read_path(const char *path, struct reading *reading, struct conf_report *r)
{
	int err = conffile_read_lines(path, take_line, reading, r);

	if (err)
		conf_error(r, &(struct conf_where){.file = path}, NULL, "cannot be read: %s",
			   conffile_why(err));
}

bool cables_load_path(struct cables *c, const char *path, struct conf_report *r)
{
	struct reading reading = {c, false};

	*c = (struct cables){NULL, 0};
	read_path(path, &reading, r);
	return !reading.no_memory;
}

bool cables_load(struct cables *c, struct conf_report *r)
{
	struct reading reading = {c, false};
	char **files = mapset_files(cables_driver, cables_suffix), path[PATH_MAX];

	*c = (struct cables){NULL, 0};
	for (size_t i = 0; files && files[i]; i++)
		if (map_path(cables_driver, files[i], cables_suffix, path, sizeof(path)))
			read_path(path, &reading, r);
	reading.no_memory |= !files;
	mapset_files_free(files);
	if (c->count)
		qsort(c->rows, c->count, sizeof(*c->rows), by_type);
	return !reading.no_memory;
}

void cables_free(struct cables *c)
{
	free(c->rows);
	*c = (struct cables){NULL, 0};
}

const struct cable *cables_find(const struct cables *c, long type)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->rows[i].type == type)
			return &c->rows[i];
	return NULL;
}
