#include "config.h"

#include "common/ups/nutauth.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/conffile.h"
#include "common/base/log.h"
#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/ups/netwire.h"

static const char token[] = "nutauth";

enum { INCLUDE_DEPTH_MAX = 8 };

/* How closely a section describes the server in question. */
enum closeness { OTHER_SERVER, ANY_SERVER, THIS_SERVER, THIS_USER };

enum key {
	KEY_USER,
	KEY_PASSWORD,
	KEY_CERTVERIFY,
	KEY_FORCESSL,
	KEY_CERTPATH,
	KEY_CERTFILE,
	KEY_CERTHOST,
	KEY_IDENT_NAME,
	KEY_IDENT_PASSWORD,
	KEY_IGNORED,
	KEY_COUNT
};

static const struct {
	const char *name;
	enum key key;
	bool any_case;
} keys[] = {
	{"user", KEY_USER, true},
	{"username", KEY_USER, true},
	{"pass", KEY_PASSWORD, true},
	{"password", KEY_PASSWORD, true},
	{"CERTVERIFY", KEY_CERTVERIFY, false},
	{"FORCESSL", KEY_FORCESSL, false},
	{"CERTPATH", KEY_CERTPATH, false},
	{"CERTFILE", KEY_CERTFILE, false},
	{"CERTHOST", KEY_CERTHOST, false},
	{"CERTIDENT_NAME", KEY_IDENT_NAME, false},
	{"CERTIDENT_PASS", KEY_IDENT_PASSWORD, false},
	/* A build has one back end; NUT does not act upon it either. */
	{"SSLBACKEND", KEY_IGNORED, false},
};

static const char *const known[] = {
	"user",     "username",   "pass",     "password",         "CERTVERIFY",
	"FORCESSL", "CERTPATH",   "CERTFILE", "CERTIDENT_NAME",   "CERTIDENT_PASS",
	"CERTHOST", "SSLBACKEND", "INCLUDE",  "INCLUDE_REQUIRED", NULL,
};

struct reading {
	const char *user; /* may be NULL */
	const char *host;
	unsigned port;
	struct nutauth *found;
	enum closeness closeness[KEY_COUNT]; /* of what *found has */
	enum closeness base;                 /* of lines before any section of this file */
	bool included;                       /* in a section: no sections of its own */
	int depth;
};

static void read_setting(void *arg, const struct conf_where *at, const struct conf_setting *s,
			 struct conf_report *r);

/* The user and server that a header names; false if it is malformed. */
static bool parse_section(const char *name, char *user, size_t user_size, char *host,
			  size_t host_size, unsigned *port)
{
	char address[300];
	const char *sign = strrchr(name, '@');
	const char *server = sign ? sign + 1 : name;
	const char *why;

	user[0] = '\0';
	if (sign && !str_format(user, user_size, "%.*s", (int)(sign - name), name))
		return false;
	if (server[0] == '\0' && !sign)
		return false;
	if (!str_format(address, sizeof(address), "%s%s",
			server[0] == ':' || !server[0] ? "localhost" : "", server))
		return false;
	return netwire_parse_host(address, host, host_size, port, &why);
}

static enum closeness compare_section(const struct reading *in, const struct conf_where *at,
				      const char *name, struct conf_report *r)
{
	char user[256], host[256];
	unsigned port;

	if (!parse_section(name, user, sizeof(user), host, sizeof(host), &port)) {
		conf_error(r, at, "write [user@host:port], [@host:port] or [host]",
			   "section [%s] names no server", name);
		return OTHER_SERVER;
	}
	if (port != in->port || !str_caseequal(host, in->host))
		return OTHER_SERVER;
	if (!user[0])
		return THIS_SERVER;
	return in->user && str_equal(user, in->user) ? THIS_USER : OTHER_SERVER;
}

static void include_file(struct reading *in, const struct conf_where *at, const char *path,
			 bool required, enum closeness closeness, bool in_section,
			 struct conf_report *r)
{
	struct reading inner = *in;
	char full[1024];
	int err;

