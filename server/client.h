/*
 * client: one connection of a client, and the set of all of them.
 *
 * A client that only asks costs one small struct and its line connection; what
 * it says about itself (credentials, login, tracking, subscriptions) lives in a
 * session that is made when it is first needed.
 */
#ifndef SERVER_CLIENT_H
#define SERVER_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "common/base/log.h"
#include "common/net/lineconn.h"
#include "server/conf.h"
#include "server/credentials.h"
#include "server/ups.h"

struct upsd;

struct session {
	struct client *client;
	char *username;                 /* NULL: not said yet */
	char *password;                 /* the same; wiped when freed */
	struct credentials credentials; /* whether these two are right */
	bool tracking;
	struct ups *login; /* NULL: not logged in */
	LIST_ENTRY(session) of_ups;
	struct subscription_list subscriptions;
};

union client_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct client {
	TAILQ_ENTRY(client) by_age;
	long long last_ms; /* of the last complete line, to the second */
	struct upsd *server;
	struct lineconn *conn;
	struct session *session; /* NULL until there is something to keep */
	union client_address address;
	bool tls_required; /* its port serves little without TLS */
	bool upgraded;     /* STARTTLS was answered: the handshake goes on or is over */
	bool secure;       /* it is over, and good */
};
TAILQ_HEAD(client_list, client);

struct clients {
	struct upsd *server;
	struct loop *loop;
	struct client_list by_age; /* silent for longest first */
	size_t count;
	size_t max;
	struct log_throttle full;
};

void clients_init(struct clients *set, struct upsd *server, struct loop *loop);

/* Hangs up on all. */
void clients_free(struct clients *set);

/* Takes over a connection; beyond the maximum it is refused with a line that says so. */
void clients_accept(struct clients *set, int fd, const struct sockaddr_storage *peer,
		    enum upsd_conf_security security);

/* Tells a connection that there is no room; fd stays the caller's. */
void clients_refuse(int fd);

/* Once a second: closes who was silent for too long. */
void clients_tick(struct clients *set, long long now_ms);

/* The client's session, made if need be. NULL: no memory. */
struct session *client_session(struct client *c);

/* Counts the client as logged in to `ups`; it has a session. */
void client_login(struct client *c, struct ups *ups);

/* Hangs up on a client when what waits for it is written. Its login ends at once. */
void client_kick(struct client *c);

/* `user@address` for the log and `address` alone, in a static buffer each. */
const char *client_who(const struct client *c);
const char *client_host(const struct client *c);

#endif
