#include "config.h"

#include "clients/upsmon/notify/outbox.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients/upsmon/notify/link.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/net/lineconn.h"

enum {
	AT_ONCE_MAX = 32, /* deliveries in the hands of a notifier that has not taken them */
	BACKLOG_MAX = 512 * 1024,
};

static const char token[] = "outbox";

struct letter {
	struct letter *next;
	enum delivery_kind kind;
	size_t len;
	char line[];
};

struct outbox {
	struct loop *loop;
	const struct outbox_ops *ops;
	void *arg;
	struct lineconn *conn; /* NULL while there is no notifier */
	int next_fd;           /* of one that waits until all words of the old one are read; -1 */
	/* The first `sent` of them are on their way; they leave when they were taken. */
	struct letter *first, **end;
	size_t count, bytes, sent;
	size_t dropped; /* and not logged yet */
	bool hold;
	bool sleeping;
};

/* ----------------------------------------------------------------- the queue */

static void burn(struct outbox *o, struct letter **at)
{
	struct letter *l = *at;

	*at = l->next;
	if (o->end == &l->next)
		o->end = at;
	o->count--;
	o->bytes -= l->len;
	/* A mail holds a password. */
	secret_wipe(l->line, l->len);
	free(l);
}

/* Where the first letter is that has not been sent. */
static struct letter **first_waiting(struct outbox *o)
{
	struct letter **at = &o->first;

	for (size_t i = 0; i < o->sent; i++)
		at = &(*at)->next;
	return at;
}

static void drop_one(struct outbox *o)
{
	struct letter **oldest = first_waiting(o), **at = oldest;

	while (*at && (*at)->kind != DELIVERY_LOG)
		at = &(*at)->next;
	burn(o, *at ? at : oldest);
	o->dropped++;
}

static struct letter *write_letter(const struct delivery *d)
{
	struct buffer b = {0};
	struct letter *l = NULL;

	if (delivery_append(&b, d))
		l = malloc(sizeof(*l) + b.len);
	if (l) {
		*l = (struct letter){.kind = d->kind, .len = b.len};
		memcpy(l->line, b.data, b.len);
	}
	if (b.data)
		secret_wipe(b.data, b.len);
	buffer_free(&b);
	return l;
}

static void send_waiting(struct outbox *o, size_t at_once)
{
	struct letter **at = first_waiting(o);

	for (; o->conn && *at && o->sent < at_once; at = &(*at)->next) {
		buffer_append(lineconn_out(o->conn), (*at)->line, (*at)->len);
		o->sent++;
	}
}

/* When there is room again, so that the line itself pushes nothing out. */
static void tell_dropped(struct outbox *o)
{
	size_t dropped = o->dropped;

	if (!dropped || o->count > o->sent)
		return;
	o->dropped = 0;
	log_warn(token, "%zu messages were dropped while no notifier took them", dropped);
}

bool outbox_deliver(struct outbox *o, const struct delivery *d)
{
	struct letter *l = write_letter(d);

	if (!l) {
		if (d->kind != DELIVERY_LOG)
			log_error(token, "%s is left out: too long, or no memory",
				  delivery_name(d->kind));
		return false;
	}
	*o->end = l;
	o->end = &l->next;
	o->count++;
	o->bytes += l->len;
	while (o->count > OUTBOX_MAX || o->bytes > OUTBOX_BYTES_MAX)
		drop_one(o);
	send_waiting(o, AT_ONCE_MAX);
	return true;
}

void outbox_log(void *outbox, int priority, const char *text)
{
	outbox_deliver(outbox, &(struct delivery){
				       .kind = DELIVERY_LOG, .priority = priority, .text = text});
}

/* -------------------------------------------------------------- the notifier */

static void say(struct outbox *o, const char *word)
{
	if (o->conn)
		buffer_appendf(lineconn_out(o->conn), "%s\n", word);
}

static void call(void (*fn)(void *arg), void *arg)
{
	if (fn)
		fn(arg);
}

static void set_sleeping(struct outbox *o, bool sleeping)
{
	if (o->sleeping == sleeping)
		return;
	o->sleeping = sleeping;
	call(sleeping ? o->ops->sleep_begins : o->ops->sleep_ends, o->arg);
}

static void on_line(struct lineconn *c, void *arg, const struct words *w)
{
	struct outbox *o = arg;
	const char *word = words_at(w, 0);

	(void)c;
	if (str_equal(word, LINK_TAKEN) && o->sent > 0) {
		burn(o, &o->first);
		o->sent--;
		send_waiting(o, AT_ONCE_MAX);
		tell_dropped(o);
	} else if (str_equal(word, LINK_SLEEP)) {
		set_sleeping(o, str_equal(words_at(w, 1), LINK_BEGINS));
	}
}

static void take_link(struct outbox *o, int fd);

static void on_closed(struct lineconn *c, void *arg, enum lineconn_end why, int err)
{
	struct outbox *o = arg;
	int fd = o->next_fd;

	(void)why, (void)err;
	lineconn_free(c);
	o->conn = NULL;
	o->sent = 0;
	o->next_fd = -1;
	set_sleeping(o, false);
	if (fd >= 0)
		take_link(o, fd);
	else
		call(o->ops->lost, o->arg);
}

static void take_link(struct outbox *o, int fd)
{
	static const struct lineconn_ops ops = {.line = on_line, .closed = on_closed};
	static const struct lineconn_limits limits = {.words = {4, 256},
						      .max_backlog = BACKLOG_MAX};

	o->conn = lineconn_new(o->loop, fd, &ops, &limits, o);
	if (!o->conn) {
		log_error(token, "no memory to reach the notifier");
		return;
	}
	if (o->hold)
		say(o, LINK_HOLD_SHUTDOWN);
	send_waiting(o, AT_ONCE_MAX);
}

/*
 * The news of a new notifier may overtake the last words of the old one: what
 * that has taken must not be sent again.
 */
void outbox_link(struct outbox *o, int fd)
{
	if (!o->conn) {
		take_link(o, fd);
		return;
	}
	if (o->next_fd >= 0)
		close(o->next_fd);
	o->next_fd = fd;
	shutdown(lineconn_fd(o->conn), SHUT_RDWR);
}

void outbox_hold_shutdown(struct outbox *o, bool hold)
{
	if (o->hold == hold)
		return;
	o->hold = hold;
	say(o, hold ? LINK_HOLD_SHUTDOWN : LINK_LET_SHUTDOWN);
}

void outbox_sleep_ready(struct outbox *o)
{
	if (o->sleeping)
		say(o, LINK_SLEEP_READY);
}

void outbox_flush(struct outbox *o)
{
	send_waiting(o, OUTBOX_MAX);
	if (o->conn)
		lineconn_flush(o->conn);
}

size_t outbox_waiting(const struct outbox *o)
{
	return o->count;
}

struct outbox *outbox_new(struct loop *l, const struct outbox_ops *ops, void *arg)
{
	struct outbox *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->loop = l;
	o->ops = ops;
	o->arg = arg;
	o->end = &o->first;
	o->next_fd = -1;
	return o;
}

void outbox_free(struct outbox *o)
{
	if (!o)
		return;
	lineconn_free(o->conn);
	if (o->next_fd >= 0)
		close(o->next_fd);
	while (o->first)
		burn(o, &o->first);
	free(o);
}
