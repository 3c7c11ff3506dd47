#include "config.h"

#include "server/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"
#include "common/net/netaddr.h"
#include "common/ups/netwire.h"
#include "server/command.h"
#include "server/secure.h"
#include "server/subscription.h"
#include "server/upsd.h"

enum { COMPLAINT_INTERVAL_S = 60 };

static const char no_room[] = "ERR CONNECTION-LIMIT\n";

/* ------------------------------------------------------------------ session */

struct session *client_session(struct client *c)
{
	if (c->session)
		return c->session;
	c->session = calloc(1, sizeof(*c->session));
	if (!c->session)
		return NULL;
	c->session->client = c;
	LIST_INIT(&c->session->subscriptions);
	return c->session;
}

void client_login(struct client *c, struct ups *ups)
{
	c->session->login = ups;
	LIST_INSERT_HEAD(&ups->logins, c->session, of_ups);
	ups->login_count++;
	/* Both are grepped for: NUT 2.8.0's words, and those that newer releases use with TLS. */
	if (c->secure)
		log_info("client", "Client %s logged in to UPS [%s] (SSL)", client_who(c),
			 ups->name);
	else
		log_info("client", "User %s logged into UPS [%s]", client_who(c), ups->name);
}

static void end_login(struct client *c)
{
	struct session *s = c->session;

	if (!s || !s->login)
		return;
	log_info("client", "User %s logged out from UPS [%s]", client_who(c), s->login->name);
	s->login->login_count--;
	LIST_REMOVE(s, of_ups);
	s->login = NULL;
}

static void end_session(struct client *c)
{
	struct session *s = c->session;

	if (!s)
		return;
	end_login(c);
	credentials_end(s);
	while (!LIST_EMPTY(&s->subscriptions))
		subscription_free(LIST_FIRST(&s->subscriptions));
	free(s->username);
	secret_free(&s->password);
	free(s);
	c->session = NULL;
}

/* --------------------------------------------------------------- connection */

static void client_free(struct client *c)
{
	struct clients *set = &c->server->clients;

	log_debug(2, "client", "%s is gone", client_host(c));
	end_session(c);
	lineconn_free(c->conn);
	TAILQ_REMOVE(&set->by_age, c, by_age);
	set->count--;
	free(c);
}

/* The list is in order to the second, so a busy client moves once a second at most. */
static void note_activity(struct client *c)
{
	struct clients *set = &c->server->clients;
	long long now_ms = loop_now_ms(set->loop);

	if (now_ms - c->last_ms < 1000)
		return;
	c->last_ms = now_ms;
	TAILQ_REMOVE(&set->by_age, c, by_age);
	TAILQ_INSERT_TAIL(&set->by_age, c, by_age);
}

static void take_line(struct lineconn *conn, void *arg, const struct words *w)
{
	struct client *c = arg;

	note_activity(c);
	command_run(&(struct request){
		.server = c->server, .client = c, .words = w, .out = lineconn_out(conn)});
}

static void take_bad_line(struct lineconn *conn, void *arg, enum words_result why, const char *text)
{
	struct client *c = arg;

	(void)why;
	log_debug(1, "client", "%s: a line cannot be read: %s", client_host(c), text);
	netwire_append_error(lineconn_out(conn), NETWIRE_INVALID_ARGUMENT);
}

static void take_end(struct lineconn *conn, void *arg, enum lineconn_end why, int err)
{
	(void)conn;
	if (why == LINECONN_ERROR)
		log_debug(1, "client", "%s: %s", client_host(arg), strerror(err));
	client_free(arg);
}

static void take_drained(struct lineconn *conn, void *arg)
{
	struct client *c = arg;
	struct subscription *s;

	(void)conn;
	if (!c->session)
		return;
	LIST_FOREACH(s, &c->session->subscriptions, of_client)
	subscription_send(s);
}

static const struct lineconn_ops ops = {
	.line = take_line, .bad_line = take_bad_line, .closed = take_end, .drained = take_drained};

static const struct lineconn_limits *limits(void)
{
	/* Events are held back from half of it on, where lineconn tells when it has drained. */
	static struct lineconn_limits l = {.max_backlog = (size_t)2 * SUBSCRIPTION_MAX_BACKLOG};

	l.words = netwire_request_limits;
	return &l;
}

static void copy_address(union client_address *dst, const struct sockaddr_storage *src)
{
	memset(dst, 0, sizeof(*dst));
	memcpy(dst, src, sizeof(*dst));
}

void clients_refuse(int fd)
{
	char ignored[512];

	/* What it has sent already is taken off the socket, or closing it would reset the
	 * connection before the line is read. */
	if (write(fd, no_room, sizeof(no_room) - 1) < 0)
		log_debug(2, "client", "a refusal could not be sent: %s", strerror(errno));
	if (recv(fd, ignored, sizeof(ignored), MSG_DONTWAIT) > 0)
		shutdown(fd, SHUT_WR);
}

static void complain_full(struct clients *set)
{
	unsigned missed;

	if (log_throttle_pass(&set->full, COMPLAINT_INTERVAL_S, &missed))
		log_error("client",
			  "%zu clients are connected, further ones are refused (%u since the last "
			  "notice); raise MAXCONN or the limit of open files",
			  set->count, missed);
}

void clients_accept(struct clients *set, int fd, const struct sockaddr_storage *peer,
		    enum upsd_conf_security security)
{
	struct client *c;

	if (set->count >= set->max) {
		clients_refuse(fd);
		close(fd);
		complain_full(set);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return;
	}
	c->server = set->server;
	c->last_ms = loop_now_ms(set->loop);
	copy_address(&c->address, peer);
	c->conn = lineconn_new(set->loop, fd, &ops, limits(), c);
	if (!c->conn) {
		free(c);
		return;
	}
	TAILQ_INSERT_TAIL(&set->by_age, c, by_age);
	set->count++;
	log_debug(2, "client", "%s connected", client_host(c));
	c->tls_required = security != UPSD_CONF_OFFERED;
	if (security == UPSD_CONF_AT_ONCE && !secure_client(c))
		client_free(c);
}

void clients_init(struct clients *set, struct upsd *server, struct loop *loop)
{
	*set = (struct clients){.server = server, .loop = loop, .max = 1};
	TAILQ_INIT(&set->by_age);
}

void clients_free(struct clients *set)
{
	while (!TAILQ_EMPTY(&set->by_age))
		client_free(TAILQ_FIRST(&set->by_age));
}

void clients_tick(struct clients *set, long long now_ms)
{
	struct client *c;

	/* One second more, since last_ms is kept to the second. */
	while ((c = TAILQ_FIRST(&set->by_age)) &&
	       now_ms - c->last_ms > (NETWIRE_IDLE_S + 1) * 1000LL) {
		log_debug(1, "client", "%s was silent for too long", client_host(c));
		client_free(c);
	}
}

void client_kick(struct client *c)
{
	end_login(c);
	lineconn_finish(c->conn);
}

/* -------------------------------------------------------------------- names */

const char *client_host(const struct client *c)
{
	static char host[64];
	struct sockaddr_storage ss = {0};

	memcpy(&ss, &c->address, sizeof(c->address));
	if (!netaddr_host(&ss, host, sizeof(host)))
		str_copy(host, sizeof(host), "unknown");
	return host;
}

const char *client_who(const struct client *c)
{
	static char who[320];
	const struct session *s = c->session;

	str_format(who, sizeof(who), "%s@%s", s && s->username ? s->username : "", client_host(c));
	return who;
}
