#include "config.h"

#include "clients/nutconf/trial_conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clients/upsmon/brain/notice.h"
#include "common/base/conffile.h"
#include "common/base/str.h"
#include "common/base/words.h"
#include "common/ups/netwire.h"

/* ----------------------------------------------------------------- the live server */

static void take_listen(void *arg, const struct conf_where *at, size_t count, char *const *words,
			struct conf_report *r)
{
	struct trial_server *s = arg;
	long port;

	(void)at;
	(void)r;
	if (*s->host || !str_equal(words[0], "LISTEN") || count < 2 ||
	    str_starts(words[1], "unix:") || (count > 3 && str_equal(words[3], "tls")))
		return;
	if (count > 2 && str_to_long(words[2], 1, 65535, &port))
		s->port = (unsigned)port;
	str_copy(s->host, sizeof(s->host),
		 str_equal(words[1], "*") || str_equal(words[1], "0.0.0.0") ? "127.0.0.1"
		 : str_equal(words[1], "::")                                ? "::1"
									    : words[1]);
}

void trial_conf_find_server(const char *folder, struct trial_server *s)
{
	struct conf_report quiet = {.emit = NULL};
	char path[PATH_MAX];
	long port;

	*s = (struct trial_server){.host = ""};
	str_to_long(NUT_PORT, 1, 65535, &port);
	s->port = (unsigned)port;
	if (str_format(path, sizeof(path), "%s/upsd.conf", folder))
		conffile_read_lines(path, take_listen, s, &quiet);
	if (!*s->host)
		str_copy(s->host, sizeof(s->host), "localhost");
}

/* ---------------------------------------------------------------------- the UPSes */

static bool is_of(const char *text, const char *also)
{
	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && !strchr(also, *text))
			return false;
	}
	return true;
}

bool trial_conf_is_plain(const char *name)
{
	return *name && *name != '.' && is_of(name, "-_.");
}

static bool is_loopback(const char *host)
{
	return str_caseequal(host, "localhost") || str_starts(host, "127.") ||
	       str_equal(host, "::1");
}

static bool is_same_server(const struct trial_server *a, const char *host, unsigned port)
{
	return a->port == port &&
	       (str_caseequal(a->host, host) || (is_loopback(a->host) && is_loopback(host)));
}

static const struct trial_ups *find_ups(const struct trial_plan *p,
					const struct trial_server *local,
					const struct netwire_target *t)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct trial_ups *u = &p->upses[i];

		if (str_caseequal(u->ups, t->ups) &&
		    (is_same_server(&u->server, t->host, t->port) ||
		     (is_same_server(&u->server, local->host, local->port) &&
		      is_same_server(local, t->host, t->port))))
			return u;
	}
	return NULL;
}

const char *trial_conf_name(const struct trial_plan *p, const struct trial_server *local,
			    const char *system)
{
	const struct trial_ups *u = NULL;
	struct netwire_target t;
	const char *why;

	if (netwire_parse_target(system, &t, &why))
		u = find_ups(p, local, &t);
	return u ? u->name : "";
}

static bool has_name(const struct trial_plan *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++) {
		if (str_caseequal(p->upses[i].name, name))
			return true;
	}
	return false;
}

/* Of another server: `rack-nas` for rack@nas.example. */
static void choose_name(const struct trial_plan *p, const struct netwire_target *t, char *dst,
			size_t size)
{
	char host[64];
	unsigned number = 1;

	str_copy(host, sizeof(host), t->host);
	for (char *at = host; *at; at++) {
		if (!isalnum((unsigned char)*at))
			*at = '-';
	}
	if (!str_format(dst, size, "%s", t->ups) || has_name(p, dst))
		str_format(dst, size, "%.20s-%.30s", t->ups, host);
	while (has_name(p, dst))
		str_format(dst, size, "%.20s-%u", t->ups, ++number);
}

static const struct trial_ups *add_ups(struct trial_plan *p, const struct netwire_target *t)
{
	struct trial_ups *u = &p->upses[p->count];

	if (p->count == TRIAL_UPS_MAX || !trial_conf_is_plain(t->ups) || !is_of(t->host, "-_.:%") ||
	    !str_copy(u->ups, sizeof(u->ups), t->ups))
		return NULL;
	choose_name(p, t, u->name, sizeof(u->name));
	str_copy(u->server.host, sizeof(u->server.host), t->host);
	u->server.port = t->port;
	p->count++;
	return u;
}

/* -------------------------------------------------------------------- upsmon.conf */

