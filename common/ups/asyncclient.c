#include "config.h"

#include "common/ups/asyncclient.h"
#include "common/ups/asyncclient_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"

enum {
	/* upsd closes what is silent for NETWIRE_IDLE_S. */
	KEEPALIVE_MS = NETWIRE_IDLE_S * 1000 / 2,
	DEFAULT_POLL_MS = 5000,
	DEFAULT_DEAD_MS = 15000,
	DEFAULT_CONNECT_MS = 10000,
	DEFAULT_RETRY_MS = 1000,
};

static const char token[] = "upsclient";

static void tell_owner(void *arg);

/* ------------------------------------------------------------------- news */

/*
 * The owner hears of everything at the end of the turn, from one place: it may
 * do there what it likes, this client's end included.
 */
static void have_news(struct asyncclient *c)
{
	loop_defer(c->loop, &c->tell, tell_owner, c);
}

static void set_state(struct asyncclient *c, enum asyncclient_state state)
{
	c->state = state;
	c->link_news = true;
	have_news(c);
}

void asyncclient_note_refused(struct asyncclient *c, const char *what, enum netwire_error e)
{
	if (c->refused_count == ASYNCCLIENT_NEWS_MAX)
		return;
	c->refused[c->refused_count].what = what;
	c->refused[c->refused_count].error = e;
	c->refused_count++;
	have_news(c);
}

void asyncclient_note_update(struct asyncclient *c, enum netwire_availability a)
{
	c->availability = a;
	state_set_fresh(c->values, a == NETWIRE_AVAIL_OK);
	c->update_news = true;
	have_news(c);
}

static void tell_failed(struct asyncclient *c)
{
	while (!c->freed && c->failed) {
		struct request *q = c->failed;
		asyncclient_reply_fn *done = q->done;
		void *arg = q->arg;

		c->failed = q->next;
		free(q);
		done(arg, NETWIRE_UNKNOWN_ERROR, NULL);
	}
}

static void tell_link(struct asyncclient *c)
{
	if (c->freed || !c->link_news)
		return;
	c->link_news = false;
	if (c->ops->link)
		c->ops->link(c->arg, c->state, c->why[0] ? c->why : NULL);
}

static void tell_refused(struct asyncclient *c)
{
	while (!c->freed && c->refused_count > 0) {
		const char *what = c->refused[0].what;
		enum netwire_error e = c->refused[0].error;

		c->refused_count--;
		memmove(c->refused, c->refused + 1, c->refused_count * sizeof(c->refused[0]));
		if (c->ops->refused)
			c->ops->refused(c->arg, what, e);
	}
}

static void tell_update(struct asyncclient *c)
{
	if (c->freed || !c->update_news)
		return;
	c->update_news = false;
	state_flush(c->values);
	if (c->state == ASYNCCLIENT_UP && c->ops->update)
		c->ops->update(c->arg, c->availability);
}

static void release(struct asyncclient *c)
{
	state_free(c->values);
	loop_timer_free(c->phase);
	loop_timer_free(c->tick);
	free((char *)c->cfg.host);
	free((char *)c->cfg.ups);
	free((char *)c->cfg.user);
	free((char *)c->cfg.patterns);
	free((char *)c->cfg.variables);
	secret_free((char **)&c->cfg.password);
	free(c);
}

static void tell_owner(void *arg)
{
	struct asyncclient *c = arg;

	c->busy = true;
	tell_failed(c);
	tell_link(c);
	tell_refused(c);
	tell_update(c);
	c->busy = false;
	if (c->freed)
		release(c);
}

/* ------------------------------------------------------------------ links */

unsigned asyncclient_tick_ms(const struct asyncclient *c)
{
	return c->cfg.poll_ms < KEEPALIVE_MS ? c->cfg.poll_ms : KEEPALIVE_MS;
}

