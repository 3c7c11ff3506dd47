#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/upsmon/brain/brain_impl.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/status.h"

enum {
	START_MS = 1000,     /* until `TIMEOUT start` */
	HOOK_RESERVE_S = 20, /* of the battery, for the system's own shutdown */
	HOOK_UNKNOWN_S = 60, /* for hooks on a battery that does not say how long it lasts */
};

/* --------------------------------------------------------------------- life */

static void set_names(struct brain *b)
{
	if (gethostname(b->host, sizeof(b->host)) != 0)
		str_copy(b->host, sizeof(b->host), "localhost");
	b->host[sizeof(b->host) - 1] = '\0';
}

struct brain *brain_new(const struct brain_acts *acts, void *arg, long long now_ms)
{
	struct brain *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->acts = acts;
	b->arg = arg;
	b->now_ms = now_ms;
	b->stable_ms = MONITOR_NEVER;
	b->wake_due = true;
	set_names(b);
	return b;
}

static void free_list(struct brain_ups *list, size_t count, const bool *keep)
{
	for (size_t i = 0; list && i < count; i++) {
		if (keep && keep[i])
			continue;
		monitor_done(&list[i].monitor);
		free(list[i].fired);
	}
	free(list);
}

void brain_free(struct brain *b)
{
	if (!b)
		return;
	free_list(b->ups, b->count, NULL);
	free(b->monitors);
	free(b->primaries);
	timers_free(&b->timers);
	free(b);
}

/* ------------------------------------------------------------ configuration */

static size_t find_system(const struct brain *b, const char *system)
{
	size_t i = 0;

	while (i < b->count && !str_equal(b->ups[i].monitor.system, system))
		i++;
	return i;
}

struct plan {
	struct brain_ups *ups;
	struct monitor **monitors;
	size_t *primaries;
	size_t *from; /* place of the same system in the old list; its count = none */
	bool *kept;   /* by place in the old list */
	size_t made;
};

static void drop_plan(struct plan *p, size_t old_count)
{
	for (size_t i = 0; i < p->made; i++)
		if (p->from[i] == old_count)
			monitor_done(&p->ups[i].monitor);
	free(p->ups);
	free(p->monitors);
	free(p->primaries);
	free(p->from);
	free(p->kept);
}

/* All that may fail. */
static bool make_plan(const struct brain *b, const struct upsmon_conf *conf, long long now_ms,
		      struct plan *p)
{
	size_t count = conf->ups_count;

	p->ups = calloc(count + 1, sizeof(*p->ups));
	p->monitors = calloc(count + 1, sizeof(*p->monitors));
	p->primaries = calloc(count + 1, sizeof(*p->primaries));
	p->from = calloc(count + 1, sizeof(*p->from));
	p->kept = calloc(b->count + 1, sizeof(*p->kept));
	if (!p->ups || !p->monitors || !p->primaries || !p->from || !p->kept)
		return false;
	for (; p->made < count; p->made++) {
		const struct conf_ups *u = &conf->ups[p->made];
		size_t old = find_system(b, u->system);

		p->from[p->made] = old;
		if (old < b->count)
			p->kept[old] = true;
		else if (!monitor_init(&p->ups[p->made].monitor, u->system, u->power, u->primary,
				       now_ms))
			return false;
	}
	return true;
}

static void settle(struct brain *b, const struct upsmon_conf *conf)
{
	b->conf = conf;
	str_format(b->banner, sizeof(b->banner), "%s@%s",
		   conf->run_as_user ? conf->run_as_user : RUN_AS_USER, b->host);
	for (size_t i = 0; i < b->count; i++) {
		struct brain_ups *u = &b->ups[i];

		u->conf = &conf->ups[i];
		u->monitor.power = u->conf->power;
		u->monitor.primary = u->conf->primary;
		u->monitor.limits = conf->classic ? u->conf->limits : (struct limits){-1, -1, -1};
		b->monitors[i] = &u->monitor;
	}
}