/* What decides when, and nothing that acts. */
static const char *const carried[] = {
	"MINSUPPLIES",
	"POLLFREQ",
	"POLLFREQALERT",
	"HOSTSYNC",
	"DEADTIME",
	"RBWARNTIME",
	"NOCOMMWARNTIME",
	"FINALDELAY",
	"OFFDURATION",
	"OBLBDURATION",
	"OVERDURATION",
	"ALARMCRITICAL",
	"POLLFAIL_LOG_THROTTLE_MAX",
};

static const char *const limits[] = {"OBDURATION", "OBCHARGE", "OBRUNTIME"};

static bool is_in(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (str_equal(word, list[i]))
			return true;
	}
	return false;
}

struct making {
	struct trial_conf *conf;
	struct trial_plan *plan;
	const struct trial_server *local;
	const char *password;
	unsigned strange; /* MONITOR lines that are none */
};

static const struct trial_ups *ups_of(struct making *m, const char *system)
{
	const struct trial_ups *u;
	struct netwire_target t;
	const char *why;

	if (!netwire_parse_target(system, &t, &why))
		return NULL;
	u = find_ups(m->plan, m->local, &t);
	return u ? u : add_ups(m->plan, &t);
}

static void take_monitor(struct making *m, size_t count, char *const *words)
{
	const struct trial_ups *u = count == 6 ? ups_of(m, words[1]) : NULL;
	struct buffer *out = &m->conf->upsmon_conf;

	if (!u) {
		m->strange++;
		return;
	}
	buffer_append_str(out, "MONITOR ");
	words_append_word(out, u->name);
	buffer_appendf(out, "@127.0.0.1:%u ", m->plan->port);
	words_append_word(out, words[2]);
	buffer_appendf(out, " trial %s ", m->password);
	words_append_word(out, words[5]);
	buffer_append_char(out, '\n');
	m->conf->monitors++;
}

static void take_upsmon(void *arg, const struct conf_where *at, size_t count, char *const *words,
			struct conf_report *r)
{
	struct making *m = arg;
	struct buffer *out = &m->conf->upsmon_conf;

	(void)at;
	(void)r;
	if (str_equal(words[0], "GROUP"))
		m->conf->group_file = true;
	if (str_equal(words[0], "MONITOR"))
		take_monitor(m, count, words);
	if (count < 2 || (!is_in(words[0], carried, sizeof(carried) / sizeof(carried[0])) &&
			  !is_in(words[0], limits, sizeof(limits) / sizeof(limits[0]))))
		return;
	buffer_appendf(out, "%s ", words[0]);
	words_append_word(out, words[1]);
	if (count > 2 && is_in(words[0], limits, sizeof(limits) / sizeof(limits[0]))) {
		const struct trial_ups *u = ups_of(m, words[2]);

		if (u)
			buffer_appendf(out, " %s@127.0.0.1:%u", u->name, m->plan->port);
	}
	buffer_append_char(out, '\n');
}

/* Everything is told to the recorder, and to it alone. */
static void append_harmless(struct buffer *out, const char *dir, const char *recorder)
{
	buffer_append_str(out, "SHUTDOWNCMD \"'");
	buffer_append_str(out, recorder);
	buffer_appendf(out, "' trial record '%s' shutdown\"\n", dir);
	buffer_append_str(out, "NOTIFYCMD ");
	words_append_quoted(out, recorder);
	buffer_append_str(out, " trial record ");
	words_append_quoted(out, dir);
	buffer_append_str(out, " notice\n");
	buffer_appendf(out, "POWERDOWNFLAG \"%s/run/killpower\"\nSHUTDOWNEXIT yes\n", dir);
	for (int n = 0; n < NOTICE_COUNT; n++)
		buffer_appendf(out, "NOTIFYFLAG %s EXEC\n", notice_name((enum notice)n));
}

static void append_upses(struct buffer *out, const struct trial_plan *p)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct trial_ups *u = &p->upses[i];
		bool six = strchr(u->server.host, ':') != NULL;

		buffer_appendf(out,
			       "[%s]\n\tdriver = dummy-ups\n\tmode = repeater\n\tpollinterval = 1\n"
			       "\trepeater_disable_strict_start\n\tport = \"%s@%s%s%s:%u\"\n"
			       "\tdesc = \"trial\"\n",
			       u->name, u->ups, six ? "[" : "", u->server.host, six ? "]" : "",
			       u->server.port);
	}
}

