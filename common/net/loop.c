#include "config.h"

#include "common/net/loop.h"
#include "common/net/loop_private.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/daemon.h"

struct loop_timer {
	struct event ev;
	loop_fn *fn;
	void *arg;
};

struct loop_signal {
	struct event ev;
	loop_fn *fn;
	void *arg;
};

/* Only ends the wait: the turn's work is done by whoever called. */
static void end_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}

static struct event_base *new_base(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base *base = NULL;

	if (!cfg)
		return NULL;
	if (event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK) == 0)
		base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	return base;
}

struct loop *loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->base = new_base();
	if (!l->base) {
		free(l);
		return NULL;
	}
	evtimer_assign(&l->turn_end, l->base, end_turn, NULL);
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	loop_timer_free(l->watchdog);
	while (l->deferred)
		loop_defer_cancel(l->deferred);
	if (l->shared)
		l->shared_free(l->shared);
	event_del(&l->turn_end);
	event_base_free(l->base);
	free(l);
}

/* ------------------------------------------------------------------ turns */

static void push(struct loop_deferred **head, struct loop_deferred *d)
{
	d->next = *head;
	d->prev = head;
	if (d->next)
		d->next->prev = &d->next;
	*head = d;
}

/* What is put off meanwhile waits for the next turn, so that one turn always ends. */
static void run_deferred(struct loop *l)
{
	struct loop_deferred *due = NULL, *d;

	/* The list is a stack; turning it over restores the order of asking. */
	while ((d = l->deferred)) {
		loop_defer_cancel(d);
		push(&due, d);
	}
	while ((d = due)) {
		loop_defer_cancel(d);
		d->fn(d->arg);
	}
}

static int turn(struct loop *l, int flags)
{
	int rc;

	l->now_known = false;
	l->turning = true;
	rc = event_base_loop(l->base, EVLOOP_ONCE | flags | (l->deferred ? EVLOOP_NONBLOCK : 0));
	run_deferred(l);
	l->turning = false;
	return rc < 0 ? -1 : 0;
}

int loop_run(struct loop *l)
{
	int rc = 0;

	l->stopped = false;
	while (!l->stopped && rc == 0)
		rc = turn(l, EVLOOP_NO_EXIT_ON_EMPTY);
	return rc;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}

int loop_turn(struct loop *l, int max_ms)
{
	struct timeval tv = {.tv_sec = max_ms / 1000, .tv_usec = (max_ms % 1000) * 1000};
	int rc;

	if (max_ms == 0)
		return turn(l, EVLOOP_NONBLOCK);
	if (max_ms > 0 && event_add(&l->turn_end, &tv) != 0)
		return -1;
	rc = turn(l, EVLOOP_NO_EXIT_ON_EMPTY);
	if (max_ms > 0)
		event_del(&l->turn_end);
	return rc;
}

struct event_base *loop_base(struct loop *l)
{
	return l->base;
}

long long loop_now_ms(struct loop *l)
{
	if (!l->turning)
		return clock_ms();
	if (!l->now_known) {
		l->now_ms = clock_ms();
		l->now_known = true;
	}
	return l->now_ms;
}

void loop_defer(struct loop *l, struct loop_deferred *d, loop_fn *fn, void *arg)
{
	d->fn = fn;
	d->arg = arg;
	if (!d->prev)
		push(&l->deferred, d);
}

void loop_defer_cancel(struct loop_deferred *d)
{
	if (!d->prev)
		return;
	*d->prev = d->next;
	if (d->next)
		d->next->prev = d->prev;
	d->next = NULL;
	d->prev = NULL;
}

/* ----------------------------------------------------------------- timers */

static void timer_due(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;

	(void)fd, (void)what;
	t->fn(t->arg);
}

struct loop_timer *loop_timer_new(struct loop *l, loop_fn *fn, void *arg)
{
	struct loop_timer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->fn = fn;
	t->arg = arg;
	evtimer_assign(&t->ev, l->base, timer_due, t);
	return t;
}

