/*
 * Who the client is, what it is attached to, and what the server is.
 */
#include "config.h"

#include "common/base/log.h"
#include "common/base/str.h"
#include "server/command.h"
#include "server/reply.h"
#include "server/secure.h"
#include "server/upsd.h"

enum netwire_error cmd_ver(const struct request *rq)
{
	reply_line(rq->out, UPSD_VERSION_LINE);
	return NETWIRE_OK;
}

enum netwire_error cmd_protver(const struct request *rq)
{
	reply_line(rq->out, NETWIRE_PROTOCOL);
	return NETWIRE_OK;
}

/* NUT's list as it stands, which leaves some out, then our own. */
enum netwire_error cmd_help(const struct request *rq)
{
	reply_line(rq->out, "Commands: HELP VER PROTVER GET LIST SET INSTCMD LOGIN LOGOUT USERNAME "
			    "PASSWORD STARTTLS SUBSCRIBE UNSUBSCRIBE PING");
	return NETWIRE_OK;
}

enum netwire_error cmd_starttls(const struct request *rq)
{
	struct client *c = rq->client;
	size_t before = rq->out->len;

	if (str_equal(tls_backend_name(), "none"))
		return NETWIRE_FEATURE_NOT_SUPPORTED;
	if (c->upgraded)
		return NETWIRE_ALREADY_SSL_MODE;
	if (!rq->server->tls)
		return NETWIRE_FEATURE_NOT_CONFIGURED;
	reply_line(rq->out, "OK STARTTLS");
	if (secure_client(c))
		return NETWIRE_OK;
	/* Something was sent behind STARTTLS in the clear: whoever put it there shall not be
	 * answered as if it had come under TLS. */
	rq->out->len = before;
	client_kick(c);
	return NETWIRE_INVALID_ARGUMENT;
}

static enum netwire_error keep_credential(const struct request *rq, char **field)
{
	*field = str_dup(request_word(rq, 1));
	if (!*field)
		return NETWIRE_ACCESS_DENIED;
	reply_line(rq->out, "OK");
	return NETWIRE_OK;
}

/* Neither name nor password is looked at here: clients read with wrong ones, and
 * an early error stops them (spec/peers.md 4). */
enum netwire_error cmd_username(const struct request *rq)
{
	struct session *s = client_session(rq->client);

	if (!s)
		return NETWIRE_ACCESS_DENIED;
	return s->username ? NETWIRE_ALREADY_SET_USERNAME : keep_credential(rq, &s->username);
}

enum netwire_error cmd_password(const struct request *rq)
{
	struct session *s = client_session(rq->client);

	if (!s)
		return NETWIRE_ACCESS_DENIED;
	return s->password ? NETWIRE_ALREADY_SET_PASSWORD : keep_credential(rq, &s->password);
}

/* No look at the driver: an upsmon logs in before its UPS is there. */
enum netwire_error cmd_login(const struct request *rq)
{
	struct ups *ups;
	enum netwire_error error;

	if (rq->client->session->login)
		return NETWIRE_ALREADY_LOGGED_IN;
	error = request_find_ups(rq, 1, REQUEST_ANY, &ups);
	if (error == NETWIRE_OK)
		error = request_permit(rq, USER_LOGIN, ups);
	if (error != NETWIRE_OK)
		return error;
	client_login(rq->client, ups);
	reply_line(rq->out, "OK");
	return NETWIRE_OK;
}

enum netwire_error cmd_logout(const struct request *rq)
{
	reply_line(rq->out, "OK Goodbye");
	client_kick(rq->client);
	return NETWIRE_OK;
}

static enum netwire_error grant(const struct request *rq, const char *answer)
{
	struct ups *ups;
	enum netwire_error error = request_find_ups(rq, 1, REQUEST_ANY, &ups);

	if (error == NETWIRE_OK)
		error = request_permit(rq, USER_PRIMARY, ups);
	if (error == NETWIRE_OK)
		reply_line(rq->out, answer);
	return error;
}

enum netwire_error cmd_primary(const struct request *rq)
{
	return grant(rq, "OK PRIMARY-GRANTED");
}

enum netwire_error cmd_master(const struct request *rq)
{
	return grant(rq, "OK MASTER-GRANTED");
}

enum netwire_error cmd_fsd(const struct request *rq)
{
	struct ups *ups;
	enum netwire_error error = request_find_ups(rq, 1, REQUEST_ANY, &ups);

	if (error == NETWIRE_OK)
		error = request_permit(rq, USER_FSD, ups);
	if (error != NETWIRE_OK)
		return error;
	log_notice("command", "Client %s set FSD on UPS [%s]", client_who(rq->client), ups->name);
	ups_force_shutdown(ups);
	reply_line(rq->out, "OK FSD-SET");
	return NETWIRE_OK;
}
