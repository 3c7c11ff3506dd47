#include "config.h"

#include "clients/upsmon/brain/monitor.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/ups/state.h"
#include "common/ups/status.h"

enum { LINE_BITS = STATUS_OL | STATUS_OB };

static const struct {
	uint32_t bit;
	enum notice begins, ends;
} condition_rows[] = {
	{STATUS_CAL, NOTICE_CAL, NOTICE_NOTCAL},
	{STATUS_OFF, NOTICE_OFF, NOTICE_NOTOFF},
	{STATUS_BYPASS, NOTICE_BYPASS, NOTICE_NOTBYPASS},
	{STATUS_ECO, NOTICE_ECO, NOTICE_NOTECO},
	{STATUS_OVER, NOTICE_OVER, NOTICE_NOTOVER},
	{STATUS_TRIM, NOTICE_TRIM, NOTICE_NOTTRIM},
	{STATUS_BOOST, NOTICE_BOOST, NOTICE_NOTBOOST},
};

enum { CONDITIONS = sizeof(condition_rows) / sizeof(condition_rows[0]) };

bool monitor_init(struct monitor *m, const char *system, long power, bool primary, long long now_ms)
{
	*m = (struct monitor){
		.system = str_dup(system),
		.power = power,
		.primary = primary,
		.heard_ms = now_ms,
		.noncrit_ms = now_ms,
		.off_ms = MONITOR_NEVER,
		.over_ms = MONITOR_NEVER,
		.ob_ms = MONITOR_NEVER,
		.limits = {-1, -1, -1},
		.charge = -1,
		.runtime = -1,
		.low_ms = MONITOR_NEVER,
		.replace_ms = MONITOR_NEVER,
		.nocomm_ms = MONITOR_NEVER,
	};
	return m->system != NULL;
}

void monitor_done(struct monitor *m)
{
	free(m->system);
	free(m->alarm);
	buffer_free(&m->others);
	memset(m, 0, sizeof(*m));
}

static void tell(struct monitor *m, const struct monitor_ear *ear, enum notice n, const char *extra)
{
	ear->tell(ear->arg, m, n, extra);
}

static bool seconds_passed(long long since_ms, long long now_ms, long seconds)
{
	return now_ms - since_ms >= (long long)seconds * 1000;
}

/* ---------------------------------------------------------------- timers */

static void track(long long *since_ms, bool holds, long long now_ms)
{
	if (!holds)
		*since_ms = MONITOR_NEVER;
	else if (*since_ms == MONITOR_NEVER)
		*since_ms = now_ms;
}

static bool on_battery_and_low(const struct monitor *m)
{
	return (m->flags & STATUS_OB) && ((m->flags & STATUS_LB) || m->low_assumed);
}

static void track_timers(struct monitor *m, long long now_ms)
{
	track(&m->off_ms, m->flags & STATUS_OFF, now_ms);
	track(&m->over_ms, m->flags & STATUS_OVER, now_ms);
	track(&m->ob_ms, (m->flags & STATUS_OB) && !(m->flags & STATUS_CAL), now_ms);
	/* A calibration runs the battery down on purpose: what it did does not count afterwards. */
	track(&m->low_ms, on_battery_and_low(m) && !(m->flags & STATUS_CAL), now_ms);
}

/* ---------------------------------------------------------------- reading */

static void tell_line(struct monitor *m, uint32_t old, const struct monitor_ear *ear)
{
	if ((m->flags & STATUS_OB) && !(old & STATUS_OB))
		tell(m, ear, NOTICE_ONBATT, NULL);
	if ((m->flags & STATUS_OL) && (old & STATUS_OB))
		tell(m, ear, NOTICE_ONLINE, NULL);
	if ((m->flags & STATUS_LB) && !(old & STATUS_LB))
		tell(m, ear, NOTICE_LOWBATT, NULL);
}

