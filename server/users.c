#include "config.h"

#include "server/users.h"

#ifdef HAVE_CRYPT_CHECKSALT
#include <crypt.h>
#endif
#include <errno.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/net/access.h"

struct word_list {
	char **words;
	size_t count;
};

struct user {
	char *name;
	char *password; /* NULL: none */
	char *hash;     /* crypt(3)'s, instead of it; NULL: none */
	bool has_peer;
	uid_t peer; /* who needs neither */
	unsigned actions;
	struct word_list instcmds;        /* names, or "all" */
	struct word_list ups, vars, cmds; /* patterns; empty: no limit */
	struct access_net *from;          /* the same */
	size_t from_count;
	bool from_broken; /* nobody comes in by a limit that was not understood */
	unsigned line;
};

struct users {
	struct user *list;
	size_t count;
	/* While reading: */
	struct user *current; /* NULL before the first section and inside a refused one */
	bool out_of_memory;
};

struct action_word {
	const char *word;
	unsigned actions;
};

static const struct action_word action_words[] = {
	{"set", USER_SET},         {"fsd", USER_FSD},        {"login", USER_LOGIN},
	{"primary", USER_PRIMARY}, {"master", USER_PRIMARY}, {NULL, 0},
};

/* What an upsmon needs of us in each of its roles. */
static const struct action_word upsmon_roles[] = {
	{"primary", USER_LOGIN | USER_PRIMARY | USER_FSD},
	{"master", USER_LOGIN | USER_PRIMARY | USER_FSD},
	{"secondary", USER_LOGIN},
	{"slave", USER_LOGIN},
	{NULL, 0},
};

static unsigned actions_of(const struct action_word *row, const char *word)
{
	for (; row->word; row++)
		if (str_caseequal(row->word, word))
			return row->actions;
	return 0;
}

static struct user *find(const struct users *u, const char *name)
{
	for (size_t i = 0; i < u->count; i++)
		if (str_equal(u->list[i].name, name))
			return &u->list[i];
	return NULL;
}

/* ------------------------------------------------------------------ reading */

static void begin_user(struct users *u, const struct conf_where *at, const char *name,
		       struct conf_report *r)
{
	const struct user *old = find(u, name);
	struct user *grown;

	u->current = NULL;
	if (old) {
		conf_error(r, at, "put all its settings into one section",
			   "user [%s] was defined already in line %u; this section is ignored",
			   name, old->line);
		return;
	}
	grown = realloc(u->list, (u->count + 1) * sizeof(*grown));
	if (!grown) {
		u->out_of_memory = true;
		return;
	}
	u->list = grown;
	u->list[u->count] = (struct user){.name = str_dup(name), .line = at->line};
	if (!u->list[u->count].name) {
		u->out_of_memory = true;
		return;
	}
	u->current = &u->list[u->count++];
}

/* Once a user, whichever of its two forms.  Of several words the first one counts, as for NUT:
 * whoever got along with it shall not be locked out. */
static bool is_first_password(struct users *u, const struct conf_where *at,
			      const struct conf_setting *s, struct conf_report *r)
{
	static const char mend[] = "put a password with spaces or = into double quotes";

	if (!s->count) {
		conf_error(r, at, mend, "%s of [%s] wants a word", s->key, u->current->name);
		return false;
	}
	if (s->count > 1)
		conf_warning(r, at, mend, "only the first word is the %s of [%s]", s->key,
			     u->current->name);
	if (u->current->password || u->current->hash) {
		conf_error(r, at, "delete one of them", "a second password of [%s] is ignored",
			   u->current->name);
		return false;
	}
	return true;
}

static void set_password(struct users *u, const struct conf_where *at, const struct conf_setting *s,
			 struct conf_report *r)
{
	if (!is_first_password(u, at, s, r))
		return;
	u->current->password = str_dup(s->values[0]);
	u->out_of_memory |= !u->current->password;
}

/* Why a hash is of no use, or NULL. */
static const char *fault_of_hash(const char *hash)
{
#ifndef HAVE_CRYPT_R
	(void)hash;
	return "this upsd was built without crypt(3)";
#else
	if (hash[0] != '$' || strlen(hash) > USERS_HASH_MAX)
		return "it is not a hash that nut-passwd makes";
#ifdef HAVE_CRYPT_CHECKSALT
	if (crypt_checksalt(hash) == CRYPT_SALT_INVALID)
		return "crypt(3) does not know this kind of hash";
#endif
	return NULL;
#endif
}

static void set_hash(struct users *u, const struct conf_where *at, const struct conf_setting *s,
		     struct conf_report *r)
{
	const char *fault;

	if (!is_first_password(u, at, s, r))
		return;
	fault = fault_of_hash(s->values[0]);
	if (fault) {
		conf_error(r, at, "make it with nut-passwd",
			   "passwordhash of [%s] cannot be used: %s", u->current->name, fault);
		return;
	}
	u->current->hash = str_dup(s->values[0]);
	u->out_of_memory |= !u->current->hash;
}

