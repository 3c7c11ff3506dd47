/*
 * brain_rules: the rulebook at work: which rules an event wakes, whether their
 * conditions hold, and what each verb does.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "clients/upsmon/brain/brain_impl.h"
#include "common/base/log.h"
#include "common/base/str.h"

static const char token[] = "rule";

enum { TEXT_MAX = 65536 };

/* What an action has to know of its cause. */
struct cause {
	const struct rule *rule;
	struct brain_ups *ups; /* NULL: a notice about none, or about one by name */
	const char *name;      /* of the UPS; "" for none */
	const char *event;     /* "OL->OB", "TO->name", or the notice's name */
	const char *extra;
};

/* -------------------------------------------------------------- conditions */

static bool condition_holds(const struct brain *b, const struct rule_condition *c,
			    const struct brain_ups *u)
{
	const struct monitor *m = &u->monitor;

	switch (c->kind) {
	case CONDITION_FACT:
		return !(u->facts & c->fact) == !c->wanted;
	case CONDITION_CHARGE:
		return (m->charge >= 0 && m->charge <= (double)c->limit) == c->wanted;
	case CONDITION_RUNTIME:
		return (m->runtime >= 0 && m->runtime <= (double)c->limit) == c->wanted;
	case CONDITION_ON_BATTERY:
		return (m->ob_ms != MONITOR_NEVER && b->now_ms - m->ob_ms >= c->limit * 1000LL) ==
		       c->wanted;
	}
	return false;
}

static bool all_hold(const struct brain *b, const struct rule_action *a, const struct brain_ups *u)
{
	for (size_t i = 0; i < a->condition_count; i++)
		if (!u || !condition_holds(b, &a->conditions[i], u))
			return false;
	return true;
}

/* ------------------------------------------------------------------- verbs */

static void fill(const struct brain *b, struct buffer *text, const char *template,
		 const struct cause *c)
{
	const struct template_values values = {
		.ups = *c->name ? c->name : c->extra,
		.event = c->event,
		.banner = b->banner,
		.host = b->host,
		.extra = *c->name ? c->extra : NULL,
		.charge = c->ups ? c->ups->monitor.charge : -1,
	};

	text->max = TEXT_MAX;
	if (template)
		template_expand(text, template, &values);
	/* NUT cuts its notices there, and scripts may count on it. */
	if (c->rule->trigger == TRIGGER_NOTICE && text->len >= NOTICE_TEXT_MAX)
		text->len = NOTICE_TEXT_MAX - 1;
}

static void deliver(struct brain *b, enum delivery_kind kind, const char *text,
		    const struct rule_action *a, const struct cause *c)
{
	struct delivery d = {
		.kind = kind,
		.text = text,
		.type = c->event,
		.ups = c->name,
		.priority = a->number,
	};

	for (size_t i = 0; kind == DELIVERY_EXEC && b->conf->notify_command &&
			   b->conf->notify_command[i] && i < DELIVERY_ARGS_MAX;
	     i++)
		d.argv[d.argc++] = b->conf->notify_command[i];
	if (kind == DELIVERY_NUTLOG && b->conf->log_file)
		d.argv[d.argc++] = b->conf->log_file;
	b->acts->deliver(b->arg, &d);
}

static void mail(struct brain *b, const char *text, const struct rule_action *a,
		 const struct cause *c)
{
	const struct conf_smtp *relay = &b->conf->smtp;
	struct buffer from = {0}, to = {0}, subject = {0};
	struct delivery d = {
		.kind = DELIVERY_MAIL,
		.text = text,
		.type = c->event,
		.ups = c->name,
		.mail = {.host = relay->host,
			 .port = relay->port,
			 .user = relay->user,
			 .password = relay->password,
			 .authorities = relay->authorities},
	};

	fill(b, &from, a->from, c);
	fill(b, &to, a->to, c);
	fill(b, &subject, a->subject, c);
	d.mail.from = buffer_string(&from);
	d.mail.to = buffer_string(&to);
	d.mail.subject = buffer_string(&subject);
	b->acts->deliver(b->arg, &d);
	buffer_free(&from);
	buffer_free(&to);
	buffer_free(&subject);
}

static void start_timer(struct brain *b, const struct rule_action *a, const struct cause *c)
{
	if (!timers_start(&b->timers, c->name, a->timer, b->now_ms, a->ms, NULL))
		log_error(token, "out of memory: timer %s of %s is not started", a->timer, c->name);
	else
		log_notice("why", "%s %s: timer %s runs out in %lld.%03lld s", c->name, c->event,
			   a->timer, a->ms / 1000, a->ms % 1000);
}

static void cancel_timer(struct brain *b, const struct rule_action *a, const struct cause *c)
{
	if (timers_cancel(&b->timers, c->name, a->timer))
		log_notice("why", "%s %s: timer %s is cancelled", c->name, c->event, a->timer);
	else
		log_debug(1, token, "%s %s: timer %s does not run", c->name, c->event, a->timer);
}

