#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/nutconf/sayings.h"
#include "clients/nutconf/setup.h"
#include "clients/nutconf/tools.h"
#include "common/base/log.h"
#include "common/base/modefile.h"
#include "common/base/paths.h"
#include "common/base/privilege.h"
#include "common/base/str.h"
#include "common/ups/netwire.h"

static const char token[] = "setup";

enum { PASSWORD_LETTERS = 24 };

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool no_memory(bool ok)
{
	if (!ok)
		log_error(token, "out of memory, or a value that no file can hold");
	return ok;
}

/* -------------------------------------------------------------------- folders */

/* A folder for the daemons: theirs by group, and closed to others. */
static bool make_folder(const struct setup *s, const char *path, mode_t mode)
{
	struct privilege daemon;

	if (mkdir(path, mode) != 0) {
		if (errno == EEXIST)
			return true;
		log_error(token, "%s cannot be made: %s", path, strerror(errno));
		return false;
	}
	if (geteuid() != 0)
		return true;
	if (!privilege_lookup(s->run_as ? s->run_as : RUN_AS_USER, s->run_as ? NULL : RUN_AS_GROUP,
			      &daemon))
		return false;
	/* mkdir() obeys the umask. */
	if (chown(path, 0, daemon.gid) == 0 && chmod(path, mode) == 0)
		return true;
	log_error(token, "%s cannot be given to group %ld: %s", path, (long)daemon.gid,
		  strerror(errno));
	return false;
}

/* A private site has all of its folders below its own. */
static bool choose_private(const struct setup *s)
{
	if (!make_folder(s, s->local, geteuid() == 0 ? 0750 : 0700))
		return false;
	if (tools_use_private(s->local, false))
		return true;
	log_error(token, "%s cannot be opened: %s", s->local, strerror(errno));
	return false;
}

bool setup_make_folders(const struct setup *s)
{
	if (s->local && !choose_private(s))
		return false;
	if (access(paths_conf(), W_OK) != 0) {
		log_error(token,
			  "%s cannot be written to: %s; run this as root (sudo nutconf setup), or "
			  "try it in a folder of your own with --local DIR",
			  paths_conf(), strerror(errno));
		return false;
	}
	return true;
}

bool setup_make_state(const struct setup *s)
{
	return make_folder(s, paths_state(), geteuid() == 0 ? 0770 : 0700);
}

/* ------------------------------------------------------------------ passwords */

/* 120 bits, in letters and digits that are not taken for one another. */
static bool make_password(char *password)
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	unsigned char bytes[PASSWORD_LETTERS];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		log_error(token, "this system gives no random numbers: %s", strerror(errno));
		return false;
	}
	for (size_t i = 0; i < PASSWORD_LETTERS; i++)
		password[i] = letters[bytes[i] % (sizeof(letters) - 1)];
	password[PASSWORD_LETTERS] = '\0';
	secret_wipe(bytes, sizeof(bytes));
	return true;
}

/* A user of that role, whose password is then in `password`: that of the file if it can be read
 * there, or a new one. */
static bool put_user(struct lineedit *e, const char *name, const char *role, char *password,
		     size_t size)
{
	const char *old = lineedit_value(e, name, "password");

	if (old)
		return str_copy(password, size, old) &&
		       no_memory(lineedit_put(e, name, "upsmon", WORDS(role)));
	if (!make_password(password))
		return false;
	lineedit_remove_key(e, name, "passwordhash");
	return no_memory(lineedit_put(e, name, "password", WORDS(password)) &&
			 lineedit_put(e, name, "upsmon", WORDS(role)));
}

/* ----------------------------------------------------------------- the files */

/* What a file begins with that is made here. */
static bool head(struct changes *c, enum changes_file f, const char *text)
{
	struct changes_item *i;

	if (!changes_edit(c, f))
		return false;
	i = &c->items[f];
	if (!i->is_new || i->before.len)
		return true;
	lineedit_free(i->edit);
	i->edit = lineedit_new(text, strlen(text));
	return no_memory(i->edit);
}

static bool plan_ups_conf(struct setup *s, struct changes *c)
{
	struct lineedit *e;

	if (!head(c, CHANGES_UPS_CONF,
		  "# ups.conf: the UPSes of this machine, and their drivers.  man 5 ups.conf\n"))
		return false;
	e = c->items[CHANGES_UPS_CONF].edit;
	return no_memory(device_write(&s->device, e, s->ups));
}

/* The address of a LISTEN line that is for the port; NULL: it is not, or for no network. */
static const char *address_of(const struct lineedit *e, long line, unsigned port)
{
	const char *address = lineedit_word(e, line, 1), *text = lineedit_word(e, line, 2);
	long number = (long)setup_usual_port();

	if (!address || str_starts(address, "unix:") ||
	    (text && !str_to_long(text, 1, 65535, &number)))
		return NULL;
	return number == (long)port ? address : NULL;
}

