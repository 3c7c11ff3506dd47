/*
 * timing: what the benchmark programs measure with.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stddef.h>
#include <stdint.h>

/* Nanoseconds of the monotonic clock. */
uint64_t timing_now_ns(void);

/* Nanoseconds of processor time that a process has used (/proc/PID/schedstat); 0 if unknown. */
uint64_t timing_cpu_ns(long pid);

/* Latencies, kept to 3 %: 32 steps for each doubling. */
enum { TIMING_STEPS = 32, TIMING_BUCKETS = 64 * TIMING_STEPS };
struct timing_histogram {
	uint64_t count;
	uint64_t bucket[TIMING_BUCKETS];
};
void timing_record(struct timing_histogram *h, uint64_t ns);

/* The latency that `share` (0..1) of all stay below, in microseconds. */
double timing_share_us(const struct timing_histogram *h, double share);

/* Raises the limit of open files as far as it goes. */
void timing_raise_files(void);

#endif
