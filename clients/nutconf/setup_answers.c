#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clients/cli/prompt.h"
#include "clients/nutconf/sayings.h"
#include "clients/nutconf/scan.h"
#include "clients/nutconf/setup.h"
#include "clients/secure/visible.h"
#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "setup";

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
		if (!*answer) {
			log_error(token, "no device; nothing was changed");
			return false;
		}
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
	static const char *const network[] = {"-S", "-O", "-A", "-m", "auto", NULL};
	static struct scan found;
	bool ok, looked;

	printf("Looking for a UPS on USB ...\n");
	fflush(stdout);
	looked = scan_run(&found, usb);
	if (looked && !found.count && s->interactive && !s->network)
		s->network = setup_confirm("There is none.  Look in the network, too");
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
	return setup_take_name(s, names[number - 1]);
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
	} while (!*answer || !setup_take_server(s, answer));
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

/* What the files call this device already, or "ups". */
static void find_name(const struct setup *s, char *name, size_t size)
{
	const char *driver = device_get(&s->device, "driver"),
		   *port = device_get(&s->device, "port");
	const char *serial = device_get(&s->device, "serial");
	const struct saying *one;
	struct sayings said;
	size_t at = 0;

	str_copy(name, size, "ups");
	sayings_read(&said);
	while ((one = sayings_next_section(&said.ups, &at))) {
		const char *its = sayings_value(&said.ups, one->section, "serial");

		if (str_equal(sayings_value(&said.ups, one->section, "driver"), driver) &&
		    str_equal(sayings_value(&said.ups, one->section, "port"), port) &&
		    (!its || !serial || str_equal(its, serial)) && is_plain_name(one->section))
			str_copy(name, size, one->section);
	}
	sayings_free(&said);
}

static bool ask_name(struct setup *s)
{
	char answer[128], usual[128];

	if (*s->ups)
		return take_own_name(s, s->ups);
	find_name(s, usual, sizeof(usual));
	if (!s->interactive)
		return take_own_name(s, usual);
	do {
		if (!ask("\nWhat shall it be called", usual, answer, sizeof(answer)))
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