/* Some LISTEN line is for the port, and for others, or for who asks "localhost". */
static bool listens(const struct lineedit *e, unsigned port, bool to_others)
{
	for (long i = 0; (i = lineedit_find(e, i, WORDS("LISTEN"))) >= 0; i++) {
		const char *address = address_of(e, i, port);
		bool local;

		if (!address)
			continue;
		local = str_caseequal(address, "localhost") || str_equal(address, "127.0.0.1") ||
			str_equal(address, "::1");
		if (str_equal(address, "*") || local != to_others)
			return true;
	}
	return false;
}

static bool add_listen(struct lineedit *e, const char *address, const char *port)
{
	return no_memory(lineedit_add(e, WORDS("LISTEN", address, port)));
}

/* "*" takes the place of single addresses, which could not be had beside it. */
static bool listen_to_all(struct lineedit *e, unsigned port, const char *text)
{
	bool done = false;

	for (long i = 0; (i = lineedit_find(e, i, WORDS("LISTEN"))) >= 0;) {
		if (!address_of(e, i, port)) {
			i++;
		} else if (done) {
			lineedit_remove(e, i);
		} else {
			done = true;
			if (!no_memory(lineedit_replace(e, i++, WORDS("LISTEN", "*", text))))
				return false;
		}
	}
	return done || add_listen(e, "*", text);
}

static bool plan_upsd_conf(const struct setup *s, struct changes *c)
{
	struct lineedit *e;
	char number[8];
	const char *port = s->port == setup_usual_port() ? NULL : number;

	str_format(number, sizeof(number), "%u", s->port);
	if (!head(c, CHANGES_UPSD_CONF, "# upsd.conf: where upsd listens.  man 5 upsd.conf\n"))
		return false;
	e = c->items[CHANGES_UPSD_CONF].edit;
	if (s->role == SETUP_SERVER && !s->listen)
		return listens(e, s->port, true) || listen_to_all(e, s->port, port);
	if (s->listen && !listens(e, s->port, true) && !add_listen(e, s->listen, port))
		return false;
	return listens(e, s->port, false) ||
	       (add_listen(e, "127.0.0.1", port) && add_listen(e, "::1", port));
}

static bool plan_upsd_users(struct setup *s, struct changes *c)
{
	char others[SETUP_PASSWORD_MAX];
	struct lineedit *e;
	bool ok = head(c, CHANGES_UPSD_USERS,
		       "# upsd.users: who may do what with upsd.  man 5 upsd.users\n");

	if (!ok)
		return false;
	e = c->items[CHANGES_UPSD_USERS].edit;
	str_copy(s->user, sizeof(s->user), "monitor");
	ok = put_user(e, s->user, "primary", s->password, sizeof(s->password));
	if (ok && s->role == SETUP_SERVER)
		ok = put_user(e, "secondary", "secondary", others, sizeof(others));
	secret_wipe(others, sizeof(others));
	return ok;
}

static const char *shutdown_command(const struct setup *s)
{
	if (s->shutdown_command)
		return s->shutdown_command;
	if (access("/sbin/shutdown", X_OK) != 0 && access("/sbin/poweroff", X_OK) == 0)
		return "/sbin/poweroff";
	return "/sbin/shutdown -h +0";
}

/* A directive that is not there, or that the command line asks for. */
static bool put(struct lineedit *e, bool asked, const char *directive, const char *value)
{
	if (!asked && lineedit_find(e, 0, WORDS(directive)) >= 0)
		return true;
	return no_memory(lineedit_set(e, WORDS(directive), WORDS(directive, value)));
}

static bool put_limit(struct lineedit *e, const char *directive, long value)
{
	char text[24];

	str_format(text, sizeof(text), "%ld", value);
	return value <= 0 || put(e, true, directive, text);
}

/* A line that watches this UPS of this machine already, by another name of the host. */
static bool find_system(const struct setup *s, const struct lineedit *e, char *system, size_t size)
{
	struct netwire_target target;
	const char *word, *why;

	for (long i = 0; (i = lineedit_find(e, i, WORDS("MONITOR"))) >= 0; i++) {
		word = lineedit_word(e, i, 1);
		if (word && netwire_parse_target(word, &target, &why) &&
		    str_caseequal(target.ups, s->ups) && target.port == s->port &&
		    sayings_is_loopback(target.host))
			return str_copy(system, size, word);
	}
	return false;
}

