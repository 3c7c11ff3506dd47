/*
 * groupcheck: what can only be judged, or done, when the whole file is known.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "clients/upsmon/conf/groupparse.h"
#include "clients/upsmon/notify/mail.h"
#include "common/base/str.h"

/* Who the commands and texts say upsmon is, user@host; the same before and after it drops
 * privileges, so that a reload comes to the same commands. */
static void make_banner(const struct group_parser *g, struct buffer *b)
{
	const char *user = g->conf->run_as_user ? g->conf->run_as_user : RUN_AS_USER;

	buffer_appendf(b, "%s@%s", user, g->host_name);
}

/* --------------------------------------------------------- shutdown commands */

static void append_event(struct buffer *b, const struct rule *r)
{
	switch (r->trigger) {
	case TRIGGER_EVENT:
		facts_append_event(b, r->fact, r->begins);
		return;
	case TRIGGER_TIMEOUT:
		buffer_appendf(b, "TO->%s", r->timer);
		return;
	case TRIGGER_CHARGE:
		buffer_appendf(b, "CHARGE->%ld", r->limit);
		return;
	default:
		buffer_appendf(b, "RUNTIME->%ld", r->limit);
		return;
	}
}

/* Word by word behind `exec`, so that the shell interprets nothing. */
static void append_command(struct buffer *b, char *words)
{
	buffer_append_str(b, "exec");
	for (char *rest = NULL, *word = strtok_r(words, " \t", &rest); word;
	     word = strtok_r(NULL, " \t", &rest))
		upsmon_conf_append_shell_word(b, word);
}

static void make_command(struct group_parser *g, const struct group_mark *m)
{
	const struct rule *r = &g->conf->book.rules[m->rule];
	struct rule_action *a = &r->actions[m->action];
	struct buffer banner = {0}, event = {0}, filled = {.max = GROUP_TEXT_MAX},
		      command = {.max = GROUP_TEXT_MAX};

	if (template_has(a->text, 'c'))
		group_warning(g, &m->at, 325, "take it out",
			      "the charge is not known here, %%(c)s is taken as ?");
	make_banner(g, &banner);
	append_event(&event, r);
	template_expand(&filled, a->text,
			&(struct template_values){.ups = g->conf->ups[r->ups].system,
						  .event = buffer_string(&event),
						  .banner = buffer_string(&banner),
						  .host = g->host_name,
						  .charge = -1});
	buffer_append_char(&filled, '\0');
	if (!filled.failed)
		append_command(&command, filled.data);
	if (filled.failed || command.failed)
		group_error(g, &m->at, 370, NULL, "SHUTDOWNCMD is too long");
	else
		a->number = upsmon_conf_add_command(g->conf, buffer_string(&command));
	if (a->number < 0)
		group_no_memory(g);
	free(a->text);
	a->text = NULL;
	buffer_free(&banner);
	buffer_free(&event);
	buffer_free(&filled);
	buffer_free(&command);
}

/* ------------------------------------------------------------------- actions */

static struct rule_action *action_of(const struct group_parser *g, const struct group_mark *m)
{
	return m->action == GROUP_NO_ACTION ? NULL
					    : &g->conf->book.rules[m->rule].actions[m->action];
}

static void check_actions(struct group_parser *g)
{
	for (size_t i = 0; i < g->mark_count; i++) {
		const struct group_mark *m = &g->marks[i];
		const struct rule_action *a = action_of(g, m);

		if (a && a->verb == VERB_SHUTDOWN)
			make_command(g, m);
		if (a && a->verb == VERB_MAIL && !g->conf->smtp.host)
			group_warning(g, &m->at, 660, "SMTPSERVER names the relay",
				      "there is no relay for EMAIL, it is left out");
		else if (a && a->verb == VERB_MAIL && !mail_available)
			group_warning(g, &m->at, 665, "configure --with-curl",
				      "this build sends no mail");
	}
}