void loop_timer_set(struct loop_timer *t, long long in_ms)
{
	struct timeval tv = {0, 0};

	if (in_ms > 0) {
		tv.tv_sec = (time_t)(in_ms / 1000);
		tv.tv_usec = (suseconds_t)(in_ms % 1000) * 1000;
	}
	event_add(&t->ev, &tv);
}

void loop_timer_cancel(struct loop_timer *t)
{
	event_del(&t->ev);
}

bool loop_timer_pending(const struct loop_timer *t)
{
	return event_pending(&t->ev, EV_TIMEOUT, NULL) != 0;
}

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	event_del(&t->ev);
	free(t);
}

static void feed_watchdog(void *arg)
{
	struct loop *l = arg;

	daemon_notify("WATCHDOG=1");
	loop_timer_set(l->watchdog, l->watchdog_ms);
}

bool loop_watchdog(struct loop *l, long every_ms)
{
	l->watchdog_ms = every_ms;
	if (!every_ms || l->watchdog)
		return true;
	l->watchdog = loop_timer_new(l, feed_watchdog, l);
	if (l->watchdog)
		loop_timer_set(l->watchdog, every_ms);
	return l->watchdog != NULL;
}

/* ------------------------------------------------------------ descriptors */

static void watch_ready(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;

	(void)fd;
	w->fn(w->arg, (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0));
}

static short event_flags(int events)
{
	return (short)((events & LOOP_READ ? EV_READ : 0) | (events & LOOP_WRITE ? EV_WRITE : 0) |
		       EV_PERSIST);
}

bool loop_watch_init(struct loop_watch *w, struct loop *l, int fd, int events, loop_fd_fn *fn,
		     void *arg)
{
	w->fn = fn;
	w->arg = arg;
	if (event_assign(&w->ev, l->base, fd, event_flags(events), watch_ready, w) != 0)
		return false;
	return events == 0 || event_add(&w->ev, NULL) == 0;
}

void loop_watch_fini(struct loop_watch *w)
{
	event_del(&w->ev);
}

struct loop_watch *loop_watch_new(struct loop *l, int fd, int events, loop_fd_fn *fn, void *arg)
{
	struct loop_watch *w = calloc(1, sizeof(*w));

	if (w && !loop_watch_init(w, l, fd, events, fn, arg)) {
		free(w);
		return NULL;
	}
	return w;
}

bool loop_watch_set(struct loop_watch *w, int events)
{
	short flags = event_flags(events);
	bool added = event_pending(&w->ev, EV_READ | EV_WRITE, NULL) != 0;

	if (event_get_events(&w->ev) == flags && added == (events != 0))
		return true;
	event_del(&w->ev);
	if (events == 0)
		return true;
	event_assign(&w->ev, event_get_base(&w->ev), event_get_fd(&w->ev), flags, watch_ready, w);
	return event_add(&w->ev, NULL) == 0;
}

void loop_watch_free(struct loop_watch *w)
{
	if (!w)
		return;
	loop_watch_fini(w);
	free(w);
}

/* ---------------------------------------------------------------- signals */

static void signal_came(evutil_socket_t fd, short what, void *arg)
{
	struct loop_signal *s = arg;

	(void)fd, (void)what;
	s->fn(s->arg);
}

struct loop_signal *loop_signal_new(struct loop *l, int signo, loop_fn *fn, void *arg)
{
	struct loop_signal *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->fn = fn;
	s->arg = arg;
	evsignal_assign(&s->ev, l->base, signo, signal_came, s);
	if (event_add(&s->ev, NULL) != 0) {
		free(s);
		return NULL;
	}
	return s;
}

void loop_signal_free(struct loop_signal *s)
{
	if (!s)
		return;
	event_del(&s->ev);
	free(s);
}