bool brain_adopt(struct brain *b, const struct upsmon_conf *conf, long long now_ms)
{
	struct plan p = {NULL};

	if (!make_plan(b, conf, now_ms, &p)) {
		drop_plan(&p, b->count);
		return false;
	}
	for (size_t i = 0; i < conf->ups_count; i++)
		if (p.from[i] < b->count)
			p.ups[i] = b->ups[p.from[i]];
	for (size_t i = 0; i < b->count; i++)
		if (!p.kept[i])
			timers_cancel_owner(&b->timers, b->ups[i].monitor.system);
	free_list(b->ups, b->count, p.kept);
	free(b->monitors);
	free(b->primaries);
	b->ups = p.ups;
	b->monitors = p.monitors;
	b->primaries = p.primaries;
	b->count = conf->ups_count;
	free(p.from);
	free(p.kept);
	settle(b, conf);
	/* What the new one decides waits until its owner has taken it over, too. */
	b->now_ms = now_ms;
	b->look = true;
	return true;
}

static bool has_start_rule(const struct brain *b, size_t ups)
{
	for (size_t i = 0; i < b->conf->book.count; i++) {
		const struct rule *r = &b->conf->book.rules[i];

		if (r->trigger == TRIGGER_TIMEOUT && r->ups == (int)ups &&
		    str_equal(r->timer, "start"))
			return true;
	}
	return false;
}

void brain_begin(struct brain *b, long long now_ms)
{
	for (size_t i = 0; i < b->count; i++)
		if (has_start_rule(b, i))
			timers_start(&b->timers, b->ups[i].monitor.system, "start", now_ms,
				     START_MS, NULL);
}

/* ----------------------------------------------------------------- shutdown */

static bool act_send_fsd(void *arg, size_t i)
{
	struct brain *b = arg;

	return b->acts->send_fsd(b->arg, b->primaries[i]);
}

static bool act_ask_logins(void *arg, size_t i)
{
	struct brain *b = arg;

	return b->acts->ask_logins(b->arg, b->primaries[i]);
}

static void act_tell(void *arg, enum notice n)
{
	struct brain *b = arg;

	if (b->conf->classic && n == NOTICE_SHUTDOWN && (b->conf->notices[n].flags & NOTICE_WALL))
		b->acts->deliver(b->arg, &(struct delivery){
						 .kind = DELIVERY_WALL,
						 .text = "Executing automatic power-fail shutdown",
					 });
	brain_tell(b, n, "", NULL);
}

/* What a lost UPS said last goes by meanwhile. */
static long runtime_left(const struct brain *b, const struct monitor *m)
{
	double left = m->runtime - (double)(b->now_ms - m->heard_ms) / 1000;

	return left > 1e6 ? 1000000 : (long)left;
}

/* The seconds which the batteries that we run on still give to hooks. */
static long hook_budget(const struct brain *b)
{
	long budget = b->conf->policy.hook_all;

	for (size_t i = 0; i < b->count; i++) {
		const struct monitor *m = &b->ups[i].monitor;
		long left = HOOK_UNKNOWN_S;

		if (!m->power || !(m->flags & STATUS_OB))
			continue;
		if (m->runtime >= 0)
			left = runtime_left(b, m) - HOOK_RESERVE_S;
		if (left < budget)
			budget = left;
	}
	return budget > 0 ? budget : 0;
}

static long act_start_hooks(void *arg)
{
	struct brain *b = arg;
	long budget;

	if (!b->conf->hook_dir || b->conf->policy.hook_all <= 0)
		return 0;
	budget = hook_budget(b);
	log_notice("why", "hooks: %ld s, of %ld s configured; the battery decides", budget,
		   b->conf->policy.hook_all);
	if (budget > 0)
		b->acts->run_hooks(b->arg, budget);
	return budget;
}

static void act_execute(void *arg)
{
	struct brain *b = arg;

	b->acts->execute(b->arg, b->command);
}

