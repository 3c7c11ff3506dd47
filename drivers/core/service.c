#include "config.h"

#include "drivers/core/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/lineconn.h"
#include "common/net/listener.h"

/* While so much waits to be written to a peer, changes wait too (and are then sent once each). */
enum { BACKLOG_MAX = 64 * 1024 };

enum { LOG_AGAIN_S = 60 };

static struct lineconn_limits client_limits = {.max_backlog = BACKLOG_MAX};

struct client {
	struct client *next, **prev;
	struct service *service;
	struct lineconn *conn;
	struct state_observer observer;
	unsigned long number;
	bool observing;
	bool behind; /* changes wait until it has taken what is written already */
};

struct service {
	struct loop *loop;
	struct state *state;
	struct listener *listener;
	const struct service_ops *ops;
	void *arg;
	struct client *clients;
	size_t count;
	unsigned long next_number;
	struct log_throttle refused, nonsense;
};

/* ------------------------------------------------------------------- changes, outward */

static void append_change(void *arg, const struct state_change *change)
{
	driverwire_append_change(arg, change);
}

static void send_changes(struct client *c)
{
	/* drained() comes for sure only when more than half of the backlog was in use. */
	if (lineconn_backlog(c->conn) > BACKLOG_MAX / 2) {
		c->behind = true;
		return;
	}
	c->behind = false;
	state_changes(c->service->state, &c->observer, append_change, lineconn_out(c->conn));
}

static void on_notify(struct state_observer *o, void *arg)
{
	(void)o;
	send_changes(arg);
}

static void on_drained(struct lineconn *conn, void *arg)
{
	struct client *c = arg;

	(void)conn;
	if (c->behind && c->observing)
		send_changes(c);
}

static void observe(struct client *c, bool on)
{
	if (c->observing == on)
		return;
	if (on)
		state_observe(c->service->state, &c->observer, false);
	else
		state_unobserve(c->service->state, &c->observer);
	c->observing = on;
}

/* ------------------------------------------------------------------- requests, inward */

static void answer_dump(struct client *c)
{
	driverwire_append_dump(lineconn_out(c->conn), c->service->state);
	if (!c->observing)
		return;
	/* All that happened so far is in the dump. */
	observe(c, false);
	observe(c, true);
	c->behind = false;
}

/* `what` with the line's first word; a peer that goes on and on does not fill the log. */
static void log_nonsense(struct service *sv, const char *what, const char *word)
{
	unsigned missed;

	if (log_throttle_pass(&sv->nonsense, LOG_AGAIN_S, &missed))
		log_info("socket", "%s on the socket: \"%s\" (%u like it before)", what, word,
			 missed);
}

static void on_line(struct lineconn *conn, void *arg, const struct words *w)
{
	struct client *c = arg;
	struct driverwire_message m = driverwire_to_driver(w);
	struct buffer *out = lineconn_out(conn);

	switch (m.word) {
	case DRIVERWIRE_PING:
		buffer_append_str(out, "PONG\n");
		break;
	case DRIVERWIRE_DUMPALL:
		answer_dump(c);
		break;
	case DRIVERWIRE_DUMPSTATUS:
		driverwire_append_value(out, c->service->state, "ups.status");
		break;
	case DRIVERWIRE_DUMPVALUE:
		driverwire_append_value(out, c->service->state, m.name);
		break;
	case DRIVERWIRE_GETPID:
		buffer_appendf(out, "PID %ld\n", (long)getpid());
		break;
	case DRIVERWIRE_NOBROADCAST:
		observe(c, false);
		break;
	case DRIVERWIRE_BROADCAST:
		observe(c, m.number != 0);
		break;
	case DRIVERWIRE_LOGOUT:
		observe(c, false);
		buffer_append_str(out, "OK Goodbye\n");
		lineconn_finish(conn);
		break;
	case DRIVERWIRE_INSTCMD:
	case DRIVERWIRE_SET:
		c->service->ops->command(c->service->arg, c->number, &m);
		break;
	case DRIVERWIRE_BAD:
		log_nonsense(c->service, "malformed command", words_at(w, 0));
		break;
	default:
		if (words_count(w) > 0)
			log_nonsense(c->service, "unknown command", words_at(w, 0));
		break;
	}
}

static void on_bad_line(struct lineconn *conn, void *arg, enum words_result why, const char *text)
{
	struct client *c = arg;

	(void)conn;
	(void)why;
	log_nonsense(c->service, "unreadable line", text);
}

static void client_free(struct client *c)
{
	observe(c, false);
	lineconn_free(c->conn);
	*c->prev = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->service->count--;
	free(c);
}

static void on_closed(struct lineconn *conn, void *arg, enum lineconn_end why, int err)
{
	(void)conn;
	if (why == LINECONN_ERROR)
		log_debug(1, "socket", "connection lost: %s", strerror(err));
	client_free(arg);
}

static const struct lineconn_ops client_ops = {
	.line = on_line,
	.bad_line = on_bad_line,
	.closed = on_closed,
	.drained = on_drained,
};

static void on_accepted(void *arg, int fd, const struct sockaddr_storage *peer)
{
	struct service *sv = arg;
	struct client *c = sv->count < SERVICE_MAX_CLIENTS ? calloc(1, sizeof(*c)) : NULL;
	unsigned missed;

	(void)peer;
	if (!c) {
		if (log_throttle_pass(&sv->refused, LOG_AGAIN_S, &missed))
			log_warn("socket", "connection refused: %zu are open (%u refused before)",
				 sv->count, missed);
		close(fd);
		return;
	}
	c->conn = lineconn_new(sv->loop, fd, &client_ops, &client_limits, c);
	if (!c->conn) {
		log_warn("socket", "connection refused: out of memory");
		free(c);
		return;
	}
	c->service = sv;
	c->number = ++sv->next_number;
	c->observer.notify = on_notify;
	c->observer.arg = c;
	c->next = sv->clients;
	c->prev = &sv->clients;
	if (c->next)
		c->next->prev = &c->next;
	sv->clients = c;
	sv->count++;
	observe(c, true);
}

static const struct listener_ops listener_ops = {.accepted = on_accepted};

/* ------------------------------------------------------------------------- the owner's */

struct service *service_new(struct loop *l, struct state *s, const char *path, gid_t group,
			    const struct service_ops *ops, void *arg)
{
	struct service *sv = calloc(1, sizeof(*sv));

	if (!sv)
		return NULL;
	client_limits.words = driverwire_limits;
	sv->loop = l;
	sv->state = s;
	sv->ops = ops;
	sv->arg = arg;
	sv->listener = listener_unix(l, path, 0660, group, &listener_ops, sv);
	if (!sv->listener) {
		int err = errno;

		free(sv);
		errno = err;
		return NULL;
	}
	return sv;
}

void service_free(struct service *sv)
{
	if (!sv)
		return;
	while (sv->clients)
		client_free(sv->clients);
	listener_free(sv->listener);
	free(sv);
}

void service_result(struct service *sv, unsigned long client, const char *id, int result)
{
	for (struct client *c = sv->clients; c; c = c->next) {
		if (c->number == client) {
			driverwire_append_tracking(lineconn_out(c->conn), id, result);
			return;
		}
	}
}

bool service_busy(const struct service *sv)
{
	for (const struct client *c = sv->clients; c; c = c->next) {
		if (lineconn_backlog(c->conn) > 0)
			return true;
	}
	return false;
}
