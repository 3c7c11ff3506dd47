#include "config.h"

#include "server/credentials.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/buffer.h"
#include "common/base/log.h"
#include "common/ups/netwire.h"
#include "server/command.h"
#include "server/upsd.h"

static const char token[] = "access";

/* --------------------------------------------------------- a command set aside */

/* A copy of the line that outlives it. NULL: no memory. */
static struct words *copy_line(const struct words *line)
{
	struct words_limits limits = netwire_request_limits;
	struct words *copy;
	struct buffer text = {0};
	const char *p;
	size_t len;

	for (size_t i = 0; i < words_count(line); i++) {
		if (i)
			buffer_append_char(&text, ' ');
		words_append_quoted(&text, words_at(line, i));
	}
	buffer_append_char(&text, '\n');
	copy = text.failed ? NULL : words_new(WORDS_WIRE, &limits);
	p = text.data;
	len = text.len;
	if (copy && words_feed(copy, &p, &len) != WORDS_LINE) {
		words_free(copy);
		copy = NULL;
	}
	buffer_free(&text);
	return copy;
}

static void run_held(struct client *c)
{
	struct words *line = c->session->credentials.held;

	c->session->credentials.held = NULL;
	lineconn_pause(c->conn, false);
	command_run(&(struct request){
		.server = c->server, .client = c, .words = line, .out = lineconn_out(c->conn)});
	words_free(line);
	/* It was let in for this command, which may have been set aside once more. */
	if (!c->session->credentials.held)
		c->session->credentials.admitted = false;
}

/* ----------------------------------------------------------------- the verdict */

static bool peer_uid(const struct client *c, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (c->address.any.sa_family != AF_UNIX ||
	    getsockopt(lineconn_fd(c->conn), SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	*uid = peer.uid;
	return true;
}

bool credentials_by_peer(const struct client *c)
{
	uid_t uid;

	return peer_uid(c, &uid) && users_trust_peer(c->server->users, c->session->username, uid);
}

static void keep_verdict(struct credentials *k, unsigned generation, bool right)
{
	k->generation = generation;
	k->right = right;
}

static void answered(void *arg, bool yes)
{
	struct client *c = arg;
	struct credentials *k = &c->session->credentials;

	k->query = NULL;
	/* After a reload meanwhile it is asked once more. */
	keep_verdict(k, k->asked_of, yes);
	run_held(c);
}

static enum credentials_verdict ask_guard(struct client *c, const struct words *line,
					  const char *hash)
{
	struct credentials *k = &c->session->credentials;

	k->held = c->server->guard ? copy_line(line) : NULL;
	if (k->held)
		k->query = guard_ask(c->server->guard, hash, c->session->password,
				     penalty_key(&c->address.any), answered, c);
	if (!k->query) {
		log_error(token, "%s cannot be checked now: its password is taken for wrong",
			  client_who(c));
		words_free(k->held);
		k->held = NULL;
		return CREDENTIALS_WRONG;
	}
	k->asked_of = c->server->users_generation;
	lineconn_pause(c->conn, true);
	return CREDENTIALS_WAIT;
}

enum credentials_verdict credentials_check(struct client *c, const struct words *line)
{
	const struct session *s = c->session;
	struct credentials *k = &c->session->credentials;
	uid_t uid;
	const struct users_claim claim = {
		.name = s->username,
		.password = s->password,
		.from = &c->address.any,
		.uid = peer_uid(c, &uid) ? &uid : NULL,
	};
	const char *hash;

	if (k->generation != c->server->users_generation) {
		enum users_verdict verdict = users_check(c->server->users, &claim, &hash);

		k->right = false;
		if (verdict == USERS_HASHED)
			return ask_guard(c, line, hash);
		keep_verdict(k, c->server->users_generation, verdict == USERS_RIGHT);
	}
	return k->right ? CREDENTIALS_RIGHT : CREDENTIALS_WRONG;
}

/* --------------------------------------------------------- hosts.allow and deny */

static void wrap_answered(void *arg, bool yes)
{
	struct client *c = arg;
	struct credentials *k = &c->session->credentials;

	k->query = NULL;
	k->admitted = yes;
	if (yes) {
		run_held(c);
		return;
	}
	log_notice(token, "Access denied: hosts.allow and hosts.deny refuse %s", client_who(c));
	words_free(k->held);
	k->held = NULL;
	netwire_append_error(lineconn_out(c->conn), NETWIRE_ACCESS_DENIED);
	lineconn_pause(c->conn, false);
}

bool credentials_admit(struct client *c, const struct words *line)
{
	struct credentials *k = &c->session->credentials;

	if (!guard_has_wrap() || c->address.any.sa_family == AF_UNIX || !c->server->guard)
		return true;
	if (k->admitted)
		return true;
	k->held = copy_line(line);
	if (k->held)
		k->query = guard_ask_wrap(c->server->guard, c->session->username, &c->address.any,
					  penalty_key(&c->address.any), wrap_answered, c);
	if (k->query) {
		lineconn_pause(c->conn, true);
		return false;
	}
	words_free(k->held);
	k->held = NULL;
	netwire_append_error(lineconn_out(c->conn), NETWIRE_ACCESS_DENIED);
	return false;
}

/* ----------------------------------------------------------------- the refusal */

static void refuse_now(void *arg)
{
	struct client *c = arg;
	struct credentials *k = &c->session->credentials;

	loop_timer_free(k->refusal);
	k->refusal = NULL;
	netwire_append_error(lineconn_out(c->conn), NETWIRE_ACCESS_DENIED);
	lineconn_pause(c->conn, false);
}

void credentials_refuse(struct client *c)
{
	struct upsd *u = c->server;
	struct credentials *k = &c->session->credentials;
	uint64_t key = penalty_key(&c->address.any);
	long wait_ms = penalty_add(&u->penalties, key, upsd_now_ms(u));
	unsigned missed;

	if (penalty_tell(&u->penalties, key, &missed))
		log_notice(token,
			   "Access denied: %s: wrong user name, password or address "
			   "(%u more since the last notice)",
			   client_who(c), missed);
	k->refusal = wait_ms ? loop_timer_new(u->loop, refuse_now, c) : NULL;
	if (!k->refusal) {
		netwire_append_error(lineconn_out(c->conn), NETWIRE_ACCESS_DENIED);
		return;
	}
	lineconn_pause(c->conn, true);
	loop_timer_set(k->refusal, wait_ms);
}

void credentials_end(struct session *s)
{
	struct credentials *k = &s->credentials;

	guard_cancel(k->query);
	words_free(k->held);
	loop_timer_free(k->refusal);
	*k = (struct credentials){0};
}
