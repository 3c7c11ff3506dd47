/*
 * groupups: MONITOR, and the names by which rules mean UPSes.
 *
 * A UPS is known by `group:ups@host:port`.  A MONITOR takes group, server and
 * CERTFILE from the declarations in force, unless its own name says otherwise,
 * which is warned of.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "clients/upsmon/conf/groupparse.h"
#include "common/base/str.h"

enum { NO_UPS = -1, REFUSED_UPS = -2 };

static const long default_levels[] = {50, 25, 12};

/* -------------------------------------------------------------------- UPSes */

/* Fills in what a MONITOR's name leaves out, and warns of what it says otherwise. */
static bool complete(struct group_parser *g, const struct group_ups_name *name, long *group,
		     struct netwire_target *t)
{
	long port = g->port;

	*group = g->group;
	str_copy(t->host, sizeof(t->host), g->host);
	if (!str_format(t->ups, sizeof(t->ups), "%.*s", (int)name->ups.len, name->ups.text)) {
		group_error(g, &name->ups.at, 375, NULL, "the UPS's name is too long");
		return false;
	}
	if (name->group.kind != GROUP_END && group_find(g, &name->group) != g->group) {
		long other = group_find(g, &name->group);

		group_warning(g, &name->group.at, 221, "make GROUP and the name agree",
			      "this is not the GROUP in force%s", other < 0 ? ", and unknown" : "");
		if (other >= 0)
			*group = other;
	}
	if (name->host.kind == GROUP_END) {
		t->port = (unsigned)port;
		return true;
	}
	if (!group_read_host(g, &name->host, t->host, sizeof(t->host)))
		return false;
	if (!str_caseequal(t->host, g->host))
		group_warning(g, &name->host.at, 222, "make HOST and the name agree",
			      "HOST is %s, but the name says %s", g->host, t->host);
	if (name->port.kind != GROUP_END &&
	    !group_whole(g, &name->port, "the port", 1, 65535, &port))
		return false;
	if ((unsigned)port != g->port)
		group_warning(g, &name->port.at, 223, "make PORT and the name agree",
			      "PORT is %u, but the name says %ld", g->port, port);
	t->port = (unsigned)port;
	return true;
}

/* The name that people see: what nearly everybody has is left out. */
static char *display_name(const struct group_parser *g, long group, const struct netwire_target *t)
{
	const char *name = g->conf->groups[group].name;
	bool v6 = strchr(t->host, ':') != NULL;
	struct buffer b = {0};
	char *copy;

	if (!str_equal(name, "LOCAL"))
		buffer_appendf(&b, "%s:", name);
	buffer_append_str(&b, t->ups);
	if (!str_caseequal(t->host, "localhost") || t->port != 3493)
		buffer_appendf(&b, "@%s%s%s:%u", v6 ? "[" : "", t->host, v6 ? "]" : "", t->port);
	copy = b.failed ? NULL : str_dup(buffer_string(&b));
	buffer_free(&b);
	return copy;
}

static bool read_type(struct group_parser *g, const struct group_token *type, bool *primary)
{
	*primary = group_token_is(type, "primary") || group_token_is(type, "master");
	if (*primary || group_token_is(type, "secondary") || group_token_is(type, "slave"))
		return true;
	group_error(g, &type->at, 420, "TYPE primary, or TYPE secondary",
		    "a UPS is none of TYPE %.*s", type->len > 40 ? 40 : (int)type->len, type->text);
	return false;
}

static void free_ups(struct conf_ups *u)
{
	free(u->system);
	free(u->user);
	secret_free(&u->password);
}

/* Takes over what u owns. */
static bool add_ups(struct group_parser *g, const struct group_where *at, const struct conf_ups *u)
{
	struct upsmon_conf *c = g->conf;
	const struct conf_ups *twin = upsmon_conf_find(c, u->system);

	if (twin) {
		group_error(g, at, 410, "MONITOR each UPS once",
			    "UPS %s is MONITORed already, in line %u", u->system,
			    g->ups_at[twin - c->ups].at.line);
		return false;
	}
	if (!group_grow(g, at, &c->ups, c->ups_count, GROUP_UPS_MAX, sizeof(*c->ups), "UPSes") ||
	    !group_grow(g, at, &g->ups_at, c->ups_count, GROUP_UPS_MAX, sizeof(*g->ups_at),
			"UPSes"))
		return false;
	g->ups_at[c->ups_count] = (struct group_ups_mark){.at = *at, .plain = g->cert && !*g->cert};
	c->ups[c->ups_count++] = *u;
	return true;
}

static bool read_monitor(struct group_parser *g, const struct group_ups_name *name,
			 const struct group_token *power, const struct group_token *user,
			 const struct group_token *password, const struct group_token *type,
			 struct conf_ups *u)
{
	long group;
	bool ok = read_type(g, type, &u->primary);

