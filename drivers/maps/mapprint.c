#include "config.h"

#include "drivers/maps/mapprint.h"

#include "common/base/buffer.h"
#include "common/base/str.h"
#include "common/base/words.h"

static void print_word(const char *word, FILE *out)
{
	struct buffer b = {.max = 4096};

	words_append_word(&b, word);
	fputs(buffer_string(&b), out);
	buffer_free(&b);
}

static void print_line(const char *const *words, const char *items, FILE *out)
{
	for (size_t i = 0; words[i]; i++) {
		if (i)
			fputc(' ', out);
		print_word(words[i], out);
	}
	if (items && *items)
		fprintf(out, " %s", items);
	fputc('\n', out);
}

static void print_heads(const struct map *m, FILE *out)
{
	if (m->name)
		print_line((const char *const[]){"MAP", m->name, m->title, NULL}, NULL, out);
	if (m->driver[0])
		print_line((const char *const[]){"DRIVER", m->driver, NULL}, NULL, out);
	if (m->version[0])
		print_line((const char *const[]){"VERSION", m->version, NULL}, NULL, out);
	for (size_t i = 0; i < m->name_count; i++)
		print_line((const char *const[]){"NAME", m->names[i].name, NULL}, NULL, out);
	for (size_t i = 0; i < m->match_count; i++) {
		const struct map_match *match = &m->matches[i];
		const char *value = match->how == MAP_MATCH_NEVER ? NULL : match->value;

		print_line((const char *const[]){"MATCH", map_match_names[match->how], value, NULL},
			   match->items, out);
	}
	for (size_t i = 0; i < m->quirk_count; i++)
		print_line((const char *const[]){"QUIRK", m->quirks[i].name, NULL}, NULL, out);
	for (size_t i = 0; i < m->set_count; i++) {
		char number[32];

		str_format(number, sizeof(number), "%.10g", m->sets[i].value);
		print_line((const char *const[]){"SET", m->sets[i].name, number, NULL}, NULL, out);
	}
	for (size_t i = 0; i < m->usage_count; i++) {
		char number[16];

		str_format(number, sizeof(number), "%08x", m->usages[i].number);
		print_line((const char *const[]){"USAGE", m->usages[i].name, number, NULL}, NULL,
			   out);
	}
}

static void print_parts(const struct map *m, FILE *out)
{
	if (m->chain.count)
		print_line((const char *const[]){"CHAIN", m->chain.count, m->chain.where, NULL},
			   NULL, out);
	for (size_t i = 0; i < m->count_count; i++)
		print_line((const char *const[]){"COUNT", m->counts[i].name, m->counts[i].where,
						 NULL},
			   NULL, out);
}

static void lookup_key(const struct maplookup_row *row, char *dst, size_t size)
{
	switch (row->key) {
	case MAPLOOKUP_NUMBER:
		str_format(dst, size, "%.10g", row->low);
		break;
	case MAPLOOKUP_RANGE:
		str_format(dst, size, "%.10g-%.10g", row->low, row->high);
		break;
	case MAPLOOKUP_ALL:
		str_format(dst, size, "&0x%x", (unsigned)row->low);
		break;
	case MAPLOOKUP_BITS:
		str_format(dst, size, "&0x%x:0x%x", (unsigned)row->low, (unsigned)row->high);
		break;
	case MAPLOOKUP_ANY:
		str_copy(dst, size, "*");
		break;
	case MAPLOOKUP_TEXT:
		str_copy(dst, size, row->word);
		break;
	}
}

static void print_lookup(const struct maplookup *l, FILE *out)
{
	print_line((const char *const[]){"LOOKUP", l->name, NULL}, NULL, out);
	for (size_t i = 0; i < l->count; i++) {
		const struct maplookup_row *row = &l->rows[i];
		char key[MAP_WORD_MAX], number[32];

		lookup_key(row, key, sizeof(key));
		str_format(number, sizeof(number), "%.10g", row->number);
		fputc('\t', out);
		print_line((const char *const[]){key, row->text, row->has_number ? number : NULL,
						 NULL},
			   NULL, out);
	}
	fputs("END\n", out);
}

static void print_wires(const struct map *m, FILE *out)
{
	for (size_t i = 0; i < m->query_count; i++)
		print_line((const char *const[]){"QUERY", m->queries[i].name, m->queries[i].text,
						 NULL},
			   m->queries[i].items, out);
	for (size_t i = 0; i < m->block_count; i++)
		fprintf(out, "BLOCK %s %u %u\n", m->blocks[i].type, m->blocks[i].start,
			m->blocks[i].count);
}

static void print_row(const struct map_row *row, FILE *out)
{
	char name[MAP_WORD_MAX + 1];

	str_format(name, sizeof(name), "%s%s", row->flags & MAP_NEGATED ? "!" : "", row->name);
	print_line((const char *const[]){map_row_names[row->kind], row->where, name, NULL},
		   row->items, out);
}

void mapprint(const struct map *m, FILE *out)
{
	print_heads(m, out);
	for (size_t i = 0; i < m->lookup_count; i++)
		print_lookup(m->lookups[i], out);
	print_wires(m, out);
	print_parts(m, out);
	for (size_t i = 0; i < m->row_count; i++)
		print_row(&m->rows[i], out);
	for (size_t i = 0; i < m->sequence_count; i++)
		print_line((const char *const[]){m->sequences[i].alias ? "ALIAS" : "SEQUENCE",
						 m->sequences[i].name, NULL},
			   m->sequences[i].items, out);
}
