#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/ups/netwire.h"
#include "common/ups/state.h"

enum { MAX_WORDS = 64, LINE_SLACK = 1024 };

const struct words_limits netwire_request_limits = {
	.max_words = MAX_WORDS,
	.max_line = STATE_MAX_VALUE + LINE_SLACK,
};

/* Wider than what our upsd sends: others have their own limits. */
const struct words_limits netwire_reply_limits = {
	.max_words = 4 * MAX_WORDS,
	.max_line = 2 * STATE_MAX_VALUE + LINE_SLACK,
};

static const char *const error_names[NETWIRE_ERROR_COUNT] = {
	[NETWIRE_OK] = "OK",
	[NETWIRE_ACCESS_DENIED] = "ACCESS-DENIED",
	[NETWIRE_UNKNOWN_UPS] = "UNKNOWN-UPS",
	[NETWIRE_VAR_NOT_SUPPORTED] = "VAR-NOT-SUPPORTED",
	[NETWIRE_CMD_NOT_SUPPORTED] = "CMD-NOT-SUPPORTED",
	[NETWIRE_INVALID_ARGUMENT] = "INVALID-ARGUMENT",
	[NETWIRE_INSTCMD_FAILED] = "INSTCMD-FAILED",
	[NETWIRE_SET_FAILED] = "SET-FAILED",
	[NETWIRE_READONLY] = "READONLY",
	[NETWIRE_TOO_LONG] = "TOO-LONG",
	[NETWIRE_FEATURE_NOT_SUPPORTED] = "FEATURE-NOT-SUPPORTED",
	[NETWIRE_FEATURE_NOT_CONFIGURED] = "FEATURE-NOT-CONFIGURED",
	[NETWIRE_ALREADY_SSL_MODE] = "ALREADY-SSL-MODE",
	[NETWIRE_DRIVER_NOT_CONNECTED] = "DRIVER-NOT-CONNECTED",
	[NETWIRE_DATA_STALE] = "DATA-STALE",
	[NETWIRE_ALREADY_LOGGED_IN] = "ALREADY-LOGGED-IN",
	[NETWIRE_INVALID_PASSWORD] = "INVALID-PASSWORD",
	[NETWIRE_ALREADY_SET_PASSWORD] = "ALREADY-SET-PASSWORD",
	[NETWIRE_INVALID_USERNAME] = "INVALID-USERNAME",
	[NETWIRE_ALREADY_SET_USERNAME] = "ALREADY-SET-USERNAME",
	[NETWIRE_USERNAME_REQUIRED] = "USERNAME-REQUIRED",
	[NETWIRE_PASSWORD_REQUIRED] = "PASSWORD-REQUIRED",
	[NETWIRE_UNKNOWN_COMMAND] = "UNKNOWN-COMMAND",
	[NETWIRE_INVALID_VALUE] = "INVALID-VALUE",
	[NETWIRE_VAR_UNKNOWN] = "VAR-UNKNOWN",
	[NETWIRE_UNKNOWN_TYPE] = "UNKNOWN-TYPE",
	[NETWIRE_UNKNOWN_VAR] = "UNKNOWN-VAR",
	[NETWIRE_UNKNOWN_INSTCMD] = "UNKNOWN-INSTCMD",
	[NETWIRE_MISSING_ARGUMENT] = "MISSING-ARGUMENT",
	[NETWIRE_PASSWORD_INCORRECT] = "PASSWORD-INCORRECT",
	[NETWIRE_UNKNOWN_ERROR] = "UNKNOWN",
};

const char *netwire_error_name(enum netwire_error e)
{
	return (unsigned)e < NETWIRE_ERROR_COUNT ? error_names[e]
						 : error_names[NETWIRE_UNKNOWN_ERROR];
}

enum netwire_error netwire_error_of(const char *name)
{
	for (int e = NETWIRE_OK + 1; e < NETWIRE_UNKNOWN_ERROR; e++) {
		if (strcmp(error_names[e], name) == 0)
			return (enum netwire_error)e;
	}
	return NETWIRE_UNKNOWN_ERROR;
}

void netwire_append_error(struct buffer *b, enum netwire_error e)
{
	buffer_append_str(b, "ERR ");
	buffer_append_str(b, netwire_error_name(e));
	buffer_append_char(b, '\n');
}

void netwire_append_text(struct buffer *b, const char *text)
{
	char *copy;

	if (str_is_ascii(text)) {
		words_append_quoted(b, text);
		return;
	}
	copy = str_dup(text);
	b->failed = b->failed || !copy;
	if (copy)
		words_append_quoted(b, str_drop_high(copy));
	free(copy);
}

const char *netwire_skip_mark(const char *word)
{
	while ((unsigned char)*word >= 0x80)
		word++;
	return word;
}

void netwire_append_request(struct buffer *b, size_t count, const char *const *words)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_char(b, ' ');
		words_append_word(b, words[i]);
	}
	buffer_append_char(b, '\n');
}

