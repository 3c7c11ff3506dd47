#include "config.h"

#include "clients/upsmon/engine_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "common/base/clock.h"
#include "common/base/conffile.h"
#include "common/base/daemon.h"
#include "common/base/str.h"

static const char token[] = "upsmon";

enum {
	TICK_MS = 1000,
	UNWATCHED_MS = 3000, /* of a longer pause no more is counted: we did not watch */
	JUMP_MS = 10000,     /* after a longer one nothing is taken for known any more */
};

/* ---------------------------------------------------------------- deliveries */

static void log_line(const struct delivery *d)
{
	if (d->priority <= LOG_ERR)
		log_error("notify", "%s", d->text);
	else if (d->priority == LOG_WARNING)
		log_warn("notify", "%s", d->text);
	else if (d->priority == LOG_NOTICE)
		log_notice("notify", "%s", d->text);
	else if (d->priority == LOG_INFO)
		log_info("notify", "%s", d->text);
	else
		log_debug(1, "notify", "%s", d->text);
}

void engine_hold_shutdown(struct engine *e, bool hold)
{
	if (e->outbox)
		outbox_hold_shutdown(e->outbox, hold);
	else
		inhibitor_hold_shutdown(e->inhibitor, hold);
}

void engine_deliver(struct engine *e, const struct delivery *d)
{
	if (d->kind == DELIVERY_LOG)
		log_line(d);
	else if (e->outbox)
		outbox_deliver(e->outbox, d);
	else
		courier_deliver(e->courier, d);
}

/* -------------------------------------------------------------------- time */

static void reconnect_all(void *arg)
{
	struct engine *e = arg;

	e->obsolete = false;
	for (size_t i = 0; i < e->count && !e->stopping; i++) {
		if (e->watches[i]->client)
			asyncclient_reconnect(e->watches[i]->client);
	}
}

void engine_forget(struct engine *e, long long gap_ms, bool told)
{
	char text[64];

	str_format(text, sizeof(text), "%lld s", gap_ms / 1000);
	if (told)
		brain_tell(e->brain, NOTICE_SUSPEND_TIMEJUMP_UNEXPECTED, "", text);
	brain_forget(e->brain, e->now_ms);
	e->obsolete = true;
	loop_defer(e->loop, &e->wake, reconnect_all, e);
	engine_touched(e);
}

long long engine_now(struct engine *e)
{
	long long boot = clock_boot_ms();
	long long gap = boot - e->boot_ms;

	e->boot_ms = boot;
	/* A shutdown that has begun goes on with what it knows, and its limits are real ones. */
	if (e->stopping || brain_phase(e->brain) != SHUTDOWN_IDLE) {
		e->now_ms += gap;
		return e->now_ms;
	}
	e->now_ms += gap < UNWATCHED_MS ? gap : UNWATCHED_MS;
	if (gap > JUMP_MS)
		engine_forget(e, gap, !e->asleep);
	return e->now_ms;
}

static void on_due(void *arg)
{
	struct engine *e = arg;

	brain_turn(e->brain, engine_now(e));
	engine_touched(e);
}

static void settle(void *arg)
{
	struct engine *e = arg;
	long long due = brain_due_ms(e->brain);

	if (brain_wants_keeping(e->brain))
		engine_keep_soon(e);
	if (due == MONITOR_NEVER || e->stopping)
		loop_timer_cancel(e->due);
	else
		loop_timer_set(e->due, due > e->now_ms ? due - e->now_ms : 0);
}

void engine_touched(struct engine *e)
{
	loop_defer(e->loop, &e->settle, settle, e);
}

/* ------------------------------------------------------------------- sleep */

static void on_sleep_begins(void *arg)
{
	struct engine *e = arg;

	e->asleep = true;
	brain_tell(e->brain, NOTICE_SUSPEND_STARTING, "", NULL);
	if (e->outbox) {
		outbox_flush(e->outbox);
		outbox_sleep_ready(e->outbox);
	} else {
		inhibitor_release(e->inhibitor);
	}
}

static void on_sleep_ends(void *arg)
{
	struct engine *e = arg;

	engine_now(e);
	e->asleep = false;
	brain_tell(e->brain, NOTICE_SUSPEND_FINISHED, "", NULL);
	engine_forget(e, 0, false);
}

/* ------------------------------------------------------------------ control */

static void on_describe(void *arg, struct buffer *out, bool json)
{
	struct engine *e = arg;

	brain_describe(e->brain, out, json, engine_now(e));
}

static void on_test(void *arg, const char *what, const char *ups, struct buffer *out)
{
	struct engine *e = arg;

	log_notice(token, "a notification is rehearsed by request: %s", what);
	brain_test(e->brain, what, ups, out, engine_now(e));
}

/* People are served as well without it. */
static void start_control(struct engine *e)
{
	static const struct control_ops ops = {.describe = on_describe, .test = on_test};

	if (!e->options.control_path)
		return;
	e->control =
		control_new(e->loop, e->options.control_path, e->options.control_group, &ops, e);
	if (!e->control)
		log_warn_errno(token, errno, "%s: upsmon -c status will not work",
			       e->options.control_path);
}

/* ------------------------------------------------------------------ events */

void engine_stop(struct engine *e)
{
	enum shutdown_phase phase = brain_phase(e->brain);

	if (phase != SHUTDOWN_IDLE && phase != SHUTDOWN_RUN)
		log_warn(token, "told to stop in the middle of a shutdown: SHUTDOWNCMD is not run");
	e->stopping = true;
	brain_stop(e->brain);
	daemon_notify("STOPPING=1");
	loop_stop(e->loop);
}

