#include "config.h"

#include "clients/upsmon/engine_impl.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/daemon.h"
#include "common/base/str.h"

static const char token[] = "upsmon";

enum {
	TICK_MS = 1000,
	UNWATCHED_MS = 3000, /* of a longer pause no more is counted: we did not watch */
	JUMP_MS = 10000,     /* after a longer one nothing is taken for known any more */
};

void engine_tell(struct engine *e, enum notice n, const char *ups, const char *extra)
{
	actions_notify(e->actions, &e->conf, n, ups, extra);
}

/* -------------------------------------------------------------------- time */

static void reconnect_all(void *arg)
{
	struct engine *e = arg;

	for (size_t i = 0; i < e->count && !e->stopping; i++) {
		if (e->watches[i]->client)
			asyncclient_reconnect(e->watches[i]->client);
	}
}

/* What we knew is from another time: begin anew, and ask everybody again. */
static void forget_all(struct engine *e, long long gap_ms)
{
	char text[64];

	str_format(text, sizeof(text), "%lld s", gap_ms / 1000);
	engine_tell(e, NOTICE_SUSPEND_TIMEJUMP_UNEXPECTED, "", text);
	for (size_t i = 0; i < e->count; i++)
		monitor_forget(&e->watches[i]->monitor, e->now_ms);
	loop_defer(e->loop, &e->wake, reconnect_all, e);
}

long long engine_now(struct engine *e)
{
	long long boot = clock_boot_ms();
	long long gap = boot - e->boot_ms;

	e->boot_ms = boot;
	/* A shutdown that has begun goes on with what it knows, and its limits are real ones. */
	if (e->stopping || e->shutdown.phase != SHUTDOWN_IDLE) {
		e->now_ms += gap;
		return e->now_ms;
	}
	e->now_ms += gap < UNWATCHED_MS ? gap : UNWATCHED_MS;
	if (gap > JUMP_MS)
		forget_all(e, gap);
	return e->now_ms;
}

/* --------------------------------------------------------------- decisions */

static void log_why(struct engine *e, const struct watch *w, const char *what)
{
	struct buffer b = {.max = 4096};

	rules_explain(&b, &w->monitor, &e->conf.policy, e->now_ms);
	log_notice("why", "%s%s", what, buffer_string(&b));
	buffer_free(&b);
}

static void note_changes(struct engine *e)
{
	for (size_t i = 0; i < e->count; i++) {
		struct watch *w = e->watches[i];
		bool critical =
			rule_is_critical(rules_judge(&w->monitor, &e->conf.policy, e->now_ms));

		if (critical != w->critical)
			log_why(e, w, "");
		w->critical = critical;
	}
}

void engine_decide(struct engine *e)
{
	struct verdict v;

	if (e->stopping || e->shutdown.phase != SHUTDOWN_IDLE)
		return;
	engine_now(e);
	note_changes(e);
	v = rules_decide(e->monitors, e->count, &e->conf.policy, e->now_ms);
	if (!v.shutdown)
		return;
	log_error("why", "shutdown: power value %ld is left, MINSUPPLIES is %ld", v.have, v.need);
	for (size_t i = 0; i < e->count; i++)
		log_why(e, e->watches[i], "shutdown: ");
	engine_begin_shutdown(e);
}

/* ------------------------------------------------------------------ events */

void engine_stop(struct engine *e)
{
	if (e->shutdown.phase != SHUTDOWN_IDLE && e->shutdown.phase != SHUTDOWN_RUN)
		log_warn(token, "told to stop in the middle of a shutdown: SHUTDOWNCMD is not run");
	e->stopping = true;
	daemon_notify("STOPPING=1");
	loop_stop(e->loop);
}

void engine_user_fsd(struct engine *e)
{
	if (e->stopping || e->shutdown.phase != SHUTDOWN_IDLE)
		return;
	log_notice(token, "Signal %d: User requested FSD", SIGUSR1);
	log_error("why", "shutdown: asked for by hand (upsmon -c fsd)");
	engine_begin_shutdown(e);
}

void engine_tick(struct engine *e)
{
	if (e->stopping)
		return;
	engine_now(e);
	for (size_t i = 0; i < e->count; i++)
		watch_tick(e->watches[i]);
	engine_decide(e);
}

static void tick(void *arg)
{
	struct engine *e = arg;

	loop_timer_set(e->ticker, TICK_MS);
	engine_tick(e);
}

static void feed_watchdog(void *arg)
{
	struct engine *e = arg;

	daemon_notify("WATCHDOG=1");
	loop_timer_set(e->watchdog, e->options.watchdog_ms);
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

static bool set_up(struct engine *e)
{
	e->loop = loop_new();
	if (!e->loop)
		return false;
	e->resolver = resolver_new(e->loop);
	e->actions = actions_new(e->loop);
	e->ticker = loop_timer_new(e->loop, tick, e);
	e->watchdog = loop_timer_new(e->loop, feed_watchdog, e);
	return e->resolver && e->actions && e->ticker && e->watchdog && watch_signals(e) &&
	       engine_end_init(e);
}

struct engine *engine_new(const struct engine_options *o, struct upsmon_conf *conf)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (e) {
		e->options = *o;
		e->boot_ms = clock_boot_ms();
	}
	if (!e || !set_up(e) || !engine_adopt_conf(e, conf)) {
		log_error(token, "cannot start: see above, or no memory, files or processes are left");
		engine_free(e);
		return NULL;
	}
	loop_timer_set(e->ticker, TICK_MS);
	if (o->watchdog_ms)
		loop_timer_set(e->watchdog, o->watchdog_ms);
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
	return 0;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	e->stopping = true;
	loop_defer_cancel(&e->wake);
	for (size_t i = 0; i < e->count; i++)
		watch_free(e->watches[i]);
	free(e->watches);
	free(e->monitors);
	engine_end_free(e);
	for (size_t i = 0; i < sizeof(e->signals) / sizeof(e->signals[0]); i++)
		if (e->signals[i])
			loop_signal_free(e->signals[i]);
	loop_timer_free(e->ticker);
	loop_timer_free(e->watchdog);
	actions_free(e->actions);
	if (e->resolver)
		resolver_free(e->resolver);
	if (e->loop)
		loop_free(e->loop);
	upsmon_conf_free(&e->conf);
	free(e);
}