/* Names are looked up now and never again: a name service may take its time. */
static void set_peer(struct users *u, const struct conf_where *at, const struct conf_setting *s,
		     struct conf_report *r)
{
	const struct passwd *pw;
	long uid;

	if (!str_to_long(s->values[0], 0, INT32_MAX, &uid)) {
		pw = getpwnam(s->values[0]);
		if (!pw) {
			conf_error(r, at, "write the name of an account, or its number",
				   "peer of [%s]: this system has no user \"%s\"", u->current->name,
				   s->values[0]);
			return;
		}
		uid = (long)pw->pw_uid;
	}
	u->current->has_peer = true;
	u->current->peer = (uid_t)uid;
}

static void add_actions(struct users *u, const struct conf_where *at, const struct conf_setting *s,
			struct conf_report *r)
{
	for (size_t i = 0; i < s->count; i++) {
		unsigned actions = actions_of(action_words, s->values[i]);

		if (!actions)
			conf_warning(r, at, "actions are SET and FSD", "unknown action \"%s\"",
				     s->values[i]);
		u->current->actions |= actions;
	}
}

static void add_words(struct users *u, struct word_list *list, const struct conf_setting *s)
{
	char **grown = realloc(list->words, (list->count + s->count) * sizeof(*grown));

	if (!grown) {
		u->out_of_memory = true;
		return;
	}
	list->words = grown;
	for (size_t i = 0; i < s->count; i++) {
		grown[list->count] = str_dup(s->values[i]);
		if (!grown[list->count]) {
			u->out_of_memory = true;
			return;
		}
		list->count++;
	}
}

static void free_words(struct word_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->words[i]);
	free(list->words);
}

static void add_instcmds(struct users *u, const struct conf_where *at, const struct conf_setting *s,
			 struct conf_report *r)
{
	(void)at, (void)r;
	add_words(u, &u->current->instcmds, s);
}

static void add_ups(struct users *u, const struct conf_where *at, const struct conf_setting *s,
		    struct conf_report *r)
{
	(void)at, (void)r;
	add_words(u, &u->current->ups, s);
}

static void add_vars(struct users *u, const struct conf_where *at, const struct conf_setting *s,
		     struct conf_report *r)
{
	(void)at, (void)r;
	add_words(u, &u->current->vars, s);
}

static void add_cmds(struct users *u, const struct conf_where *at, const struct conf_setting *s,
		     struct conf_report *r)
{
	(void)at, (void)r;
	add_words(u, &u->current->cmds, s);
}

static void add_from(struct users *u, const struct conf_where *at, const struct conf_setting *s,
		     struct conf_report *r)
{
	struct user *user = u->current;
	struct access_net *grown =
		realloc(user->from, (user->from_count + s->count) * sizeof(*grown));

	if (!grown) {
		u->out_of_memory = true;
		return;
	}
	user->from = grown;
	for (size_t i = 0; i < s->count; i++) {
		if (access_parse(s->values[i], &grown[user->from_count])) {
			user->from_count++;
			continue;
		}
		user->from_broken = true;
		conf_error(r, at, "write addresses such as 192.0.2.7 or 192.0.2.0/24, or local",
			   "from of [%s] does not know \"%s\"", user->name, s->values[i]);
	}
}

static void add_upsmon(struct users *u, const struct conf_where *at, const struct conf_setting *s,
		       struct conf_report *r)
{
	unsigned actions = actions_of(upsmon_roles, s->values[0]);

	if (!actions)
		conf_error(r, at, "write \"upsmon primary\" or \"upsmon secondary\"",
			   "unknown upsmon role \"%s\"", s->values[0]);
	u->current->actions |= actions;
}

static void ignore_allowfrom(struct users *u, const struct conf_where *at,
			     const struct conf_setting *s, struct conf_report *r)
{
	(void)u;
	(void)s;
	conf_warning(r, at, "name addresses with \"from =\"",
		     "allowfrom is no longer supported and is ignored");
}

static const struct {
	const char *key;
	void (*set)(struct users *u, const struct conf_where *at, const struct conf_setting *s,
		    struct conf_report *r);
} settings[] = {
	{"password", set_password},
	{"passwordhash", set_hash},
	{"peer", set_peer},
	{"actions", add_actions},
	{"instcmds", add_instcmds},
	{"upsmon", add_upsmon},
	{"ups", add_ups},
	{"vars", add_vars},
	{"cmds", add_cmds},
	{"from", add_from},
	{"allowfrom", ignore_allowfrom},
};
static const char *const known_keys[] = {"password", "passwordhash", "peer", "actions",
					 "instcmds", "upsmon",       "ups",  "vars",
					 "cmds",     "from",         NULL};

static void take_setting(void *arg, const struct conf_where *at, const struct conf_setting *s,
			 struct conf_report *r)
{
	struct users *u = arg;

