/*
 * The life of the link to the device: open, poll, lose, open again.  Everything
 * here runs on the main stack; callbacks of the loop only set what is due.
 */
#include "config.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/str.h"
#include "drivers/core/core.h"

enum {
	RETRY_FIRST_MS = 500,
	RETRY_LONGEST_MS = 30 * 1000,
	STALE_AFTER_POLLS = 3,  /* failed in a row */
	LOST_AFTER_POLLS = 10,  /* then the link is given up, whatever the driver thinks of it */
	STALE_AFTER_MS = 15000, /* without a good transfer, polls of any length aside */
};

/* ---------------------------------------------------------------------------- waiting */

struct loop *core_loop(struct core *c)
{
	return c->loop;
}

static void turn(struct core *c, long long ms)
{
	if (ms > 60 * 1000)
		ms = 60 * 1000;
	if (loop_turn(c->loop, ms > 0 ? (int)ms : 0) == 0)
		return;
	log_error("core", "the event loop failed");
	core_end(c, 1);
}

bool core_wait(struct core *c, int ms)
{
	long long end = clock_ms() + ms;

	do {
		if (!c->ending)
			turn(c, end - clock_ms());
	} while (!c->ending && clock_ms() < end);
	return !c->ending;
}

bool core_wait_for(struct core *c, const bool *done, int ms)
{
	long long end = clock_ms() + ms;

	while (!c->ending && !*done && clock_ms() < end)
		turn(c, end - clock_ms());
	return !c->ending;
}

void core_poll_now(struct core *c)
{
	if (c->open)
		c->next_ms = clock_ms();
}

void core_open_now(struct core *c)
{
	c->open_soon = c->open;
	if (c->open)
		return;
	backoff_reset(&c->backoff);
	c->next_ms = clock_ms();
}

void core_end(struct core *c, int status)
{
	if (!c->ending)
		c->exit_status = status;
	c->ending = true;
}

void core_finish(struct core *c, bool well)
{
	core_end(c, well ? 0 : 1);
}

/* -------------------------------------------------------------------------- freshness */

static void set_stale(struct core *c, const char *why)
{
	loop_timer_cancel(c->staleness);
	if (state_set_fresh(c->state, false) == STATE_CHANGED)
		log_warn("core", "the data of %s are stale: %s", c->cli->ups, why);
}

static void on_staleness(void *arg)
{
	set_stale(arg, "no good reading for a while");
}

void core_alive(struct core *c)
{
	long long limit = 3000LL * settings_long(c->settings, "pollinterval", 2);

	loop_timer_set(c->staleness, limit > STALE_AFTER_MS ? limit : STALE_AFTER_MS);
}

/* ------------------------------------------------------------------------------ start */

static void on_patience_gone(void *arg)
{
	struct core *c = arg;

	log_error("core", "the device of %s was not reached in time (maxstartdelay): giving up",
		  c->cli->ups);
	core_end(c, 1);
}

void machine_limit_start(struct core *c, long seconds)
{
	if (seconds >= 0)
		loop_timer_set(c->patience, seconds * 1000LL);
}

bool machine_begin(struct core *c)
{
	c->backoff = (struct backoff){RETRY_FIRST_MS, RETRY_LONGEST_MS, 0};
	c->next_ms = clock_ms();
	c->staleness = loop_timer_new(c->loop, on_staleness, c);
	c->patience = loop_timer_new(c->loop, on_patience_gone, c);
	return c->staleness && c->patience;
}

/* The one who started us in the background may go on. */
static void tell_starter(struct core *c)
{
	if (c->starter < 0)
		return;
	log_to_stderr(false);
	daemon_ready(c->starter);
	c->starter = -1;
}

/* ----------------------------------------------------------------------------- opening */

static void log_retry(struct core *c, int pause_ms)
{
	long every = settings_long(c->settings, "reconnect_report_freq", -1);

	/* Who only looks, or cuts the power, does not try for long. */
	if (c->tries == 1 && c->service)
		log_notice("core", "%s is not reached; trying again with pauses of up to %d s",
			   c->cli->ups, RETRY_LONGEST_MS / 1000);
	else if (every > 0 && c->tries % (unsigned long)every == 0)
		log_notice("core", "%s is still not reached after %u tries", c->cli->ups, c->tries);
	log_debug(1, "core", "try %u failed, the next one in %d ms", c->tries, pause_ms);
}

static void open_failed(struct core *c)
{
	long most = settings_long(c->settings, "reconnect_max_tries", -1);
	int pause_ms = backoff_next(&c->backoff);

	c->tries++;
	if (c->reached && most >= 0 && c->tries >= (unsigned long)most) {
		log_error("core",
			  "%s was not reached again in %u tries (reconnect_max_tries): ending",
			  c->cli->ups, c->tries);
		core_end(c, 1);
		return;
	}
	log_retry(c, pause_ms);
	c->next_ms = clock_ms() + pause_ms;
}

