#include "config.h"

#include "clients/history/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/history/history_private.h"
#include "common/base/helper.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/base/words.h"
#include "common/net/lineconn.h"

enum {
	AGAIN_MS = 5000,
	PATIENCE_MS = 15000, /* for an answer */
	BODY_MAX = 8 * 1024 * 1024,
	UNANSWERED_MAX = 64,
};

static const char token[] = "history";

struct history_ask {
	struct history_ask *next;
	struct history *history;
	long n;
	struct buffer body;
	struct loop_timer *patience;
	history_reply_fn *fn;
	void *arg;
};

struct history {
	struct loop *loop;
	struct lineconn *keeper; /* NULL between the death of one and the next */
	pid_t pid;
	struct loop_timer *again;
	struct history_ask *asks;
	char *path;
	long asked;
	/* Questions that the keeper still works at, wanted or not: more would pile up before it. */
	size_t unanswered;
	bool told_slow;
};

/* ------------------------------------------------------------------ questions */

static void free_ask(struct history_ask *a)
{
	struct history_ask **at = &a->history->asks;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	loop_timer_free(a->patience);
	buffer_free(&a->body);
	free(a);
}

void history_ask_cancel(struct history_ask *a)
{
	if (a)
		free_ask(a);
}

static void end_ask(struct history_ask *a, const char *why)
{
	history_reply_fn *fn = a->fn;
	void *arg = a->arg;
	struct buffer body = a->body;

	a->body = (struct buffer){0};
	free_ask(a);
	fn(arg, why, why ? NULL : &body);
	buffer_free(&body);
}

static void on_patience(void *arg)
{
	end_ask(arg, "the history does not answer");
}

static struct history_ask *find_ask(struct history *h, const char *n)
{
	long wanted;

	if (!str_to_long(n, 1, h->asked, &wanted))
		return NULL;
	for (struct history_ask *a = h->asks; a; a = a->next)
		if (a->n == wanted)
			return a;
	return NULL;
}

static struct history_ask *make_ask(struct history *h, history_reply_fn *fn, void *arg)
{
	bool busy = h->unanswered >= UNANSWERED_MAX;
	struct history_ask *a = h->keeper && !busy ? calloc(1, sizeof(*a)) : NULL;

	if (!a)
		return NULL;
	a->patience = loop_timer_new(h->loop, on_patience, a);
	if (!a->patience) {
		free(a);
		return NULL;
	}
	a->history = h;
	a->body.max = BODY_MAX;
	a->n = ++h->asked;
	h->unanswered++;
	a->fn = fn;
	a->arg = arg;
	a->next = h->asks;
	h->asks = a;
	loop_timer_set(a->patience, PATIENCE_MS);
	return a;
}

/* ------------------------------------------------------------------ the keeper */

static void on_line(struct lineconn *c, void *arg, const struct words *w)
{
	struct history *h = arg;
	const char *what = words_at(w, 0), *text = words_at(w, 2);
	struct history_ask *a = find_ask(h, words_at(w, 1));

	(void)c;
	if (str_equal(what, "DONE") && h->unanswered)
		h->unanswered--;
	if (str_equal(what, "TROUBLE"))
		log_error(token, "%s: nothing is kept: %s", h->path, words_at(w, 1));
	else if (str_equal(what, "WELL"))
		log_notice(token, "%s: values and events are kept again", h->path);
	else if (str_equal(what, "ASIDE"))
		log_error(token, "%s was broken: it is %s.broken now, a new one is begun", h->path,
			  h->path);
	else if (!a)
		return;
	else if (str_equal(what, "DONE"))
		end_ask(a, *text ? text : a->body.failed ? "the answer is too large" : NULL);
	else
		buffer_appendf(&a->body, "%s%s", text, str_equal(what, "LINE") ? "\n" : "");
}

static void bury(struct history *h)
{
	lineconn_free(h->keeper);
	h->keeper = NULL;
	h->unanswered = 0;
	if (h->pid > 0)
		waitpid(h->pid, NULL, 0);
	h->pid = 0;
}

static void on_closed(struct lineconn *c, void *arg, enum lineconn_end why, int err)
{
	struct history *h = arg;

	(void)c;
	(void)why;
	(void)err;
	log_error(token, "%s: the process that keeps it has ended; another one is started",
		  h->path);
	kill(h->pid, SIGKILL);
	bury(h);
	while (h->asks)
		end_ask(h->asks, "the history was lost for a moment");
	loop_timer_set(h->again, AGAIN_MS);
}

