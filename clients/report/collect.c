#include "config.h"

#include "clients/report/collect.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "clients/nutconf/tools.h"
#include "clients/report/redact.h"
#include "common/base/conffile.h"
#include "common/base/paths.h"
#include "common/base/run.h"
#include "common/base/str.h"

enum { LIMIT_MS = 15 * 1000, SAID_MAX = 256 * 1024, NAMES_MAX = 256 };

/* The program's path is nobody's business, its name is. */
static void append_command(struct buffer *b, const char *const *argv)
{
	const char *slash = strrchr(argv[0], '/');

	buffer_appendf(b, "$ %s", slash ? slash + 1 : argv[0]);
	for (size_t i = 1; argv[i]; i++)
		buffer_appendf(b, " %s", argv[i]);
	buffer_append_char(b, '\n');
}

static enum run_end run_into(struct buffer *b, const char *const *argv, int *status)
{
	static const char *const env[] = {"NUT_QUIET_INIT_BANNER", "true", "LC_ALL", "C.UTF-8",
					  "SYSTEMD_COLORS",        "0",    NULL};
	struct run r = {.argv = argv,
			.env = env,
			.limit_ms = LIMIT_MS,
			.max = SAID_MAX,
			.with_errors = true};

	return run_program(&r, b, status);
}

bool collect_run(struct bundle_part *p, const char *const *argv)
{
	enum run_end end;
	int status = 0;

	append_command(&p->text, argv);
	end = run_into(&p->text, argv, &status);
	if (end == RUN_LATE)
		buffer_append_str(&p->text, "(killed: no end after 15 s)\n");
	else if (end != RUN_ENDED)
		buffer_append_str(&p->text, "(cannot be run)\n");
	else if (status)
		buffer_appendf(&p->text, "(status %d)\n", status);
	buffer_append_char(&p->text, '\n');
	return end == RUN_ENDED;
}

/* One of our own programs, with up to two arguments. */
static bool run_ours(struct bundle_part *p, const char *name, const char *one, const char *two)
{
	char path[PATH_MAX];
	const char *argv[] = {path, one, two, NULL};

	return tools_find(name, path, sizeof(path)) && collect_run(p, argv);
}

/* --------------------------------------------------------------------- system */

static void append_os_name(struct buffer *b)
{
	char line[512];
	FILE *f = fopen("/etc/os-release", "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (str_starts(line, "PRETTY_NAME="))
			buffer_appendf(b, "os: %s", line + 12);
	}
	if (f)
		fclose(f);
}

void collect_system(struct collect *c)
{
	struct bundle_part *p = bundle_add(c->bundle, "system.txt", "kernel, operating system");
	struct utsname u;

	if (!p || uname(&u) != 0)
		return;
	cloak_add(c->cloak, CLOAK_HOST, u.nodename);
	buffer_appendf(&p->text, "kernel: %s %s %s %s\n", u.sysname, u.release, u.version,
		       u.machine);
	append_os_name(&p->text);
	buffer_appendf(&p->text, "systemd: %s\n",
		       access("/run/systemd/system", F_OK) == 0 ? "yes" : "no");
	buffer_appendf(&p->text, "root: %s\n", geteuid() == 0 ? "yes" : "no");
}

/* -------------------------------------------------------------- configuration */

/* Its language has other words: nothing of it is shown, but what it hides is hidden elsewhere. */
static void leave_out_group_file(struct collect *c)
{
	char path[PATH_MAX];
	struct bundle_part *p;

	if (!paths_conf_file(path, sizeof(path), "UPSmon.conf") || access(path, F_OK) != 0)
		return;
	redact_hide_file(c->cloak, path);
	p = bundle_add(c->bundle, "conf/UPSmon.conf", "configuration");
	if (p)
		bundle_leave_out(p, "the group language cannot be redacted word by word");
}

void collect_conf(struct collect *c)
{
	for (const struct policy_file *f = policy_files; f->name; f++) {
		char path[PATH_MAX], name[128];
		struct bundle_part *p;
		int err;

		if (!paths_conf_file(path, sizeof(path), f->name) || access(path, F_OK) != 0)
			continue;
		str_format(name, sizeof(name), "conf/%s", f->name);
		p = bundle_add(c->bundle, name, "configuration");
		err = p ? redact_file(c->cloak, f, path, &p->text) : 0;
		if (err)
			bundle_leave_out(p, strerror(err));
	}
	leave_out_group_file(c);
}

