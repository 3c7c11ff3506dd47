#include "config.h"

#include "server/command.h"

#include <stdint.h>

#include "common/base/log.h"
#include "common/base/str.h"
#include "common/ups/state.h"
#include "server/upsd.h"

/* The commands that make up nearly all traffic come first: a look-up is then a
 * comparison or two. */
static const struct command commands[] = {
	{"GET", 0, SIZE_MAX, COMMAND_READ, cmd_get},
	{"LIST", 0, SIZE_MAX, COMMAND_READ, cmd_list},
	{"PING", 0, 0, COMMAND_OPEN, cmd_ping},
	{"USERNAME", 1, 1, COMMAND_OPEN, cmd_username},
	{"PASSWORD", 1, 1, COMMAND_OPEN, cmd_password},
	{"LOGIN", 1, 1, COMMAND_CREDENTIALS, cmd_login},
	{"LOGOUT", 0, 0, COMMAND_FIRST, cmd_logout},
	{"PRIMARY", 1, 1, COMMAND_CREDENTIALS, cmd_primary},
	{"MASTER", 1, 1, COMMAND_CREDENTIALS, cmd_master},
	{"FSD", 1, 1, COMMAND_CREDENTIALS, cmd_fsd},
	{"SET", 0, SIZE_MAX, COMMAND_CREDENTIALS, cmd_set},
	{"INSTCMD", 2, SIZE_MAX, COMMAND_CREDENTIALS, cmd_instcmd},
	{"SUBSCRIBE", 1, SIZE_MAX, COMMAND_READ, cmd_subscribe},
	{"UNSUBSCRIBE", 1, 1, COMMAND_OPEN, cmd_unsubscribe},
	{"STARTTLS", 0, SIZE_MAX, COMMAND_FIRST, cmd_starttls},
	{"VER", 0, 0, COMMAND_FIRST, cmd_ver},
	{"NETVER", 0, 0, COMMAND_FIRST, cmd_protver},
	{"PROTVER", 0, 0, COMMAND_FIRST, cmd_protver},
	{"HELP", 0, 0, COMMAND_FIRST, cmd_help},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]), COMPLAINT_INTERVAL_S = 10 };