void engine_user_fsd(struct engine *e)
{
	if (e->stopping || brain_phase(e->brain) != SHUTDOWN_IDLE)
		return;
	log_notice(token, "Signal %d: User requested FSD", SIGUSR1);
	brain_force(e->brain, "asked for by hand (upsmon -c fsd)", engine_now(e));
	engine_touched(e);
}

void engine_tick(struct engine *e)
{
	if (e->stopping)
		return;
	engine_now(e);
	for (size_t i = 0; i < e->count; i++)
		watch_tick(e->watches[i]);
	brain_turn(e->brain, e->now_ms);
	engine_touched(e);
}

static void tick(void *arg)
{
	struct engine *e = arg;

	loop_timer_set(e->ticker, TICK_MS);
	engine_tick(e);
}

static void on_stop(void *arg)
{
	log_info(token, "Signal received: exiting");
	engine_stop(arg);
}

static void on_reload(void *arg)
{
	engine_reload(arg);
}

static void on_fsd(void *arg)
{
	engine_user_fsd(arg);
}

/* -------------------------------------------------------------------- life */

static bool watch_signals(struct engine *e)
{
	static const struct {
		int signo;
		loop_fn *fn;
	} rows[] = {
		{SIGTERM, on_stop},  {SIGINT, on_stop}, {SIGQUIT, on_stop},
		{SIGHUP, on_reload}, {SIGUSR1, on_fsd},
	};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		e->signals[i] = loop_signal_new(e->loop, rows[i].signo, rows[i].fn, e);
		if (!e->signals[i])
			return false;
	}
	return true;
}

static int open_configured(void *opener, const char *path)
{
	return opener_open(opener, path);
}

/* A process of its own delivers, and looks names up. */
static bool use_notifier(struct engine *e)
{
	static const struct outbox_ops ops = {.sleep_begins = on_sleep_begins,
					      .sleep_ends = on_sleep_ends};
	const struct parent_ends *ends = e->options.ends;

	e->outbox = outbox_new(e->loop, &ops, e);
	e->resolver = resolver_new_remote(e->loop);
	if (!e->outbox || !e->resolver)
		return false;
	if (ends->link >= 0)
		outbox_link(e->outbox, ends->link);
	if (ends->names >= 0)
		resolver_link(e->resolver, ends->names);
	log_set_syslog(outbox_log, e->outbox);
	return true;
}

static bool use_opener(struct engine *e)
{
	e->opener = opener_new_remote(e->options.files, e->options.ends->opener);
	conffile_set_open(open_configured, e->opener);
	return e->opener != NULL;
}

static bool stand_alone(struct engine *e)
{
	static const struct inhibitor_ops ops = {.sleep_begins = on_sleep_begins,
						 .sleep_ends = on_sleep_ends};

	e->courier = courier_new(e->loop);
	e->resolver = resolver_new(e->loop);
	e->inhibitor = inhibitor_new(e->loop, &ops, e);
	return e->courier && e->resolver && e->inhibitor;
}

static bool set_up(struct engine *e)
{
	e->loop = loop_new();
	if (!e->loop)
		return false;
	e->brain = brain_new(&engine_acts, e, e->now_ms);
	e->ticker = loop_timer_new(e->loop, tick, e);
	e->due = loop_timer_new(e->loop, on_due, e);
	if (!e->brain || !e->ticker || !e->due || !watch_signals(e) || !engine_end_init(e) ||
	    !engine_keep_init(e) || !loop_watchdog(e->loop, e->options.watchdog_ms))
		return false;
	if (e->options.ends && !use_opener(e))
		return false;
	return e->options.ends && e->options.ends->notifier ? use_notifier(e) : stand_alone(e);
}

struct engine *engine_new(const struct engine_options *o, struct upsmon_conf *conf)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (e) {
		e->options = *o;
		e->boot_ms = clock_boot_ms();
		e->ordered = -1;
	}
	if (!e || !set_up(e) || !engine_adopt_conf(e, conf)) {
		log_error(token,
			  "cannot start: see above, or no memory, files or processes are left");
		engine_free(e);
		return NULL;
	}
	if (o->ends && o->ends->again)
		engine_keep_restore(e);
	else
		brain_begin(e->brain, e->now_ms);
	start_control(e);
	loop_timer_set(e->ticker, TICK_MS);
	engine_touched(e);
	return e;
}

int engine_run(struct engine *e)
{
	int result;

	engine_say_ready(e);
	daemon_notify("READY=1");
	result = loop_run(e->loop);
	if (result != 0 && !e->stopping) {
		log_error(token, "the event loop failed");
		return 1;
	}
	e->stopping = true;
	engine_say_bye(e);
	if (e->outbox)
		outbox_flush(e->outbox);
	return 0;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	e->stopping = true;
	loop_defer_cancel(&e->wake);
	loop_defer_cancel(&e->settle);
	control_free(e->control);
	for (size_t i = 0; i < e->count; i++)
		watch_free(e->watches[i]);
	free(e->watches);
	brain_free(e->brain);
	engine_end_free(e);
	engine_keep_free(e);
	for (size_t i = 0; i < sizeof(e->signals) / sizeof(e->signals[0]); i++)
		if (e->signals[i])
			loop_signal_free(e->signals[i]);
	loop_timer_free(e->ticker);
	loop_timer_free(e->due);
	courier_free(e->courier);
	inhibitor_free(e->inhibitor);
	log_set_syslog(NULL, NULL);
	conffile_set_open(NULL, NULL);
	outbox_free(e->outbox);
	opener_free(e->opener);
	if (e->resolver)
		resolver_free(e->resolver);
	if (e->loop)
		loop_free(e->loop);
	upsmon_conf_free(&e->conf);
	free(e);
}