/* ---------------------------------------------------------------- permissions */

static void append_owner(struct buffer *b, const struct stat *st)
{
	struct passwd *pw = getpwuid(st->st_uid);
	struct group *gr = getgrgid(st->st_gid);
	bool known_user = pw && (st->st_uid == 0 || str_equal(pw->pw_name, RUN_AS_USER));
	bool known_group = gr && (st->st_gid == 0 || str_equal(gr->gr_name, RUN_AS_GROUP));

	buffer_appendf(b, " %s:%s ", known_user ? pw->pw_name : "(another)",
		       known_group ? gr->gr_name : "(another)");
}

static void append_mode(struct buffer *b, const char *path, const char *shown)
{
	struct stat st;

	if (lstat(path, &st) != 0) {
		buffer_appendf(b, "%s: %s\n", shown, strerror(errno));
		return;
	}
	buffer_appendf(b, "%06o", (unsigned)st.st_mode);
	append_owner(b, &st);
	buffer_appendf(b, "%s\n", shown);
}

static void append_folder(struct buffer *b, const char *folder)
{
	struct dirent **names;
	int count = scandir(folder, &names, NULL, alphasort);

	append_mode(b, folder, folder);
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];

		if (i < NAMES_MAX && names[i]->d_name[0] != '.' &&
		    str_format(path, sizeof(path), "%s/%s", folder, names[i]->d_name)) {
			buffer_append_str(b, "  ");
			append_mode(b, path, names[i]->d_name);
		}
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

void collect_permissions(struct collect *c)
{
	struct bundle_part *p =
		bundle_add(c->bundle, "permissions.txt", "owners and modes of files");

	if (!p)
		return;
	append_folder(&p->text, paths_conf());
	append_folder(&p->text, paths_state());
	if (!str_equal(paths_pid(), paths_state()))
		append_folder(&p->text, paths_pid());
}

/* ------------------------------------------------------------------- programs */

struct driver_list {
	char names[32][64];
	size_t count;
};

static void note_driver(void *arg, const struct conf_where *at, const struct conf_setting *s,
			struct conf_report *r)
{
	struct driver_list *list = arg;

	(void)at;
	(void)r;
	if (!s->key || !str_caseequal(s->key, "driver") || !s->count || strchr(s->values[0], '/'))
		return;
	for (size_t i = 0; i < list->count; i++) {
		if (str_equal(list->names[i], s->values[0]))
			return;
	}
	if (list->count < 32 && str_copy(list->names[list->count], 64, s->values[0]))
		list->count++;
}

static void run_drivers(struct bundle_part *p)
{
	struct conf_report quiet = {.emit = NULL};
	struct driver_list list = {.count = 0};
	char path[PATH_MAX];

	if (!paths_conf_file(path, sizeof(path), "ups.conf"))
		return;
	conffile_read_settings(path, note_driver, &list, &quiet);
	for (size_t i = 0; i < list.count; i++) {
		const char *argv[] = {path, "-V", NULL};

		if (str_format(path, sizeof(path), "%s/%s", paths_driver(), list.names[i]))
			collect_run(p, argv);
	}
}

static void collect_units(struct collect *c)
{
	static const char *const list[] = {"systemctl", "list-units", "--all", "--no-pager",
					   "--plain",   "nut*",       "ups*",  NULL};
	static const char *const status[] = {"systemctl", "status", "--no-pager", "--full",
					     "--lines=0", "nut*",   NULL};
	struct bundle_part *p;

	if (access("/run/systemd/system", F_OK) != 0)
		return;
	p = bundle_add(c->bundle, "units.txt", "what systemd says of the services");
	if (p && collect_run(p, list))
		collect_run(p, status);
}

void collect_programs(struct collect *c)
{
	struct bundle_part *p = bundle_add(c->bundle, "versions.txt", "versions, build options");

	if (p) {
		run_ours(p, "upsd", "-DV", NULL);
		run_ours(p, "upsmon", "-V", NULL);
		run_ours(p, "upsc", "-V", NULL);
		run_drivers(p);
	}
	p = bundle_add(c->bundle, "check.txt", "what the programs say of the configuration");
	if (p) {
		run_ours(p, "upsd", "-t", NULL);
		run_ours(p, "upsmon", "-t", NULL);
		run_ours(p, "nutconf", "check", NULL);
	}
	p = bundle_add(c->bundle, "drivers.txt", "which drivers run");
	if (p)
		run_ours(p, "upsdrvctl", "status", NULL);
	collect_units(c);
}

