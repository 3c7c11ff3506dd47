#include "config.h"

#include "common/base/options.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"

enum { HELP_COLUMN = 30, MAX_ROWS = 128 };

void options_begin(struct option_parser *p, const struct option_row *rows, int argc, char **argv)
{
	*p = (struct option_parser){.rows = rows, .argc = argc, .argv = argv, .index = 1};
}

static const struct option_row *row_of_letter(const struct option_row *rows, int letter)
{
	for (; rows->letter; rows++)
		if (rows->letter == letter)
			return rows;
	return NULL;
}

static const struct option_row *row_of_name(const struct option_row *rows, const char *name,
					    size_t len)
{
	for (; rows->letter; rows++)
		if (rows->name && strlen(rows->name) == len && strncmp(rows->name, name, len) == 0)
			return rows;
	return NULL;
}

static const char *closest_name(const struct option_row *rows, const char *word)
{
	const char *names[MAX_ROWS + 1];
	size_t count = 0;

	for (; rows->letter && count < MAX_ROWS; rows++)
		if (rows->name)
			names[count++] = rows->name;
	names[count] = NULL;
	return str_closest(word, names);
}

/* The value of an option that stands in the next word of the command line. */
static int take_next_word(struct option_parser *p, const struct option_row *row, const char *shown,
			  const char **value)
{
	if (p->index >= p->argc) {
		fprintf(stderr, "%s: option %s needs a value: %s\n", log_program(), shown,
			row->argument);
		return OPTION_NO_VALUE;
	}
	*value = p->argv[p->index++];
	return row->letter;
}

static int next_long(struct option_parser *p, const char *word, const char **value)
{
	const char *name = word + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_row *row = row_of_name(p->rows, name, len);

	if (!row) {
		const char *guess = closest_name(p->rows, name);

		fprintf(stderr, "%s: unknown option %s%s%s%s\n", log_program(), word,
			guess ? "; did you mean --" : "", guess ? guess : "", guess ? "?" : "");
		return OPTION_UNKNOWN;
	}
	if (!row->argument) {
		if (!equals)
			return row->letter;
		fprintf(stderr, "%s: option --%s takes no value\n", log_program(), row->name);
		return OPTION_UNKNOWN;
	}
	if (equals) {
		*value = equals + 1;
		return row->letter;
	}
	return take_next_word(p, row, word, value);
}

/* One letter of a word such as -DDFa, which may end with the value of its last letter. */
static int next_letter(struct option_parser *p, const char **value)
{
	char letter = *p->cluster++;
	const struct option_row *row = row_of_letter(p->rows, (unsigned char)letter);
	char shown[3] = {'-', letter, '\0'};

	if (!*p->cluster)
		p->cluster = NULL;
	if (!row) {
		p->cluster = NULL;
		fprintf(stderr, "%s: unknown option %s\n", log_program(), shown);
		return OPTION_UNKNOWN;
	}
	if (!row->argument)
		return row->letter;
	if (p->cluster) {
		*value = p->cluster;
		p->cluster = NULL;
		return row->letter;
	}
	return take_next_word(p, row, shown, value);
}

int options_next(struct option_parser *p, const char **value)
{
	const char *word;

	*value = NULL;
	if (p->cluster)
		return next_letter(p, value);
	if (p->index >= p->argc)
		return OPTION_END;
	word = p->argv[p->index];
	if (word[0] != '-' || word[1] == '\0')
		return OPTION_END;
	p->index++;
	if (word[1] != '-') {
		p->cluster = word + 1;
		return next_letter(p, value);
	}
	if (word[2] == '\0') {
		return OPTION_END;
	}
	return next_long(p, word, value);
}

int options_operand_count(const struct option_parser *p)
{
	return p->argc - p->index;
}

char **options_operands(const struct option_parser *p)
{
	return p->argv + p->index;
}

static int print_left(const struct option_row *row, FILE *out)
{
	char left[128];
	char letter[8] = "    ";

	if (row->letter < 256)
		str_format(letter, sizeof(letter), "-%c%s", row->letter, row->name ? ", " : "");
	str_format(left, sizeof(left), "  %s%s%s%s%s%s", letter, row->name ? "--" : "",
		   row->name ? row->name : "", row->argument ? " <" : "",
		   row->argument ? row->argument : "", row->argument ? ">" : "");
	fputs(left, out);
	return (int)strlen(left);
}

void options_print(const struct option_row *rows, FILE *out)
{
	for (; rows->letter; rows++) {
		int column = print_left(rows, out);
		const char *text = rows->help;

		for (;;) {
			int len = (int)strcspn(text, "\n");

			if (column >= HELP_COLUMN) {
				fputc('\n', out);
				column = 0;
			}
			fprintf(out, "%*s%.*s\n", HELP_COLUMN - column, "", len, text);
			if (!text[len])
				break;
			text += len + 1;
			column = 0;
		}
	}
}
