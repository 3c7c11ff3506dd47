/*
 * session: one conversation with upsd: lines out, lines or words in.
 *
 * It lives outside UPSCONN_t, whose size belongs to the library's callers.
 */
#ifndef CLIENTS_LIBUPSCLIENT_SESSION_H
#define CLIENTS_LIBUPSCLIENT_SESSION_H

#include <stddef.h>

#include "clients/libupsclient/fault.h"
#include "clients/libupsclient/transport.h"
#include "common/base/buffer.h"
#include "common/base/words.h"

struct session {
	struct transport transport;
	struct words *words;  /* the line that session_read_words() took */
	struct buffer out;    /* the request being made */
	size_t in_at, in_len; /* what was received and not yet read: in[in_at..in_len) */
	char in[2048];
};

/* Takes over a connected socket. NULL when out of memory: then the socket is still the caller's. */
struct session *session_new(int fd);

/* Closes the connection and frees. NULL is fine. */
void session_free(struct session *s);

/*
 * Deadlines are clock_ms() or TRANSPORT_FOR_EVER and hold for the whole line.
 * After UPSCLI_ERR_SRVDISC, _READ, _WRITE or _SSLERR the connection is of no more use.
 */
struct fault session_send(struct session *s, const char *data, size_t len, long long deadline_ms);

/* `VERB word ...` with quoting and a newline. */
struct fault session_ask(struct session *s, const char *verb, size_t count,
			 const char *const *words, long long deadline_ms);

/* A line as it is, without its newline, or as much of it as fits into `size` bytes with a NUL. */
struct fault session_read_text(struct session *s, char *text, size_t size, long long deadline_ms);

/* The next line's words, in s->words until the next call. A line of bad grammar: UPSCLI_ERR_PARSE.
 */
struct fault session_read_words(struct session *s, long long deadline_ms);

/* Takes leave: LOGOUT, and a short wait for the server to have taken note. */
void session_say_goodbye(struct session *s);

#endif
