/*
 * engine_end: what the shutdown sequence does, and the link to the privileged
 * parent that does the last of it.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/upsmon/engine_impl.h"
#include "common/base/daemon.h"
#include "common/base/str.h"

static const char token[] = "shutdown";

enum {
	ORPHAN_MS = 120 * 1000,
	DECIDED_MARGIN_S = 5, /* until the parent thinks that we are late */
};

/* -------------------------------------------------------- words to servers */

static void fsd_answered(void *arg, enum netwire_error error, const struct words *reply)
{
	struct watch *w = arg;
	struct engine *e = w->engine;

	if (e->stopping)
		return;
	if (error == NETWIRE_OK && reply)
		watch_fsd_set(w);
	else
		log_error(token, "FSD set on UPS %s failed: %s", w->conf->system,
			  netwire_error_name(error));
	shutdown_fsd_answered(&e->shutdown, engine_now(e));
}

static bool ask_fsd(struct watch *w)
{
	const char *const words[] = {"FSD", w->conf->target.ups};

	return w->client && asyncclient_request(w->client, 2, words, fsd_answered, w);
}

static bool send_fsd(void *arg, size_t i)
{
	struct engine *e = arg;
	struct watch *w = e->primaries[i];

	log_notice(token, "Setting FSD on UPS %s", w->conf->system);
	if (ask_fsd(w))
		return true;
	/* A server that may be there in a moment is worth that moment. */
	w->fsd_waits = w->client && asyncclient_state(w->client) == ASYNCCLIENT_CONNECTING;
	if (!w->fsd_waits)
		log_error(token, "FSD set on UPS %s failed: not connected", w->conf->system);
	return w->fsd_waits;
}

void engine_link_settled(struct watch *w)
{
	struct engine *e = w->engine;

	if (!w->fsd_waits || asyncclient_state(w->client) == ASYNCCLIENT_CONNECTING)
		return;
	w->fsd_waits = false;
	if (ask_fsd(w))
		return;
	log_error(token, "FSD set on UPS %s failed: not connected", w->conf->system);
	shutdown_fsd_answered(&e->shutdown, engine_now(e));
}

/* How many others, of `NUMLOGINS <ups> <n>`; -1 if it says something else. */
static long count_others(const struct watch *w, const struct words *reply)
{
	long logins;

	if (!str_caseequal(words_at(reply, 0), "NUMLOGINS") ||
	    !str_to_long(words_at(reply, 2), 0, 1000000, &logins))
		return -1;
	return asyncclient_logged_in(w->client) ? logins - 1 : logins;
}

static void logins_answered(void *arg, enum netwire_error error, const struct words *reply)
{
	struct watch *w = arg;
	struct engine *e = w->engine;
	long others = error == NETWIRE_OK && reply ? count_others(w, reply) : -1;

	if (e->stopping)
		return;
	log_debug(2, token, "UPS [%s]: %ld others are logged in", w->conf->system, others);
	shutdown_logins_answered(&e->shutdown, others, engine_now(e));
}

static bool ask_logins(void *arg, size_t i)
{
	struct engine *e = arg;
	struct watch *w = e->primaries[i];
	const char *const words[] = {"GET", "NUMLOGINS", w->conf->target.ups};

	return w->client && asyncclient_request(w->client, 3, words, logins_answered, w);
}

/* ----------------------------------------------------------- the last acts */

static void leave(void *arg)
{
	struct engine *e = arg;

	e->stopping = true;
	loop_stop(e->loop);
}

/* The command runs, or cannot: logging out is safe now, for nothing is left to wait for. */
static void leave_as_configured(struct engine *e)
{
	if (e->conf.shutdown_exit == CONF_EXIT_AT_ONCE)
		leave(e);
	else if (e->conf.shutdown_exit > 0)
		loop_timer_set(e->leave, e->conf.shutdown_exit * 1000LL);
}

static void command_ended(void *arg, int status)
{
	if (status)
		log_error(token, "SHUTDOWNCMD failed: this host goes on without power in reserve");
	leave_as_configured(arg);
}

static void execute_here(struct engine *e)
{
	pid_t pid = priv_execute(&e->options.orders);

	if (pid < 0)
		log_errno(token, errno, "Unable to call shutdown command");
	if (pid < 0 || !actions_adopt(e->actions, pid, "SHUTDOWNCMD", command_ended, e))
		leave_as_configured(e);
}

