#include "config.h"

#include "clients/nutconf/direct.h"

#include <string.h>
#include <unistd.h>

#include "clients/nutconf/device.h"
#include "clients/secure/userfile.h"
#include "clients/upsmon/brain/notice.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/netwire.h"

static const char token[] = "nutconf";

enum { PASSWORD_MAX = 511, SET_MAX = 256, WORDS_MAX = 32 };

/* What this run has set; --set-... spares it. Names are borrowed from argv. */
struct done {
	const char *names[SET_MAX];
	size_t count;
};

static struct done monitors, listens, devices, users;

static bool is_done(const struct done *d, const char *name)
{
	for (size_t i = 0; i < d->count; i++)
		if (str_equal(d->names[i], name))
			return true;
	return false;
}

static bool note(struct done *d, const char *name)
{
	if (d->count == SET_MAX) {
		log_error(token, "too many settings at once");
		return false;
	}
	d->names[d->count++] = name;
	return true;
}

static bool no_memory(bool ok)
{
	if (!ok)
		log_error(token, "out of memory");
	return ok;
}

static bool can_hold(const char *what, const char *value)
{
	if (lineedit_can_hold(value))
		return true;
	log_error(token, "%s has control characters, which no file can hold", what);
	return false;
}

/* "-" is the next line of standard input: secrets do not belong on command lines. */
static bool take_password(const char *word, char *password, size_t size)
{
	size_t len = 0;
	char c;

	if (!str_equal(word, "-")) {
		if (str_copy(password, size, word))
			return can_hold("the password", password);
		log_error(token, "the password is over %d characters long", PASSWORD_MAX);
		return false;
	}
	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
		if (len + 1 >= size) {
			log_error(token, "the password is over %d characters long", PASSWORD_MAX);
			return false;
		}
		password[len++] = c;
	}
	password[len] = '\0';
	if (!len)
		log_error(token, "standard input has no password");
	return len && can_hold("the password", password);
}

static bool is_role(const char *word)
{
	static const char *const roles[] = {"primary", "secondary", "master", "slave", NULL};

	for (size_t i = 0; roles[i]; i++)
		if (str_caseequal(roles[i], word))
			return true;
	log_error(token, "\"%s\" is no role; write primary or secondary", word);
	return false;
}

/* A name of a section. */
static bool is_name(const char *what, const char *name)
{
	if (userfile_name_is_good(name) && !strchr(name, '@') && !strchr(name, '/'))
		return true;
	log_error(token,
		  "\"%s\" is no name of a %s: letters, digits and marks, but no blanks and none "
		  "of []\"\\#=@/",
		  name, what);
	return false;
}

/* ------------------------------------------------------------------- nut.conf */

bool direct_set_mode(struct changes *c, const char *mode)
{
	static const char *const modes[] = {"none",       "standalone", "netserver", "netclient",
					    "controlled", "manual",     NULL};
	const char *guess;

	for (size_t i = 0; modes[i]; i++)
		if (str_equal(modes[i], mode))
			return changes_set_mode(c, "MODE", mode);
	guess = str_closest(mode, modes);
	log_error(token, "there is no mode \"%s\"%s%s%s", mode, guess ? "; did you mean \"" : "",
		  guess ? guess : "", guess ? "\"?" : "");
	return false;
}

/* ----------------------------------------------------------------- upsmon.conf */

/* Lines of a directive that this run has not set. */
static void remove_others(struct lineedit *e, const char *directive, const struct done *d)
{
	const char *const like[] = {directive, NULL};
	long line = 0;

	while ((line = lineedit_find(e, line, like)) >= 0) {
		const char *name = lineedit_word(e, line, 1);

		if (name && is_done(d, name))
			line++;
		else
			lineedit_remove(e, line);
	}
}

static bool write_monitor(struct lineedit *e, const char *system, const char *const *w,
			  const char *password)
{
	const char *const like[] = {"MONITOR", system, NULL};
	const char *const words[] = {"MONITOR", system, w[2], w[3], password, w[5], NULL};

	return lineedit_set(e, like, words);
}

bool direct_set_monitor(struct changes *c, bool set, const char *const *w)
{
	struct lineedit *e = changes_edit(c, CHANGES_UPSMON_CONF);
	static char systems[SET_MAX][300];
	char *system = systems[monitors.count % SET_MAX];
	char password[PASSWORD_MAX + 1];
	struct netwire_target target;
	const char *why;
	long power;
	bool ok;

	if (!e || !is_name("UPS", w[0]) || !is_role(w[5]) || !can_hold("the user", w[3]))
		return false;
	if (!str_format(system, sizeof(systems[0]), "%s@%s", w[0], w[1]) ||
	    !netwire_parse_target(system, &target, &why)) {
		log_error(token, "\"%s\" is no host: write HOST or HOST:PORT", w[1]);
		return false;
	}
	if (!str_to_long(w[2], 0, 1000000, &power)) {
		log_error(token, "the power value is \"%s\"; write how many supplies the UPS feeds",
			  w[2]);
		return false;
	}
	if (!take_password(w[4], password, sizeof(password)) || !note(&monitors, system))
		return false;
	if (set)
		remove_others(e, "MONITOR", &monitors);
	ok = write_monitor(e, system, w, password);
	secret_wipe(password, sizeof(password));
	return no_memory(ok);
}

