#include "config.h"

#include "common/net/lineconn.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/loop_private.h"

enum {
	READ_SIZE = 16 * 1024,       /* bytes of one read */
	SPARE_MAX = 64 * 1024,       /* a larger output buffer is not kept for the next one */
	REPLY_MAX = 4 * 1024 * 1024, /* what may be appended beyond max_backlog */
	FINISH_MS = 5000,            /* for a peer to take the last bytes */
	LAST_READS = 64,             /* reads of a connection whose writing side has failed */
	READERS = 4,                 /* kinds of connections in one process */
};

/*
 * What only one connection at a time needs: the bytes just read, the reader of
 * lines, the memory for answers.  So an idle connection has none of them.
 */
struct lineconn_shared {
	char in[READ_SIZE];
	struct buffer out;
	struct {
		const struct lineconn_limits *limits;
		struct words *words;
	} reader[READERS];
};

/* What most connections never need. */
struct rare {
	struct buffer held; /* read already, handed out later */
	struct loop_timer *deadline;
	const struct lineconn_transport *vt;
	void *transport;
	size_t clear_left; /* bytes to be written before the transport takes over */
};

struct lineconn {
	struct loop_watch watch;
	struct loop_deferred later;
	struct loop *loop;
	const struct lineconn_ops *ops;
	const struct lineconn_limits *limits;
	void *arg;
	struct words *words; /* only while a line is incomplete */
	struct rare *rare;
	struct buffer out;
	size_t sent;   /* of out, written already */
	size_t behind; /* bytes read which follow the line being handed out */
	int fd;
	int write_err; /* why writing failed; what came before is still read */
	int err;       /* with `why` */
	unsigned char why;
	unsigned char busy;       /* depth of our own callbacks */
	unsigned char interest;   /* what the watch waits for */
	unsigned char read_want;  /* what reading waits for */
	unsigned char write_want; /* what writing waits for, 0 = it is not blocked */
	bool paused : 1;
	bool choked : 1; /* over max_backlog: no reading until all is written */
	bool high : 1;   /* owes a call of `drained` */
	bool eof : 1;
	bool finishing : 1;
	bool probe : 1; /* the transport wants a read without being readable */
	bool no_send : 1;
	bool ended : 1;
	bool told : 1;
	bool freed : 1;
};

static void kick(void *arg);

/* ----------------------------------------------------------- shared memory */

static void shared_free(struct lineconn_shared *s)
{
	for (size_t i = 0; i < READERS; i++)
		words_free(s->reader[i].words);
	buffer_free(&s->out);
	free(s);
}

static struct lineconn_shared *shared_of(struct loop *l)
{
	if (!l->shared) {
		l->shared = calloc(1, sizeof(*l->shared));
		l->shared_free = shared_free;
	}
	return l->shared;
}

static struct words *borrow_words(const struct lineconn *c)
{
	struct lineconn_shared *s = c->loop->shared;

	for (size_t i = 0; i < READERS; i++) {
		struct words *w = s->reader[i].words;

		if (!w || s->reader[i].limits != c->limits)
			continue;
		s->reader[i].words = NULL;
		return w;
	}
	return words_new(WORDS_WIRE, &c->limits->words);
}

static void return_words(struct lineconn *c)
{
	struct lineconn_shared *s = c->loop->shared;
	struct words *w = c->words;

	c->words = NULL;
	if (!w)
		return;
	if (words_partial(w))
		words_reset(w);
	for (size_t i = 0; i < READERS; i++) {
		if (s->reader[i].words)
			continue;
		s->reader[i].words = w;
		s->reader[i].limits = c->limits;
		return;
	}
	words_free(w);
}

static void borrow_out(struct lineconn *c)
{
	struct buffer *spare = &c->loop->shared->out;

	c->out.data = spare->data;
	c->out.size = spare->size;
	*spare = (struct buffer){0};
}

static void return_out(struct lineconn *c)
{
	struct buffer *spare = &c->loop->shared->out;

	c->sent = 0;
	buffer_clear(&c->out);
	if (spare->data || c->out.size > SPARE_MAX) {
		buffer_free(&c->out);
		return;
	}
	spare->data = c->out.data;
	spare->size = c->out.size;
	c->out.data = NULL;
	c->out.size = 0;
}