/* Last of all, for it moves actions. */
static void drop_mail(struct group_parser *g)
{
	const struct rulebook *book = &g->conf->book;

	for (size_t i = 0; i < book->count && !g->conf->smtp.host; i++) {
		struct rule *r = &book->rules[i];
		size_t kept = 0;

		for (size_t k = 0; k < r->action_count; k++) {
			if (r->actions[k].verb == VERB_MAIL)
				rule_action_done(&r->actions[k]);
			else
				r->actions[kept++] = r->actions[k];
		}
		r->action_count = kept;
	}
}

/* -------------------------------------------------------------------- timers */

static bool is_started(const struct rulebook *book, int ups, const char *timer)
{
	for (size_t i = 0; i < book->count; i++) {
		const struct rule *r = &book->rules[i];

		for (size_t k = 0; r->ups == ups && k < r->action_count; k++) {
			if (r->actions[k].verb == VERB_START_TIMER &&
			    str_equal(r->actions[k].timer, timer))
				return true;
		}
	}
	return false;
}

static bool is_heard(const struct rulebook *book, int ups, const char *timer)
{
	for (size_t i = 0; i < book->count; i++) {
		const struct rule *r = &book->rules[i];

		if (r->ups == ups && r->trigger == TRIGGER_TIMEOUT && str_equal(r->timer, timer))
			return true;
	}
	return false;
}

/* A slip in a timer's name is a shutdown that never comes. */
static void check_timer(struct group_parser *g, const struct group_mark *m)
{
	const struct rulebook *book = &g->conf->book;
	const struct rule *r = &book->rules[m->rule];
	const struct rule_action *a = action_of(g, m);
	const char *ups = g->conf->ups[r->ups].system;

	if (!a) {
		if (r->trigger == TRIGGER_TIMEOUT && !str_equal(r->timer, "start") &&
		    !is_started(book, r->ups, r->timer))
			group_warning(g, &m->at, 832, "a timer belongs to the UPS that starts it",
				      "no rule of %s starts the timer %s", ups, r->timer);
	} else if (a->verb == VERB_CANCEL_TIMER && !is_started(book, r->ups, a->timer)) {
		group_warning(g, &m->at, 830, "a timer belongs to the UPS that starts it",
			      "no rule of %s starts the timer %s", ups, a->timer);
	} else if (a->verb == VERB_START_TIMER && !is_heard(book, r->ups, a->timer)) {
		group_warning(
			g, &m->at, 831, "add that WHEN",
			"nothing happens at the end of the timer: there is no WHEN %s TIMEOUT "
			"%s",
			ups, a->timer);
	}
}

/* ------------------------------------------------------------------ supplies */

/* What the rules of a group, or of one UPS, see to. */
struct cover {
	bool shutdown, low_battery, lost, forced;
};

static void add_cover(struct cover *c, const struct rule *r)
{
	if (r->trigger == TRIGGER_EVENT && r->begins) {
		c->low_battery = c->low_battery || r->fact == FACT_LB;
		c->lost = c->lost || r->fact == FACT_NOCOMM;
		c->forced = c->forced || r->fact == FACT_FSD;
	}
	for (size_t i = 0; i < r->action_count; i++)
		c->shutdown = c->shutdown || r->actions[i].verb == VERB_SHUTDOWN;
}

static void warn_of_group(struct group_parser *g, size_t group, const struct cover *c)
{
	const char *name = g->conf->groups[group].name;
	const struct group_where *at = &g->group_at[group];

	if (!c->shutdown)
		group_warning(g, at, 935, "or say MINSUPPLIES 0",
			      "no rule of group %s has a SHUTDOWNCMD", name);
	if (!c->low_battery)
		group_warning(g, at, 940, "add a WHEN ... REPORTS None->LB",
			      "no rule of group %s heeds a low battery", name);
	if (!c->lost)
		group_warning(g, at, 950, "add a WHEN ... REPORTS COMM->NOCOMM",
			      "no rule of group %s heeds that a UPS is out of reach", name);
}

