#include "config.h"

#include "tests/unit/sim_model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

enum { HOLD_MS = 15000 };

#define BIT(fact) ((uint32_t)1 << (fact))

__attribute__((format(printf, 2, 3))) static void tell(struct sim_model *m, const char *fmt, ...)
{
	va_list ap;

	if (m->told_count == SIM_TOLD_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(m->told[m->told_count++], SIM_TOLD_SIZE, fmt, ap);
	va_end(ap);
}

static bool has(const struct sim_known *u, enum sim_fact fact)
{
	return u->words & BIT(fact);
}

static bool passed(const struct sim_model *m, long long since, long seconds)
{
	return since != SIM_NEVER && m->now - since >= seconds * 1000LL;
}

/* ------------------------------------------------------------------- notices */

static void notice(struct sim_model *m, size_t ups, const char *name, const char *extra)
{
	if (!m->site->group)
		tell(m, "%s %s %s", name, m->site->ups[ups].name, extra);
}

static const struct {
	enum sim_fact fact;
	const char *begins, *ends;
} notice_rows[] = {
	{SIM_OB, "ONBATT", NULL},         {SIM_LB, "LOWBATT", NULL},
	{SIM_CAL, "CAL", "NOTCAL"},       {SIM_OFF, "OFF", "NOTOFF"},
	{SIM_ECO, "ECO", "NOTECO"},       {SIM_OVER, "OVER", "NOTOVER"},
	{SIM_TRIM, "TRIM", "NOTTRIM"},    {SIM_ALARM, NULL, "NOTALARM"},
	{SIM_BOOST, "BOOST", "NOTBOOST"}, {SIM_BYPASS, "BYPASS", "NOTBYPASS"},
};

static void tell_words(struct sim_model *m, size_t ups, uint32_t before)
{
	uint32_t after = m->ups[ups].words;

	for (size_t i = 0; i < sizeof(notice_rows) / sizeof(notice_rows[0]); i++) {
		uint32_t bit = BIT(notice_rows[i].fact);

		if ((after & ~before & bit) && notice_rows[i].begins)
			notice(m, ups, notice_rows[i].begins, "");
		if ((before & ~after & bit) && notice_rows[i].ends)
			notice(m, ups, notice_rows[i].ends, "");
	}
	if (m->ups[ups].on_line && (before & BIT(SIM_OB)))
		notice(m, ups, "ONLINE", "");
}

void sim_model_fsd_set(struct sim_model *m, size_t ups)
{
	if (!m->ups[ups].fsd_told)
		notice(m, ups, "FSD", "");
	m->ups[ups].fsd_told = true;
}

static void tell_texts(struct sim_model *m, size_t ups, uint32_t before, const char *alarm,
		       const char *others)
{
	struct sim_known *u = &m->ups[ups];

	if (!has(u, SIM_FSD) && (before & BIT(SIM_FSD)))
		u->fsd_told = false;
	if (has(u, SIM_FSD) && !(before & BIT(SIM_FSD)))
		sim_model_fsd_set(m, ups);
	if (has(u, SIM_ALARM) && (!(before & BIT(SIM_ALARM)) || strcmp(alarm, u->alarm) != 0)) {
		str_copy(u->alarm, sizeof(u->alarm), alarm);
		notice(m, ups, "ALARM", alarm);
	}
	if (has(u, SIM_RB) &&
	    (u->replace == SIM_NEVER || passed(m, u->replace, m->site->policy.rbwarn))) {
		u->replace = m->now;
		notice(m, ups, "REPLBATT", "");
	}
	if (strcmp(others, u->others) != 0)
		notice(m, ups, *others ? "OTHER" : "NOTOTHER", others);
	str_copy(u->others, sizeof(u->others), others);
}

/* --------------------------------------------------------------------- rules */

static bool holds(const struct sim_model *m, const struct sim_action *a, size_t ups)
{
	return a->condition < 0 || !(m->ups[ups].facts & BIT(a->condition)) == !a->wanted;
}

static void act(struct sim_model *m, const struct sim_action *a, size_t ups)
{
	long long *due = &m->ups[ups].timers[a->timer];

	if (!holds(m, a, ups))
		return;
	if (a->kind == SIM_SHUTDOWN) {
		if (m->shutdown < 0)
			m->shutdown = (int)ups;
		return;
	}
	if (*due != SIM_NEVER)
		(*(a->kind == SIM_START ? &m->replaced : &m->cancelled))++;
	*due = SIM_NEVER;
	if (a->kind == SIM_CANCEL)
		return;
	m->started++;
	*due = m->now + a->ms;
	m->ups[ups].timer_started[a->timer] = m->starts++;
}

/* The actions of an event (timer -1) or of a timer's end. */
static void act_on(struct sim_model *m, size_t ups, int timer, enum sim_fact fact, bool begins)
{
	for (size_t i = 0; i < m->site->rule_count; i++) {
		const struct sim_rule *r = &m->site->rules[i];

		if (r->ups != ups || r->timer != timer ||
		    (timer < 0 && (r->fact != fact || r->begins != begins)))
			continue;
		for (size_t k = 0; k < r->action_count; k++)
			act(m, &r->actions[k], ups);
	}
}

static void event(struct sim_model *m, size_t ups, enum sim_fact fact, bool begins)
{
	struct buffer text = {0};

	if (!m->site->group)
		return;
	sim_append_event(&text, fact, begins);
	tell(m, "%s %s", m->site->ups[ups].name, buffer_string(&text));
	buffer_free(&text);
	act_on(m, ups, -1, fact, begins);
}

static void low_supplies(struct sim_model *m, size_t group)
{
	long have = 0;

	for (size_t i = 0; i < m->site->count; i++) {
		if (m->site->ups[i].group != group)
			continue;
		if (m->ups[i].comm == SIM_NEW)
			return;
		if (!(m->ups[i].facts & (BIT(SIM_OB) | BIT(SIM_NOCOMM) | BIT(SIM_OFF))))
			have += m->site->ups[i].power;
	}
	for (size_t i = 0; i < m->site->count; i++) {
		bool low = have < m->site->min[group];

		if (m->site->ups[i].group != group || !(m->ups[i].facts & BIT(SIM_LS)) == !low)
			continue;
		m->ups[i].facts ^= BIT(SIM_LS);
		event(m, i, SIM_LS, low);
	}
}

static bool reaches(const struct sim_known *u, double value, long limit, bool *fired)
{
	bool fires;

	if (!(u->facts & BIT(SIM_OB)) || value > (double)limit) {
		*fired = false;
		return false;
	}
	fires = !*fired && value >= 0 && !(u->facts & BIT(SIM_CAL));
	*fired = *fired || fires;
	return fires;
}

/* `order` holds the facts of the words in their order; what begins comes first. */
static void change(struct sim_model *m, size_t ups, uint32_t facts, const enum sim_fact *order,
		   size_t ordered)
{
	struct sim_known *u = &m->ups[ups];
	uint32_t begun = facts & ~u->facts, ended = u->facts & ~facts;

	u->facts = facts;
	for (size_t i = 0; i < ordered; i++)
		if (begun & BIT(order[i])) {
			begun &= ~BIT(order[i]);
			event(m, ups, order[i], true);
		}
	for (int i = 0; i < SIM_LS; i++)
		if (begun & BIT(i))
			event(m, ups, (enum sim_fact)i, true);
	low_supplies(m, m->site->ups[ups].group);
	for (int i = 0; i < SIM_LS; i++)
		if (ended & BIT(i))
			event(m, ups, (enum sim_fact)i, false);
	if (!m->site->group)
		return;
	if (reaches(u, u->charge, m->site->charge_limit, &u->charge_fired))
		tell(m, "%s CHARGE", m->site->ups[ups].name);
	if (reaches(u, u->runtime, m->site->runtime_limit, &u->runtime_fired))
		tell(m, "%s RUNTIME", m->site->ups[ups].name);
}

static void change_comm(struct sim_model *m, size_t ups)
{
	struct sim_known *u = &m->ups[ups];
	uint32_t facts = u->facts & ~BIT(SIM_NOCOMM);

	if (u->comm == SIM_LOST)
		facts |= BIT(SIM_NOCOMM);
	if (facts != u->facts)
		change(m, ups, facts, NULL, 0);
}

/* ------------------------------------------------------------------ readings */

static void track(struct sim_model *m, long long *since, bool is)
{
	if (!is)
		*since = SIM_NEVER;
	else if (*since == SIM_NEVER)
		*since = m->now;
}

static bool is_low(const struct sim_known *u)
{
	return has(u, SIM_OB) && (has(u, SIM_LB) || u->low_assumed) && !has(u, SIM_CAL);
}

static void track_all(struct sim_model *m, struct sim_known *u)
{
	track(m, &u->off, has(u, SIM_OFF));
	track(m, &u->over, has(u, SIM_OVER));
	track(m, &u->ob, has(u, SIM_OB) && !has(u, SIM_CAL));
	track(m, &u->low, is_low(u));
}

struct words {
	uint32_t bits;
	bool ol;
	enum sim_fact order[SIM_FACTS];
	size_t count;
	char others[64];
};

static void read_words(const char *status, struct words *w)
{
	char text[256], *rest = text, *word;

	memset(w, 0, sizeof(*w));
	str_copy(text, sizeof(text), status);
	while ((word = strsep(&rest, " "))) {
		int i = 0;

		while (i < SIM_LB1 && strcmp(sim_words[i], word) != 0)
			i++;
		if (i < SIM_LB1) {
			w->bits |= BIT(i);
			w->order[w->count++] = (enum sim_fact)i;
		} else if (!strcmp(word, "OL")) {
			w->ol = true;
		} else {
			str_format(w->others + strlen(w->others),
				   sizeof(w->others) - strlen(w->others), "%s%s",
				   *w->others ? " " : "", word);
		}
	}
}

static uint32_t levels(double charge)
{
	return charge < 0 ? 0
			  : (charge <= 50 ? BIT(SIM_LB1) : 0) | (charge <= 25 ? BIT(SIM_LB2) : 0) |
				    (charge <= 12 ? BIT(SIM_LB3) : 0);
}

static void wait_for_device(struct sim_model *m, size_t ups)
{
	if (m->ups[ups].comm == SIM_OK)
		sim_model_lose(m, ups);
}

void sim_model_read(struct sim_model *m, size_t ups, const struct sim_reading *r)
{
	struct sim_known *u = &m->ups[ups];
	uint32_t before = u->words;
	struct words w;

	if (!strcmp(r->status, "WAIT")) {
		wait_for_device(m, ups);
		return;
	}
	read_words(r->status, &w);
	/* The rules of the group language do not count TICK and TOCK among the unknown. */
	if (u->comm == SIM_LOST)
		notice(m, ups, "COMMOK", "");
	u->comm = SIM_OK;
	u->contacted = true;
	u->stale = u->low_assumed = false;
	u->words = w.bits;
	u->on_line = w.ol && !has(u, SIM_OB);
	u->charge = r->charge;
	u->runtime = r->runtime;
	track_all(m, u);
	sim_model_heard(m, ups);
	tell_words(m, ups, before);
	tell_texts(m, ups, before, r->alarm, w.others);
	change(m, ups, w.bits | levels(u->charge) | (u->facts & BIT(SIM_LS)), w.order, w.count);
}

void sim_model_lose(struct sim_model *m, size_t ups)
{
	struct sim_known *u = &m->ups[ups];

	if (u->comm == SIM_LOST)
		return;
	u->comm = SIM_LOST;
	u->lost = m->now;
	notice(m, ups, "COMMBAD", "");
	change_comm(m, ups);
}

void sim_model_heard(struct sim_model *m, size_t ups)
{
	struct sim_known *u = &m->ups[ups];

	if (u->comm != SIM_OK)
		return;
	u->heard = m->now;
	if (!(has(u, SIM_OB) && has(u, SIM_LB)) || has(u, SIM_CAL))
		u->noncrit = m->now;
}

/* ---------------------------------------------------------------------- time */

static long long nocomm_due(const struct sim_model *m, const struct sim_known *u)
{
	const struct policy *p = &m->site->policy;
	long pause = p->nocommwarn ? p->nocommwarn : p->poll;
	long long due =
		u->contacted ? u->heard + p->nocommwarn * 1000LL : u->lost + p->poll * 1000LL;

	if (u->nocomm != SIM_NEVER && u->nocomm + pause * 1000LL > due)
		due = u->nocomm + pause * 1000LL;
	return due;
}

static void turn_one(struct sim_model *m, size_t ups)
{
	struct sim_known *u = &m->ups[ups];
	const struct policy *p = &m->site->policy;

	if (u->comm == SIM_NEW && passed(m, u->heard, p->nocommwarn))
		sim_model_lose(m, ups);
	if (u->comm != SIM_LOST)
		return;
	if (has(u, SIM_OB) && passed(m, u->heard, p->deadtime))
		u->low_assumed = true;
	track_all(m, u);
	if (m->now >= nocomm_due(m, u)) {
		u->nocomm = m->now;
		notice(m, ups, "NOCOMM", "");
	}
}

static bool is_held(struct sim_model *m)
{
	for (size_t i = 0; i < m->site->count; i++)
		if (m->ups[i].stale && m->now < m->hold_until)
			return true;
	return false;
}

static bool first_timer(const struct sim_model *m, size_t *ups, int *timer)
{
	const struct sim_known *best = NULL;

	for (size_t i = 0; i < m->site->count; i++)
		for (int t = 0; t < SIM_TIMERS; t++) {
			const struct sim_known *u = &m->ups[i];

			if (u->timers[t] == SIM_NEVER ||
			    (best && (best->timers[*timer] < u->timers[t] ||
				      (best->timers[*timer] == u->timers[t] &&
				       best->timer_started[*timer] < u->timer_started[t]))))
				continue;
			best = u;
			*ups = i;
			*timer = t;
		}
	return best != NULL;
}

void sim_model_turn(struct sim_model *m)
{
	size_t ups;
	int timer;

	for (size_t i = 0; i < m->site->count; i++)
		turn_one(m, i);
	if (is_held(m))
		return;
	while (first_timer(m, &ups, &timer) && m->ups[ups].timers[timer] <= m->now) {
		m->ups[ups].timers[timer] = SIM_NEVER;
		m->fired++;
		tell(m, "%s TO->t%d", m->site->ups[ups].name, timer);
		act_on(m, ups, timer, SIM_OB, true);
	}
}

static void sooner(long long *due, long long at)
{
	if (*due == SIM_NEVER || at < *due)
		*due = at;
}

long long sim_model_due(const struct sim_model *m)
{
	long long due = SIM_NEVER;
	size_t ups;
	int timer;

	for (size_t i = 0; i < m->site->count; i++) {
		const struct sim_known *u = &m->ups[i];

		if (u->comm == SIM_NEW)
			sooner(&due, u->heard + m->site->policy.nocommwarn * 1000LL);
		/* Not before it is known to be lost, whenever it was heard last. */
		if (u->comm == SIM_LOST && !m->site->group)
			sooner(&due, nocomm_due(m, u) > u->lost ? nocomm_due(m, u) : u->lost);
	}
	if (first_timer(m, &ups, &timer)) {
		long long at = m->ups[ups].timers[timer];

		/* While readings are waited for, it may be that late. */
		sooner(&due, at > m->hold_until ? at : m->hold_until);
	}
	return due;
}

/* ---------------------------------------------------------------------- life */

void sim_model_begin(struct sim_model *m, const struct sim_site *site, long long now)
{
	memset(m, 0, sizeof(*m));
	m->site = site;
	m->now = now;
	m->shutdown = -1;
	for (size_t i = 0; i < site->count; i++) {
		struct sim_known *u = &m->ups[i];

		u->heard = u->noncrit = now;
		u->ob = u->low = u->off = u->over = u->replace = u->nocomm = SIM_NEVER;
		u->charge = u->runtime = -1;
		for (int t = 0; t < SIM_TIMERS; t++)
			u->timers[t] = SIM_NEVER;
	}
}

void sim_model_forget(struct sim_model *m)
{
	sim_model_restart(m);
	for (size_t i = 0; i < m->site->count; i++) {
		struct sim_known *u = &m->ups[i];

		u->words = 0;
		u->on_line = u->low_assumed = u->fsd_told = false;
		u->charge = u->runtime = -1;
		u->heard = u->noncrit = u->lost = m->now;
		track_all(m, u);
	}
}

void sim_model_restart(struct sim_model *m)
{
	m->hold_until = m->now + HOLD_MS;
	for (size_t i = 0; i < m->site->count; i++)
		m->ups[i].stale = true;
}

/* ----------------------------------------------------------------- decisions */

static bool lost_badly(const struct sim_model *m, const struct sim_known *u)
{
	const struct policy *p = &m->site->policy;

	if (u->comm != SIM_LOST || m->now - u->lost <= p->poll_alert * 2000LL)
		return false;
	return (has(u, SIM_OVER) && p->over >= 0 && passed(m, u->over, p->over)) ||
	       (has(u, SIM_ALARM) && p->alarm_critical) || has(u, SIM_CAL) || has(u, SIM_BYPASS) ||
	       (has(u, SIM_OFF) && p->off >= 0);
}

static bool is_beyond_limits(const struct sim_model *m, const struct sim_known *u,
			     const struct limits *l)
{
	if (!has(u, SIM_OB) || has(u, SIM_CAL))
		return false;
	return (l->duration >= 0 && passed(m, u->ob, l->duration)) ||
	       (l->charge >= 0 && u->charge >= 0 && u->charge <= (double)l->charge) ||
	       (l->runtime >= 0 && u->runtime >= 0 && u->runtime <= (double)l->runtime);
}

static bool feeds(const struct sim_model *m, size_t ups)
{
	const struct policy *p = &m->site->policy;
	const struct sim_known *u = &m->ups[ups];

	if (has(u, SIM_FSD) || lost_badly(m, u) ||
	    (has(u, SIM_OFF) && p->off >= 0 && passed(m, u->off, p->off)) ||
	    is_beyond_limits(m, u, &m->site->ups[ups].limits))
		return false;
	if (!is_low(u) || (p->oblb > 0 && !passed(m, u->low, p->oblb)))
		return true;
	return !m->site->ups[ups].primary && m->now - u->noncrit <= p->hostsync * 1000LL;
}

long sim_model_supplies(const struct sim_model *m)
{
	long have = 0;

	for (size_t i = 0; i < m->site->count; i++)
		if (feeds(m, i))
			have += m->site->ups[i].power;
	return have;
}
