/*
 * NUT's options of nutconf: look at single settings, and change them
 * (spec/cli.md section 13).  All changes of one run are made together.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/nutconf/changes.h"
#include "clients/nutconf/device.h"
#include "clients/nutconf/direct.h"
#include "clients/nutconf/tools.h"
#include "clients/nutconf/verbs.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"

static const char token[] = "nutconf";

struct direct {
	struct changes changes;
	bool begun;
	bool ask_configured, ask_mode;
};

struct call {
	bool set;                /* --set-NAME, not --add-NAME */
	const char *const *args; /* NULL-ended */
	size_t count;
	int kind; /* of the row */
};

struct row {
	const char *name; /* without dashes, and without set- and add- where `adds` */
	const char *arguments;
	size_t min, max; /* of them; no max but a min: any number */
	bool adds;       /* --set-NAME and --add-NAME */
	const char *help;
	bool (*run)(struct direct *d, const struct call *c);
	int kind; /* of a scan: enum direct_scan */
};

static bool ask_configured(struct direct *d, const struct call *c)
{
	(void)c;
	d->ask_configured = true;
	return true;
}

static bool ask_mode(struct direct *d, const struct call *c)
{
	(void)c;
	d->ask_mode = true;
	return true;
}

static bool begin(struct direct *d)
{
	if (!d->begun)
		d->begun = changes_begin(&d->changes);
	return d->begun;
}

static bool use_system(struct direct *d, const struct call *c)
{
	(void)d, (void)c;
	unsetenv("NUT_CONFPATH");
	return true;
}

static bool use_local(struct direct *d, const struct call *c)
{
	(void)d;
	if (tools_use_private(c->args[0], true))
		return true;
	log_error(token, "%s, the folder of --local, cannot be opened: %s", c->args[0],
		  strerror(errno));
	return false;
}

static bool set_mode(struct direct *d, const struct call *c)
{
	return begin(d) && direct_set_mode(&d->changes, c->args[0]);
}

static bool set_monitor(struct direct *d, const struct call *c)
{
	return begin(d) && direct_set_monitor(&d->changes, c->set, c->args);
}

static bool set_listen(struct direct *d, const struct call *c)
{
	return begin(d) && direct_set_listen(&d->changes, c->set, c->args);
}

static bool set_device(struct direct *d, const struct call *c)
{
	return begin(d) && direct_set_device(&d->changes, c->set, c->args, c->count);
}

static bool set_flags(struct direct *d, const struct call *c)
{
	return begin(d) && direct_set_notifyflags(&d->changes, c->set, c->args);
}

static bool set_message(struct direct *d, const struct call *c)
{
	return begin(d) && direct_set_notifymsg(&d->changes, c->args);
}

static bool set_command(struct direct *d, const struct call *c)
{
	return begin(d) && direct_set_shutdowncmd(&d->changes, c->args[0]);
}

static bool set_user(struct direct *d, const struct call *c)
{
	return begin(d) && direct_set_user(&d->changes, c->set, c->args, c->count);
}

static bool scan(struct direct *d, const struct call *c)
{
	(void)d;
	return direct_scan((enum direct_scan)c->kind, c->args, c->count);
}

static const struct row rows[] = {
	{"system", "", 0, 0, false, "work on the system's files (usual)", use_system, 0},
	{"local", "DIR", 1, 1, false, "work on the files in this folder", use_local, 0},
	{"is-configured", "", 0, 0, false, "print true or false; the exit status is 0 or 1",
	 ask_configured, 0},
	{"get-mode", "", 0, 0, false, "print MODE of nut.conf", ask_mode, 0},
	{"set-mode", "MODE", 1, 1, false,
	 "none, standalone, netserver, netclient, controlled, manual", set_mode, 0},
	{"monitor", "UPS HOST[:PORT] POWER USER PASSWORD ROLE", 6, 6, true,
	 "MONITOR of upsmon.conf", set_monitor, 0},
	{"listen", "ADDRESS [PORT]", 1, 2, true, "LISTEN of upsd.conf", set_listen, 0},
	{"device", "NAME DRIVER PORT [KEY[=VALUE]]...", 3, 0, true, "a section of ups.conf",
	 set_device, 0},
	{"notifyflags", "TYPE FLAG...", 2, 0, true, "NOTIFYFLAG of upsmon.conf", set_flags, 0},
	{"set-notifymsg", "TYPE TEXT", 2, 2, false, "NOTIFYMSG of upsmon.conf", set_message, 0},
	{"set-shutdowncmd", "COMMAND", 1, 1, false, "SHUTDOWNCMD of upsmon.conf", set_command, 0},
	{"user", "NAME [PASSWORD ROLE] [KEY=VALUE]...", 1, 0, true, "a section of upsd.users",
	 set_user, 0},
	{"scan-usb", "", 0, 0, false, "look for UPSes on USB", scan, DIRECT_SCAN_USB},
	{"scan-snmp", "FROM TO [KEY=VALUE]...", 2, 0, false, "for SNMP agents in a range", scan,
	 DIRECT_SCAN_SNMP},
	{"scan-xml-http", "[MICROSECONDS]", 0, 1, false, "for NetXML devices", scan,
	 DIRECT_SCAN_XML},
	{"scan-nut", "FROM TO [PORT] [MICROSECONDS]", 2, 4, false, "for other upsds", scan,
	 DIRECT_SCAN_NUT},
	{"scan-avahi", "[MICROSECONDS]", 0, 1, false, "for upsds that announce themselves", scan,
	 DIRECT_SCAN_AVAHI},
	{"scan-ipmi", "FROM TO [KEY=VALUE]...", 2, 0, false, "for IPMI power supplies", scan,
	 DIRECT_SCAN_IPMI},
	{"scan-serial", "DEVICE...", 1, 0, false, "for UPSes on serial lines", scan,
	 DIRECT_SCAN_SERIAL},
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]), ARGS_MAX = 64 };

