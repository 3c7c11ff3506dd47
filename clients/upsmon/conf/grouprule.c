/*
 * grouprule: WHEN, its conditions and its actions.
 *
 * A WHEN that is repeated adds actions to the first.  Actions of a WHEN that
 * is wrong are looked at all the same, so that their mistakes are told too.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "clients/upsmon/conf/groupparse.h"
#include "common/base/str.h"
#include "common/net/netaddr.h"

enum {
	TIMER_MIN_MS = 100, /* one that starts itself again must not take the whole processor */
	DEBUG_MAX = 2,
};

/* A copy with a NUL, for words that are short; what is longer is none of them. */
static void read_word(const struct group_token *t, char *word, size_t size)
{
	if (!str_format(word, size, "%.*s", (int)t->len, t->text))
		word[0] = '\0';
}

static bool parse_event(const struct group_token *from, const struct group_token *to,
			enum fact *fact, bool *begins)
{
	char words[2][16];

	read_word(from, words[0], sizeof(words[0]));
	read_word(to, words[1], sizeof(words[1]));
	return facts_parse_event(words[0], words[1], fact, begins);
}

static void refuse_event(struct group_parser *g, const struct group_token *from,
			 const struct group_token *to, int number)
{
	group_error(g, &from->at, number,
		    "OL->OB, COMM->NOCOMM, None->LB and so on, or the reverse",
		    "there is no event %.*s->%.*s", from->len > 20 ? 20 : (int)from->len,
		    from->text, to->len > 20 ? 20 : (int)to->len, to->text);
}

/* -------------------------------------------------------------------- rules */

static bool read_trigger(struct group_parser *g, const struct group_trigger *t, struct rule *r)
{
	long ups = group_find_ups(g, &t->ups, 430);

	r->ups = (int)ups;
	r->trigger = t->kind;
	switch (t->kind) {
	case TRIGGER_EVENT:
		if (parse_event(&t->from, &t->to, &r->fact, &r->begins))
			break;
		refuse_event(g, &t->from, &t->to, 440);
		return false;
	case TRIGGER_TIMEOUT:
		r->timer = group_token_dup(g, &t->value);
		if (!r->timer)
			return false;
		break;
	case TRIGGER_CHARGE:
		if (!group_whole(g, &t->value, "CHARGE BELOW", 0, 100, &r->limit))
			return false;
		break;
	default:
		if (!group_whole(g, &t->value, "RUNTIME BELOW", 0, GROUP_SECONDS_MAX, &r->limit))
			return false;
		break;
	}
	return ups >= 0;
}

static bool same_trigger(const struct rule *a, const struct rule *b)
{
	return a->ups == b->ups && a->trigger == b->trigger && a->fact == b->fact &&
	       a->begins == b->begins && a->limit == b->limit && str_equal(a->timer, b->timer);
}

static void add_mark(struct group_parser *g, const struct group_where *at, size_t action)
{
	size_t size = g->mark_size ? g->mark_size * 2 : 64;
	struct group_mark *grown = g->marks;

	if (g->mark_count == g->mark_size) {
		grown = realloc(g->marks, size * sizeof(*grown));
		if (!grown) {
			group_no_memory(g);
			return;
		}
		g->marks = grown;
		g->mark_size = size;
	}
	grown[g->mark_count++] =
		(struct group_mark){.rule = (size_t)g->rule, .action = action, .at = *at};
}

/* Takes over r->timer. */
static void add_rule(struct group_parser *g, struct rule *r)
{
	struct rulebook *book = &g->conf->book;

	for (size_t i = 0; i < book->count; i++) {
		if (same_trigger(&book->rules[i], r)) {
			g->rule = (long)i;
			free(r->timer);
			return;
		}
	}
	if (book->count == GROUP_RULES_MAX) {
		group_error(g, &g->rule_at, 375, "nobody needs so many", "more than %d WHENs",
			    GROUP_RULES_MAX);
		free(r->timer);
	} else if (!rulebook_add(book, r)) {
		group_no_memory(g);
		free(r->timer);
	} else {
		g->rule = (long)book->count - 1;
		add_mark(g, &g->rule_at, GROUP_NO_ACTION);
	}
}

void group_rule_begin(struct group_parser *g, const struct group_where *at,
		      const struct group_trigger *t)
{
	struct rule r = {0};

	g->rule = -1;
	g->rule_at = *at;
	g->rule_actions = 0;
	g->rule_lost = false;
	if (read_trigger(g, t, &r))
		add_rule(g, &r);
	else
		free(r.timer);
}

