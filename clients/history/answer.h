/*
 * history_answer: what a history_store holds, in JSON and CSV as upsweb serves it
 * (docs/api/upsweb.openapi.json).
 */
#ifndef CLIENTS_HISTORY_ANSWER_H
#define CLIENTS_HISTORY_ANSWER_H

#include "clients/history/store.h"
#include "common/base/buffer.h"

enum { HISTORY_POINTS_MAX = 5000, HISTORY_EXPORT_MAX = 20000, HISTORY_EVENTS_MAX = 1000 };
enum { HISTORY_VARS_MAX = 32 };

struct history_question {
	const char *id;
	long long from, to;
	long points;
	const char *const *vars;
	size_t var_count;
};

/* {"from","to","step","series":{...},"outages":[...]} */
enum history_result history_answer_points(struct history_store *s, const struct history_question *q,
					  struct buffer *out);
/* "time,name,min,avg,max" and a line a value; time as ISO 8601 in UTC. */
enum history_result history_answer_csv(struct history_store *s, const struct history_question *q,
				       struct buffer *out);
/* {"events":[...]}; `id` "" = of all. */
enum history_result history_answer_log(struct history_store *s, const char *id, long long before,
				       long limit, struct buffer *out);
/* One event as JSON: of the log, and of the stream of events. */
bool history_event_json(struct buffer *b, const struct history_event *e);

#endif
