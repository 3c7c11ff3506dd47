/*
 * options: one table-driven command line parser for every program.
 *
 * Short options are NUT's, long ones stand beside them.  As in NUT, parsing
 * stops at the first word that is not an option.  `-DDD`, `-a name`, `-aname`,
 * `--long value` and `--long=value` all work.
 */
#ifndef COMMON_BASE_OPTIONS_H
#define COMMON_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct option_row {
	int letter;	      /* the short option's letter, or a number >= 256 if it has none */
	const char *name;     /* the long option, without dashes; NULL if none */
	const char *argument; /* what its value is called in the help; NULL = a switch */
	const char *help;     /* one line; a LF starts another */
};

struct option_parser {
	const struct option_row *rows; /* ends with a row of letter 0 */
	int argc;
	char **argv;
	/* private */
	int index;
	const char *cluster;
};

enum {
	OPTION_END = -1,     /* options_operands() follow */
	OPTION_UNKNOWN = -2, /* reported on stderr with the closest match */
	OPTION_NO_VALUE = -3 /* reported on stderr */
};

void options_begin(struct option_parser *p, const struct option_row *rows, int argc, char **argv);

/* The next option's letter; *value is its argument (borrowed from argv) or NULL. */
int options_next(struct option_parser *p, const char **value);

/* After OPTION_END: the words that are left. */
int options_operand_count(const struct option_parser *p);
char **options_operands(const struct option_parser *p);

/* Prints the table as help text, aligned. */
void options_print(const struct option_row *rows, FILE *out);

#endif
