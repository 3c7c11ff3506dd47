/*
 * ups.conf as upsd needs it: names, drivers, descriptions and aliases.  All
 * other keys are the drivers' own.
 *
 * Sections of one name are merged and later keys win, as in NUT; sections whose
 * names differ only in letter case are an error, since the protocol does not
 * tell them apart.
 */
#include "config.h"

#include "server/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "server/nametable.h"

struct reader {
	struct upsd_conf *conf;
	struct nametable sections; /* name -> its index + 1; names are owned by the conf */
	struct upsd_conf_ups *current;
	size_t allocated;
	bool out_of_memory;
};

static void free_ups(struct upsd_conf_ups *u)
{
	for (size_t i = 0; i < u->alias_count; i++)
		free(u->aliases[i]);
	free(u->aliases);
	free(u->name);
	free(u->driver);
	free(u->port);
	free(u->desc);
}

void upsd_conf_free_devices(struct upsd_conf *c)
{
	for (size_t i = 0; i < c->ups_count; i++)
		free_ups(&c->upses[i]);
	free(c->upses);
	c->upses = NULL;
	c->ups_count = 0;
}

static struct upsd_conf_ups *add_section(struct reader *rd, const char *name, unsigned line)
{
	struct upsd_conf *c = rd->conf;
	struct upsd_conf_ups *u;

	if (c->ups_count == rd->allocated) {
		size_t more = rd->allocated ? rd->allocated * 2 : 8;
		struct upsd_conf_ups *grown = realloc(c->upses, more * sizeof(*grown));

		if (!grown)
			return NULL;
		c->upses = grown;
		rd->allocated = more;
	}
	u = &c->upses[c->ups_count];
	*u = (struct upsd_conf_ups){.name = str_dup(name), .line = line};
	if (!u->name)
		return NULL;
	c->ups_count++;
	/* The index, not the pointer: the array moves. */
	if (nametable_add(&rd->sections, u->name, (void *)(uintptr_t)c->ups_count) !=
	    NAMETABLE_ADDED)
		return NULL;
	return u;
}

static void begin_section(struct reader *rd, const struct conf_where *at, const char *name,
			  struct conf_report *r)
{
	size_t index = (size_t)(uintptr_t)nametable_find(&rd->sections, name);

	if (!index) {
		if (!str_is_ascii(name))
			conf_warning(r, at, "use letters from a to z",
				     "many clients cannot read the name [%s], and NUT leaves "
				     "letters beyond ASCII out",
				     name);
		rd->current = add_section(rd, name, at->line);
		rd->out_of_memory |= !rd->current;
		return;
	}
	rd->current = &rd->conf->upses[index - 1];
	if (str_equal(rd->current->name, name))
		return;
	conf_error(r, at, "give it another name",
		   "[%s] differs from [%s] of line %u in letter case only; this section is ignored",
		   name, rd->current->name, rd->current->line);
	rd->current = NULL;
}

static void add_aliases(struct reader *rd, const struct conf_setting *s)
{
	struct upsd_conf_ups *u = rd->current;
	char **grown = realloc(u->aliases, (u->alias_count + s->count) * sizeof(*grown));

	if (!grown) {
		rd->out_of_memory = true;
		return;
	}
	u->aliases = grown;
	for (size_t i = 0; i < s->count; i++) {
		u->aliases[u->alias_count] = str_dup(s->values[i]);
		if (!u->aliases[u->alias_count]) {
			rd->out_of_memory = true;
			return;
		}
		u->alias_count++;
	}
}

static void take_global(struct reader *rd, const struct conf_where *at,
			const struct conf_setting *s, struct conf_report *r)
{
	if (!s->has_equals || !s->count)
		return;
	if (str_equal(s->key, "driverpath"))
		rd->out_of_memory |= !str_replace(&rd->conf->driverpath, s->values[0]);
	if (!str_caseequal(s->key, "statepath"))
		return;
	if (s->values[0][0] != '/') {
		conf_error(r, at, "write it from the root, with a leading /",
			   "statepath wants an absolute path, not \"%s\"", s->values[0]);
		return;
	}
	rd->out_of_memory |= !str_replace(&rd->conf->statepath, s->values[0]);
}

static void take_setting(void *arg, const struct conf_where *at, const struct conf_setting *s,
			 struct conf_report *r)
{
	struct reader *rd = arg;
	char **field = NULL;

	if (!s->section) {
		take_global(rd, at, s, r);
		return;
	}
	if (!s->key) {
		begin_section(rd, at, s->section, r);
		return;
	}
	if (!rd->current || !s->has_equals || !s->count)
		return;
	if (str_equal(s->key, "driver"))
		field = &rd->current->driver;
	else if (str_equal(s->key, "port"))
		field = &rd->current->port;
	else if (str_equal(s->key, "desc"))
		field = &rd->current->desc;
	else if (str_equal(s->key, "alias"))
		add_aliases(rd, s);
	if (field)
		rd->out_of_memory |= !str_replace(field, s->values[0]);
}

