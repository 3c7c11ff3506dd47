/* timerd_serve: the socket of the timer daemon. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clients/upssched/reach.h"
#include "clients/upssched/timerd_private.h"
#include "common/base/talk.h"
#include "common/net/lineconn.h"

static const char token[] = "timers";

enum {
	PEERS_MAX = 100,
	LOOK_MS = 1000,
	HAND_OVER_MS = 2000,
	COMPLAIN_S = 60,
};

struct peer {
	struct timerd *d;
	struct lineconn *conn;
	struct peer *next;
};

/* ---------------------------------------------------------------- requests */

static const char answer_ok[] = "OK\n";
static const char answer_unknown[] = "ERR UNKNOWN\n";

static const char *do_start(struct timerd *d, const struct wire_request *r)
{
	switch (schedule_start(&d->schedule, r, loop_now_ms(d->loop))) {
	case SCHEDULE_STARTED:
		log_info(token, "New timer: %s (%ld seconds)", r->name, r->seconds);
		return answer_ok;
	case SCHEDULE_JOINED:
		log_info(token, "Timer %s runs already, and is now that of %s as well", r->name,
			 r->has_event ? r->event.ups : "another event");
		return answer_ok;
	case SCHEDULE_BAD_TIME:
		/* NUT's client would ask for ever if it heard of an error. */
		log_error(token, "timer %s is not started: its time makes no sense", r->name);
		return answer_ok;
	default:
		log_error(token, "timer %s is not started: %d timers run, or no memory", r->name,
			  SCHEDULE_TIMERS_MAX);
		return "ERR FULL\n";
	}
}

static const char *do_cancel(struct timerd *d, const struct wire_request *r)
{
	if (schedule_cancel(&d->schedule, r) == SCHEDULE_CANCELLED) {
		log_info(token, "Cancelling timer: %s", r->name);
		return answer_ok;
	}
	if (!*r->command)
		return answer_ok;
	log_info(token, "Cancel %s, event: %s", r->name, r->command);
	return timerd_run_script(d, r->command, r->has_event ? &r->event : NULL) ? answer_ok
										 : "ERR BUSY\n";
}

static void on_line(struct lineconn *c, void *arg, const struct words *w)
{
	struct peer *p = arg;
	struct wire_request r = wire_parse(w);
	const char *answer = answer_unknown;

	switch (r.verb) {
	case WIRE_START:
	case WIRE_START_SHARED:
		answer = do_start(p->d, &r);
		break;
	case WIRE_CANCEL:
	case WIRE_CANCEL_MATCHED:
		answer = do_cancel(p->d, &r);
		break;
	case WIRE_LIST:
		schedule_list(&p->d->schedule, lineconn_out(c), loop_now_ms(p->d->loop),
			      time(NULL));
		return;
	case WIRE_UNKNOWN:
		log_info(token, "Unknown command on socket: %s", words_at(w, 0));
		break;
	}
	timerd_set_alarm(p->d);
	buffer_append_str(lineconn_out(c), answer);
}

static void on_bad_line(struct lineconn *c, void *arg, enum words_result why, const char *text)
{
	(void)arg;
	(void)why;
	log_info(token, "Parse error on sock: %s", text);
	buffer_append_str(lineconn_out(c), answer_unknown);
}

/* ------------------------------------------------------------- connections */

static void free_peer(struct peer *p)
{
	struct peer **link = &p->d->peers;

	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	p->d->peer_count--;
	lineconn_free(p->conn);
	free(p);
}

static void on_closed(struct lineconn *c, void *arg, enum lineconn_end why, int err)
{
	(void)c;
	(void)why;
	(void)err;
	free_peer(arg);
}

static const struct lineconn_ops peer_ops = {
	.line = on_line,
	.bad_line = on_bad_line,
	.closed = on_closed,
};

static const struct lineconn_limits peer_limits = {
	.words = {.max_words = WIRE_WORDS_MAX, .max_line = WIRE_LINE_MAX},
	.max_backlog = 64 * 1024,
};

static void on_accepted(void *arg, int fd, const struct sockaddr_storage *from)
{
	struct timerd *d = arg;
	struct peer **link, *p;

	(void)from;
	/* upssched asks at once: the oldest has nothing to say. */
	if (d->peer_count == PEERS_MAX)
		free_peer(d->peers);
	p = calloc(1, sizeof(*p));
	if (!p) {
		close(fd);
		return;
	}
	p->conn = lineconn_new(d->loop, fd, &peer_ops, &peer_limits, p);
	if (!p->conn) {
		free(p);
		return;
	}
	p->d = d;
	for (link = &d->peers; *link; link = &(*link)->next)
		continue;
	*link = p;
	d->peer_count++;
}

static const struct listener_ops listen_ops = {.accepted = on_accepted};

/* ------------------------------------------------------------------ socket */

bool timerd_listen(struct timerd *d)
{
	struct listener *fresh =
		listener_unix(d->loop, d->conf->pipe, 0660, (gid_t)-1, &listen_ops, d);
	struct stat st;

	if (!fresh)
		return false;
	listener_free(d->listener);
	d->listener = fresh;
	if (stat(d->conf->pipe, &st) == 0) {
		d->dev = st.st_dev;
		d->ino = st.st_ino;
	}
	return true;
}

static bool is_ours(const struct timerd *d)
{
	struct stat st;

	return stat(d->conf->pipe, &st) == 0 && st.st_dev == d->dev && st.st_ino == d->ino;
}

static void complain(struct timerd *d, int err, const char *what)
{
	unsigned missed;

	if (log_throttle_pass(&d->gone, COMPLAIN_S, &missed))
		log_errno(token, err, "PIPEFN %s %s: our timers cannot be cancelled", d->conf->pipe,
			  what);
}

/*
 * Timers that nobody can cancel would shut the machine down in spite of the
 * power: they belong to the daemon that upssched speaks to now.
 */
static void hand_over(struct timerd *d)
{
	struct buffer lines = {0}, answer = {.max = 1024 * 1024};
	size_t count = schedule_hand_over(&d->schedule, &lines, loop_now_ms(d->loop));
	enum reach_result result = REACH_OK;
	int err = lines.failed ? ENOMEM : 0;

	if (count && !err)
		err = reach_talk(d->conf->pipe, &lines, count, talk_deadline(HAND_OVER_MS), &answer,
				 &result);
	buffer_free(&lines);
	buffer_free(&answer);
	if (err) {
		complain(d, err, "serves somebody else, who does not take our timers over");
		return;
	}
	log_warn(token, "another timer daemon serves %s: it has our timers now", d->conf->pipe);
	loop_stop(d->loop);
}

void timerd_on_look(void *arg)
{
	struct timerd *d = arg;

	loop_timer_set(d->look, LOOK_MS);
	if (is_ours(d))
		return;
	if (timerd_listen(d))
		log_warn(token, "PIPEFN %s was gone, and is made anew", d->conf->pipe);
	else if (errno == EADDRINUSE)
		hand_over(d);
	else
		complain(d, errno, "is gone, and cannot be made anew");
}

void timerd_hang_up(struct timerd *d)
{
	while (d->peers)
		free_peer(d->peers);
	listener_free(d->listener);
}
