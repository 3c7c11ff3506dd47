/*
 * upscmd: lists the instant commands of a UPS, and gives them.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/cli.h"
#include "clients/cli/namelist.h"
#include "common/base/options.h"

static const char usage[] = "usage: upscmd [options] UPS COMMAND [VALUE]  give a command\n"
			    "       upscmd [options] -l UPS              list its commands\n"
			    "UPS is NAME[@HOST[:PORT]], on this host if none is named.\n";

static const struct option_row rows[] = {
	{'l', "list", NULL, "list the commands of a UPS with what they do"},
	CLI_OPTIONS_ORDERS,
	CLI_OPTIONS_COMMON,
	{0, NULL, NULL, NULL},
};

/* The description, or the name alone where the server has none to give. */
static void print_command(struct cli *c, const char *name)
{
	const char *query[] = {"CMDDESC", c->ups, name};
	size_t count;
	char **answer;

	if (upscli_get(&c->conn, 3, query, &count, &answer) < 0 || count < 4)
		printf("%s\n", name);
	else
		printf("%s - %s\n", name, answer[3]);
}

static int list_commands(struct cli *c)
{
	struct namelist names = {0};

	if (!namelist_fetch(&names, c, "CMD"))
		return EXIT_FAILURE;
	printf("Instant commands supported on UPS [%s]:\n\n", c->ups);
	for (size_t i = 0; i < names.count; i++)
		print_command(c, names.names[i]);
	namelist_free(&names);
	return EXIT_SUCCESS;
}

static int give_command(struct cli *c, char **operands, int count)
{
	const char *words[] = {"INSTCMD", c->ups, operands[1], count > 2 ? operands[2] : ""};

	if (!strchr(operands[1], '.'))
		return cli_fail(c, "old command names are not supported");
	if (!cli_login(c))
		return EXIT_FAILURE;
	return cli_order(c, "Instant command", count > 2 ? 4 : 3, words) ? EXIT_SUCCESS
									 : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct option_parser parser;
	struct cli c;
	const char *value;
	bool list = false;
	int letter, count, status;
	char **operands;

	cli_init(&c, "upscmd");
	options_begin(&parser, rows, argc, argv);
	while ((letter = options_next(&parser, &value)) != OPTION_END) {
		enum cli_option taken = cli_take_option(&c, letter, value, usage, rows);

		if (taken == CLI_DONE || taken == CLI_WRONG)
			return taken == CLI_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
		if (letter == 'l')
			list = true;
	}
	operands = options_operands(&parser);
	count = options_operand_count(&parser);
	if (count < (list ? 1 : 2)) {
		cli_print_help(usage, rows);
		return EXIT_SUCCESS;
	}
	if (!cli_open_ups(&c, operands[0]))
		status = c.failure;
	else
		status = list ? list_commands(&c) : give_command(&c, operands, count);
	cli_close(&c);
	return status;
}
