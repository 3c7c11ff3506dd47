#include "config.h"

#include "common/ups/driverlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/ups/driverwire.h"

enum {
	CONNECT_TIMEOUT_MS = 1000,
	COMPLAINT_INTERVAL_S = 300,
	/* A driver that restarts is back soon: look each second at first, then every other. */
	QUICK_RETRIES = 10,
	QUICK_RETRY_MS = 1000,
	SLOW_RETRY_MS = 2000,
	/* Ticks come a little early or late; a retry must not slip to the next one. */
	TICK_SLACK_MS = 100,
	/* A driver that reads nothing gets no further requests beyond this. */
	MAX_UNREAD = 64 * 1024,
};

/* The socket's file name, as admins know it from NUT's log. */
static const char *socket_name(const struct driverlink *link)
{
	const char *slash = strrchr(link->path, '/');

	return slash ? slash + 1 : link->path;
}

static void end(struct driverlink *link, const char *why)
{
	log_warn("driverlink", "Lost the driver of UPS [%s]: %s", link->ups, why);
	state_resync_abort(link->state);
	lineconn_free(link->conn);
	link->conn = NULL;
	link->failures = 0;
	link->retry_ms = loop_now_ms(link->loop); /* at the next tick */
	link->ops->changed(link->arg);
}

/* --------------------------------------------------------------- connection */

static void heard(struct driverlink *link)
{
	link->heard_ms = loop_now_ms(link->loop);
	if (link->silent && link->dumped) {
		link->silent = false;
		link->ops->changed(link->arg);
	}
}

static void dump_done(struct driverlink *link)
{
	state_resync_end(link->state);
	link->dumped = true;
	link->silent = false;
	link->ops->changed(link->arg);
}

static void set_fresh(struct driverlink *link, bool fresh)
{
	if (state_set_fresh(link->state, fresh) == STATE_CHANGED && link->dumped)
		link->ops->changed(link->arg);
}

static void take_line(struct lineconn *c, void *arg, const struct words *w)
{
	struct driverlink *link = arg;
	struct driverwire_message m = driverwire_from_driver(w, link->state);

	(void)c;
	switch (m.word) {
	case DRIVERWIRE_APPLIED:
	case DRIVERWIRE_PONG:
		break;
	case DRIVERWIRE_DATAOK:
		set_fresh(link, true);
		break;
	case DRIVERWIRE_DATASTALE:
		set_fresh(link, false);
		break;
	case DRIVERWIRE_DUMPDONE:
		dump_done(link);
		break;
	case DRIVERWIRE_TRACKING:
		link->ops->tracked(link->arg, m.id, m.number);
		break;
	default: /* only what we understand counts as a sign of life */
		log_debug(3, "driverlink", "UPS [%s]: ignored \"%s\"", link->ups, words_at(w, 0));
		return;
	}
	heard(link);
}

static void take_bad_line(struct lineconn *c, void *arg, enum words_result why, const char *text)
{
	struct driverlink *link = arg;
	unsigned missed;

	(void)c;
	(void)why;
	/* Told to the admin: the variable that it was about keeps its old value. */
	if (log_throttle_pass(&link->unreadable, COMPLAINT_INTERVAL_S, &missed))
		log_warn("driverlink",
			 "UPS [%s]: a line of its driver cannot be read: %s (%u more since the "
			 "last notice)",
			 link->ups, text, missed);
}

static void take_end(struct lineconn *c, void *arg, enum lineconn_end why, int err)
{
	(void)c;
	end(arg, why == LINECONN_ERROR ? strerror(err) : "it closed the connection");
}

static const struct lineconn_ops ops = {
	.line = take_line, .bad_line = take_bad_line, .closed = take_end};

/* Reading goes on whatever waits to be written, or a driver that talks without
 * reading would seem dead: MAX_UNREAD keeps what waits far below this backlog. */
static const struct lineconn_limits *limits(void)
{
	static struct lineconn_limits l = {.max_backlog = (size_t)4 * MAX_UNREAD};

	l.words = driverwire_limits;
	return &l;
}

static void connect_later(struct driverlink *link, int err)
{
	unsigned missed;

	if (log_throttle_pass(&link->complaint, link->complaint_s, &missed))
		log_error("driverlink", "Can't connect to UPS [%s] (%s): %s", link->ups,
			  socket_name(link), strerror(err));
	link->retry_ms = loop_now_ms(link->loop) - TICK_SLACK_MS +
			 (link->failures < QUICK_RETRIES ? QUICK_RETRY_MS : SLOW_RETRY_MS);
	link->failures++;
}

