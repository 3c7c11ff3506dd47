#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/maps/mapshape.h"
#include "drivers/qx/qxdevice.h"

static const char token[] = "qx";

enum {
	QUERY_MAX = 256, /* bytes of what is sent */
	TIMEOUT_MS = 1000,       /* until a device does not know a query */
	KNOWN_TIMEOUT_MS = 2000, /* until it does not answer one that it knows */
	PAUSE_FIRST = 8, /* polls until a query that was refused is tried again */
	PAUSE_LONGEST = 4096,
};

/* A query, and what came of it. */
struct qx_query {
	struct qx_query *next;
	const struct map_query *query;
	char answer[CARRIER_ANSWER_MAX];
	size_t length;              /* of the answer, its end aside */
	unsigned long poll;         /* when that came; 0: never */
	unsigned long asked;        /* the poll that asked last */
	enum device_result result;  /* of that */
	unsigned long pause, again; /* it was refused: not before this poll */
	bool answered;              /* once */
	bool tells_status;
	bool known; /* it was answered, or tells mains from battery */
};

struct qx_place {
	struct qx_place *next;
	char *where;
	struct qx_query *query;
	enum { WHOLE, COLUMNS, WORD } part;
	size_t from, to; /* columns, `to` behind the last; the word's number is `from` */
};

struct qx_device {
	const struct map *map;
	struct carrier carrier;
	const struct mapnumbers *numbers;
	struct qx_query *queries;
	struct qx_place *places;
	unsigned long poll;
	struct device_counts counts;
};

/* -------------------------------------------------------------------------------- life */

void qx_device_free(struct qx_device *q)
{
	if (!q)
		return;
	while (q->places) {
		struct qx_place *p = q->places;

		q->places = p->next;
		free(p->where);
		free(p);
	}
	while (q->queries) {
		struct qx_query *one = q->queries;

		q->queries = one->next;
		free(one);
	}
	free(q);
}

/* ------------------------------------------------------------------------------ places */

static struct qx_query *take_query(struct qx_device *q, const char *name)
{
	const struct map_query *query = map_query_find(q->map, name);
	struct qx_query *one = q->queries;

	if (!query)
		return NULL;
	while (one && one->query != query)
		one = one->next;
	if (one)
		return one;
	one = calloc(1, sizeof(*one));
	if (!one)
		return NULL;
	one->query = query;
	one->next = q->queries;
	q->queries = one;
	return one;
}

/* `[from-to]`, `[from-]`, `[column]`, `{word}`, or nothing. */
static void take_part(struct qx_place *p, const char *text)
{
	char *end;

	p->part = *text == '[' ? COLUMNS : *text == '{' ? WORD : WHOLE;
	if (p->part == WHOLE)
		return;
	p->from = strtoul(text + 1, &end, 10);
	p->to = p->from + 1;
	if (p->part == WORD || *end != '-')
		return;
	p->to = end[1] == ']' ? CARRIER_ANSWER_MAX : strtoul(end + 1, NULL, 10) + 1;
}

static struct qx_place *make_place(struct qx_device *q, const char *where)
{
	struct qx_place *p = calloc(1, sizeof(*p));
	size_t len = strcspn(where, "[{");
	char name[64];

	if (!p || len >= sizeof(name)) {
		free(p);
		return NULL;
	}
	memcpy(name, where, len);
	name[len] = '\0';
	take_part(p, where + len);
	p->query = take_query(q, name);
	p->where = p->query ? str_dup(where) : NULL;
	if (p->where)
		return p;
	free(p);
	return NULL;
}

static const void *device_place(void *arg, const char *where)
{
	struct qx_device *q = arg;
	struct qx_place *p = q->places;

	while (p && !str_equal(p->where, where))
		p = p->next;
	if (p)
		return p;
	p = make_place(q, where);
	if (!p)
		return NULL;
	p->next = q->places;
	q->places = p;
	return p;
}