void direct_print_options(FILE *out)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		fprintf(out, "  --%s%s %s\n%24s%s\n", rows[i].adds ? "set-|--add-" : "",
			rows[i].name, rows[i].arguments, "", rows[i].help);
	fputs("  -D, -v                say more\n"
	      "  -V                    print the version\n"
	      "\nA password of \"-\" is read from standard input, one a line.\n",
	      out);
}

static const struct row *find_row(const char *name, bool *set)
{
	*set = str_starts(name, "set-");
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (!rows[i].adds && str_equal(rows[i].name, name))
			return &rows[i];
		if (rows[i].adds && (*set || str_starts(name, "add-")) &&
		    str_equal(rows[i].name, name + 4))
			return &rows[i];
	}
	return NULL;
}

static bool refuse_option(const char *word)
{
	char all[2 * ROW_COUNT][32];
	const char *known[2 * ROW_COUNT + 1] = {NULL}, *guess;
	size_t n = 0;

	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (!rows[i].adds) {
			known[n++] = rows[i].name;
			continue;
		}
		str_format(all[n], sizeof(all[n]), "set-%s", rows[i].name);
		known[n] = all[n];
		n++;
		str_format(all[n], sizeof(all[n]), "add-%s", rows[i].name);
		known[n] = all[n];
		n++;
	}
	guess = str_closest(word + (word[1] == '-' ? 2 : 1), known);
	log_error(token, "unknown option %s%s%s%s", word, guess ? "; did you mean --" : "",
		  guess ? guess : "; nutconf -h lists them", guess ? "?" : "");
	return false;
}

/* The words behind an option belong to it, up to the next that begins with a dash; a single dash
 * is a word. */
static size_t count_arguments(char **words)
{
	size_t n = 0;

	while (words[n] && (words[n][0] != '-' || !words[n][1]))
		n++;
	return n;
}

/* They say whose files all others work on, wherever they stand. */
static bool is_early(const struct row *row)
{
	return row->run == use_local || row->run == use_system;
}

static bool run_option(struct direct *d, bool early, char **words, size_t *taken)
{
	const char *args[ARGS_MAX + 1] = {NULL};
	size_t count = count_arguments(words + 1), max;
	struct call call = {.args = args, .count = count};
	const struct row *row = NULL;

	if (str_starts(words[0], "--"))
		row = find_row(words[0] + 2, &call.set);
	*taken = count + 1;
	if (!row)
		return refuse_option(words[0]);
	if (is_early(row) != early)
		return true;
	call.kind = row->kind;
	max = row->max || !row->min ? row->max : ARGS_MAX;
	for (size_t i = 0; i < count && i < max; i++)
		args[i] = words[i + 1];
	if (count >= row->min && count <= max)
		return row->run(d, &call);
	log_error(token, "%s wants %s, not %zu word%s", words[0],
		  *row->arguments ? row->arguments : "nothing behind it", count,
		  count == 1 ? "" : "s");
	return false;
}

static int answer(struct direct *d)
{
	struct buffer mode = {0};
	bool said, configured;

	if (!d->ask_configured && !d->ask_mode)
		return 0;
	if (access(paths_conf(), R_OK | X_OK) != 0) {
		log_error(token, "%s cannot be opened: %s", paths_conf(), strerror(errno));
		return 1;
	}
	said = changes_get_mode(&d->changes, "MODE", &mode) && mode.len;
	configured = said && !str_caseequal(buffer_string(&mode), "none");
	if (d->ask_configured)
		puts(configured ? "true" : "false");
	if (d->ask_mode)
		puts(said ? buffer_string(&mode) : "none");
	buffer_free(&mode);
	return d->ask_configured && !configured ? 1 : 0;
}

static bool is_switch(const char *word, const char *letters)
{
	if (word[0] != '-' || !word[1])
		return false;
	return strspn(word + 1, letters) == strlen(word + 1);
}

static bool run_all(struct direct *d, bool early, int argc, char **argv)
{
	for (int i = 1; i < argc;) {
		size_t taken = 1;

		if (is_switch(argv[i], "vD") || str_equal(argv[i], "--verbose"))
			log_set_debug(log_debug_level() + early);
		else if (!run_option(d, early, argv + i, &taken))
			return false;
		i += (int)taken;
	}
	return true;
}

static bool run(struct direct *d, int argc, char **argv)
{
	return run_all(d, true, argc, argv) && run_all(d, false, argc, argv) &&
	       (!d->begun || (changes_settle(&d->changes) && changes_write(&d->changes, false)));
}

int direct_run(int argc, char **argv)
{
	struct direct d = {.changes = {.lock = -1}};
	int status;

	for (int i = 1; i < argc; i++) {
		if (str_equal(argv[i], "-V")) {
			log_banner("nutconf", true);
			return 0;
		}
	}
	privilege_hide_memory();
	status = run(&d, argc, argv) ? answer(&d) : 1;
	changes_end(&d.changes);
	return status;
}