static void connected(void *arg, int fd, int err)
{
	struct driverlink *link = arg;

	link->connecting = NULL;
	if (fd < 0) {
		connect_later(link, err);
		return;
	}
	link->conn = lineconn_new(link->loop, fd, &ops, limits(), link);
	if (!link->conn) {
		connect_later(link, ENOMEM);
		return;
	}
	log_info("driverlink", "Connected to UPS [%s]: %s", link->ups, socket_name(link));
	link->connected_ms = link->heard_ms = link->pinged_ms = loop_now_ms(link->loop);
	link->dumped = link->silent = false;
	link->failures = 0;
	link->complaint = (struct log_throttle){0};
	/* Until the driver says more. Set before the comparison begins, so that it does not
	 * outlive a dump without any status. */
	state_set(link->state, "ups.status", "WAIT");
	state_resync_begin(link->state);
	buffer_append_str(lineconn_out(link->conn), "DUMPALL\n");
	link->ops->changed(link->arg);
}

static void try_connect(struct driverlink *link)
{
	/* Most drivers that cannot be reached are not running and have no socket: looking
	 * is much cheaper than trying. */
	if (access(link->path, F_OK) < 0) {
		connect_later(link, errno);
		return;
	}
	link->connecting =
		connector_start_unix(link->loop, link->path, CONNECT_TIMEOUT_MS, connected, link);
	if (!link->connecting)
		connect_later(link, errno ? errno : ENOMEM);
}

/* ------------------------------------------------------------------ outside */

bool driverlink_init(struct driverlink *link, struct loop *loop,
		     const struct driverlink_config *cfg)
{
	static unsigned turn;

	*link = (struct driverlink){.loop = loop,
				    .state = cfg->state,
				    .ops = cfg->ops,
				    .arg = cfg->arg,
				    .ups = cfg->ups,
				    .complaint_s = cfg->complaint_s ? cfg->complaint_s
								    : COMPLAINT_INTERVAL_S,
				    .path = str_dup(cfg->path)};
	/* Dead drivers of a large site share the seconds between them. */
	link->failures = turn++ % 2;
	return link->path != NULL;
}

void driverlink_close(struct driverlink *link)
{
	connector_cancel(link->connecting);
	link->connecting = NULL;
	if (link->conn) {
		state_resync_abort(link->state);
		lineconn_free(link->conn);
		link->conn = NULL;
	}
	free(link->path);
	link->path = NULL;
}

bool driverlink_move(struct driverlink *link, const char *path)
{
	char *copy = str_dup(path);

	if (!copy)
		return false;
	driverlink_close(link);
	link->path = copy;
	link->failures = 0;
	link->retry_ms = 0;
	link->ops->changed(link->arg);
	return true;
}

static void watch_silence(struct driverlink *link, long long now_ms, long maxage_s)
{
	/* One second of grace, as NUT gives. A dump must come to its end in that time too:
	 * a driver that only answers PING has told nothing yet. */
	long long limit_ms = (maxage_s + 1) * 1000LL;
	long long since = link->dumped ? link->heard_ms : link->connected_ms;

	if (!link->silent && now_ms - since > limit_ms) {
		link->silent = true;
		link->ops->changed(link->arg);
	}
	limit_ms = maxage_s / 3 * 1000LL;
	if (now_ms - link->heard_ms <= limit_ms || now_ms - link->pinged_ms <= limit_ms ||
	    lineconn_backlog(link->conn) > MAX_UNREAD)
		return;
	link->pinged_ms = now_ms;
	buffer_append_str(lineconn_out(link->conn), "PING\n");
}

void driverlink_tick(struct driverlink *link, long long now_ms, long maxage_s)
{
	if (link->conn)
		watch_silence(link, now_ms, maxage_s);
	else if (!link->connecting && now_ms >= link->retry_ms)
		try_connect(link);
}

enum netwire_availability driverlink_availability(const struct driverlink *link)
{
	if (!link->conn)
		return NETWIRE_AVAIL_DISCONNECTED;
	if (link->silent || (link->dumped && !state_fresh(link->state)))
		return NETWIRE_AVAIL_STALE;
	return NETWIRE_AVAIL_OK;
}

bool driverlink_complete(const struct driverlink *link)
{
	return link->conn && link->dumped && !link->silent;
}

unsigned driverlink_failures(const struct driverlink *link)
{
	return link->failures;
}

static bool takes_requests(const struct driverlink *link)
{
	return link->conn && lineconn_backlog(link->conn) <= MAX_UNREAD;
}

bool driverlink_set(struct driverlink *link, const char *var, const char *value, const char *id)
{
	if (!takes_requests(link))
		return false;
	driverwire_append_set(lineconn_out(link->conn), var, value, id);
	return true;
}

bool driverlink_instcmd(struct driverlink *link, const char *name, const char *value,
			const char *id)
{
	if (!takes_requests(link))
		return false;
	driverwire_append_instcmd(lineconn_out(link->conn), name, value, id);
	return true;
}
