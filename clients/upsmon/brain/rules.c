#include "config.h"

#include "clients/upsmon/brain/rules.h"

#include "common/ups/status.h"

static const struct {
	bool critical;
	const char *text;
} rule_rows[] = {
	[RULE_FSD] = {true, "forced shutdown (FSD) is set"},
	[RULE_LOST_OVER] = {true, "lost while overloaded for OVERDURATION"},
	[RULE_LOST_ALARM] = {true, "lost while in alarm (ALARMCRITICAL)"},
	[RULE_LOST_CAL] = {true, "lost while calibrating"},
	[RULE_LOST_BYPASS] = {true, "lost while on bypass"},
	[RULE_LOST_OFF] = {true, "lost while off"},
	[RULE_OFF] = {true, "off for OFFDURATION"},
	[RULE_OB_TIME] = {true, "on battery for OBDURATION"},
	[RULE_OB_CHARGE] = {true, "on battery, charge at or below OBCHARGE"},
	[RULE_OB_RUNTIME] = {true, "on battery, runtime at or below OBRUNTIME"},
	[RULE_NOT_LOW] = {false, "not both on battery and low"},
	[RULE_CALIBRATING] = {false, "on battery and low by calibration"},
	[RULE_LOW_WAIT] = {false, "on battery and low, but OBLBDURATION is not over"},
	[RULE_PRIMARY] = {true, "on battery and low, we are primary"},
	[RULE_SECONDARY] = {true, "on battery and low for HOSTSYNC, we are secondary"},
	[RULE_HOSTSYNC] = {false, "on battery and low, the primary has HOSTSYNC to act"},
};

static bool lasted(long long since_ms, long long now_ms, long seconds)
{
	return since_ms != MONITOR_NEVER && now_ms - since_ms >= (long long)seconds * 1000;
}

/* Beyond doubt: two attempts at the alert pace had their time. */
static bool surely_lost(const struct monitor *m, const struct policy *p, long long now_ms)
{
	return m->comm == MONITOR_LOST && now_ms - m->lost_ms > p->poll_alert * 2000LL;
}

/* What a UPS was doing when it was lost may have ended badly. True: *r says by which rule. */
static bool judge_lost(const struct monitor *m, const struct policy *p, long long now_ms,
		       enum ruling *r)
{
	if (p->over >= 0 && (m->flags & STATUS_OVER) && lasted(m->over_ms, now_ms, p->over))
		*r = RULE_LOST_OVER;
	else if (p->alarm_critical && (m->flags & STATUS_ALARM))
		*r = RULE_LOST_ALARM;
	else if (m->flags & STATUS_CAL)
		*r = RULE_LOST_CAL;
	else if (m->flags & STATUS_BYPASS)
		*r = RULE_LOST_BYPASS;
	else if (p->off >= 0 && (m->flags & STATUS_OFF))
		*r = RULE_LOST_OFF;
	else
		return false;
	return true;
}

/* Limits that the administrator set himself. */
static bool judge_limits(const struct monitor *m, long long now_ms, enum ruling *r)
{
	const struct limits *l = &m->limits;

	if (!(m->flags & STATUS_OB) || (m->flags & STATUS_CAL))
		return false;
	if (l->duration >= 0 && lasted(m->ob_ms, now_ms, l->duration))
		*r = RULE_OB_TIME;
	else if (l->charge >= 0 && m->charge >= 0 && m->charge <= (double)l->charge)
		*r = RULE_OB_CHARGE;
	else if (l->runtime >= 0 && m->runtime >= 0 && m->runtime <= (double)l->runtime)
		*r = RULE_OB_RUNTIME;
	else
		return false;
	return true;
}

static enum ruling judge_low(const struct monitor *m, const struct policy *p, long long now_ms)
{
	bool low = (m->flags & STATUS_LB) || m->low_assumed;

	if (!(m->flags & STATUS_OB) || !low)
		return RULE_NOT_LOW;
	if (m->flags & STATUS_CAL)
		return RULE_CALIBRATING;
	if (p->oblb > 0 && !lasted(m->low_ms, now_ms, p->oblb))
		return RULE_LOW_WAIT;
	if (m->primary)
		return RULE_PRIMARY;
	return now_ms - m->noncrit_ms > p->hostsync * 1000LL ? RULE_SECONDARY : RULE_HOSTSYNC;
}

enum ruling rules_judge(const struct monitor *m, const struct policy *p, long long now_ms)
{
	enum ruling r;

