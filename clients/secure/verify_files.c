#include "config.h"

#include "clients/secure/verify.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/conffile.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/net/tls.h"

/* ---- modes ---- */

static const struct {
	const char *name;
	enum finding if_readable; /* by everybody */
} files[] = {
	{"upsd.users", FINDING_FAILURE},   {"upsmon.conf", FINDING_FAILURE},
	{"nutauth.conf", FINDING_FAILURE}, {"upsd.conf", FINDING_WARNING},
	{"ups.conf", FINDING_WARNING},     {"upssched.conf", FINDING_NOTE},
	{"known_upsd", FINDING_NOTE},
};

/* False when it is not there, or cannot be looked at, which is said. */
static bool look_up_mode(struct findings *f, const char *check, const char *path, struct stat *st)
{
	if (stat(path, st) == 0)
		return true;
	if (errno != ENOENT)
		findings_add(f, FINDING_WARNING, check, "%s: %s", path, strerror(errno));
	return false;
}

static void look_at_file(struct findings *f, const char *name, enum finding if_readable)
{
	char path[4096];
	struct stat st;

	if (!paths_conf_file(path, sizeof(path), name) || !look_up_mode(f, "modes", path, &st))
		return;
	if (st.st_mode & S_IWOTH)
		findings_add(f, FINDING_FAILURE, "modes", "%s is world writable; chmod o-w %s",
			     path, path);
	else if (st.st_mode & S_IROTH && if_readable > FINDING_NOTE)
		findings_add(f, if_readable, "modes", "%s is world readable; chmod o-rwx %s", path,
			     path);
	else if (st.st_mode & S_IWGRP)
		findings_add(f, FINDING_WARNING, "modes",
			     "%s can be changed by its group; chmod g-w %s", path, path);
	else
		findings_add(f, FINDING_OK, "modes", "%s", path);
}

static void look_at_conf_folder(struct findings *f)
{
	const char *path = paths_conf();
	struct stat st;

	if (stat(path, &st) != 0)
		findings_add(f, FINDING_FAILURE, "modes", "%s: %s", path, strerror(errno));
	else if (st.st_mode & S_IWOTH)
		findings_add(f, FINDING_FAILURE, "modes", "%s is world writable; chmod o-w %s",
			     path, path);
	else if (st.st_mode & S_IWGRP)
		findings_add(f, FINDING_WARNING, "modes",
			     "%s can be changed by its group; chmod g-w %s", path, path);
	else
		findings_add(f, FINDING_OK, "modes", "%s", path);
}

static void look_at_state_folder(struct findings *f)
{
	const char *path = paths_state();
	struct stat st;

	if (!look_up_mode(f, "modes", path, &st))
		return;
	if (st.st_mode & S_IWOTH)
		findings_add(f, FINDING_FAILURE, "modes", "%s is world writable; chmod 0770 %s",
			     path, path);
	else if (st.st_mode & S_IRWXO)
		findings_add(f, FINDING_WARNING, "modes", "%s is open to everybody; chmod 0770 %s",
			     path, path);
	else
		findings_add(f, FINDING_OK, "modes", "%s", path);
}

/* ---- what a daemon's file says about TLS ---- */

struct daemon_conf {
	char cert_file[4096], cert_path[4096];
	char ident_name[256], ident_password[256];
	bool force_tls, verify;
	unsigned open_listeners; /* beyond this machine, without TLS of their own */
	char open_listener[256]; /* one of them */
};

static bool is_loopback(const char *address)
{
	return str_caseequal(address, "localhost") || str_starts(address, "127.") ||
	       str_equal(address, "::1") || str_equal(address, "[::1]") ||
	       str_starts(address, "unix:");
}

static void take_listen(struct daemon_conf *c, size_t count, char *const *words)
{
	bool tls = count > 3 &&
		   (str_caseequal(words[3], "tls") || str_caseequal(words[3], "tls-required"));

	if (count < 2 || tls || is_loopback(words[1]))
		return;
	c->open_listeners++;
	str_copy(c->open_listener, sizeof(c->open_listener), words[1]);
}

static void take_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
		      struct conf_report *r)
{
	struct daemon_conf *c = arg;
	const char *value = count > 1 ? words[1] : "";

	(void)at;
	(void)r;
	if (str_caseequal(words[0], "CERTFILE")) {
		str_copy(c->cert_file, sizeof(c->cert_file), value);
	} else if (str_caseequal(words[0], "CERTPATH")) {
		str_copy(c->cert_path, sizeof(c->cert_path), value);
	} else if (str_caseequal(words[0], "CERTIDENT")) {
		str_copy(c->ident_name, sizeof(c->ident_name), value);
		str_copy(c->ident_password, sizeof(c->ident_password), count > 2 ? words[2] : "");
	} else if (str_caseequal(words[0], "FORCESSL")) {
		c->force_tls = str_equal(value, "1");
	} else if (str_caseequal(words[0], "CERTVERIFY")) {
		c->verify = str_equal(value, "1");
	} else if (str_caseequal(words[0], "STATEPATH")) {
		paths_set_state(value);
	} else if (str_caseequal(words[0], "LISTEN")) {
		take_listen(c, count, words);
	}
}

