#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/cli/prompt.h"
#include "clients/nutconf/scan.h"
#include "clients/nutconf/setup.h"
#include "clients/secure/userfile.h"
#include "clients/secure/visible.h"
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

static bool take_name(struct setup *s, const char *value)
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

static bool take_server(struct setup *s, const char *value)
{
	const char *at = strchr(value, '@'), *why;
	char ups[sizeof(s->ups)];

	if (at) {
		if ((size_t)(at - value) >= sizeof(ups))
			return false;
		str_copy(ups, (size_t)(at - value) + 1, value);
		if (!take_name(s, ups))
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
		return take_name(s, value);
	case OPT_SERVER:
		return take_server(s, value);
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

/* ------------------------------------------------------------------ questions */

/* A line from the terminal; false at its end. Enter gives `usual`. */
static bool ask(const char *question, const char *usual, char *answer, size_t size)
{
	char line[512];

	printf("%s%s%s%s: ", question, *usual ? " [" : "", usual, *usual ? "]" : "");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin)) {
		putchar('\n');
		log_error(token, "no answer; nothing was changed");
		return false;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return str_copy(answer, size, *line ? line : usual);
}

bool setup_confirm(const char *question)
{
	char answer[16];

	return ask(question, "Y/n", answer, sizeof(answer)) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static bool ask_number(const char *question, long max, long usual, long *out)
{
	char answer[32], text[16] = "";

	if (usual)
		str_format(text, sizeof(text), "%ld", usual);
	for (;;) {
		if (!ask(question, text, answer, sizeof(answer)))
			return false;
		if (!*answer)
			return true;
		if (str_to_long(answer, 1, max, out))
			return true;
		printf("A number from 1 to %ld, please.\n", max);
	}
}

static bool ask_role(struct setup *s)
{
	long role = 1;

	printf("\nThis machine\n"
	       "  1  has a UPS that feeds it alone\n"
	       "  2  has a UPS that feeds other machines, too, and tells them of it\n"
	       "  3  is fed by a UPS that another machine (or a NAS) knows of\n");
	if (!ask_number("Which", 3, 1, &role))
		return false;
	s->role = SETUP_STANDALONE + (int)role - 1;
	return true;
}

/* -------------------------------------------------------------- which device */

static bool ask_device(struct setup *s)
{
	char answer[512];
	const char *why;

	printf("Which one is it? Its driver and port, as driver=apcsmart,port=/dev/ttyS0;\n"
	       "\"nut-scanner -C\" looks everywhere.\n");
	for (;;) {
		if (!ask("Device", "", answer, sizeof(answer)))
			return false;
		if (!*answer)
			return false;
		device_free(&s->device);
		s->has_device = device_parse(&s->device, answer, &why);
		if (s->has_device)
			return true;
		printf("%s\n", why);
	}
}

/* Devices and servers may call themselves anything. */
static void print_choice(size_t number, const char *text)
{
	printf("  %zu  ", number);
	visible_print(stdout, text);
	putchar('\n');
}

static void print_devices(const struct scan *found)
{
	char text[256];

	printf("\nFound:\n");
	for (size_t i = 0; i < found->count; i++) {
		device_describe(&found->devices[i], text, sizeof(text));
		print_choice(i + 1, text);
	}
}

static void take_found(struct setup *s, struct scan *found, size_t i)
{
	s->device = found->devices[i];
	s->has_device = true;
	/* It is owned by s now. */
	found->devices[i] = (struct device){.count = 0};
}

/* The section says no more than it has to: of several on USB one is known by its serial number, or
 * else by what it is. */
static void prune(struct device *d, bool alone)
{
	static const char *const passing[] = {"bus",       "device", "busport",
					      "bcdDevice", "vendor", "product"};
	static const char *const what[] = {"vendorid", "productid"};

	if (!str_equal(d->kind, "USB"))
		return;
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		device_remove(d, passing[i]);
	for (size_t i = 0; (alone || device_get(d, "serial")) && i < 2; i++)
		device_remove(d, what[i]);
	if (alone)
		device_remove(d, "serial");
}

static bool choose_device(struct setup *s, struct scan *found)
{
	long number = 1;

	if (found->count == 0) {
		if (s->interactive)
			return ask_device(s);
		log_error(token,
			  "no UPS was found on USB%s; is it plugged in and switched on? "
			  "--device driver=...,port=... names one that cannot be found%s",
			  s->network ? " or in the network" : "",
			  s->network ? "" : ", --network looks there, too");
		return false;
	}
	if (s->interactive || found->count > 1)
		print_devices(found);
	if (found->count > 1 && !s->interactive) {
		log_error(token, "several UPSes were found; --device says which one is meant");
		return false;
	}
	if (s->interactive && !ask_number("Which one", (long)found->count, 1, &number))
		return false;
	take_found(s, found, (size_t)number - 1);
	prune(&s->device, found->count == 1);
	return true;
}

static bool find_device(struct setup *s)
{
	static const char *const usb[] = {"-U", NULL};
	static const char *const network[] = {"-S", "-M", "-A", "-m", "auto", NULL};
	static struct scan found;
	bool ok, looked;

	printf("Looking for a UPS on USB ...\n");
	fflush(stdout);
	looked = scan_run(&found, usb);
	if (s->network) {
		printf("... and in the network, which may take a minute ...\n");
		fflush(stdout);
		looked |= scan_run(&found, network);
	}
	if (!looked && !s->interactive) {
		log_error(token,
			  "name the UPS: --device driver=usbhid-ups,port=auto fits nearly all "
			  "on USB");
		return false;
	}
	ok = choose_device(s, &found);
	scan_free(&found);
	return ok;
}

/* -------------------------------------------------------------------- a client */

static bool read_password_file(struct setup *s)
{
	FILE *f = str_equal(s->password_file, "-") ? stdin : fopen(s->password_file, "re");
	bool ok = f && fgets(s->password, sizeof(s->password), f);

	if (ok)
		s->password[strcspn(s->password, "\r\n")] = '\0';
	else
		log_error(token, "%s has no password: %s", s->password_file,
			  f ? "it is empty" : strerror(errno));
	if (f && f != stdin)
		fclose(f);
	return ok && *s->password;
}

static bool choose_ups(struct setup *s)
{
	static char names[SERVER_UPS_MAX][SERVER_NAME_MAX];
	struct server server = {s->server, s->server_port, ""};
	int count = server_list(&server, names);
	long number = 1;

	if (count < 0) {
		log_error(token,
			  "%s:%u cannot be asked: %s; does upsd run there, with a LISTEN line "
			  "for this machine, and does its firewall let it in?",
			  s->server, s->server_port, server.why);
		return s->force && *s->ups;
	}
	for (int i = 0; i < count; i++)
		if (str_caseequal(names[i], s->ups))
			return true;
	if (*s->ups)
		log_error(token, "%s has no UPS \"%s\"%s", s->server, s->ups,
			  count ? "; it has:" : ", and no other");
	else if (count == 0)
		log_error(token, "%s has no UPS at all; set it up first", s->server);
	for (int i = 0; i < count && (count > 1 || *s->ups); i++)
		print_choice((size_t)i + 1, names[i]);
	if (*s->ups || count == 0)
		return false;
	if (count > 1 && !s->interactive) {
		log_error(token, "which one? Say --server UPS@%s", s->server);
		return false;
	}
	if (count > 1 && !ask_number("Which one", count, 1, &number))
		return false;
	return take_name(s, names[number - 1]);
}

static bool find_server(struct setup *s)
{
	char answer[512];

	if (*s->server)
		return choose_ups(s);
	if (!s->interactive) {
		log_error(token, "a client needs --server HOST");
		return false;
	}
	printf("\nThe name or address of the machine that knows of the UPS, or UPS@HOST\n");
	do {
		if (!ask("Server", "", answer, sizeof(answer)))
			return false;
	} while (!*answer || !take_server(s, answer));
	return choose_ups(s);
}

static bool find_login(struct setup *s)
{
	struct server server = {s->server, s->server_port, ""};

	if (!*s->user)
		str_copy(s->user, sizeof(s->user), "secondary");
	if (s->password_file && !read_password_file(s))
		return false;
	if (!*s->password && s->interactive) {
		char text[256];

		str_format(text, sizeof(text),
			   "Password of %s there (in its upsd.users): ", s->user);
		if (!prompt_password(text, s->password, sizeof(s->password)))
			return false;
	}
	if (!*s->password) {
		log_error(token, "a client needs --password-file, with the password of %s on %s",
			  s->user, s->server);
		return false;
	}
	if (!lineedit_can_hold(s->password)) {
		log_error(token, "the password has control characters");
		return false;
	}
	if (server_try_login(&server, s->ups, s->user, s->password))
		return true;
	log_error(token, "%s does not let %s in: %s; look for [%s] in its upsd.users", s->server,
		  s->user, server.why, s->user);
	return s->force;
}

/* ------------------------------------------------------------------------ all */

static bool ask_when(struct setup *s)
{
	long minutes = 0;

	if (s->after_s > 0 || s->runtime_s > 0 || s->charge > 0 || !s->interactive)
		return true;
	printf("\nIt will shut down when the UPS says that its battery is low.  Shut down "
	       "earlier,\n"
	       "after so many minutes on battery?  Enter: no.\n");
	if (!ask_number("Minutes", 24 * 60, 0, &minutes))
		return false;
	s->after_s = minutes ? minutes * 60 : -1;
	return true;
}

/* One that needs no quotes anywhere, nor escapes in the name of its unit. */
static bool is_plain_name(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		      (*p >= '0' && *p <= '9') || *p == '_' || *p == '-' ||
		      (*p == '.' && p != name)))
			return false;
	return *name;
}

static bool take_own_name(struct setup *s, const char *name)
{
	if (is_plain_name(name) && str_copy(s->ups, sizeof(s->ups), name))
		return true;
	log_error(token,
		  "\"%s\" is no name for a UPS of this machine: letters and digits, with . _ and "
		  "- in between",
		  name);
	return false;
}

static bool ask_name(struct setup *s)
{
	char answer[128];

	if (*s->ups)
		return take_own_name(s, s->ups);
	if (!s->interactive)
		return take_own_name(s, "ups");
	do {
		if (!ask("\nWhat shall it be called", "ups", answer, sizeof(answer)))
			return false;
	} while (!take_own_name(s, answer));
	return true;
}

bool setup_find_answers(struct setup *s)
{
	if (!s->interactive && !s->yes) {
		log_error(token, "nobody is there to answer (standard input is no terminal); --yes "
				 "takes the usual answers");
		return false;
	}
	if (s->role == SETUP_UNSAID) {
		s->role = SETUP_STANDALONE;
		if (s->interactive && !ask_role(s))
			return false;
	}
	if (s->role == SETUP_CLIENT)
		return find_server(s) && find_login(s);
	return (s->has_device || find_device(s)) && ask_name(s) && ask_when(s);
}
