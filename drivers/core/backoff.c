#include "config.h"

#include "drivers/core/backoff.h"

#include <stdint.h>
#include <unistd.h>

#include "common/base/clock.h"

/* xorshift: nobody is to be surprised by it, siblings started together are only to differ. */
static uint32_t noise(void)
{
	static uint32_t x;

	if (x == 0)
		x = ((uint32_t)getpid() * 2654435761u) ^ (uint32_t)clock_boot_ms();
	if (x == 0)
		x = 1;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

int backoff_next(struct backoff *b)
{
	int pause = b->next_ms > 0 ? b->next_ms : b->first_ms;
	int spread = pause / 2 > 0 ? pause / 2 : 1;

	b->next_ms = pause > b->longest_ms / 2 ? b->longest_ms : pause * 2;
	return pause - spread / 2 + (int)(noise() % (uint32_t)spread);
}

void backoff_reset(struct backoff *b)
{
	b->next_ms = 0;
}