bool trial_conf_make(struct trial_conf *c, struct trial_plan *p, const struct trial_server *local,
		     const char *folder, const char *dir, const char *recorder,
		     const char *password)
{
	struct making m = {c, p, local, password, 0};
	struct conf_report quiet = {.emit = NULL};
	char path[PATH_MAX];
	int err = ENAMETOOLONG;

	*c = (struct trial_conf){.monitors = 0};
	if (strpbrk(dir, "'\"\\#\n") || strpbrk(recorder, "'\"\\#\n")) {
		fprintf(stderr, "nutconf: the trial's folder may have no quotes in its name\n");
		return false;
	}
	if (str_format(path, sizeof(path), "%s/upsmon.conf", folder))
		err = conffile_read_lines(path, take_upsmon, &m, &quiet);
	if (err || c->group_file || m.strange) {
		fprintf(stderr, "nutconf: %s: %s\n", path,
			err ? conffile_why(err)
			: c->group_file
				? "is in the group language, which no NUT has: nothing to compare"
				: "has a MONITOR line that is none; `upsmon -t` tells more");
		return false;
	}
	append_harmless(&c->upsmon_conf, dir, recorder);
	append_upses(&c->ups_conf, p);
	buffer_appendf(&c->upsd_conf, "LISTEN 127.0.0.1 %u\n", p->port);
	buffer_appendf(&c->upsd_users, "[trial]\n\tpassword = %s\n\tupsmon primary\n", password);
	return !c->upsmon_conf.failed && !c->ups_conf.failed;
}

void trial_conf_free(struct trial_conf *c)
{
	struct buffer *all[] = {&c->ups_conf, &c->upsd_conf, &c->upsd_users, &c->upsmon_conf};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i]->data)
			secret_wipe(all[i]->data, all[i]->size);
		buffer_free(all[i]);
	}
}

/* ------------------------------------------------------------------ is it harmless */

struct looking {
	const char *dir, *recorder, *why;
	unsigned port, commands;
};

static bool is_known(const char *word)
{
	return is_in(word, carried, sizeof(carried) / sizeof(carried[0])) ||
	       is_in(word, limits, sizeof(limits) / sizeof(limits[0])) ||
	       str_equal(word, "SHUTDOWNEXIT") || str_equal(word, "NOTIFYFLAG");
}

static void look_at_line(void *arg, const struct conf_where *at, size_t count, char *const *words,
			 struct conf_report *r)
{
	struct looking *l = arg;
	char want[2 * PATH_MAX], end[32];

	(void)at;
	(void)r;
	str_format(end, sizeof(end), "@127.0.0.1:%u", l->port);
	if (str_equal(words[0], "SHUTDOWNCMD")) {
		str_format(want, sizeof(want), "'%s' trial record '%s' shutdown", l->recorder,
			   l->dir);
		if (++l->commands > 1 || count != 2 || !str_equal(words[1], want))
			l->why = "SHUTDOWNCMD is not the recorder";
	} else if (str_equal(words[0], "NOTIFYCMD")) {
		if (count != 6 || !str_equal(words[1], l->recorder))
			l->why = "NOTIFYCMD is not the recorder";
	} else if (str_equal(words[0], "POWERDOWNFLAG")) {
		str_format(want, sizeof(want), "%s/run/killpower", l->dir);
		if (count != 2 || !str_equal(words[1], want))
			l->why = "POWERDOWNFLAG is not in the trial's folder";
	} else if (str_equal(words[0], "MONITOR")) {
		const char *host = count == 6 ? strchr(words[1], '@') : NULL;

		if (!host || !str_equal(host, end))
			l->why = "a MONITOR line is not of the trial's upsd";
	} else if (!is_known(words[0])) {
		l->why = "a directive has nothing to do in a trial";
	}
	if (str_equal(words[0], "NOTIFYFLAG") &&
	    (count != 3 || !(str_equal(words[2], "EXEC") || str_equal(words[2], "IGNORE"))))
		l->why = "a NOTIFYFLAG tells others than the recorder";
}

bool trial_conf_is_harmless(const char *path, const char *dir, const char *recorder, unsigned port,
			    const char **why)
{
	struct looking l = {dir, recorder, NULL, port, 0};
	struct conf_report report = {.emit = NULL};
	int err = conffile_read_lines(path, look_at_line, &l, &report);

	if (err)
		l.why = conffile_why(err);
	else if (report.errors)
		l.why = "a line cannot be read";
	else if (!l.commands && !l.why)
		l.why = "there is no SHUTDOWNCMD";
	*why = l.why;
	return !l.why;
}