static void execute_without_parent(struct engine *e)
{
	log_error(token, "Unable to call parent pipe for shutdown: the parent is gone; trying "
			 "SHUTDOWNCMD without its privileges");
	execute_here(e);
}

static void execute(void *arg)
{
	struct engine *e = arg;

	daemon_notify("STOPPING=1\nEXTEND_TIMEOUT_USEC=18446744073709551615");
	if (e->options.parent_fd < 0) {
		execute_here(e);
		return;
	}
	e->ordered = e->parent && priv_send(e->options.parent_fd, PRIV_SHUTDOWN, 0) == 0;
	if (!e->ordered)
		execute_without_parent(e);
}

static void tell(void *arg, enum notice n)
{
	struct engine *e = arg;

	if (n == NOTICE_SHUTDOWN && (e->conf.notices[n].flags & NOTICE_WALL))
		actions_wall(e->actions, "Executing automatic power-fail shutdown");
	engine_tell(e, n, "", NULL);
}

static const struct shutdown_acts acts = {
	.send_fsd = send_fsd,
	.ask_logins = ask_logins,
	.tell = tell,
	.execute = execute,
};

static void on_shutdown_tick(void *arg)
{
	struct engine *e = arg;

	loop_timer_set(e->shutdown_ticker, SHUTDOWN_TICK_MS);
	shutdown_tick(&e->shutdown, engine_now(e));
}

void engine_begin_shutdown(struct engine *e)
{
	size_t primaries = 0;

	for (size_t i = 0; i < e->count; i++) {
		if (e->watches[i]->conf->primary)
			e->primaries[primaries++] = e->watches[i];
	}
	if (e->parent)
		priv_send(e->options.parent_fd, PRIV_DECIDED,
			  (int)shutdown_limit_s(&e->conf.policy) + DECIDED_MARGIN_S);
	loop_timer_set(e->shutdown_ticker, SHUTDOWN_TICK_MS);
	shutdown_begin(&e->shutdown, &acts, e, primaries, &e->conf.policy, e->now_ms);
}

/* -------------------------------------------------------------- the parent */

static void on_orphan(void *arg)
{
	struct engine *e = arg;

	log_error(token, "Parent died - shutdown impossible");
	engine_tell(e, NOTICE_NOPARENT, "", NULL);
	loop_timer_set(e->orphan, ORPHAN_MS);
}

static void lose_parent(struct engine *e)
{
	loop_watch_free(e->parent);
	e->parent = NULL;
	on_orphan(e);
	if (!e->ordered)
		return;
	e->ordered = false;
	execute_without_parent(e);
}

static void on_parent(void *arg, int events)
{
	struct engine *e = arg;
	struct priv_message m;

	(void)events;
	if (priv_receive(e->options.parent_fd, &m) <= 0) {
		lose_parent(e);
		return;
	}
	if (m.type == PRIV_STARTED) {
		e->ordered = false;
		if (m.value)
			log_errno(token, m.value, "Unable to call shutdown command");
		leave_as_configured(e);
	} else if (m.type == PRIV_FINISHED && m.value) {
		log_error(token, "SHUTDOWNCMD failed, see the parent's message");
	}
}

void engine_say_ready(struct engine *e)
{
	if (e->parent)
		priv_send(e->options.parent_fd, PRIV_READY, 0);
}

void engine_say_bye(struct engine *e)
{
	if (e->parent)
		priv_send(e->options.parent_fd, PRIV_BYE, 0);
}

bool engine_end_init(struct engine *e)
{
	e->shutdown_ticker = loop_timer_new(e->loop, on_shutdown_tick, e);
	e->leave = loop_timer_new(e->loop, leave, e);
	e->orphan = loop_timer_new(e->loop, on_orphan, e);
	if (!e->shutdown_ticker || !e->leave || !e->orphan)
		return false;
	if (e->options.parent_fd < 0)
		return true;
	e->parent = loop_watch_new(e->loop, e->options.parent_fd, LOOP_READ, on_parent, e);
	return e->parent != NULL;
}

void engine_end_free(struct engine *e)
{
	if (e->parent)
		loop_watch_free(e->parent);
	loop_timer_free(e->shutdown_ticker);
	loop_timer_free(e->leave);
	loop_timer_free(e->orphan);
	free(e->primaries);
}
