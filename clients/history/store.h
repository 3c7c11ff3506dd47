/*
 * history_store: measured values and events of many UPSes in one SQLite file.
 *
 * Values are kept in levels, each coarser and longer than the one before; a
 * level is summed up of the finer one by SQL, so that nothing is lost with the
 * process but what was not committed. The file is always whole: a torn write or
 * a kill -9 costs the last seconds. All calls block on the disk: they belong in
 * a process of their own (history.h).
 */
#ifndef CLIENTS_HISTORY_STORE_H
#define CLIENTS_HISTORY_STORE_H

#include <stdbool.h>
#include <stddef.h>

struct history_store;

enum history_result {
	HISTORY_OK,
	HISTORY_NO_ROOM, /* disk full, quota, read-only file system: try again later */
	HISTORY_BROKEN,  /* the file is not, or no more, a history */
	HISTORY_FAILED,
};

enum { HISTORY_STEP_S = 10 }; /* between values of the finest level */

struct history_event {
	long long n; /* number; 0 when added */
	double time; /* Unix time, s */
	const char *id, *kind, *text, *from, *to, *cause;
};

struct history_point {
	long long time; /* begin of its span, Unix time, s */
	double min, avg, max;
};

/*
 * Opens or makes the file. One that is broken is put aside as PATH.broken, and a
 * new one made; *put_aside tells. `why` gets the reason of a failure.
 */
enum history_result history_store_open(struct history_store **s, const char *path, bool *put_aside,
				       char *why, size_t why_size);
void history_store_close(struct history_store *s); /* NULL is fine */
/* Of the last call that was not HISTORY_OK, in words. */
const char *history_store_why(const struct history_store *s);

/* What is added between the two is there as a whole, or not at all. commit() that fails has
 * rolled back. */
enum history_result history_store_begin(struct history_store *s);
enum history_result history_store_commit(struct history_store *s);

void history_store_rollback(struct history_store *s);

/* The value during HISTORY_STEP_S from `time` on; one that was told before is replaced. */
enum history_result history_store_sample(struct history_store *s, const char *id, const char *var,
					 const struct history_point *p);
enum history_result history_store_event(struct history_store *s, const struct history_event *e);

/* Sums the levels up and forgets what is older than each keeps: once a minute. */
enum history_result history_store_tidy(struct history_store *s, long long now);

/* About `points` spans from `from` to `to`, oldest first; *step: their length in s. */
typedef void history_point_fn(void *arg, const struct history_point *p);
enum history_result history_store_points(struct history_store *s, const char *id, const char *var,
					 long long from, long long to, long points, long *step,
					 history_point_fn *fn, void *arg);

/* Newest first; id NULL: of all; before 0: from the newest on. Strings live during the call. */
typedef void history_event_fn(void *arg, const struct history_event *e);
enum history_result history_store_events(struct history_store *s, const char *id, long long before,
					 long limit, history_event_fn *fn, void *arg);

/* The times in which the UPS was on battery, by its events of the kinds "status"
 * and "start"; oldest first. */
typedef void history_outage_fn(void *arg, double from, double to);
enum history_result history_store_outages(struct history_store *s, const char *id, long long from,
					  long long to, history_outage_fn *fn, void *arg);

#endif
