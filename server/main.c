/*
 * upsd: reads its command line and does what it asks for.
 */
#include "config.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/daemon.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/str.h"
#include "common/net/tls.h"
#include "server/check.h"
#include "server/upsd.h"

static const struct option_row rows[] = {
	{'c', "command", "COMMAND", "tell the running upsd: reload, stop"},
	{'P', "pid", "PID", "with -c: its process, instead of what the pid file says"},
	{'D', "debug", NULL, "show more, each time it is given; stay in the foreground"},
	{'F', "foreground", NULL, "stay in the foreground; twice: and write the pid file"},
	{'B', "background", NULL, "go to the background even with -D"},
	{'q', "quiet", NULL, "leave out messages that report no problem"},
	{'r', "chroot", "DIR", "make DIR the root directory; all paths are inside it"},
	{'t', "test", NULL, "check the configuration files and end"},
	{'u', "user", "USER", "run as USER when started as root"},
	{'4', "ipv4", NULL, "listen on IPv4 addresses only"},
	{'6', "ipv6", NULL, "listen on IPv6 addresses only"},
	{'V', "version", NULL, "show the version and end"},
	{'h', "help", NULL, "show this and end"},
	{'i', NULL, NULL, "no longer supported: use LISTEN in upsd.conf"},
	{'p', NULL, NULL, "no longer supported: use LISTEN in upsd.conf"},
	{0},
};

static int help(void)
{
	log_banner("upsd", true);
	printf("Network server for data of UPSes and other power devices.\n\nusage: upsd "
	       "[OPTIONS]\n\n");
	options_print(rows, stdout);
	printf("\nNUT data server was built %s\n", tls_build_phrase());
	return 0;
}

static int send_command(const char *command, const char *pid)
{
	char path[PATH_MAX];

	return daemon_command("upsd", command, pid, upsd_pidfile(path, sizeof(path)) ? path : NULL);
}

struct command_line {
	struct upsd_options options;
	const char *command;
	const char *pid;
	int foreground;
	bool background;
	bool test;
	bool done; /* nothing is left to do but to end with `status` */
	int status;
};

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
	case 'r':
		cl->options.chroot_path = value;
		break;
	case 't':
		cl->test = true;
		break;
	case 'u':
		cl->options.user = value;
		break;
	case '4':
		cl->options.family = AF_INET;
		break;
	case '6':
		cl->options.family = AF_INET6;
		break;
	case 'V':
		log_banner("upsd", true);
		cl->done = true;
		break;
	case 'i':
	case 'p':
		fprintf(stderr,
			"Fatal error: -%c is no longer supported: use LISTEN in upsd.conf\n",
			letter);
		cl->done = true;
		cl->status = 1;
		break;
	default: /* -h, and what nobody knows */
		cl->done = true;
		cl->status = help();
		break;
	}
}

static void choose_mode(struct command_line *cl)
{
	if (cl->foreground)
		cl->options.mode = cl->foreground > 1 ? UPSD_FOREGROUND_PIDFILE : UPSD_FOREGROUND;
	else if (cl->options.debug && !cl->background)
		cl->options.mode = UPSD_FOREGROUND;
	else
		cl->options.mode = UPSD_BACKGROUND;
}

int main(int argc, char **argv)
{
	struct command_line cl = {.options.family = AF_UNSPEC};
	struct option_parser parser;
	const char *value;
	int letter;

	log_init("upsd");
	options_begin(&parser, rows, argc, argv);
	while (!cl.done && (letter = options_next(&parser, &value)) != OPTION_END)
		take_option(&cl, letter, value);
	if (!cl.done && options_operand_count(&parser))
		take_option(&cl, 'h', NULL);
	if (cl.done)
		return cl.status;
	if (cl.command)
		return send_command(cl.command, cl.pid);
	if (cl.test)
		return check_run();
	choose_mode(&cl);
	if (cl.options.debug)
		log_set_debug(cl.options.debug);
	cl.options.debug = log_debug_level();
	log_banner("upsd", false);
	daemon_close_inherited();
	return upsd_run(&cl.options);
}