static bool start_keeper(struct history *h)
{
	static const struct lineconn_ops ops = {.line = on_line, .closed = on_closed};
	static const struct lineconn_limits limits = {.words = {HISTORY_WORDS, HISTORY_LINE},
						      .max_backlog = HISTORY_BACKLOG};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	h->pid = fork();
	if (h->pid == 0) {
		helper_enter_with_rights("nut-history", pair[1]);
		history_keeper(h->path);
	}
	close(pair[1]);
	if (h->pid < 0) {
		close(pair[0]);
		return false;
	}
	h->keeper = lineconn_new(h->loop, pair[0], &ops, &limits, h);
	if (!h->keeper)
		bury(h);
	return h->keeper;
}

static void on_again(void *arg)
{
	struct history *h = arg;

	if (!start_keeper(h))
		loop_timer_set(h->again, AGAIN_MS);
}

struct history *history_new(struct loop *l, const char *path)
{
	struct history *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->loop = l;
	h->path = str_dup(path);
	h->again = loop_timer_new(l, on_again, h);
	if (h->path && h->again && start_keeper(h))
		return h;
	loop_timer_free(h->again);
	free(h->path);
	free(h);
	return NULL;
}

void history_free(struct history *h)
{
	if (!h)
		return;
	while (h->asks)
		free_ask(h->asks);
	if (h->keeper)
		lineconn_flush(h->keeper);
	/* It writes what it has when it sees our end; a disk that hangs is not waited for. */
	lineconn_free(h->keeper);
	loop_timer_free(h->again);
	free(h->path);
	free(h);
}

/* ---------------------------------------------------------------------- telling */

/* Where to append; NULL while nobody listens, or not fast enough. */
static struct buffer *line_out(struct history *h)
{
	bool slow = h->keeper && lineconn_backlog(h->keeper) > HISTORY_BACKLOG / 2;

	if (slow && !h->told_slow)
		log_error(token, "%s: the disk does not keep up; values are lost", h->path);
	h->told_slow = slow;
	return h->keeper && !slow ? lineconn_out(h->keeper) : NULL;
}

static void append_word(struct buffer *out, const char *text)
{
	buffer_append_char(out, ' ');
	words_append_quoted(out, text ? text : "");
}

void history_value(struct history *h, const char *id, const char *var, double value)
{
	struct buffer *out = line_out(h);

	if (!out)
		return;
	buffer_append_str(out, "VALUE");
	append_word(out, id);
	append_word(out, var);
	buffer_appendf(out, " %.6f\n", value);
}

void history_gone(struct history *h, const char *id, const char *var)
{
	struct buffer *out = line_out(h);

	if (!out)
		return;
	buffer_append_str(out, "GONE");
	append_word(out, id);
	append_word(out, var);
	buffer_append_char(out, '\n');
}

void history_event(struct history *h, const struct history_event *e)
{
	struct buffer *out = line_out(h);

	if (!out)
		return;
	buffer_appendf(out, "EVENT %.3f", e->time);
	append_word(out, e->id);
	append_word(out, e->kind);
	append_word(out, e->text);
	append_word(out, e->from);
	append_word(out, e->to);
	append_word(out, e->cause);
	buffer_append_char(out, '\n');
}

/* ----------------------------------------------------------------------- asking */

static long within(long n, long most)
{
	return n < 1 ? 1 : n > most ? most : n;
}

static struct history_ask *ask_values(struct history *h, const char *what,
				      const struct history_question *q, long points,
				      history_reply_fn *fn, void *arg)
{
	struct history_ask *a = make_ask(h, fn, arg);
	struct buffer *out = a ? lineconn_out(h->keeper) : NULL;

	if (!a)
		return NULL;
	buffer_appendf(out, "ASK %ld %s", a->n, what);
	append_word(out, q->id);
	buffer_appendf(out, " %lld %lld %ld", q->from, q->to, points);
	for (size_t i = 0; i < q->var_count && i < HISTORY_VARS_MAX; i++)
		append_word(out, q->vars[i]);
	buffer_append_char(out, '\n');
	return a;
}

struct history_ask *history_ask_points(struct history *h, const struct history_question *q,
				       history_reply_fn *fn, void *arg)
{
	return ask_values(h, "points", q, within(q->points, HISTORY_POINTS_MAX), fn, arg);
}

struct history_ask *history_ask_csv(struct history *h, const struct history_question *q,
				    history_reply_fn *fn, void *arg)
{
	return ask_values(h, "csv", q, within(q->points, HISTORY_EXPORT_MAX), fn, arg);
}

struct history_ask *history_ask_log(struct history *h, const char *id, long long before, long limit,
				    history_reply_fn *fn, void *arg)
{
	struct history_ask *a = make_ask(h, fn, arg);
	struct buffer *out = a ? lineconn_out(h->keeper) : NULL;

	if (!a)
		return NULL;
	buffer_appendf(out, "ASK %ld log", a->n);
	append_word(out, id);
	buffer_appendf(out, " %lld %ld\n", before, within(limit, HISTORY_EVENTS_MAX));
	return a;
}
