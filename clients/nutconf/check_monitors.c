/* upsmon.conf against the upsd of this machine: the UPSes, the users, the port. */
#include "config.h"

#ifdef HAVE_CRYPT_R
#include <crypt.h>
#endif
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/nutconf/check.h"
#include "common/base/str.h"

enum { NAMES_MAX = 256 };

/* ------------------------------------------------------------- upsmon's parser */

static void take_problem(void *arg, enum conf_severity severity, const char *text)
{
	struct check *c = arg;
	const char *path = c->said.upsmon.path;
	size_t len = strlen(path);
	unsigned line = 0;

	if (strstr(text, " is world readable"))
		return; /* check_access.c looks at that */
	/* PATH:LINE: or PATH:LINE:COLUMN: */
	if (str_starts(text, path) && text[len] == ':') {
		line = (unsigned)strtoul(text + len + 1, NULL, 10);
		text += len + 1 + strspn(text + len + 1, "0123456789:");
		text += *text == ' ';
	}
	check_add(c, severity == CONF_ERROR ? CHECK_ERROR : CHECK_WARNING, "upsmon-conf", path,
		  line, NULL, "%s", text);
}

/* The sample has no MONITOR line; that is no mistake before anything is configured. */
static bool is_untouched(const struct sayings *f)
{
	size_t at = 0;

	return !sayings_line_of(&f->upsmon, "MONITOR", NULL) &&
	       !sayings_next_section(&f->ups, &at) && (!*f->mode || str_equal(f->mode, "none"));
}

void check_monitors_read(struct check *c)
{
	struct conf_report report = {.emit = take_problem, .arg = c};
	struct sayings_file *f = &c->said.upsmon;
	int err;

	if (!f->exists)
		return;
	if (is_untouched(&c->said))
		report.emit = NULL;
	err = upsmon_conf_read(&c->upsmon, f->path, &report);
	if (err)
		check_add(c, CHECK_ERROR, "file-unreadable", f->path, 0,
			  err == EACCES ? "run this as root" : NULL, "it cannot be read: %s",
			  conffile_why(err));
}

/* The group language names UPS and host apart. */
static unsigned line_of(const struct check *c, const struct conf_ups *u)
{
	unsigned line = sayings_line_of(&c->said.upsmon, "MONITOR", u->system);

	return line ? line : sayings_line_of(&c->said.upsmon, "MONITOR", u->target.ups);
}

/* ------------------------------------------------------------------- the server */

static bool is_own(const struct check *c, const char *host)
{
	char name[256] = "";

	gethostname(name, sizeof(name) - 1);
	return sayings_is_loopback(host) || str_caseequal(host, name) ||
	       (c->said.upsd.exists && sayings_line_of(&c->said.upsd, "LISTEN", host));
}

static long port_of(const struct saying *listen)
{
	long port = strtol(NUT_PORT, NULL, 10);

	if (listen->count > 1)
		str_to_long(listen->values[1], 1, 65535, &port);
	return port;
}

/* Whether who asks that address reaches what listens there. */
static bool reaches(const char *listens, const char *asked)
{
	bool any4 = str_equal(listens, "*") || str_equal(listens, "0.0.0.0");
	bool any6 =
		str_equal(listens, "*") || str_equal(listens, "::") || str_equal(listens, "[::]");

	if (str_caseequal(listens, asked) || str_equal(listens, "*"))
		return true;
	if (strchr(asked, ':'))
		return any6;
	if (str_starts(asked, "127."))
		return any4 || str_caseequal(listens, "localhost");
	/* A name: localhost has both kinds of address. */
	return any4 || any6 || sayings_is_loopback(listens);
}

static bool is_listened_on(const struct sayings_file *upsd, const char *host, unsigned port)
{
	const struct saying *l;
	size_t at = 0, lines = 0;

	while ((l = sayings_next(upsd, &at, NULL, "LISTEN"))) {
		if (!l->count)
			continue;
		lines++;
		if (port_of(l) == (long)port && reaches(l->values[0], host))
			return true;
	}
	return !lines && port == (unsigned)strtol(NUT_PORT, NULL, 10) && sayings_is_loopback(host);
}

static void look_at_port(struct check *c, const struct conf_ups *u, unsigned line)
{
	const struct sayings_file *upsd = &c->said.upsd;
	char mend[384];

	if (!upsd->exists || is_listened_on(upsd, u->target.host, u->target.port))
		return;
	str_format(mend, sizeof(mend), "write LISTEN %s %u into %s, or ask where it listens",
		   str_caseequal(u->target.host, "localhost") ? "127.0.0.1" : u->target.host,
		   u->target.port, upsd->path);
	check_add(c, CHECK_ERROR, "monitor-not-listened", c->said.upsmon.path, line, mend,
		  "upsmon asks %s, port %u, for UPS %s, and upsd does not listen there",
		  u->target.host, u->target.port, u->target.ups);
}