/* --------------------------------------------------------------- the state */

static struct rare *rare_of(struct lineconn *c)
{
	if (!c->rare)
		c->rare = calloc(1, sizeof(*c->rare));
	return c->rare;
}

static bool may_hand_out(const struct lineconn *c)
{
	return !c->paused && !c->choked && !c->finishing && !c->ended && !c->freed;
}

static bool may_read(const struct lineconn *c)
{
	return may_hand_out(c) && !c->eof &&
	       !(c->rare && (c->rare->clear_left || c->rare->held.len));
}

static void later(struct lineconn *c)
{
	loop_defer(c->loop, &c->later, kick, c);
}

static void end(struct lineconn *c, enum lineconn_end why, int err)
{
	if (c->ended)
		return;
	c->ended = true;
	c->why = why;
	c->err = err;
	if (!c->busy)
		later(c);
}

static void release(struct lineconn *c)
{
	struct rare *r = c->rare;

	return_words(c);
	buffer_free(&c->out);
	if (r) {
		buffer_free(&r->held);
		loop_timer_free(r->deadline);
		if (r->vt)
			r->vt->free(r->transport);
		free(r);
	}
	close(c->fd);
	free(c);
}

/* --------------------------------------------------------- bytes of a stream */

static bool transported(const struct lineconn *c)
{
	return c->rare && c->rare->vt && c->rare->clear_left == 0;
}

static ssize_t stream_read(struct lineconn *c, int *want)
{
	char *in = c->loop->shared->in;

	*want = LOOP_READ;
	if (transported(c))
		return c->rare->vt->read(c->rare->transport, in, READ_SIZE, want);
	return read(c->fd, in, READ_SIZE);
}

static ssize_t stream_write(struct lineconn *c, const char *data, size_t len, int *want)
{
	ssize_t n;

	*want = LOOP_WRITE;
	if (transported(c))
		return c->rare->vt->write(c->rare->transport, data, len, want);
	if (!c->no_send) {
		n = send(c->fd, data, len, MSG_NOSIGNAL);
		if (n >= 0 || errno != ENOTSOCK)
			return n;
		c->no_send = true;
	}
	return write(c->fd, data, len);
}

/* --------------------------------------------------------------- writing */

/*
 * A peer that has gone away may have said why just before: what it sent is
 * still handed out, then the connection ends.
 */
static void write_failed(struct lineconn *c, int err)
{
	return_out(c);
	c->choked = false;
	c->write_want = 0;
	c->write_err = err;
	if (err == EPIPE || err == ECONNRESET)
		later(c);
	else
		end(c, LINECONN_ERROR, err);
}

static void note_written(struct lineconn *c, size_t n)
{
	struct rare *r = c->rare;

	c->sent += n;
	if (r && r->clear_left) {
		r->clear_left -= n;
		if (r->clear_left == 0)
			later(c);
	}
	if (c->sent == c->out.len) {
		return_out(c);
	} else if (c->sent > SPARE_MAX && c->sent * 2 > c->out.len) {
		buffer_consume(&c->out, c->sent);
		c->sent = 0;
	}
}

/* One write, unless a part of the bytes needs another way. */
static void flush(struct lineconn *c)
{
	if (c->write_err)
		return_out(c);
	else if (c->out.failed)
		end(c, LINECONN_ERROR, ENOBUFS);
	while (!c->write_want && !c->ended && c->out.len > 0) {
		size_t len = c->out.len - c->sent;
		ssize_t n;
		int want;

		if (len > c->limits->max_backlog / 2)
			c->high = true;
		if (c->rare && c->rare->clear_left)
			len = c->rare->clear_left;
		n = stream_write(c, c->out.data + c->sent, len, &want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			c->write_want = (unsigned char)want;
			return;
		}
		if (n < 0) {
			write_failed(c, errno);
			return;
		}
		/* A short write says that the next one would block. */
		if ((size_t)n < len && !transported(c))
			c->write_want = LOOP_WRITE;
		note_written(c, (size_t)n);
	}
}

/* --------------------------------------------------------------- reading */

