/*
 * upsdrvctl: starts, stops and watches the drivers that ups.conf names.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/str.h"
#include "drivers/ctl/ctl.h"
#include "drivers/init/instance.h"
#include "drivers/init/systemd.h"

static const char banner[] = "- UPS driver controller";

enum { OPTION_UNIT = 256 };

static const struct option_row rows[] = {
	{'F', "foreground", NULL,
	 "start: stay, and start again what dies; twice: drivers write\n"
	 "their pid files"},
	{'B', "background", NULL, "start: let the drivers go to the background (as without it)"},
	{'t', "test", NULL, "only show what would be done"},
	{'u', "user", "user", "drivers switch to that user"},
	{'r', "chroot", "dir", "drivers are confined to that folder"},
	{'D', "debug", NULL, "say more"},
	{'d', "debug-drivers", NULL, "drivers get -D as often as it is given here"},
	{OPTION_UNIT, "unit", NULL,
	 "start: <ups> is what stands behind nut-driver@ in the name of\n"
	 "its unit; with -F, become its driver: systemd starts it again"},
	{'c', "command", "cmd",
	 "tell the drivers: reload, reload-or-error, reload-or-exit,\n"
	 "exit, dump"},
	{'l', "list", NULL, "as the verb list"},
	{'V', "version", NULL, "show the version"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

struct invocation {
	struct ctl_options options;
	bool debug_drivers;
	const char *command;
	bool list;
	bool by_unit;
	const char *verb, *only;
};

static void print_help(void)
{
	log_banner(banner, true);
	fputs("Starts and stops UPS drivers via ups.conf.\n\n"
	      "usage: upsdrvctl [options] <verb> [<ups>]\n\n"
	      "  start      start the driver of each UPS, or of that one\n"
	      "  stop       end it\n"
	      "  shutdown   cut the power of the load, in the order of sdorder\n"
	      "  list       show the names of the UPSes\n"
	      "  status     show which drivers run, and the status of their UPSes\n\n",
	      stdout);
	options_print(rows, stdout);
}

/* ------------------------------------------------------------------------------ choice */

struct selection {
	const struct ctl_ups **upses;
	size_t count;
};

static void report_no_such(const struct ctl_config *cfg, const char *name)
{
	const char **names = calloc(cfg->count + 1, sizeof(*names));
	const char *closest = NULL;

	for (size_t i = 0; names && i < cfg->count; i++)
		names[i] = cfg->upses[i].name;
	if (names)
		closest = str_closest(name, names);
	if (closest)
		log_error("upsdrvctl", "UPS %s not found in ups.conf; did you mean %s?", name,
			  closest);
	else
		log_error("upsdrvctl", "UPS %s not found in ups.conf", name);
	free(names);
}

static bool select_upses(const struct ctl_config *cfg, const char *only, struct selection *sel)
{
	sel->upses = calloc(cfg->count + 1, sizeof(*sel->upses));
	if (!sel->upses)
		return false;
	for (size_t i = 0; i < cfg->count; i++) {
		if (!only || str_equal(only, cfg->upses[i].name))
			sel->upses[sel->count++] = &cfg->upses[i];
	}
	if (sel->count > 0)
		return true;
	if (only)
		report_no_such(cfg, only);
	else
		log_error("upsdrvctl", "Error: no UPS definitions found in ups.conf");
	return false;
}

/* ------------------------------------------------------------------------------- verbs */

typedef int verb_fn(struct ctl_config *cfg, const struct selection *sel,
		    const struct invocation *in);

static int status_of(unsigned failed)
{
	return failed > 0 ? 1 : 0;
}

/* Who asks for a driver here, where systemd runs them, may not mean to. */
static void warn_of_units(const struct invocation *in)
{
#ifdef HAVE_SYSTEMD
	if (!in->by_unit && !in->options.testing && systemd_is_here() &&
	    !getenv("NUT_QUIET_INIT_NDE_WARNING"))
		log_warn("upsdrvctl",
			 "systemd runs the drivers of this machine, and does not know of this %s: "
			 "better \"upsdrvsvcctl %s\"; NUT_QUIET_INIT_NDE_WARNING=1 says that you "
			 "mean it",
			 in->verb, in->verb);
#else
	(void)in;
#endif
}

static int do_start(struct ctl_config *cfg, const struct selection *sel,
		    const struct invocation *in)
{
	warn_of_units(in);
	if (in->options.foreground && in->by_unit)
		return ctl_become(cfg, sel->upses[0], &in->options);
	if (in->options.foreground && !in->options.testing)
		return ctl_supervise(cfg, in->only, &in->options);
	return status_of(ctl_start(cfg, sel->upses, sel->count, &in->options));
}

static int do_stop(struct ctl_config *cfg, const struct selection *sel, const struct invocation *in)
{
	(void)cfg;
	warn_of_units(in);
	return status_of(ctl_stop(sel->upses, sel->count, &in->options));
}

static int do_shutdown(struct ctl_config *cfg, const struct selection *sel,
		       const struct invocation *in)
{
	return status_of(ctl_shutdown(cfg, sel->upses, sel->count, in->only != NULL, &in->options));
}

