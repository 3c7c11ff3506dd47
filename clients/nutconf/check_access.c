/* Who may read and write what; the certificates; the folder of the sockets. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clients/nutconf/check.h"
#include "clients/secure/verify.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/net/tls.h"

enum { GROUPS_MAX = 256 };

/* --------------------------------------------------- modes and certificates */

/* The path that a finding is about, if it begins with one. */
static void path_of(const char *text, char *path, size_t size)
{
	size_t len = strcspn(text, " :,");

	str_copy(path, text[0] == '/' && len < size ? len + 1 : 1, text);
}

static void take_finding(void *arg, enum finding level, const char *what, const char *text)
{
	struct check *c = arg;
	enum check_severity severity = level == FINDING_FAILURE ? CHECK_ERROR : CHECK_WARNING;
	char path[PATH_MAX];

	if (level < FINDING_WARNING)
		return;
	/* A network of one's own is the admin's to judge. */
	if (str_starts(text, "LISTEN "))
		severity = CHECK_HINT;
	path_of(text, path, sizeof(path));
	if (!*path && !str_equal(what, "modes"))
		paths_conf_file(path, sizeof(path), what);
	check_add(c, severity, str_equal(what, "modes") ? "mode-bits" : "tls", path, 0, NULL, "%s",
		  text);
}

static bool is_demanded(const struct sayings_file *f, const char *directive)
{
	const char *value = sayings_value(f, NULL, directive);

	return str_equal(value, "1");
}

/* upsmon looks at the name in the certificate of the upsd that it asks: is it the one that our upsd
 * has? */
static void look_at_name(struct check *c, const struct conf_ups *u)
{
	const struct sayings_file *upsd = &c->said.upsd, *upsmon = &c->said.upsmon;
	struct tls_settings settings = {
		.role = TLS_SERVER,
		.cert_file = sayings_value(upsd, NULL, "CERTFILE"),
		.ident_name = u->target.host,
	};
	const struct saying *ident = sayings_last(upsd, NULL, "CERTIDENT"), *host;
	struct tls_context *context;
	char why[512];
	size_t at = 0;

	if (!settings.cert_file || access(settings.cert_file, R_OK) != 0)
		return;
	while ((host = sayings_next(upsmon, &at, NULL, "CERTHOST")))
		if (host->count > 1 && str_caseequal(host->values[0], u->target.host))
			settings.ident_name = host->values[1];
	if (ident && ident->count > 1)
		settings.ident_password = ident->values[1];
	context = tls_context_new(&settings, why, sizeof(why));
	if (!context) {
		/* What is wrong with the file itself was told without a name. */
		settings.ident_name = NULL;
		context = tls_context_new(&settings, why, sizeof(why));
		if (context)
			check_add(c, CHECK_ERROR, "tls-name", upsmon->path,
				  sayings_line_of(upsmon, "MONITOR", u->system),
				  "ask by a name that is in it, or name it with CERTHOST",
				  "upsmon asks %s, and the certificate of upsd (%s) is for another "
				  "name",
				  u->target.host, settings.cert_file);
	}
	tls_context_unref(context);
}

static void look_at_names(struct check *c)
{
	if (!is_demanded(&c->said.upsmon, "CERTVERIFY") ||
	    !str_equal(tls_backend_name(), "OpenSSL"))
		return;
	for (size_t i = 0; i < c->upsmon.ups_count; i++)
		if (sayings_is_loopback(c->upsmon.ups[i].target.host))
			look_at_name(c, &c->upsmon.ups[i]);
}

/* ------------------------------------------------------------ the daemons' rights */

struct account {
	uid_t uid;
	gid_t groups[GROUPS_MAX];
	int group_count;
	const char *name;
};

static bool find_account(struct account *a, const char *name)
{
	const struct passwd *pw = getpwnam(name);

	if (!pw)
		return false;
	*a = (struct account){.uid = pw->pw_uid, .name = name, .group_count = GROUPS_MAX};
	if (getgrouplist(name, pw->pw_gid, a->groups, &a->group_count) < 0) {
		a->groups[0] = pw->pw_gid;
		a->group_count = 1;
	}
	return true;
}

