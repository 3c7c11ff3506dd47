/*
 * upsdrvsvcctl: upsdrvctl's verbs for machines on which systemd runs the
 * drivers; on others it becomes upsdrvctl.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/conffile.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/str.h"
#include "drivers/init/instance.h"
#include "drivers/init/resync.h"
#include "drivers/init/showconf.h"
#include "drivers/init/systemd.h"

static char token[] = "upsdrvsvcctl";
static const char banner[] = "- UPS driver controller, by units of systemd";

enum { OPTION_TIMEOUT_CMD = 256, OPTION_TIMEOUT_ARGS };

static const struct option_row rows[] = {
	{'t', "test", NULL, "only show what would be done"},
	{'D', "debug", NULL, "say more"},
	{OPTION_TIMEOUT_CMD, "timeout-cmd", "program", "taken for old scripts' sake: systemctl is"},
	{OPTION_TIMEOUT_ARGS, "timeout-args", "words", "given two minutes anyway"},
	{'V', "version", NULL, "show the version"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

struct invocation {
	bool testing;
	const char *verb, *only;
};

static void print_help(void)
{
	log_banner(banner, true);
	fputs("usage: upsdrvsvcctl [options] <verb> [<ups>]\n\n"
	      "  start        start the unit of each UPS, or of that one\n"
	      "  stop         end it\n"
	      "  status       as upsdrvctl's\n"
	      "  shutdown     as upsdrvctl's: cut the power of the load\n"
	      "  list         show units and UPSes, or the unit of that one\n"
	      "  resync       bring the units in line with ups.conf\n"
	      "  reconfigure  the same, and start all of them anew\n"
	      "  show-config  show the sections of ups.conf, or that one\n\n",
	      stdout);
	options_print(rows, stdout);
}

/* --------------------------------------------------------------------------- upsdrvctl */

static int become_upsdrvctl(const struct invocation *in)
{
	const char *words[8] = {"upsdrvctl"};
	size_t n = 1;

	for (int i = 0; i < log_debug_level() && i < 3; i++)
		words[n++] = "-D";
	if (in->testing)
		words[n++] = "-t";
	words[n++] = in->verb;
	words[n] = in->only;
	fflush(NULL);
	execvp(words[0], (char *const *)words);
	execv(SBINDIR "/upsdrvctl", (char *const *)words);
	log_errno(token, errno, "cannot run upsdrvctl");
	return 1;
}

/* ------------------------------------------------------------------------------- units */

struct chosen {
	const char **units; /* owned, and so are its texts */
	size_t count;
};

static void chosen_free(struct chosen *c)
{
	for (size_t i = 0; i < c->count; i++)
		free((char *)c->units[i]);
	free(c->units);
}

static bool choose(struct chosen *c, const struct ctl_config *cfg, const char *only)
{
	c->units = calloc(cfg->count + 1, sizeof(*c->units));
	for (size_t i = 0; c->units && i < cfg->count; i++) {
		char unit[INSTANCE_UNIT_MAX];

		if ((only && !str_equal(only, cfg->upses[i].name)) ||
		    !instance_unit_of(cfg->upses[i].name, unit, sizeof(unit)))
			continue;
		c->units[c->count] = str_dup(unit);
		c->count += c->units[c->count] != NULL;
	}
	if (c->count > 0)
		return true;
	if (only)
		log_error(token, "UPS %s not found in ups.conf", only);
	else
		log_error(token, "Error: no UPS definitions found in ups.conf");
	return false;
}

/* Types of units that are ready at once: one after the other is quick. */
static int tell_systemd(const char *verb, const struct chosen *c, bool testing)
{
	int status = 0;

	for (size_t i = 0; i < c->count; i++) {
		printf("systemctl %s %s\n", verb, c->units[i]);
		fflush(stdout);
		if (!testing && systemd_ctl(verb, c->units[i], NULL) != 0) {
			log_error(token, "%s of %s failed; \"journalctl -u '%s'\" tells more", verb,
				  c->units[i], c->units[i]);
			status = 1;
		}
	}
	return status;
}

