#include "config.h"

#include "drivers/core/invocation.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/str.h"

static const struct option_row rows[] = {
	{'a', "ups", "id", "the section of ups.conf to serve"},
	{'s', "no-config", "id", "serve without ups.conf, under this name; needs -x port=..."},
	{'x', "set", "var[=val]", "a key of ups.conf, over what the file says"},
	{'i', "interval", "secs", "seconds between two polls (pollinterval)"},
	{'F', "foreground", NULL, "stay in the foreground; twice: and write the pid file"},
	{'B', "background", NULL, "go to the background, also with -D"},
	{'D', "debug", NULL, "say more, and more with each repetition; stays in the foreground"},
	{'d', "dump", "count", "print the variables after count more polls, and end"},
	{'k', "killpower", NULL, "cut the power of the load"},
	{'c', "command", "cmd",
	 "tell the running driver: reload, reload-or-error,\n"
	 "reload-or-exit, exit, dump"},
	{'P', "pid", "pid", "send -c's signal to this process"},
	{'r', "chroot", "dir", "confine the process to that folder"},
	{'u', "user", "user", "run as that user (when started as root)"},
	{'g', "group", "group", "the group that may use the socket"},
	{'L', "list", NULL, "list the keys that this driver knows"},
	{'q', "quiet", NULL, "leave the banner out"},
	{'V', "version", NULL, "show the version"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

enum {
	ROW_COUNT = sizeof(rows) / sizeof(rows[0]),
	OPT_OWN = 1024, /* and more: the driver's options, by their place in its table */
};

/* ---------------------------------------------------------------- the driver's long options */

static size_t count_looks(const struct driver *d)
{
	size_t count = 0;

	for (const struct driver_option *o = d->options; o && o->name; o++)
		count += o->flags & DRIVER_OPTION_LOOK ? 1 : 0;
	return count;
}

static char *long_name(const char *name)
{
	char *copy = str_dup(name);

	for (char *p = copy; p && *p; p++)
		*p = *p == '_' ? '-' : *p;
	return copy;
}

/* The rows above, and those of the driver behind them. */
static bool make_rows(struct invocation *in, const struct driver *d, size_t words)
{
	size_t looks = count_looks(d), at = ROW_COUNT - 1;

	in->rows = calloc(ROW_COUNT + looks, sizeof(*in->rows));
	in->owned = calloc(looks + words + 1, sizeof(*in->owned));
	if (!in->rows || !in->owned)
		return false;
	memcpy(in->rows, rows, sizeof(rows));
	for (const struct driver_option *o = d->options; o && o->name; o++) {
		if (!(o->flags & DRIVER_OPTION_LOOK))
			continue;
		in->rows[at].letter = OPT_OWN + (int)(o - d->options);
		in->rows[at].name = in->owned[at - (ROW_COUNT - 1)] = long_name(o->name);
		in->rows[at].argument = o->argument;
		in->rows[at++].help = o->help;
	}
	return true;
}

static char **free_place(struct invocation *in)
{
	char **p = in->owned;

	while (*p)
		p++;
	return p;
}

/* As -x name=value. */
static bool take_look(struct invocation *in, const struct driver_option *o, const char *value)
{
	size_t size = strlen(o->name) + (value ? strlen(value) : 0) + 2;
	char *text = malloc(size);

	if (!text)
		return false;
	str_format(text, size, "%s%s%s", o->name, value ? "=" : "", value ? value : "");
	*free_place(in) = text;
	in->cli.x[in->cli.x_count++] = text;
	in->look = true;
	return true;
}

/* ---------------------------------------------------------------------- command line */

static void print_banner(const struct driver *d, bool always)
{
	char what[256];

	str_format(what, sizeof(what), "- %s driver %s", d->description, d->version);
	log_banner(what, always);
}

static void print_options(const struct driver *d)
{
	for (const struct driver_option *o = d->options; o && o->name; o++)
		printf("%s %s \"%s\"\n", o->argument ? "VALUE" : "FLAG", o->name, o->help);
}

static void print_help(const struct invocation *in, const struct driver *d)
{
	print_banner(d, true);
	printf("\nusage: %s -a <id> [options]\n       %s -s <id> -x port=<port> [options]\n\n",
	       d->name, d->name);
	options_print(in->rows, stdout);
	if (d->options && d->options[0].name)
		printf("\nkeys of ups.conf for this driver:\n");
	for (const struct driver_option *o = d->options; o && o->name; o++)
		printf("  %s%s%s  %s\n", o->name, o->argument ? "=" : "",
		       o->argument ? o->argument : "", o->help);
}

static bool complain(const char *text, const char *value)
{
	fprintf(stderr, "%s: %s\n", value, text);
	return false;
}

static bool take_name(struct invocation *in, const char *name, bool with_config)
{
	if (in->cli.ups)
		return complain("only one -a or -s may be given", name);
	if (!*name || strchr(name, '/'))
		return complain("no name of a UPS", name);
	in->cli.ups = name;
	in->cli.with_config = with_config;
	return true;
}

static bool take_interval(struct invocation *in, const char *value)
{
	long seconds;

	if (!str_to_long(value, 1, 86400, &seconds))
		return complain("-i wants a number of seconds, at least 1", value);
	str_format(in->interval, sizeof(in->interval), "pollinterval=%ld", seconds);
	in->cli.x[in->cli.x_count++] = in->interval;
	return true;
}

static bool take_number(const char *value, long *out)
{
	return str_to_long(value, 0, INT_MAX, out) ? true : complain("no number", value);
}

/* False: said why. */
static bool take_option(struct invocation *in, int letter, const char *value)
{
	long number = 0;

	switch (letter) {
	case 'a':
	case 's':
		return take_name(in, value, letter == 'a');
	case 'x':
		in->cli.x[in->cli.x_count++] = value;
		return true;
	case 'i':
		return take_interval(in, value);
	case 'F':
		in->foreground =
			in->foreground >= FOREGROUND ? FOREGROUND_WITH_PID_FILE : FOREGROUND;
		return true;
	case 'B':
		in->foreground = BACKGROUND;
		return true;
	case 'D':
		in->cli.debug++;
		return true;
	case 'd':
		return take_number(value, &in->dumps);
	case 'k':
		in->killpower = true;
		return true;
	case 'P':
		if (!take_number(value, &number))
			return false;
		in->pid = (pid_t)number;
		return true;
	case 'c':
		in->command = value;
		return true;
	case 'r':
		in->chroot = value;
		return true;
	case 'u':
		in->user = value;
		return true;
	case 'g':
		in->group = value;
		return true;
	case 'q':
		in->quiet = true;
		return true;
	default:
		return false;
	}
}

static bool take_all(struct invocation *in, struct option_parser *p, const struct driver *d,
		     int *status)
{
	const char *value;
	int letter;

	while ((letter = options_next(p, &value)) != OPTION_END) {
		switch (letter) {
		case 'V':
			print_banner(d, true);
			*status = 0;
			return false;
		case 'h':
			print_help(in, d);
			*status = 0;
			return false;
		case 'L':
			print_options(d);
			*status = 0;
			return false;
		default:
			if (letter >= OPT_OWN ? !take_look(in, &d->options[letter - OPT_OWN], value)
					      : !take_option(in, letter, value))
				return false;
		}
	}
	return true;
}

static bool check_whole(struct invocation *in, const struct option_parser *p)
{
	if (options_operand_count(p) > 0)
		return complain("one word too many", options_operands(p)[0]);
	if (in->look && !in->cli.ups) {
		in->cli.ups = log_program();
		in->cli.x[in->cli.x_count++] = "port=auto";
	}
	if (!in->cli.ups)
		return complain("-a <id> or -s <id> is needed; -h shows help", log_program());
	return true;
}

bool invocation_read(struct invocation *in, const struct driver *driver, int argc, char **argv,
		     int *status)
{
	struct option_parser p;

	*in = (struct invocation){.dumps = -1};
	*status = 1;
	/* Each -x and -i is at least one word, and a port may be added. */
	in->cli.x = calloc((size_t)argc + 2, sizeof(*in->cli.x));
	if (!in->cli.x || !make_rows(in, driver, (size_t)argc))
		return complain("out of memory", driver->name);
	options_begin(&p, in->rows, argc, argv);
	if (!take_all(in, &p, driver, status) || !check_whole(in, &p))
		return false;
	if (in->cli.debug == 0)
		in->cli.debug =
			log_debug_level(); /* of NUT_DEBUG_LEVEL, which decides nothing else */
	else if (in->foreground == FOREGROUND_UNSAID)
		in->foreground = FOREGROUND;
	if (in->foreground == FOREGROUND_UNSAID)
		in->foreground = BACKGROUND;
	if (!in->quiet && !in->look)
		print_banner(driver, false);
	return true;
}

void invocation_free(struct invocation *in)
{
	free(in->cli.x);
	free(in->rows);
	for (char **p = in->owned; p && *p; p++)
		free(*p);
	free(in->owned);
}
