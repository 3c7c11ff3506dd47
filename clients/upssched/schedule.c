#include "config.h"

#include "clients/upssched/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

enum {
	SECONDS_MAX = 100 * 1000 * 1000,
	EVENTS_MAX = 2 * 1024 * 1024, /* bytes of all events together */
	JOINED_MAX = 64 * 1024, /* the kernel takes 128 KiB for one variable of an environment */
};

/* An event that started the timer, or joined it. */
struct share {
	char *type, *ups, *message;
};

/* What a timer of ours carries. */
struct entry {
	size_t *bytes; /* of the schedule */
	struct share *shares;
	size_t count;
};

static void free_share(struct share *share)
{
	free(share->type);
	free(share->ups);
	free(share->message);
}

static size_t size_of(const struct wire_event *event)
{
	return strlen(event->type) + strlen(event->ups) + strlen(event->message) + 3;
}

static void drop_share(struct entry *e, struct share *share)
{
	*e->bytes -= size_of(&(struct wire_event){share->type, share->ups, share->message});
	free_share(share);
}

static void free_entry(void *data)
{
	struct entry *e = data;

	if (!e)
		return;
	for (size_t i = 0; i < e->count; i++)
		drop_share(e, &e->shares[i]);
	free(e->shares);
	free(e);
}

void schedule_init(struct schedule *s)
{
	*s = (struct schedule){.timers.drop = free_entry};
}

void schedule_free(struct schedule *s)
{
	timers_free(&s->timers);
}

/* ------------------------------------------------------------------- start */

static bool has_share(const struct entry *e, const struct wire_event *event)
{
	for (size_t i = 0; i < e->count; i++) {
		const struct share *share = &e->shares[i];

		if (str_equal(share->type, event->type) && str_equal(share->ups, event->ups) &&
		    str_equal(share->message, event->message))
			return true;
	}
	return false;
}

/* False: no memory.  Beyond the limits the timer just knows no more of them. */
static bool add_share(struct entry *e, const struct wire_event *event)
{
	struct share *grown, share;

	if (has_share(e, event) || e->count == SCHEDULE_SHARES_MAX ||
	    *e->bytes + size_of(event) > EVENTS_MAX)
		return true;
	grown = realloc(e->shares, (e->count + 1) * sizeof(*grown));
	if (!grown)
		return false;
	e->shares = grown;
	share = (struct share){str_dup(event->type), str_dup(event->ups), str_dup(event->message)};
	if (!share.type || !share.ups || !share.message) {
		free_share(&share);
		return false;
	}
	e->shares[e->count++] = share;
	*e->bytes += size_of(event);
	return true;
}

static struct timer *find_name(const struct schedule *s, const char *name)
{
	for (size_t i = 0; i < s->timers.count; i++) {
		if (str_equal(s->timers.list[i].name, name))
			return &s->timers.list[i];
	}
	return NULL;
}

static enum schedule_result start_new(struct schedule *s, const struct wire_request *r,
				      long long now_ms)
{
	struct entry *e = calloc(1, sizeof(*e));
	char id[32];

	str_format(id, sizeof(id), "%llu", ++s->last_id);
	if (e)
		e->bytes = &s->event_bytes;
	if (e && (!r->has_event || add_share(e, &r->event)) &&
	    timers_start(&s->timers, id, r->name, now_ms, r->seconds * 1000LL, e))
		return SCHEDULE_STARTED;
	free_entry(e);
	return SCHEDULE_FULL;
}

enum schedule_result schedule_start(struct schedule *s, const struct wire_request *r,
				    long long now_ms)
{
	struct timer *running = r->verb == WIRE_START_SHARED ? find_name(s, r->name) : NULL;

	if (r->seconds < 0 || r->seconds > SECONDS_MAX)
		return SCHEDULE_BAD_TIME;
	if (running) {
		/* Without the memory for who joined it is still the timer that was wanted. */
		if (r->has_event)
			add_share(running->data, &r->event);
		return SCHEDULE_JOINED;
	}
	if (s->timers.count == SCHEDULE_TIMERS_MAX)
		return SCHEDULE_FULL;
	return start_new(s, r, now_ms);
}

/* ------------------------------------------------------------------ cancel */

/* How many events of that UPS there were; a shared timer forgets them if so wanted. */
static size_t shares_of(struct entry *e, const char *ups, bool forget)
{
	size_t found = 0, kept = 0;

	for (size_t i = 0; i < e->count; i++) {
		bool its = str_equal(e->shares[i].ups, ups);

		found += its;
		if (its && forget)
			drop_share(e, &e->shares[i]);
		else
			e->shares[kept++] = e->shares[i];
	}
	e->count = kept;
	return found;
}

/* Those of a name; of a UPS unless that is NULL; with `leave` only when nobody else is in it. */
static size_t cancel(struct schedule *s, const char *name, const char *ups, bool leave)
{
	size_t found = 0;

	for (size_t i = s->timers.count; i-- > 0;) {
		struct timer *t = &s->timers.list[i];
		struct entry *e = t->data;

		if (!str_equal(t->name, name) || (ups && !shares_of(e, ups, leave)))
			continue;
		found++;
		if (!leave || !e->count)
			timers_cancel(&s->timers, t->owner, t->name);
	}
	return found;
}

