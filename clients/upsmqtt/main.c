/*
 * upsmqtt: reads its command line and does what it asks for.
 */
#include "config.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>

#include "clients/upsmqtt/upsmqtt.h"
#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/str.h"

static const char program[] = "upsmqtt";

static const struct option_row rows[] = {
	{'c', "command", "COMMAND", "tell the running upsmqtt: reload, stop"},
	{'P', "pid", "PID", "with -c: its process, instead of what the pid file says"},
	{'D', "debug", NULL, "show more, each time it is given; stay in the foreground"},
	{'F', "foreground", NULL, "stay in the foreground; twice: and write the pid file"},
	{'B', "background", NULL, "go to the background even with -D"},
	{'q', "quiet", NULL, "leave out messages that report no problem"},
	{'t', "test", NULL, "check upsmqtt.conf and end"},
	{'u', "user", "USER", "run as USER when started as root"},
	{'V', "version", NULL, "show the version and end"},
	{'h', "help", NULL, "show this and end"},
	{0},
};

struct command_line {
	struct upsmqtt_options options;
	const char *command, *pid;
	int foreground;
	bool background, test;
	bool done; /* nothing is left to do but to end with `status` */
	int status;
};

static void help(void)
{
	log_banner(program, true);
	printf("Publishes UPSes at an MQTT broker.\n\nusage: upsmqtt [OPTIONS]\n\n");
	options_print(rows, stdout);
}

static int send_command(const char *command, const char *pid)
{
	char path[PATH_MAX];

	return daemon_command(program, command, pid,
			      upsmqtt_pidfile(path, sizeof(path)) ? path : NULL);
}

static void take_option(struct command_line *cl, int letter, const char *value)
{
	switch (letter) {
	case 'c':
		cl->command = value;
		break;
	case 'P':
		cl->pid = value;
		break;
	case 'D':
		cl->options.debug++;
		break;
	case 'F':
		cl->foreground++;
		break;
	case 'B':
		cl->background = true;
		break;
	case 'q':
		log_set_quiet(true);
		break;
	case 't':
		cl->test = true;
		break;
	case 'u':
		cl->options.user = value;
		break;
	case 'V':
		log_banner(program, true);
		cl->done = true;
		break;
	default: /* -h, and what nobody knows */
		help();
		cl->done = true;
		cl->status = letter == 'h' ? 0 : 1;
		break;
	}
}

static void choose_mode(struct command_line *cl)
{
	if (cl->foreground)
		cl->options.mode =
			cl->foreground > 1 ? UPSMQTT_FOREGROUND_PIDFILE : UPSMQTT_FOREGROUND;
	else if (cl->options.debug && !cl->background)
		cl->options.mode = UPSMQTT_FOREGROUND;
	else
		cl->options.mode = UPSMQTT_BACKGROUND;
}

int main(int argc, char **argv)
{
	struct command_line cl = {.status = 0};
	struct option_parser parser;
	const char *value;
	int letter;

	log_init(program);
	options_begin(&parser, rows, argc, argv);
	while (!cl.done && (letter = options_next(&parser, &value)) != OPTION_END)
		take_option(&cl, letter, value);
	if (!cl.done && options_operand_count(&parser))
		take_option(&cl, 0, NULL);
	if (cl.done)
		return cl.status;
	if (cl.command)
		return send_command(cl.command, cl.pid);
	if (cl.test)
		return upsmqtt_check();
	choose_mode(&cl);
	if (cl.options.debug)
		log_set_debug(cl.options.debug);
	cl.options.debug = log_debug_level();
	log_banner(program, false);
	daemon_close_inherited();
	return upsmqtt_run(&cl.options);
}
