/*
 * history: measured values and events, kept by a process of its own.
 *
 * The owner only sends: no disk, full, slow or dead, can stop it. What the
 * other process cannot keep is lost, with one line in the log; a process that
 * died is started again. Questions are answered by and by, or not at all.
 */
#ifndef CLIENTS_HISTORY_HISTORY_H
#define CLIENTS_HISTORY_HISTORY_H

#include "clients/history/answer.h"
#include "common/net/loop.h"

struct history;

/* Forks; the file, and those that SQLite puts beside it, belong to the user of this process. `path`
 * is absolute. NULL: no memory or process. */
struct history *history_new(struct loop *l, const char *path);
/* Questions are not answered any more. What was sent before is still written. NULL is fine. */
void history_free(struct history *h);

/* From now on the variable has this value. */
void history_value(struct history *h, const char *id, const char *var, double value);
/* From now on that one has no value; var NULL: none of the UPS has. */
void history_gone(struct history *h, const char *id, const char *var);
void history_event(struct history *h, const struct history_event *e);

/* `why` is NULL and `body` (borrowed) whole, or `why` says why there is none. */
typedef void history_reply_fn(void *arg, const char *why, struct buffer *body);
struct history_ask;

/* NULL: not asked, and the callback never comes. Limits of points and events are applied here. */
struct history_ask *history_ask_points(struct history *h, const struct history_question *q,
				       history_reply_fn *fn, void *arg);
struct history_ask *history_ask_csv(struct history *h, const struct history_question *q,
				    history_reply_fn *fn, void *arg);
struct history_ask *history_ask_log(struct history *h, const char *id, long long before, long limit,
				    history_reply_fn *fn, void *arg);
/* The callback will not come. */
void history_ask_cancel(struct history_ask *a);

#endif