void brain_begin_shutdown(struct brain *b, int command, bool forced)
{
	static const struct shutdown_acts acts = {
		.send_fsd = act_send_fsd,
		.ask_logins = act_ask_logins,
		.tell = act_tell,
		.start_hooks = act_start_hooks,
		.execute = act_execute,
	};
	struct policy p = b->conf->policy;
	size_t primaries = 0;

	for (size_t i = 0; forced && i < b->count; i++)
		if (b->ups[i].conf->primary && b->ups[i].conf->login)
			b->primaries[primaries++] = i;
	/* Without the classic sequence every delay is a timer of the rules. */
	if (!forced)
		p.hostsync = p.final_delay = 0;
	b->command = command;
	brain_wake_outage(b);
	b->acts->decided(b->arg, command, shutdown_limit_s(&p));
	shutdown_begin(&b->shutdown, &acts, b, primaries, &p, b->now_ms);
}

void brain_fsd_answered(struct brain *b, bool set, long long now_ms)
{
	if (b->stopped)
		return;
	b->now_ms = now_ms;
	shutdown_fsd_answered(&b->shutdown, set, now_ms);
}

bool brain_link_up(struct brain *b, size_t ups, long long now_ms)
{
	b->now_ms = now_ms;
	for (size_t i = 0; i < b->shutdown.primaries; i++) {
		if (b->primaries[i] != ups)
			continue;
		shutdown_doubt(&b->shutdown, now_ms);
		return true;
	}
	return false;
}

void brain_logins_answered(struct brain *b, long others, long long now_ms)
{
	if (b->stopped)
		return;
	b->now_ms = now_ms;
	shutdown_logins_answered(&b->shutdown, others, now_ms);
}

void brain_hooks_ended(struct brain *b, long long now_ms)
{
	if (b->stopped)
		return;
	b->now_ms = now_ms;
	shutdown_hooks_ended(&b->shutdown, now_ms);
}

enum shutdown_phase brain_phase(const struct brain *b)
{
	return b->shutdown.phase;
}

/* ---------------------------------------------------------------- decisions */

static void log_why(struct brain *b, const struct brain_ups *u, const char *what)
{
	struct buffer text = {.max = 8192};

	rules_explain(&text, &u->monitor, &b->conf->policy, b->now_ms);
	log_notice("why", "%s%s", what, buffer_string(&text));
	buffer_free(&text);
}

static void note_changes(struct brain *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct brain_ups *u = &b->ups[i];
		bool critical =
			rule_is_critical(rules_judge(&u->monitor, &b->conf->policy, b->now_ms));

		if (critical != u->critical) {
			b->changed = true;
			log_why(b, u, "");
		}
		u->critical = critical;
	}
}

static void decide(struct brain *b)
{
	struct verdict v;

	if (b->stopped || b->shutdown.phase != SHUTDOWN_IDLE || !b->conf->classic)
		return;
	note_changes(b);
	v = rules_decide(b->monitors, b->count, &b->conf->policy, b->now_ms);
	if (!v.shutdown)
		return;
	log_error("why", "shutdown: power value %ld is left, MINSUPPLIES is %ld", v.have, v.need);
	for (size_t i = 0; i < b->count; i++)
		log_why(b, &b->ups[i], "shutdown: ");
	brain_begin_shutdown(b, 0, true);
}

void brain_force(struct brain *b, const char *why, long long now_ms)
{
	if (b->stopped || b->shutdown.phase != SHUTDOWN_IDLE)
		return;
	b->now_ms = now_ms;
	log_error("why", "shutdown: %s", why);
	brain_begin_shutdown(b, 0, true);
}

void brain_stop(struct brain *b)
{
	b->stopped = true;
}

/* ------------------------------------------------------------------- events */

static void monitor_told(void *arg, struct monitor *m, enum notice n, const char *extra)
{
	brain_fire_notice(arg, n, m->system, extra);
}

