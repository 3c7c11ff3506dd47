/*
 * clockshim: a preloaded library in which the clocks of a host can be set.
 *
 * CLOCKSHIM names a file of two int64: nanoseconds to add to the wall clock
 * and to CLOCK_BOOTTIME (which alone counts while a host sleeps).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { WALL, BOOT };

static const volatile int64_t *ahead_ns;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("CLOCKSHIM");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	if (at != MAP_FAILED)
		ahead_ns = at;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t ns;
	int result;

	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	result = real(id, ts);
	if (result != 0 || !ahead_ns)
		return result;
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		ns = ts->tv_nsec + ahead_ns[WALL];
	else if (id == CLOCK_BOOTTIME)
		ns = ts->tv_nsec + ahead_ns[BOOT];
	else
		return 0;
	ts->tv_sec += ns / 1000000000;
	ts->tv_nsec = ns % 1000000000;
	if (ts->tv_nsec < 0) {
		ts->tv_nsec += 1000000000;
		ts->tv_sec--;
	}
	return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		return -1;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out)
		*out = ts.tv_sec;
	return ts.tv_sec;
}