/* ----------------------------------------------------------------------------- queries */

/* A map's text: %r, %n, %%, and %v for a command's value.  False: there is no room. */
static bool expand(const char *text, const char *value, char *dst, size_t size, size_t *len)
{
	size_t n = 0;

	for (const char *p = text; *p; p++) {
		char byte[2] = {*p, '\0'};
		const char *part = byte;

		if (*p == '%' && p[1]) {
			p++;
			byte[0] = *p == 'r' ? '\r' : *p == 'n' ? '\n' : *p;
			part = *p == 'v' ? value : byte;
		}
		if (n + strlen(part) + 1 > size)
			return false;
		memcpy(dst + n, part, strlen(part));
		n += strlen(part);
	}
	dst[n] = '\0';
	*len = n;
	return true;
}

static bool begins(const char *answer, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(answer, with, n) == 0;
}

/* What devices say to a query that they do not know: "(NAK", "NAK", or the query itself. */
static bool is_refusal(const char *answer, size_t len, const char *sent, size_t sent_len)
{
	return begins(answer, len, "(NAK") || begins(answer, len, "NAK") ||
	       (len == sent_len && memcmp(answer, sent, len) == 0);
}

/* Whether an answer is what the map expects of this query. */
static enum device_result judge(const struct map_query *query, const char *answer, size_t len,
				const char *sent, size_t sent_len)
{
	char begin[QUERY_MAX], end[QUERY_MAX];
	size_t begin_len, end_len;

	if (is_refusal(answer, len, sent, sent_len))
		return DEVICE_REFUSED;
	if (!expand(query->begin, "", begin, sizeof(begin), &begin_len) ||
	    !expand(query->end, "", end, sizeof(end), &end_len))
		return DEVICE_NONE;
	if (!begins(answer, len, begin) || len < query->length)
		return DEVICE_NONE;
	if (end_len > 0 && (len < end_len || memcmp(answer + len - end_len, end, end_len) != 0))
		return DEVICE_NONE;
	if (query->shape && !mapshape_fits(query->shape, answer, len)) {
		log_debug(1, token, "%s: what came does not have the shape %s", query->name,
			  query->shape);
		return DEVICE_NONE;
	}
	return DEVICE_OK;
}

static int last_byte(const char *end)
{
	char text[QUERY_MAX];
	size_t len;

	return expand(end, "", text, sizeof(text), &len) && len > 0 ? (unsigned char)text[len - 1]
								    : -1;
}

static enum device_result carry(struct qx_device *q, const struct map_query *query, bool known,
				const char *value, char *answer, size_t *len)
{
	char sent[QUERY_MAX];
	struct carrier_query c = {.text = sent,
				  .timeout_ms = known ? KNOWN_TIMEOUT_MS : TIMEOUT_MS};
	const struct mapcodec *codec = query->codec;
	enum carrier_result r;

	if (!mapnumbers_allow(q->numbers, query->when))
		return DEVICE_REFUSED;
	if (!expand(query->text, value, sent, sizeof(sent), &c.length) ||
	    (codec && codec->query && !codec->query(sent, &c.length, sizeof(sent), q->numbers)))
		return DEVICE_RANGE;
	c.end = last_byte(query->end);
	*len = 0;
	r = q->carrier.ask(q->carrier.arg, &c, answer, CARRIER_ANSWER_MAX, len);
	log_debug(3, token, "%s: %zu bytes came", query->name, *len);
	switch (r) {
	case CARRIER_OK:
		if (codec && codec->answer &&
		    !codec->answer(answer, len, CARRIER_ANSWER_MAX, q->numbers))
			return DEVICE_NONE;
		return judge(query, answer, *len, sent, c.length);
	case CARRIER_SILENCE:
	case CARRIER_FAILED:
		/* Or the answer would come for the next query. */
		if (known && q->carrier.settle)
			q->carrier.settle(q->carrier.arg);
		return DEVICE_NONE;
	case CARRIER_REFUSED:
		return DEVICE_REFUSED;
	default:
		return DEVICE_GONE;
	}
}