/* False when there is no such file to look into. */
static bool read_daemon_conf(struct findings *f, const char *name, struct daemon_conf *c)
{
	struct conf_report report = {0};
	char path[4096];
	int err;

	*c = (struct daemon_conf){.open_listeners = 0};
	if (!paths_conf_file(path, sizeof(path), name))
		return false;
	err = conffile_read_lines(path, take_line, c, &report);
	if (err && err != ENOENT)
		findings_add(f, FINDING_WARNING, "modes", "%s: %s", path, strerror(err));
	return err == 0;
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

/* The file with the key: 0640 or tighter. */
static void look_at_key_file(struct findings *f, const char *check, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		findings_add(f, FINDING_FAILURE, check, "%s: %s", path, strerror(errno));
	else if (st.st_mode & (S_IRWXO | S_IWGRP))
		findings_add(f, FINDING_FAILURE, check,
			     "%s, which holds a key, has mode %04o; chmod 0640 %s", path,
			     (unsigned)(st.st_mode & 0777), path);
	else
		findings_add(f, FINDING_OK, check, "%s has mode %04o", path,
			     (unsigned)(st.st_mode & 0777));
}

static void look_at_anchors(struct findings *f, const char *check, const char *path)
{
	struct stat st;

	/* Whether others may write is found when it is loaded. */
	if (stat(path, &st) == 0 && (st.st_mode & S_IWGRP) && !(st.st_mode & S_IWOTH))
		findings_add(f, FINDING_WARNING, check,
			     "%s can be changed by its group; chmod g-w %s", path, path);
}

/* Loads it all as the daemon would. */
static void look_at_identity(struct findings *f, const char *check, const struct daemon_conf *c,
			     enum tls_role role)
{
	struct tls_settings settings = {
		.role = role,
		.cert_file = or_null(c->cert_file),
		.cert_path = or_null(c->cert_path),
		.ident_name = or_null(c->ident_name),
		.ident_password = or_null(c->ident_password),
	};
	struct tls_context *context;
	char why[512];

	if (settings.cert_file)
		look_at_key_file(f, check, settings.cert_file);
	if (settings.cert_path)
		look_at_anchors(f, check, settings.cert_path);
	context = tls_context_new(&settings, why, sizeof(why));
	if (!context) {
		findings_add(f, FINDING_FAILURE, check, "%s", why);
		return;
	}
	findings_add(f, FINDING_OK, check, "certificates can be loaded");
	if (tls_context_not_after(context))
		verify_end(f, check, tls_context_not_after(context));
	tls_context_unref(context);
}

static void look_at_upsd(struct findings *f)
{
	static const char check[] = "upsd.conf";
	struct daemon_conf c;
	bool tls;

	if (!read_daemon_conf(f, check, &c))
		return;
	tls = *c.cert_file || *c.cert_path;
	if (tls)
		look_at_identity(f, check, &c, TLS_SERVER);
	else if (c.open_listeners)
		findings_add(f, FINDING_WARNING, check,
			     "LISTEN %s, and no TLS: passwords pass the network in the clear; "
			     "nutcert self, and CERTFILE",
			     c.open_listener);
	else
		findings_add(f, FINDING_NOTE, check, "no TLS, and nobody but this machine can ask");
	if (tls && c.open_listeners)
		findings_add(f, FINDING_NOTE, check,
			     "LISTEN %s takes clients without TLS, too; \"tls-required\" at the "
			     "end of the line ends that",
			     c.open_listener);
	secret_wipe(c.ident_password, sizeof(c.ident_password));
}

static void look_at_upsmon(struct findings *f)
{
	static const char check[] = "upsmon.conf";
	struct daemon_conf c;

	if (!read_daemon_conf(f, check, &c))
		return;
	if (*c.cert_file || *c.cert_path)
		look_at_identity(f, check, &c, TLS_CLIENT);
	if (c.verify && !*c.cert_path)
		findings_add(f, FINDING_FAILURE, check,
			     "CERTVERIFY 1 needs the authorities to verify with: CERTPATH");
	else if (c.force_tls && !c.verify)
		findings_add(f, FINDING_WARNING, check,
			     "FORCESSL 1 encrypts, and without CERTVERIFY 1 it does not look with "
			     "whom");
	secret_wipe(c.ident_password, sizeof(c.ident_password));
}

void verify_files(struct findings *f)
{
	look_at_conf_folder(f);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		look_at_file(f, files[i].name, files[i].if_readable);
	look_at_upsd(f); /* which may say where the folder of sockets is */
	look_at_state_folder(f);
	look_at_upsmon(f);
}