/* The first words of event lines; `words` is the least count. */
static const struct event_row {
	const char *keyword;
	size_t words;
	enum netwire_event_kind kind;
} event_rows[] = {
	{"VAR", 5, NETWIRE_EVENT_VAR},     {"DELVAR", 4, NETWIRE_EVENT_DELVAR},
	{"STATE", 4, NETWIRE_EVENT_STATE}, {"SYNC", 3, NETWIRE_EVENT_SYNC},
	{"GONE", 3, NETWIRE_EVENT_GONE},
};

static const char *const availability_words[] = {
	[NETWIRE_AVAIL_OK] = "OK",
	[NETWIRE_AVAIL_STALE] = "STALE",
	[NETWIRE_AVAIL_DISCONNECTED] = "DISCONNECTED",
};

const char *netwire_availability_word(enum netwire_availability a)
{
	return availability_words[a];
}

static bool parse_availability(const char *word, enum netwire_availability *a)
{
	for (int i = NETWIRE_AVAIL_OK; i <= NETWIRE_AVAIL_DISCONNECTED; i++) {
		if (strcmp(availability_words[i], word) == 0) {
			*a = (enum netwire_availability)i;
			return true;
		}
	}
	return false;
}

struct netwire_event netwire_parse_event(const struct words *w)
{
	struct netwire_event e = {.kind = NETWIRE_EVENT_BAD};

	if (strcmp(words_at(w, 0), "EVENT") != 0)
		return e;
	for (size_t i = 0; i < sizeof(event_rows) / sizeof(*event_rows); i++) {
		if (strcmp(words_at(w, 1), event_rows[i].keyword) == 0 &&
		    words_count(w) >= event_rows[i].words)
			e.kind = event_rows[i].kind;
	}
	if (e.kind == NETWIRE_EVENT_STATE && !parse_availability(words_at(w, 3), &e.availability))
		e.kind = NETWIRE_EVENT_BAD;
	if (e.kind == NETWIRE_EVENT_BAD)
		return e;
	e.ups = words_at(w, 2);
	if (e.kind == NETWIRE_EVENT_VAR || e.kind == NETWIRE_EVENT_DELVAR)
		e.var = words_at(w, 3);
	if (e.kind == NETWIRE_EVENT_VAR)
		e.value = words_at(w, 4);
	return e;
}

enum netwire_reply netwire_classify(const struct words *w, enum netwire_error *error)
{
	static const struct {
		const char *first, *second; /* second NULL: any */
		enum netwire_reply reply;
	} rows[] = {
		{"OK", NULL, NETWIRE_R_OK},         {"ERR", NULL, NETWIRE_R_ERR},
		{"BEGIN", "LIST", NETWIRE_R_BEGIN}, {"END", "LIST", NETWIRE_R_END},
		{"EVENT", NULL, NETWIRE_R_EVENT},
	};

	*error = NETWIRE_OK;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strcmp(words_at(w, 0), rows[i].first) != 0)
			continue;
		if (rows[i].second && strcmp(words_at(w, 1), rows[i].second) != 0)
			continue;
		if (rows[i].reply == NETWIRE_R_ERR)
			*error = netwire_error_of(words_at(w, 1));
		return rows[i].reply;
	}
	return NETWIRE_R_DATA;
}

static bool refuse(const char **why, const char *text)
{
	*why = text;
	return false;
}

/* Copies text[0..len) whole. */
static bool copy_part(char *dst, size_t size, const char *text, size_t len)
{
	if (len >= size)
		return false;
	memcpy(dst, text, len);
	dst[len] = '\0';
	return true;
}

bool netwire_parse_host(const char *text, char *host, size_t size, unsigned *port, const char **why)
{
	return netwire_parse_host_of(text, NUT_PORT, host, size, port, why);
}

bool netwire_parse_host_of(const char *text, const char *usual, char *host, size_t size,
			   unsigned *port, const char **why)
{
	const char *end, *rest;
	long n = 0;

	if (*text == '[') {
		end = strchr(++text, ']');
		if (!end)
			return refuse(why, "the bracket before the address is not closed");
		rest = end + 1;
	} else {
		end = rest = text + strcspn(text, ":");
		/* Two colons without brackets: an address, and no port then. */
		if (*end && strchr(end + 1, ':'))
			end = rest = text + strlen(text);
	}
	if (end == text)
		return refuse(why, "the host name is empty");
	if (!copy_part(host, size, text, (size_t)(end - text)))
		return refuse(why, "the host name is too long");
	if (*rest != '\0' && *rest != ':')
		return refuse(why, "behind the bracket only a port may stand");
	if (!str_to_long(*rest ? rest + 1 : usual, 1, 65535, &n))
		return refuse(why, "the port is not a number from 1 to 65535");
	*port = (unsigned)n;
	return true;
}

bool netwire_parse_target(const char *text, struct netwire_target *t, const char **why)
{
	const char *at = strchr(text, '@');
	size_t len = at ? (size_t)(at - text) : strlen(text);

	if (len == 0)
		return refuse(why, "the UPS name is empty");
	if (memchr(text, ':', len))
		return refuse(why, "a port needs a host before it: ups@host:port");
	if (!copy_part(t->ups, sizeof(t->ups), text, len))
		return refuse(why, "the UPS name is too long");
	return netwire_parse_host(at ? at + 1 : "localhost", t->host, sizeof(t->host), &t->port,
				  why);
}
