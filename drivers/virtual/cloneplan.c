#include "config.h"

#include "drivers/virtual/cloneplan.h"

enum {
	AGAIN_MS = 10 * 1000, /* after an order that failed */
	SHOW_MS = 30 * 1000,  /* for the outlet to show what was done */
	MAX_FAILURES = 3,
};

static long long ms(long seconds)
{
	return seconds * 1000LL;
}

static void enter(struct cloneplan *p, enum cloneplan_phase phase, long long due_ms)
{
	p->phase = phase;
	p->due_ms = due_ms;
	p->unheard = false;
	p->asked = false;
	p->failures = 0;
}

static void begin_warning(struct cloneplan *p, long long now_ms)
{
	enter(p, CLONEPLAN_WARNING, now_ms + ms(p->offdelay_s));
}

static void was_cut(struct cloneplan *p, long long now_ms)
{
	p->outlet_off = true;
	enter(p, p->stay_off ? CLONEPLAN_IDLE : CLONEPLAN_OFF, now_ms + ms(p->ondelay_s));
}

static void was_switched_on(struct cloneplan *p)
{
	p->outlet_off = false;
	enter(p, CLONEPLAN_IDLE, 0);
}

void cloneplan_shut_down(struct cloneplan *p, long long now_ms, bool stay_off)
{
	p->stay_off = stay_off;
	if (p->outlet_off && (p->phase == CLONEPLAN_IDLE || p->phase == CLONEPLAN_OFF))
		was_cut(p, now_ms);
	else if (!cloneplan_fsd(p))
		begin_warning(p, now_ms);
}

void cloneplan_switched(struct cloneplan *p, bool on)
{
	p->outlet_off = !on;
	enter(p, CLONEPLAN_IDLE, 0);
}

/* ----------------------------------------------------------------------------- the phases */

static enum cloneplan_order order(struct cloneplan *p, enum cloneplan_phase phase,
				  enum cloneplan_order what)
{
	p->phase = phase;
	p->asked = true;
	p->order++;
	return what;
}

static enum cloneplan_order step_idle(struct cloneplan *p, const struct cloneplan_view *v)
{
	if (!v->fresh || !v->on_battery || v->calibrating || !v->low || p->outlet_off)
		return CLONEPLAN_NOTHING;
	p->stay_off = false;
	begin_warning(p, v->now_ms);
	return CLONEPLAN_NOTHING;
}

static enum cloneplan_order step_warning(struct cloneplan *p, const struct cloneplan_view *v)
{
	if (!v->fresh) {
		p->unheard = true;
		return CLONEPLAN_NOTHING;
	}
	if (p->unheard && v->now_ms >= p->due_ms)
		begin_warning(p, v->now_ms);
	p->unheard = false;
	if (v->now_ms < p->due_ms)
		return CLONEPLAN_NOTHING;
	if (p->can_cut)
		return order(p, CLONEPLAN_CUTTING, CLONEPLAN_CUT);
	enter(p, CLONEPLAN_HOLDING, v->now_ms + ms(p->ondelay_s));
	return CLONEPLAN_NOTHING;
}

static enum cloneplan_order step_cutting(struct cloneplan *p, const struct cloneplan_view *v)
{
	if (p->asked)
		return CLONEPLAN_NOTHING;
	if (!v->fresh) {
		/* Whoever comes up meanwhile is to be warned. */
		p->phase = CLONEPLAN_WARNING;
		p->due_ms = v->now_ms;
		p->unheard = true;
		return CLONEPLAN_NOTHING;
	}
	if (v->now_ms < p->due_ms)
		return CLONEPLAN_NOTHING;
	if (++p->failures < MAX_FAILURES)
		return order(p, CLONEPLAN_CUTTING, CLONEPLAN_CUT);
	enter(p, CLONEPLAN_HOLDING, v->now_ms + ms(p->ondelay_s));
	return CLONEPLAN_NOTHING;
}

