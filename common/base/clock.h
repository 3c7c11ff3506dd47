/*
 * clock: monotonic time for all decisions, wall time for people only.
 */
#ifndef COMMON_BASE_CLOCK_H
#define COMMON_BASE_CLOCK_H

#include <stdbool.h>

/* Milliseconds of a clock that never jumps and stands still while the machine sleeps. */
long long clock_ms(void);

/* Milliseconds of a clock that goes on while the machine sleeps (CLOCK_BOOTTIME where there is one). */
long long clock_boot_ms(void);

/* Tests: replaces both clocks by a value that only clock_fake_advance() moves. */
void clock_fake(bool on, long long start_ms);
void clock_fake_advance(long long ms);

/* Blocks for that time, also across signals. For command line tools only. */
void clock_sleep_ms(long long ms);

#endif
