#include "config.h"

#include "clients/secure/cmdline.h"

void cmdline_begin(struct cmdline *c, const struct option_row *rows, int argc, char **argv)
{
	options_begin(&c->parser, rows, argc, argv);
}

int cmdline_next(struct cmdline *c, const char **value)
{
	int letter = options_next(&c->parser, value);
	int left = options_operand_count(&c->parser);
	char **words = options_operands(&c->parser);

	if (letter != OPTION_END || left == 0)
		return letter;
	*value = words[0];
	/* The parser skips the first word as a program's name: here that is the operand. */
	options_begin(&c->parser, c->parser.rows, left, words);
	return CMDLINE_OPERAND;
}
