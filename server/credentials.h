/*
 * credentials: is a client who it says it is, and what happens meanwhile.
 *
 * The answer is found when a command first needs it, and kept for the
 * connection until a reload.  A hashed password takes a while: then the command
 * is kept aside and the client hears nothing, until the guard has the verdict
 * and the command is run as if it had just come.  A refusal for wrong
 * credentials may wait too (penalty.h).  Nobody else waits for either.
 */
#ifndef SERVER_CREDENTIALS_H
#define SERVER_CREDENTIALS_H

#include <stdbool.h>

#include "common/base/words.h"
#include "common/net/loop.h"
#include "server/guard.h"

struct client;
struct session;

/* Of one session; begins zeroed. */
struct credentials {
	unsigned generation; /* of the users that the verdict is about; 0: no verdict */
	unsigned asked_of;   /* the same of the question */
	bool right;
	bool admitted; /* by hosts.allow and hosts.deny, for the command that is run next */
	struct guard_query *query;
	struct words *held; /* the command that waits for the answer */
	struct loop_timer *refusal;
};

enum credentials_verdict { CREDENTIALS_WRONG, CREDENTIALS_RIGHT, CREDENTIALS_WAIT };

/*
 * The verdict.  CREDENTIALS_WAIT: the client is paused, and `line` is run again
 * when the verdict is there; it must not be answered now.
 */
enum credentials_verdict credentials_check(struct client *c, const struct words *line);

/*
 * True when libwrap's rules let this command of the client pass, as always where
 * they do not apply (a build without, a unix socket).  False: as
 * CREDENTIALS_WAIT above, or the client has been answered.
 */
bool credentials_admit(struct client *c, const struct words *line);

/* True when the client, on a unix socket, needs no password for the name that it gave. */
bool credentials_by_peer(const struct client *c);

/* Logs wrong credentials and answers ACCESS-DENIED, now or a little later. */
void credentials_refuse(struct client *c);

/* Drops what waits. */
void credentials_end(struct session *s);

#endif