static void tell_ended(struct monitor *m, uint32_t old, const struct monitor_ear *ear)
{
	uint32_t ended = old & ~m->flags;

	for (size_t i = 0; i < CONDITIONS; i++) {
		if (ended & condition_rows[i].bit)
			tell(m, ear, condition_rows[i].ends, NULL);
	}
	if (ended & STATUS_ALARM)
		tell(m, ear, NOTICE_NOTALARM, NULL);
	if (ended & STATUS_FSD)
		m->fsd_told = false;
}

static void tell_begun(struct monitor *m, uint32_t old, const struct monitor_ear *ear)
{
	uint32_t begun = m->flags & ~old;

	for (size_t i = 0; i < CONDITIONS; i++) {
		if (begun & condition_rows[i].bit)
			tell(m, ear, condition_rows[i].begins, NULL);
	}
	if (begun & STATUS_FSD)
		monitor_fsd_set(m, ear);
}

static void tell_replace(struct monitor *m, const struct policy *p, long long now_ms,
			 const struct monitor_ear *ear)
{
	if (!(m->flags & STATUS_RB))
		return;
	if (m->replace_ms != MONITOR_NEVER && !seconds_passed(m->replace_ms, now_ms, p->rbwarn))
		return;
	m->replace_ms = now_ms;
	tell(m, ear, NOTICE_REPLBATT, NULL);
}

static void tell_alarm(struct monitor *m, uint32_t old, const char *text,
		       const struct monitor_ear *ear)
{
	if (!(m->flags & STATUS_ALARM))
		return;
	if (!text || !*text)
		text = "n/a";
	if ((old & STATUS_ALARM) && m->alarm && !strcmp(m->alarm, text))
		return;
	str_replace(&m->alarm, text);
	tell(m, ear, NOTICE_ALARM, text);
}

static void tell_others(struct monitor *m, struct buffer *found, const struct monitor_ear *ear)
{
	struct buffer old = m->others;

	if (!strcmp(buffer_string(&old), buffer_string(found)))
		return;
	m->others = *found;
	*found = old;
	if (m->others.len)
		tell(m, ear, NOTICE_OTHER, buffer_string(&m->others));
	else
		tell(m, ear, NOTICE_NOTOTHER, NULL);
}

static uint32_t parse(const struct monitor_reading *r, struct buffer *others)
{
	uint32_t bits = status_parse(r->status, others);

	return r->eco ? bits | STATUS_ECO : bits;
}

/*
 * A UPS is on line or on battery; a status with neither word leaves that as it
 * was, and one with both is on battery: to be warned in vain is the lesser evil.
 */
static uint32_t settle_line(uint32_t bits, uint32_t old)
{
	uint32_t line = bits & STATUS_OB ? STATUS_OB : bits & STATUS_OL;

	return (bits & ~(uint32_t)LINE_BITS) | (line ? line : old & LINE_BITS);
}

/*
 * The server has a driver, which has no word of the device yet.  That is no
 * sign of life of the device, and at the start no sign of a failure either.
 */
static void await(struct monitor *m, long long now_ms, const struct monitor_ear *ear)
{
	if (m->comm == MONITOR_OK)
		monitor_lose(m, now_ms, ear);
}

static double number_of(const char *text)
{
	double value;

	return text && str_to_double(text, &value) && value >= 0 ? value : -1;
}

void monitor_read(struct monitor *m, const struct policy *p, const struct monitor_reading *r,
		  long long now_ms, const struct monitor_ear *ear)
{
	struct buffer others = {.max = 2 * STATE_MAX_VALUE};
	enum monitor_comm comm = m->comm;
	uint32_t old = m->flags, bits = parse(r, &others);

	if (bits == STATUS_WAIT && !others.len) {
		await(m, now_ms, ear);
		return;
	}
	m->comm = MONITOR_OK;
	m->contacted = true;
	m->flags = settle_line(bits, old);
	m->low_assumed = false;
	m->charge = number_of(r->charge);
	m->runtime = number_of(r->runtime);
	track_timers(m, now_ms);
	monitor_heard(m, now_ms);
	if (comm == MONITOR_LOST)
		tell(m, ear, NOTICE_COMMOK, NULL);
	tell_ended(m, old, ear);
	tell_line(m, old, ear);
	tell_begun(m, old, ear);
	tell_alarm(m, old, r->alarm, ear);
	tell_replace(m, p, now_ms, ear);
	tell_others(m, &others, ear);
	buffer_free(&others);
}

