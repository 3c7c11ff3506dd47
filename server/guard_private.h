/*
 * guard_private: what both ends of the guard agree on: packets of these structs
 * over a SOCK_SEQPACKET pair.
 */
#ifndef SERVER_GUARD_PRIVATE_H
#define SERVER_GUARD_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "server/users.h"

enum {
	GUARD_PASSWORD_MAX = 511, /* crypt(3) takes no longer ones */
	GUARD_USER_MAX = 255,     /* longer ones are nobody's */
	GUARD_AT_ONCE = 4,        /* questions in hand: each may want tens of megabytes */
};

enum guard_kind { GUARD_PASSWORD, GUARD_WRAP };

struct guard_question {
	uint32_t id;
	enum guard_kind kind;
	struct sockaddr_storage from;  /* of GUARD_WRAP */
	char user[GUARD_USER_MAX + 1]; /* the same */
	char hash[USERS_HASH_MAX + 1];
	char password[GUARD_PASSWORD_MAX + 1];
};

struct guard_answer {
	uint32_t id;
	bool yes;
};

/* The helper's life: gives up all privileges, answers what comes on fd, exits at its end. */
_Noreturn void guard_helper_run(int fd);

#endif
