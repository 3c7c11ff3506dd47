/*
 * upsrw: lists the variables of a UPS that can be set, and sets one.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/cli.h"
#include "clients/cli/namelist.h"
#include "common/base/options.h"
#include "common/base/str.h"

static const char usage[] =
	"usage: upsrw [options] [-l] UPS               list the variables that can be set\n"
	"       upsrw [options] -s VARIABLE=VALUE UPS  set one\n"
	"UPS is NAME[@HOST[:PORT]], on this host if none is named.\n";

static const struct option_row rows[] = {
	{'l', "list", NULL, "list what can be set (as without -s)"},
	{'s', "set", "VARIABLE[=VALUE]", "set a variable; without a value it is asked for"},
	CLI_OPTIONS_ORDERS,
	CLI_OPTIONS_COMMON,
	{0, NULL, NULL, NULL},
};

/* What GET TYPE says of a variable. */
struct type {
	bool is_range, is_enum, is_number, is_string;
	const char *length; /* of a string; borrowed from the answer */
};

/* The current value; false after reporting. Owned by the caller. */
static bool get_value(struct cli *c, const char *name, char **value)
{
	const char *query[] = {"VAR", c->ups, name};
	size_t count;
	char **answer;

	if (upscli_get(&c->conn, 3, query, &count, &answer) < 0) {
		cli_fail(c, "can't get current value of %s: %s", name, upscli_strerror(&c->conn));
		return false;
	}
	if (count < 4) {
		cli_fail_short(c, count, 4);
		return false;
	}
	*value = str_dup(answer[3]);
	return *value != NULL;
}

static bool print_plain(struct cli *c, const char *name, const struct type *type)
{
	char *value;

	if (!get_value(c, name, &value))
		return false;
	if (type->is_string)
		printf("Type: STRING\nMaximum length: %s\n", type->length);
	else
		printf("Type: NUMBER\n");
	printf("Value: %s\n", value);
	free(value);
	return true;
}

static void print_enum_option(char **item, const char *value)
{
	printf("Option: \"%s\"%s\n", item[3], str_equal(item[3], value) ? " SELECTED" : "");
}

static void print_range_option(char **item, const char *value)
{
	double low, high, now;
	bool within = str_to_double(item[3], &low) && str_to_double(item[4], &high) &&
		      str_to_double(value, &now) && low <= now && now <= high;

	printf("Option: \"%s-%s\"%s\n", item[3], item[4], within ? " SELECTED" : "");
}

/* `kind` is ENUM or RANGE; items of fewer words than `least` end the program. */
static bool print_options(struct cli *c, const char *name, const char *kind, size_t least,
			  void (*print)(char **item, const char *value))
{
	const char *query[] = {kind, c->ups, name};
	size_t count;
	char **item;
	char *value;
	int more;

	if (!get_value(c, name, &value))
		return false;
	more = upscli_list_start(&c->conn, 3, query);
	while (more >= 0) {
		more = upscli_list_next(&c->conn, 3, query, &count, &item);
		if (more != 1)
			break;
		if (count < least) {
			cli_fail_short(c, count, least);
			free(value);
			return false;
		}
		print(item, value);
	}
	free(value);
	if (more < 0)
		cli_fail_library(c);
	return more == 0;
}

/* False after reporting; then the list cannot go on. */
static bool print_typed(struct cli *c, const char *name, const struct type *type)
{
	if (type->is_range) {
		printf("Type: RANGE NUMBER\n");
		return print_options(c, name, "RANGE", 5, print_range_option);
	}
	if (type->is_enum) {
		printf("Type: ENUM %s\n", type->is_string ? "STRING" : "NUMBER");
		if (type->is_string)
			printf("Maximum length: %s\n", type->length);
		return print_options(c, name, "ENUM", 4, print_enum_option);
	}
	if (type->is_string || type->is_number)
		return print_plain(c, name, type);
	return true;
}

static bool print_type_and_value(struct cli *c, const char *name)
{
	const char *query[] = {"TYPE", c->ups, name};
	struct type type = {0};
	char length[32] = "";
	size_t count;
	char **answer;

	if (upscli_get(&c->conn, 3, query, &count, &answer) < 0) {
		printf("Unknown type\n");
		return true;
	}
	for (size_t i = 3; i < count; i++) {
		if (str_caseequal(answer[i], "RANGE")) {
			type.is_range = true;
		} else if (str_caseequal(answer[i], "ENUM")) {
			type.is_enum = true;
		} else if (str_caseequal(answer[i], "NUMBER")) {
			type.is_number = true;
		} else if (str_casestarts(answer[i], "STRING:")) {
			type.is_string = true;
			str_copy(length, sizeof(length), answer[i] + strlen("STRING:"));
		} else if (!str_caseequal(answer[i], "RW")) {
			printf("Type: %s (unrecognized)\n", answer[i]);
		}
	}
	type.length = length;
	return print_typed(c, name, &type);
}

static bool print_entry(struct cli *c, const char *name)
{
	const char *query[] = {"DESC", c->ups, name};
	size_t count;
	char **answer;
	bool described = upscli_get(&c->conn, 3, query, &count, &answer) == 0 && count >= 4;

	printf("[%s]\n%s\n", name, described ? answer[3] : "Description unavailable");
	if (!print_type_and_value(c, name))
		return false;
	putchar('\n');
	return true;
}

static int list_variables(struct cli *c)
{
	struct namelist names = {0};
	bool ok = namelist_fetch(&names, c, "RW");

	for (size_t i = 0; ok && i < names.count; i++)
		ok = print_entry(c, names.names[i]);
	namelist_free(&names);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int set_variable(struct cli *c, const char *name, const char *value)
{
	const char *words[] = {"SET", "VAR", c->ups, name, value};

	if (!strchr(name, '.'))
		return cli_fail(c, "old variable names are not supported");
	if (!cli_login(c))
		return EXIT_FAILURE;
	return cli_order(c, "Set variable", 5, words) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* `setting` is VARIABLE=VALUE, or VARIABLE, whose value is then asked for. */
static int set_from(struct cli *c, const char *setting)
{
	const char *equals = strchr(setting, '=');
	char name[256], prompt[300], value[1024];

	if (!str_format(name, sizeof(name), "%.*s",
			equals ? (int)(equals - setting) : (int)strlen(setting), setting))
		return cli_fail(c, "the name of the variable is too long");
	if (equals)
		return set_variable(c, name, equals + 1);
	str_format(prompt, sizeof(prompt), "Enter new value for %s: ", name);
	if (!cli_read_line(prompt, value, sizeof(value)))
		return cli_fail(c, "no value given for %s", name);
	return set_variable(c, name, value);
}

int main(int argc, char **argv)
{
	struct option_parser parser;
	struct cli c;
	const char *value, *setting = NULL;
	int letter, status;

	cli_init(&c, "upsrw");
	options_begin(&parser, rows, argc, argv);
	while ((letter = options_next(&parser, &value)) != OPTION_END) {
		enum cli_option taken = cli_take_option(&c, letter, value, usage, rows);

		if (taken == CLI_DONE || taken == CLI_WRONG)
			return taken == CLI_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
		if (letter == 's')
			setting = value;
	}
	if (options_operand_count(&parser) < 1) {
		cli_print_help(usage, rows);
		return EXIT_SUCCESS;
	}
	if (!cli_open_ups(&c, options_operands(&parser)[0]))
		status = c.failure;
	else
		status = setting ? set_from(&c, setting) : list_variables(&c);
	cli_close(&c);
	return status;
}
