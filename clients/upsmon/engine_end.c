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
#include "clients/upsmon/powerflag.h"
#include "clients/upsmon/wake.h"
#include "common/base/str.h"

static const char token[] = "shutdown";

enum {
	ORPHAN_MS = 120 * 1000,
	DECIDED_MARGIN_S = 5, /* until the parent thinks that we are late */
};

static struct watch *watch_of(void *engine, size_t ups)
{
	struct engine *e = engine;

	return ups < e->count ? e->watches[ups] : NULL;
}

/* -------------------------------------------------------- words to servers */

/* Secondaries are there, and the next link is a moment away: it is worth that, once. */
static bool ask_fsd_anew(struct watch *w)
{
	if (w->fsd_lost || brain_phase(w->engine->brain) != SHUTDOWN_FSD)
		return false;
	w->fsd_lost = w->fsd_waits = true;
	w->fsd_tried = false;
	log_notice(token, "the link broke before UPS %s took FSD: connecting again",
		   w->conf->system);
	asyncclient_reconnect(w->client);
	return true;
}

static void fsd_answered(void *arg, enum netwire_error error, const struct words *reply)
{
	struct watch *w = arg;
	struct engine *e = w->engine;
	bool lost = !reply && asyncclient_state(w->client) != ASYNCCLIENT_UP;

	if (e->stopping || (lost && ask_fsd_anew(w)))
		return;
	if (error == NETWIRE_OK && reply)
		brain_fsd_set(e->brain, w->place);
	else
		log_error(token, "FSD set on UPS %s failed: %s", w->conf->system,
			  netwire_error_name(error));
	brain_fsd_answered(e->brain, error == NETWIRE_OK && reply, engine_now(e));
	engine_touched(e);
}

static bool ask_fsd(struct watch *w)
{
	const char *const words[] = {"FSD", w->conf->target.ups};

	return w->client && asyncclient_request(w->client, 2, words, fsd_answered, w);
}

static bool send_fsd(void *arg, size_t ups)
{
	struct watch *w = watch_of(arg, ups);

	log_notice(token, "Setting FSD on UPS %s", w->conf->system);
	if (ask_fsd(w))
		return true;
	/* A server that may be there in a moment is worth that moment. */
	w->fsd_waits = w->client && asyncclient_state(w->client) == ASYNCCLIENT_CONNECTING;
	w->fsd_tried = w->fsd_waits;
	if (!w->fsd_waits)
		log_error(token, "FSD set on UPS %s failed: not connected", w->conf->system);
	return w->fsd_waits;
}

static void fsd_repeated(void *arg, enum netwire_error error, const struct words *reply)
{
	struct watch *w = arg;

	if (error == NETWIRE_OK && reply)
		log_notice(token, "FSD is set on UPS %s anew", w->conf->system);
}

/* A new server knows of no FSD, and secondaries have to hear of it there. */
static void repeat_fsd(struct watch *w)
{
	const char *const words[] = {"FSD", w->conf->target.ups};

	if (brain_link_up(w->engine->brain, w->place, engine_now(w->engine)))
		asyncclient_request(w->client, 2, words, fsd_repeated, w);
}

void engine_link_settled(struct watch *w)
{
	struct engine *e = w->engine;
	enum asyncclient_state state = asyncclient_state(w->client);

	if (!w->fsd_waits && state == ASYNCCLIENT_UP)
		repeat_fsd(w);
	w->fsd_tried = w->fsd_tried || state == ASYNCCLIENT_CONNECTING;
	if (!w->fsd_waits || state == ASYNCCLIENT_CONNECTING ||
	    (state == ASYNCCLIENT_IDLE && !w->fsd_tried))
		return;
	w->fsd_waits = false;
	/* Secondaries that had their links broken, too, may not be back yet. */
	if (w->fsd_lost)
		brain_link_up(e->brain, w->place, engine_now(e));
	if (ask_fsd(w))
		return;
	log_error(token, "FSD set on UPS %s failed: not connected", w->conf->system);
	brain_fsd_answered(e->brain, false, engine_now(e));
	engine_touched(e);
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
	brain_logins_answered(e->brain, others, engine_now(e));
	engine_touched(e);
}