/* ------------------------------------------------------------ after reading */

static void check_complete(struct upsd_conf_ups *u, const char *path, struct conf_report *r)
{
	const struct conf_where at = {.file = path, .line = u->line};
	const char *missing = !u->driver ? "driver" : !u->port ? "port" : NULL;

	if (missing) {
		conf_error(r, &at, "add it, or delete the section",
			   "UPS [%s] has no \"%s = ...\" and is ignored", u->name, missing);
		u->refused = true;
	} else if (strchr(u->name, '/') || strchr(u->driver, '/')) {
		conf_error(r, &at, "use names without /",
			   "UPS [%s]: its name and driver make up a file name; it is ignored",
			   u->name);
		u->refused = true;
	}
}

/* An alias must not be the name or an alias of something else. */
static bool check_aliases(struct reader *rd, struct upsd_conf_ups *u, const char *path,
			  struct conf_report *r)
{
	const struct conf_where at = {.file = path, .line = u->line};
	size_t kept = 0;

	for (size_t i = 0; i < u->alias_count; i++) {
		char *alias = u->aliases[i];

		switch (nametable_add(&rd->sections, alias, u)) {
		case NAMETABLE_ADDED:
			u->aliases[kept++] = alias;
			break;
		case NAMETABLE_TAKEN:
			conf_error(r, &at, "choose another alias",
				   "alias \"%s\" of [%s] is a name already and is ignored", alias,
				   u->name);
			free(alias);
			break;
		case NAMETABLE_NO_MEMORY:
			while (i < u->alias_count)
				free(u->aliases[i++]);
			u->alias_count = kept;
			return false;
		}
	}
	u->alias_count = kept;
	return true;
}

static void drop_refused(struct upsd_conf *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->ups_count; i++) {
		struct upsd_conf_ups u = c->upses[i];

		if (u.refused)
			free_ups(&u);
		else
			c->upses[kept++] = u;
	}
	c->ups_count = kept;
}

bool upsd_conf_read_devices(struct upsd_conf *c, const char *path, struct conf_report *r)
{
	const struct conf_where whole = {.file = path};
	struct reader rd = {.conf = c};
	int err = conffile_read_settings(path, take_setting, &rd, r);

	if (err)
		conf_error(r, &whole,
			   err == ETIMEDOUT ? NULL : "create it and let upsd's group read it",
			   "cannot be read: %s", conffile_why(err));
	for (size_t i = 0; !rd.out_of_memory && i < c->ups_count; i++) {
		check_complete(&c->upses[i], path, r);
		rd.out_of_memory |= !check_aliases(&rd, &c->upses[i], path, r);
	}
	if (rd.out_of_memory)
		conf_error(r, &whole, NULL, "out of memory");
	nametable_clear(&rd.sections);
	drop_refused(c);
	return !err && !rd.out_of_memory;
}

/* ---------------------------------------------------------------- comparing */

static bool same_ups(const struct upsd_conf_ups *a, const struct upsd_conf_ups *b)
{
	if (!str_equal(a->name, b->name) || !str_equal(a->driver, b->driver) ||
	    !str_equal(a->desc, b->desc) || a->alias_count != b->alias_count)
		return false;
	for (size_t i = 0; i < a->alias_count; i++)
		if (!str_equal(a->aliases[i], b->aliases[i]))
			return false;
	return true;
}

static bool index_upses(struct nametable *t, const struct upsd_conf *c)
{
	for (size_t i = 0; i < c->ups_count; i++)
		if (nametable_add(t, c->upses[i].name, &c->upses[i]) == NAMETABLE_NO_MEMORY)
			return false;
	return true;
}

bool upsd_conf_diff(const struct upsd_conf *before, const struct upsd_conf *after,
		    upsd_conf_change_fn *fn, void *arg)
{
	struct nametable old = {0}, new = {0};
	bool ok = index_upses(&old, before) && index_upses(&new, after);

	for (size_t i = 0; ok && i < before->ups_count; i++)
		if (!nametable_find(&new, before->upses[i].name))
			fn(arg, UPSD_CONF_REMOVED, &before->upses[i], NULL);
	for (size_t i = 0; ok && i < after->ups_count; i++) {
		const struct upsd_conf_ups *u = &after->upses[i];
		const struct upsd_conf_ups *was = nametable_find(&old, u->name);

		if (!was)
			fn(arg, UPSD_CONF_ADDED, NULL, u);
		else
			fn(arg, same_ups(was, u) ? UPSD_CONF_KEPT : UPSD_CONF_CHANGED, was, u);
	}
	nametable_clear(&old);
	nametable_clear(&new);
	return ok;
}