	if (!s->section) {
		conf_warning(r, at, "begin with a section such as [admin]",
			     "\"%s\" stands before the first user and is ignored", s->key);
		return;
	}
	if (!s->key) {
		begin_user(u, at, s->section, r);
		return;
	}
	/* `user` was a keyword of very old releases; it is skipped in silence as NUT does. */
	if (!u->current || str_caseequal(s->key, "user"))
		return;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (!str_caseequal(settings[i].key, s->key))
			continue;
		if (s->count)
			settings[i].set(u, at, s, r);
		else
			conf_error(r, at, NULL, "\"%s\" has no value", s->key);
		return;
	}
	conf_unknown(r, at, s->key, known_keys);
}

static void warn_without_password(const struct users *u, const char *path, struct conf_report *r)
{
	for (size_t i = 0; i < u->count; i++) {
		const struct conf_where at = {.file = path, .line = u->list[i].line};

		if (!u->list[i].password && !u->list[i].hash && !u->list[i].has_peer)
			conf_warning(r, &at, "add \"password = ...\"",
				     "user [%s] has no password and can never log in",
				     u->list[i].name);
	}
}

struct users *users_load(const char *path, struct conf_report *r)
{
	const struct conf_where whole = {.file = path};
	struct users *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return NULL;
	err = conffile_read_settings(path, take_setting, u, r);
	if (err) {
		conf_error(r, &whole, "create it (it may be empty) and let upsd's group read it",
			   "cannot be read: %s", strerror(err));
		goto fail;
	}
	if (u->out_of_memory) {
		conf_error(r, &whole, NULL, "out of memory");
		goto fail;
	}
	warn_without_password(u, path, r);
	conf_warn_if_world_readable(r, path);
	return u;
fail:
	users_free(u);
	return NULL;
}

void users_free(struct users *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < u->count; i++) {
		struct user *user = &u->list[i];

		free_words(&user->instcmds);
		free_words(&user->ups);
		free_words(&user->vars);
		free_words(&user->cmds);
		free(user->from);
		free(user->name);
		secret_free(&user->password);
		secret_free(&user->hash);
	}
	free(u->list);
	free(u);
}

size_t users_count(const struct users *u)
{
	return u->count;
}

/* ----------------------------------------------------------------- checking */

static bool may_come_from(const struct user *user, const struct sockaddr *from)
{
	if (!user->from_count)
		return !user->from_broken;
	return from && access_match_any(user->from, user->from_count, from);
}

static bool is_peer(const struct user *user, const uid_t *uid)
{
	return user->has_peer && uid && user->peer == *uid;
}

bool users_trust_peer(const struct users *u, const char *name, uid_t uid)
{
	const struct user *user = find(u, name);

	return user && is_peer(user, &uid);
}

/*
 * Somebody's hash, changed: computing it takes as long as for that user, and no
 * password is known to fit. NULL where nobody has one.
 */
static const char *decoy(const struct users *u)
{
	static char hash[USERS_HASH_MAX + 1];

	for (size_t i = 0; i < u->count; i++) {
		char *last;

		if (!u->list[i].hash)
			continue;
		str_copy(hash, sizeof(hash), u->list[i].hash);
		last = hash + strlen(hash) - 1;
		*last = *last == '.' ? '/' : '.';
		return hash;
	}
	return NULL;
}

enum users_verdict users_check(const struct users *u, const struct users_claim *claim,
			       const char **hash)
{
	const struct user *user = find(u, claim->name);
	const char *given = claim->password ? claim->password : "";
	bool usable = user && may_come_from(user, claim->from);
	bool same;

	if (usable && is_peer(user, claim->uid))
		return USERS_RIGHT;
	usable = usable && claim->password;
	same = secret_equal(usable && user->password ? user->password : "", given);
	if (usable && user->password)
		return same ? USERS_RIGHT : USERS_WRONG;
	*hash = usable && user->hash ? user->hash : decoy(u);
	return *hash && claim->password ? USERS_HASHED : USERS_WRONG;
}

static bool within(const struct word_list *patterns, const char *word)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (str_glob(patterns->words[i], word))
			return true;
	return patterns->count == 0;
}

bool users_permit(const struct users *u, const char *name, enum user_action action, const char *ups)
{
	const struct user *user = find(u, name);

	return user && (user->actions & action) && within(&user->ups, ups);
}

bool users_permit_var(const struct users *u, const char *name, const char *ups, const char *var)
{
	return users_permit(u, name, USER_SET, ups) && within(&find(u, name)->vars, var);
}

static bool has_instcmd(const struct user *user, const char *command)
{
	for (size_t i = 0; i < user->instcmds.count; i++)
		if (str_caseequal(user->instcmds.words[i], "all") ||
		    str_caseequal(user->instcmds.words[i], command))
			return true;
	return false;
}

bool users_permit_instcmd(const struct users *u, const char *name, const char *ups,
			  const char *command)
{
	const struct user *user = find(u, name);

	return user && has_instcmd(user, command) && within(&user->ups, ups) &&
	       within(&user->cmds, command);
}