const struct command *command_at(size_t i)
{
	return i < COMMAND_COUNT ? &commands[i] : NULL;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (str_caseequal(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static bool needs_credentials(const struct request *rq, const struct command *c)
{
	return c->needs == COMMAND_CREDENTIALS ||
	       (c->needs == COMMAND_READ && rq->server->conf->read_needs_login);
}

static enum netwire_error check_needs(const struct request *rq, const struct command *c)
{
	const struct session *s = rq->client->session;

	if (rq->client->tls_required && !rq->client->secure && c->needs != COMMAND_FIRST)
		return NETWIRE_ACCESS_DENIED;
	if (needs_credentials(rq, c)) {
		if (!s || !s->username)
			return NETWIRE_USERNAME_REQUIRED;
		if (!s->password && !credentials_by_peer(rq->client))
			return NETWIRE_PASSWORD_REQUIRED;
	}
	return NETWIRE_OK;
}

static enum netwire_error check_args(const struct request *rq, const struct command *c)
{
	size_t args = request_args(rq);

	return args < c->min_args || args > c->max_args ? NETWIRE_INVALID_ARGUMENT : NETWIRE_OK;
}

/*
 * Runs a command that needs credentials.  Only handlers know whether wrong ones
 * are what is said first (an unknown UPS is, before them), so they see to that;
 * reading has no such order.
 */
static void run_with_credentials(const struct request *rq, const struct command *c)
{
	enum credentials_verdict verdict = credentials_check(rq->client, rq->words);
	enum netwire_error error = NETWIRE_ACCESS_DENIED;

	if (verdict == CREDENTIALS_WAIT)
		return;
	if (verdict == CREDENTIALS_RIGHT || c->needs == COMMAND_CREDENTIALS)
		error = c->run(rq);
	if (error == NETWIRE_ACCESS_DENIED && verdict == CREDENTIALS_WRONG)
		credentials_refuse(rq->client);
	else if (error != NETWIRE_OK)
		netwire_append_error(rq->out, error);
}

void command_run(const struct request *rq)
{
	const struct command *c = command_find(netwire_skip_mark(request_word(rq, 0)));
	enum netwire_error error = c ? check_needs(rq, c) : NETWIRE_UNKNOWN_COMMAND;

	/* Where NUT asks libwrap: credentials were said, and nothing else was looked at. */
	if (error == NETWIRE_OK && c->needs == COMMAND_CREDENTIALS &&
	    !credentials_admit(rq->client, rq->words))
		return;
	if (error == NETWIRE_OK)
		error = check_args(rq, c);
	if (error == NETWIRE_OK && needs_credentials(rq, c)) {
		run_with_credentials(rq, c);
		return;
	}
	if (error == NETWIRE_OK)
		error = c->run(rq);
	if (error != NETWIRE_OK)
		netwire_append_error(rq->out, error);
}

const char *request_word(const struct request *rq, size_t i)
{
	return words_at(rq->words, i);
}

size_t request_args(const struct request *rq)
{
	return words_count(rq->words) - 1;
}

enum netwire_error request_find_ups(const struct request *rq, size_t i, enum request_ups need,
				    struct ups **ups)
{
	*ups = upses_find(&rq->server->upses, request_word(rq, i));
	if (!*ups)
		return NETWIRE_UNKNOWN_UPS;
	ups_flush(*ups);
	if (need == REQUEST_ANY)
		return NETWIRE_OK;
	switch ((*ups)->availability) {
	case NETWIRE_AVAIL_DISCONNECTED:
		return NETWIRE_DRIVER_NOT_CONNECTED;
	case NETWIRE_AVAIL_STALE:
		return NETWIRE_DATA_STALE;
	case NETWIRE_AVAIL_OK:
		break;
	}
	return NETWIRE_OK;
}

enum netwire_error request_find_var(const struct request *rq, size_t i, struct ups **ups,
				    const struct state_var **var)
{
	enum netwire_error error = request_find_ups(rq, i, REQUEST_AVAILABLE, ups);

	if (error != NETWIRE_OK)
		return error;
	*var = state_find((*ups)->state, request_word(rq, i + 1));
	return *var ? NETWIRE_OK : NETWIRE_VAR_NOT_SUPPORTED;
}

/* Wrong credentials are logged by who answers them. */
static enum netwire_error permitted(const struct request *rq, bool yes)
{
	unsigned missed;

	if (!rq->client->session->credentials.right)
		return NETWIRE_ACCESS_DENIED;
	if (yes)
		return NETWIRE_OK;
	if (log_throttle_pass(&rq->server->denials, COMPLAINT_INTERVAL_S, &missed))
		log_notice("command",
			   "Access denied: %s may not %s %s (%u more since the last notice)",
			   client_who(rq->client), request_word(rq, 0), request_word(rq, 1),
			   missed);
	return NETWIRE_ACCESS_DENIED;
}

enum netwire_error request_permit(const struct request *rq, enum user_action action,
				  const struct ups *ups)
{
	return permitted(rq, users_permit(rq->server->users, rq->client->session->username, action,
					  ups->name));
}

enum netwire_error request_permit_var(const struct request *rq, const struct ups *ups,
				      const char *var)
{
	return permitted(rq, users_permit_var(rq->server->users, rq->client->session->username,
					      ups->name, var));
}

enum netwire_error request_permit_instcmd(const struct request *rq, const struct ups *ups,
					  const char *command)
{
	return permitted(rq, users_permit_instcmd(rq->server->users, rq->client->session->username,
						  ups->name, command));
}

enum netwire_error request_dispatch(const struct request *rq, const struct subcommand *rows,
				    size_t count)
{
	size_t args = request_args(rq);

	for (size_t i = 0; i < count && args > 0; i++) {
		if (!str_caseequal(rows[i].name, request_word(rq, 1)))
			continue;
		return args < rows[i].min_args ? NETWIRE_INVALID_ARGUMENT : rows[i].run(rq);
	}
	return NETWIRE_INVALID_ARGUMENT;
}