	ok = group_whole(g, power, "POWERVAL", 0, GROUP_POWER_MAX, &u->power) && ok;
	if (!group_is_open(g, &name->ups.at, "MONITOR") || !complete(g, name, &group, &u->target) ||
	    !ok)
		return false;
	u->group = (size_t)group;
	u->login = u->power > 0;
	memcpy(u->level, default_levels, sizeof(u->level));
	u->system = display_name(g, group, &u->target);
	u->user = group_token_dup(g, user);
	u->password = group_token_dup(g, password);
	return u->system && u->user && u->password;
}

void group_lose_monitor(struct group_parser *g)
{
	g->ups = REFUSED_UPS;
	g->lost_ups = true;
}

void group_take_monitor(struct group_parser *g, const struct group_ups_name *name,
			const struct group_token *power, const struct group_token *user,
			const struct group_token *password, const struct group_token *type)
{
	struct conf_ups u = {0};

	if (!read_monitor(g, name, power, user, password, type, &u) ||
	    !add_ups(g, &name->ups.at, &u)) {
		free_ups(&u);
		group_lose_monitor(g);
		return;
	}
	g->ups = (long)g->conf->ups_count - 1;
	group_use_certfile(g, &name->ups.at, u.target.host, u.target.port);
}

void group_take_level(struct group_parser *g, const struct group_token *name, const char *value)
{
	char digit = name->text[name->len - 1];
	long percent;

	if (digit < '1' || digit > '3') {
		group_error(g, &name->at, 307, "battery.charge.low.1, .2 or .3",
			    "there are three levels of charge");
	} else if (g->ups == NO_UPS) {
		group_error(g, &name->at, 305, "put it behind the MONITOR of its UPS",
			    "a level of charge belongs to the UPS MONITORed last");
	} else if (!str_to_long(value, 0, 100, &percent)) {
		group_error(g, &g->text_at, 307, "\"50\"",
			    "a level of charge is a whole number from 0 to 100, in quotes");
	} else if (g->ups >= 0) {
		g->conf->ups[g->ups].level[digit - '1'] = percent;
	}
}

/* --------------------------------------------------------------- references */

/* What a name in a rule leaves open. */
struct search {
	const struct group_ups_name *name;
	long group;
	char host[256]; /* "" = any */
	long port;      /* 0 = any */
};

static bool fits(const struct conf_ups *u, const struct search *s, bool host, bool port)
{
	return (long)u->group == s->group && group_token_is(&s->name->ups, u->target.ups) &&
	       (!host || !s->host[0] || str_caseequal(u->target.host, s->host)) &&
	       (!port || !s->port || (long)u->target.port == s->port);
}

/* The only one that fits; -1 = none, -2 = several. */
static long find_only(const struct group_parser *g, const struct search *s, bool host, bool port)
{
	long found = -1;

	for (size_t i = 0; i < g->conf->ups_count; i++) {
		if (!fits(&g->conf->ups[i], s, host, port))
			continue;
		if (found >= 0)
			return -2;
		found = (long)i;
	}
	return found;
}

static void refuse_name(struct group_parser *g, const struct group_ups_name *name, long found,
			int number)
{
	char mend[600];
	const struct conf_ups *other = NULL;

	for (size_t i = 0; i < g->conf->ups_count; i++) {
		if (group_token_is(&name->ups, g->conf->ups[i].target.ups))
			other = &g->conf->ups[i];
	}
	if (other)
		str_format(mend, sizeof(mend), "write which one, such as %s:%s@%s",
			   g->conf->groups[other->group].name, other->target.ups,
			   other->target.host);
	group_error(g, &name->ups.at, number, other ? mend : "MONITOR it first",
		    found == -2 ? "several UPSes %.*s are MONITORed in this group"
				: "no UPS %.*s is MONITORed in this group",
		    name->ups.len > 40 ? 40 : (int)name->ups.len, name->ups.text);
}

long group_find_ups(struct group_parser *g, const struct group_ups_name *name, int number)
{
	struct search s = {.name = name, .group = g->group};
	long found;

	if (name->group.kind != GROUP_END)
		s.group = group_find(g, &name->group);
	if (name->host.kind != GROUP_END &&
	    !group_read_host(g, &name->host, s.host, sizeof(s.host)))
		return -1;
	if (name->port.kind != GROUP_END &&
	    !group_whole(g, &name->port, "the port", 1, 65535, &s.port))
		return -1;
	found = find_only(g, &s, true, true);
	if (found == -1) {
		found = find_only(g, &s, true, false);
		if (found >= 0)
			group_warning(g, &name->port.at, 225, "make them agree",
				      "this UPS is MONITORed at port %u",
				      g->conf->ups[found].target.port);
	}
	if (found == -1) {
		found = find_only(g, &s, false, false);
		if (found >= 0)
			group_warning(g, &name->host.at, 224, "make them agree",
				      "this UPS is MONITORed at %s:%u",
				      g->conf->ups[found].target.host,
				      g->conf->ups[found].target.port);
	}
	/* The mistake is in its MONITOR then, and told there. */
	if (found < 0 && !g->lost_ups)
		refuse_name(g, name, found, number);
	return found < 0 ? -1 : found;
}
