#include "config.h"

#include "clients/upsmon/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/str.h"
#include "common/base/words.h"
#include "common/net/lineconn.h"
#include "common/net/listener.h"

enum {
	PEERS_MAX = 16,
	PATIENCE_MS = 5000, /* for a question, and for taking the answer */
	ANSWER_LIMIT_S = 10,
};

struct peer {
	struct control *control;
	struct lineconn *conn;
	struct loop_timer *patience;
	struct peer *next, **prev;
};

struct control {
	struct loop *loop;
	struct listener *listener;
	const struct control_ops *ops;
	void *arg;
	struct peer *peers;
	size_t count;
};

void control_path(char *dst, size_t size)
{
	str_format(dst, size, "%s/upsmon.sock", paths_pid());
}

/* -------------------------------------------------------------------- peers */

static void drop(struct peer *p)
{
	*p->prev = p->next;
	if (p->next)
		p->next->prev = p->prev;
	p->control->count--;
	loop_timer_free(p->patience);
	lineconn_free(p->conn);
	free(p);
}

static void on_late(void *arg)
{
	drop(arg);
}

static void on_line(struct lineconn *c, void *arg, const struct words *w)
{
	struct peer *p = arg;
	struct control *control = p->control;
	struct buffer *out = lineconn_out(c);

	if (str_equal(words_at(w, 0), "STATUS"))
		control->ops->describe(control->arg, out, str_equal(words_at(w, 1), "json"));
	else if (str_equal(words_at(w, 0), "TEST") && words_count(w) > 1)
		control->ops->test(control->arg, words_at(w, 1),
				   words_count(w) > 2 ? words_at(w, 2) : NULL, out);
	else
		buffer_append_str(out, "ERR unknown question\n");
	lineconn_finish(c);
}

static void on_closed(struct lineconn *c, void *arg, enum lineconn_end why, int err)
{
	(void)c, (void)why, (void)err;
	drop(arg);
}

static void on_accepted(void *arg, int fd, const struct sockaddr_storage *from)
{
	static const struct lineconn_ops ops = {.line = on_line, .closed = on_closed};
	static const struct lineconn_limits limits = {.words = {.max_words = 8, .max_line = 1024},
						      .max_backlog = 8 * 1024 * 1024};
	struct control *c = arg;
	struct peer *p = c->count < PEERS_MAX ? calloc(1, sizeof(*p)) : NULL;

	(void)from;
	if (!p) {
		close(fd);
		return;
	}
	p->control = c;
	p->next = c->peers;
	p->prev = &c->peers;
	if (p->next)
		p->next->prev = &p->next;
	c->peers = p;
	c->count++;
	p->conn = lineconn_new(c->loop, fd, &ops, &limits, p);
	p->patience = loop_timer_new(c->loop, on_late, p);
	if (!p->conn || !p->patience)
		drop(p);
	else
		loop_timer_set(p->patience, PATIENCE_MS);
}

struct control *control_new(struct loop *l, const char *path, gid_t group,
			    const struct control_ops *ops, void *arg)
{
	static const struct listener_ops listener_ops = {.accepted = on_accepted};
	struct control *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->loop = l;
	c->ops = ops;
	c->arg = arg;
	c->listener = listener_unix(l, path, 0660, group, &listener_ops, c);
	if (c->listener)
		return c;
	free(c);
	return NULL;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	while (c->peers)
		drop(c->peers);
	listener_free(c->listener);
	free(c);
}

/* ------------------------------------------------------------- command line */

static int reach(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	const struct timeval limit = {.tv_sec = ANSWER_LIMIT_S};
	int fd, err;

	errno = ENAMETOOLONG;
	if (!str_copy(un.sun_path, sizeof(un.sun_path), path))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static bool send_question(int fd, size_t count, const char *const *words)
{
	struct buffer line = {0};
	bool sent;

	for (size_t i = 0; i < count; i++) {
		if (i)
			buffer_append_char(&line, ' ');
		words_append_word(&line, words[i]);
	}
	buffer_append_char(&line, '\n');
	sent = !line.failed && send(fd, line.data, line.len, MSG_NOSIGNAL) == (ssize_t)line.len;
	buffer_free(&line);
	return sent;
}

static int copy_answer(int fd, FILE *out)
{
	char data[4096];
	bool failed = false, first = true;
	ssize_t n;

	while ((n = recv(fd, data, sizeof(data), 0)) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		if (first)
			failed = n >= 3 && !memcmp(data, "ERR", 3);
		first = false;
		fwrite(data, 1, (size_t)n, out);
	}
	if (n < 0)
		return -1;
	if (first) {
		errno = ECONNRESET;
		return -1;
	}
	return failed;
}

int control_ask(const char *path, size_t count, const char *const *words, FILE *out)
{
	int fd = reach(path), result, err;

	if (fd < 0)
		return -1;
	result = send_question(fd, count, words) ? copy_answer(fd, out) : -1;
	err = errno;
	close(fd);
	errno = err;
	return result;
}