static bool hold(struct lineconn *c, const char *data, size_t len)
{
	struct rare *r = rare_of(c);

	return r && buffer_append(&r->held, data, len);
}

static void check_backlog(struct lineconn *c)
{
	if (lineconn_backlog(c) <= c->limits->max_backlog)
		return;
	flush(c);
	if (lineconn_backlog(c) > c->limits->max_backlog)
		c->choked = true;
}

static void hand_out_one(struct lineconn *c, enum words_result what)
{
	if (what == WORDS_LINE)
		c->ops->line(c, c->arg, c->words);
	else if (c->ops->bad_line)
		c->ops->bad_line(c, c->arg, what, words_error(c->words));
}

static void hand_out(struct lineconn *c, const char *data, size_t len)
{
	if (!c->words)
		c->words = borrow_words(c);
	if (!c->words) {
		end(c, LINECONN_ERROR, ENOMEM);
		return;
	}
	while (len > 0 && may_hand_out(c)) {
		enum words_result what = words_feed(c->words, &data, &len);

		if (what == WORDS_MORE)
			break;
		c->behind = len;
		hand_out_one(c, what);
		c->behind = 0;
		check_backlog(c);
	}
	if (c->freed)
		return;
	if (!words_partial(c->words))
		return_words(c);
	if (len > 0 && !c->ended && !c->finishing && !hold(c, data, len))
		end(c, LINECONN_ERROR, ENOMEM);
}

static void hand_out_held(struct lineconn *c)
{
	struct buffer held;

	if (!c->rare || !c->rare->held.len || !may_hand_out(c))
		return;
	held = c->rare->held;
	c->rare->held = (struct buffer){0};
	hand_out(c, held.data, held.len);
	buffer_free(&held);
}

/* False when there is nothing more to read for now. */
static bool read_once(struct lineconn *c)
{
	ssize_t n;
	int want;

	do
		n = stream_read(c, &want);
	while (n < 0 && errno == EINTR);
	c->read_want = LOOP_READ;
	if (n > 0) {
		hand_out(c, c->loop->shared->in, (size_t)n);
		return true;
	}
	if (n == 0)
		c->eof = true;
	else if (errno == EAGAIN || errno == EWOULDBLOCK)
		c->read_want = (unsigned char)want;
	else
		end(c, LINECONN_ERROR, c->write_err ? c->write_err : errno);
	return false;
}

static void read_last_words(struct lineconn *c)
{
	for (int i = 0; i < LAST_READS && may_read(c) && read_once(c); i++)
		continue;
	end(c, LINECONN_ERROR, c->write_err);
}

/* --------------------------------------------------------- end of a wake-up */

static void deadline_passed(void *arg)
{
	struct lineconn *c = arg;

	end(c, LINECONN_ERROR, ETIMEDOUT);
}

static void start_deadline(struct lineconn *c)
{
	struct rare *r = rare_of(c);

	if (r && !r->deadline) {
		r->deadline = loop_timer_new(c->loop, deadline_passed, c);
		if (r->deadline)
			loop_timer_set(r->deadline, FINISH_MS);
	}
	if (!r || !r->deadline)
		end(c, LINECONN_ERROR, ENOMEM);
}

/*
 * Closing a socket with unread input makes the kernel reset the connection,
 * and the peer would lose the last bytes that it was sent.
 */
static void part_gently(struct lineconn *c)
{
	int want;

	if (c->rare && c->rare->vt)
		return;
	shutdown(c->fd, SHUT_WR);
	for (int i = 0; i < LAST_READS && stream_read(c, &want) > 0; i++)
		continue;
}

static void check_end(struct lineconn *c)
{
	/* After a failed write kick() ends it, once what came before has been read. */
	if (c->ended || c->write_err || !(c->eof || c->finishing))
		return;
	if (lineconn_backlog(c) > 0) {
		start_deadline(c);
	} else if (c->finishing) {
		part_gently(c);
		end(c, LINECONN_FINISHED, 0);
	} else {
		end(c, LINECONN_EOF, 0);
	}
}

static void all_written(struct lineconn *c)
{
	if (c->choked) {
		c->choked = false;
		later(c);
	}
	if (!c->high)
		return;
	c->high = false;
	if (c->ops->drained && !c->finishing) {
		c->ops->drained(c, c->arg);
		if (!c->freed && lineconn_backlog(c) > 0)
			later(c);
	}
}

