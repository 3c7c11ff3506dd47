/*
 * cloneplan: when the clone of a UPS shuts down the computers on its outlet, cuts
 * the outlet off, and switches it on again.  Decides; orders and clock are the
 * caller's.
 *
 *  - While on battery below a limit, or told to, FSD stands for the time of
 *    `offdelay`.  Then the outlet is to be cut.  Once FSD was said it stays until
 *    then, whatever the power does: the computers are on their way down.
 *  - An outlet is never cut without that warning: when the order could not be
 *    given in time, because nothing was heard of the source, the time begins anew.
 *  - An outlet that cannot be cut keeps FSD until the power has been back for
 *    `ondelay`.
 *  - A cut outlet is switched on when the power has been back for `ondelay`, unless
 *    it was to stay off.
 */
#ifndef DRIVERS_VIRTUAL_CLONEPLAN_H
#define DRIVERS_VIRTUAL_CLONEPLAN_H

#include <stdbool.h>

enum cloneplan_order { CLONEPLAN_NOTHING, CLONEPLAN_CUT, CLONEPLAN_SWITCH_ON };

enum cloneplan_phase {
	CLONEPLAN_IDLE,
	CLONEPLAN_WARNING,  /* FSD; the time to the cut runs */
	CLONEPLAN_CUTTING,  /* FSD; the order was given */
	CLONEPLAN_HOLDING,  /* FSD; it cannot be cut */
	CLONEPLAN_OFF,      /* cut, to be switched on when the power is back */
	CLONEPLAN_STARTING, /* that order was given */
};

struct cloneplan {
	/* set by the owner; the delays may change at any time */
	long offdelay_s, ondelay_s;
	bool can_cut, can_switch_on; /* there is an order for it */
	bool watched;                /* the source tells of the outlet's state */

	/* private */
	enum cloneplan_phase phase;
	bool stay_off;
	bool outlet_off;   /* as far as is known */
	bool unheard;      /* the source was not fresh while the time ran out */
	bool asked;        /* an answer is awaited */
	unsigned order;    /* to which order */
	unsigned failures; /* orders that failed */
	long long due_ms;
};

/* What the source says now. */
struct cloneplan_view {
	long long now_ms;
	bool fresh; /* without it the rest means nothing */
	bool on_line, on_battery, calibrating;
	bool low; /* below a limit of the clone */
	bool outlet_known, outlet_on;
};

/* Somebody wants the shutdown; it begins now if it has not yet. */
void cloneplan_shut_down(struct cloneplan *p, long long now_ms, bool stay_off);

/* Once a second and at news.  Returns what is to be ordered now; cloneplan_answer() with `order`
 * as it is then is to follow in any case. */
enum cloneplan_order cloneplan_step(struct cloneplan *p, const struct cloneplan_view *v);
void cloneplan_answer(struct cloneplan *p, unsigned order, bool done, long long now_ms);

/* The load was switched by somebody's direct order. */
void cloneplan_switched(struct cloneplan *p, bool on);

bool cloneplan_fsd(const struct cloneplan *p);
bool cloneplan_off(const struct cloneplan *p);

/* Whole seconds to go, -1 if it does not run. */
long cloneplan_shutdown_timer(const struct cloneplan *p, long long now_ms);
long cloneplan_start_timer(const struct cloneplan *p, long long now_ms);

#endif
