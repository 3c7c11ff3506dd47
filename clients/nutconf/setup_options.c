#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clients/nutconf/setup.h"
#include "clients/secure/userfile.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/str.h"
#include "common/ups/netwire.h"

static const char token[] = "setup";

enum {
	OPT_LOCAL = 256,
	OPT_ROLE,
	OPT_DEVICE,
	OPT_NAME,
	OPT_NETWORK,
	OPT_SERVER,
	OPT_USER,
	OPT_PASSWORD_FILE,
	OPT_LISTEN,
	OPT_PORT,
	OPT_AFTER,
	OPT_RUNTIME,
	OPT_CHARGE,
	OPT_COMMAND,
	OPT_RUN_AS,
	OPT_FORCE,
	OPT_NO_START,
	OPT_WAIT,
	OPT_DRY_RUN,
};

static const struct option_row rows[] = {
	{OPT_ROLE, "role", "ROLE",
	 "standalone (the UPS is for this machine), server (other machines\n"
	 "ask this one), client (of a server)"},
	{OPT_DEVICE, "device", "KEYS",
	 "driver=usbhid-ups,port=auto and further keys of ups.conf,\n"
	 "instead of looking for a UPS on USB"},
	{OPT_NETWORK, "network", NULL, "look for it in the network, too"},
	{OPT_NAME, "name", "NAME", "what it will be called (ups)"},
	{OPT_SERVER, "server", "[UPS@]HOST[:PORT]", "of a client: whom to ask"},
	{OPT_USER, "user", "USER", "of a client: who it is there (secondary)"},
	{OPT_PASSWORD_FILE, "password-file", "FILE",
	 "of a client: a file whose first line is the password there; - is\n"
	 "standard input"},
	{OPT_LISTEN, "listen", "ADDRESS", "of a server: where other machines ask (all addresses)"},
	{OPT_PORT, "port", "PORT", "of upsd on this machine (" NUT_PORT ")"},
	{OPT_AFTER, "after", "SECONDS", "shut down after so long on battery"},
	{OPT_RUNTIME, "runtime", "SECONDS", "shut down when the battery lasts so long only"},
	{OPT_CHARGE, "charge", "PERCENT",
	 "shut down at this charge; a UPS that says that its\n"
	 "battery is low is obeyed in any case"},
	{OPT_COMMAND, "shutdowncmd", "COMMAND", "what shuts this machine down"},
	{OPT_RUN_AS, "run-as", "USER", "whom the daemons become (" RUN_AS_USER ")"},
	{OPT_LOCAL, "local", "DIR", "work in this folder, apart from the system"},
	{'y', "yes", NULL, "ask nothing: the usual answers count"},
	{OPT_FORCE, "force", NULL, "change files that are configured already"},
	{OPT_NO_START, "no-start", NULL, "write the files and start nothing"},
	{OPT_WAIT, "wait", "SECONDS", "how long to wait until the UPS is seen (45)"},
	{OPT_DRY_RUN, "dry-run", NULL, "show what would be written, and end"},
	{'h', "help", NULL, "show this help"},
	{0, NULL, NULL, NULL},
};

unsigned setup_usual_port(void)
{
	long port = 3493;

	str_to_long(NUT_PORT, 1, 65535, &port);
	return (unsigned)port;
}

/* --------------------------------------------------------------- command line */

static bool take_number(const char *option, const char *value, long max, long *out)
{
	if (str_to_long(value, 1, max, out))
		return true;
	log_error(token, "--%s wants a number from 1 to %ld, not \"%s\"", option, max, value);
	return false;
}

static bool take_role(struct setup *s, const char *value)
{
	static const char *const names[] = {"standalone", "server", "client", NULL};
	const char *guess = str_closest(value, names);

	for (int i = 0; names[i]; i++)
		if (str_equal(names[i], value))
			s->role = SETUP_STANDALONE + i;
	if (s->role == SETUP_UNSAID)
		log_error(token, "--role is standalone, server or client%s%s%s",
			  guess ? "; did you mean " : "", guess ? guess : "", guess ? "?" : "");
	return s->role != SETUP_UNSAID;
}

static bool take_device(struct setup *s, const char *value)
{
	const char *why;

	s->has_device = device_parse(&s->device, value, &why);
	if (!s->has_device)
		log_error(token, "--device %s: %s", value, why);
	return s->has_device;
}

