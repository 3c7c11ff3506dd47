#include "config.h"

#include "drivers/core/compose.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/ups/status.h"

void compose_free(struct compose *c)
{
	buffer_free(&c->status);
	buffer_free(&c->alarm);
}

static void add(struct buffer *b, const char *text)
{
	if (!*text)
		return;
	if (b->len > 0)
		buffer_append_char(b, ' ');
	buffer_append_str(b, text);
}

void compose_status_begin(struct compose *c)
{
	buffer_clear(&c->status);
	c->has_status = true;
}

void compose_status_add(struct compose *c, const char *words)
{
	c->has_status = true;
	add(&c->status, words);
}

void compose_forget(struct compose *c)
{
	buffer_clear(&c->status);
	buffer_clear(&c->alarm);
	c->has_status = c->alarm_published = c->has_charge = false;
}

void compose_alarm_begin(struct compose *c)
{
	buffer_clear(&c->alarm);
}

void compose_alarm_add(struct compose *c, const char *text)
{
	add(&c->alarm, text);
}

/* A variable's whole part, as upsd's clients see it too. */
static bool get_long(const struct state *s, const char *name, long *out)
{
	const char *text = state_get(s, name);
	double number;

	if (!text || !str_to_double(text, &number) || number < -1e9 || number > 1e9)
		return false;
	*out = (long)number;
	return true;
}

static bool is_below(const struct state *s, const char *name, const char *limit_name)
{
	long value, limit;

	return get_long(s, name, &value) && get_long(s, limit_name, &limit) && value < limit;
}

static bool is_low(const struct state *s)
{
	return is_below(s, "battery.charge", "battery.charge.low") ||
	       is_below(s, "battery.runtime", "battery.runtime.low");
}

static bool has_pair(const struct state *s, const char *name, const char *limit_name)
{
	long value;

	return get_long(s, name, &value) && get_long(s, limit_name, &value);
}

bool compose_can_judge_lb(const struct state *s)
{
	return has_pair(s, "battery.charge", "battery.charge.low") ||
	       has_pair(s, "battery.runtime", "battery.runtime.low");
}

/* What the charge's course tells.  A change of the power source starts it anew. */
static enum compose_trend follow_charge(struct compose *c, const struct state *s, bool on_battery,
					long long now_ms)
{
	long charge;

	if (!get_long(s, "battery.charge", &charge)) {
		c->has_charge = false;
		c->trend = COMPOSE_STEADY;
		return COMPOSE_STEADY;
	}
	if (!c->has_charge || on_battery != c->was_on_battery) {
		c->trend = COMPOSE_STEADY;
	} else if (charge != c->charge) {
		c->trend = charge > c->charge ? COMPOSE_RISING : COMPOSE_FALLING;
		c->trend_ms = now_ms;
	} else if (now_ms - c->trend_ms > COMPOSE_TREND_MS) {
		c->trend = COMPOSE_STEADY;
	}
	c->has_charge = true;
	c->charge = charge;
	c->was_on_battery = on_battery;
	return charge >= 0 && charge < 100 ? c->trend : COMPOSE_STEADY;
}

static void add_trend(struct compose *c, const struct state *s, struct status_text *words,
		      long long now_ms)
{
	enum compose_trend trend = follow_charge(c, s, status_text_has(words, "OB"), now_ms);

	if (status_text_has(words, "CHRG") || status_text_has(words, "DISCHRG"))
		return;
	if (trend == COMPOSE_RISING)
		status_text_add(words, "CHRG");
	else if (trend == COMPOSE_FALLING)
		status_text_add(words, "DISCHRG");
}

static void commit_status(struct compose *c, struct state *s, const struct compose_rules *rules,
			  long long now_ms)
{
	const char *given = buffer_string(&c->status);
	struct status_text words = {0};

	/* What was recorded is served as it was recorded, the order of its words included. */
	if (rules->verbatim && !rules->ignorelb && c->alarm.len == 0) {
		state_set(s, "ups.status", given);
		return;
	}
	status_text_add(&words, given);
	if (rules->ignorelb)
		status_text_remove(&words, "LB");
	if (rules->ignorelb && is_low(s))
		status_text_add(&words, "LB");
	if (!rules->verbatim)
		add_trend(c, s, &words, now_ms);
	if (c->alarm.len > 0)
		status_text_add(&words, "ALARM");
	state_set(s, "ups.status", status_text_string(&words));
	status_text_free(&words);
}

void compose_commit(struct compose *c, struct state *s, const struct compose_rules *rules,
		    long long now_ms)
{
	bool alarm = c->alarm.len > 0, had_alarm = c->alarm_published;

	if (alarm) {
		state_set(s, "ups.alarm", buffer_string(&c->alarm));
		c->alarm_published = true;
	} else if (c->alarm_published) {
		state_delete(s, "ups.alarm");
		c->alarm_published = false;
	}
	if (c->has_status)
		commit_status(c, s, rules, now_ms);
	else if (!rules->verbatim && alarm)
		state_set(s, "ups.status", "ALARM");
	else if (!rules->verbatim && had_alarm)
		state_delete(s, "ups.status");
}