	if (m->flags & STATUS_FSD)
		return RULE_FSD;
	if (surely_lost(m, p, now_ms) && judge_lost(m, p, now_ms, &r))
		return r;
	if (p->off >= 0 && lasted(m->off_ms, now_ms, p->off))
		return RULE_OFF;
	if (judge_limits(m, now_ms, &r))
		return r;
	return judge_low(m, p, now_ms);
}

/* When a lost UPS will be taken for low, and what follows from it. */
static long long assumed_low(const struct monitor *m, const struct policy *p, long long now_ms,
			     enum ruling *then)
{
	struct monitor later = *m;

	if (m->comm != MONITOR_LOST || !(m->flags & STATUS_OB) || m->low_assumed)
		return MONITOR_NEVER;
	later.low_assumed = true;
	later.low_ms = m->heard_ms + p->deadtime * 1000LL;
	*then = rules_judge(&later, p, later.low_ms);
	return later.low_ms > now_ms ? later.low_ms : now_ms;
}

long long rules_next(const struct monitor *m, const struct policy *p, long long now_ms,
		     enum ruling *then)
{
	/* Every moment at which a comparison of time in here turns; a millisecond later counts. */
	const long long ends[] = {
		m->lost_ms + p->poll_alert * 2000LL + 1,
		m->over_ms + p->over * 1000LL,
		m->off_ms + p->off * 1000LL,
		m->ob_ms + m->limits.duration * 1000LL,
		m->low_ms + p->oblb * 1000LL,
		m->noncrit_ms + p->hostsync * 1000LL + 1,
	};
	enum ruling now = rules_judge(m, p, now_ms);
	long long best = assumed_low(m, p, now_ms, then);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		enum ruling r;

		if (ends[i] <= now_ms || (best != MONITOR_NEVER && ends[i] >= best))
			continue;
		r = rules_judge(m, p, ends[i]);
		if (r == now)
			continue;
		best = ends[i];
		*then = r;
	}
	return best;
}

bool rule_is_critical(enum ruling r)
{
	return rule_rows[r].critical;
}

const char *rule_text(enum ruling r)
{
	return rule_rows[r].text;
}

struct verdict rules_decide(struct monitor *const *list, size_t count, const struct policy *p,
			    long long now_ms)
{
	struct verdict v = {.need = p->min_supplies};

	for (size_t i = 0; i < count; i++) {
		if (!rule_is_critical(rules_judge(list[i], p, now_ms)))
			v.have += list[i]->power;
	}
	v.shutdown = v.have < v.need;
	return v;
}

static void append_flags(struct buffer *b, const struct monitor *m)
{
	const char *space = "";

	for (int i = 0; i < 32; i++) {
		uint32_t bit = (uint32_t)1 << i;
		const char *word = m->flags & bit ? status_word((enum status_bit)bit) : NULL;

		if (!word)
			continue;
		buffer_appendf(b, "%s%s", space, word);
		space = " ";
	}
	if (m->low_assumed)
		buffer_appendf(b, "%sLB assumed", space);
}

void rules_explain(struct buffer *b, const struct monitor *m, const struct policy *p,
		   long long now_ms)
{
	static const char *const comm[] = {[MONITOR_NEW] = "not yet contacted",
					   [MONITOR_OK] = "in contact",
					   [MONITOR_LOST] = "lost"};
	enum ruling r = rules_judge(m, p, now_ms);

	buffer_appendf(b, "UPS %s (%s, power value %ld): status [", m->system,
		       m->primary ? "primary" : "secondary", m->power);
	append_flags(b, m);
	buffer_appendf(b, "], %s, last heard %lld s ago", comm[m->comm],
		       (now_ms - m->heard_ms) / 1000);
	if (m->charge >= 0)
		buffer_appendf(b, ", charge %.0f %%", m->charge);
	if (m->runtime >= 0)
		buffer_appendf(b, ", runtime %.0f s", m->runtime);
	if (m->ob_ms != MONITOR_NEVER)
		buffer_appendf(b, ", on battery for %lld s", (now_ms - m->ob_ms) / 1000);
	if (m->low_ms != MONITOR_NEVER)
		buffer_appendf(b, ", low for %lld s", (now_ms - m->low_ms) / 1000);
	if (m->off_ms != MONITOR_NEVER)
		buffer_appendf(b, ", off for %lld s", (now_ms - m->off_ms) / 1000);
	buffer_appendf(b, ": %s: %s", rule_is_critical(r) ? "CRITICAL" : "counts", rule_text(r));
}