static void update_interest(struct lineconn *c)
{
	int want = 0;

	if (!c->ended)
		want = c->write_want | (may_read(c) ? c->read_want : 0);
	if (want == c->interest)
		return;
	if (!loop_watch_set(&c->watch, want)) {
		want = 0;
		end(c, LINECONN_ERROR, ENOMEM);
	}
	c->interest = (unsigned char)want;
}

/* Every call from the loop ends here: writes, tells the owner, and may free. */
static void settle(struct lineconn *c)
{
	if (!c->freed) {
		flush(c);
		if (!c->ended && (c->choked || c->high) && lineconn_backlog(c) == 0)
			all_written(c);
	}
	if (!c->freed) {
		check_end(c);
		if (transported(c) && may_read(c) && c->rare->vt->pending(c->rare->transport)) {
			c->probe = true;
			later(c);
		}
		update_interest(c);
	}
	if (!c->freed && c->ended && !c->told) {
		c->told = true;
		loop_defer_cancel(&c->later);
		c->ops->closed(c, c->arg, c->why, c->err);
	}
	c->busy--;
	if (c->freed)
		release(c);
}

static void ready(void *arg, int events)
{
	struct lineconn *c = arg;

	c->busy++;
	if (events & c->write_want)
		c->write_want = 0;
	if ((events & c->read_want) && may_read(c))
		read_once(c);
	settle(c);
}

/* What cannot wait for the descriptor: held bytes, output from elsewhere, ends. */
static void kick(void *arg)
{
	struct lineconn *c = arg;

	c->busy++;
	hand_out_held(c);
	if (c->write_err)
		read_last_words(c);
	if (c->probe && may_read(c)) {
		c->probe = false;
		read_once(c);
	}
	settle(c);
}

/* ------------------------------------------------------------ the interface */

static bool make_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && ((flags & O_NONBLOCK) || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0);
}

struct lineconn *lineconn_new(struct loop *l, int fd, const struct lineconn_ops *ops,
			      const struct lineconn_limits *limits, void *arg)
{
	struct lineconn *c = calloc(1, sizeof(*c));
	int on = 1;

	if (!c || !shared_of(l) || !make_nonblocking(fd) ||
	    !loop_watch_init(&c->watch, l, fd, LOOP_READ, ready, c)) {
		free(c);
		close(fd);
		return NULL;
	}
	/* Fails on anything but TCP, which needs it least. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->loop = l;
	c->fd = fd;
	c->ops = ops;
	c->limits = limits;
	c->arg = arg;
	c->out.max = limits->max_backlog + REPLY_MAX;
	c->interest = LOOP_READ;
	c->read_want = LOOP_READ;
	return c;
}

void lineconn_free(struct lineconn *c)
{
	if (!c || c->freed)
		return;
	c->freed = true;
	loop_watch_fini(&c->watch);
	loop_defer_cancel(&c->later);
	if (!c->busy)
		release(c);
}

void lineconn_finish(struct lineconn *c)
{
	c->finishing = true;
	if (!c->busy)
		later(c);
}

struct buffer *lineconn_out(struct lineconn *c)
{
	if (!c->out.data)
		borrow_out(c);
	if (!c->busy)
		later(c);
	return &c->out;
}

void lineconn_flush(struct lineconn *c)
{
	flush(c);
	if (!c->busy)
		later(c);
}

size_t lineconn_backlog(const struct lineconn *c)
{
	return c->out.len - c->sent;
}

int lineconn_fd(const struct lineconn *c)
{
	return c->fd;
}

void lineconn_pause(struct lineconn *c, bool pause)
{
	c->paused = pause;
	if (!c->busy)
		later(c);
}

bool lineconn_upgrade(struct lineconn *c, const struct lineconn_transport *vt, void *t)
{
	struct rare *r = rare_of(c);

	if (!r || c->behind || r->held.len || c->ended)
		return false;
	r->vt = vt;
	r->transport = t;
	r->clear_left = lineconn_backlog(c);
	/* Whoever begins the handshake does so on its first read. */
	c->probe = true;
	later(c);
	return true;
}
