#include "config.h"

#include "clients/cli/logoptions.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/logformat.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/str.h"

static const char usage[] =
	"usage: upslog [options] -s UPS -l FILE      log one UPS\n"
	"       upslog [options] -m UPS,FILE ...     log several\n"
	"       upslog UPS FILE INTERVAL [FORMAT]    the same in the old way\n"
	"UPS is NAME[@HOST[:PORT]], or *[@HOST[:PORT]] for all of a server; FILE may be - for\n"
	"stdout. FORMAT is text with %VAR name%, %TIME format% (@Y for the year, and so on),\n"
	"%ETIME%, %HOST%, %UPSHOST%, %PID%, %t and %%.\n";

static const struct option_row rows[] = {
	{'s', "system", "UPS", "log this UPS, to the file of -l"},
	{'l', "logfile", "FILE", "the file, or - for stdout"},
	{'m', "monitor", "UPS,FILE", "log this UPS to this file; may be repeated"},
	{'i', "interval", "SECONDS", "time between two lines (30)"},
	{'d', "count", "NUMBER", "end after so many lines of each UPS"},
	{'f', "format", "FORMAT", "what a line looks like"},
	{'N', "names", NULL, "begin each line with the UPS and a tab"},
	{'p', "pidbase", "NAME", "the PID file is called NAME.pid (upslog)"},
	{'u', "user", "NAME", "become this user if started as root"},
	{'F', "foreground", NULL, "stay in the foreground"},
	{'B', "background", NULL, "go to the background, whatever is logged where"},
	CLI_OPTIONS_COMMON,
	{0, NULL, NULL, NULL},
};

enum {
	INTERVAL_S = 30,
	OLD_STYLE_OPERANDS = 3, /* ups, file, interval; a format may follow */
	FORMAT_MAX = 64 * 1024,
};

static bool fail(const char *text)
{
	log_error("upslog", "%s", text);
	return false;
}

static bool add_pair(struct logoptions *o, const char *ups, const char *path)
{
	struct logoptions_pair *pairs = realloc(o->pairs, (o->count + 1) * sizeof(*pairs));

	if (!pairs)
		return fail("out of memory");
	o->pairs = pairs;
	o->pairs[o->count++] = (struct logoptions_pair){.ups = ups, .path = path};
	return true;
}

/* -m UPS,FILE; the comma is overwritten, so that the name can be borrowed. */
static bool add_tuple(struct logoptions *o, const char *value)
{
	char *tuple = (char *)(size_t)value; /* a word of argv */
	char *comma = strchr(tuple, ',');

	if (!comma || comma == tuple || !comma[1])
		return fail("Error: -m wants UPS,FILE");
	*comma = '\0';
	return add_pair(o, tuple, comma + 1);
}

static bool take_number(const char *what, const char *value, long *number)
{
	if (str_to_long(value, 1, INT_MAX / 1000, number))
		return true;
	log_error("upslog", "Error: %s wants a number from 1 to %d, not \"%s\"", what,
		  INT_MAX / 1000, value);
	return false;
}

/* Options that mean something else to the other clients, or nothing. */
static enum cli_option take_option(struct logoptions *o, int letter, const char *value)
{
	bool ok = true;

	switch (letter) {
	case 's':
		o->ups = value;
		break;
	case 'l':
		o->path = value;
		break;
	case 'm':
		ok = add_tuple(o, value);
		break;
	case 'i':
		ok = take_number("-i", value, &o->interval_s);
		break;
	case 'd':
		ok = take_number("-d", value, &o->lines);
		break;
	case 'f':
		o->format = value;
		break;
	case 'N':
		o->names = true;
		break;
	case 'p':
		o->pidbase = value;
		break;
	case 'u':
		o->user = value;
		break;
	case 'F':
		o->foreground = true;
		break;
	case 'B':
		o->background = true;
		break;
	case OPTION_UNKNOWN:
	case OPTION_NO_VALUE:
		ok = false;
		break;
	default:
		return cli_take_option(&o->cli, letter, value, usage, rows);
	}
	return ok ? CLI_TAKEN : CLI_WRONG;
}

/* upslog UPS FILE INTERVAL [FORMAT...] */
static bool take_old_style(struct logoptions *o, int count, char **words)
{
	o->ups = words[0];
	o->path = words[1];
	if (!take_number("the interval", words[2], &o->interval_s))
		return false;
	/* A blank behind each word, the last one too: as NUT's lines end. */
	for (int i = OLD_STYLE_OPERANDS; i < count; i++)
		buffer_appendf(&o->words, "%s ", words[i]);
	if (o->words.len)
		o->format = buffer_string(&o->words);
	return true;
}

static bool take_operands(struct logoptions *o, int count, char **words)
{
	if (count >= OLD_STYLE_OPERANDS && !o->ups && !o->count && !take_old_style(o, count, words))
		return false;
	if (o->ups && o->path)
		return add_pair(o, o->ups, o->path);
	if (o->ups)
		return fail("No filename defined for logging - use -l <file>");
	if (!o->count)
		return fail("No UPS defined for monitoring - use -s <system>");
	return true;
}

enum cli_option logoptions_take(struct logoptions *o, int argc, char **argv)
{
	struct option_parser parser;
	const char *value;
	int letter, count;

	*o = (struct logoptions){
		.format = LOGFORMAT_DEFAULT,
		.interval_s = INTERVAL_S,
		.pidbase = "upslog",
		.words = {.max = FORMAT_MAX},
	};
	cli_init(&o->cli, "upslog");
	options_begin(&parser, rows, argc, argv);
	while ((letter = options_next(&parser, &value)) != OPTION_END) {
		enum cli_option taken = take_option(o, letter, value);

		if (taken != CLI_TAKEN)
			return taken;
	}
	count = options_operand_count(&parser);
	if (count > 0 && count < OLD_STYLE_OPERANDS && !o->ups && !o->count) {
		cli_print_help(usage, rows);
		return CLI_DONE;
	}
	return take_operands(o, count, options_operands(&parser)) ? CLI_TAKEN : CLI_WRONG;
}

void logoptions_free(struct logoptions *o)
{
	free(o->pairs);
	buffer_free(&o->words);
	cli_close(&o->cli);
}

bool logoptions_foreground(const struct logoptions *o)
{
	if (o->foreground)
		return true;
	if (o->background)
		return false;
	if (log_debug_level() > 0)
		return true;
	for (size_t i = 0; i < o->count; i++)
		if (str_equal(o->pairs[i].path, "-"))
			return true;
	return false;
}
