/*
 * The socket of upssched's timer daemon: the input is lines of its clients, a
 * second apart.  What is due is taken out, what is listed must be whole lines,
 * and a daemon that takes the timers over must have as many.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clients/upssched/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct words_limits limits = {WIRE_WORDS_MAX, WIRE_LINE_MAX};

static void obey(struct schedule *s, const struct wire_request *r, long long now_ms)
{
	switch (r->verb) {
	case WIRE_START:
	case WIRE_START_SHARED:
		schedule_start(s, r, now_ms);
		break;
	case WIRE_CANCEL:
	case WIRE_CANCEL_MATCHED:
		schedule_cancel(s, r);
		break;
	case WIRE_LIST:
	case WIRE_UNKNOWN:
		break;
	}
}

static void take_due(struct schedule *s, long long now_ms)
{
	struct schedule_due due;

	while (schedule_expire(s, now_ms, &due))
		schedule_due_free(&due);
	if (schedule_due_ms(s) >= 0 && schedule_due_ms(s) <= now_ms)
		abort();
}

/* Returns the time at the end. */
static long long feed(struct schedule *s, const char *data, size_t size, long long step_ms)
{
	struct words *w = words_new(WORDS_WIRE, &limits);
	long long now_ms = 0;

	while (w && size > 0) {
		struct wire_request r;

		if (words_feed(w, &data, &size) != WORDS_LINE)
			continue;
		r = wire_parse(w);
		obey(s, &r, now_ms);
		now_ms += step_ms;
		if (step_ms)
			take_due(s, now_ms);
	}
	words_free(w);
	return now_ms;
}

static void check_list(const struct schedule *s, long long now_ms)
{
	struct buffer b = {0};
	size_t lines = 0;

	schedule_list(s, &b, now_ms, 0);
	for (size_t i = 0; i < b.len; i++)
		lines += b.data[i] == '\n';
	if (b.failed || lines != s->timers.count + 3)
		abort();
	buffer_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schedule s, heir;
	struct buffer b = {0};
	long long now_ms;

	schedule_init(&s);
	schedule_init(&heir);
	now_ms = feed(&s, (const char *)data, size, 1000);
	check_list(&s, now_ms);
	schedule_hand_over(&s, &b, now_ms);
	feed(&heir, b.data, b.len, 0);
	if (heir.timers.count != s.timers.count)
		abort();
	buffer_free(&b);
	schedule_free(&s);
	schedule_free(&heir);
	if (s.event_bytes != 0 || heir.event_bytes != 0)
		abort();
	return 0;
}