/* Both wait for the power to be back for a while. */
static bool power_is_back(struct cloneplan *p, const struct cloneplan_view *v)
{
	if (!v->fresh || !v->on_line)
		p->due_ms = v->now_ms + ms(p->ondelay_s);
	return v->fresh && v->on_line && v->now_ms >= p->due_ms;
}

static enum cloneplan_order step_holding(struct cloneplan *p, const struct cloneplan_view *v)
{
	if (power_is_back(p, v))
		enter(p, CLONEPLAN_IDLE, 0);
	return CLONEPLAN_NOTHING;
}

static enum cloneplan_order step_off(struct cloneplan *p, const struct cloneplan_view *v)
{
	if (!power_is_back(p, v))
		return CLONEPLAN_NOTHING;
	if (p->can_switch_on)
		return order(p, CLONEPLAN_STARTING, CLONEPLAN_SWITCH_ON);
	/* Nobody could tell us that it was switched on by hand: better warn in vain. */
	if (!p->watched)
		p->outlet_off = false;
	enter(p, CLONEPLAN_IDLE, 0);
	return CLONEPLAN_NOTHING;
}

static enum cloneplan_order step_starting(struct cloneplan *p, const struct cloneplan_view *v)
{
	if (!p->asked && v->now_ms >= p->due_ms)
		enter(p, CLONEPLAN_OFF, v->now_ms + ms(p->ondelay_s));
	return CLONEPLAN_NOTHING;
}

static void look_at_outlet(struct cloneplan *p, const struct cloneplan_view *v)
{
	bool off_before = p->outlet_off;

	if (!v->fresh || !v->outlet_known)
		return;
	p->outlet_off = !v->outlet_on;
	if (p->outlet_off && cloneplan_fsd(p))
		was_cut(p, v->now_ms);
	else if (off_before && !p->outlet_off && !cloneplan_fsd(p))
		was_switched_on(p); /* by us or by others */
}

enum cloneplan_order cloneplan_step(struct cloneplan *p, const struct cloneplan_view *v)
{
	static enum cloneplan_order (*const steps[])(struct cloneplan *,
						     const struct cloneplan_view *) = {
		[CLONEPLAN_IDLE] = step_idle,       [CLONEPLAN_WARNING] = step_warning,
		[CLONEPLAN_CUTTING] = step_cutting, [CLONEPLAN_HOLDING] = step_holding,
		[CLONEPLAN_OFF] = step_off,         [CLONEPLAN_STARTING] = step_starting,
	};

	look_at_outlet(p, v);
	return steps[p->phase](p, v);
}

void cloneplan_answer(struct cloneplan *p, unsigned order, bool done, long long now_ms)
{
	if (!p->asked || order != p->order)
		return;
	p->asked = false;
	p->due_ms = now_ms + (done ? SHOW_MS : AGAIN_MS);
	if (!done || p->watched)
		return;
	if (p->phase == CLONEPLAN_CUTTING)
		was_cut(p, now_ms);
	else
		was_switched_on(p);
}

/* ------------------------------------------------------------------------ what it is now */

bool cloneplan_fsd(const struct cloneplan *p)
{
	return p->phase == CLONEPLAN_WARNING || p->phase == CLONEPLAN_CUTTING ||
	       p->phase == CLONEPLAN_HOLDING;
}

bool cloneplan_off(const struct cloneplan *p)
{
	return p->outlet_off;
}

static long seconds_to(long long due_ms, long long now_ms)
{
	return due_ms > now_ms ? (long)((due_ms - now_ms + 999) / 1000) : 0;
}

long cloneplan_shutdown_timer(const struct cloneplan *p, long long now_ms)
{
	return p->phase == CLONEPLAN_WARNING ? seconds_to(p->due_ms, now_ms) : -1;
}

long cloneplan_start_timer(const struct cloneplan *p, long long now_ms)
{
	if (p->phase == CLONEPLAN_OFF)
		return seconds_to(p->due_ms, now_ms);
	return p->phase == CLONEPLAN_WARNING && !p->stay_off ? p->ondelay_s : -1;
}