static struct monitor_ear ear_of(struct brain *b)
{
	return (struct monitor_ear){.tell = monitor_told, .arg = b};
}

void brain_tell(struct brain *b, enum notice n, const char *ups, const char *extra)
{
	brain_fire_notice(b, n, ups, extra);
}

/* In so far as the supplies of a group can be told: every UPS was heard, or is known to be lost. */
static bool group_is_low(const struct brain *b, size_t group, bool *known)
{
	long have = 0;

	*known = true;
	for (size_t i = 0; i < b->count; i++) {
		const struct brain_ups *u = &b->ups[i];

		if (u->conf->group != group)
			continue;
		if (u->monitor.comm == MONITOR_NEW)
			*known = false;
		if (!(u->facts & (FACT_OB | FACT_NOCOMM | FACT_OFF)))
			have += u->conf->power;
	}
	return have < b->conf->groups[group].min_supplies;
}

/* Low supplies are a fact of every UPS of the group. */
static void fire_supplies(struct brain *b, size_t group)
{
	bool known, low = group_is_low(b, group, &known);

	if (!known)
		return;
	for (size_t i = 0; i < b->count; i++) {
		struct brain_ups *u = &b->ups[i];

		if (u->conf->group != group || !(u->facts & FACT_LS) == !low)
			continue;
		u->facts ^= FACT_LS;
		brain_fire_event(b, &(struct brain_event){i, FACT_LS, low});
	}
}

static uint32_t level_facts(const struct brain_ups *u)
{
	static const enum fact facts[] = {FACT_LB1, FACT_LB2, FACT_LB3};
	uint32_t found = 0;

	for (size_t i = 0; i < 3; i++)
		if (u->monitor.charge >= 0 && u->conf->level[i] >= 0 &&
		    u->monitor.charge <= (double)u->conf->level[i])
			found |= facts[i];
	return found;
}

/* What has begun comes first, in the order of the status words; then what has ended. */
static void fire_changes(struct brain *b, size_t ups, uint32_t facts, const enum fact *order,
			 size_t ordered)
{
	struct brain_ups *u = &b->ups[ups];
	uint32_t begun = facts & ~u->facts, ended = u->facts & ~facts;

	u->facts = facts;
	for (size_t i = 0; i < ordered; i++) {
		if (begun & order[i])
			brain_fire_event(b, &(struct brain_event){ups, order[i], true});
		begun &= ~(uint32_t)order[i];
	}
	for (int i = 0; i < FACT_COUNT; i++)
		if (begun & (uint32_t)1 << i)
			brain_fire_event(b, &(struct brain_event){ups, (enum fact)(1u << i), true});
	fire_supplies(b, u->conf->group);
	for (int i = 0; i < FACT_COUNT; i++)
		if (ended & (uint32_t)1 << i)
			brain_fire_event(b,
					 &(struct brain_event){ups, (enum fact)(1u << i), false});
	brain_fire_levels(b, u);
}

/* The communication alone has changed. */
static void fire_comm(struct brain *b, size_t ups)
{
	struct brain_ups *u = &b->ups[ups];
	uint32_t facts = u->facts & ~(uint32_t)FACT_NOCOMM;

	if (u->monitor.comm == MONITOR_LOST)
		facts |= FACT_NOCOMM;
	if (facts != u->facts)
		fire_changes(b, ups, facts, NULL, 0);
}

/* A battery that goes down faster than it said must not be spent on hooks. */
static void shorten_hooks(struct brain *b)
{
	if (b->shutdown.phase == SHUTDOWN_FINAL && b->shutdown.hooks_until_ms)
		shutdown_limit_hooks(&b->shutdown, b->now_ms + hook_budget(b) * 1000LL);
}

