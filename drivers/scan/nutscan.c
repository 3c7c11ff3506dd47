#include "config.h"

#include "drivers/scan/nutscan.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/net/lineconn.h"

enum { DESCRIPTORS_SPARED = 64, BACKLOG_MAX = 4096 };

/* An address that is being asked. */
struct slot {
	struct nutscan *scan;
	struct netaddr addr;
	struct connector *connector;
	struct lineconn *conn;
	struct loop_timer *limit;
	struct nutscan_reply reply;
	bool over, answered;
};

struct nutscan {
	struct loop *loop;
	struct nutscan_options o;
	struct lineconn_limits limits;
	nutscan_found_fn *found;
	nutscan_end_fn *end;
	void *arg;
	struct loop_deferred turn;
	bool exhausted;
	unsigned parallel;
	struct slot slots[];
};

static void serve(void *arg);

/* ------------------------------------------------------------------------------ one address */

static bool is_busy(const struct slot *s)
{
	return s->connector || s->conn;
}

static void finish(struct slot *s, bool answered)
{
	s->answered = answered;
	s->over = true;
	loop_timer_cancel(s->limit);
	loop_defer(s->scan->loop, &s->scan->turn, serve, s->scan);
}

static void on_line(struct lineconn *c, void *arg, const struct words *w)
{
	struct slot *s = arg;
	enum nutscan_progress progress;

	(void)c;
	if (s->over || words_count(w) == 0)
		return;
	progress = nutscan_reply_line(&s->reply, w);
	if (progress == NUTSCAN_MORE)
		return;
	if (progress == NUTSCAN_DONE) {
		buffer_append_str(lineconn_out(s->conn), "LOGOUT\n");
		lineconn_flush(s->conn);
	}
	finish(s, progress == NUTSCAN_DONE);
}

static void on_bad_line(struct lineconn *c, void *arg, enum words_result why, const char *text)
{
	(void)c, (void)why, (void)text;
	finish(arg, false);
}

static void on_closed(struct lineconn *c, void *arg, enum lineconn_end why, int err)
{
	struct slot *s = arg;

	(void)c, (void)why, (void)err;
	if (!s->over)
		finish(s, false);
}

static const struct lineconn_ops ops = {
	.line = on_line, .bad_line = on_bad_line, .closed = on_closed};

static void on_connected(void *arg, int fd, int err)
{
	struct slot *s = arg;

	(void)err;
	s->connector = NULL;
	if (fd >= 0)
		s->conn = lineconn_new(s->scan->loop, fd, &ops, &s->scan->limits, s);
	if (s->conn)
		buffer_append_str(lineconn_out(s->conn), "LIST UPS\n");
	else
		finish(s, false);
}

static void on_limit(void *arg)
{
	finish(arg, false);
}

static void begin(struct slot *s)
{
	struct nutscan *scan = s->scan;

	s->over = s->answered = false;
	s->connector =
		connector_start(scan->loop, &s->addr, 1, scan->o.timeout_ms, on_connected, s);
	if (s->connector)
		loop_timer_set(s->limit, scan->o.timeout_ms);
}

static void clear(struct slot *s)
{
	connector_cancel(s->connector);
	lineconn_free(s->conn);
	s->connector = NULL;
	s->conn = NULL;
	s->over = false;
	nutscan_reply_free(&s->reply);
}

/* ---------------------------------------------------------------------------------- turns */

static void settle(struct slot *s)
{
	if (!s->over)
		return;
	if (s->answered) {
		const struct nutscan_server server = {&s->addr, s->reply.upses, s->reply.count,
						      s->reply.refused};

		s->scan->found(s->scan->arg, &server);
	}
	clear(s);
}

static void nutscan_free(struct nutscan *scan)
{
	loop_defer_cancel(&scan->turn);
	for (unsigned i = 0; i < scan->parallel; i++) {
		clear(&scan->slots[i]);
		loop_timer_free(scan->slots[i].limit);
	}
	free(scan);
}

static void serve(void *arg)
{
	struct nutscan *scan = arg;
	nutscan_end_fn *end = scan->end;
	void *end_arg = scan->arg;
	bool busy = false;

	for (unsigned i = 0; i < scan->parallel; i++) {
		struct slot *s = &scan->slots[i];

		settle(s);
		while (!is_busy(s) && !scan->exhausted) {
			scan->exhausted = !scan->o.next(scan->arg, &s->addr);
			if (!scan->exhausted)
				begin(s);
		}
		busy = busy || is_busy(s);
	}
	if (busy)
		return;
	nutscan_free(scan);
	end(end_arg);
}

static unsigned how_many(unsigned wanted)
{
	struct rlimit r;
	rlim_t most = NUTSCAN_PARALLEL_MAX;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur != RLIM_INFINITY &&
	    r.rlim_cur < most * 2 + DESCRIPTORS_SPARED)
		most = r.rlim_cur > 2 * DESCRIPTORS_SPARED ? (r.rlim_cur - DESCRIPTORS_SPARED) / 2
							   : 1;
	if (wanted > most)
		wanted = (unsigned)most;
	return wanted ? wanted : 1;
}

struct nutscan *nutscan_start(struct loop *l, const struct nutscan_options *o,
			      nutscan_found_fn *found, nutscan_end_fn *end, void *arg)
{
	unsigned parallel = how_many(o->parallel);
	struct nutscan *scan = calloc(1, sizeof(*scan) + parallel * sizeof(scan->slots[0]));
	bool ok = scan != NULL;

	if (!scan)
		return NULL;
	scan->loop = l;
	scan->o = *o;
	scan->limits = (struct lineconn_limits){netwire_reply_limits, BACKLOG_MAX};
	scan->found = found;
	scan->end = end;
	scan->arg = arg;
	scan->parallel = parallel;
	for (unsigned i = 0; ok && i < parallel; i++) {
		scan->slots[i].scan = scan;
		scan->slots[i].limit = loop_timer_new(l, on_limit, &scan->slots[i]);
		ok = scan->slots[i].limit != NULL;
	}
	if (!ok) {
		nutscan_free(scan);
		return NULL;
	}
	loop_defer(l, &scan->turn, serve, scan);
	return scan;
}