void monitor_heard(struct monitor *m, long long heard_ms)
{
	if (m->comm != MONITOR_OK || heard_ms < m->heard_ms)
		return;
	m->heard_ms = heard_ms;
	if (!on_battery_and_low(m) || (m->flags & STATUS_CAL))
		m->noncrit_ms = heard_ms;
}

void monitor_lose(struct monitor *m, long long now_ms, const struct monitor_ear *ear)
{
	if (m->comm == MONITOR_LOST)
		return;
	m->comm = MONITOR_LOST;
	m->lost_ms = now_ms;
	tell(m, ear, NOTICE_COMMBAD, NULL);
}

/* A UPS that never answered is reported as soon as a second attempt had its time. */
static long long nocomm_ms(const struct monitor *m, const struct policy *p)
{
	long long first =
		m->contacted ? m->heard_ms + p->nocommwarn * 1000LL : m->lost_ms + p->poll * 1000LL;
	/* NOCOMMWARNTIME 0 means at each poll, not at each look. */
	long long again = m->nocomm_ms + (p->nocommwarn > 0 ? p->nocommwarn : p->poll) * 1000LL;

	return m->nocomm_ms != MONITOR_NEVER && again > first ? again : first;
}

long long monitor_due_ms(const struct monitor *m, const struct policy *p)
{
	if (m->comm == MONITOR_NEW)
		return m->heard_ms + p->nocommwarn * 1000LL;
	return m->comm == MONITOR_LOST ? nocomm_ms(m, p) : MONITOR_NEVER;
}

void monitor_tick(struct monitor *m, const struct policy *p, long long now_ms,
		  const struct monitor_ear *ear)
{
	if (m->comm == MONITOR_NEW && seconds_passed(m->heard_ms, now_ms, p->nocommwarn))
		monitor_lose(m, now_ms, ear);
	if (m->comm != MONITOR_LOST)
		return;
	if ((m->flags & STATUS_OB) && seconds_passed(m->heard_ms, now_ms, p->deadtime))
		m->low_assumed = true;
	track_timers(m, now_ms);
	if (now_ms >= nocomm_ms(m, p)) {
		m->nocomm_ms = now_ms;
		tell(m, ear, NOTICE_NOCOMM, NULL);
	}
}

void monitor_forget(struct monitor *m, long long now_ms)
{
	m->flags = 0;
	m->low_assumed = false;
	m->fsd_told = false;
	m->charge = m->runtime = -1;
	m->heard_ms = m->noncrit_ms = m->lost_ms = now_ms;
	track_timers(m, now_ms);
}

void monitor_fsd_set(struct monitor *m, const struct monitor_ear *ear)
{
	if (m->fsd_told)
		return;
	m->fsd_told = true;
	tell(m, ear, NOTICE_FSD, NULL);
}

bool monitor_alert(const struct monitor *m, const struct policy *p)
{
	uint32_t alert = STATUS_OB | STATUS_OFF | STATUS_BYPASS | STATUS_ALARM;

	if (p->over >= 0)
		alert |= STATUS_OVER;
	return m->flags & alert;
}

static bool is_economy(const char *word, size_t len)
{
	static const char *const economy[] = {"ECO", "ESS", "HE", "SMART"};

	for (size_t i = 0; i < sizeof(economy) / sizeof(economy[0]); i++) {
		if (strlen(economy[i]) == len && !strncmp(economy[i], word, len))
			return true;
	}
	return false;
}

bool monitor_buzzwords_eco(const char *buzzwords)
{
	/* Each word after a colon: "vendor:apc:HE vendor:mge:ECO". */
	for (const char *p = buzzwords ? strchr(buzzwords, ':') : NULL; p; p = strchr(p + 1, ':'))
		if (is_economy(p + 1, strcspn(p + 1, ": ")))
			return true;
	return false;
}
