/*
 * The driver socket, both directions: the input is read as lines of a driver
 * into a tree, and as lines to a driver.  What the tree then says of itself must
 * make the same tree again, and an observer's view of it as well.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/ups/driverwire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads lines into s; a DATASTALE begins a dump and a DUMPDONE ends it, to reach the resync as
 * well. */
static void feed(struct state *s, const char *data, size_t size, bool dumps)
{
	struct words *w = words_new(WORDS_WIRE, &driverwire_limits);

	while (w && size > 0) {
		if (words_feed(w, &data, &size) != WORDS_LINE)
			continue;
		driverwire_to_driver(w);

		struct driverwire_message m = driverwire_from_driver(w, s);

		if (m.word == DRIVERWIRE_DATAOK || m.word == DRIVERWIRE_DATASTALE)
			state_set_fresh(s, m.word == DRIVERWIRE_DATAOK);
		if (dumps && m.word == DRIVERWIRE_DATASTALE)
			state_resync_begin(s);
		if (dumps && m.word == DRIVERWIRE_DUMPDONE)
			state_resync_end(s);
	}
	words_free(w);
}

static void append_change(void *arg, const struct state_change *c)
{
	driverwire_append_change(arg, c);
}

static void expect_same(const struct state *a, const struct state *b)
{
	struct buffer x = {0}, y = {0};

	driverwire_append_dump(&x, a);
	driverwire_append_dump(&y, b);
	if (x.failed || y.failed || x.len != y.len || memcmp(x.data, y.data, x.len) != 0)
		abort();
	buffer_free(&x);
	buffer_free(&y);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state *s = state_new(), *copy = state_new(), *mirror = state_new();
	struct state_observer o = {.seen = 0};
	struct buffer b = {0};
	size_t half = size / 2;

	if (!s || !copy || !mirror)
		abort();
	state_observe(s, &o, true);
	feed(s, (const char *)data, half, true);
	state_changes(s, &o, append_change, &b);
	feed(s, (const char *)data + half, size - half, true);
	state_resync_abort(s);
	state_changes(s, &o, append_change, &b);
	if (b.len > 0)
		feed(mirror, b.data, b.len, false);
	expect_same(s, mirror);

	buffer_clear(&b);
	driverwire_append_dump(&b, s);
	feed(copy, b.data, b.len, false);
	expect_same(s, copy);
	buffer_free(&b);
	state_free(s);
	state_free(copy);
	state_free(mirror);
	return 0;
}
