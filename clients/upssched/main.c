/* upssched: upsmon's events, later or not at all: NOTIFYCMD with timers (upssched(8)). */
#include "config.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "clients/upssched/client.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/paths.h"
#include "common/base/str.h"

static const char token[] = "upssched";
static const char program[] = "upssched";

enum { MESSAGE_MAX = 2048 }; /* bytes; upsmon's have 512 at most, and a line has an end */

static const struct option_row option_rows[] = {
	{'l', "list", NULL, "list the timers that run"},
	{'t', "test", NULL, "check the configuration file and end"},
	{'D', "debug", NULL, "raise debugging level"},
	{'V', "version", NULL, "display the version of this software"},
	{'h', "help", NULL, "display this help"},
	{0, NULL, NULL, NULL},
};

struct arguments {
	int debug;
	bool list, test;
	const char *message;
	/* What upsmon says. */
	const char *type, *ups;
};

static void print_help(FILE *out)
{
	fprintf(out,
		"Timers for the events of upsmon, whose NOTIFYCMD it is.\n\n"
		"usage: %s [OPTIONS] [message]\n\n",
		program);
	options_print(option_rows, out);
}

/* Returns -1 to go on, or the exit status. */
static int take_option(struct arguments *a, int letter)
{
	switch (letter) {
	case 'l':
		a->list = true;
		break;
	case 't':
		a->test = true;
		break;
	case 'D':
		a->debug++;
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

static int parse_arguments(struct arguments *a, int argc, char **argv)
{
	struct option_parser p;
	const char *value;
	int letter, status;

	a->type = getenv("NOTIFYTYPE");
	a->ups = getenv("UPSNAME");
	options_begin(&p, option_rows, argc, argv);
	while ((letter = options_next(&p, &value)) != OPTION_END) {
		/* A message of upsmon's may begin with anything, and must not be lost. */
		if (letter < 0 && a->type && a->ups) {
			*a = (struct arguments){
				.type = a->type, .ups = a->ups, .message = argv[argc - 1]};
			return -1;
		}
		status = take_option(a, letter);
		if (status >= 0)
			return status;
	}
	a->message = options_operand_count(&p) ? options_operands(&p)[0] : "";
	return -1;
}

/* ------------------------------------------------------------ configuration */

static void print(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg;
	printf("%s: %s\n", severity == CONF_ERROR ? "error" : "warning", text);
}

/* At every event anew: what is no error is for -t to tell. */
static void log_errors(void *arg, enum conf_severity severity, const char *text)
{
	(void)arg;
	if (severity == CONF_ERROR)
		log_error(token, "%s", text);
	else
		log_debug(1, token, "%s", text);
}

static bool read_conf(const char *path, struct upssched_conf *conf, struct conf_report *report)
{
	int err = upssched_conf_read(conf, path, report);

	if (err)
		log_errno(token, err, "cannot read %s", path);
	return !err;
}

static int check_conf(const char *path, struct upssched_conf *conf)
{
	struct conf_report report = {.emit = print};

	if (!read_conf(path, conf, &report))
		return EXIT_FAILURE;
	printf("%u error%s, %u warning%s in %s\n", report.errors, report.errors == 1 ? "" : "s",
	       report.warnings, report.warnings == 1 ? "" : "s", path);
	return report.errors ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---------------------------------------------------------------------- work */

static bool list(const struct upssched_conf *conf)
{
	if (conf->pipe)
		return client_list(conf);
	log_error(token, "no PIPEFN in upssched.conf: no timer daemon to ask");
	return false;
}

static bool act(const struct arguments *a, const struct upssched_conf *conf)
{
	char message[MESSAGE_MAX];
	const struct wire_event event = {a->type, a->ups, message};

	str_copy(message, sizeof(message), a->message);
	if (conf->missing)
		printf("%s must stand above the AT lines of upssched.conf\n", conf->missing);
	if (conf->unusable)
		return false;
	log_debug(1, token, "%s of UPS [%s]: %s", a->type, a->ups, a->message);
	return client_act(conf, &event);
}

static int work(const struct arguments *a, const char *path, struct upssched_conf *conf)
{
	struct conf_report report = {.emit = a->list ? NULL : log_errors};

	if (!a->list && (!a->type || !a->ups)) {
		printf("UPSNAME and NOTIFYTYPE are not in the environment: upssched is called by "
		       "upsmon, as its NOTIFYCMD.\n");
		return EXIT_FAILURE;
	}
	/* upsmon in the background has nobody who reads what we print. */
	log_to_syslog(!a->list);
	if (!read_conf(path, conf, &report))
		return EXIT_FAILURE;
	if (conf->debug_min > log_debug_level())
		log_set_debug((int)conf->debug_min);
	return (a->list ? list(conf) : act(a, conf)) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct arguments a = {0};
	struct upssched_conf conf = {0};
	char path[PATH_MAX];
	int status;

	log_init(program);
	status = parse_arguments(&a, argc, argv);
	if (status >= 0)
		return status;
	if (a.debug)
		log_set_debug(a.debug);
	/* The timer daemon would hold upsmon's descriptors, and has children to wait for. */
	daemon_close_inherited();
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	paths_conf_file(path, sizeof(path), "upssched.conf");
	status = a.test ? check_conf(path, &conf) : work(&a, path, &conf);
	upssched_conf_free(&conf);
	return status;
}