	if (in->depth >= INCLUDE_DEPTH_MAX) {
		conf_error(r, at, "does it include itself?", "more than %d files in one another",
			   INCLUDE_DEPTH_MAX);
		return;
	}
	if (!paths_conf_file(full, sizeof(full), path)) {
		conf_error(r, at, NULL, "the path %s is too long", path);
		return;
	}
	inner.depth++;
	inner.base = closeness;
	inner.included = in->included || in_section;
	err = conffile_read_settings(full, read_setting, &inner, r);
	memcpy(in->closeness, inner.closeness, sizeof(in->closeness));
	if (err && (required || err != ENOENT))
		conf_error(r, at, NULL, "cannot read %s: %s", full, strerror(err));
	if (!err)
		conf_warn_if_world_readable(r, full);
}

static void take_switch(struct conf_report *r, const struct conf_where *at, const char *name,
			const char *value, int *out)
{
	bool on;

	if (conf_parse_bool(r, at, name, value, &on))
		*out = on;
}

/* Where a key's text is kept; NULL if it is not. */
static char **text_of(struct nutauth *a, enum key key)
{
	char **const texts[KEY_COUNT] = {
		[KEY_USER] = &a->user,
		[KEY_PASSWORD] = &a->password,
		[KEY_CERTPATH] = &a->cert_path,
		[KEY_CERTFILE] = &a->cert_file,
		[KEY_CERTHOST] = &a->cert_name,
		[KEY_IDENT_NAME] = &a->ident_name,
		[KEY_IDENT_PASSWORD] = &a->ident_password,
	};

	return texts[key];
}

/* Some are secret, so that all that is replaced is wiped. */
static bool take_text(char **text, const char *value)
{
	if (!text)
		return true;
	secret_free(text);
	*text = str_dup(value);
	return *text != NULL;
}

/* A row of `keys`. */
static void take_value(struct reading *in, const struct conf_where *at, size_t row,
		       const char *value, enum closeness closeness, struct conf_report *r)
{
	enum key key = keys[row].key;

	if (closeness < in->closeness[key])
		return;
	in->closeness[key] = closeness;
	if (key == KEY_CERTVERIFY || key == KEY_FORCESSL)
		take_switch(r, at, keys[row].name, value,
			    key == KEY_FORCESSL ? &in->found->forcessl : &in->found->certverify);
	else if (!take_text(text_of(in->found, key), value))
		conf_error(r, at, NULL, "out of memory");
}

static void read_setting(void *arg, const struct conf_where *at, const struct conf_setting *s,
			 struct conf_report *r)
{
	struct reading *in = arg;
	enum closeness closeness = in->base;

	if (s->section && in->included) {
		if (!s->key)
			conf_error(r, at, "include the file before the first section",
				   "a file included in a section has sections of its own");
		return;
	}
	if (s->section) {
		struct conf_report quiet = {0};

		/* A bad header is reported once, at the header. */
		closeness = compare_section(in, at, s->section, s->key ? &quiet : r);
	}
	if (!s->key)
		return;
	if (str_caseequal(s->key, "INCLUDE") || str_caseequal(s->key, "INCLUDE_REQUIRED")) {
		if (s->count != 1)
			conf_error(r, at, "write INCLUDE file", "%s wants one file", s->key);
		else if (closeness != OTHER_SERVER)
			include_file(in, at, s->values[0],
				     str_caseequal(s->key, "INCLUDE_REQUIRED"), closeness,
				     s->section != NULL, r);
		return;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!(keys[i].any_case ? str_caseequal(s->key, keys[i].name)
				       : str_equal(s->key, keys[i].name)))
			continue;
		/* The section of a user has its user in its name. */
		if (closeness != OTHER_SERVER &&
		    !(keys[i].key == KEY_USER && closeness == THIS_USER))
			take_value(in, at, i, s->count ? s->values[0] : "1", closeness, r);
		return;
	}
	conf_unknown(r, at, s->key, known);
}

