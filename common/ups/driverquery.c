#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/base/talk.h"
#include "common/ups/driverquery.h"
#include "common/ups/driverwire.h"

enum { READ_SIZE = 4096, SEND_TIMEOUT_MS = 5000 };

struct driverquery {
	int fd;
	struct words *words;
	struct state *state; /* what the driver said by the way, and in answer to DUMPVALUE */
	char input[READ_SIZE];
	const char *next; /* bytes of `input` that have not been read as lines */
	size_t left;
};

static bool send_all(struct driverquery *q, const struct buffer *b)
{
	return !b->failed && talk_send(q->fd, b->data, b->len, talk_deadline(SEND_TIMEOUT_MS));
}

static bool send_line(struct driverquery *q, const char *line)
{
	struct buffer b = {0};
	bool ok;

	buffer_append_str(&b, line);
	buffer_append_char(&b, '\n');
	ok = send_all(q, &b);
	buffer_free(&b);
	return ok;
}

struct driverquery *driverquery_open(const char *path, int timeout_ms)
{
	struct driverquery *q = calloc(1, sizeof(*q));
	int error;

	if (!q)
		return NULL;
	q->fd = talk_connect(path, talk_deadline(timeout_ms));
	if (q->fd < 0)
		goto fail;
	q->words = words_new(WORDS_WIRE, &driverwire_limits);
	q->state = state_new();
	if (!q->words || !q->state) {
		errno = ENOMEM;
		goto fail;
	}
	if (send_line(q, "NOBROADCAST"))
		return q;
fail:
	error = errno;
	if (q->fd >= 0)
		close(q->fd);
	words_free(q->words);
	state_free(q->state);
	free(q);
	errno = error;
	return NULL;
}

void driverquery_close(struct driverquery *q)
{
	if (!q)
		return;
	send_line(q, "LOGOUT");
	close(q->fd);
	words_free(q->words);
	state_free(q->state);
	free(q);
}

/* The next line of the driver. False when the time is over or the driver has gone. */
static bool next_message(struct driverquery *q, struct driverwire_message *m, long long deadline)
{
	for (;;) {
		if (q->left > 0 && words_feed(q->words, &q->next, &q->left) == WORDS_LINE) {
			*m = driverwire_from_driver(q->words, q->state);
			return true;
		}
		if (q->left > 0)
			continue;

		ssize_t n = talk_receive(q->fd, q->input, sizeof(q->input), deadline);

		if (n <= 0)
			return false;
		q->next = q->input;
		q->left = (size_t)n;
	}
}

/* Reads on until a message of this kind (and with this id, if any) has come. */
static bool await(struct driverquery *q, enum driverwire_word word, const char *id, int timeout_ms,
		  long *number)
{
	long long deadline = talk_deadline(timeout_ms);
	struct driverwire_message m;

	while (next_message(q, &m, deadline)) {
		if (m.word != word || (id && !str_caseequal(m.id, id)))
			continue;
		if (number)
			*number = m.number;
		return true;
	}
	return false;
}

int driverquery_ping(struct driverquery *q, int timeout_ms)
{
	if (!send_line(q, "PING"))
		return -1;
	return await(q, DRIVERWIRE_PONG, NULL, timeout_ms, NULL) ? 0 : -1;
}

pid_t driverquery_pid(struct driverquery *q, int timeout_ms)
{
	long pid;

	if (!send_line(q, "GETPID") || !await(q, DRIVERWIRE_PID, NULL, timeout_ms, &pid))
		return -1;
	return pid > 0 ? (pid_t)pid : -1;
}

int driverquery_value(struct driverquery *q, const char *name, char *dst, size_t size,
		      int timeout_ms)
{
	struct buffer b = {0};
	const char *value;
	bool ok;

	state_delete(q->state, name);
	buffer_append_str(&b, "DUMPVALUE ");
	words_append_word(&b, name);
	buffer_append_char(&b, '\n');
	ok = send_all(q, &b) && await(q, DRIVERWIRE_DUMPDONE, NULL, timeout_ms, NULL);
	buffer_free(&b);
	value = ok ? state_get(q->state, name) : NULL;
	return value && str_copy(dst, size, value) ? 0 : -1;
}

/* A version 4 UUID, as upsd's tracking ids are. */
static bool make_id(char *dst, size_t size)
{
	unsigned char r[16];

	if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
		return false;
	r[6] = (unsigned char)((r[6] & 0x0f) | 0x40);
	r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
	return str_format(dst, size,
			  "%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X",
			  r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11],
			  r[12], r[13], r[14], r[15]);
}

/* Sends a tracked request and waits for its result. */
static int ask(struct driverquery *q, const struct buffer *request, const char *id, int timeout_ms)
{
	long result;

	if (!send_all(q, request) || !await(q, DRIVERWIRE_TRACKING, id, timeout_ms, &result))
		return -1;
	return result >= 0 ? (int)result : -1;
}

int driverquery_instcmd(struct driverquery *q, const char *name, const char *value, int timeout_ms)
{
	struct buffer b = {0};
	char id[40];
	int result = -1;

	if (!make_id(id, sizeof(id)))
		return -1;
	driverwire_append_instcmd(&b, name, value, id);
	result = ask(q, &b, id, timeout_ms);
	buffer_free(&b);
	return result;
}

int driverquery_set(struct driverquery *q, const char *name, const char *value, int timeout_ms)
{
	struct buffer b = {0};
	char id[40];
	int result = -1;

	if (!make_id(id, sizeof(id)))
		return -1;
	driverwire_append_set(&b, name, value, id);
	result = ask(q, &b, id, timeout_ms);
	buffer_free(&b);
	return result;
}
