#include "config.h"

#include "clients/history/answer.h"

#include <time.h>

#include "common/base/json.h"
#include "common/base/str.h"

struct writing {
	struct buffer *out;
	bool more; /* one was written before this one */
	const char *name;
};

static void separate(struct writing *w)
{
	if (w->more)
		buffer_append_char(w->out, ',');
	w->more = true;
}

static void put_point(void *arg, const struct history_point *p)
{
	struct writing *w = arg;

	separate(w);
	buffer_appendf(w->out, "[%lld,%.10g,%.10g,%.10g]", p->time, p->min, p->avg, p->max);
}

static void put_outage(void *arg, double from, double to)
{
	struct writing *w = arg;

	separate(w);
	buffer_appendf(w->out, "[%.3f,%.3f]", from, to);
}

static enum history_result put_series(struct history_store *s, const struct history_question *q,
				      long *step, struct buffer *out)
{
	enum history_result r = HISTORY_OK;

	for (size_t i = 0; r == HISTORY_OK && i < q->var_count; i++) {
		struct writing w = {.out = out};

		buffer_append_str(out, i ? "," : "");
		json_append_string(out, q->vars[i]);
		buffer_append_str(out, ":[");
		r = history_store_points(s, q->id, q->vars[i], q->from, q->to, q->points, step,
					 put_point, &w);
		buffer_append_char(out, ']');
	}
	return r;
}

enum history_result history_answer_points(struct history_store *s, const struct history_question *q,
					  struct buffer *out)
{
	struct writing w = {.out = out};
	long step = 0;
	enum history_result r;

	buffer_append_str(out, "{\"series\":{");
	r = put_series(s, q, &step, out);
	if (r != HISTORY_OK)
		return r;
	buffer_appendf(out, "},\"from\":%lld,\"to\":%lld,\"step\":%ld,\"outages\":[", q->from,
		       q->to, step);
	r = history_store_outages(s, q->id, q->from, q->to, put_outage, &w);
	buffer_append_str(out, "]}");
	return r;
}

static void put_row(void *arg, const struct history_point *p)
{
	struct writing *w = arg;
	time_t t = (time_t)p->time;
	struct tm parts;
	char stamp[32] = "";

	if (gmtime_r(&t, &parts))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &parts);
	buffer_appendf(w->out, "%s,%s,%.10g,%.10g,%.10g\n", stamp, w->name, p->min, p->avg, p->max);
}

/* A name of NUT has none of these; what has one is no name, and would break the line, or be a
 * formula to the program that reads it. */
static bool plain_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9') || *c == '.' || *c == '_' ||
		      (*c == '-' && c != name)))
			return false;
	return *name;
}

enum history_result history_answer_csv(struct history_store *s, const struct history_question *q,
				       struct buffer *out)
{
	enum history_result r = HISTORY_OK;

	buffer_append_str(out, "time,name,min,avg,max\n");
	for (size_t i = 0; r == HISTORY_OK && i < q->var_count; i++) {
		struct writing w = {.out = out, .name = q->vars[i]};
		long step;

		if (plain_name(q->vars[i]))
			r = history_store_points(s, q->id, q->vars[i], q->from, q->to, q->points,
						 &step, put_row, &w);
	}
	return r;
}

bool history_event_json(struct buffer *b, const struct history_event *e)
{
	const struct {
		const char *name, *text;
	} parts[] = {{"id", e->id},     {"kind", e->kind}, {"text", e->text},
		     {"from", e->from}, {"to", e->to},     {"cause", e->cause}};

	buffer_appendf(b, "{\"n\":%lld,\"time\":%.3f", e->n, e->time);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		buffer_appendf(b, ",\"%s\":", parts[i].name);
		json_append_string(b, parts[i].text ? parts[i].text : "");
	}
	return buffer_append_char(b, '}');
}

static void put_event(void *arg, const struct history_event *e)
{
	struct writing *w = arg;

	separate(w);
	history_event_json(w->out, e);
}

enum history_result history_answer_log(struct history_store *s, const char *id, long long before,
				       long limit, struct buffer *out)
{
	struct writing w = {.out = out};
	enum history_result r;

	buffer_append_str(out, "{\"events\":[");
	r = history_store_events(s, *id ? id : NULL, before, limit, put_event, &w);
	buffer_append_str(out, "]}");
	return r;
}