/* By mode bits; `want` is of those for others, as S_IROTH. */
static bool may(const struct account *a, const struct stat *st, mode_t want)
{
	if (a->uid == 0)
		return true;
	if (st->st_uid == a->uid)
		return ((st->st_mode >> 6) & want) == want;
	for (int i = 0; i < a->group_count; i++)
		if (st->st_gid == a->groups[i])
			return ((st->st_mode >> 3) & want) == want;
	return (st->st_mode & want) == want;
}

/* The first folder on the way that keeps them out; false: none does. */
static bool is_kept_out(const struct account *a, const char *path, char *folder, size_t size)
{
	struct stat st;

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		if ((size_t)(slash - path) >= size)
			return false;
		str_copy(folder, (size_t)(slash - path) + 1, path);
		if (stat(folder, &st) == 0 && !may(a, &st, S_IXOTH))
			return true;
	}
	return false;
}

static void look_at_file(struct check *c, const struct account *a, const char *path)
{
	char folder[PATH_MAX], mend[PATH_MAX + 64];
	struct stat st;

	if (stat(path, &st) != 0)
		return;
	if (is_kept_out(a, path, folder, sizeof(folder))) {
		str_format(mend, sizeof(mend), "chgrp %s %s; chmod g+x %s", RUN_AS_GROUP, folder,
			   folder);
		check_add(c, CHECK_ERROR, "unreadable", path, 0, mend,
			  "upsd and the drivers run as %s, and %s is closed to it", a->name,
			  folder);
	} else if (!may(a, &st, S_IROTH)) {
		str_format(mend, sizeof(mend), "chgrp %s %s; chmod 0640 %s", RUN_AS_GROUP, path,
			   path);
		check_add(c, CHECK_ERROR, "unreadable", path, 0, mend,
			  "upsd and the drivers run as %s, which may not read it", a->name);
	}
}

static void look_at_state(struct check *c, const struct account *a)
{
	const char *path = paths_state();
	char folder[PATH_MAX], mend[PATH_MAX + 64];
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return; /* upsd tells of it */
	str_format(mend, sizeof(mend), "chown root:%s %s; chmod 0770 %s", RUN_AS_GROUP, path, path);
	if (is_kept_out(a, path, folder, sizeof(folder)) || !may(a, &st, S_IWOTH | S_IXOTH))
		check_add(c, CHECK_ERROR, "state-closed", path, 0, mend,
			  "drivers make their sockets in it, run as %s, and may not", a->name);
}

/* The name of a socket has an end. */
static void look_at_sockets(struct check *c)
{
	const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path);
	const struct sayings_file *f = &c->said.ups;
	const struct saying *header;
	size_t at = 0;

	while ((header = sayings_next_section(f, &at))) {
		const char *driver = sayings_value(f, header->section, "driver");

		if (driver &&
		    strlen(paths_state()) + strlen(driver) + strlen(header->section) + 3 > room)
			check_add(c, CHECK_ERROR, "socket-name-long", f->path, header->line,
				  "choose a shorter statepath",
				  "the socket %s/%s-%s has a longer name than sockets may have",
				  paths_state(), driver, header->section);
	}
}

static void look_at_rights(struct check *c)
{
	const struct sayings *f = &c->said;
	const char *name = c->daemon_user ? c->daemon_user : RUN_AS_USER;
	struct account a;
	struct stat st;

	/* Whose files are not root's starts the daemons without root, and they stay who they are.
	 */
	if (stat(paths_conf(), &st) != 0 || (st.st_uid != 0 && !c->daemon_user))
		return;
	if (!find_account(&a, name)) {
		check_add(c, CHECK_ERROR, "account-missing", paths_conf(), 0,
			  "make it: useradd --system, or configure --with-user",
			  "the daemons run as %s, and this system has no such account", name);
		return;
	}
	if (f->ups.exists) {
		look_at_file(c, &a, f->ups.path);
		look_at_file(c, &a, f->upsd.path);
		look_at_file(c, &a, f->users.path);
		look_at_state(c, &a);
	}
}

void check_access(struct check *c)
{
	const char *state = sayings_value(&c->said.ups, NULL, "statepath");
	struct findings findings;
	size_t at = 0;

	if (state)
		paths_set_state(state);
	findings_collect(&findings, take_finding, c);
	verify_files(&findings);
	look_at_names(c);
	/* As long as nothing is configured there is nothing to read. */
	if (!sayings_next_section(&c->said.ups, &at) && !c->upsmon.ups_count)
		return;
	look_at_sockets(c);
	look_at_rights(c);
}