static void shut_down(struct brain *b, const struct rule_action *a, const struct cause *c)
{
	if (b->stopped || b->shutdown.phase != SHUTDOWN_IDLE)
		return;
	log_error("why", "shutdown: the rule for %s of %s says SHUTDOWNCMD", c->event, c->name);
	for (size_t i = 0; i < b->count; i++) {
		struct buffer text = {.max = 8192};

		rules_explain(&text, &b->ups[i].monitor, &b->conf->policy, b->now_ms);
		log_notice("why", "shutdown: %s", buffer_string(&text));
		buffer_free(&text);
	}
	brain_begin_shutdown(b, a->number, false);
}

static void set_fsd(struct brain *b, const struct rule_action *a)
{
	const struct brain_ups *u = &b->ups[a->number];

	log_notice("why", "FSD is set on UPS %s by a rule", u->monitor.system);
	if (!b->acts->send_fsd(b->arg, (size_t)a->number))
		log_error(token, "FSD set on UPS %s failed: not connected", u->monitor.system);
}

static void perform(struct brain *b, const struct rule_action *a, const struct cause *c)
{
	static const int kinds[VERB_COUNT] = {
		[VERB_SYSLOG] = DELIVERY_LOG,    [VERB_WALL] = DELIVERY_WALL,
		[VERB_EXEC] = DELIVERY_EXEC,     [VERB_DESKTOP] = DELIVERY_DESKTOP,
		[VERB_PRINT] = DELIVERY_PRINT,   [VERB_EPRINT] = DELIVERY_EPRINT,
		[VERB_NUTLOG] = DELIVERY_NUTLOG, [VERB_SHELL] = DELIVERY_SHELL,
	};
	struct buffer text = {0};

	fill(b, &text, a->text, c);
	switch (a->verb) {
	case VERB_MAIL:
		mail(b, buffer_string(&text), a, c);
		break;
	case VERB_START_TIMER:
		start_timer(b, a, c);
		break;
	case VERB_CANCEL_TIMER:
		cancel_timer(b, a, c);
		break;
	case VERB_SET_FSD:
		set_fsd(b, a);
		break;
	case VERB_SHUTDOWN:
		shut_down(b, a, c);
		break;
	case VERB_DEBUG:
		log_set_debug(a->number);
		break;
	case VERB_WAKE:
		b->acts->wake(b->arg, buffer_string(&text));
		break;
	default:
		deliver(b, (enum delivery_kind)kinds[a->verb], buffer_string(&text), a, c);
	}
	buffer_free(&text);
}

static void carry_out(struct brain *b, const struct cause *c)
{
	for (size_t i = 0; i < c->rule->action_count; i++) {
		const struct rule_action *a = &c->rule->actions[i];

		if (all_hold(b, a, c->ups))
			perform(b, a, c);
		else
			log_debug(1, token, "%s %s: %s is left out, its IF does not hold", c->name,
				  c->event, verb_name(a->verb));
	}
}

/* --------------------------------------------------------------- rehearsal */

/* Only telling; `told` counts. */
static void carry_out_telling(struct brain *b, const struct cause *c, size_t *told)
{
	for (size_t i = 0; i < c->rule->action_count; i++) {
		const struct rule_action *a = &c->rule->actions[i];

		if (a->verb > VERB_NUTLOG)
			continue;
		perform(b, a, c);
		(*told)++;
	}
}

static bool rule_is_for(const struct rule *r, const char *what, int place)
{
	struct buffer name = {0};
	bool same;

	if (r->trigger == TRIGGER_NOTICE)
		return str_caseequal(notice_name(r->notice), what);
	if (r->ups != place)
		return false;
	if (r->trigger == TRIGGER_EVENT)
		facts_append_event(&name, r->fact, r->begins);
	else if (r->trigger == TRIGGER_TIMEOUT)
		buffer_appendf(&name, "TO->%s", r->timer);
	same = str_equal(buffer_string(&name), what);
	buffer_free(&name);
	return same;
}

bool brain_test(struct brain *b, const char *what, const char *ups, struct buffer *answer,
		long long now_ms)
{
	size_t place = 0, rules = 0, told = 0;

	b->now_ms = now_ms;
	while (ups && place < b->count && !str_equal(b->ups[place].monitor.system, ups))
		place++;
	if (place >= b->count) {
		buffer_appendf(answer, "ERR no UPS \"%s\" is monitored\n", ups ? ups : "");
		return false;
	}
	for (size_t i = 0; i < b->conf->book.count; i++) {
		const struct rule *r = &b->conf->book.rules[i];
		struct brain_ups *u = &b->ups[place];

		if (!rule_is_for(r, what, (int)place))
			continue;
		rules++;
		carry_out_telling(b,
				  &(struct cause){r, u, u->monitor.system,
						  r->trigger == TRIGGER_NOTICE
							  ? notice_name(r->notice)
							  : what,
						  "test"},
				  &told);
	}
	if (!rules)
		buffer_appendf(answer, "ERR no rule is for \"%s\"\n", what);
	else
		buffer_appendf(answer, "OK %s for %s: %zu ways of telling were used\n", what,
			       b->ups[place].monitor.system, told);
	return rules > 0;
}

/* ---------------------------------------------------------------- triggers */