void brain_read(struct brain *b, size_t ups, const struct monitor_reading *r, long long now_ms)
{
	struct brain_ups *u = &b->ups[ups];
	struct monitor_ear ear = ear_of(b);
	enum fact order[FACT_COUNT];
	size_t ordered;
	uint32_t facts;

	b->now_ms = now_ms;
	monitor_read(&u->monitor, &b->conf->policy, r, now_ms, &ear);
	if (u->monitor.comm != MONITOR_OK) { /* it was a mere WAIT */
		fire_comm(b, ups);
		decide(b);
		brain_wake_turn(b);
		return;
	}
	/* Timers may have waited for that. */
	b->look = b->look || u->stale;
	u->stale = false;
	facts = facts_of_status(r->status, u->facts, order, &ordered);
	if (u->monitor.flags & STATUS_ECO)
		facts |= FACT_ECO;
	facts |= level_facts(u) | (u->facts & FACT_LS);
	fire_changes(b, ups, facts, order, ordered);
	shorten_hooks(b);
	decide(b);
	brain_wake_turn(b);
}

void brain_lose(struct brain *b, size_t ups, long long now_ms)
{
	struct monitor_ear ear = ear_of(b);

	b->now_ms = now_ms;
	monitor_lose(&b->ups[ups].monitor, now_ms, &ear);
	fire_comm(b, ups);
	decide(b);
	brain_wake_turn(b);
}

void brain_heard(struct brain *b, size_t ups, long long heard_ms)
{
	monitor_heard(&b->ups[ups].monitor, heard_ms);
}

void brain_fsd_set(struct brain *b, size_t ups)
{
	struct monitor_ear ear = ear_of(b);

	monitor_fsd_set(&b->ups[ups].monitor, &ear);
}

void brain_forget(struct brain *b, long long now_ms)
{
	b->now_ms = now_ms;
	b->hold_ms = now_ms + BRAIN_HOLD_MS;
	b->stable_ms = MONITOR_NEVER;
	for (size_t i = 0; i < b->count; i++) {
		b->ups[i].stale = true;
		monitor_forget(&b->ups[i].monitor, now_ms);
	}
}

/* --------------------------------------------------------------------- time */

static bool timers_wait(struct brain *b)
{
	if (b->now_ms >= b->hold_ms)
		return false;
	for (size_t i = 0; i < b->count; i++)
		if (b->ups[i].stale)
			return true;
	b->hold_ms = 0;
	return false;
}

void brain_turn(struct brain *b, long long now_ms)
{
	struct monitor_ear ear = ear_of(b);

	b->now_ms = now_ms;
	b->look = false;
	if (b->stopped)
		return;
	for (size_t i = 0; i < b->count; i++) {
		monitor_tick(&b->ups[i].monitor, &b->conf->policy, now_ms, &ear);
		fire_comm(b, i);
	}
	if (!timers_wait(b))
		brain_expire_timers(b);
	decide(b);
	shutdown_tick(&b->shutdown, now_ms);
	brain_wake_turn(b);
}

static void sooner(long long *due, long long ms)
{
	if (ms != MONITOR_NEVER && (*due == MONITOR_NEVER || ms < *due))
		*due = ms;
}

long long brain_due_ms(const struct brain *b)
{
	const struct policy *p = &b->conf->policy;
	long long due = timers_due_ms(&b->timers);
	enum ruling then;

	if (b->stopped)
		return MONITOR_NEVER;
	if (b->look)
		return b->now_ms;
	if (due != MONITOR_NEVER && due < b->hold_ms)
		due = b->hold_ms;
	sooner(&due, shutdown_due_ms(&b->shutdown));
	for (size_t i = 0; i < b->count; i++) {
		sooner(&due, monitor_due_ms(&b->ups[i].monitor, p));
		if (b->conf->classic)
			sooner(&due, rules_next(&b->ups[i].monitor, p, b->now_ms, &then));
	}
	sooner(&due, brain_wake_due_ms(b));
	return due;
}

const struct monitor *brain_monitor(const struct brain *b, size_t ups)
{
	return &b->ups[ups].monitor;
}
