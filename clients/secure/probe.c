#include "config.h"

#include "clients/secure/probe.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "clients/libupsclient/dial.h"
#include "common/base/str.h"

bool probe_connect(struct probe *p, const char *host, unsigned port, double limit_s)
{
	struct fault fault;
	int fd = -1;

	*p = (struct probe){.limit_s = limit_s};
	fault = dial(host, (uint16_t)port, 0, transport_deadline_in(limit_s), &fd);
	if (fault_is(fault)) {
		str_format(p->error, sizeof(p->error), "%s%s%s", fault_text(fault.number),
			   fault.sys ? ": " : "", fault.sys ? strerror(fault.sys) : "");
		return false;
	}
	transport_open_plain(&p->transport, fd);
	p->connected = true;
	return true;
}

static bool fail(struct probe *p, const char *why)
{
	str_copy(p->error, sizeof(p->error), why);
	return false;
}

/* Waits until it is worth trying again. */
static bool wait_for(struct probe *p, short events)
{
	int ready = transport_wait(p->transport.fd, events, p->deadline_ms);

	if (ready > 0)
		return true;
	return fail(p, ready == 0 ? "the server does not answer" : strerror(errno));
}

/* ---- bytes, in the clear or encrypted ---- */

static ssize_t pull(void *arg, void *data, size_t len)
{
	struct transport *t = arg;

	return t->ops->read(t, data, len);
}

static ssize_t push(void *arg, const void *data, size_t len)
{
	struct transport *t = arg;

	return t->ops->write(t, data, len);
}

/* After a step that is not done: true when it is worth trying again. */
static bool wait_for_tls(struct probe *p, enum tls_result result)
{
	switch (result) {
	case TLS_WANT_READ:
		return wait_for(p, POLLIN);
	case TLS_WANT_WRITE:
		return wait_for(p, POLLOUT);
	case TLS_CLOSED:
		return fail(p, "the server closed the connection");
	default:
		return fail(p, tls_session_error(p->tls));
	}
}

static bool wait_for_plain(struct probe *p, ssize_t moved)
{
	if (moved == 0)
		return fail(p, "the server closed the connection");
	if (errno == EINTR)
		return true;
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return fail(p, strerror(errno));
	return wait_for(p, p->transport.waits_for);
}

static bool send_all(struct probe *p, const char *data, size_t len)
{
	while (len > 0) {
		size_t done = 0;

		if (p->tls) {
			enum tls_result result = tls_session_write(p->tls, data, len, &done);

			if (result != TLS_DONE && !wait_for_tls(p, result))
				return false;
		} else {
			ssize_t sent = p->transport.ops->write(&p->transport, data, len);

			if (sent < 0 && !wait_for_plain(p, sent))
				return false;
			done = sent > 0 ? (size_t)sent : 0;
		}
		data += done;
		len -= done;
	}
	return true;
}

/* Makes in[in_at..in_len) hold at least one byte. */
static bool fill(struct probe *p)
{
	while (p->in_at == p->in_len) {
		size_t done = 0;

		if (p->tls) {
			enum tls_result result =
				tls_session_read(p->tls, p->in, sizeof(p->in), &done);

			if (result != TLS_DONE && !wait_for_tls(p, result))
				return false;
		} else {
			ssize_t got = p->transport.ops->read(&p->transport, p->in, sizeof(p->in));

			if (got <= 0 && !wait_for_plain(p, got))
				return false;
			done = got > 0 ? (size_t)got : 0;
		}
		p->in_at = 0;
		p->in_len = done;
	}
	return true;
}

static bool read_line(struct probe *p, char *line, size_t size)
{
	size_t len = 0;

	for (;;) {
		char c;

		if (!fill(p))
			return false;
		c = p->in[p->in_at++];
		if (c == '\n')
			break;
		if (c != '\r' && len + 1 < size)
			line[len++] = c;
	}
	line[len] = '\0';
	return true;
}

/* ---- the conversation ---- */

bool probe_ask(struct probe *p, const char *request, char *answer, size_t size)
{
	p->deadline_ms = transport_deadline_in(p->limit_s);
	return send_all(p, request, strlen(request)) && send_all(p, "\n", 1) &&
	       read_line(p, answer, size);
}

enum probe_offer probe_ask_tls(struct probe *p)
{
	char answer[128];

	if (!probe_ask(p, "STARTTLS", answer, sizeof(answer)))
		return PROBE_BROKEN;
	/* "OK" alone is what upsdTLS.py says. */
	if (str_equal(answer, "OK") || str_starts(answer, "OK "))
		return PROBE_OFFERED;
	str_copy(p->error, sizeof(p->error), answer);
	return PROBE_NOT_OFFERED;
}

bool probe_handshake(struct probe *p, struct tls_context *context, const char *server_name)
{
	struct tls_io io = {.pull = pull, .push = push, .arg = &p->transport};
	enum tls_result result;

	if (p->in_at != p->in_len)
		return fail(p, "the server sent bytes in the clear behind its answer to STARTTLS");
	p->deadline_ms = transport_deadline_in(p->limit_s);
	p->tls = tls_session_new(context, &io, server_name);
	if (!p->tls)
		return fail(p, "out of memory");
	while ((result = tls_session_handshake(p->tls)) != TLS_DONE)
		if (!wait_for_tls(p, result))
			return false;
	return true;
}

const struct tls_session *probe_session(const struct probe *p)
{
	return p->tls;
}

void probe_close(struct probe *p)
{
	if (!p->connected)
		return;
	if (p->tls)
		tls_session_close(p->tls);
	tls_session_free(p->tls);
	p->tls = NULL;
	p->transport.ops->close(&p->transport);
	p->connected = false;
}