/* ------------------------------------------------------------------------ UPSes */

/* Its section, by the name or an alias; letter case aside, as upsd has it. */
static const char *find_ups(const struct sayings_file *f, const char *name)
{
	const struct saying *one;
	size_t at = 0;

	while ((one = sayings_next_section(f, &at)))
		if (str_caseequal(one->section, name))
			return one->section;
	at = 0;
	while ((one = sayings_next(f, &at, NULL, "alias")))
		for (size_t i = 0; one->section && i < one->count; i++)
			if (str_caseequal(one->values[i], name))
				return one->section;
	return NULL;
}

static const char *closest_section(const struct sayings_file *f, const char *name)
{
	const char *names[NAMES_MAX + 1] = {NULL};
	const struct saying *one;
	size_t at = 0, count = 0;

	while (count < NAMES_MAX && (one = sayings_next_section(f, &at)))
		names[count++] = one->section;
	return count == 1 ? names[0] : str_closest(name, names);
}

static void look_for_ups(struct check *c, const struct conf_ups *u, unsigned line)
{
	const struct sayings_file *f = &c->said.ups;
	const char *guess;
	char mend[384];

	if (!f->exists || find_ups(f, u->target.ups))
		return;
	guess = closest_section(f, u->target.ups);
	str_format(mend, sizeof(mend), guess ? "did you mean \"%s\"?" : "add [%s] there",
		   guess ? guess : u->target.ups);
	check_add(c, CHECK_ERROR, "monitor-unknown-ups", c->said.upsmon.path, line, mend,
		  "there is no UPS \"%s\" in %s", u->target.ups, f->path);
}

/* ------------------------------------------------------------------------ users */

#ifdef HAVE_CRYPT_R
static bool fits_hash(const char *password, const char *hash)
{
	static struct crypt_data data;
	const char *made = crypt_r(password, hash, &data);
	bool fits = made && secret_equal(hash, made);

	secret_wipe(&data, sizeof(data));
	return fits;
}
#else
static bool fits_hash(const char *password, const char *hash)
{
	(void)password;
	(void)hash;
	return true; /* nobody can tell */
}
#endif

static void look_at_password(struct check *c, const struct conf_ups *u, unsigned line)
{
	const struct sayings_file *f = &c->said.users;
	const char *plain = sayings_value(f, u->user, "password");
	const char *hash = sayings_value(f, u->user, "passwordhash");
	bool fits =
		plain ? secret_equal(plain, u->password) : !hash || fits_hash(u->password, hash);

	if (!plain && !hash)
		return; /* upsd tells of it */
	if (!fits)
		check_add(c, CHECK_ERROR, "monitor-password", c->said.upsmon.path, line,
			  "write the same into both", "the password of %s is another one in %s",
			  u->user, f->path);
	if (plain && (str_starts(plain, "change-me") || str_starts(plain, "choose-")))
		check_add(c, CHECK_HINT, "password-example", f->path,
			  sayings_last(f, u->user, "password")->line, "write one of your own",
			  "the password of [%s] is that of an example", u->user);
}

/* What the file lets a user be to an upsmon. */
static void roles_of(const struct sayings_file *f, const char *user, bool *primary, bool *secondary)
{
	const struct saying *one;
	size_t at = 0;

	*primary = *secondary = false;
	while ((one = sayings_next(f, &at, user, NULL))) {
		bool role = str_caseequal(one->key, "upsmon");

		if (!role && !str_caseequal(one->key, "actions"))
			continue;
		for (size_t i = 0; i < one->count; i++) {
			const char *word = one->values[i];

			if (str_caseequal(word, "primary") || str_caseequal(word, "master"))
				*primary = true;
			if (str_caseequal(word, "secondary") || str_caseequal(word, "slave") ||
			    str_caseequal(word, "login"))
				*secondary = true;
		}
	}
}

static void look_at_role(struct check *c, const struct conf_ups *u, unsigned line)
{
	const struct sayings_file *f = &c->said.users;
	bool primary, secondary;

	roles_of(f, u->user, &primary, &secondary);
	if (u->primary ? primary : primary || secondary)
		return;
	check_add(c, CHECK_ERROR, "monitor-role", c->said.upsmon.path, line,
		  u->primary ? "write \"upsmon primary\" into its section"
			     : "write \"upsmon secondary\" into its section",
		  "user %s may not be %s by %s", u->user,
		  u->primary ? "the primary of a UPS" : "an upsmon", f->path);
}

