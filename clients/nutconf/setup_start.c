#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/nutconf/setup.h"
#include "clients/nutconf/tools.h"
#include "clients/secure/visible.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"

static const char token[] = "setup";

enum { START_MS = 120 * 1000, SHOW_MS = 60 * 1000, PAUSE_MS = 300, TOLD_LINES = 8 };

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* What a program that failed said last, which is where the reason stands. */
static void tell_last_lines(struct buffer *said)
{
	char *lines[TOLD_LINES], *text, *line;
	size_t count = 0;

	buffer_string(said);
	text = said->data;
	while (said->len && tools_next_line(&text, &line))
		if (*line)
			lines[count++ % TOLD_LINES] = line;
	for (size_t i = count > TOLD_LINES ? count - TOLD_LINES : 0; i < count; i++)
		fprintf(stderr, "    %s\n", lines[i % TOLD_LINES]);
}

/* Runs it, and says how it went wrong unless `quiet`.  What it said is kept in *said, NULL: is not.
 */
static bool run_and_keep(const char *program, const char *const *args, unsigned limit_ms,
			 bool quiet, struct buffer *keep)
{
	struct buffer said = {0};
	int status = 0;
	enum tools_result result = tools_run(program, args, true, limit_ms, &said, &status);
	bool ok = result == TOOLS_RAN && status == 0;

	if (keep)
		buffer_append(keep, said.len ? said.data : "", said.len);

	if (!ok && !quiet) {
		if (result == TOOLS_MISSING)
			log_error(token,
				  "%s was not found beside nutconf, nor in %s and %s; install it",
				  program, SBINDIR, BINDIR);
		else
			log_error(token, "%s %s:", program,
				  result == TOOLS_LATE ? "does not get there in time" : "failed");
		tell_last_lines(&said);
	}
	buffer_free(&said);
	return ok;
}

static bool run(const char *program, const char *const *args, unsigned limit_ms, bool quiet)
{
	return run_and_keep(program, args, limit_ms, quiet, NULL);
}

static void say(const char *text)
{
	printf("%s\n", text);
	fflush(stdout);
}

/* ------------------------------------------------------------------ by systemd */

static bool systemctl(const char *verb, const char *unit, bool quiet)
{
	char path[PATH_MAX] = "/usr/bin/systemctl";

	tools_find_system("systemctl", path, sizeof(path));
	return run(path, WORDS(verb, unit), START_MS, quiet);
}

/* The system's own files, on a system that systemd runs. */
static bool by_systemd(const struct setup *s)
{
	return !s->local && geteuid() == 0 && str_equal(paths_conf(), CONFPATH) &&
	       access("/run/systemd/system", F_OK) == 0;
}

static bool has_unit(const char *unit)
{
	return systemctl("cat", unit, true);
}

static bool start_unit(const char *unit)
{
	printf("Starting %s ...\n", unit);
	fflush(stdout);
	return systemctl("restart", unit, false);
}

static bool start_units(const struct setup *s)
{
	static const char *const enabled[] = {"nut.target", "nut-driver.target",
					      "nut-server.service", "nut-monitor.service"};
	char driver[160];

	/* A generator makes the units of the drivers out of ups.conf. */
	if (!systemctl("daemon-reload", NULL, false))
		return false;
	for (size_t i = 0; i < sizeof(enabled) / sizeof(enabled[0]); i++)
		if (has_unit(enabled[i]))
			systemctl("enable", enabled[i], true);
	str_format(driver, sizeof(driver), "nut-driver@%s.service", s->ups);
	if (s->role != SETUP_CLIENT &&
	    !(start_unit(has_unit(driver) ? driver : "nut-driver.service") &&
	      start_unit("nut-server.service")))
		return false;
	return start_unit("nut-monitor.service");
}

/* --------------------------------------------------------------------- by hand */

/* One that runs already reads its files again. */
static bool start_daemon(const struct setup *s, const char *program)
{
	printf("Starting %s ...\n", program);
	fflush(stdout);
	if (run(program, WORDS("-c", "reload"), SHOW_MS, true))
		return true;
	if (s->run_as)
		return run(program, WORDS("-u", s->run_as), START_MS, false);
	return run(program, WORDS(NULL), START_MS, false);
}

/* What the driver says of a device that is not there is kept: it goes on looking for it. */
static bool start_driver(const struct setup *s, struct buffer *said)
{
	const char *const plain[] = {"start", s->ups, NULL};
	const char *const as_user[] = {"-u", s->run_as, "start", s->ups, NULL};

	printf("Starting the driver, %s ...\n", device_get(&s->device, "driver"));
	fflush(stdout);
	if (run_and_keep("upsdrvctl", s->run_as ? as_user : plain, (unsigned)s->wait_s * 1000,
			 false, said))
		return true;
	/* It is not left behind, looking for what is not there. */
	run("upsdrvctl", WORDS("stop", s->ups), SHOW_MS, true);
	return false;
}

static bool start_daemons(const struct setup *s, struct buffer *said)
{
	if (s->role != SETUP_CLIENT && !(start_driver(s, said) && start_daemon(s, "upsd")))
		return false;
	return start_daemon(s, "upsmon");
}

/* --------------------------------------------------------------------- looking */

