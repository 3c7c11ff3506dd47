#include "config.h"

#include "common/base/clock.h"

#include <errno.h>
#include <time.h>

static bool fake;
static long long fake_ms;

static long long read_ms(clockid_t id)
{
	struct timespec ts;

	if (fake)
		return fake_ms;
	if (clock_gettime(id, &ts) != 0)
		return 0;
	return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

long long clock_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

long long clock_boot_ms(void)
{
#ifdef CLOCK_BOOTTIME
	return read_ms(CLOCK_BOOTTIME);
#else
	return read_ms(CLOCK_MONOTONIC);
#endif
}

void clock_fake(bool on, long long start_ms)
{
	fake = on;
	fake_ms = start_ms;
}

void clock_fake_advance(long long ms)
{
	fake_ms += ms;
}

void clock_sleep_ms(long long ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}
