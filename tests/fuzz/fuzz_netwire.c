/*
 * The client protocol: the input is read as lines of a server, and as names of
 * UPSes and hosts.  Words written as a request must be the same words when read.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/ups/netwire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same_request(const struct words *w)
{
	struct words *again = words_new(WORDS_WIRE, &netwire_reply_limits);
	struct buffer b = {0};
	size_t count = words_count(w);

	netwire_append_request(&b, count, (const char *const *)words_all(w));

	const char *p = b.data;
	size_t len = b.len;

	if (!again || b.failed || words_feed(again, &p, &len) != WORDS_LINE || len != 0 ||
	    words_count(again) != count)
		abort();
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words_at(w, i), words_at(again, i)) != 0)
			abort();
	}
	words_free(again);
	buffer_free(&b);
}

static void try_target(const char *text)
{
	struct netwire_target t;
	const char *why = NULL;

	if (!netwire_parse_target(text, &t, &why) && !why)
		abort();
}

static void try_line(const struct words *w)
{
	enum netwire_error e;
	struct netwire_event event = netwire_parse_event(w);

	if (event.kind != NETWIRE_EVENT_BAD &&
	    (netwire_classify(w, &e) != NETWIRE_R_EVENT || !event.ups))
		abort();
	if (netwire_classify(w, &e) == NETWIRE_R_ERR && !netwire_error_name(e))
		abort();
	for (size_t i = 0; i < words_count(w); i++)
		try_target(words_at(w, i));
	expect_same_request(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct words *w = words_new(WORDS_WIRE, &netwire_reply_limits);
	const char *p = (const char *)data;

	while (w && size > 0) {
		if (words_feed(w, &p, &size) == WORDS_LINE)
			try_line(w);
	}
	words_free(w);
	return 0;
}
