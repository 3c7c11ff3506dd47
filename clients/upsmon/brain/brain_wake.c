/*
 * brain_wake: after an outage, and after our own start, the machines that
 * WAKEONLAN names are woken, in stages, once power is back and stable: every
 * UPS that feeds us is heard, on line power and not low, for WAKESTABLE
 * seconds, its battery charged to WAKECHARGE.  Power that fails in between
 * begins it all anew.
 */
#include "config.h"

#include "clients/upsmon/brain/brain_impl.h"
#include "common/base/log.h"
#include "common/ups/status.h"

static bool all_is_well(const struct brain *b)
{
	size_t feeding = 0;

	for (size_t i = 0; i < b->count; i++) {
		const struct monitor *m = &b->ups[i].monitor;

		if (!m->power)
			continue;
		feeding++;
		if (m->comm != MONITOR_OK || !(m->flags & STATUS_OL) ||
		    (m->flags & (STATUS_OB | STATUS_LB | STATUS_FSD | STATUS_OFF)))
			return false;
		/* A battery that does not tell is as good as it gets. */
		if (m->charge >= 0 && m->charge < (double)b->conf->policy.wake_charge)
			return false;
	}
	return feeding > 0;
}

void brain_wake_outage(struct brain *b)
{
	b->wake_due = true;
	b->wake_next = 0;
	b->stable_ms = MONITOR_NEVER;
}

static long long due_ms(const struct brain *b)
{
	long long ready = b->stable_ms + b->conf->policy.wake_stable * 1000LL, stage;

	if (!b->wake_next)
		return ready;
	stage = b->wake_first_ms + b->conf->wakes[b->wake_next].after * 1000LL;
	return stage > ready ? stage : ready;
}

static bool is_waiting(const struct brain *b)
{
	return b->wake_due && b->wake_next < b->conf->wake_count && b->stable_ms != MONITOR_NEVER &&
	       b->shutdown.phase == SHUTDOWN_IDLE;
}

long long brain_wake_due_ms(const struct brain *b)
{
	return is_waiting(b) ? due_ms(b) : MONITOR_NEVER;
}

void brain_wake_turn(struct brain *b)
{
	if (!b->wake_due || b->stopped)
		return;
	if (!b->conf->wake_count || !all_is_well(b))
		b->stable_ms = MONITOR_NEVER;
	else if (b->stable_ms == MONITOR_NEVER)
		b->stable_ms = b->now_ms;
	while (is_waiting(b) && due_ms(b) <= b->now_ms) {
		const struct conf_wake *w = &b->conf->wakes[b->wake_next];

		if (!b->wake_next)
			b->wake_first_ms = b->now_ms;
		log_notice("why", "power is back and stable for %lld s: waking %s",
			   (b->now_ms - b->stable_ms) / 1000, w->target);
		b->acts->wake(b->arg, w->target);
		b->wake_next++;
	}
	if (b->conf->wake_count && b->wake_next >= b->conf->wake_count) {
		b->wake_due = false;
		b->wake_next = 0;
	}
}