/* The first of the places where a user's file may be; false if there is none. */
static bool find_default(char *path, size_t size)
{
	const char *home = getenv("HOME");
	const char *folder = getenv("NUT_AUTHCONF_PATH");

	if (folder)
		return str_format(path, size, "%s/nutauth.conf", folder) && access(path, F_OK) == 0;
	if (home && str_format(path, size, "%s/.config/nut/nutauth.conf", home) &&
	    access(path, F_OK) == 0)
		return true;
	if (home && str_format(path, size, "%s/.nutauth.conf", home) && access(path, F_OK) == 0)
		return true;
	return paths_conf_file(path, size, "nutauth.conf") && access(path, F_OK) == 0;
}

/* False after reporting; path "" means: no file, and none needed. */
static bool choose_file(const char *choice, char *path, size_t size)
{
	const char *named =
		choice && !str_equal(choice, "default") ? choice : getenv("NUT_AUTHCONF_FILE");

	path[0] = '\0';
	if (choice && str_equal(choice, "none"))
		return true;
	if (named) {
		if (str_format(path, size, "%s", named))
			return true;
		log_error(token, "the path %s is too long", named);
		return false;
	}
	if (find_default(path, size))
		return true;
	path[0] = '\0';
	if (choice)
		log_error(token, "no nutauth.conf found (looked in %s last)", paths_conf());
	return !choice;
}

/* One reading of the whole file. */
static bool read_once(int fd, const char *name, struct reading *in)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = (void *)token};
	int err = lseek(fd, 0, SEEK_SET) < 0
			  ? errno
			  : conffile_read_settings_fd(fd, name, read_setting, in, &report);

	if (err) {
		log_error(token, "cannot read %s: %s", name, strerror(err));
		return false;
	}
	return report.errors == 0;
}

bool nutauth_find_fd(int fd, const char *name, const char *user, const char *host, unsigned port,
		     struct nutauth *found)
{
	struct reading in = {
		.user = user, .host = host, .port = port, .found = found, .base = ANY_SERVER};
	struct reading again = in;
	bool ok;

	*found = (struct nutauth){.certverify = -1, .forcessl = -1};
	ok = read_once(fd, name, &in);
	if (ok && !user && found->user) {
		/* The file names the user, who may have a section below or above that. */
		char *named = str_dup(found->user);

		again.user = named;
		ok = named && read_once(fd, name, &again);
		free(named);
	}
	if (!ok)
		nutauth_free(found);
	return ok;
}

bool nutauth_find(const char *choice, const char *user, const char *host, unsigned port,
		  struct nutauth *found)
{
	struct conf_report report = {.emit = conf_emit_log, .arg = (void *)token};
	char path[1024];
	bool ok;
	int fd;

	*found = (struct nutauth){.certverify = -1, .forcessl = -1};
	if (!choose_file(choice, path, sizeof(path)))
		return false;
	if (!path[0])
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		log_error(token, "cannot read %s: %s", path, strerror(errno));
		return false;
	}
	ok = nutauth_find_fd(fd, path, user, host, port, found);
	close(fd);
	conf_warn_if_world_readable(&report, path);
	return ok;
}

struct tlspolicy_source nutauth_demands(const struct nutauth *a, bool daemon)
{
	return (struct tlspolicy_source){
		.plain = a->forcessl == 0,
		.forcessl = a->forcessl,
		.certverify = a->certverify,
		.cert_name = a->cert_name,
		.cert_path = a->cert_path,
		.cert_file = a->cert_file,
		.ident_name = a->ident_name,
		.ident_password = a->ident_password,
		.daemon = daemon,
	};
}

void nutauth_free(struct nutauth *a)
{
	for (enum key key = 0; key < KEY_COUNT; key++)
		if (text_of(a, key))
			secret_free(text_of(a, key));
}
