#include "config.h"

#include "tests/unit/sim_site.h"

#include <string.h>

#include "clients/upsmon/brain/notice.h"
#include "common/base/str.h"

enum { FSD_WAIT_S = 5, HOOK_UNKNOWN_S = 60, HOOK_RESERVE_S = 20 };

const char *const sim_words[SIM_FACTS] = {
	"OB",   "NOCOMM", "ALARM", "BOOST", "BYPASS", "CAL",  "CHRG", "DISCHRG",
	"FSD",  "LB",     "OFF",   "OVER",  "RB",     "TEST", "TRIM", "ECO",
	"TICK", "TOCK",   "LB1",   "LB2",   "LB3",    "LS",
};

void sim_append_event(struct buffer *b, enum sim_fact fact, bool begins)
{
	const char *none = fact == SIM_OB ? "OL" : fact == SIM_NOCOMM ? "COMM" : "None";

	buffer_appendf(b, "%s->%s", begins ? none : sim_words[fact],
		       begins ? sim_words[fact] : none);
}

/* ------------------------------------------------------------------- chance */

static uint64_t next(struct sim_rng *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

size_t sim_pick(struct sim_rng *r, size_t below)
{
	return (size_t)(next(r) % below);
}

bool sim_chance(struct sim_rng *r, size_t percent)
{
	return sim_pick(r, 100) < percent;
}

long sim_range(struct sim_rng *r, long min, long max)
{
	return min + (long)sim_pick(r, (size_t)(max - min + 1));
}

/* ------------------------------------------------------------------- policy */

static long sometimes(struct sim_rng *r, size_t percent, long min, long max, long otherwise)
{
	return sim_chance(r, percent) ? sim_range(r, min, max) : otherwise;
}

static void make_policy(struct sim_site *s, struct sim_rng *r)
{
	bool native = sim_chance(r, 50);
	struct policy *p = &s->policy;

	*p = (struct policy){
		.poll = sim_range(r, 1, 10),
		.poll_alert = sim_range(r, 1, 5),
		.hostsync = sim_range(r, 0, 30),
		.deadtime = sim_range(r, 10, 40),
		.rbwarn = sim_range(r, 60, 2000),
		.nocommwarn = sometimes(r, 90, 20, 400, 0),
		.final_delay = sim_range(r, 0, 20),
		.off = sometimes(r, 70, 0, 60, -1),
		.oblb = sometimes(r, 30, 1, 30, 0),
		.over = sometimes(r, 40, 0, 40, -1),
		.alarm_critical = sim_chance(r, 50),
		.limits = {-1, -1, -1},
		.wake_stable = sim_range(r, 0, 120),
		.wake_charge = sometimes(r, 50, 10, 80, -1),
	};
	if (s->group) { /* which has no such directives */
		p->hostsync = p->deadtime = 15;
		p->final_delay = 5;
		p->nocommwarn = 300;
		native = false;
	}
	if (native && sim_chance(r, 50)) {
		p->hook_each = sim_range(r, 1, 20);
		p->hook_all = sim_range(r, p->hook_each, 120);
	}
	for (size_t i = 0; i < s->count; i++)
		s->ups[i].limits = (struct limits){
			.duration = native ? sometimes(r, 30, 20, 1200, -1) : -1,
			.charge = native ? sometimes(r, 30, 5, 80, -1) : -1,
			.runtime = native ? sometimes(r, 30, 20, 600, -1) : -1,
		};
	s->wake_count = native ? sim_pick(r, SIM_WAKES + 1) : 0;
	for (size_t i = 0; i < s->wake_count; i++)
		s->wakes[i] = i ? s->wakes[i - 1] + sim_range(r, 0, 60) : 0;
}

/* --------------------------------------------------------------------- rules */

static struct sim_action make_action(struct sim_rng *r, bool timeout)
{
	static const enum sim_fact conditions[] = {SIM_OB, SIM_LB, SIM_LS, SIM_NOCOMM, SIM_LB2};
	struct sim_action a = {.condition = -1, .timer = (int)sim_pick(r, SIM_TIMERS)};

	a.kind = sim_chance(r, 65) ? SIM_START : SIM_CANCEL;
	if (timeout && sim_chance(r, 12))
		a.kind = SIM_SHUTDOWN;
	a.ms = sim_chance(r, 50) ? sim_range(r, 1, 120) * 1000 : sim_range(r, 100, 30000);
	if (sim_chance(r, 40)) {
		a.condition = (int)conditions[sim_pick(r, 5)];
		a.wanted = sim_chance(r, 60);
	}
	return a;
}

static bool has_rule(const struct sim_site *s, const struct sim_rule *rule)
{
	for (size_t i = 0; i < s->rule_count; i++) {
		const struct sim_rule *o = &s->rules[i];

		if (o->ups == rule->ups && o->timer == rule->timer &&
		    (o->timer >= 0 || (o->fact == rule->fact && o->begins == rule->begins)))
			return true;
	}
	return false;
}

static void make_rules(struct sim_site *s, struct sim_rng *r)
{
	static const enum sim_fact facts[] = {SIM_OB,     SIM_OB,  SIM_OB,  SIM_LB,
					      SIM_NOCOMM, SIM_LS,  SIM_LB1, SIM_LB2,
					      SIM_ALARM,  SIM_FSD, SIM_OFF, SIM_CHRG};

	s->rule_count = 0;
	for (size_t i = 0; s->group && i < SIM_RULES; i++) {
		struct sim_rule rule = {
			.ups = sim_pick(r, s->count),
			.timer = sim_chance(r, 40) ? (int)sim_pick(r, SIM_TIMERS) : -1,
			.fact = facts[sim_pick(r, 12)],
			.begins = sim_chance(r, 70),
		};

		rule.action_count = 1 + sim_pick(r, SIM_ACTIONS);
		for (size_t k = 0; k < rule.action_count; k++)
			rule.actions[k] = make_action(r, rule.timer >= 0);
		if (!has_rule(s, &rule))
			s->rules[s->rule_count++] = rule;
	}
}

/* ---------------------------------------------------------------------- site */

static void make_supplies(struct sim_site *s, struct sim_rng *r)
{
	for (size_t g = 0; g < SIM_GROUPS; g++) {
		long sum = 0;

		for (size_t i = 0; i < s->count; i++)
			if (s->ups[i].group == g)
				sum += s->ups[i].power;
		s->min[g] = sum ? sim_range(r, sim_chance(r, 90), sum) : 0;
	}
}

static void make_ups(struct sim_site *s, size_t i, struct sim_rng *r)
{
	struct sim_ups *u = &s->ups[i];

	/* Those of a group stand together, as in the file. */
	u->group = s->group && i > 0 && (s->ups[i - 1].group || sim_chance(r, 30));
	str_format(u->name, sizeof(u->name), "%su%zu", u->group ? "B:" : "", i);
	u->power = sometimes(r, 85, 1, 2, 0);
	u->primary = sim_chance(r, 50);
	u->tells_charge = sim_chance(r, 80);
	u->tells_runtime = sim_chance(r, 70);
	u->pushes = sim_chance(r, 70);
}

/* Batteries whose LB leaves enough time, if that is what the site is about. */
static void make_batteries(struct sim_site *s, struct sim_rng *r)
{
	long need = sim_site_need_s(s);

	for (size_t i = 0; i < s->count; i++) {
		struct sim_ups *u = &s->ups[i];

		u->low = sim_range(r, 10, 60);
		u->capacity_s = sim_range(r, 120, 2400);
		if (s->clean && u->capacity_s * u->low / 100 < need)
			u->capacity_s = need * 100 / u->low + 30;
	}
}

void sim_site_make(struct sim_site *s, struct sim_rng *r)
{
	memset(s, 0, sizeof(*s));
	s->group = sim_chance(r, 40);
	s->clean = sim_chance(r, 35);
	s->count = 1 + sim_pick(r, SIM_UPSES);
	for (size_t i = 0; i < s->count; i++)
		make_ups(s, i, r);
	/* A site without any supply is none. */
	if (!s->ups[0].power)
		s->ups[0].power = 1;
	s->charge_limit = sim_range(r, 5, 90);
	s->runtime_limit = sim_range(r, 20, 900);
	make_supplies(s, r);
	make_policy(s, r);
	make_rules(s, r);
	make_batteries(s, r);
}

void sim_site_vary(struct sim_site *s, struct sim_rng *r)
{
	make_supplies(s, r);
	make_policy(s, r);
	make_rules(s, r);
}

long sim_site_need_s(const struct sim_site *s)
{
	const struct policy *p = &s->policy;
	long poll = p->poll > p->poll_alert ? p->poll : p->poll_alert;
	long last = p->final_delay, oblb = p->oblb > 0 ? p->oblb : 0;

	if (p->hook_all && last < HOOK_UNKNOWN_S)
		last = HOOK_UNKNOWN_S;
	return poll + oblb + p->hostsync + FSD_WAIT_S + p->hostsync + last + HOOK_RESERVE_S + 5;
}

/* ---------------------------------------------------------------------- text */

static void append_classic(const struct sim_site *s, struct buffer *b)
{
	const struct policy *p = &s->policy;

	for (size_t i = 0; i < s->count; i++) {
		const struct sim_ups *u = &s->ups[i];

		buffer_appendf(b, "MONITOR %s %ld u p %s\n", u->name, u->power,
			       u->primary ? "primary" : "secondary");
		buffer_appendf(b, "OBDURATION %ld %s\nOBCHARGE %ld %s\nOBRUNTIME %ld %s\n",
			       u->limits.duration, u->name, u->limits.charge, u->name,
			       u->limits.runtime, u->name);
	}
	buffer_appendf(b, "MINSUPPLIES %ld\nSHUTDOWNCMD c0\nPOLLFREQ %ld\nPOLLFREQALERT %ld\n",
		       s->min[0], p->poll, p->poll_alert);
	buffer_appendf(b, "HOSTSYNC %ld\nDEADTIME %ld\nRBWARNTIME %ld\nNOCOMMWARNTIME %ld\n",
		       p->hostsync, p->deadtime, p->rbwarn, p->nocommwarn);
	buffer_appendf(b, "FINALDELAY %ld\nOFFDURATION %ld\nOBLBDURATION %ld\nOVERDURATION %ld\n",
		       p->final_delay, p->off, p->oblb, p->over);
	buffer_appendf(b, "ALARMCRITICAL %d\nWAKESTABLE %ld\nWAKECHARGE %ld\n", p->alarm_critical,
		       p->wake_stable, p->wake_charge);
	if (p->hook_all)
		buffer_appendf(b, "SHUTDOWNHOOKS /etc/x %ld %ld\n", p->hook_each, p->hook_all);
	for (size_t i = 0; i < s->wake_count; i++)
		buffer_appendf(b, "WAKEONLAN 52:54:00:00:00:%02zx %ld\n", i, s->wakes[i]);
	for (int n = 0; n < NOTICE_COUNT; n++)
		buffer_appendf(b, "NOTIFYFLAG %s SYSLOG\nNOTIFYMSG %s \"%s %%s %%s\"\n",
			       notice_name((enum notice)n), notice_name((enum notice)n),
			       notice_name((enum notice)n));
}

static void append_action(const struct sim_action *a, size_t ups, struct buffer *b)
{
	if (a->condition >= 0) {
		buffer_append_str(b, " IF ");
		sim_append_event(b, (enum sim_fact)a->condition, a->wanted);
	}
	if (a->kind == SIM_START)
		buffer_appendf(b, " STARTTIMER t%d %ld.%03ld", a->timer, a->ms / 1000,
			       a->ms % 1000);
	else if (a->kind == SIM_CANCEL)
		buffer_appendf(b, " CANCELTIMER t%d", a->timer);
	else
		buffer_appendf(b, " SHUTDOWNCMD '/c%zu'", ups);
}

/* What is done goes behind what is told, in one WHEN. */
static void append_actions(const struct sim_site *s, const struct sim_rule *like, struct buffer *b)
{
	for (size_t i = 0; i < s->rule_count; i++) {
		const struct sim_rule *r = &s->rules[i];

		if (r->ups != like->ups || r->timer != like->timer ||
		    (r->timer < 0 && (r->fact != like->fact || r->begins != like->begins)))
			continue;
		for (size_t k = 0; k < r->action_count; k++)
			append_action(&r->actions[k], r->ups, b);
	}
	buffer_append_char(b, '\n');
}

static void append_rules(const struct sim_site *s, size_t ups, struct buffer *b)
{
	const char *name = strrchr(s->ups[ups].name, 'u');

	for (int i = 0; i < SIM_FACTS * 2; i++) {
		struct sim_rule like = {ups, -1, (enum sim_fact)(i / 2), i % 2 == 0, {{0}}, 0};

		buffer_appendf(b, "WHEN %s REPORTS ", name);
		sim_append_event(b, like.fact, like.begins);
		buffer_append_str(b, " : PRINT '%(u)s %(e)s'");
		append_actions(s, &like, b);
	}
	for (int t = 0; t < SIM_TIMERS; t++) {
		struct sim_rule like = {ups, t, SIM_OB, false, {{0}}, 0};

		buffer_appendf(b, "WHEN %s TIMEOUT t%d : PRINT '%%(u)s %%(e)s'", name, t);
		append_actions(s, &like, b);
	}
	buffer_appendf(b, "WHEN %s CHARGE BELOW %ld : PRINT '%%(u)s CHARGE'\n", name,
		       s->charge_limit);
	buffer_appendf(b, "WHEN %s RUNTIME BELOW %ld : PRINT '%%(u)s RUNTIME'\n", name,
		       s->runtime_limit);
}

static void append_group(const struct sim_site *s, size_t group, struct buffer *b)
{
	buffer_appendf(b, "GROUP %s CERTFILE ''\n", group ? "B" : "LOCAL");
	for (size_t i = 0; i < s->count; i++) {
		const struct sim_ups *u = &s->ups[i];

		if (u->group != group)
			continue;
		buffer_appendf(b, "MONITOR %s POWERVAL %ld UPSDUSER w PASSWORD 'p' TYPE %s\n",
			       strrchr(u->name, 'u'), u->power,
			       u->primary ? "primary" : "secondary");
		append_rules(s, i, b);
	}
	buffer_appendf(b, "MINSUPPLIES %ld\n", s->min[group]);
}

void sim_site_text(const struct sim_site *s, struct buffer *b)
{
	if (!s->group) {
		append_classic(s, b);
		return;
	}
	buffer_appendf(b, "POLLFREQ %ld POLLFREQALERT %ld\n", s->policy.poll, s->policy.poll_alert);
	append_group(s, 0, b);
	for (size_t i = 0; i < s->count; i++)
		if (s->ups[i].group == 1) {
			append_group(s, 1, b);
			break;
		}
}
