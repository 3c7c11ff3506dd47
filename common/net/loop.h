/*
 * loop: a thin face of libevent: timers, descriptors, signals, and work put
 * off to the end of the turn.
 *
 * One loop per process, no threads.  Callbacks run from loop_run() or
 * loop_turn() only.  An object may be freed from inside any callback, its own
 * included.
 */
#ifndef COMMON_NET_LOOP_H
#define COMMON_NET_LOOP_H

#include <stdbool.h>

struct loop;
struct loop_timer;
struct loop_watch;
struct loop_signal;

/* NULL when there is no memory or no event mechanism. */
struct loop *loop_new(void);
void loop_free(struct loop *l);

/* Turns until loop_stop(). 0, or -1 when the event mechanism failed. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* One turn: waits for the first event, at most `max_ms` (-1 = without limit), serves what is due,
 * runs deferred work. For drivers' core_wait(). */
int loop_turn(struct loop *l, int max_ms);

/* libevent's own, for its modules that need it (evhttp). */
struct event_base;
struct event_base *loop_base(struct loop *l);

/* Milliseconds of clock_ms(), read once per turn. */
long long loop_now_ms(struct loop *l);

/* One-shot timers; setting again replaces the old time. */
typedef void loop_fn(void *arg);
struct loop_timer *loop_timer_new(struct loop *l, loop_fn *fn, void *arg);
void loop_timer_set(struct loop_timer *t, long long in_ms);
void loop_timer_cancel(struct loop_timer *t);
bool loop_timer_pending(const struct loop_timer *t);
void loop_timer_free(struct loop_timer *t); /* NULL is fine */

/* Tells systemd every so many ms that this loop turns; 0: it does not want to know
 * (daemon_watchdog_ms()).  Ends with the loop.  False: no memory. */
bool loop_watchdog(struct loop *l, long every_ms);

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* Level-triggered readiness of a descriptor, which stays the caller's (close it after the free). */
typedef void loop_fd_fn(void *arg, int events);
struct loop_watch *loop_watch_new(struct loop *l, int fd, int events, loop_fd_fn *fn, void *arg);
bool loop_watch_set(struct loop_watch *w, int events); /* 0 = none for now */
void loop_watch_free(struct loop_watch *w);

struct loop_signal *loop_signal_new(struct loop *l, int signo, loop_fn *fn, void *arg);
void loop_signal_free(struct loop_signal *s);

/*
 * Work for the end of this turn, once, however often it is asked for.  The
 * struct is embedded by its owner and zeroed before its first use; cancel it
 * before freeing it.
 */
struct loop_deferred {
	struct loop_deferred *next, **prev; /* private */
	loop_fn *fn;
	void *arg;
};
void loop_defer(struct loop *l, struct loop_deferred *d, loop_fn *fn, void *arg);
void loop_defer_cancel(struct loop_deferred *d);

#endif
