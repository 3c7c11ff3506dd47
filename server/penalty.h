/*
 * penalty: how long an address waits for its next refusal.
 *
 * The first wrong password is refused at once; each further one within a minute
 * makes the answer wait longer, up to a second.  Only refusals wait, and only
 * those of that address.  The table has a fixed size: addresses that share a row
 * push each other out, and never share a penalty.
 */
#ifndef SERVER_PENALTY_H
#define SERVER_PENALTY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/log.h"

enum { PENALTY_ROWS = 512, PENALTY_MAX_MS = 1000 };

struct penalty_row {
	uint64_t key;
	long long last_ms;
	unsigned failures;
	struct log_throttle told;
};

struct penalties { /* begins zeroed */
	struct penalty_row rows[PENALTY_ROWS];
};

/* A number for an address; those of one IPv6 network of 64 bits are one. */
uint64_t penalty_key(const struct sockaddr *peer);

/* Counts a failure and returns how long its answer waits. */
long penalty_add(struct penalties *p, uint64_t key, long long now_ms);

/* True when the failure just added should be logged; *missed as log_throttle_pass(). */
bool penalty_tell(struct penalties *p, uint64_t key, unsigned *missed);

#endif
