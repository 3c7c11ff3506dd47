#include "config.h"

#include "server/users.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

struct user {
	char *name;
	char *password; /* NULL: can never log in */
	unsigned actions;
	bool all_instcmds;
	char **instcmds;
	size_t instcmd_count;
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

static void set_password(struct users *u, const struct conf_where *at, const struct conf_setting *s,
			 struct conf_report *r)
{
	if (s->count != 1) {
		conf_error(r, at, "put a password with spaces into double quotes",
			   "password of [%s] wants one word, not %zu", u->current->name, s->count);
		return;
	}
	if (u->current->password) {
		conf_error(r, at, "delete one of them", "a second password of [%s] is ignored",
			   u->current->name);
		return;
	}
	u->current->password = str_dup(s->values[0]);
	u->out_of_memory |= !u->current->password;
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

static void add_instcmds(struct users *u, const struct conf_where *at, const struct conf_setting *s,
			 struct conf_report *r)
{
	struct user *user = u->current;
	char **grown = realloc(user->instcmds, (user->instcmd_count + s->count) * sizeof(*grown));

	(void)at;
	(void)r;
	if (!grown) {
		u->out_of_memory = true;
		return;
	}
	user->instcmds = grown;
	for (size_t i = 0; i < s->count; i++) {
		char *word = str_dup(s->values[i]);

		if (!word) {
			u->out_of_memory = true;
			return;
		}
		user->all_instcmds |= str_caseequal(word, "all");
		user->instcmds[user->instcmd_count++] = word;
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
	conf_warning(r, at, "limit access by LISTEN in upsd.conf and a firewall",
		     "allowfrom is no longer supported and is ignored");
}

static const struct {
	const char *key;
	void (*set)(struct users *u, const struct conf_where *at, const struct conf_setting *s,
		    struct conf_report *r);
} settings[] = {
	{"password", set_password}, {"actions", add_actions},        {"instcmds", add_instcmds},
	{"upsmon", add_upsmon},     {"allowfrom", ignore_allowfrom},
};
static const char *const known_keys[] = {"password", "actions", "instcmds", "upsmon", NULL};

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

		if (!u->list[i].password)
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

		for (size_t k = 0; k < user->instcmd_count; k++)
			free(user->instcmds[k]);
		free(user->instcmds);
		free(user->name);
		secret_free(&user->password);
	}
	free(u->list);
	free(u);
}

size_t users_count(const struct users *u)
{
	return u->count;
}

/* ----------------------------------------------------------------- checking */

/* The user of right credentials, or NULL. A wrong name costs the same time as a
 * wrong password, so that names cannot be probed for. */
static const struct user *authenticate(const struct users *u, const char *name,
				       const char *password)
{
	const struct user *user = find(u, name);
	bool usable = user && user->password;
	bool same = secret_equal(usable ? user->password : "", password);

	return usable && same ? user : NULL;
}

bool users_permit(const struct users *u, const char *name, const char *password,
		  enum user_action action)
{
	const struct user *user = authenticate(u, name, password);

	return user && (user->actions & action);
}

bool users_permit_instcmd(const struct users *u, const char *name, const char *password,
			  const char *command)
{
	const struct user *user = authenticate(u, name, password);

	if (!user)
		return false;
	if (user->all_instcmds)
		return true;
	for (size_t i = 0; i < user->instcmd_count; i++)
		if (str_caseequal(user->instcmds[i], command))
			return true;
	return false;
}
