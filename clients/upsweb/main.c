/* upsweb: a web page, an interface for programs, and metrics of all UPSes (upsweb(8)). */
#include "config.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "clients/upsweb/health.h"
#include "clients/upsweb/upsweb.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/paths.h"
#include "common/base/str.h"

static const char token[] = "main";
static const char program[] = "upsweb";

enum { OPT_HEALTH = 256 };

static const struct option_row rows[] = {
	{'c', "command", "COMMAND", "tell the running upsweb: reload, stop"},
	{'D', "debug", NULL, "show more, each time it is given; stay in the foreground"},
	{'F', "foreground", NULL, "stay in the foreground; twice: and write the pid file"},
	{'t', "test", NULL, "check upsweb.conf and end"},
	{'u', "user", "USER", "run as USER when started as root"},
	{OPT_HEALTH, "healthcheck", NULL, "ask the running upsweb how it is; ends with 0 or 1"},
	{'V', "version", NULL, "show the version and end"},
	{'h', "help", NULL, "show this and end"},
	{0},
};

struct command_line {
	struct upsweb_options options;
	const char *command;
	int debug, foreground;
	bool test, health;
};

static void print_help(FILE *out)
{
	fprintf(out, "A web page, an interface for programs, and metrics of all UPSes.\n\n"
		     "usage: upsweb [OPTIONS]\n\n");
	options_print(rows, out);
}

/* Returns -1 to go on, or the exit status. */
static int take_option(struct command_line *cl, int letter, const char *value)
{
	switch (letter) {
	case 'c':
		cl->command = value;
		break;
	case 'D':
		cl->debug++;
		break;
	case 'F':
		cl->foreground++;
		break;
	case 't':
		cl->test = true;
		break;
	case OPT_HEALTH:
		cl->health = true;
		break;
	case 'u':
		cl->options.user = value;
		break;
	case 'V':
		log_banner(program, true);
		return EXIT_SUCCESS;
	case 'h':
		log_banner(program, true);
		print_help(stdout);
		return EXIT_SUCCESS;
	default:
		print_help(stderr);
		return EXIT_FAILURE;
	}
	return -1;
}

static int send_command(const char *command)
{
	char path[PATH_MAX];

	return daemon_command(program, command, NULL,
			      upsweb_pidfile(path, sizeof(path)) ? path : NULL);
}

static void print(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg;
	printf("%s: %s\n", severity == CONF_ERROR ? "error" : "warning", text);
}

static int check(void)
{
	struct conf_report report = {.emit = print};
	char path[PATH_MAX];

	if (!paths_conf_file(path, sizeof(path), "upsweb.conf"))
		return EXIT_FAILURE;
	upsweb_conf_free(upsweb_conf_read(path, &report));
	printf("%u error%s, %u warning%s in %s\n", report.errors, report.errors == 1 ? "" : "s",
	       report.warnings, report.warnings == 1 ? "" : "s", path);
	return report.errors ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int look(void)
{
	struct conf_report report = {.emit = NULL};
	struct upsweb_conf *conf = NULL;
	char path[PATH_MAX];
	bool well;

	if (paths_conf_file(path, sizeof(path), "upsweb.conf"))
		conf = upsweb_conf_read(path, &report);
	well = conf && health_check(conf);
	upsweb_conf_free(conf);
	return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(struct command_line *cl)
{
	cl->options.daemon = -1;
	cl->options.pidfile = cl->foreground > 1 || (!cl->foreground && !cl->debug);
	if (cl->debug)
		log_set_debug(cl->debug);
	log_banner(program, false);
	daemon_close_inherited();
	if (!cl->foreground && !cl->debug) {
		if (daemon_fork(&cl->options.daemon, 0) != 0) {
			log_error(token, "cannot go to the background");
			return EXIT_FAILURE;
		}
		log_to_syslog(true);
	}
	return upsweb_run(&cl->options);
}

int main(int argc, char **argv)
{
	struct command_line cl = {.debug = 0};
	struct option_parser parser;
	const char *value;
	int letter, status;

	log_init(program);
	options_begin(&parser, rows, argc, argv);
	while ((letter = options_next(&parser, &value)) != OPTION_END) {
		status = take_option(&cl, letter, value);
		if (status >= 0)
			return status;
	}
	if (options_operand_count(&parser)) {
		print_help(stderr);
		return EXIT_FAILURE;
	}
	if (cl.command)
		return send_command(cl.command);
	if (cl.test)
		return check();
	if (cl.health)
		return look();
	return run(&cl);
}
