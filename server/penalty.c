#include "config.h"

#include "server/penalty.h"

#include <netinet/in.h>
#include <string.h>

enum { FORGET_MS = 60 * 1000, STEP_MS = 125, TELL_INTERVAL_S = 30 };

uint64_t penalty_key(const struct sockaddr *peer)
{
	const struct sockaddr_in *v4 = (const void *)peer;
	const struct sockaddr_in6 *v6 = (const void *)peer;
	uint64_t net;

	switch (peer->sa_family) {
	case AF_INET:
		return 1ULL << 32 | ntohl(v4->sin_addr.s_addr);
	case AF_INET6:
		memcpy(&net, v6->sin6_addr.s6_addr, sizeof(net));
		return net;
	default:
		return 1;
	}
}

static struct penalty_row *row_of(struct penalties *p, uint64_t key)
{
	/* Fibonacci hashing: neighbours are spread over the table. */
	return &p->rows[(key * 0x9E3779B97F4A7C15ULL >> 32) % PENALTY_ROWS];
}

long penalty_add(struct penalties *p, uint64_t key, long long now_ms)
{
	struct penalty_row *row = row_of(p, key);
	long wait_ms;

	if (row->key != key)
		*row = (struct penalty_row){.key = key};
	else if (now_ms - row->last_ms > FORGET_MS)
		row->failures = 0;
	row->last_ms = now_ms;
	wait_ms = STEP_MS * (long)row->failures;
	if (wait_ms >= PENALTY_MAX_MS)
		return PENALTY_MAX_MS;
	row->failures++;
	return wait_ms;
}

bool penalty_tell(struct penalties *p, uint64_t key, unsigned *missed)
{
	return log_throttle_pass(&row_of(p, key)->told, TELL_INTERVAL_S, missed);
}