static bool plan_monitor(const struct setup *s, struct lineedit *e)
{
	const char *host = s->role == SETUP_CLIENT ? s->server : "localhost";
	unsigned port = s->role == SETUP_CLIENT ? s->server_port : s->port;
	bool v6 = strchr(host, ':');
	char system[512], number[8] = "";

	if (port != setup_usual_port())
		str_format(number, sizeof(number), ":%u", port);
	if ((s->role == SETUP_CLIENT || !find_system(s, e, system, sizeof(system))) &&
	    !str_format(system, sizeof(system), "%s@%s%s%s%s", s->ups, v6 ? "[" : "", host,
			v6 ? "]" : "", number))
		return false;
	return no_memory(lineedit_set(e, WORDS("MONITOR", system),
				      WORDS("MONITOR", system, "1", s->user, s->password,
					    s->role == SETUP_CLIENT ? "secondary" : "primary")));
}

static bool plan_upsmon_conf(const struct setup *s, struct changes *c)
{
	char flag[PATH_MAX];
	struct lineedit *e;

	if (!head(c, CHANGES_UPSMON_CONF,
		  "# upsmon.conf: which UPSes feed this machine, and how it shuts down.\n"
		  "# man 5 upsmon.conf; \"upsmon --rehearse\" shows what would happen.\n"))
		return false;
	e = c->items[CHANGES_UPSMON_CONF].edit;
	if (!plan_monitor(s, e) ||
	    !put(e, s->shutdown_command, "SHUTDOWNCMD", shutdown_command(s)) ||
	    !put(e, false, "SHUTDOWNEXIT", "no"))
		return false;
	if (s->run_as && !put(e, true, "RUN_AS_USER", s->run_as))
		return false;
	/* Who has the UPS tells it to switch off, and leaves a word for the last script of all. */
	if (s->role != SETUP_CLIENT && (!paths_state_file(flag, sizeof(flag), "killpower") ||
					!put(e, false, "POWERDOWNFLAG", flag)))
		return false;
	return put_limit(e, "OBDURATION", s->after_s) && put_limit(e, "OBRUNTIME", s->runtime_s) &&
	       put_limit(e, "OBCHARGE", s->charge);
}

static const char *mode_of(enum setup_role role)
{
	static const char *const modes[] = {
		[SETUP_STANDALONE] = "standalone",
		[SETUP_SERVER] = "netserver",
		[SETUP_CLIENT] = "netclient",
	};

	return modes[role];
}

static bool plan_nut_conf(const struct setup *s, struct changes *c)
{
	struct changes_item *i = &c->items[CHANGES_NUT_CONF];

	if (!changes_edit(c, CHANGES_NUT_CONF))
		return false;
	if (i->is_new)
		buffer_append_str(&i->shell,
				  "# nut.conf: what the start scripts run.  man 5 nut.conf\n");
	return no_memory(changes_set_mode(c, "MODE", mode_of(s->role)));
}

/* Sockets and the flag go where the files say already. */
static bool choose_state(struct changes *c)
{
	struct lineedit *e = changes_edit(c, CHANGES_UPS_CONF);
	const char *path = e ? lineedit_value(e, NULL, "statepath") : NULL;

	return e && (!path || paths_set_state(path) || getenv("NUT_STATEPATH"));
}

bool setup_plan(struct setup *s, struct changes *c)
{
	c->group_of = s->run_as;
	if (!choose_state(c))
		return false;
	if (s->role != SETUP_CLIENT &&
	    !(plan_ups_conf(s, c) && plan_upsd_conf(s, c) && plan_upsd_users(s, c)))
		return false;
	return plan_upsmon_conf(s, c) && plan_nut_conf(s, c) && changes_settle(c);
}

static bool has_mode(const struct buffer *text)
{
	struct buffer mode = {0};
	bool has = text->len && modefile_get(text->data, text->len, "MODE", &mode, NULL) &&
		   !str_caseequal(buffer_string(&mode), "none");

	buffer_free(&mode);
	return has;
}

/* What is more than a sample. */
static bool is_configured(struct changes_item *i, enum changes_file f)
{
	struct lineedit *before;
	char name[8];
	bool is;

	if (f == CHANGES_NUT_CONF)
		return has_mode(&i->before);
	before = lineedit_new(i->before.len ? i->before.data : "", i->before.len);
	if (!before)
		return true;
	if (f == CHANGES_UPSD_CONF)
		is = lineedit_says_anything(before);
	else if (f == CHANGES_UPSMON_CONF)
		is = lineedit_find(before, 0, WORDS("MONITOR")) >= 0;
	else
		is = lineedit_section(before, 0, name, sizeof(name)) >= 0;
	lineedit_free(before);
	return is;
}

bool setup_overwrites(struct changes *c, enum changes_file f)
{
	return changes_differ(c, f) && is_configured(&c->items[f], f);
}