bool setup_take_name(struct setup *s, const char *value)
{
	if (userfile_name_is_good(value) && !strpbrk(value, "@/:") &&
	    str_copy(s->ups, sizeof(s->ups), value))
		return true;
	log_error(token,
		  "\"%s\" is no name of a UPS: letters, digits and marks, but no blanks and "
		  "none of []\"\\#=@/:",
		  value);
	return false;
}

bool setup_take_server(struct setup *s, const char *value)
{
	const char *at = strchr(value, '@'), *why;
	char ups[sizeof(s->ups)];

	if (at) {
		if ((size_t)(at - value) >= sizeof(ups))
			return false;
		str_copy(ups, (size_t)(at - value) + 1, value);
		if (!setup_take_name(s, ups))
			return false;
	}
	if (netwire_parse_host(at ? at + 1 : value, s->server, sizeof(s->server), &s->server_port,
			       &why))
		return true;
	log_error(token, "\"%s\" is no server: %s", value, why);
	return false;
}

static bool take_user(struct setup *s, const char *value)
{
	if (userfile_name_is_good(value) && str_copy(s->user, sizeof(s->user), value))
		return true;
	log_error(token, "\"%s\" is no name of a user", value);
	return false;
}

static bool take_option(struct setup *s, int letter, const char *value)
{
	long number;

	switch (letter) {
	case OPT_ROLE:
		return take_role(s, value);
	case OPT_DEVICE:
		return take_device(s, value);
	case OPT_NAME:
		return setup_take_name(s, value);
	case OPT_SERVER:
		return setup_take_server(s, value);
	case OPT_USER:
		return take_user(s, value);
	case OPT_PASSWORD_FILE:
		s->password_file = value;
		return true;
	case OPT_LISTEN:
		s->listen = value;
		return true;
	case OPT_PORT:
		if (!take_number("port", value, 65535, &number))
			return false;
		s->port = (unsigned)number;
		return true;
	case OPT_AFTER:
		return take_number("after", value, 30L * 86400, &s->after_s);
	case OPT_RUNTIME:
		return take_number("runtime", value, 30L * 86400, &s->runtime_s);
	case OPT_CHARGE:
		return take_number("charge", value, 100, &s->charge);
	case OPT_WAIT:
		return take_number("wait", value, 3600, &s->wait_s);
	case OPT_COMMAND:
		s->shutdown_command = value;
		return lineedit_can_hold(value);
	case OPT_RUN_AS:
		s->run_as = value;
		return true;
	case OPT_LOCAL:
		s->local = value;
		return true;
	case OPT_NETWORK:
		s->network = true;
		return true;
	case 'y':
		s->yes = true;
		return true;
	case OPT_FORCE:
		s->force = true;
		return true;
	case OPT_NO_START:
		s->no_start = true;
		return true;
	case OPT_DRY_RUN:
		s->dry_run = true;
		return true;
	default:
		return false;
	}
}

/* A client has no UPS of its own; the others have no server. */
static bool check_options(struct setup *s)
{
	if (s->role == SETUP_UNSAID && *s->server)
		s->role = SETUP_CLIENT;
	if (s->role == SETUP_CLIENT ? s->has_device || s->network || s->listen
				    : *s->server || *s->user || s->password_file) {
		log_error(token,
			  s->role == SETUP_CLIENT
				  ? "a client has neither a UPS nor a upsd of its own: leave "
				    "--device, --network and --listen away"
				  : "--server, --user and --password-file are for --role client");
		return false;
	}
	if (s->role == SETUP_UNSAID && s->listen)
		s->role = SETUP_SERVER;
	return true;
}

int setup_read_options(struct setup *s, int argc, char **argv)
{
	struct option_parser p;
	const char *value;
	int letter;

	options_begin(&p, rows, argc, argv);
	while ((letter = options_next(&p, &value)) != OPTION_END) {
		if (letter == 'h') {
			printf("usage: nutconf setup [options]\n\nFinds a UPS, writes the files, "
			       "starts it all and rehearses a shutdown.\n\n");
			options_print(rows, stdout);
			return 0;
		}
		if (!take_option(s, letter, value))
			return 1;
	}
	if (options_operand_count(&p)) {
		log_error(token,
			  "\"%s\" is one word too many; nutconf setup -h tells what there is",
			  options_operands(&p)[0]);
		return 1;
	}
	s->interactive = !s->yes && isatty(STDIN_FILENO);
	return check_options(s) ? -1 : 1;
}
