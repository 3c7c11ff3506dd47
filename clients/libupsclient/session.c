#include "config.h"

#include "clients/libupsclient/session.h"

#include <errno.h>
#include <stdlib.h>

#include "clients/libupsclient/upsclient.h"
#include "common/base/str.h"
#include "common/ups/netwire.h"

enum {
	GOODBYE_S = 5,       /* how long LOGOUT's answer is waited for */
	QUERY_WORDS_MAX = 32 /* upsd takes no more words on a line */
};

struct session *session_new(int fd)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->words = words_new(WORDS_WIRE, &netwire_reply_limits);
	if (!s->words) {
		free(s);
		return NULL;
	}
	transport_open_plain(&s->transport, fd);
	return s;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	s->transport.ops->close(&s->transport);
	words_free(s->words);
	buffer_free(&s->out);
	secret_wipe(s->in, sizeof(s->in));
	free(s);
}

/* After an operation that returned `moved` <= 0: a fault, or none when it is worth trying again. */
static struct fault wait_or_fail(struct session *s, int number, long long deadline_ms)
{
	int ready;

	if (errno == EINTR)
		return fault_none();
	if (errno == EPROTO && s->transport.tls)
		return fault_make(UPSCLI_ERR_SSLERR, 0);
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return fault_make(number, errno);
	ready = transport_wait(s->transport.fd, s->transport.waits_for, deadline_ms);
	if (ready < 0)
		return fault_make(number, errno);
	/* A server that says nothing in time counts as gone, as with NUT. */
	return ready == 0 ? fault_make(UPSCLI_ERR_SRVDISC, 0) : fault_none();
}

struct fault session_send(struct session *s, const char *data, size_t len, long long deadline_ms)
{
	while (len > 0) {
		ssize_t sent = s->transport.ops->write(&s->transport, data, len);

		if (sent < 0) {
			struct fault fault = wait_or_fail(s, UPSCLI_ERR_WRITE, deadline_ms);

			if (fault_is(fault))
				return fault;
			continue;
		}
		data += sent;
		len -= (size_t)sent;
	}
	return fault_none();
}

struct fault session_ask(struct session *s, const char *verb, size_t count,
			 const char *const *words, long long deadline_ms)
{
	const char *line[QUERY_WORDS_MAX] = {verb};
	struct fault fault;

	if (count < 1 || count >= QUERY_WORDS_MAX)
		return fault_make(UPSCLI_ERR_INVALIDARG, 0);
	for (size_t i = 0; i < count; i++) {
		if (!words[i])
			return fault_make(UPSCLI_ERR_INVALIDARG, 0);
		line[i + 1] = words[i];
	}
	netwire_append_request(&s->out, count + 1, line);
	fault = s->out.failed ? fault_make(UPSCLI_ERR_NOMEM, 0)
			      : session_send(s, s->out.data, s->out.len, deadline_ms);
	buffer_clear(&s->out);
	return fault;
}

/* Makes in[in_at..in_len) hold at least one byte. */
static struct fault fill(struct session *s, long long deadline_ms)
{
	while (s->in_at == s->in_len) {
		ssize_t got = s->transport.ops->read(&s->transport, s->in, sizeof(s->in));

		if (got == 0)
			return fault_make(UPSCLI_ERR_SRVDISC, 0);
		if (got < 0) {
			struct fault fault = wait_or_fail(s, UPSCLI_ERR_READ, deadline_ms);

			if (fault_is(fault))
				return fault;
			continue;
		}
		s->in_at = 0;
		s->in_len = (size_t)got;
	}
	return fault_none();
}

struct fault session_read_text(struct session *s, char *text, size_t size, long long deadline_ms)
{
	size_t len = 0;

	while (len + 1 < size) {
		struct fault fault = fill(s, deadline_ms);
		char c;

		if (fault_is(fault))
			return fault;
		c = s->in[s->in_at++];
		if (c == '\n')
			break;
		text[len++] = c;
	}
	text[len] = '\0';
	return fault_none();
}

struct fault session_read_words(struct session *s, long long deadline_ms)
{
	enum words_result result = WORDS_MORE;

	while (result == WORDS_MORE) {
		struct fault fault = fill(s, deadline_ms);
		const char *from = s->in + s->in_at;
		size_t left = s->in_len - s->in_at;

		if (fault_is(fault))
			return fault;
		result = words_feed(s->words, &from, &left);
		s->in_at = s->in_len - left;
	}
	return result == WORDS_LINE ? fault_none() : fault_make(UPSCLI_ERR_PARSE, 0);
}

void session_say_goodbye(struct session *s)
{
	static const char logout[] = "LOGOUT\n";
	long long deadline_ms = transport_deadline_in(GOODBYE_S);

	if (fault_is(session_send(s, logout, sizeof(logout) - 1, deadline_ms)))
		return;
	/* Items that nobody fetched may come first. */
	for (;;) {
		struct fault fault = session_read_words(s, deadline_ms);
		enum netwire_error error;
		enum netwire_reply reply;

		if (fault_is(fault) && fault.number != UPSCLI_ERR_PARSE)
			return;
		reply = netwire_classify(s->words, &error);
		if (!fault_is(fault) && (reply == NETWIRE_R_OK || reply == NETWIRE_R_ERR))
			return;
	}
}