static bool matches_any(const struct sayings_file *f, const char *user, const char *key,
			const char *word)
{
	const struct saying *one;
	bool said = false;
	size_t at = 0;

	while ((one = sayings_next(f, &at, user, key))) {
		for (size_t i = 0; i < one->count; i++) {
			said = true;
			if (str_glob(one->values[i], word))
				return true;
		}
	}
	return !said;
}

/* `from =` without this machine. */
static bool keeps_us_out(const struct sayings_file *f, const char *user)
{
	const struct saying *one;
	bool said = false;
	size_t at = 0;

	while ((one = sayings_next(f, &at, user, "from"))) {
		for (size_t i = 0; i < one->count; i++) {
			const char *word = one->values[i];

			said = true;
			if (str_caseequal(word, "local") || sayings_is_loopback(word) ||
			    str_starts(word, "127.") || str_starts(word, "::1") ||
			    strstr(word, "/0"))
				return false;
		}
	}
	return said;
}

static void look_at_limits(struct check *c, const struct conf_ups *u, unsigned line)
{
	const struct sayings_file *f = &c->said.users;
	const char *section = find_ups(&c->said.ups, u->target.ups);

	if (section && !matches_any(f, u->user, "ups", section))
		check_add(c, CHECK_ERROR, "monitor-limit", c->said.upsmon.path, line,
			  "add it there", "user %s may not see UPS %s by its \"ups =\" in %s",
			  u->user, section, f->path);
	if (sayings_is_loopback(u->target.host) && keeps_us_out(f, u->user))
		check_add(c, CHECK_ERROR, "monitor-from", c->said.upsmon.path, line,
			  "add \"local\" there",
			  "user %s may not come from this machine by its \"from =\" in %s", u->user,
			  f->path);
}

static bool has_user(const struct sayings_file *f, const char *name)
{
	const struct saying *one;
	size_t at = 0;

	while ((one = sayings_next_section(f, &at)))
		if (str_equal(one->section, name))
			return true;
	return false;
}

static void look_at_user(struct check *c, const struct conf_ups *u, unsigned line)
{
	const struct sayings_file *f = &c->said.users;
	const char *guess;
	char mend[384];

	if (!f->exists || f->err)
		return;
	if (!has_user(f, u->user)) {
		guess = closest_section(f, u->user);
		str_format(mend, sizeof(mend), guess ? "did you mean \"%s\"?" : "add [%s] there",
			   guess ? guess : u->user);
		check_add(c, CHECK_ERROR, "monitor-unknown-user", c->said.upsmon.path, line, mend,
			  "there is no user \"%s\" in %s", u->user, f->path);
		return;
	}
	if (!sayings_last(f, u->user, "peer"))
		look_at_password(c, u, line);
	look_at_role(c, u, line);
	look_at_limits(c, u, line);
}

/* ------------------------------------------------------------------------ roles */

static bool has_primary(const struct check *c, const char *ups)
{
	for (size_t i = 0; i < c->upsmon.ups_count; i++)
		if (c->upsmon.ups[i].primary && str_caseequal(c->upsmon.ups[i].target.ups, ups))
			return true;
	return false;
}

/* Who has the UPS is its primary, and nobody else. */
static void look_at_place(struct check *c, const struct conf_ups *u, unsigned line, bool own)
{
	if (own && !u->primary && u->power && c->said.ups.exists && !has_primary(c, u->target.ups))
		check_add(
			c, CHECK_WARNING, "role-nobody-primary", c->said.upsmon.path, line,
			"write primary",
			"UPS %s is connected to this machine, which is no more than its secondary: "
			"nobody waits for the others, nor switches the UPS off",
			u->target.ups);
	if (!own && u->primary)
		check_add(c, CHECK_WARNING, "role-primary-elsewhere", c->said.upsmon.path, line,
			  "write secondary",
			  "UPS %s is connected to %s, which should be its only primary",
			  u->target.ups, u->target.host);
}

void check_monitors(struct check *c)
{
	for (size_t i = 0; i < c->upsmon.ups_count; i++) {
		const struct conf_ups *u = &c->upsmon.ups[i];
		bool own = is_own(c, u->target.host);
		unsigned line = line_of(c, u);

		look_at_place(c, u, line, own);
		if (!own)
			continue;
		look_for_ups(c, u, line);
		look_at_port(c, u, line);
		look_at_user(c, u, line);
	}
}