static void disconnect(struct asyncclient *c)
{
	resolver_cancel(c->query);
	connector_cancel(c->connector);
	c->query = NULL;
	c->connector = NULL;
	if (c->conn)
		session_stop(c);
	lineconn_free(c->conn);
	c->conn = NULL;
	loop_timer_cancel(c->phase);
	loop_timer_cancel(c->tick);
}

void asyncclient_drop(struct asyncclient *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	log_debug(1, token, "%s@%s: %s; next attempt in %u ms", c->cfg.ups ? c->cfg.ups : "*",
		  c->cfg.host, c->why,
		  c->pause_ms);
	disconnect(c);
	set_state(c, ASYNCCLIENT_IDLE);
	loop_timer_set(c->phase, c->pause_ms);
	c->pause_ms = c->pause_ms < c->cfg.retry_max_ms / 2 ? c->pause_ms * 2 : c->cfg.retry_max_ms;
}

void asyncclient_went_up(struct asyncclient *c)
{
	if (c->state == ASYNCCLIENT_UP)
		return;
	c->why[0] = '\0';
	c->pause_ms = c->cfg.retry_ms;
	loop_timer_cancel(c->phase);
	loop_timer_set(c->tick, asyncclient_tick_ms(c));
	set_state(c, ASYNCCLIENT_UP);
}

static void on_connected(void *arg, int fd, int err)
{
	struct asyncclient *c = arg;

	c->connector = NULL;
	if (fd < 0) {
		asyncclient_drop(c, "cannot connect to %s port %u: %s", c->cfg.host, c->cfg.port,
				 strerror(err));
		return;
	}
	c->conn = lineconn_new(c->loop, fd, &session_ops, &session_limits, c);
	if (c->conn)
		session_start(c);
	else
		asyncclient_drop(c, "out of memory");
}

static void on_resolved(void *arg, const struct netaddr *addrs, size_t count, const char *error)
{
	struct asyncclient *c = arg;

	c->query = NULL;
	if (count == 0) {
		asyncclient_drop(c, "cannot find host %s: %s", c->cfg.host, error);
		return;
	}
	c->connector =
		connector_start(c->loop, addrs, count, (int)c->cfg.connect_ms, on_connected, c);
	if (!c->connector)
		asyncclient_drop(c, "out of memory");
}

static void start_attempt(struct asyncclient *c)
{
	set_state(c, ASYNCCLIENT_CONNECTING);
	loop_timer_set(c->phase, c->cfg.connect_ms);
	c->query =
		resolver_ask(c->resolver, c->cfg.host, c->cfg.port, c->cfg.family, on_resolved, c);
	if (!c->query)
		asyncclient_drop(c, "out of memory");
}

static void phase_passed(void *arg)
{
	struct asyncclient *c = arg;

	switch (c->state) {
	case ASYNCCLIENT_IDLE:
		start_attempt(c);
		break;
	case ASYNCCLIENT_CONNECTING:
		asyncclient_drop(c, "%s port %u does not answer", c->cfg.host, c->cfg.port);
		break;
	case ASYNCCLIENT_UP:
		asyncclient_drop(c, "%s port %u has stopped answering", c->cfg.host, c->cfg.port);
		break;
	}
}

static void tick_passed(void *arg)
{
	struct asyncclient *c = arg;

	loop_timer_set(c->tick, asyncclient_tick_ms(c));
	if (c->subscribed || clock_ms() - c->polled_ms + KEEPALIVE_MS / 10 < c->cfg.poll_ms)
		session_keep_alive(c);
	else
		session_poll(c);
}

/* -------------------------------------------------------------- interface */

static bool copy_text(const char **text)
{
	if (!*text)
		return true;
	*text = str_dup(*text);
	return *text != NULL;
}

static unsigned or_default(unsigned value, unsigned otherwise)
{
	return value ? value : otherwise;
}

