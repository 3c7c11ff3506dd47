/*
 * upsc: shows what a UPS says of itself.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "clients/cli/cli.h"
#include "clients/cli/output.h"
#include "common/base/options.h"

static const char usage[] =
	"usage: upsc [options] UPS [VARIABLE]      its variables, or one value\n"
	"       upsc [options] -l|-L [HOST[:PORT]]  the UPSes of a server\n"
	"       upsc [options] -c UPS               who is logged in to it\n"
	"UPS is NAME[@HOST[:PORT]], on this host if none is named.\n";

static const struct option_row rows[] = {
	{'l', "list", NULL, "list the UPSes of a server, one name a line"},
	{'L', "list-full", NULL, "list them with their descriptions"},
	{'c', "clients", NULL, "list the addresses of clients that are logged in"},
	{'j', "json", NULL, "print JSON"},
	CLI_OPTIONS_COMMON,
	{0, NULL, NULL, NULL},
};

enum mode { SHOW_UPS, LIST_NAMES, LIST_DESCRIPTIONS, LIST_CLIENTS };

/* A list from the server, and which words of its items are printed. */
struct listing {
	size_t query_words;
	const char *query[2];
	size_t key_word;   /* index in an item; 0 = there is none */
	size_t value_word; /* index in an item */
};

static int fail(struct cli *c, struct output *out)
{
	cli_fail_library(c);
	output_error(out, c->why);
	return EXIT_FAILURE;
}

static int fail_short(struct cli *c, struct output *out, size_t got, size_t least)
{
	cli_fail_short(c, got, least);
	output_error(out, c->why);
	return EXIT_FAILURE;
}

static int print_list(struct cli *c, struct output *out, const struct listing *list)
{
	const char **query = (const char **)(void *)list->query;
	enum output_shape shape = list->key_word ? OUTPUT_MAP : OUTPUT_LIST;
	size_t least = list->value_word + 1;
	size_t count;
	char **item;
	int more;

	/* A list of variables is an object from the start, errors included. */
	if (strcmp(list->query[0], "VAR") == 0)
		output_begin(out, shape);
	if (upscli_list_start(&c->conn, list->query_words, query) < 0 &&
	    (!cli_login_to_read(c) || upscli_list_start(&c->conn, list->query_words, query) < 0))
		return fail(c, out);
	if (!out->open)
		output_begin(out, shape);
	while ((more = upscli_list_next(&c->conn, list->query_words, query, &count, &item)) == 1) {
		if (count < least)
			return fail_short(c, out, count, least);
		output_item(out, list->key_word ? item[list->key_word] : NULL,
			    item[list->value_word]);
	}
	if (more < 0)
		return fail(c, out);
	output_end(out);
	return EXIT_SUCCESS;
}

static int print_variable(struct cli *c, struct output *out, const char *name)
{
	const char *query[] = {"VAR", c->ups, name};
	size_t count;
	char **answer;

	/* Names without a dot are those of a protocol that nobody speaks any more. */
	if (!strchr(name, '.')) {
		cli_fail(c, "old-style variable names are not supported");
		output_error(out, c->why);
		return EXIT_FAILURE;
	}
	if (upscli_get(&c->conn, 3, query, &count, &answer) < 0 &&
	    (!cli_login_to_read(c) || upscli_get(&c->conn, 3, query, &count, &answer) < 0))
		return fail(c, out);
	if (count < 4)
		return fail_short(c, out, count, 4);
	output_begin(out, OUTPUT_VALUE);
	output_item(out, NULL, answer[3]);
	return EXIT_SUCCESS;
}

static int run(struct cli *c, enum mode mode, struct output *out, char **operands, int count)
{
	struct listing list = {0};
	bool of_host = mode == LIST_NAMES || mode == LIST_DESCRIPTIONS;

	if (of_host ? !cli_open_host(c, count > 0 ? operands[0] : NULL)
		    : !cli_open_ups(c, count > 0 ? operands[0] : NULL)) {
		output_error(out, c->why);
		return c->failure;
	}
	if (mode == SHOW_UPS && count > 1)
		return print_variable(c, out, operands[1]);
	if (of_host)
		list = (struct listing){1,
					{"UPS"},
					mode == LIST_DESCRIPTIONS ? 1 : 0,
					mode == LIST_DESCRIPTIONS ? 2 : 1};
	else if (mode == LIST_CLIENTS)
		list = (struct listing){2, {"CLIENT", c->ups}, 0, 2};
	else
		list = (struct listing){2, {"VAR", c->ups}, 2, 3};
	return print_list(c, out, &list);
}

int main(int argc, char **argv)
{
	struct option_parser parser;
	struct output out = {.to = stdout};
	struct cli c;
	enum mode mode = SHOW_UPS;
	const char *value;
	int letter, status;

	cli_init(&c, "upsc");
	options_begin(&parser, rows, argc, argv);
	while ((letter = options_next(&parser, &value)) != OPTION_END) {
		enum cli_option taken = cli_take_option(&c, letter, value, usage, rows);

		if (taken == CLI_DONE || taken == CLI_WRONG)
			return taken == CLI_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
		if (letter == 'l')
			mode = LIST_NAMES;
		else if (letter == 'L')
			mode = LIST_DESCRIPTIONS;
		else if (letter == 'c')
			mode = LIST_CLIENTS;
		else if (letter == 'j')
			out.json = true;
	}
	status = run(&c, mode, &out, options_operands(&parser), options_operand_count(&parser));
	cli_close(&c);
	return status;
}
