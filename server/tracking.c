#include "config.h"

#include "server/tracking.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "common/base/str.h"
#include "common/ups/driverwire.h"

enum { BUCKETS = 256, ID_BYTES = 16 };

struct entry {
	TAILQ_ENTRY(entry) by_age;
	LIST_ENTRY(entry) in_bucket;
	long long begun_ms;
	enum driverwire_result result;
	unsigned char id[ID_BYTES];
};
TAILQ_HEAD(entries, entry);
LIST_HEAD(bucket, entry);

struct tracking {
	struct entries by_age; /* oldest first */
	size_t count;
	size_t max;
	struct bucket buckets[BUCKETS]; /* by the first byte of the id, which is random */
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool is_dash(size_t position)
{
	return position == 8 || position == 13 || position == 18 || position == 23;
}

/* Both directions of 8-4-4-4-12 hex digits. */
static bool id_parse(const char *text, unsigned char id[ID_BYTES])
{
	size_t at = 0;

	if (strlen(text) != TRACKING_ID_SIZE - 1)
		return false;
	for (size_t i = 0; i < ID_BYTES; i++, at += 2) {
		int high, low;

		if (is_dash(at) && text[at++] != '-')
			return false;
		high = hex_digit(text[at]);
		low = hex_digit(text[at + 1]);
		if (high < 0 || low < 0)
			return false;
		id[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static void id_format(const unsigned char id[ID_BYTES], char text[TRACKING_ID_SIZE])
{
	static const char digits[] = "0123456789ABCDEF";
	size_t at = 0;

	for (size_t i = 0; i < ID_BYTES; i++) {
		if (is_dash(at))
			text[at++] = '-';
		text[at++] = digits[id[i] >> 4];
		text[at++] = digits[id[i] & 15];
	}
	text[at] = '\0';
}

static bool id_random(unsigned char id[ID_BYTES])
{
	if (getrandom(id, ID_BYTES, 0) != ID_BYTES)
		return false;
	id[6] = (unsigned char)(0x40 | (id[6] & 0x0f)); /* version 4, RFC 9562 */
	id[8] = (unsigned char)(0x80 | (id[8] & 0x3f)); /* its variant */
	return true;
}

static struct entry *find(const struct tracking *t, const char *text)
{
	unsigned char id[ID_BYTES];
	struct entry *e;

	if (!id_parse(text, id))
		return NULL;
	LIST_FOREACH(e, &t->buckets[id[0]], in_bucket)
	if (memcmp(e->id, id, ID_BYTES) == 0)
		return e;
	return NULL;
}

static void drop(struct tracking *t, struct entry *e)
{
	TAILQ_REMOVE(&t->by_age, e, by_age);
	LIST_REMOVE(e, in_bucket);
	t->count--;
	free(e);
}

struct tracking *tracking_new(size_t max_entries)
{
	struct tracking *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	TAILQ_INIT(&t->by_age);
	t->max = max_entries;
	return t;
}

void tracking_free(struct tracking *t)
{
	if (!t)
		return;
	while (!TAILQ_EMPTY(&t->by_age))
		drop(t, TAILQ_FIRST(&t->by_age));
	free(t);
}

bool tracking_begin(struct tracking *t, long long now_ms, char id[TRACKING_ID_SIZE])
{
	struct entry *e = malloc(sizeof(*e));

	if (!e || !id_random(e->id)) {
		free(e);
		return false;
	}
	if (t->count >= t->max)
		drop(t, TAILQ_FIRST(&t->by_age));
	e->begun_ms = now_ms;
	e->result = DRIVERWIRE_PENDING;
	TAILQ_INSERT_TAIL(&t->by_age, e, by_age);
	LIST_INSERT_HEAD(&t->buckets[e->id[0]], e, in_bucket);
	t->count++;
	id_format(e->id, id);
	return true;
}

void tracking_cancel(struct tracking *t, const char *id)
{
	struct entry *e = find(t, id);

	if (e)
		drop(t, e);
}

void tracking_finish(struct tracking *t, const char *id, long result)
{
	struct entry *e = find(t, id);

	if (!e)
		return;
	if (result < DRIVERWIRE_PENDING || result > DRIVERWIRE_R_CONVERSION)
		result = DRIVERWIRE_R_UNKNOWN;
	e->result = (enum driverwire_result)result;
}

const char *tracking_answer(const struct tracking *t, const char *id)
{
	const struct entry *e = find(t, id);

	switch (e ? e->result : DRIVERWIRE_R_UNKNOWN) {
	case DRIVERWIRE_PENDING:
		return "PENDING";
	case DRIVERWIRE_HANDLED:
		return "SUCCESS";
	case DRIVERWIRE_R_INVALID:
	case DRIVERWIRE_R_CONVERSION:
		return "ERR INVALID-ARGUMENT";
	case DRIVERWIRE_R_FAILED:
		return "ERR FAILED";
	case DRIVERWIRE_R_UNKNOWN:
		break;
	}
	return "ERR UNKNOWN";
}

void tracking_expire(struct tracking *t, long long now_ms, long delay_s)
{
	struct entry *e;

	while ((e = TAILQ_FIRST(&t->by_age)) && now_ms - e->begun_ms > delay_s * 1000LL)
		drop(t, e);
}

size_t tracking_count(const struct tracking *t)
{
	return t->count;
}