void group_rule_end(struct group_parser *g)
{
	/* One that the grammar could not make anything of has been complained of. */
	if (!g->rule_actions && !g->rule_lost)
		group_error(g, &g->rule_at, 100, "an action belongs behind the colon",
			    "this WHEN does nothing");
	g->rule = -1;
}

/* --------------------------------------------------------------- conditions */

static void add_condition(struct group_parser *g, const struct group_where *at,
			  const struct rule_condition *c)
{
	if (g->action.condition_count == GROUP_CONDITIONS_MAX) {
		group_error(g, at, 375, "nobody needs so many", "more than %d conditions",
			    GROUP_CONDITIONS_MAX);
		g->action_bad = true;
	} else if (!rule_action_add_condition(&g->action, c)) {
		group_no_memory(g);
		g->action_bad = true;
	}
}

void group_condition_event(struct group_parser *g, const struct group_token *from,
			   const struct group_token *to)
{
	struct rule_condition c = {.kind = CONDITION_FACT};

	if (parse_event(from, to, &c.fact, &c.wanted)) {
		add_condition(g, &from->at, &c);
		return;
	}
	refuse_event(g, from, to, 460);
	g->action_bad = true;
}

void group_condition_limit(struct group_parser *g, enum condition_kind kind, bool wanted,
			   const struct group_token *limit)
{
	struct rule_condition c = {.kind = kind, .wanted = wanted};
	bool charge = kind == CONDITION_CHARGE;

	if (group_whole(g, limit,
			charge                      ? "CHARGE BELOW"
			: kind == CONDITION_RUNTIME ? "RUNTIME BELOW"
						    : "ONBATTERY OVER",
			0, charge ? 100 : GROUP_SECONDS_MAX, &c.limit))
		add_condition(g, &limit->at, &c);
	else
		g->action_bad = true;
}

/* ------------------------------------------------------------------ actions */

void group_action_drop(struct group_parser *g)
{
	rule_action_done(&g->action);
	g->action_bad = false;
	g->rule_lost = true;
}

/* The action under work is whole; `ok` is whether all in it was. */
static void end_action(struct group_parser *g, const struct group_where *at, enum verb verb,
		       bool ok)
{
	struct rule *r = g->rule >= 0 ? &g->conf->book.rules[g->rule] : NULL;

	g->action.verb = verb;
	g->rule_actions++;
	if (!ok || g->action_bad || !r) {
		rule_action_done(&g->action);
	} else if (g->action_count == GROUP_ACTIONS_MAX) {
		group_error(g, at, 375, "nobody needs so many", "more than %d actions",
			    GROUP_ACTIONS_MAX);
		rule_action_done(&g->action);
	} else if (!rule_add_action(r, &g->action)) {
		group_no_memory(g);
		rule_action_done(&g->action);
	} else {
		g->action_count++;
		add_mark(g, at, r->action_count - 1);
	}
	g->action = (struct rule_action){0};
	g->action_bad = false;
}

void group_action_start_timer(struct group_parser *g, const struct group_where *at,
			      const struct group_token *name, const struct group_token *seconds)
{
	double value = 0;
	bool ok = group_number(g, seconds, "STARTTIMER", 0, GROUP_SECONDS_MAX, &value);

	g->action.timer = group_token_dup(g, name);
	g->action.ms = (long long)(value * 1000 + 0.5);
	if (ok && g->action.ms < TIMER_MIN_MS) {
		group_warning(g, &seconds->at, 335, "give it more time",
			      "a timer runs for %d ms at least", TIMER_MIN_MS);
		g->action.ms = TIMER_MIN_MS;
	}
	end_action(g, at, VERB_START_TIMER, ok && g->action.timer);
}

void group_action_cancel_timer(struct group_parser *g, const struct group_where *at,
			       const struct group_token *name)
{
	g->action.timer = group_token_dup(g, name);
	end_action(g, at, VERB_CANCEL_TIMER, g->action.timer);
}

void group_action_debug(struct group_parser *g, const struct group_where *at,
			const struct group_token *level)
{
	long value = 0;
	bool ok = group_whole(g, level, "DEBUG", 0, DEBUG_MAX, &value);

	g->action.number = (int)value;
	end_action(g, at, VERB_DEBUG, ok);
}

