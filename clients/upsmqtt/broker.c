#include "config.h"

#include "clients/upsmqtt/broker.h"

#include <errno.h>
#include <mosquitto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "drivers/core/backoff.h"

static const char token[] = "broker";
static const char authorities[] = "/etc/ssl/certs";

enum {
	TICK_MS = 1000,
	CONNECT_MS = 20 * 1000, /* until the broker has said that it takes us */
	RETRY_FIRST_MS = 1000,
	RETRY_LONGEST_MS = 60 * 1000,
	PENDING_MAX = 500, /* messages without an acknowledgement */
	READS = 64,        /* packets at a time, then the others get their turn */
	AT_ONCE = 100,     /* of them, on their way */
};

struct broker {
	struct loop *loop;
	struct resolver *resolver;
	const struct broker_config *cfg;
	const struct broker_ops *ops;
	void *arg;

	struct resolver_query *query;
	struct mosquitto *link; /* of one connection; NULL = there is none */
	struct loop_watch *watch;
	int watched; /* the descriptor */
	struct loop_timer *tick, *retry, *limit;
	struct loop_deferred later; /* looks at what the library wants */
	struct backoff backoff;
	size_t pending;
	bool up, lost, had_no_room;
	bool news;        /* the owner does not know yet that it is up */
	char why[160];    /* it is not up; as it was logged last */
	char reason[160]; /* the connection that was lost ended for it */
	char detail[160]; /* the library's own words of its first error */
};

/* ----------------------------------------------------------------------------- the link */

static void drop_link(struct broker *b)
{
	loop_watch_free(b->watch);
	b->watch = NULL;
	b->watched = -1;
	loop_timer_cancel(b->tick);
	loop_timer_cancel(b->limit);
	resolver_cancel(b->query);
	b->query = NULL;
	if (b->link)
		mosquitto_destroy(b->link);
	b->link = NULL;
	b->pending = 0;
	b->lost = false;
}

/* Never from inside a call of the library. */
static void fail(struct broker *b, const char *why)
{
	bool was_up = b->up && !b->news;
	int pause_ms;

	b->up = b->news = false;
	drop_link(b);
	pause_ms = backoff_next(&b->backoff);
	if (was_up || !str_equal(b->why, why))
		log_warn(token, "no connection to %s port %u: %s%s%s", b->cfg->host, b->cfg->port,
			 why, b->detail[0] ? ": " : "", b->detail);
	b->detail[0] = b->reason[0] = '\0';
	log_debug(1, token, "the next attempt is in %d ms", pause_ms);
	str_copy(b->why, sizeof(b->why), why);
	loop_timer_set(b->retry, pause_ms);
	if (was_up)
		b->ops->down(b->arg);
}

static void fail_as_told(struct broker *b)
{
	char reason[sizeof(b->reason)];

	str_copy(reason, sizeof(reason), b->reason[0] ? b->reason : "the connection broke");
	fail(b, reason);
}

static void later(void *arg);

static void on_ready(void *arg, int events)
{
	struct broker *b = arg;
	int rc = MOSQ_ERR_SUCCESS;

	/* TLS may hold packets of which the descriptor tells nothing: until there are none. */
	for (int i = 0; (events & LOOP_READ) && rc == MOSQ_ERR_SUCCESS && !b->lost && i < READS;
	     i++) {
		errno = 0;
		rc = mosquitto_loop_read(b->link, 1);
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
	}
	if ((events & LOOP_WRITE) && rc == MOSQ_ERR_SUCCESS && !b->lost)
		rc = mosquitto_loop_write(b->link, 1);
	if (rc != MOSQ_ERR_SUCCESS && !b->lost) {
		fail(b, mosquitto_strerror(rc));
		return;
	}
	loop_defer(b->loop, &b->later, later, b);
}

static bool watch(struct broker *b)
{
	int fd = mosquitto_socket(b->link);
	int events = LOOP_READ | (mosquitto_want_write(b->link) ? LOOP_WRITE : 0);

	if (fd < 0)
		return false;
	if (b->watch && fd == b->watched)
		return loop_watch_set(b->watch, events);
	loop_watch_free(b->watch);
	b->watch = loop_watch_new(b->loop, fd, events, on_ready, b);
	b->watched = fd;
	return b->watch != NULL;
}

