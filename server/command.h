/*
 * command: the table of client commands, and the one way from a line to its
 * answer (spec/net-protocol.md sections 2 and 3).
 *
 * The table says what a command needs; that is checked here, once, in NUT's
 * order: the command itself, then credentials, then the number of words.
 * Handlers append their answer, or return the error to send.
 */
#ifndef SERVER_COMMAND_H
#define SERVER_COMMAND_H

#include <stddef.h>

#include "common/base/buffer.h"
#include "common/base/words.h"
#include "common/ups/netwire.h"
#include "server/client.h"
#include "server/users.h"

/* One line of a client; all pointers are borrowed for the call. */
struct request {
	struct upsd *server;
	struct client *client;
	const struct words *words;
	struct buffer *out;
};

typedef enum netwire_error command_fn(const struct request *rq);

enum command_needs {
	COMMAND_FIRST,       /* for everybody, also before TLS where TLS is required */
	COMMAND_OPEN,        /* for everybody */
	COMMAND_READ,        /* the same, unless READ_NEEDS_LOGIN */
	COMMAND_CREDENTIALS, /* USERNAME and PASSWORD must have been said (not: be right) */
};

struct command {
	const char *name;
	size_t min_args;
	size_t max_args;
	enum command_needs needs;
	command_fn *run;
};

/*
 * Answers one line.  Where that takes a while (credentials.h) the client is
 * paused, and the line is run again later.
 */
void command_run(const struct request *rq);

/* The row of a command, letter case aside, or NULL; and row i, NULL beyond the last. */
const struct command *command_find(const char *name);
const struct command *command_at(size_t i);

/* For handlers: */

/* Word i of the line: 0 is the command. "" beyond the end. */
const char *request_word(const struct request *rq, size_t i);

/* Words behind the command. */
size_t request_args(const struct request *rq);

enum request_ups {
	REQUEST_ANY,       /* the name must be known */
	REQUEST_AVAILABLE, /* and the driver connected, its data fresh */
};

/* The UPS that word i names; its pending events are sent first. */
enum netwire_error request_find_ups(const struct request *rq, size_t i, enum request_ups need,
				    struct ups **ups);

/* The UPS of word i and its variable of word i + 1. */
enum netwire_error request_find_var(const struct request *rq, size_t i, struct ups **ups,
				    const struct state_var **var);

/*
 * NETWIRE_OK when the client's credentials are right and permit it, else
 * ACCESS-DENIED.  Of the latter those of a right user are logged here.
 */
enum netwire_error request_permit(const struct request *rq, enum user_action action,
				  const struct ups *ups);
enum netwire_error request_permit_var(const struct request *rq, const struct ups *ups,
				      const char *var);
enum netwire_error request_permit_instcmd(const struct request *rq, const struct ups *ups,
					  const char *command);

/* A row of a second table, for commands with subcommands. */
struct subcommand {
	const char *name;
	size_t min_args; /* words behind the command, the subcommand included */
	command_fn *run;
};

/* Runs the row whose name is word 1; INVALID-ARGUMENT if there is none or words are missing. */
enum netwire_error request_dispatch(const struct request *rq, const struct subcommand *rows,
				    size_t count);

/* Handlers: cmd_get.c, cmd_list.c, cmd_set.c, cmd_session.c, cmd_subscribe.c. */
command_fn cmd_get, cmd_list, cmd_set, cmd_instcmd;
command_fn cmd_ver, cmd_protver, cmd_help, cmd_starttls, cmd_username, cmd_password;
command_fn cmd_login, cmd_logout, cmd_primary, cmd_master, cmd_fsd;
command_fn cmd_subscribe, cmd_unsubscribe, cmd_ping;

#endif