static bool copy_config(struct asyncclient_config *dst, const struct asyncclient_config *src)
{
	bool ok = true;

	*dst = *src;
	/* All are replaced, even if one fails, so that release() frees copies only. */
	ok &= copy_text(&dst->host);
	ok &= copy_text(&dst->ups);
	ok &= copy_text(&dst->user);
	ok &= copy_text(&dst->password);
	ok &= copy_text(&dst->patterns);
	ok &= copy_text(&dst->variables);
	dst->poll_ms = or_default(dst->poll_ms, DEFAULT_POLL_MS);
	dst->dead_ms = or_default(dst->dead_ms, DEFAULT_DEAD_MS);
	dst->connect_ms = or_default(dst->connect_ms, DEFAULT_CONNECT_MS);
	dst->retry_ms = or_default(dst->retry_ms, DEFAULT_RETRY_MS);
	if (dst->retry_max_ms < dst->retry_ms)
		dst->retry_max_ms = dst->retry_ms;
	return ok;
}

struct asyncclient *asyncclient_new(struct loop *l, struct resolver *r,
				    const struct asyncclient_config *cfg,
				    const struct asyncclient_ops *ops, void *arg)
{
	struct asyncclient *c = calloc(1, sizeof(*c));
	bool ok;

	if (!c)
		return NULL;
	ok = copy_config(&c->cfg, cfg);
	c->loop = l;
	c->resolver = r;
	c->ops = ops;
	c->arg = arg;
	c->last = &c->first;
	c->availability = NETWIRE_AVAIL_DISCONNECTED;
	c->pause_ms = c->cfg.retry_ms;
	c->values = state_new();
	c->phase = loop_timer_new(l, phase_passed, c);
	c->tick = loop_timer_new(l, tick_passed, c);
	if (!ok || !c->values || !c->phase || !c->tick) {
		release(c);
		return NULL;
	}
	loop_timer_set(c->phase, 0);
	return c;
}

static void say_goodbye(struct asyncclient *c)
{
	if (!c->conn || c->state != ASYNCCLIENT_UP)
		return;
	buffer_append_str(lineconn_out(c->conn), "LOGOUT\n");
	lineconn_flush(c->conn);
}

void asyncclient_free(struct asyncclient *c)
{
	if (!c || c->freed)
		return;
	say_goodbye(c);
	disconnect(c);
	while (c->failed) {
		struct request *q = c->failed;

		c->failed = q->next;
		free(q);
	}
	loop_defer_cancel(&c->tell);
	c->freed = true;
	if (!c->busy)
		release(c);
}

const struct state *asyncclient_values(const struct asyncclient *c)
{
	return c->values;
}

enum asyncclient_state asyncclient_state(const struct asyncclient *c)
{
	return c->state;
}

bool asyncclient_logged_in(const struct asyncclient *c)
{
	return c->logged_in;
}

bool asyncclient_is_primary(const struct asyncclient *c)
{
	return c->primary;
}

bool asyncclient_secure(const struct asyncclient *c)
{
	return c->secure;
}

bool asyncclient_subscribed(const struct asyncclient *c)
{
	return c->subscribed;
}

long long asyncclient_last_heard_ms(const struct asyncclient *c)
{
	return c->heard_ms;
}

void asyncclient_set_poll(struct asyncclient *c, unsigned poll_ms)
{
	c->cfg.poll_ms = or_default(poll_ms, DEFAULT_POLL_MS);
	if (c->state == ASYNCCLIENT_UP)
		loop_timer_set(c->tick, asyncclient_tick_ms(c));
}

void asyncclient_set_tls(struct asyncclient *c, struct tlspolicy *tls)
{
	c->cfg.tls = tls;
}

void asyncclient_poll_now(struct asyncclient *c)
{
	if (c->state != ASYNCCLIENT_UP)
		return;
	loop_timer_set(c->tick, asyncclient_tick_ms(c));
	if (c->subscribed)
		session_keep_alive(c);
	else
		session_poll(c);
}

void asyncclient_reconnect(struct asyncclient *c)
{
	say_goodbye(c);
	disconnect(c);
	c->why[0] = '\0';
	c->pause_ms = c->cfg.retry_ms;
	set_state(c, ASYNCCLIENT_IDLE);
	loop_timer_set(c->phase, 0);
}
