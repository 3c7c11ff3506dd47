#include "config.h"

#include "clients/upssched/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

static const struct {
	const char *word;
	size_t words; /* at least */
} verb_rows[] = {
	[WIRE_START] = {"START", 3},      [WIRE_START_SHARED] = {"START-SHARED", 3},
	[WIRE_CANCEL] = {"CANCEL", 2},    [WIRE_CANCEL_MATCHED] = {"CANCEL-MATCHED", 2},
	[WIRE_LIST] = {"LIST-TIMERS", 1},
};

static bool is_start(enum wire_verb verb)
{
	return verb == WIRE_START || verb == WIRE_START_SHARED;
}

/* NUT's way with numbers, except that what is none at all is not 0. */
static long seconds_of(const char *text)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	return end == text || errno == ERANGE ? -1 : value;
}

static enum wire_verb verb_of(const struct words *w)
{
	if (strlen(words_at(w, 1)) > WIRE_NAME_MAX)
		return WIRE_UNKNOWN;
	for (int v = 0; v < WIRE_UNKNOWN; v++) {
		if (str_equal(verb_rows[v].word, words_at(w, 0)) &&
		    words_count(w) >= verb_rows[v].words)
			return (enum wire_verb)v;
	}
	return WIRE_UNKNOWN;
}

struct wire_request wire_parse(const struct words *w)
{
	struct wire_request r = {.verb = verb_of(w), .name = words_at(w, 1), .command = ""};

	if (is_start(r.verb))
		r.seconds = seconds_of(words_at(w, 2));
	else
		r.command = words_at(w, 2);
	r.has_event = words_count(w) >= 6;
	if (r.has_event)
		r.event = (struct wire_event){words_at(w, 3), words_at(w, 4), words_at(w, 5)};
	return r;
}

static void append_word(struct buffer *b, const char *word)
{
	buffer_append_char(b, ' ');
	words_append_quoted(b, word);
}

bool wire_append(struct buffer *b, const struct wire_request *r)
{
	buffer_append_str(b, verb_rows[r->verb].word);
	if (r->verb == WIRE_LIST)
		return buffer_append_char(b, '\n');
	append_word(b, r->name);
	if (is_start(r->verb))
		buffer_appendf(b, " \"%ld\"", r->seconds);
	else
		append_word(b, r->command);
	if (r->has_event) {
		append_word(b, r->event.type);
		append_word(b, r->event.ups);
		append_word(b, r->event.message);
	}
	return buffer_append_char(b, '\n');
}
