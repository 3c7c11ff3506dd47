/* What upsmon runs, writes and waits for when it shuts this machine down. */
#include "config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/nutconf/check.h"
#include "common/base/command.h"
#include "common/base/paths.h"
#include "common/base/str.h"

enum { LONG_WAIT_S = 600, SECONDARIES_NEED_S = 10 };

/* --------------------------------------------------------------------- programs */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

/* Where a shell of a daemon looks. */
static bool is_in_path(const char *name)
{
	static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					      "/usr/bin",        "/sbin",          "/bin"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (str_format(path, sizeof(path), "%s/%s", folders[i], name) && is_program(path))
			return true;
	return false;
}

/* Words that a shell knows by itself, or behind which its own grammar begins. */
static bool is_shells_own(const char *word)
{
	static const char *const words[] = {"exec",  "echo", "test",   "[",     "if",    "for",
					    "while", "case", "export", "cd",    "true",  "false",
					    ":",     "set",  "printf", "umask", "trap",  "until",
					    "eval",  ".",    "!",      "wait",  "ulimit"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_equal(words[i], word))
			return true;
	return strpbrk(word, "$`(){}*?<>=\\");
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* The program that a command line for a shell begins with, without its quotes. */
static void first_word(const char *command, char *word, size_t size)
{
	char quote = '\0';
	size_t len = 0;

	command = skip_blanks(command);
	if (str_starts(command, "exec "))
		command = skip_blanks(command + strlen("exec"));
	for (; *command && len + 1 < size; command++) {
		if (quote ? *command == quote : *command == '"' || *command == '\'') {
			quote = quote ? '\0' : *command;
			continue;
		}
		if (!quote && strchr(" \t\n;&|", *command))
			break;
		word[len++] = *command;
	}
	word[len] = '\0';
}

static void tell_no_program(struct check *c, const char *code, const char *file, unsigned line,
			    const char *directive, const char *program)
{
	struct stat st;

	if (stat(program, &st) == 0 && S_ISREG(st.st_mode))
		check_add(c, CHECK_ERROR, code, file, line, "chmod +x it",
			  "%s: %s cannot be executed", directive, program);
	else
		check_add(c, CHECK_ERROR, code, file, line, "install it, or name another",
			  "%s: there is no program %s", directive, program);
}

/* In the group language it stands within a rule, with the command behind it. */
static unsigned line_of_command(const struct check *c, const char *word)
{
	const struct sayings_file *f = &c->said.upsmon;
	unsigned line = sayings_line_of(f, "SHUTDOWNCMD", NULL);

	for (size_t i = 0; !line && i < f->count; i++)
		for (size_t j = 0; j + 1 < f->list[i].count; j++)
			if (str_equal(f->list[i].values[j], "SHUTDOWNCMD") &&
			    strstr(f->list[i].values[j + 1], word))
				return f->list[i].line;
	return line;
}

static void look_at_command(struct check *c, const char *command)
{
	char word[PATH_MAX];
	unsigned line;

	first_word(command, word, sizeof(word));
	line = line_of_command(c, word);
	if (!*word)
		check_add(c, CHECK_ERROR, "shutdown-command", c->said.upsmon.path, line,
			  "SHUTDOWNCMD \"/sbin/shutdown -h +0\"", "SHUTDOWNCMD is empty");
	else if (strchr(word, '/') ? !is_program(word) && !strpbrk(word, "$`*?")
				   : !is_shells_own(word) && !is_in_path(word))
		tell_no_program(c, "shutdown-command", c->said.upsmon.path, line, "SHUTDOWNCMD",
				word);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool anything_executed(const struct upsmon_conf *u)
{
	for (int i = 0; i < NOTICE_COUNT; i++)
		if ((u->notices[i].flags & NOTICE_EXEC) && !(u->notices[i].flags & NOTICE_IGNORE))
			return true;
	return false;
}

/* A folder for a file that is made there. */
static void look_at_folder_of(struct check *c, const char *code, const char *file, unsigned line,
			      const char *directive, const char *path)
{
	char folder[PATH_MAX], mend[PATH_MAX + 16], *slash;
	struct stat st;

	str_copy(folder, sizeof(folder), path);
	slash = strrchr(folder, '/');
	if (!slash)
		return;
	slash[slash == folder] = '\0';
	if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
		return;
	str_format(mend, sizeof(mend), "make it: mkdir %s", folder);
	check_add(c, CHECK_ERROR, code, file, line, mend, "%s %s: there is no folder %s", directive,
		  path, folder);
}

static void look_at_upssched(struct check *c)
{
	static const char *const places[] = {"PIPEFN", "LOCKFN"};
	const struct sayings_file *f = &c->said.upssched;
	const struct saying *script = sayings_last(f, NULL, "CMDSCRIPT");
	char **words;

	if (!f->exists) {
		check_add(c, CHECK_ERROR, "upssched-conf-missing", f->path, 0,
			  "write it (man upssched.conf), or take NOTIFYCMD away",
			  "NOTIFYCMD is upssched, and its file is not there");
		return;
	}
	if (!script || !script->count) {
		check_add(c, CHECK_ERROR, "upssched-script", f->path, script ? script->line : 0,
			  "CMDSCRIPT /usr/local/bin/upssched-cmd, above the AT lines",
			  "no CMDSCRIPT is named, and upssched does nothing without one");
	} else if ((words = command_new(script->count, script->values))) {
		if (!is_program(words[0]))
			tell_no_program(c, "upssched-script", f->path, script->line, "CMDSCRIPT",
					words[0]);
		command_free(words);
	}
	for (size_t i = 0; i < 2; i++) {
		const struct saying *place = sayings_last(f, NULL, places[i]);

		if (place && place->count)
			look_at_folder_of(c, "upssched-folder", f->path, place->line, places[i],
					  place->values[0]);
	}
}

static void look_at_notify(struct check *c)
{
	const struct upsmon_conf *u = &c->upsmon;
	const char *file = c->said.upsmon.path;
	unsigned line = sayings_line_of(&c->said.upsmon, "NOTIFYCMD", NULL);

	if (u->notify_command) {
		if (!is_program(u->notify_command[0]))
			tell_no_program(c, "notify-command", file, line, "NOTIFYCMD",
					u->notify_command[0]);
		if (str_equal(base_name(u->notify_command[0]), "upssched"))
			look_at_upssched(c);
		if (!anything_executed(u))
			check_add(c, CHECK_WARNING, "notify-never", file, line,
				  "NOTIFYFLAG ONBATT SYSLOG+EXEC, and so on",
				  "NOTIFYCMD is never run, as no NOTIFYFLAG has EXEC");
	} else if (u->classic && anything_executed(u)) {
		check_add(c, CHECK_WARNING, "notify-nothing", file,
			  sayings_line_of(&c->said.upsmon, "NOTIFYFLAG", NULL),
			  "name the program with NOTIFYCMD",
			  "a NOTIFYFLAG has EXEC, and there is no NOTIFYCMD");
	}
}

/* -------------------------------------------------------------------------- flag */

static bool is_primary(const struct upsmon_conf *u)
{
	for (size_t i = 0; i < u->ups_count; i++)
		if (u->ups[i].primary)
			return true;
	return false;
}

/* A file system that is unmounted before the last script looks. */
static bool is_unmounted_early(const struct stat *folder)
{
	struct stat root, run;

	return stat("/", &root) == 0 && folder->st_dev != root.st_dev &&
	       (stat("/run", &run) != 0 || folder->st_dev != run.st_dev);
}

static void look_at_flag(struct check *c, const char *flag)
{
	unsigned line = sayings_line_of(&c->said.upsmon, "POWERDOWNFLAG", NULL);
	const char *file = c->said.upsmon.path;
	char folder[PATH_MAX], *slash;
	struct stat st;

	str_copy(folder, sizeof(folder), flag);
	slash = strrchr(folder, '/');
	if (!slash)
		return;
	slash[slash == folder] = '\0';
	/* That of the sockets is made at boot. */
	if (!str_equal(folder, paths_state()))
		look_at_folder_of(c, "flag-folder", file, line, "POWERDOWNFLAG", flag);
	if (stat(folder, &st) != 0)
		return;
	if (st.st_mode & S_IWOTH)
		check_add(
			c, CHECK_ERROR, "flag-open", file, line, "POWERDOWNFLAG /run/nut/killpower",
			"POWERDOWNFLAG %s: anybody may write to %s, and make the next shutdown cut "
			"the power",
			flag, folder);
	if (is_unmounted_early(&st))
		check_add(c, CHECK_WARNING, "flag-unmounted", file, line,
			  "POWERDOWNFLAG /run/nut/killpower",
			  "POWERDOWNFLAG %s is on a file system of its own, which is gone when the "
			  "last script looks for it",
			  flag);
}

/* systemd runs what is in there when all else has ended. */
static void look_for_hook(struct check *c)
{
	static const char *const folders[] = {
		"/usr/lib/systemd/system-shutdown", "/lib/systemd/system-shutdown",
		"/usr/local/lib/systemd/system-shutdown", "/etc/systemd/system-shutdown"};
	char path[PATH_MAX];

	/* Only where these files are the system's. */
	if (access("/run/systemd/system", F_OK) != 0 || !str_equal(paths_conf(), CONFPATH))
		return;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (str_format(path, sizeof(path), "%s/nutshutdown", folders[i]) &&
		    is_program(path))
			return;
	check_add(
		c, CHECK_WARNING, "hook-missing", c->said.upsmon.path,
		sayings_line_of(&c->said.upsmon, "POWERDOWNFLAG", NULL),
		"install it into /usr/lib/systemd/system-shutdown",
		"systemd has no \"nutshutdown\", so the UPS is never told to switch off, and this "
		"machine may stay off when the power comes back");
}

/* ------------------------------------------------------------------------- times */

static bool has_secondaries(const struct check *c)
{
	const struct saying *one;
	size_t at = 0;

	while ((one = sayings_next(&c->said.users, &at, NULL, "upsmon")))
		if (one->count && (str_caseequal(one->values[0], "secondary") ||
				   str_caseequal(one->values[0], "slave")))
			return true;
	return false;
}

static void look_at_times(struct check *c)
{
	const struct policy *p = &c->upsmon.policy;
	const struct sayings_file *f = &c->said.upsmon;
	bool primary = is_primary(&c->upsmon);
	long hooks = c->upsmon.hook_dir ? p->hook_all : 0;
	long delay = p->final_delay > hooks ? p->final_delay : hooks;
	long needed = delay + (primary ? p->hostsync : 0);

	if (!c->upsmon.classic)
		return;
	if (primary && has_secondaries(c) && p->hostsync < SECONDARIES_NEED_S)
		check_add(c, CHECK_WARNING, "hostsync-short", f->path,
			  sayings_line_of(f, "HOSTSYNC", NULL),
			  "give them the time that they need to shut down",
			  "HOSTSYNC is %ld: other machines hardly hear of a shutdown before this "
			  "one goes",
			  p->hostsync);
	if (needed > LONG_WAIT_S)
		check_add(c, CHECK_WARNING, "delay-long", f->path,
			  sayings_line_of(f,
					  p->final_delay > p->hostsync ? "FINALDELAY" : "HOSTSYNC",
					  NULL),
			  "a battery that is low often lasts for two minutes",
			  "a shutdown may wait for %ld s (HOSTSYNC, FINALDELAY, hooks)", needed);
	if (p->limits.runtime >= 0 && p->limits.runtime < needed)
		check_add(c, CHECK_WARNING, "runtime-short", f->path,
			  sayings_line_of(f, "OBRUNTIME", NULL), "raise it",
			  "OBRUNTIME is %ld, and the shutdown itself may take %ld s (HOSTSYNC, "
			  "FINALDELAY, hooks)",
			  p->limits.runtime, needed);
}

static void look_at_supplies(struct check *c)
{
	const struct sayings_file *f = &c->said.upsmon;
	long sum = upsmon_conf_power(&c->upsmon), min = c->upsmon.policy.min_supplies;

	if (!c->upsmon.classic || !c->upsmon.ups_count)
		return;
	if (min == 0 && sum > 0)
		check_add(c, CHECK_WARNING, "supplies-none", f->path,
			  sayings_line_of(f, "MINSUPPLIES", NULL), "MINSUPPLIES 1",
			  "MINSUPPLIES is 0, so this machine is never shut down");
	if (min > 1 && min == sum && c->upsmon.ups_count > 1)
		check_add(c, CHECK_HINT, "supplies-all", f->path,
			  sayings_line_of(f, "MINSUPPLIES", NULL),
			  "MINSUPPLIES 1 if one of its supplies is enough",
			  "all UPSes are needed: a failure of any shuts this machine down");
}

void check_shutdown(struct check *c)
{
	const struct upsmon_conf *u = &c->upsmon;

	if (!u->ups_count)
		return;
	for (size_t i = 0; i < u->command_count; i++)
		look_at_command(c, u->commands[i]);
	look_at_notify(c);
	if (u->powerdown_flag)
		look_at_flag(c, u->powerdown_flag);
	if (is_primary(u) && u->powerdown_flag)
		look_for_hook(c);
	if (is_primary(u) && !u->powerdown_flag)
		check_add(
			c, CHECK_WARNING, "flag-none", c->said.upsmon.path, 0,
			"POWERDOWNFLAG /run/nut/killpower",
			"no POWERDOWNFLAG: the UPS is not told to switch off, and this machine may "
			"stay off when the power comes back");
	look_at_times(c);
	look_at_supplies(c);
}
