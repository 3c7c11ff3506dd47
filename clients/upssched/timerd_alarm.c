/* timerd_alarm: what is due is told to CMDSCRIPT. */
#include "config.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "clients/upssched/script.h"
#include "clients/upssched/timerd_private.h"
#include "common/base/str.h"

static const char token[] = "timers";

enum {
	IDLE_MS = 15000,
	RETRY_MS = 1000,
	LATE_MS = 1000,
	SETTLE_MAX_MS = 10000,
};

/* ----------------------------------------------------------------- scripts */

bool timerd_run_script(struct timerd *d, const char *name, const struct wire_event *event)
{
	pid_t pid;

	if (d->script_count == TIMERD_SCRIPTS_MAX) {
		log_error(token, "%d scripts have not ended, CMDSCRIPT %s cannot be run",
			  TIMERD_SCRIPTS_MAX, name);
		return false;
	}
	pid = script_start(d->conf->script, name, event);
	if (pid < 0)
		return false;
	d->scripts[d->script_count].pid = pid;
	d->scripts[d->script_count++].name = str_dup(name);
	return true;
}

void timerd_on_script_end(void *arg)
{
	struct timerd *d = arg;
	int status = 0;

	for (size_t i = d->script_count; i-- > 0;) {
		char *name = d->scripts[i].name;

		if (waitpid(d->scripts[i].pid, &status, WNOHANG) == 0)
			continue;
		d->scripts[i] = d->scripts[--d->script_count];
		script_log_end(name ? name : "", status);
		free(name);
	}
}

/* ------------------------------------------------------------------ timers */

void timerd_set_alarm(struct timerd *d)
{
	long long due = schedule_due_ms(&d->schedule), now = loop_now_ms(d->loop);

	if (d->held.name) {
		loop_timer_cancel(d->idle);
		if (!loop_timer_pending(d->alarm))
			loop_timer_set(d->alarm, RETRY_MS);
		return;
	}
	if (due < 0) {
		d->settling = false;
		loop_timer_cancel(d->alarm);
		loop_timer_set(d->idle, IDLE_MS);
		return;
	}
	loop_timer_cancel(d->idle);
	if (!d->settling)
		loop_timer_set(d->alarm, due > now ? due - now : 0);
}

/* False: it cannot be run now, and is held until it can. */
static bool run_held(struct timerd *d)
{
	struct wire_event event = {d->held.types, d->held.upses, d->held.messages};

	if (!timerd_run_script(d, d->held.name, d->held.has_event ? &event : NULL))
		return false;
	log_info(token, "Event: %s", d->held.name);
	schedule_due_free(&d->held);
	return true;
}

static void run_due(struct timerd *d, long long now)
{
	if (d->held.name && !run_held(d))
		return;
	while (schedule_expire(&d->schedule, now, &d->held) && run_held(d))
		continue;
}

/*
 * Whoever slept through the moment (this process was stopped, the machine
 * stood still) has slept through what upsmon had to say, too: it may be waiting
 * at the socket that the power is back.
 */
static bool is_to_settle(struct timerd *d, long long now)
{
	long long late = now - schedule_due_ms(&d->schedule);

	if (d->settling || late < LATE_MS)
		return false;
	d->settling = true;
	log_warn(token, "a timer is %lld ms late: first hearing what was said meanwhile", late);
	loop_timer_set(d->alarm, late < SETTLE_MAX_MS ? late : SETTLE_MAX_MS);
	return true;
}

void timerd_on_alarm(void *arg)
{
	struct timerd *d = arg;
	long long now = loop_now_ms(d->loop), due = schedule_due_ms(&d->schedule);

	if (!d->held.name && due >= 0 && due <= now && is_to_settle(d, now))
		return;
	d->settling = false;
	run_due(d, now);
	timerd_set_alarm(d);
}