static void opened(struct core *c)
{
	if (c->tries > 0 || c->reached)
		log_notice("core", "%s is reached %s", c->cli->ups, c->reached ? "again" : "now");
	/* Only a driver that stays; -k above all takes no risk. */
	if (!c->reached && c->service)
		confine_enter(c);
	c->open = true;
	c->open_soon = false;
	c->reached = true;
	c->tries = 0;
	c->failures = 0;
	c->next_ms = clock_ms();
	/* Who only looks (-d) wants a reading, too, in that time. */
	if (c->service)
		loop_timer_cancel(c->patience);
}

static void try_open(struct core *c)
{
	enum driver_result r;

	publish_driver_state(c, c->reached ? "reconnect.trying" : "init.device");
	r = c->driver->open(c);
	if (r == DRIVER_OK) {
		opened(c);
	} else if (r == DRIVER_FATAL && !c->ending) {
		log_error("core", "%s cannot be served with this configuration", c->cli->ups);
		core_end(c, 1);
	} else if (!c->ending) {
		open_failed(c);
	}
}

bool machine_open(struct core *c, long seconds)
{
	long long end = clock_ms() + seconds * 1000LL;

	while (!c->open && !c->ending) {
		try_open(c);
		if (c->open || clock_ms() >= end || !core_wait(c, RETRY_FIRST_MS))
			break;
	}
	return c->open;
}

static void close_device(struct core *c)
{
	if (c->open && c->driver->close)
		c->driver->close(c);
	c->open = false;
}

/* ----------------------------------------------------------------------------- polling */

static void lose(struct core *c)
{
	close_device(c);
	if (c->ending)
		return;
	set_stale(c, "the device is lost");
	if (settings_long(c->settings, "reconnect_max_tries", -1) == 0) {
		log_error("core", "%s is lost (reconnect_max_tries is 0): ending", c->cli->ups);
		core_end(c, 1);
		return;
	}
	/* It may be back already, while nobody had noticed yet that it was gone. */
	if (c->open_soon)
		backoff_reset(&c->backoff);
	c->open_soon = false;
	c->next_ms = clock_ms() + backoff_next(&c->backoff);
}

/* LB would never come: that has to be noticed when it is configured, not when the battery is low.
 */
static bool check_ignorelb(struct core *c)
{
	if (c->had_reading || !settings_flag(c->settings, "ignorelb") ||
	    compose_can_judge_lb(c->state))
		return true;
	log_error("core",
		  "ignorelb: %s has neither battery.charge with battery.charge.low nor "
		  "battery.runtime with battery.runtime.low; set one with default. or override.",
		  c->cli->ups);
	core_end(c, 1);
	return false;
}

static void good_reading(struct core *c)
{
	if (!check_ignorelb(c))
		return;
	c->failures = 0;
	c->had_reading = true;
	loop_timer_cancel(c->patience);
	backoff_reset(&c->backoff);
	publish_reading(c);
	if (state_set_fresh(c->state, true) == STATE_CHANGED)
		log_debug(1, "core", "the data of %s are fresh", c->cli->ups);
	core_alive(c);
}

static void bad_reading(struct core *c)
{
	c->failures++;
	log_debug(1, "core", "poll failed, %u in a row", c->failures);
	if (c->failures >= STALE_AFTER_POLLS)
		set_stale(c, "its polls fail");
	if (c->failures < LOST_AFTER_POLLS)
		return;
	log_warn("core", "%u polls of %s failed in a row: opening it anew", c->failures,
		 c->cli->ups);
	lose(c);
}

static void poll_device(struct core *c)
{
	long long begin = clock_ms();
	enum driver_result r;

	/* First, so that core_poll_now() from inside the poll counts. */
	c->next_ms = begin + 1000LL * settings_long(c->settings, "pollinterval", 2);
	r = c->driver->poll(c);
	c->polls++;
	if (c->ending)
		return;
	if (r == DRIVER_OK)
		good_reading(c);
	else if (r == DRIVER_STALE)
		set_stale(c, "so its source says");
	else if (r == DRIVER_FAILED)
		bad_reading(c);
	else
		lose(c);
	if (!c->ending)
		tell_starter(c);
}

void machine_step(struct core *c)
{
	long long left = c->next_ms - clock_ms();

	if (c->queue.count > 0)
		commands_run_next(c);
	else if (left > 0)
		turn(c, left);
	else if (c->open)
		poll_device(c);
	else
		try_open(c);
	/* However busy the device keeps us, the others get their turn. */
	if (left <= 0 && !c->ending)
		turn(c, 0);
}

void machine_end(struct core *c)
{
	close_device(c);
	loop_timer_free(c->staleness);
	loop_timer_free(c->patience);
}