/* The flags that a list of words asks for, joined by +, the old ones first. */
static bool join_flags(const char *old, const char *const *words, char *text, size_t size)
{
	unsigned seen = 0, flags;
	char bad[32];

	str_copy(text, size, "");
	if (old && notice_parse_flags(old, &seen, bad, sizeof(bad)))
		str_copy(text, size, old);
	for (; *words; words++) {
		size_t len = strlen(text);

		if (!notice_parse_flags(*words, &flags, bad, sizeof(bad))) {
			log_error(token, "there is no flag %s: they are SYSLOG, WALL, EXEC, IGNORE",
				  bad);
			return false;
		}
		if ((flags & ~seen) &&
		    !str_format(text + len, size - len, "%s%s", len ? "+" : "", *words))
			return false;
		seen |= flags;
	}
	return true;
}

static bool is_type(const char *word)
{
	enum notice n;
	const char *guess;

	if (notice_find(word, &n))
		return true;
	guess = str_closest(word, notice_names());
	log_error(token, "there is no notification \"%s\"%s%s%s", word,
		  guess ? "; did you mean " : "", guess ? guess : "", guess ? "?" : "");
	return false;
}

bool direct_set_notifyflags(struct changes *c, bool set, const char *const *w)
{
	struct lineedit *e = changes_edit(c, CHANGES_UPSMON_CONF);
	const char *const like[] = {"NOTIFYFLAG", w[0], NULL};
	const char *old = NULL;
	char flags[64];
	long line;

	if (!e || !is_type(w[0]))
		return false;
	line = lineedit_find(e, 0, like);
	if (!set && line >= 0)
		old = lineedit_word(e, line, 2);
	if (!join_flags(old, w + 1, flags, sizeof(flags)))
		return false;
	return no_memory(
		lineedit_set(e, like, (const char *const[]){"NOTIFYFLAG", w[0], flags, NULL}));
}

bool direct_set_notifymsg(struct changes *c, const char *const *w)
{
	struct lineedit *e = changes_edit(c, CHANGES_UPSMON_CONF);
	const char *const like[] = {"NOTIFYMSG", w[0], NULL};

	if (!e || !is_type(w[0]) || !can_hold("the text", w[1]))
		return false;
	if (!notice_text_valid(w[1])) {
		log_error(token,
			  "\"%s\" is no text of a notification: at most two %%s, and %%%% for "
			  "a percent sign",
			  w[1]);
		return false;
	}
	return no_memory(
		lineedit_set(e, like, (const char *const[]){"NOTIFYMSG", w[0], w[1], NULL}));
}

bool direct_set_shutdowncmd(struct changes *c, const char *command)
{
	struct lineedit *e = changes_edit(c, CHANGES_UPSMON_CONF);
	const char *const like[] = {"SHUTDOWNCMD", NULL};

	return e && can_hold("the command", command) &&
	       no_memory(
		       lineedit_set(e, like, (const char *const[]){"SHUTDOWNCMD", command, NULL}));
}

/* -------------------------------------------------------------------- upsd.conf */

bool direct_set_listen(struct changes *c, bool set, const char *const *w)
{
	struct lineedit *e = changes_edit(c, CHANGES_UPSD_CONF);
	const char *const words[] = {"LISTEN", w[0], w[1], NULL};
	long port, line = 0;

	if (!e || !can_hold("the address", w[0]))
		return false;
	if (w[1] && !str_to_long(w[1], 1, 65535, &port)) {
		log_error(token, "\"%s\" is no port: write a number from 1 to 65535", w[1]);
		return false;
	}
	if (!note(&listens, w[0]))
		return false;
	if (set)
		remove_others(e, "LISTEN", &listens);
	while ((line = lineedit_find(e, line, words)) >= 0) {
		const char *old = lineedit_word(e, line, 2);

		/* The same is there already, perhaps with more words behind it. */
		if (str_equal(old, w[1]) || (old && w[1]))
			return true;
		line++;
	}
	return no_memory(lineedit_add(e, words));
}

/* ------------------------------------------------------------------- sections */