static void later(void *arg)
{
	struct broker *b = arg;

	if (!b->link)
		return;
	if (b->lost || !watch(b)) {
		fail_as_told(b);
		return;
	}
	if (b->news) {
		b->news = false;
		b->ops->up(b->arg);
	} else if (b->had_no_room && broker_has_room(b)) {
		b->had_no_room = false;
		b->ops->room(b->arg);
	}
}

static void on_tick(void *arg)
{
	struct broker *b = arg;
	int rc = mosquitto_loop_misc(b->link);

	loop_timer_set(b->tick, TICK_MS);
	if (rc != MOSQ_ERR_SUCCESS && !b->lost) {
		fail(b, mosquitto_strerror(rc));
		return;
	}
	/* What TLS may still hold. */
	on_ready(b, LOOP_READ);
}

/* ---------------------------------------------------------------------- the library calls */

static void on_connect(struct mosquitto *link, void *arg, int code)
{
	struct broker *b = arg;

	(void)link;
	if (code != 0) {
		str_format(b->reason, sizeof(b->reason), "it refuses us: %s",
			   mosquitto_connack_string(code));
		b->lost = true;
		loop_defer(b->loop, &b->later, later, b);
		return;
	}
	log_notice(token, "connected to %s port %u%s", b->cfg->host, b->cfg->port,
		   b->cfg->tls ? " by TLS" : "");
	loop_timer_cancel(b->limit);
	backoff_reset(&b->backoff);
	b->why[0] = '\0';
	b->up = b->news = true;
	loop_defer(b->loop, &b->later, later, b);
}

static void on_disconnect(struct mosquitto *link, void *arg, int rc)
{
	struct broker *b = arg;

	(void)link;
	/* Its descriptor is closed already. */
	loop_watch_free(b->watch);
	b->watch = NULL;
	b->watched = -1;
	if (!b->lost && rc != 0)
		str_copy(b->reason, sizeof(b->reason), mosquitto_strerror(rc));
	b->lost = true;
	loop_defer(b->loop, &b->later, later, b);
}

static void on_publish(struct mosquitto *link, void *arg, int mid)
{
	struct broker *b = arg;

	(void)link, (void)mid;
	if (b->pending > 0)
		b->pending--;
}

static void on_message(struct mosquitto *link, void *arg, const struct mosquitto_message *m)
{
	struct broker *b = arg;
	char *text = malloc((size_t)m->payloadlen + 1);

	(void)link;
	if (!text)
		return;
	if (m->payloadlen > 0)
		memcpy(text, m->payload, (size_t)m->payloadlen);
	text[m->payloadlen] = '\0';
	b->ops->message(b->arg, m->topic, text, (size_t)m->payloadlen, m->retain);
	free(text);
}

static void on_log(struct mosquitto *link, void *arg, int level, const char *text)
{
	struct broker *b = arg;

	(void)link;
	if (level == MOSQ_LOG_ERR && !b->detail[0])
		str_copy(b->detail, sizeof(b->detail), text);
	log_debug(level == MOSQ_LOG_DEBUG ? 4 : 1, token, "libmosquitto: %s", text);
}

/* --------------------------------------------------------------------------- connecting */

static bool set_up_tls(struct broker *b)
{
	const struct broker_config *c = b->cfg;
	int rc = mosquitto_tls_set(b->link, c->ca_file, c->ca_file ? NULL : authorities,
				   c->cert_file, c->key_file, NULL);

	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_tls_opts_set(b->link, 1, "tlsv1.2", NULL);
	if (rc == MOSQ_ERR_SUCCESS)
		return true;
	fail(b, rc == MOSQ_ERR_INVAL ? "CAFILE, CERTFILE or KEYFILE cannot be read by the user "
				       "that upsmqtt runs as"
				     : mosquitto_strerror(rc));
	return false;
}

