/*
 * engine_keep: what is known goes into memory that outlives this process, a
 * moment after each change, so that a child that is started in place of a dead
 * one goes on where that ended: timers run on, nobody is told twice, and a UPS
 * that was on battery still is.
 */
#include "config.h"

#include <string.h>

#include "clients/upsmon/engine_impl.h"
#include "clients/upsmon/keep.h"
#include "common/base/clock.h"

static const char token[] = "keep";

enum {
	KEEP_MS = 200,       /* how long a change may wait to be written */
	LONG_AGO_MS = 10000, /* what is older is from another time */
};

static void write_now(void *arg)
{
	struct engine *e = arg;
	struct buffer text = {0};
	int err;

	e->keep_waits = false;
	e->kept_ms = clock_ms();
	brain_save(e->brain, &text, e->now_ms);
	err = keep_write(e->options.ends->keep, &text, clock_boot_ms());
	buffer_free(&text);
	if (err)
		log_warn_errno(token, err, "what is known is not kept for another process");
}

bool engine_keep_init(struct engine *e)
{
	if (!e->options.ends || e->options.ends->keep < 0)
		return true;
	e->keeper = loop_timer_new(e->loop, write_now, e);
	return e->keeper != NULL;
}

void engine_keep_free(struct engine *e)
{
	loop_timer_free(e->keeper);
}

/* The first change is kept at once, those that follow on its heels together. */
void engine_keep_soon(struct engine *e)
{
	long long passed_ms = clock_ms() - e->kept_ms;

	if (!e->keeper || e->keep_waits || e->stopping)
		return;
	e->keep_waits = true;
	loop_timer_set(e->keeper, passed_ms >= KEEP_MS ? 0 : KEEP_MS - passed_ms);
}

void engine_keep_restore(struct engine *e)
{
	struct buffer text = {0};
	long long written_ms, passed_ms;

	if (e->options.ends->keep < 0 || !keep_read(e->options.ends->keep, &text, &written_ms)) {
		log_notice(token, "nothing is known of what was before: begins anew");
		brain_begin(e->brain, e->now_ms);
		buffer_free(&text);
		return;
	}
	passed_ms = clock_boot_ms() - written_ms;
	log_notice(token, "goes on where another process ended %lld ms ago", passed_ms);
	brain_restore(e->brain, buffer_string(&text), passed_ms, e->now_ms);
	buffer_free(&text);
	if (passed_ms > LONG_AGO_MS)
		engine_forget(e, passed_ms, true);
}
