/*
 * netwire: the client protocol's words (spec/net-protocol.md, spec/push.md):
 * error names, requests, event lines, and names of the form ups[@host[:port]].
 * Used by upsd, libupsclient and the event-driven client.
 */
#ifndef COMMON_UPS_NETWIRE_H
#define COMMON_UPS_NETWIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"
#include "common/base/words.h"

/* What upsd takes from clients: words a line, bytes a line; and what clients take from upsd. */
extern const struct words_limits netwire_request_limits;
extern const struct words_limits netwire_reply_limits;

#define NETWIRE_PROTOCOL "1.3"
#define NETWIRE_IDLE_S   60 /* a connection without a complete line for longer is closed */

enum netwire_error {
	NETWIRE_OK,
	NETWIRE_ACCESS_DENIED,
	NETWIRE_UNKNOWN_UPS,
	NETWIRE_VAR_NOT_SUPPORTED,
	NETWIRE_CMD_NOT_SUPPORTED,
	NETWIRE_INVALID_ARGUMENT,
	NETWIRE_INSTCMD_FAILED,
	NETWIRE_SET_FAILED,
	NETWIRE_READONLY,
	NETWIRE_TOO_LONG,
	NETWIRE_FEATURE_NOT_SUPPORTED,
	NETWIRE_FEATURE_NOT_CONFIGURED,
	NETWIRE_ALREADY_SSL_MODE,
	NETWIRE_DRIVER_NOT_CONNECTED,
	NETWIRE_DATA_STALE,
	NETWIRE_ALREADY_LOGGED_IN,
	NETWIRE_INVALID_PASSWORD,
	NETWIRE_ALREADY_SET_PASSWORD,
	NETWIRE_INVALID_USERNAME,
	NETWIRE_ALREADY_SET_USERNAME,
	NETWIRE_USERNAME_REQUIRED,
	NETWIRE_PASSWORD_REQUIRED,
	NETWIRE_UNKNOWN_COMMAND,
	NETWIRE_INVALID_VALUE,
	NETWIRE_VAR_UNKNOWN,
	NETWIRE_UNKNOWN_TYPE,
	NETWIRE_UNKNOWN_VAR,
	NETWIRE_UNKNOWN_INSTCMD,
	NETWIRE_MISSING_ARGUMENT,
	NETWIRE_PASSWORD_INCORRECT,
	NETWIRE_UNKNOWN_ERROR, /* any name that is not in the table */
	NETWIRE_ERROR_COUNT
};

const char *netwire_error_name(enum netwire_error e); /* "ACCESS-DENIED" */
enum netwire_error netwire_error_of(const char *name);

/* Appends `ERR NAME\n`. */
void netwire_append_error(struct buffer *b, enum netwire_error e);

/* Appends `"text"`, escaped, without the bytes from 0x80: NUT's upsd never says one, and there are
 * clients that take 7 bits only and lose the whole answer over one more (aionut, so Home
 * Assistant). */
void netwire_append_text(struct buffer *b, const char *text);

/* A word of a client without the bytes from 0x80 that it begins with.  NUT drops all of them, so
 * that a client may send the mark of UTF-8, or negotiate as telnet does, before its first command.
 */
const char *netwire_skip_mark(const char *word);

/* Appends the words separated by single spaces, escaped as requests are (quotes only where needed),
 * and LF. */
void netwire_append_request(struct buffer *b, size_t count, const char *const *words);

/* What a reply line is. */
enum netwire_reply {
	NETWIRE_R_OK,    /* OK ... */
	NETWIRE_R_ERR,   /* ERR name: `error` is set */
	NETWIRE_R_BEGIN, /* BEGIN LIST ... */
	NETWIRE_R_END,   /* END LIST ... */
	NETWIRE_R_EVENT, /* EVENT kind ups ...: never an answer to a request */
	NETWIRE_R_DATA,  /* VAR, UPS, TYPE, ... or a bare answer */
};
enum netwire_reply netwire_classify(const struct words *w, enum netwire_error *error);

enum netwire_event_kind {
	NETWIRE_EVENT_BAD,
	NETWIRE_EVENT_VAR,
	NETWIRE_EVENT_DELVAR,
	NETWIRE_EVENT_STATE,
	NETWIRE_EVENT_SYNC,
	NETWIRE_EVENT_GONE,
};
enum netwire_availability { NETWIRE_AVAIL_OK, NETWIRE_AVAIL_STALE, NETWIRE_AVAIL_DISCONNECTED };
struct netwire_event {
	enum netwire_event_kind kind;
	const char *ups, *var, *value; /* borrowed from the words */
	enum netwire_availability availability;
};
struct netwire_event netwire_parse_event(const struct words *w);
const char *netwire_availability_word(enum netwire_availability a);

/* ups[@host[:port]], host in brackets if it holds colons (or bare, without a port); defaults
 * localhost and 3493. False: *why says what is wrong, a constant text. */
struct netwire_target {
	char ups[256];
	char host[256];
	unsigned port;
};
bool netwire_parse_target(const char *text, struct netwire_target *t, const char **why);

/* host[:port] with the same defaults. */
bool netwire_parse_host(const char *text, char *host, size_t size, unsigned *port,
			const char **why);

/* The same for another protocol, whose port is `usual`. */
bool netwire_parse_host_of(const char *text, const char *usual, char *host, size_t size,
			   unsigned *port, const char **why);

#endif