static bool set_up(struct broker *b)
{
	const struct broker_config *c = b->cfg;
	static const char offline[] = "offline";

	b->link = mosquitto_new(c->client_id, true, b);
	if (!b->link || mosquitto_will_set(b->link, c->will_topic, sizeof(offline) - 1, offline, 1,
					   true) != MOSQ_ERR_SUCCESS) {
		fail(b, "out of memory");
		return false;
	}
	if (c->user && mosquitto_username_pw_set(b->link, c->user, c->password)) {
		fail(b, "USER or its password is no UTF-8");
		return false;
	}
	mosquitto_connect_callback_set(b->link, on_connect);
	mosquitto_disconnect_callback_set(b->link, on_disconnect);
	mosquitto_publish_callback_set(b->link, on_publish);
	mosquitto_message_callback_set(b->link, on_message);
	mosquitto_log_callback_set(b->link, on_log);
	mosquitto_max_inflight_messages_set(b->link, AT_ONCE);
	return !c->tls || set_up_tls(b);
}

static const char *connect_problem(int rc)
{
	return rc == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(rc);
}

/* The library looks the name up again, for TLS to check it; it has an answer now. */
static void on_resolved(void *arg, const struct netaddr *addrs, size_t count, const char *error)
{
	struct broker *b = arg;
	int rc;

	(void)addrs;
	b->query = NULL;
	if (count == 0) {
		fail(b, error);
		return;
	}
	if (!set_up(b))
		return;
	rc = mosquitto_connect_async(b->link, b->cfg->host, (int)b->cfg->port, b->cfg->keepalive_s);
	if (rc != MOSQ_ERR_SUCCESS || !watch(b)) {
		fail(b, connect_problem(rc));
		return;
	}
	loop_timer_set(b->limit, CONNECT_MS);
	loop_timer_set(b->tick, TICK_MS);
}

static void on_limit(void *arg)
{
	fail(arg, "no answer in time");
}

static void start(void *arg)
{
	struct broker *b = arg;

	b->query = resolver_ask(b->resolver, b->cfg->host, b->cfg->port, AF_UNSPEC, on_resolved, b);
	if (!b->query)
		fail(b, "out of memory");
}

/* ---------------------------------------------------------------------------- interface */

bool broker_is_up(const struct broker *b)
{
	return b->up;
}

bool broker_has_room(const struct broker *b)
{
	return b->up && !b->lost && b->pending < PENDING_MAX;
}

static bool accepted(struct broker *b, int rc)
{
	/* Whatever is written now is looked at at the end of the turn. */
	loop_defer(b->loop, &b->later, later, b);
	b->had_no_room = b->had_no_room || !broker_has_room(b);
	return rc == MOSQ_ERR_SUCCESS;
}

bool broker_publish(struct broker *b, const char *topic, const char *payload, bool retain)
{
	int rc;

	if (!b->up || b->lost)
		return false;
	b->pending++;
	rc = mosquitto_publish(b->link, NULL, topic, (int)strlen(payload), payload, b->cfg->qos,
			       retain);
	if (rc != MOSQ_ERR_SUCCESS && b->pending > 0)
		b->pending--;
	return accepted(b, rc);
}

bool broker_subscribe(struct broker *b, const char *filter)
{
	return b->up && !b->lost && accepted(b, mosquitto_subscribe(b->link, NULL, filter, 1));
}

struct broker *broker_new(struct loop *l, struct resolver *r, const struct broker_config *cfg,
			  const struct broker_ops *ops, void *arg)
{
	struct broker *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	mosquitto_lib_init();
	b->loop = l;
	b->resolver = r;
	b->cfg = cfg;
	b->ops = ops;
	b->arg = arg;
	b->watched = -1;
	b->backoff = (struct backoff){RETRY_FIRST_MS, RETRY_LONGEST_MS, 0};
	b->tick = loop_timer_new(l, on_tick, b);
	b->retry = loop_timer_new(l, start, b);
	b->limit = loop_timer_new(l, on_limit, b);
	if (!b->tick || !b->retry || !b->limit) {
		broker_free(b);
		return NULL;
	}
	loop_timer_set(b->retry, 0);
	return b;
}

void broker_free(struct broker *b)
{
	if (!b)
		return;
	if (b->up && !b->lost)
		mosquitto_disconnect(b->link);
	loop_defer_cancel(&b->later);
	drop_link(b);
	loop_timer_free(b->tick);
	loop_timer_free(b->retry);
	loop_timer_free(b->limit);
	free(b);
	mosquitto_lib_cleanup();
}