static bool ask_logins(void *arg, size_t ups)
{
	struct watch *w = watch_of(arg, ups);
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

static void execute_here(struct engine *e, int command)
{
	pid_t pid = priv_execute(&e->options.orders, command);

	if (pid < 0)
		log_errno(token, errno, "Unable to call shutdown command");
	if (pid < 0 || !courier_adopt(e->courier, pid, "SHUTDOWNCMD", command_ended, e))
		leave_as_configured(e);
}

/* For a shell; noclobber, so that a foreign file of that name stays as it is. */
static void append_flag(struct buffer *text, const char *path)
{
	if (!path)
		return;
	buffer_append_str(text, "(set -C; printf %s " POWERFLAG_MAGIC " >");
	upsmon_conf_append_shell_word(text, path);
	buffer_append_str(text, ") 2>/dev/null; ");
}

/* We may be locked in, and start no programs: the notifier can, with our user's rights. */
static void execute_without_parent(struct engine *e, int command)
{
	struct buffer text = {0};

	log_error(token, "Unable to call parent pipe for shutdown: the parent is gone; trying "
			 "SHUTDOWNCMD without its privileges");
	if (!e->outbox) {
		execute_here(e, command);
		return;
	}
	append_flag(&text, e->options.orders.powerdown_flag);
	if (command >= 0 && (size_t)command < e->options.orders.command_count)
		buffer_append_str(&text, e->options.orders.commands[command]);
	outbox_deliver(e->outbox,
		       &(struct delivery){.kind = DELIVERY_SHELL, .text = buffer_string(&text)});
	buffer_free(&text);
	leave_as_configured(e);
}

int engine_command_place(const struct engine *e, const char *command)
{
	for (size_t i = 0; i < e->options.orders.command_count; i++)
		if (str_equal(e->options.orders.commands[i], command))
			return (int)i;
	return -1;
}

/* A command that came by a reload is not known to the parent: the first is better than none. */
static int order_for(const struct engine *e, int command)
{
	int place = command >= 0 && (size_t)command < e->conf.command_count
			    ? engine_command_place(e, e->conf.commands[command])
			    : 0;

	return place < 0 ? 0 : place;
}

static void execute(void *arg, int command)
{
	struct engine *e = arg;

	command = order_for(e, command);
	/* No STOPPING=1 here: systemd would give the command TimeoutStopSec, and then kill it. */
	/* From here on it is the system's own shutdown that must not be held up. */
	engine_hold_shutdown(e, false);
	if (e->options.parent_fd < 0) {
		execute_here(e, command);
		return;
	}
	if (e->parent && priv_send(e->options.parent_fd, PRIV_SHUTDOWN, command) == 0)
		e->ordered = command;
	else
		execute_without_parent(e, command);
}

static void hooks_ended(void *arg, int status)
{
	struct engine *e = arg;

	log_notice(token, "the hooks are done%s", status ? ", not all of them well" : "");
	brain_hooks_ended(e->brain, engine_now(e));
	engine_touched(e);
}

static void no_hooks(void *arg)
{
	hooks_ended(arg, 1);
}

static void run_hooks(void *arg, long limit_s)
{
	struct engine *e = arg;
	pid_t pid = -1;

	if (e->parent && priv_send(e->options.parent_fd, PRIV_HOOKS, (int)limit_s) == 0) {
		e->hooks_run = true;
		return;
	}
	if (e->courier)
		pid = priv_run_hooks(&e->options.orders, limit_s);
	if (pid > 0 && courier_adopt(e->courier, pid, "SHUTDOWNHOOKS", hooks_ended, e))
		return;
	log_error(token, "the hooks cannot be run");
	loop_defer(e->loop, &e->hookless, no_hooks, e);
}

static void decided(void *arg, int command, long limit_s)
{
	struct engine *e = arg;
	const struct priv_message m = {.type = PRIV_DECIDED,
				       .value = (int32_t)limit_s + DECIDED_MARGIN_S,
				       .command = order_for(e, command)};

	if (e->parent)
		priv_send_message(e->options.parent_fd, &m, NULL, 0);
	engine_hold_shutdown(e, true);
	engine_touched(e);
}

static void deliver(void *arg, const struct delivery *d)
{
	engine_deliver(arg, d);
}

static void wake(void *arg, const char *text)
{
	struct wake_target target;
	const char *why;
	int err;

	(void)arg;
	if (!wake_parse(text, &target, &why)) {
		log_error("wake", "\"%s\": %s", text, why);
		return;
	}
	err = wake_send(&target);
	if (err)
		log_errno("wake", err, "cannot send a magic packet to %s", text);
}

const struct brain_acts engine_acts = {
	.deliver = deliver,
	.send_fsd = send_fsd,
	.ask_logins = ask_logins,
	.decided = decided,
	.run_hooks = run_hooks,
	.execute = execute,
	.wake = wake,
};

/* -------------------------------------------------------------- the parent */

static void on_orphan(void *arg)
{
	struct engine *e = arg;

	log_error(token, "Parent died - shutdown impossible");
	brain_tell(e->brain, NOTICE_NOPARENT, "", NULL);
	loop_timer_set(e->orphan, ORPHAN_MS);
}

static void lose_parent(struct engine *e)
{
	loop_watch_free(e->parent);
	e->parent = NULL;
	on_orphan(e);
	if (e->hooks_run)
		hooks_ended(e, 1);
	if (e->ordered < 0)
		return;
	execute_without_parent(e, e->ordered);
	e->ordered = -1;
}

static void take_notifier(struct engine *e, const int *fds)
{
	if (!e->outbox || fds[0] < 0 || fds[1] < 0)
		return;
	outbox_link(e->outbox, fds[0]);
	resolver_link(e->resolver, fds[1]);
}

static void on_parent(void *arg, int events)
{
	struct engine *e = arg;
	struct priv_message m;
	int fds[PRIV_FDS_MAX];

	(void)events;
	if (priv_receive(e->options.parent_fd, &m, fds) <= 0) {
		lose_parent(e);
		return;
	}
	if (m.type == PRIV_NOTIFIER) {
		take_notifier(e, fds);
	} else if (m.type == PRIV_HOOKS_ENDED) {
		e->hooks_run = false;
		hooks_ended(e, m.value);
	} else if (m.type == PRIV_STARTED) {
		e->ordered = -1;
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
	e->leave = loop_timer_new(e->loop, leave, e);
	e->orphan = loop_timer_new(e->loop, on_orphan, e);
	if (!e->leave || !e->orphan)
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
	loop_defer_cancel(&e->hookless);
	loop_timer_free(e->leave);
	loop_timer_free(e->orphan);
}