/* ----------------------------------------------------------------------- UPSes */

struct server {
	char text[512];
};

/* The first port that takes plain words. */
static void note_listen(void *arg, const struct conf_where *at, size_t count, char *const *words,
			struct conf_report *r)
{
	struct server *s = arg;
	const char *host = count > 1 ? words[1] : "";
	bool any = str_equal(host, "*") || str_equal(host, "0.0.0.0") || str_equal(host, "::");

	(void)at;
	(void)r;
	if (*s->text || !str_equal(words[0], "LISTEN") || count < 2 ||
	    (count > 3 && str_equal(words[3], "tls")) || str_starts(host, "unix:"))
		return;
	str_format(s->text, sizeof(s->text), strchr(host, ':') && !any ? "[%s]:%s" : "%s:%s",
		   any ? "localhost" : host, count > 2 ? words[2] : NUT_PORT);
}

static void find_server(const struct collect *c, struct server *s)
{
	struct conf_report quiet = {.emit = NULL};
	char path[PATH_MAX];

	s->text[0] = '\0';
	if (!c->server && paths_conf_file(path, sizeof(path), "upsd.conf"))
		conffile_read_lines(path, note_listen, s, &quiet);
	if (!*s->text)
		str_copy(s->text, sizeof(s->text), c->server ? c->server : "localhost");
}

/* Lines of `name: value`, each redacted by what it is. */
static void redact_lines(struct collect *c, char *text, struct buffer *out)
{
	char *rest;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *colon = strchr(line, ':');

		/* The name of a variable has no blanks; whatever else it says is no variable. */
		if (!str_starts(line, "Error: ") && colon && colon[1] == ' ' &&
		    strcspn(line, " ") > (size_t)(colon - line)) {
			*colon = '\0';
			redact_value(c->cloak, line, colon + 2, c->keep_serials, out);
		} else {
			buffer_appendf(out, "%s\n", line);
		}
	}
}

static void collect_ups(struct collect *c, struct bundle_part *p, const char *ups,
			const char *server)
{
	char program[PATH_MAX], target[1024];
	const char *argv[] = {program, target, NULL, NULL};
	struct buffer said = {0};
	int status;

	if (!tools_find("upsc", program, sizeof(program)) ||
	    !str_format(target, sizeof(target), "%s@%s", ups, server))
		return;
	buffer_appendf(&p->text, "[%s]\n", ups);
	if (run_into(&said, argv, &status) == RUN_ENDED) {
		buffer_string(&said);
		if (said.data)
			redact_lines(c, said.data, &p->text);
	} else {
		buffer_append_str(&p->text, "(no answer)\n");
	}
	if (said.data)
		secret_wipe(said.data, said.size);
	buffer_free(&said);
	argv[1] = "-c";
	argv[2] = target;
	buffer_append_str(&p->text, "clients:\n");
	run_into(&p->text, argv, &status);
	buffer_append_char(&p->text, '\n');
}

void collect_upses(struct collect *c)
{
	struct bundle_part *p = bundle_add(c->bundle, "upses.txt", "what each UPS says");
	char program[PATH_MAX], *rest;
	struct buffer names = {0};
	struct server server;
	const char *argv[] = {program, "-l", server.text, NULL};
	int status = 1;

	if (!p || !tools_find("upsc", program, sizeof(program)))
		return;
	find_server(c, &server);
	if (run_into(&names, argv, &status) != RUN_ENDED || status) {
		buffer_append(&p->text, names.data ? names.data : "", names.len);
		buffer_append_str(&p->text, "(no server answers)\n");
		buffer_free(&names);
		return;
	}
	buffer_string(&names);
	for (char *name = names.data ? strtok_r(names.data, "\n", &rest) : NULL; name;
	     name = strtok_r(NULL, "\n", &rest)) {
		if (!strchr(name, ' ') && !strchr(name, ':'))
			collect_ups(c, p, name, server.text);
	}
	buffer_free(&names);
}

/* ------------------------------------------------------------------------ maps */