enum schedule_result schedule_cancel(struct schedule *s, const struct wire_request *r)
{
	size_t found;

	if (!r->has_event)
		found = cancel(s, r->name, NULL, false);
	else if (r->verb == WIRE_CANCEL_MATCHED)
		found = cancel(s, r->name, r->event.ups, true);
	else {
		found = cancel(s, r->name, r->event.ups, false);
		if (!found)
			found = cancel(s, r->name, NULL, false);
	}
	return found ? SCHEDULE_CANCELLED : SCHEDULE_ABSENT;
}

/* --------------------------------------------------------------------- due */

enum field { TYPE, UPS, MESSAGE };

static const char *const separators[] = {[TYPE] = ",", [UPS] = ",", [MESSAGE] = ".\t"};

static const char *field_of(const struct share *share, enum field field)
{
	return field == TYPE ? share->type : field == UPS ? share->ups : share->message;
}

static bool said_before(const struct entry *e, size_t at, enum field field)
{
	for (size_t i = 0; i < at; i++) {
		if (str_equal(field_of(&e->shares[i], field), field_of(&e->shares[at], field)))
			return true;
	}
	return false;
}

/* Each once; what finds no room is left out. */
static void join(struct buffer *b, const struct entry *e, enum field field)
{
	size_t begin = b->len;

	for (size_t i = 0; i < e->count; i++) {
		const char *text = field_of(&e->shares[i], field);
		size_t wanted = b->len - begin + strlen(separators[field]) + strlen(text);

		if (!*text || said_before(e, i, field) || wanted > JOINED_MAX)
			continue;
		if (b->len > begin)
			buffer_append_str(b, separators[field]);
		buffer_append_str(b, text);
	}
}

static char *joined(const struct entry *e, enum field field)
{
	struct buffer b = {0};
	char *text;

	join(&b, e, field);
	text = str_dup(buffer_string(&b));
	buffer_free(&b);
	return text;
}

bool schedule_expire(struct schedule *s, long long now_ms, struct schedule_due *due)
{
	struct timer t;
	struct entry *e;

	if (!timers_expire(&s->timers, now_ms, &t))
		return false;
	e = t.data;
	*due = (struct schedule_due){
		.name = t.name,
		.types = joined(e, TYPE),
		.upses = joined(e, UPS),
		.messages = joined(e, MESSAGE),
	};
	/* Without memory the script still runs; it just is not told why. */
	due->has_event = e->count > 0 && due->types && due->upses && due->messages;
	free(t.owner);
	free_entry(e);
	return true;
}

void schedule_due_free(struct schedule_due *due)
{
	free(due->name);
	free(due->types);
	free(due->upses);
	free(due->messages);
	*due = (struct schedule_due){0};
}

long long schedule_due_ms(const struct schedule *s)
{
	return timers_due_ms(&s->timers);
}

/* -------------------------------------------------------------------- list */

static long seconds_left(const struct timer *t, long long now_ms)
{
	return t->due_ms > now_ms ? (long)((t->due_ms - now_ms + 999) / 1000) : 0;
}

static void append_column(struct buffer *b, const struct entry *e, enum field field)
{
	size_t begin;

	buffer_append_char(b, '\t');
	begin = b->len;
	join(b, e, field);
	if (b->len == begin)
		buffer_append_str(b, "\"\"");
}

void schedule_list(const struct schedule *s, struct buffer *b, long long now_ms, long long wall_s)
{
	buffer_append_str(b, "BEGIN LIST TIMERS\n");
	for (size_t i = 0; i < s->timers.count; i++) {
		const struct timer *t = &s->timers.list[i];
		long left = seconds_left(t, now_ms);

		buffer_appendf(b, "%s\t%lld\t%ld", t->name, wall_s + left, left);
		append_column(b, t->data, TYPE);
		append_column(b, t->data, UPS);
		append_column(b, t->data, MESSAGE);
		buffer_append_char(b, '\n');
	}
	buffer_append_str(b, "END LIST TIMERS\nOK\n");
}

size_t schedule_hand_over(const struct schedule *s, struct buffer *b, long long now_ms)
{
	size_t count = 0;

	for (size_t i = 0; i < s->timers.count; i++) {
		const struct timer *t = &s->timers.list[i];
		const struct entry *e = t->data;
		struct wire_request r = {
			.verb = WIRE_START,
			.name = t->name,
			.seconds = seconds_left(t, now_ms),
		};

		for (size_t k = 0; k < e->count || k == 0; k++) {
			r.has_event = k < e->count;
			if (r.has_event)
				r.event = (struct wire_event){e->shares[k].type, e->shares[k].ups,
							      e->shares[k].message};
			wire_append(b, &r);
			r.verb = WIRE_START_SHARED;
			count++;
		}
	}
	return count;
}