static int do_units(const struct invocation *in)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = token};
	struct chosen c = {0};
	struct ctl_config cfg;
	int status = 1;

	if (!ctl_config_read(&cfg, &report))
		return 1;
	if (choose(&c, &cfg, in->only))
		status = tell_systemd(in->verb, &c, in->testing);
	chosen_free(&c);
	ctl_config_free(&cfg);
	return status;
}

static int do_list(const struct invocation *in)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = token};
	struct ctl_config cfg;
	bool found = false;

	if (!ctl_config_read(&cfg, &report))
		return 1;
	for (size_t i = 0; i < cfg.count; i++) {
		char unit[INSTANCE_UNIT_MAX];
		const char *name = cfg.upses[i].name;

		if ((in->only && !str_equal(in->only, name)) ||
		    !instance_unit_of(name, unit, sizeof(unit)))
			continue;
		found = true;
		if (in->only)
			puts(unit);
		else
			printf("%s\t%s\n", unit, name);
	}
	ctl_config_free(&cfg);
	if (!found)
		log_error(token, "%s is not in ups.conf", in->only ? in->only : "a section");
	return found ? 0 : 1;
}

static int do_resync(const struct invocation *in)
{
	struct resync_how how = {.anew = str_equal(in->verb, "reconfigure")};
	enum resync_result r;

	if (in->testing) {
		puts("nothing is brought in line: -t");
		return 0;
	}
	r = resync(&how);
	return r == RESYNC_CHANGED ? 0 : (int)r;
}

static int do_show(const struct invocation *in)
{
	return showconf_section(in->only) ? 0 : 1;
}

static int no_units(const struct invocation *in)
{
	log_error(token,
		  "systemd does not manage this machine, so there is nothing to %s; "
		  "\"upsdrvctl -F start\" follows ups.conf by itself, at SIGHUP",
		  in->verb);
	return 1;
}

static const struct verb {
	const char *name;
	int (*with_systemd)(const struct invocation *in);
	int (*without)(const struct invocation *in);
} verbs[] = {
	{"start", do_units, become_upsdrvctl},
	{"stop", do_units, become_upsdrvctl},
	{"status", become_upsdrvctl, become_upsdrvctl},
	{"shutdown", become_upsdrvctl, become_upsdrvctl},
	{"list", do_list, become_upsdrvctl},
	{"resync", do_resync, no_units},
	{"reconfigure", do_resync, no_units},
	{"show-config", do_show, do_show},
};
enum { VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]) };

/* ------------------------------------------------------------------------ command line */

static int run(const struct invocation *in)
{
	const char *names[VERB_COUNT + 1] = {0};
	const char *closest;

	for (size_t i = 0; i < VERB_COUNT; i++) {
		names[i] = verbs[i].name;
		if (str_equal(in->verb, verbs[i].name))
			return (systemd_is_here() ? verbs[i].with_systemd : verbs[i].without)(in);
	}
	closest = str_closest(in->verb, names);
	log_error(token, "Error: unrecognized command [%s]%s%s%s", in->verb,
		  closest ? "; did you mean " : "; see -h", closest ? closest : "",
		  closest ? "?" : "");
	return 1;
}

int main(int argc, char **argv)
{
	struct invocation in = {0};
	struct option_parser p;
	const char *value;
	int letter;

	log_init("upsdrvsvcctl");
	options_begin(&p, rows, argc, argv);
	while ((letter = options_next(&p, &value)) != OPTION_END) {
		if (letter == 'V')
			log_banner(banner, true);
		else if (letter == 'h')
			print_help();
		else if (letter == 't')
			in.testing = true;
		else if (letter == 'D')
			log_set_debug(log_debug_level() + 1);
		if (letter == 'V' || letter == 'h' || letter < 0)
			return letter < 0;
	}
	if (options_operand_count(&p) < 1 || options_operand_count(&p) > 2) {
		print_help();
		return 1;
	}
	in.verb = options_operands(&p)[0];
	in.only = options_operand_count(&p) > 1 ? options_operands(&p)[1] : NULL;
	return run(&in);
}