static void append_map(struct buffer *b, const char *path, const char *shown)
{
	char line[512], version[128] = "";
	FILE *f = fopen(path, "re");

	for (int i = 0; f && i < 20 && fgets(line, sizeof(line), f); i++) {
		if (str_starts(line, "VERSION ")) {
			str_copy(version, sizeof(version), line + 8);
			version[strcspn(version, "\n")] = '\0';
		}
	}
	if (f)
		fclose(f);
	buffer_appendf(b, "%s %s\n", shown, version);
}

static void append_maps(struct buffer *b, const char *root)
{
	char folder[PATH_MAX], path[PATH_MAX], shown[512];
	struct dirent **drivers, **maps;
	int count, files;

	buffer_appendf(b, "%s/maps\n", root);
	str_format(folder, sizeof(folder), "%s/maps", root);
	count = scandir(folder, &drivers, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		str_format(folder, sizeof(folder), "%s/maps/%s", root, drivers[i]->d_name);
		files = drivers[i]->d_name[0] == '.' ? -1 : scandir(folder, &maps, NULL, alphasort);
		for (int j = 0; j < files; j++) {
			str_format(path, sizeof(path), "%s/%s", folder, maps[j]->d_name);
			str_format(shown, sizeof(shown), "  %s/%s", drivers[i]->d_name,
				   maps[j]->d_name);
			if (maps[j]->d_name[0] != '.')
				append_map(b, path, shown);
			free(maps[j]);
		}
		if (files >= 0)
			free(maps);
		free(drivers[i]);
	}
	if (count >= 0)
		free(drivers);
}

void collect_maps(struct collect *c)
{
	struct bundle_part *p = bundle_add(c->bundle, "maps.txt", "maps and their versions");

	if (!p)
		return;
	append_maps(&p->text, paths_data());
	append_maps(&p->text, paths_conf());
}

/* ------------------------------------------------------------------------- log */

/* Lines of a syslog that our programs wrote; the machine's name in them is cloaked. */
static bool is_ours(const char *line)
{
	static const char *const tags[] = {"ups",      "nut",      "usbhid",     "snmp-ups",
					   "blazer",   "apcsmart", "genericups", "apcupsd-ups",
					   "failover", "clone"};

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (strstr(line, tags[i]))
			return true;
	}
	return false;
}

/* Drops from the front until no more than `lines` are left. */
static void keep_last_lines(struct buffer *b, unsigned lines)
{
	size_t from = b->len;

	while (from > 0) {
		if (b->data[from - 1] == '\n' && from < b->len && lines-- == 1)
			break;
		from--;
	}
	buffer_consume(b, from);
}

static bool read_log(struct collect *c, const char *path, struct buffer *out)
{
	FILE *f = fopen(path, "re");
	char line[2048];

	if (!f)
		return false;
	/* The end of a big file is enough. */
	if (fseek(f, -(long)(16 * SAID_MAX), SEEK_END) == 0 && !fgets(line, sizeof(line), f))
		rewind(f);
	while (fgets(line, sizeof(line), f)) {
		if (c->log || is_ours(line))
			buffer_append_str(out, line);
		if (out->len > 8 * SAID_MAX)
			keep_last_lines(out, c->lines);
	}
	fclose(f);
	keep_last_lines(out, c->lines);
	return true;
}

static bool read_journal(struct collect *c, struct bundle_part *p)
{
	char count[16];
	const char *argv[] = {"journalctl", "--no-pager", "--no-hostname", "-o", "short-iso", "-u",
			      "nut*",       "-n",         count,           NULL};

	str_format(count, sizeof(count), "%u", c->lines);
	return access("/run/systemd/system", F_OK) == 0 && collect_run(p, argv);
}

void collect_log(struct collect *c)
{
	struct bundle_part *p = bundle_add(c->bundle, "log.txt", "last lines of the log");
	bool found;

	if (!p)
		return;
	p->foreign = true;
	found = c->log ? read_log(c, c->log, &p->text)
		       : read_journal(c, p) || read_log(c, "/var/log/syslog", &p->text) ||
				 read_log(c, "/var/log/daemon.log", &p->text) ||
				 read_log(c, "/var/log/messages", &p->text);
	if (!found)
		bundle_leave_out(p, c->log ? strerror(errno) : "no log can be read");
}