void brain_fire_event(struct brain *b, const struct brain_event *e)
{
	struct brain_ups *u = &b->ups[e->ups];
	struct buffer name = {0};

	if (b->stopped)
		return;
	b->changed = true;
	facts_append_event(&name, e->fact, e->begins);
	if (e->fact == FACT_OB)
		brain_wake_outage(b);
	log_debug(1, token, "%s %s", u->monitor.system, buffer_string(&name));
	for (size_t i = 0; i < b->conf->book.count; i++) {
		const struct rule *r = &b->conf->book.rules[i];

		if (r->trigger == TRIGGER_EVENT && r->ups == (int)e->ups && r->fact == e->fact &&
		    r->begins == e->begins)
			carry_out(b, &(struct cause){r, u, u->monitor.system, buffer_string(&name),
						     NULL});
	}
	buffer_free(&name);
}

void brain_fire_notice(struct brain *b, enum notice n, const char *ups, const char *extra)
{
	if (b->stopped)
		return;
	b->changed = true;
	log_debug(1, token, "%s for [%s]%s%s", notice_name(n), ups, extra ? ": " : "",
		  extra ? extra : "");
	for (size_t i = 0; i < b->conf->book.count; i++) {
		const struct rule *r = &b->conf->book.rules[i];

		if (r->trigger == TRIGGER_NOTICE && r->notice == n)
			carry_out(b, &(struct cause){r, NULL, ups, notice_name(n), extra});
	}
}

static size_t find_fired(const struct brain_ups *u, enum trigger trigger, long limit)
{
	size_t i = 0;

	while (i < u->fired_count && (u->fired[i].trigger != trigger || u->fired[i].limit != limit))
		i++;
	return i;
}

void brain_note_level(struct brain_ups *u, enum trigger trigger, long limit)
{
	struct brain_level *grown;

	if (find_fired(u, trigger, limit) < u->fired_count)
		return;
	grown = realloc(u->fired, (u->fired_count + 1) * sizeof(*grown));
	if (!grown)
		return; /* it fires once more, which is better than never */
	u->fired = grown;
	grown[u->fired_count++] = (struct brain_level){trigger, limit};
}

/*
 * Each level fires once, and again after the value was above it or the line was
 * back.  A value that is not told at the moment is not above anything, and a
 * calibration runs the battery down on purpose.
 */
static bool level_fires(struct brain_ups *u, const struct rule *r)
{
	double value = r->trigger == TRIGGER_CHARGE ? u->monitor.charge : u->monitor.runtime;
	size_t at = find_fired(u, r->trigger, r->limit);
	bool fired = at < u->fired_count;

	if (!(u->facts & FACT_OB) || value > (double)r->limit) {
		if (fired)
			u->fired[at] = u->fired[--u->fired_count];
		return false;
	}
	if (fired || value < 0 || (u->facts & FACT_CAL))
		return false;
	brain_note_level(u, r->trigger, r->limit);
	return true;
}

void brain_fire_levels(struct brain *b, struct brain_ups *u)
{
	int place = (int)(u - b->ups);

	for (size_t i = 0; i < b->conf->book.count && !b->stopped; i++) {
		const struct rule *r = &b->conf->book.rules[i];
		char name[64];

		if ((r->trigger != TRIGGER_CHARGE && r->trigger != TRIGGER_RUNTIME) ||
		    r->ups != place || !level_fires(u, r))
			continue;
		str_format(name, sizeof(name), "%s->%ld",
			   r->trigger == TRIGGER_CHARGE ? "CHARGE" : "RUNTIME", r->limit);
		carry_out(b, &(struct cause){r, u, u->monitor.system, name, NULL});
	}
}

static struct brain_ups *find_owner(struct brain *b, const char *system)
{
	for (size_t i = 0; i < b->count; i++)
		if (str_equal(b->ups[i].monitor.system, system))
			return &b->ups[i];
	return NULL;
}

static void fire_timeout(struct brain *b, struct brain_ups *u, const char *timer)
{
	struct buffer name = {0};

	b->changed = true;
	buffer_appendf(&name, "TO->%s", timer);
	log_notice("why", "%s: timer %s ran out", u->monitor.system, timer);
	for (size_t i = 0; i < b->conf->book.count && !b->stopped; i++) {
		const struct rule *r = &b->conf->book.rules[i];

		if (r->trigger == TRIGGER_TIMEOUT && r->ups == (int)(u - b->ups) &&
		    str_equal(r->timer, timer))
			carry_out(b, &(struct cause){r, u, u->monitor.system, buffer_string(&name),
						     NULL});
	}
	buffer_free(&name);
}

void brain_expire_timers(struct brain *b)
{
	/* One that starts itself anew with no time at all must not keep us here for ever. */
	size_t limit = b->timers.count;
	struct timer ended;

	while (limit-- > 0 && timers_expire(&b->timers, b->now_ms, &ended)) {
		struct brain_ups *u = find_owner(b, ended.owner);

		if (u)
			fire_timeout(b, u, ended.name);
		free(ended.owner);
		free(ended.name);
	}
}