void group_action_fsd(struct group_parser *g, const struct group_where *at,
		      const struct group_ups_name *name)
{
	g->action.number = (int)group_find_ups(g, name, 480);
	end_action(g, at, VERB_SET_FSD, g->action.number >= 0);
}

void group_action_mail(struct group_parser *g, const struct group_where *at,
		       const struct group_token *from, const struct group_token *to,
		       const struct group_token *subject)
{
	struct rule_action *a = &g->action;

	/* The message first: the text that was joined is it. */
	a->text = group_text_take(g, 360);
	a->from = group_part_take(g, from, 360);
	a->to = group_part_take(g, to, 360);
	a->subject = group_part_take(g, subject, 360);
	end_action(g, at, VERB_MAIL, a->text && a->from && a->to && a->subject);
}

/* -------------------------------------------------------- actions with texts */

static const struct {
	const char *word;
	int priority;
} priority_rows[] = {
	{"emerg", LOG_EMERG},     {"alert", LOG_ALERT},   {"crit", LOG_CRIT}, {"err", LOG_ERR},
	{"warning", LOG_WARNING}, {"notice", LOG_NOTICE}, {"info", LOG_INFO}, {"debug", LOG_DEBUG},
};

/* Other names that people have for them; "[desk] " is just how somebody's text begins. */
static const char *const no_priorities[] = {"emergency", "panic", "critical",
					    "error",     "warn",  "information"};

/* Takes `[warning] ` off the head of a text, and keeps what it says. */
static void take_priority(struct group_parser *g)
{
	char *text = g->action.text + strspn(g->action.text, " \t");
	size_t len = *text == '[' ? strcspn(text + 1, "]") : 0;

	g->action.number = LOG_INFO;
	if (!len || !text[len + 1])
		return;
	for (size_t i = 0; i < sizeof(priority_rows) / sizeof(priority_rows[0]); i++) {
		const char *word = priority_rows[i].word;

		if (strlen(word) != len || strncmp(text + 1, word, len) != 0)
			continue;
		g->action.number = priority_rows[i].priority;
		text += len + 2;
		text += strspn(text, " \t");
		memmove(g->action.text, text, strlen(text) + 1);
		return;
	}
	for (size_t i = 0; i < sizeof(no_priorities) / sizeof(no_priorities[0]); i++) {
		if (strlen(no_priorities[i]) == len &&
		    strncmp(text + 1, no_priorities[i], len) == 0)
			group_warning(g, &g->text_at, 510,
				      "[emerg] [alert] [crit] [err] [warning] [notice] [info] or "
				      "[debug]",
				      "[%s] is no priority, it is taken as text and logged as info",
				      no_priorities[i]);
	}
}

static bool is_mac(const char *text, size_t len)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	if (len != sizeof("00:11:22:33:44:55") - 1)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (i % 3 == 2 ? text[i] != ':' && text[i] != '-' : !strchr(digits, text[i]))
			return false;
	}
	return true;
}

/* An address with or without a port: 10.0.0.255, 10.0.0.255:9, [ff02::1]:9, ff02::1. */
static bool is_address(const char *text)
{
	char host[256];
	const char *why;
	unsigned port;
	struct netaddr address;

	return netwire_parse_host(text, host, sizeof(host), &port, &why) &&
	       netaddr_from_numeric(host, port, &address);
}

static bool check_wake(struct group_parser *g)
{
	const char *mac = g->action.text + strspn(g->action.text, " \t");
	size_t len = strcspn(mac, " \t");
	const char *address = mac + len + strspn(mac + len, " \t");

	if (is_mac(mac, len) && (!*address || is_address(address)))
		return true;
	group_error(g, &g->text_at, 490, "\"00:11:22:33:44:55\", or with 10.0.0.255:9 behind it",
		    "WAKE takes a hardware address, and perhaps whom to send it to");
	return false;
}

void group_action_text(struct group_parser *g, const struct group_where *at, enum verb verb)
{
	bool ok;

	g->action.text = group_text_take(g, 320);
	ok = g->action.text;
	if (ok && verb == VERB_SYSLOG)
		take_priority(g);
	if (ok && verb == VERB_WAKE)
		ok = check_wake(g);
	if (ok && verb == VERB_SHUTDOWN && !g->action.text[strspn(g->action.text, " \t")]) {
		group_error(g, &g->text_at, 470, "SHUTDOWNCMD \"/sbin/shutdown -h +0\"",
			    "SHUTDOWNCMD has no command");
		ok = false;
	}
	end_action(g, at, verb, ok);
}
