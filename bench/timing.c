#include "config.h"

#include "bench/timing.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

uint64_t timing_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t timing_cpu_ns(long pid)
{
	char path[64];
	uint64_t ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/schedstat", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%" SCNu64, &ns) != 1)
		ns = 0;
	fclose(f);
	return ns;
}

static unsigned bucket_of(uint64_t ns)
{
	unsigned doublings = 0;

	while (ns >> doublings >= 2 * TIMING_STEPS)
		doublings++;
	return doublings * TIMING_STEPS + (unsigned)(ns >> doublings);
}

static double middle_of(unsigned bucket)
{
	unsigned doublings = bucket < 2 * TIMING_STEPS ? 0 : bucket / TIMING_STEPS - 1;

	return ((double)(bucket - doublings * TIMING_STEPS) + 0.5) * (double)(1ull << doublings);
}

void timing_record(struct timing_histogram *h, uint64_t ns)
{
	h->bucket[bucket_of(ns)]++;
	h->count++;
}

double timing_share_us(const struct timing_histogram *h, double share)
{
	uint64_t below = 0;

	for (unsigned i = 0; i < TIMING_BUCKETS; i++) {
		below += h->bucket[i];
		if (below && (double)below >= share * (double)h->count)
			return middle_of(i) / 1000;
	}
	return 0;
}

void timing_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}