/* A secondary that does not heed FSD is cut off while it runs. */
static void warn_of_secondary(struct group_parser *g, size_t ups, const struct cover *c)
{
	const struct conf_ups *u = &g->conf->ups[ups];

	if (!u->primary && u->power > 0 && !c->forced)
		group_warning(g, &g->ups_at[ups].at, 960, "add a WHEN ... REPORTS None->FSD",
			      "no rule heeds that the primary of %s shuts down", u->system);
}

static void check_supplies(struct group_parser *g)
{
	const struct upsmon_conf *c = g->conf;

	for (size_t i = 0; i < c->group_count && !g->lost_ups; i++) {
		long sum = 0;

		for (size_t k = 0; k < c->ups_count; k++)
			sum += c->ups[k].group == i ? c->ups[k].power : 0;
		if (sum < c->groups[i].min_supplies)
			group_error(g, &g->group_at[i], 990, "correct POWERVAL or MINSUPPLIES",
				    "the UPSes of group %s feed %ld supplies, MINSUPPLIES is %ld",
				    c->groups[i].name, sum, c->groups[i].min_supplies);
	}
}

static void check_covers(struct group_parser *g)
{
	const struct upsmon_conf *c = g->conf;
	struct cover *groups = calloc(c->group_count + 1, sizeof(*groups));
	struct cover *upses = calloc(c->ups_count + 1, sizeof(*upses));

	for (size_t i = 0; groups && upses && i < c->book.count; i++) {
		const struct rule *r = &c->book.rules[i];

		add_cover(&upses[r->ups], r);
		add_cover(&groups[c->ups[r->ups].group], r);
	}
	for (size_t i = 0; groups && upses && i < c->group_count; i++) {
		if (c->groups[i].min_supplies > 0)
			warn_of_group(g, i, &groups[i]);
	}
	for (size_t i = 0; groups && upses && i < c->ups_count; i++) {
		if (c->groups[c->ups[i].group].min_supplies > 0)
			warn_of_secondary(g, i, &upses[i]);
	}
	free(groups);
	free(upses);
}

/* ------------------------------------------------------------------- servers */

static bool is_first_of_server(const struct upsmon_conf *c, size_t ups)
{
	const struct netwire_target *t = &c->ups[ups].target;

	for (size_t i = 0; i < ups; i++) {
		if (c->ups[i].target.port == t->port &&
		    str_caseequal(c->ups[i].target.host, t->host))
			return false;
	}
	return true;
}

static void check_servers(struct group_parser *g)
{
	for (size_t i = 0; i < g->conf->ups_count; i++) {
		const struct netwire_target *t = &g->conf->ups[i].target;
		const struct group_ups_mark *m = &g->ups_at[i];

		if (group_server_tls(g, t->host, t->port) || !is_first_of_server(g->conf, i))
			continue;
		if (!groupconf_host_is_local(t->host))
			group_error(g, &m->at, 560, "CERTFILE \"/etc/nut/its-authority.pem\"",
				    "%s:%u has no CERTFILE", t->host, t->port);
		else if (!m->plain)
			group_warning(g, &m->at, 560, "CERTFILE \"\" if that is meant",
				      "%s:%u has no CERTFILE, TLS is not demanded of it", t->host,
				      t->port);
	}
}

void group_check_whole(struct group_parser *g)
{
	struct conf_where file = {.file = g->file};

	group_settle_certfile(g);
	if (!g->conf->ups_count && !g->lost_ups)
		group_error(g, NULL, 910,
			    "MONITOR ups POWERVAL 1 UPSDUSER user PASSWORD \"secret\" TYPE primary",
			    "no UPS to watch: there is no MONITOR");
	check_servers(g);
	check_supplies(g);
	check_actions(g);
	/* What is missing may stand where the mistakes are. */
	for (size_t i = 0; i < g->mark_count && !g->errors; i++)
		check_timer(g, &g->marks[i]);
	if (!g->errors)
		check_covers(g);
	drop_mail(g);
	if (g->errors) {
		g->report->errors--;
		conf_error(g->report, &file, NULL, "error 920: of this file nothing is used");
	}
}