bool qx_device_query(const struct map_query *query, char *text, size_t size,
		     struct carrier_query *q)
{
	*q = (struct carrier_query){
		.text = text, .end = last_byte(query->end), .timeout_ms = TIMEOUT_MS};
	return expand(query->text, "", text, size, &q->length);
}

/* Without the query that tells mains from battery there is no reading: if that fails, it is the line
 * that failed, not the device that does not know it. */
static bool expect_status(struct qx_device *q)
{
	for (size_t i = 0; i < q->map->row_count; i++) {
		const struct map_row *row = &q->map->rows[i];
		const struct qx_place *p = NULL;

		if (row->kind != MAP_STATUS)
			continue;
		p = device_place(q, row->where);
		if (!p)
			return false;
		p->query->tells_status = true;
		p->query->known = p->query->known || row->word == MAPWORD_ONLINE;
	}
	return true;
}

/* A query that was never answered is one that the device does not know. */
static enum device_result note_failure(struct qx_device *q, struct qx_query *one,
				       enum device_result r)
{
	/* One that it knows, and cannot do without: no refusal is the last word. */
	if ((r == DEVICE_NONE && one->known) ||
	    (r == DEVICE_REFUSED && one->tells_status && one->answered)) {
		q->counts.failed++;
		return DEVICE_NONE;
	}
	if (r == DEVICE_NONE || r == DEVICE_REFUSED) {
		one->pause = one->pause && !one->answered ? one->pause * 2 : PAUSE_FIRST;
		if (one->pause > PAUSE_LONGEST)
			one->pause = PAUSE_LONGEST;
		one->again = q->poll + one->pause;
		return DEVICE_REFUSED;
	}
	return r;
}

static enum device_result ask(struct qx_device *q, struct qx_query *one)
{
	char answer[CARRIER_ANSWER_MAX];
	size_t len = 0;
	enum device_result r = carry(q, one->query, one->known, "", answer, &len);

	/* The first query after a long silence is often lost. */
	if (r == DEVICE_NONE && !one->answered)
		r = carry(q, one->query, one->known, "", answer, &len);
	one->asked = q->poll;
	one->result = r == DEVICE_OK ? r : note_failure(q, one, r);
	if (r != DEVICE_OK)
		return one->result;
	q->counts.good++;
	one->known = one->answered = true;
	one->pause = one->again = 0;
	one->poll = q->poll;
	one->length = len;
	memcpy(one->answer, answer, len);
	return DEVICE_OK;
}

static enum device_result fresh(struct qx_device *q, struct qx_query *one, unsigned long since)
{
	/* What is not to be asked now is not what the device does not know. */
	if (!mapnumbers_allow(q->numbers, one->query->when))
		return DEVICE_REFUSED;
	if (one->poll > 0 && one->poll >= since)
		return DEVICE_OK;
	if (one->asked == q->poll && one->asked > 0)
		return one->result;
	if (one->again > q->poll)
		return DEVICE_REFUSED;
	return ask(q, one);
}

/* ----------------------------------------------------------------------------- answers */

static bool cut_word(const char *text, size_t number, size_t *from, size_t *to)
{
	size_t at = 0;

	for (size_t i = 0;; i++) {
		at += strspn(text + at, " ");
		if (!text[at])
			return false;
		*from = at;
		at += strcspn(text + at, " ");
		*to = at;
		if (i == number)
			return true;
	}
}

static void trim(const char *text, size_t *from, size_t *to)
{
	while (*from < *to && text[*from] == ' ')
		(*from)++;
	while (*from < *to && text[*to - 1] == ' ')
		(*to)--;
}