static int do_list(struct ctl_config *cfg, const struct selection *sel, const struct invocation *in)
{
	(void)cfg;
	(void)in;
	for (size_t i = 0; i < sel->count; i++)
		puts(sel->upses[i]->name);
	return 0;
}

static int do_status(struct ctl_config *cfg, const struct selection *sel,
		     const struct invocation *in)
{
	(void)cfg;
	(void)in;
	ctl_print_status(sel->upses, sel->count);
	return 0;
}

static int do_tell(struct ctl_config *cfg, const struct selection *sel, const struct invocation *in)
{
	return status_of(ctl_tell(cfg, sel->upses, sel->count, in->command, &in->options));
}

static const struct verb {
	const char *name;
	verb_fn *run;
	bool bare; /* for other programs to read: without the banner */
} verbs[] = {
	{"start", do_start, false}, {"stop", do_stop, false},    {"shutdown", do_shutdown, false},
	{"list", do_list, true},    {"status", do_status, true},
};
static const struct verb tell_verb = {"-c", do_tell, true};

static const struct verb *find_verb(const struct invocation *in)
{
	if (in->command)
		return &tell_verb;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (str_equal(in->verb, verbs[i].name))
			return &verbs[i];
	}
	log_error("upsdrvctl",
		  "Error: unrecognized command [%s]; there are start, stop, shutdown, "
		  "list and status",
		  in->verb);
	return NULL;
}

/* ------------------------------------------------------------------------ command line */

static void take_option(struct invocation *in, int letter, const char *value)
{
	switch (letter) {
	case 'F':
		in->options.pid_files = in->options.foreground;
		in->options.foreground = true;
		break;
	case 'B':
		in->options.foreground = false;
		break;
	case 't':
		in->options.testing = true;
		break;
	case 'u':
		in->options.user = value;
		break;
	case 'r':
		in->options.chroot = value;
		break;
	case 'D':
		log_set_debug(log_debug_level() + 1);
		break;
	case 'd':
		in->debug_drivers = true;
		break;
	case 'c':
		in->command = value;
		break;
	case 'l':
		in->list = true;
		break;
	case OPTION_UNIT:
		in->by_unit = true;
		break;
	default:
		break;
	}
}

/* The operands: [<verb>] [<ups>].  False: said why, or showed the help. */
static bool take_operands(struct invocation *in, const struct option_parser *p, int *status)
{
	int count = options_operand_count(p);
	char **words = options_operands(p);
	int used = 0;

	if (in->list)
		in->verb = "list";
	else if (!in->command && count > 0)
		in->verb = words[used++];
	if (!in->verb && !in->command) {
		print_help();
		*status = 0;
		return false;
	}
	if (used < count)
		in->only = words[used++];
	if (used == count)
		return true;
	log_error("upsdrvctl", "Error: too many arguments: %s", words[used]);
	return false;
}

static bool read_invocation(struct invocation *in, int argc, char **argv, int *status)
{
	struct option_parser p;
	const char *value;
	int letter;

	*status = 1;
	options_begin(&p, rows, argc, argv);
	while ((letter = options_next(&p, &value)) != OPTION_END) {
		if (letter < 0)
			return false;
		if (letter == 'h' || letter == 'V') {
			*status = 0;
			if (letter == 'h')
				print_help();
			else
				log_banner(banner, true);
			return false;
		}
		take_option(in, letter, value);
	}
	if (in->debug_drivers)
		in->options.pass_debug = log_debug_level();
	return take_operands(in, &p, status);
}

/* Puts the section's name in place of the unit's. */
static bool resolve_unit(struct invocation *in, const struct ctl_config *cfg)
{
	const struct ctl_ups *ups = in->only ? instance_find(cfg, in->only) : NULL;

	if (!ups) {
		log_error("upsdrvctl", "--unit: %s is the unit of no section of ups.conf",
			  in->only ? in->only : "(nothing)");
		return false;
	}
	in->only = ups->name;
	return true;
}

static int run(struct invocation *in)
{
	static char token[] = "ups.conf";
	struct conf_report report = {.emit = conf_emit_log, .arg = token};
	const struct verb *verb = find_verb(in);
	struct selection sel = {0};
	struct ctl_config cfg;
	int status = 1;

	if (!verb)
		return 1;
	if (!verb->bare)
		log_banner(banner, false);
	if (in->options.testing)
		puts("*** Testing mode: not calling exec/kill/signal");
	fflush(stdout);
	if (!ctl_config_read(&cfg, &report))
		return 1;
	if ((!in->by_unit || resolve_unit(in, &cfg)) && select_upses(&cfg, in->only, &sel))
		status = verb->run(&cfg, &sel, in);
	/* What could be done was done; a mistake in the file still is one. */
	if (status == 0 && report.errors > 0)
		status = 1;
	free(sel.upses);
	ctl_config_free(&cfg);
	return status;
}

int main(int argc, char **argv)
{
	struct invocation in = {0};
	sigset_t child;
	int status;

	log_init("upsdrvctl");
	if (!read_invocation(&in, argc, argv, &status))
		return status;
	/* Children are waited for with sigtimedwait(), or by the supervisor's loop. */
	if (!in.options.foreground) {
		sigemptyset(&child);
		sigaddset(&child, SIGCHLD);
		sigprocmask(SIG_BLOCK, &child, NULL);
	}
	return run(&in);
}
