/*
 * nutconf check: tells what is wrong with the configuration files.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clients/nutconf/check.h"
#include "clients/nutconf/tools.h"
#include "clients/nutconf/verbs.h"
#include "common/base/buffer.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"

static const char token[] = "check";

enum { OPT_JSON = 256, OPT_LOCAL, OPT_RUN_AS };

enum { STATUS_FINE = 0, STATUS_ERRORS = 1, STATUS_WARNINGS = 2, STATUS_USAGE = 64 };

static const struct option_row rows[] = {
	{OPT_LOCAL, "local", "DIR", "look at the files in this folder, not at the system's"},
	{OPT_RUN_AS, "run-as", "USER", "whom the daemons become (" RUN_AS_USER ")"},
	{'q', "quiet", NULL, "leave hints out"},
	{OPT_JSON, "json", NULL, "print JSON"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

static int print_help(void)
{
	printf("usage: nutconf check [options]\n\nLooks through all configuration files together.  "
	       "The exit status is 0 when they\nare fine, 1 when something is wrong, 2 when there "
	       "are warnings only.\n\n");
	options_print(rows, stdout);
	return 0;
}

static void append_string(struct buffer *b, const char *key, const char *value)
{
	buffer_appendf(b, "\"%s\": ", key);
	json_append_string(b, value);
}

static void print_json(const struct check *c, bool all)
{
	struct buffer b = {0};
	bool first = true;

	buffer_append_str(&b, "{\"findings\": [");
	for (size_t i = 0; i < c->count; i++) {
		const struct check_finding *f = &c->findings[i];

		if (!all && f->severity == CHECK_HINT)
			continue;
		buffer_append_str(&b, first ? "\n  {" : ",\n  {");
		append_string(&b, "severity", check_severity_name(f->severity));
		buffer_append_str(&b, ", ");
		append_string(&b, "code", f->code);
		buffer_append_str(&b, ", ");
		append_string(&b, "file", f->file);
		buffer_appendf(&b, ", \"line\": %u, ", f->line);
		append_string(&b, "text", f->text);
		buffer_append_char(&b, '}');
		first = false;
	}
	buffer_appendf(&b, "%s], \"errors\": %u, \"warnings\": %u, \"hints\": %u}\n",
		       first ? "" : "\n", c->errors, c->warnings, c->hints);
	fputs(buffer_string(&b), stdout);
	buffer_free(&b);
}

static void print_count(unsigned n, const char *what, const char *behind)
{
	printf("%u %s%s%s", n, what, n == 1 ? "" : "s", behind);
}

static int look(const char *daemon_user, bool all, bool json)
{
	struct check c;
	int status;

	check_site(&c, daemon_user);
	if (json) {
		print_json(&c, all);
	} else {
		check_print(&c, all, stdout);
		print_count(c.errors, "error", ", ");
		print_count(c.warnings, "warning", ", ");
		print_count(c.hints, "hint", "");
		printf(" in %s\n", paths_conf());
	}
	status = c.errors || c.lost ? STATUS_ERRORS : c.warnings ? STATUS_WARNINGS : STATUS_FINE;
	check_free(&c);
	return status;
}

int verb_check(int argc, char **argv)
{
	const char *value, *user = NULL;
	bool all = true, json = false;
	struct option_parser p;
	int letter;

	options_begin(&p, rows, argc, argv);
	while ((letter = options_next(&p, &value)) != OPTION_END) {
		switch (letter) {
		case OPT_LOCAL:
			if (tools_use_private(value, true))
				break;
			log_error(token, "%s cannot be opened: %s", value, strerror(errno));
			return STATUS_USAGE;
		case OPT_RUN_AS:
			user = value;
			break;
		case 'q':
			all = false;
			break;
		case OPT_JSON:
			json = true;
			break;
		case 'h':
			return print_help();
		default:
			return STATUS_USAGE;
		}
	}
	if (options_operand_count(&p)) {
		log_error(token,
			  "\"%s\" is one word too many; nutconf check -h tells what there is",
			  options_operands(&p)[0]);
		return STATUS_USAGE;
	}
	privilege_hide_memory();
	return look(user, all, json);
}