/* The part of an answer that a place names, blanks around it aside. */
static bool cut(const struct qx_place *p, struct mapvalue *v)
{
	const struct qx_query *one = p->query;
	char text[CARRIER_ANSWER_MAX + 1], part[CARRIER_ANSWER_MAX + 1];
	size_t from = 0, to, len = one->length;

	memcpy(text, one->answer, len);
	while (len > 0 && (text[len - 1] == '\r' || text[len - 1] == '\n'))
		len--;
	text[len] = '\0';
	to = len;
	if (p->part == COLUMNS) {
		from = p->from;
		to = p->to < len ? p->to : len;
		if (from >= to)
			return false;
	} else if (p->part == WORD && !cut_word(text, p->from, &from, &to)) {
		return false;
	}
	trim(text, &from, &to);
	memcpy(part, text + from, to - from);
	part[to - from] = '\0';
	return mapvalue_set_text(v, part);
}

static enum device_result device_read(void *arg, const void *place, unsigned long since,
				      struct mapvalue *v)
{
	struct qx_device *q = arg;
	const struct qx_place *p = place;
	enum device_result r = fresh(q, p->query, since);

	if (r != DEVICE_OK)
		return r;
	return cut(p, v) ? DEVICE_OK : DEVICE_REFUSED;
}

static bool device_here(void *arg, const void *place, unsigned long since)
{
	const struct qx_place *p = place;

	(void)arg;
	return p->query->poll > 0 && p->query->poll >= since;
}

/* Many devices say nothing to a command that they take. */
static enum device_result device_write(void *arg, const void *place, const struct mapvalue *v,
				       enum map_type type, bool command)
{
	struct qx_device *q = arg;
	const struct qx_place *p = place;
	const struct map_query *query = p->query->query;
	char answer[CARRIER_ANSWER_MAX];
	struct mapvalue copy = *v;
	size_t len;
	enum device_result r;

	(void)command, (void)type;
	r = carry(q, query, false, mapvalue_text(&copy), answer, &len);
	if (r == DEVICE_NONE && len == 0 && query->begin[0] == '\0' && query->length == 0)
		r = DEVICE_OK;
	if (r == DEVICE_REFUSED)
		log_warn(token, "%s: the device refused it", query->name);
	return r;
}

static bool device_answer(void *arg, const char *query, char *dst, size_t size, size_t *len)
{
	struct qx_device *q = arg;
	struct qx_query *one = take_query(q, query);

	if (!one || fresh(q, one, 0) != DEVICE_OK)
		return false;
	*len = one->length < size ? one->length : size;
	memcpy(dst, one->answer, *len);
	return true;
}

static unsigned long device_begin(void *arg)
{
	struct qx_device *q = arg;

	return ++q->poll;
}

static void device_forget(void *arg)
{
	struct qx_device *q = arg;

	for (struct qx_query *one = q->queries; one; one = one->next)
		one->poll = 0;
}

static void device_counts(void *arg, struct device_counts *counts)
{
	const struct qx_device *q = arg;

	*counts = q->counts;
}

enum device_result qx_device_probe(struct qx_device *q, const char *where, struct mapvalue *v)
{
	const void *place = device_place(q, where);

	if (!place)
		return DEVICE_REFUSED;
	device_begin(q);
	return device_read(q, place, q->poll, v);
}

struct qx_device *qx_device_new(const struct map *map, const struct carrier *carrier,
				const struct mapnumbers *numbers)
{
	struct qx_device *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->map = map;
	q->carrier = *carrier;
	q->numbers = numbers;
	if (expect_status(q))
		return q;
	qx_device_free(q);
	return NULL;
}

struct engine_device qx_device_ops(struct qx_device *q)
{
	return (struct engine_device){
		.place = device_place,
		.begin = device_begin,
		.read = device_read,
		.here = device_here,
		.write = device_write,
		.forget = device_forget,
		.counts = device_counts,
		.answer = device_answer,
		.arg = q,
	};
}