static struct server server_of(const struct setup *s)
{
	if (s->role == SETUP_CLIENT)
		return (struct server){s->server, s->server_port, ""};
	return (struct server){"localhost", s->port, ""};
}

/* WAIT is what upsd says until the driver has told all. */
static bool wait_for_ups(const struct setup *s, struct buffer *driver_said)
{
	struct server server = server_of(s);
	long long end = clock_ms() + s->wait_s * 1000;
	char status[256];

	say("Waiting for the UPS ...");
	while (!server_get(&server, s->ups, "ups.status", status, sizeof(status)) ||
	       str_equal(status, "WAIT")) {
		if (clock_ms() > end) {
			log_error(token,
				  "upsd does not show the UPS: %s; \"upsc %s@%s\" asks again, and "
				  "the system's log has what the driver says",
				  *server.why ? server.why : "it waits for the driver", s->ups,
				  server.host);
			tell_last_lines(driver_said);
			return false;
		}
		clock_sleep_ms(PAUSE_MS);
	}
	return true;
}

/* What a UPS says may be anything. */
static void print_variable(const char *name, const char *value)
{
	printf("    %-16s ", name);
	visible_print(stdout, value);
	putchar('\n');
}

static void show_ups(const struct setup *s)
{
	static const char *const variables[] = {
		"device.mfr",      "device.model", "ups.status",    "battery.charge",
		"battery.runtime", "ups.load",     "input.voltage",
	};
	struct server server = server_of(s);
	char value[256];

	printf("\n%s:\n", s->ups);
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		if (server_get(&server, s->ups, variables[i], value, sizeof(value)))
			print_variable(variables[i], value);
}

/* What a power failure would do, in short: all of it is long. */
static bool rehearse(void)
{
	struct buffer said = {0};
	char *text, *line;
	int status = 0;
	bool ok;

	ok = tools_run("upsmon", WORDS("--rehearse"), false, SHOW_MS, &said, &status) == TOOLS_RAN;
	buffer_string(&said);
	text = said.data;
	printf("\nA power failure, as it would go (\"upsmon --rehearse\" tells more):\n");
	while (said.len && tools_next_line(&text, &line))
		if (strstr(line, "---") || strstr(line, "SHUTDOWNCMD") ||
		    strstr(line, "POWERDOWNFLAG") || strstr(line, "This host") ||
		    strstr(line, "EMPTY"))
			printf("    %s\n", line);
	buffer_free(&said);
	if (!ok || status != 0)
		log_error(token,
			  "this machine would not be shut down in time; \"upsmon --rehearse\" "
			  "tells why");
	return ok && status == 0;
}

bool setup_start(const struct setup *s)
{
	struct buffer said = {0};
	bool ok;

	putchar('\n');
	ok = (by_systemd(s) ? start_units(s) : start_daemons(s, &said)) && wait_for_ups(s, &said);
	buffer_free(&said);
	if (!ok)
		return false;
	show_ups(s);
	return rehearse();
}

/* ------------------------------------------------------------------- what next */

static void tell_private(void)
{
	static const char *const names[] = {"NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH",
					    "NUT_PIDPATH"};

	printf("\nThe programs find this private site with\n");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		printf("    export %s=%s\n", names[i], getenv(names[i]));
	say("and it ends with: upsmon -c stop; upsd -c stop; upsdrvctl stop");
}

/* What upsc and --server take: `ups`, `ups@host`, `ups@host:port`. */
static void name_ups(const struct setup *s, const char *host, unsigned port, char *name,
		     size_t size)
{
	bool v6 = host && strchr(host, ':');

	str_format(name, size, "%s%s%s%s%s", s->ups, host ? "@" : "", v6 ? "[" : "",
		   host ? host : "", v6 ? "]" : "");
	if (host && port != setup_usual_port()) {
		size_t len = strlen(name);

		str_format(name + len, size - len, ":%u", port);
	}
}

static void tell_others(const struct setup *s)
{
	char host[256] = "THIS-MACHINE", name[512];

	gethostname(host, sizeof(host) - 1);
	name_ups(s, host, s->port, name, sizeof(name));
	printf("\nOn each other machine that this UPS feeds:\n"
	       "    nutconf setup --server %s\n"
	       "The password it asks for is that of [secondary] in %s/upsd.users.  It passes the\n"
	       "network in the clear until upsd has a certificate: man nutcert.\n",
	       name, paths_conf());
}

void setup_tell_next(const struct setup *s, bool started)
{
	bool usual = s->port == setup_usual_port();
	char name[512];

	if (s->role == SETUP_CLIENT)
		name_ups(s, s->server, s->server_port, name, sizeof(name));
	else
		name_ups(s, usual ? NULL : "localhost", s->port, name, sizeof(name));
	printf("\n%s\n    upsc %-28s  what the UPS says\n",
	       started ? "It runs." : "Nothing was started.", name);
	say("    nutconf check                      whether all files are right\n"
	    "    upsmon -c status                   what upsmon knows and would do\n"
	    "    upsmon -c fsd                      the real thing: this machine shuts down");
	if (s->role == SETUP_SERVER)
		tell_others(s);
	if (s->local)
		tell_private();
}