static void remove_other_sections(struct lineedit *e, const struct done *d)
{
	char name[1024];
	long line = 0;

	while ((line = lineedit_section(e, line, name, sizeof(name))) >= 0) {
		if (is_done(d, name))
			line++;
		else
			lineedit_remove_section(e, name);
	}
}

static bool add_key(struct device *d, const char *word)
{
	char key[64];
	size_t len = strcspn(word, "=");
	bool ok = len < sizeof(key);

	if (ok) {
		str_copy(key, len + 1, word);
		ok = device_set(d, key, word[len] ? word + len + 1 : NULL);
	}
	if (!ok)
		log_error(token, "\"%s\" cannot stand in ups.conf; write KEY=VALUE", word);
	return ok;
}

static void keep_keys(struct lineedit *e, const char *section, const struct device *d)
{
	const char *keys[DEVICE_KEYS_MAX + 1] = {NULL};

	for (size_t i = 0; i < d->count; i++)
		keys[i] = d->settings[i].key;
	lineedit_keep_keys(e, section, keys);
}

bool direct_set_device(struct changes *c, bool set, const char *const *w, size_t count)
{
	struct lineedit *e = changes_edit(c, CHANGES_UPS_CONF);
	struct device d = {.count = 0};
	bool ok;

	if (!e || !is_name("UPS", w[0]) || !can_hold("the driver", w[1]) ||
	    !can_hold("the port", w[2]) || !note(&devices, w[0]))
		return false;
	ok = device_set(&d, "driver", w[1]) && device_set(&d, "port", w[2]);
	for (size_t i = 3; ok && i < count; i++)
		ok = add_key(&d, w[i]);
	if (ok && set) {
		remove_other_sections(e, &devices);
		keep_keys(e, w[0], &d);
	}
	ok = ok && no_memory(device_write(&d, e, w[0]));
	device_free(&d);
	return ok;
}

static bool put(struct lineedit *e, const char *user, const char *key, const char *value)
{
	return no_memory(lineedit_put(e, user, key, (const char *const[]){value, NULL}));
}

static bool put_password(struct lineedit *e, const char *user, const char *word)
{
	char password[PASSWORD_MAX + 1];
	bool ok = take_password(word, password, sizeof(password));

	if (ok) {
		lineedit_remove_key(e, user, "passwordhash");
		ok = put(e, user, "password", password);
	}
	secret_wipe(password, sizeof(password));
	return ok;
}

/* Several words are separated by commas or blanks, as they cannot be inside of one. */
static bool put_words(struct lineedit *e, const char *user, const char *key, const char *value)
{
	const char *values[WORDS_MAX + 1] = {NULL};
	char copy[1024], *p = copy;
	size_t count = 0;

	if (!str_copy(copy, sizeof(copy), value))
		return false;
	for (char *word; (word = strsep(&p, ", "));)
		if (*word && count < WORDS_MAX)
			values[count++] = word;
	return no_memory(lineedit_put(e, user, key, values));
}

static bool put_user_key(struct lineedit *e, const char *user, const char *word)
{
	static const char *const lists[] = {"actions", "instcmds", "ups", "vars", "cmds", "from"};
	char key[32];
	size_t len = strcspn(word, "=");
	const char *value = word + len + 1;

	if (!word[len] || len >= sizeof(key) || !can_hold("the value", value)) {
		log_error(token, "\"%.*s\" is nothing that can be said of a user; write KEY=VALUE",
			  (int)len, word);
		return false;
	}
	str_copy(key, len + 1, word);
	if (str_caseequal(key, "password"))
		return put_password(e, user, value);
	if (str_caseequal(key, "upsmon"))
		return is_role(value) && put(e, user, "upsmon", value);
	if (str_caseequal(key, "passwordhash") || str_caseequal(key, "peer"))
		return put(e, user, key, value);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (str_caseequal(key, lists[i]))
			return put_words(e, user, key, value);
	log_error(token, "users have no key \"%s\"; man upsd.users lists them", key);
	return false;
}

bool direct_set_user(struct changes *c, bool set, const char *const *w, size_t count)
{
	struct lineedit *e = changes_edit(c, CHANGES_UPSD_USERS);
	size_t i = 1;
	bool ok;

	if (!e || !is_name("user", w[0]) || !note(&users, w[0]))
		return false;
	if (set) {
		remove_other_sections(e, &users);
		lineedit_remove_key(e, w[0], NULL);
	}
	ok = no_memory(lineedit_put_section(e, w[0]));
	/* NAME PASSWORD ROLE: an upsmon. */
	if (ok && count >= 3 && !strchr(w[2], '=')) {
		ok = is_role(w[2]) && put_password(e, w[0], w[1]) && put(e, w[0], "upsmon", w[2]);
		i = 3;
	}
	for (; ok && i < count; i++)
		ok = put_user_key(e, w[0], w[i]);
	return ok;
}
